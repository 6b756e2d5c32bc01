"""Periods: what a person writes, in which zone, and the days of a zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.domain.billing.entries import second_of
from minicloud.domain.billing.period import Days, Period, month_start_s, parse_instant
from minicloud.domain.errors import InvalidRequest
from tests.unit.billing_book import at

_NEW_YORK = ZoneInfo("America/New_York")
_SEOUL = ZoneInfo("Asia/Seoul")
_KOLKATA = ZoneInfo("Asia/Kolkata")
# Here the clocks go forward at midnight, so that a day begins at one o'clock.
_SANTIAGO = ZoneInfo("America/Santiago")


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2024-03-01", UTC, "03-01 00:00:00"),
        ("2024-03-01T09:30", UTC, "03-01 09:30:00"),
        ("2024-03-01 09:30:15", UTC, "03-01 09:30:15"),
        ("2024-03-01T09:30:15.999", UTC, "03-01 09:30:15"),
        ("2024-03-01T09:30Z", _SEOUL, "03-01 09:30:00"),
        ("2024-03-01T09:30+09:00", UTC, "03-01 00:30:00"),
        ("2024-03-01T09:30-05:30", _SEOUL, "03-01 15:00:00"),
        ("2024-03-01", _SEOUL, "02-29 15:00:00"),
        ("2024-03-01T09:30", _SEOUL, "03-01 00:30:00"),
        ("2024-03-01", _KOLKATA, "02-29 18:30:00"),
        # Winter and summer in one zone.
        ("2024-03-10T01:59", _NEW_YORK, "03-10 06:59:00"),
        ("2024-03-10T03:00", _NEW_YORK, "03-10 07:00:00"),
        ("2024-11-03T00:59", _NEW_YORK, "11-03 04:59:00"),
        ("2024-11-03T02:00", _NEW_YORK, "11-03 07:00:00"),
        # What is ambiguous is exact with its offset.
        ("2024-11-03T01:30-04:00", _NEW_YORK, "11-03 05:30:00"),
        ("2024-11-03T01:30-05:00", _NEW_YORK, "11-03 06:30:00"),
        # The 8th began at one o'clock: the moment that would have been midnight.
        ("2024-09-08", _SANTIAGO, "09-08 04:00:00"),
        ("2024-02-29", UTC, "02-29 00:00:00"),
        ("20240301", UTC, "03-01 00:00:00"),
    ],
)
def test_times_as_people_write_them(text: str, zone: tzinfo, instant: str) -> None:
    assert parse_instant(text, zone) == second_of(at(instant))


@pytest.mark.parametrize(
    ("text", "zone", "words"),
    [
        ("", UTC, "cannot be read"),
        ("yesterday", UTC, "cannot be read"),
        ("2023-02-29", UTC, "cannot be read"),
        ("2024-13-01", UTC, "cannot be read"),
        ("2024-03-01T25:00", UTC, "cannot be read"),
        ("01/03/2024", UTC, "cannot be read"),
        ("1969-12-31", UTC, "is not between 1970 and 2199"),
        ("9999-12-31T23:59", UTC, "is not between 1970 and 2199"),
        ("0001-01-01", _SEOUL, "is not between"),
        ("2024-03-10T02:30", _NEW_YORK, "does not exist in America/New_York"),
        ("2024-09-08T00:30", _SANTIAGO, "does not exist in America/Santiago"),
        ("2024-11-03T01:30", _NEW_YORK, "comes twice in America/New_York"),
        ("\x1b[31m", UTC, "cannot be read"),
    ],
)
def test_what_is_no_time_is_refused(text: str, zone: tzinfo, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words) as raised:
        parse_instant(text, zone)
    assert raised.value.message.isprintable()
    assert "2026-11-25T14:30" in raised.value.resolution


@given(text=st.text(max_size=30))
def test_no_text_brings_anything_but_a_time_or_our_error(text: str) -> None:
    try:
        found = parse_instant(text, _NEW_YORK)
    except InvalidRequest:
        found = 0
    assert isinstance(found, int)


@given(moment=st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30)))
def test_an_exact_time_is_the_same_in_every_zone(moment: datetime) -> None:
    text = moment.replace(tzinfo=UTC).isoformat()
    assert parse_instant(text, _NEW_YORK) == parse_instant(text, UTC)


@pytest.mark.parametrize(("begins", "ends"), [("03-02", "03-01"), ("03-01", "03-01")])
def test_an_empty_period_is_refused(begins: str, ends: str) -> None:
    with pytest.raises(InvalidRequest, match="no later than it begins"):
        Period(*(second_of(at(f"{day} 00:00:00")) for day in (begins, ends, ends)))


def _days(zone: tzinfo, begins: str, ends: str) -> Days:
    return Days.of(Period(second_of(at(begins)), second_of(at(ends)), 0), zone)


def test_days_are_those_of_the_zone_and_as_long_as_they_are() -> None:
    days = _days(_NEW_YORK, "03-09 12:00:00", "03-12 12:00:00")
    assert [day.day for day in days.dates] == [9, 10, 11, 12]
    lengths = {
        later - earlier for earlier, later in zip(days.starts_s, days.starts_s[1:], strict=False)
    }
    assert lengths == {24 * 3600, 23 * 3600}
    assert days.index(second_of(at("03-10 04:59:59"))) == 0
    assert days.index(second_of(at("03-10 05:00:00"))) == 1


def test_a_day_that_ends_with_the_period_is_the_last() -> None:
    assert len(_days(UTC, "03-01 00:00:00", "03-02 00:00:00").dates) == 1
    assert len(_days(UTC, "03-01 23:59:59", "03-02 00:00:01").dates) == 2
    assert len(_days(UTC, "02-28 00:00:00", "03-01 00:00:00").dates) == 2


@pytest.mark.parametrize(
    ("now", "zone", "begins"),
    [
        ("03-15 12:00:00", UTC, "03-01 00:00:00"),
        ("03-01 00:00:00", UTC, "03-01 00:00:00"),
        ("02-29 16:00:00", _SEOUL, "02-29 15:00:00"),
        ("03-01 03:00:00", _NEW_YORK, "02-01 05:00:00"),
    ],
)
def test_the_month_is_that_of_the_zone(now: str, zone: tzinfo, begins: str) -> None:
    assert month_start_s(second_of(at(now)), zone) == second_of(at(begins))


@given(at_us=st.integers(0, 10**15))
def test_the_fraction_of_a_second_is_cut_off(at_us: int) -> None:
    moment = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)
    assert second_of(moment) == 1577836800 + at_us // 1_000_000
