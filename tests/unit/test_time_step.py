"""How far ahead a text says, and where that leads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.domain.errors import InvalidRequest
from minicloud.domain.time_step import parse_time_step

_LENGTHS = {
    "1s": timedelta(seconds=1),
    "90s": timedelta(seconds=90),
    "5m": timedelta(minutes=5),
    "1h30m": timedelta(minutes=90),
    "30d": timedelta(days=30),
    "2w1d": timedelta(days=15),
    "1d2h3m4s": timedelta(days=1, hours=2, minutes=3, seconds=4),
    "0d5s": timedelta(seconds=5),
    "007d": timedelta(days=7),
}


@pytest.mark.parametrize(("text", "length"), _LENGTHS.items())
def test_a_length_is_added(text: str, length: timedelta) -> None:
    moment = datetime(2026, 1, 31, 12, 0, 0, 5, tzinfo=UTC)
    assert parse_time_step(text).after(moment) == moment + length


@pytest.mark.parametrize(
    ("moment", "text", "after"),
    [
        ("2026-01-31T12:30:00", "1mo", "2026-02-28T12:30:00"),
        ("2028-01-31T12:30:00", "1mo", "2028-02-29T12:30:00"),
        ("2026-02-28T00:00:00", "1mo", "2026-03-28T00:00:00"),
        ("2026-12-15T00:00:00", "1mo", "2027-01-15T00:00:00"),
        ("2028-02-29T00:00:00", "1y", "2029-02-28T00:00:00"),
        ("2028-02-29T00:00:00", "4y", "2032-02-29T00:00:00"),
        ("2026-11-30T00:00:00", "1y3mo", "2028-02-29T00:00:00"),
        ("2026-01-31T23:00:00", "1mo2h", "2026-03-01T01:00:00"),
        ("2026-03-31T00:00:00", "24mo", "2028-03-31T00:00:00"),
    ],
)
def test_months_go_by_the_calendar_and_come_first(moment: str, text: str, after: str) -> None:
    begins_at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    led_to = datetime.fromisoformat(after).replace(tzinfo=UTC)
    assert parse_time_step(text).after(begins_at) == led_to


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "30", "d", "-1d", "+1d", "1.5h", "1D", "1d ", "1h 30m", "30m1h", "1h1h", "0s"),
        *("0d0h", "P1M", "1mo1y", "١d", "1" * 40 + "d", "999999999w9d\n", "\x1b[2J", "1d" * 1000),
    ],
)
def test_what_says_no_step_is_refused_and_told_without_harm(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_time_step(text)
    assert refused.value.code == "InvalidParameterValue"
    assert refused.value.message.isprintable()
    assert len(refused.value.message) < 200


@pytest.mark.parametrize("text", ["999999y", "999999mo", "999999999d", "999999999w"])
def test_what_no_calendar_has_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_time_step(text).after(datetime(2026, 1, 1, tzinfo=UTC))


@given(
    moment=st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    years=st.integers(0, 20),
    months=st.integers(0, 40),
)
def test_months_keep_the_day_or_end_with_the_month(
    moment: datetime, years: int, months: int
) -> None:
    if not years and not months:
        return
    after = parse_time_step(f"{years}y{months}mo").after(moment)
    assert (after.year - moment.year) * 12 + after.month - moment.month == 12 * years + months
    assert after.timetz() == moment.timetz()
    is_last_day = (after + timedelta(days=1)).month != after.month
    assert after.day == moment.day or (is_last_day and after.day < moment.day)
