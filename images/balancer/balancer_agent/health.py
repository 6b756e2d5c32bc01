"""How a target is: AWS's states and reasons, and what moves one to the next. Pure; no clock here.

One passed check makes a new target healthy; ``unhealthy_threshold`` failures in a row make a new or
healthy one unhealthy; ``healthy_threshold`` passes in a row bring an unhealthy one back. Draining,
held and unused targets are not asked; one that comes back from there starts anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Final

from balancer_agent.document import ACTIVE, DRAINING, Document, HealthSettings, Target

CHECKS_KEPT: Final = 5


class State(StrEnum):
    """ELBv2's states of a target."""

    INITIAL = "initial"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    UNUSED = "unused"
    DRAINING = "draining"


class Reason(StrEnum):
    """ELBv2's reasons for a state; a healthy target has none."""

    NONE = ""
    REGISTERING = "Elb.RegistrationInProgress"
    CHECKING = "Elb.InitialHealthChecking"
    TIMEOUT = "Target.Timeout"
    FAILED = "Target.FailedHealthChecks"
    MISMATCH = "Target.ResponseCodeMismatch"
    NOT_IN_USE = "Target.NotInUse"
    INVALID_STATE = "Target.InvalidState"
    DEREGISTERING = "Target.DeregistrationInProgress"


CHECKED_STATES: Final = frozenset({State.INITIAL, State.HEALTHY, State.UNHEALTHY})
_DESCRIPTIONS: Final = {
    Reason.NONE: "",
    Reason.REGISTERING: "Target registration is in progress",
    Reason.CHECKING: "Initial health checks are in progress",
    Reason.TIMEOUT: "Request timed out",
    Reason.FAILED: "Health checks failed",
    Reason.MISMATCH: "Health checks failed with these codes",
    Reason.NOT_IN_USE: "Target group is not used by a listener or rule of the load balancer",
    Reason.INVALID_STATE: "Target is not running",
    Reason.DEREGISTERING: "Target deregistration is in progress",
}


@dataclass(frozen=True)
class Outcome:
    """What one check found. ``reason``: why it failed, none where it passed."""

    passed: bool
    detail: str
    duration_ms: float
    reason: Reason = Reason.NONE


@dataclass(frozen=True)
class Check:
    """A check that was made, as it is shown."""

    at: float
    passed: bool
    detail: str
    duration_ms: float


@dataclass(frozen=True)
class TargetHealth:
    """How one target is.

    ``ip``: what was asked; another machine behind the same id is another target. ``since``: seconds
    of the epoch. ``streak``: passes in a row of an unhealthy target, failures in a row of others.
    """

    ip: str
    state: State
    reason: Reason
    description: str
    since: float
    streak: int = 0
    checks: tuple[Check, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What the disk keeps."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> TargetHealth:
        """What the disk kept; ``KeyError``, ``TypeError`` or ``ValueError`` where it is no such."""
        return cls(
            ip=str(raw["ip"]),
            state=State(raw["state"]),
            reason=Reason(raw["reason"]),
            description=str(raw["description"]),
            since=float(raw["since"]),
            streak=int(raw["streak"]),
            checks=tuple(
                Check(
                    float(check["at"]),
                    bool(check["passed"]),
                    str(check["detail"]),
                    float(check["duration_ms"]),
                )
                for check in raw["checks"]
            ),
        )


def place_all(
    document: Document, before: Mapping[str, TargetHealth], now: float
) -> dict[str, TargetHealth]:
    """How every target of the document is, as soon as the document holds."""
    used = document.used_groups
    return {
        target.id: _placed(before.get(target.id), target, group.id in used, now)
        for group, target in document.targets().values()
    }


def check_begun(health: TargetHealth) -> TargetHealth:
    """The same, now that it is being asked."""
    if health.reason is not Reason.REGISTERING:
        return health
    return replace(health, reason=Reason.CHECKING, description=_DESCRIPTIONS[Reason.CHECKING])


def checked(
    health: TargetHealth, outcome: Outcome, settings: HealthSettings, now: float
) -> TargetHealth:
    """What a check makes of it; nothing where it is not to be asked (any more)."""
    if health.state not in CHECKED_STATES:
        return health
    check = Check(now, outcome.passed, outcome.detail, outcome.duration_ms)
    health = replace(health, checks=(check, *health.checks)[:CHECKS_KEPT])
    return (_passed if outcome.passed else _failed)(health, outcome, settings, now)


def _passed(
    health: TargetHealth, _outcome: Outcome, settings: HealthSettings, now: float
) -> TargetHealth:
    if health.state is State.HEALTHY:
        return replace(health, streak=0)
    passes = health.streak + 1
    if health.state is State.UNHEALTHY and passes < settings.healthy_threshold:
        return replace(health, streak=passes)
    return _in_state(health, State.HEALTHY, Reason.NONE, now)


def _failed(
    health: TargetHealth, outcome: Outcome, settings: HealthSettings, now: float
) -> TargetHealth:
    description = _DESCRIPTIONS[outcome.reason]
    if outcome.reason is Reason.MISMATCH:
        description += f": [{outcome.detail[:3]}]"
    if health.state is State.UNHEALTHY:
        return replace(health, streak=0, reason=outcome.reason, description=description)
    failures = health.streak + 1
    if failures < settings.unhealthy_threshold:
        return replace(health, streak=failures)
    return _in_state(health, State.UNHEALTHY, outcome.reason, now, description)


def _placed(before: TargetHealth | None, target: Target, is_used: bool, now: float) -> TargetHealth:
    state, reason = _place(target, is_used)
    same_machine = before is not None and before.ip == target.ip
    known = before if same_machine else None
    if known is not None and state is State.INITIAL and known.state in CHECKED_STATES:
        return known
    description = target.reason if reason is Reason.INVALID_STATE else ""
    description = description or _DESCRIPTIONS[reason]
    if known is not None and (known.state, known.reason) == (state, reason):
        return replace(known, description=description)
    kept = known if known is not None and state is not State.INITIAL else None
    fresh = kept or TargetHealth(target.ip, state, reason, description, now)
    return _in_state(fresh, state, reason, now, description)


def _place(target: Target, is_used: bool) -> tuple[State, Reason]:
    if target.mode == DRAINING:
        return State.DRAINING, Reason.DEREGISTERING
    if target.mode != ACTIVE:
        return State.UNUSED, Reason.INVALID_STATE
    if not is_used:
        return State.UNUSED, Reason.NOT_IN_USE
    return State.INITIAL, Reason.REGISTERING


def _in_state(
    health: TargetHealth, state: State, reason: Reason, now: float, description: str = ""
) -> TargetHealth:
    return replace(
        health,
        state=state,
        reason=reason,
        description=description or _DESCRIPTIONS[reason],
        since=now,
        streak=0,
    )
