"""Curves of visitors: shapes, files, and files that are none."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.domain.comparison.demand import POINTS_MAX, DemandCurve
from minicloud.domain.comparison.demand_file import DemandFile, TimeUnit, read_demand
from minicloud.domain.comparison.demand_shapes import Shape, ShapeRequest, shaped
from minicloud.domain.errors import InvalidRequest

_MIDNIGHT_S = 1_711_843_200  # 2024-03-31 00:00 UTC
_HOUR_S = 3600


def _read(text: str, unit: TimeUnit | None = None, zone: str = "UTC") -> DemandCurve:
    its_zone = UTC if zone == "UTC" else ZoneInfo(zone)
    return read_demand(DemandFile("shop.csv", text, its_zone, _MIDNIGHT_S, unit))


def test_a_row_holds_until_the_next_and_the_last_as_long_as_the_one_before() -> None:
    curve = _read("time,visitors\n2024-03-31T00:00,100\n2024-03-31T02:00,50\n2024-03-31T03:00,8\n")
    assert curve.starts_s == tuple(_MIDNIGHT_S + hour * _HOUR_S for hour in (0, 2, 3))
    assert curve.rates == (100_000, 50_000, 8_000)
    assert curve.ends_s == _MIDNIGHT_S + 4 * _HOUR_S
    assert curve.visitors == 2 * 100 + 50 + 8
    assert curve.mean == Fraction(258_000, 4)
    assert [curve.rate_at(_MIDNIGHT_S + at_s) for at_s in (0, 7199, 7200)] == [100_000] * 2 + [
        50_000
    ]


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("hours,visitors\n0,1\n1,2\n", None),
        ("H,Visitors\r\n0,1\r\n1,2\r\n", None),
        ("\ufeffhour, visitors\n\n0 ,1\n1,  2\n\n", None),
        ("minutes,visitors\n0,1\n60,2", None),
        ("seconds,visitors\n0,1\n3600,2", TimeUnit.SECONDS),
        ("0,1\n1,2\n", TimeUnit.HOURS),
        ("time,visitors\n0,1\n3600,2.0\n", TimeUnit.SECONDS),
        ('"time","visitors"\n"2024-03-31","1"\n"2024-03-31 01:00","2"\n', None),
        ("2024-03-31T00:00:00Z,1\n2024-03-31T10:00:00+09:00,2\n", None),
    ],
)
def test_ways_to_write_the_same(text: str, unit: TimeUnit | None) -> None:
    curve = _read(text, unit)
    assert curve.starts_s == (_MIDNIGHT_S, _MIDNIGHT_S + _HOUR_S)
    assert curve.rates == (1000, 2000)


def test_times_without_an_offset_are_in_the_zone() -> None:
    curve = _read("2024-03-31T09:00,1\n2024-03-31T10:00,2\n", zone="Asia/Seoul")
    assert curve.begins_s == _MIDNIGHT_S


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "0 rows"),
        ("time,visitors\n", "0 rows"),
        ("hours,visitors\n0,1\n", "1 rows"),
        ("hours,visitors\n0,1\n1\n", "line 3: has 1 columns"),
        ("hours,visitors\n0,1\n1,2,3\n", "line 3: has 3 columns"),
        ("hours,visitors\n0,-1\n1,2\n", "line 2: its visitors '-1' cannot be meant"),
        ("hours,visitors\n0,nan\n1,2\n", "line 2: its visitors 'nan' are not a number"),
        ("hours,visitors\n0,1\n\n1,inf\n", "line 4: its visitors 'inf' are not a number"),
        ("hours,visitors\n0,1e999999999\n1,2\n", "line 2: its visitors"),
        ("hours,visitors\n0,1_000\n1,2\n", "line 2: its visitors '1_000' are not a number"),
        ("hours,visitors\n0,\n1,2\n", "line 2: its visitors '' are not a number"),
        ("hours,visitors\n0,1\nlater,2\n", "line 3: its time 'later' is no number of hours"),
        ("hours,visitors\n-1,1\n1,2\n", "line 2: its time '-1' cannot be meant"),
        ("hours,visitors\n0,1\n99999,2\n", "line 3: its time '99999' is more than three years"),
        ("hours,visitors\n1,1\n1,2\n", "line 3: its time '1' is the same as the one before"),
        ("hours,visitors\n2,1\n1,2\n", "line 3: its time '1' is earlier than the one before"),
        ("hours,visitors\n0,1\n0.00001,2\n", "line 3: its time '0.00001' is the same as"),
        ("0,1\n1,2\n", "line 1: its time '0' is a plain number, and nothing says of what"),
        ("time,visitors\n2024-03-31,1\nsoon,2\n", "line 3: its time 'soon' cannot be read"),
        ("time,visitors\n1024-03-31,1\n2024-03-31,2\n", "line 2: its time '1024-03-31' is not"),
        ("when,visitors\n0,1\n", "line 1: is headed 'when', 'visitors'"),
        ("nan,nan\n0,1\n", "line 1: is headed 'nan', 'nan'"),
        ("visitors,time\n0,1\n", "line 1: is headed 'visitors', 'time'"),
        ("hours,visitors\n0,1\x00\n1,2\n", "line 2: is no row"),
        ("PK\x03\x04\n", "line 1: is no row"),
        ("hours,visitors\n" + "9" * 300 + ",1\n", "line 2: is no row"),
        ("hours,visitors\n0,\u0661\n1,2\n", "line 2: its visitors"),
        ("hours,visitors\n0,1\n\u202e1,2\n", "line 3: is no row"),
    ],
)
def test_what_is_no_curve_is_refused_by_its_line(text: str, words: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        _read(text)
    assert caught.value.code == "InvalidDemand"
    assert caught.value.message.startswith("shop.csv")
    assert words in caught.value.message
    assert caught.value.resolution
    assert caught.value.message.isprintable()


def test_a_unit_and_a_header_that_differ_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="seconds were asked for"):
        _read("hours,visitors\n0,1\n1,2\n", TimeUnit.SECONDS)
    with pytest.raises(InvalidRequest, match="is no number of hours"):
        _read("2024-03-31,1\n2024-04-01,2\n", TimeUnit.HOURS)


def test_a_time_that_comes_twice_in_the_zone_is_refused() -> None:
    rows = "2024-11-03T00:30,1\n2024-11-03T01:30,2\n"
    with pytest.raises(InvalidRequest, match=r"line 2: its time .* comes twice"):
        _read(rows, zone="America/New_York")


def test_too_many_rows_are_refused() -> None:
    text = "seconds,visitors\n" + "".join(f"{at_s},1\n" for at_s in range(POINTS_MAX + 1))
    with pytest.raises(InvalidRequest, match=rf"line {POINTS_MAX + 2}: is row {POINTS_MAX + 1}"):
        _read(text)


@given(st.text(alphabet=st.sampled_from('0123456789.,:-TZ+eE"\n\r\t hourstimev\x00é'), max_size=80))
def test_whatever_a_file_holds_it_is_a_curve_or_an_error(text: str) -> None:
    with suppress(InvalidRequest):
        assert _read(text).visitors >= 0


def test_shapes_go_from_low_to_high() -> None:
    daily = shaped(ShapeRequest(Shape.DAILY, 100, 900, 2), _MIDNIGHT_S)
    assert daily.rate_at(_MIDNIGHT_S + 14 * _HOUR_S) == daily.peak == 900_000
    assert daily.rate_at(_MIDNIGHT_S + 2 * _HOUR_S) == min(daily.rates) == 100_000
    assert daily.mean == 500_000
    spike = shaped(ShapeRequest(Shape.SPIKE, 10, 90, 1, 20, 3), _MIDNIGHT_S)
    assert spike.visitors == 21 * 10 + 3 * 90
    assert [spike.rate_at(_MIDNIGHT_S + hour * _HOUR_S) for hour in (19, 20, 22, 23)] == [
        *(10_000, 90_000, 90_000, 10_000)
    ]
    growth = shaped(ShapeRequest(Shape.GROWTH, 0, 960, 10), _MIDNIGHT_S)
    assert (growth.rates[0], growth.rates[-1]) == (0, 960_000)
    assert list(growth.rates) == sorted(growth.rates)
    assert growth.length_s == 10 * 86_400


@pytest.mark.parametrize(
    "wrong",
    [
        {"low": -1},
        {"high": 0},
        {"low": 11, "high": 10},
        {"days": 0},
        {"days": 367},
        {"peak_hour": 24},
        {"shape": Shape.GROWTH, "peak_hour": 3},
        {"spike_hours": 2},
        {"shape": Shape.SPIKE, "spike_hours": 24},
    ],
)
def test_shapes_that_cannot_be_meant_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InvalidRequest):
        ShapeRequest(**{"shape": Shape.DAILY, **wrong})  # type: ignore[arg-type]


def test_a_curve_that_is_none_is_a_defect() -> None:
    for starts_s, rates, ends_s in (((0,), (1, 2), 5), ((), (), 5), ((0, 5), (1, 1), 5)):
        with pytest.raises(ValueError, match=r"a curve|the times"):
            DemandCurve(starts_s, rates, ends_s)
