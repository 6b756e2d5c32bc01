"""An elastic fleet: when its machines start, serve and stop, for a curve of visitors.

The fleet looks at the visitors as they were ``reaction_s`` ago, and asks for as many machines as
hold them at ``target_percent`` of their capacity, within its bounds. A change is of ``step``
machines at most, and none follows for ``cooldown_s`` (simple scaling: aws-semantics, "Auto
Scaling"). A new machine is paid for at once and serves after ``boot_s``; a machine that goes serves
until it stops, and the newest goes first. When the curve begins, the fleet for its first rate is
there and serves. Nothing happens between changes, so none is simulated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from minicloud.domain.comparison.demand import THOUSANDTHS, DemandCurve
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.ranges import require_range

MACHINES_MAX = 1000
STARTS_MAX = 100_000
_CAPACITY_MAX = 10_000_000
_DAY_S = 86_400
_PERCENT = 100


@dataclass(frozen=True)
class ScalingRules:
    """How a fleet scales. ``capacity_per_hour``: the visitors that one machine serves in an hour.

    ``machines_max`` None: as many as the highest rate asks for. ``step`` None: as many at once as
    are asked for. The cooldown is AWS's default.
    """

    capacity_per_hour: int = 1000
    machines_min: int = 1
    machines_max: int | None = None
    step: int | None = None
    cooldown_s: int = 300
    reaction_s: int = 60
    boot_s: int = 60
    target_percent: int = 80

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        require_range("the capacity", self.capacity_per_hour, 1, _CAPACITY_MAX, "visitors an hour")
        require_range("min", self.machines_min, 0, MACHINES_MAX, "machines")
        require_range("the cooldown", self.cooldown_s, 1, _DAY_S, "s")
        require_range("the reaction delay", self.reaction_s, 0, _DAY_S, "s")
        require_range("the boot time", self.boot_s, 0, _DAY_S, "s")
        require_range("the target", self.target_percent, 1, _PERCENT, "%")
        if self.step is not None:
            require_range("the step", self.step, 1, MACHINES_MAX, "machines")
        if self.machines_max is not None:
            require_range("max", self.machines_max, 1, MACHINES_MAX, "machines")
            if self.machines_max < self.machines_min:
                raise InvalidRequest(
                    "InvalidParameterCombination",
                    f"max is {self.machines_max}, less than min ({self.machines_min})",
                    "give a max that is no less than min",
                )

    def machines_for(self, rate: int) -> int:
        """How many machines hold this rate (thousandths an hour) at their full capacity."""
        return -(-rate // (self.capacity_per_hour * THOUSANDTHS))

    def desired(self, rate: int) -> int:
        """How many machines the fleet asks for at this rate."""
        target = self.capacity_per_hour * THOUSANDTHS * self.target_percent
        wanted = max(self.machines_min, -(-rate * _PERCENT // target))
        return wanted if self.machines_max is None else min(wanted, self.machines_max)


@dataclass(frozen=True)
class MachineSpan:
    """A machine's life, in seconds since 1970 UTC; it is paid for from start to stop. One that is
    stopped before ``serves_s`` never served.
    """

    starts_s: int
    serves_s: int
    stops_s: int


def fixed_fleet(curve: DemandCurve, machine_count: int) -> tuple[MachineSpan, ...]:
    """As many machines all the time."""
    span = MachineSpan(curve.begins_s, curve.begins_s, curve.ends_s)
    return (span,) * machine_count


def elastic_fleet(curve: DemandCurve, rules: ScalingRules) -> tuple[MachineSpan, ...]:
    """The machines of a fleet that follows the curve, in the order of their starts.

    ``InvalidParameterValue`` where there would be more of them than can be compared.
    """
    fleet = _Fleet(curve, rules)
    for at_s, rate in _looks(curve, rules, fleet):
        fleet.look(at_s, rate)
    return fleet.spans()


def require_machines(curve: DemandCurve, rules: ScalingRules) -> None:
    """``InvalidParameterValue`` where the curve asks for more machines than can be meant."""
    wanted = max(rules.desired(curve.peak), rules.machines_for(curve.peak))
    if wanted > MACHINES_MAX:
        raise InvalidRequest(
            "InvalidParameterValue",
            f"the highest rate asks for {wanted} machines; {MACHINES_MAX} can be compared",
            "give machines of a higher --capacity",
        )


class _Fleet:
    def __init__(self, curve: DemandCurve, rules: ScalingRules) -> None:
        begins_s = curve.begins_s
        self._rules = rules
        self._ends_s = curve.ends_s
        first = MachineSpan(begins_s, begins_s, curve.ends_s)
        self._running = [first] * rules.desired(curve.rates[0])
        self._stopped: list[MachineSpan] = []
        self._rests_until_s = begins_s
        self.looks_again_s: int | None = None

    def look(self, at_s: int, rate: int) -> None:
        """See this rate, and change the fleet if that may be."""
        self.looks_again_s = None
        missing = self._rules.desired(rate) - len(self._running)
        if not missing:
            return
        if at_s < self._rests_until_s:
            self.looks_again_s = self._rests_until_s
            return
        step = self._rules.step or MACHINES_MAX
        change = max(-step, min(step, missing))
        self._start(at_s, change) if change > 0 else self._stop(at_s, -change)
        self._rests_until_s = at_s + self._rules.cooldown_s
        if change != missing:
            self.looks_again_s = self._rests_until_s

    def spans(self) -> tuple[MachineSpan, ...]:
        """Every machine that there was."""
        everything = [*self._stopped, *self._running]
        return tuple(sorted(everything, key=lambda span: (span.starts_s, span.stops_s)))

    def _start(self, at_s: int, count: int) -> None:
        if len(self._stopped) + len(self._running) + count > STARTS_MAX:
            raise InvalidRequest(
                "InvalidParameterValue",
                f"the elastic fleet would start machines more than {STARTS_MAX} times",
                "give a longer --cooldown, a smaller --step or machines of a higher --capacity",
            )
        span = MachineSpan(at_s, at_s + self._rules.boot_s, self._ends_s)
        self._running += [span] * count

    def _stop(self, at_s: int, count: int) -> None:
        for _ in range(count):
            self._stopped.append(replace(self._running.pop(), stops_s=at_s))


def _looks(curve: DemandCurve, rules: ScalingRules, fleet: _Fleet) -> Iterator[tuple[int, int]]:
    """When the fleet looks at the visitors, and the rate that it sees: a change as soon as it is
    noticed, and what it could not do at once when its rest is over.
    """
    place, seen = 1, curve.rates[0]
    while True:
        noticed_s = (
            curve.starts_s[place] + rules.reaction_s if place < len(curve.rates) else curve.ends_s
        )
        again_s = fleet.looks_again_s
        at_s = noticed_s if again_s is None else min(noticed_s, again_s)
        if at_s >= curve.ends_s:
            return
        if at_s == noticed_s:
            seen = curve.rates[place]
            place += 1
        yield at_s, seen
