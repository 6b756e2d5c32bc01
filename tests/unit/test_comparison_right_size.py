"""Right sizes: what holds a machine's measured use, and when nothing is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.domain.catalog import instance_type, instance_types
from minicloud.domain.comparison.right_size import (
    MEASURED_HOURS_MIN,
    SizeAdvice,
    Verdict,
    advise,
    baseline_vcpus,
)
from minicloud.domain.metering import InstanceHour

_BEGINS_AT = datetime(2024, 5, 6, tzinfo=UTC)
# A price that grows with memory: the cheapest is the one with the least memory, then by vCPUs.
_PRICES = {t.name: t.memory_mib * 100 + t.vcpus for t in instance_types()}


def _hours(
    count: int, busy: float, mean: float, memory_mib: float, type_name: str = "m5.large"
) -> list[InstanceHour]:
    vcpus = instance_type(type_name).vcpus
    return [
        InstanceHour(
            "i-a",
            _BEGINS_AT + timedelta(hours=hour),
            type_name,
            measured_s=3600,
            cpu_s=3600 * vcpus * mean / 100,
            vcpu_s=3600 * vcpus,
            cpu_percent_max=busy,
            memory_mib_max=memory_mib,
        )
        for hour in range(count)
    ]


def _advise(type_name: str, hours: list[InstanceHour], headroom_percent: int = 20) -> SizeAdvice:
    return advise(type_name, hours, headroom_percent, _PRICES.get)


class _Case(NamedTuple):
    """A machine as it was measured, and what is right for it."""

    type_name: str
    busy: float
    mean: float
    memory_mib: float
    verdict: Verdict
    in_family: str | None
    any_family: str | None


@pytest.mark.parametrize(
    "case",
    [
        # 0.96 vCPUs at times, 0.192 on average, 1,200 MiB: a t2.small gives 1, and 0.2 always.
        _Case("m5.xlarge", 20, 4, 1000, Verdict.TOO_LARGE, "m5.large", "t2.small"),
        _Case("m5.large", 20, 4, 1000, Verdict.FITS, "m5.large", "t2.small"),
        # 0.48 on average: too much for a burstable type with less than the 4 GiB of a c5.large.
        _Case("m5.xlarge", 20, 10, 1000, Verdict.TOO_LARGE, "m5.large", "c5.large"),
        # 95% of 2 vCPUs with headroom are more than 2.
        _Case("m5.large", 95, 50, 1000, Verdict.TOO_SMALL, "m5.xlarge", "c5.xlarge"),
        # Memory alone: 7,000 MiB with headroom are more than 8 GiB.
        _Case("m5.large", 5, 1, 7000, Verdict.TOO_SMALL, "m5.xlarge", "r5.large"),
        # No t3 has 38,400 MiB.
        _Case("t3.2xlarge", 10, 1, 32_000, Verdict.TOO_SMALL, None, "r5.2xlarge"),
        _Case("m5.8xlarge", 100, 90, 250_000, Verdict.NOTHING_HOLDS, None, None),
    ],
)
def test_what_holds_a_machine(case: _Case) -> None:
    hours = _hours(48, case.busy, case.mean, case.memory_mib, case.type_name)
    advice = _advise(case.type_name, hours)
    found = (advice.verdict, advice.in_family, advice.any_family)
    assert found == (case.verdict, case.in_family, case.any_family)


def test_a_burstable_type_must_hold_the_mean_at_its_baseline() -> None:
    # 0.12 vCPUs all the time with headroom: a nano gives 0.1, a micro 0.2.
    advice = _advise("t3.small", _hours(24, 50, 5, 300, "t3.small"))
    assert advice.in_family == "t3.micro"
    assert _advise("t3.small", _hours(24, 50, 4, 300, "t3.small")).in_family == "t3.nano"
    assert baseline_vcpus(instance_type("t3.nano")) == pytest.approx(0.1)
    assert baseline_vcpus(instance_type("t2.2xlarge")) == pytest.approx(8 * 0.17)
    assert baseline_vcpus(instance_type("m5.large")) == 2


# Credits earned in an hour, of AWS's table; a credit is a vCPU for a minute.
@pytest.mark.parametrize(
    ("family", "credits_per_hour"),
    [
        ("t2", [3, 6, 12, 24, 36, 54, 81.6]),
        ("t3", [6, 12, 24, 24, 36, 96, 192]),
        ("t3a", [6, 12, 24, 24, 36, 96, 192]),
    ],
)
def test_a_baseline_is_what_the_credits_of_an_hour_pay_for(
    family: str, credits_per_hour: list[float]
) -> None:
    types = [each for each in instance_types() if each.family == family]
    assert [60 * baseline_vcpus(each) for each in types] == pytest.approx(credits_per_hour)


def test_a_machine_that_was_not_measured_long_enough_gets_no_advice() -> None:
    hours = _hours(MEASURED_HOURS_MIN - 1, 1, 1, 1)
    blank = InstanceHour("i-a", _BEGINS_AT + timedelta(days=9), "m5.large")
    advice = _advise("m5.large", [*hours, blank])
    assert advice == SizeAdvice(Verdict.NOT_MEASURED, MEASURED_HOURS_MIN - 1)
    assert _advise("m5.large", _hours(MEASURED_HOURS_MIN, 1, 1, 1)).verdict is Verdict.FITS


def test_one_busy_hour_in_twenty_is_no_reason_for_a_larger_machine_and_two_are() -> None:
    calm, busy = _hours(19, 10, 5, 500), _hours(1, 100, 5, 500)
    assert _advise("m5.xlarge", [*calm, *busy] * 2).cpu_p95_percent == pytest.approx(5)
    assert _advise("m5.large", [*calm[:18], *busy * 2] * 2).cpu_p95_percent == pytest.approx(100)


def test_hours_as_another_type_count_as_what_they_were() -> None:
    # 50% of 8 vCPUs as an m5.2xlarge are 4 vCPUs: an m5.large cannot hold them.
    was_larger = _hours(30, 50, 10, 1000, "m5.2xlarge")
    advice = _advise("m5.large", was_larger)
    assert (advice.verdict, advice.in_family) == (Verdict.TOO_SMALL, "m5.2xlarge")


def test_types_without_a_price_are_not_chosen() -> None:
    prices = {"m5.xlarge": 5, "m5.large": 9}
    advice = advise("m5.large", _hours(24, 1, 1, 1), 20, prices.get)
    assert (advice.in_family, advice.any_family) == ("m5.xlarge", "m5.xlarge")
    assert (
        advise("m5.large", _hours(24, 1, 1, 1), 20, lambda _name: None).verdict
        is Verdict.NOTHING_HOLDS
    )


@given(
    busy=st.floats(0, 100),
    mean=st.floats(0, 100),
    memory_mib=st.floats(1, 300_000),
    headroom=st.integers(0, 400),
)
def test_what_is_advised_holds_and_nothing_cheaper_does(
    busy: float, mean: float, memory_mib: float, headroom: int
) -> None:
    advice = _advise("m5.2xlarge", _hours(24, busy, mean, memory_mib, "m5.2xlarge"), headroom)
    assert advice.need is not None
    holding = [t for t in instance_types() if advice.need.fits(t)]
    assert (advice.any_family is None) == (not holding)
    if advice.any_family is not None:
        chosen = instance_type(advice.any_family)
        assert advice.need.fits(chosen)
        assert _PRICES[chosen.name] == min(_PRICES[t.name] for t in holding)
    if advice.in_family is not None:
        assert instance_type(advice.in_family).family == "m5"
