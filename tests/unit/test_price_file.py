"""Price books: what a good one says, and where a bad one is wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.domain.billing.offering import OfferingClass, OfferingKey, Payment
from minicloud.domain.billing.price import day_start_s
from minicloud.domain.billing.price_file import parse_price_book
from minicloud.domain.errors import InvalidRequest, NotFound
from tests.unit.bad_price_books import BAD, HEAD, on_demand, reserved, two
from tests.unit.billing_book import BOOK_TEXT


def _day(text: str) -> int:
    return day_start_s(date.fromisoformat(text))


@pytest.mark.parametrize(
    ("text", "line", "words"), [row[1:] for row in BAD], ids=[b[0] for b in BAD]
)
def test_a_bad_book_is_refused_and_its_place_named(text: str, line: int, words: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        parse_price_book(text, "mine.toml")
    error = raised.value
    assert error.code == "InvalidPriceBook"
    assert error.message.startswith(f"mine.toml, line {line}: " if line else "mine.toml: ")
    assert words in error.message
    assert error.message.isprintable()


@given(text=st.text(max_size=200) | st.text("[]{}=\"'.\n#0123456789-_onedma", max_size=200))
def test_no_text_brings_anything_but_a_book_or_our_error(text: str) -> None:
    for whole in (text, BOOK_TEXT + text):
        code = "InvalidPriceBook"
        try:
            parse_price_book(whole, "x")
        except InvalidRequest as error:
            code = error.code
        assert code == "InvalidPriceBook"


def test_figures_are_exact_and_hold_from_their_day_on() -> None:
    book = parse_price_book(BOOK_TEXT, "x")
    micro = book.of_type("t3.micro")
    assert micro.at(_day("2024-03-10") - 1).usd == Decimal("0.36")
    assert micro.at(_day("2024-03-10")).usd == Decimal("0.18")
    assert micro.at(_day("2190-01-01")).usd == Decimal("0.18")
    assert micro.at(_day("2024-03-10")).provenance.source == "made up, a cut"
    with pytest.raises(NotFound, match="on 2019-12-31: it knows it from 2020-01-01 on"):
        micro.at(_day("2020-01-01") - 1)
    assert book.of_type("r5.large").at(_day("2024-01-01")).provenance.estimated


def test_a_price_may_end() -> None:
    text = two("from = 2020-01-01\nuntil = 2021-01-01", "from = 2021-01-01\nuntil = 2022-01-01")
    prices = parse_price_book(text, "x").of_type("t3.micro")
    assert prices.at(_day("2021-12-31")).usd == 1
    assert not prices.holds(_day("2022-01-01"))
    with pytest.raises(NotFound, match="until 2022-01-01"):
        prices.at(_day("2022-01-01"))
    with pytest.raises(NotFound):
        list(prices.pieces(_day("2021-12-31"), _day("2022-01-02")))


@pytest.mark.parametrize("figure", ["0.0104", "1.04e-2", "0.010400", "0.0_104", "104e-4"])
def test_one_figure_in_many_spellings_is_one_figure(figure: str) -> None:
    book = parse_price_book(on_demand(f'"t3.micro" = {figure}'), "x")
    assert book.of_type("t3.micro").at(_day("2020-01-01")).units == 10_400_000_000


@pytest.mark.parametrize("what", ["t3.small", "address", "image", "balancer", "offering"])
def test_what_a_book_does_not_have_is_told(what: str) -> None:
    book = parse_price_book(on_demand('"t3.micro" = 1'), "mine.toml")
    key = OfferingKey("t3.micro", 1, Payment.NO_UPFRONT, OfferingClass.STANDARD)
    asked: dict[str, Callable[[], object]] = {
        "t3.small": lambda: book.of_type("t3.small").at(0),
        "address": lambda: book.of_address(is_first_on_running=True).at(0),
        "image": lambda: book.of_image_storage().at(0),
        "balancer": lambda: book.of_balancer("application").at(0),
        "offering": lambda: book.offering(key, 0),
    }
    with pytest.raises(NotFound) as raised:
        asked[what]()
    assert raised.value.code == "PriceNotFound"
    assert "mine.toml" in raised.value.message


def test_break_even_is_rounded_up_so_that_it_is_never_promised_too_early() -> None:
    offered = reserved('"t3.micro" = { upfront = 0, per_hour = 0.0063 }').removeprefix(HEAD)
    book = parse_price_book(on_demand('"t3.micro" = 0.0104') + offered, "x")
    (offering,) = book.offerings_at(_day("2024-01-01"))
    assert offering.effective_usd_per_hour == Fraction("0.0063")
    # 0.0063 / 0.0104 = 60.57...%
    assert offering.break_even_percent == 61
    assert offering.total_usd == Decimal("55.188")
    assert OfferingKey.parse(offering.key.id) == offering.key


@pytest.mark.parametrize(
    "text", ["", "t3.micro", "t3.micro:2y:no-upfront:standard", "a:b:c:d:e", "\x1b"]
)
def test_what_is_no_offering_id_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="is not an offering"):
        OfferingKey.parse(text)
