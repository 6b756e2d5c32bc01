"""What must be corrected, from the records and the engine's word: pure, so tested as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from minicloud.domain.instance import Instance, InstanceState, StateReason
from minicloud.ports.engine import Container

# What base images' init ends with when a machine shut itself down in good order; anything else
# means that its first process was killed or failed.
_ORDERLY_EXIT_CODES = frozenset({0, 130})
_REBOOT_EXIT_CODE = 129


class CorrectionKind(StrEnum):
    """What a correction does."""

    MARK_STOPPED = "mark-stopped"
    MARK_TERMINATED = "mark-terminated"
    MARK_RUNNING = "mark-running"
    START_AGAIN = "start-again"
    REMOVE_LEFTOVER = "remove-leftover"


@dataclass(frozen=True)
class Correction:
    """One record, or one container, to be brought in line. ``at`` is when it happened."""

    kind: CorrectionKind
    instance_id: str
    at: datetime
    reason: StateReason | None = None


def plan(
    instances: Sequence[Instance],
    containers: Mapping[str, Container],
    claimed: frozenset[str],
    now: datetime,
) -> list[Correction]:
    """What differs. ``containers`` is by name; what is claimed is left alone.

    All times are the cloud's, also those of containers.
    """
    corrections = []
    for instance in instances:
        if instance.id not in claimed:
            correction = correction_of(instance, containers.get(instance.container_name), now)
            if correction is not None:
                corrections.append(correction)
    return corrections


def correction_of(
    instance: Instance, container: Container | None, now: datetime
) -> Correction | None:
    """What must be done about one machine, if anything."""
    if not instance.is_live:
        is_clean = container is None
        return None if is_clean else Correction(CorrectionKind.REMOVE_LEFTOVER, instance.id, now)
    if container is None:
        return Correction(CorrectionKind.MARK_TERMINATED, instance.id, now, _REMOVED)
    if instance.state is InstanceState.SHUTTING_DOWN:
        return Correction(CorrectionKind.MARK_TERMINATED, instance.id, now, _CUT_SHORT)
    if container.is_up:
        return _correction_of_one_up(instance, container, now)
    return _correction_of_one_down(instance, container, now)


def _correction_of_one_up(
    instance: Instance, container: Container, now: datetime
) -> Correction | None:
    if instance.state is InstanceState.RUNNING:
        return None
    started_at = _between(instance.state_changed_at, container.started_at, now)
    return Correction(CorrectionKind.MARK_RUNNING, instance.id, started_at)


def _correction_of_one_down(
    instance: Instance, container: Container, now: datetime
) -> Correction | None:
    if instance.state is InstanceState.STOPPED:
        return None
    if instance.state is InstanceState.RUNNING and container.exit_code == _REBOOT_EXIT_CODE:
        return Correction(CorrectionKind.START_AGAIN, instance.id, now)
    finished_at = _between(instance.state_changed_at, container.finished_at, now)
    return Correction(CorrectionKind.MARK_STOPPED, instance.id, finished_at, _why_down(container))


_REMOVED = StateReason(
    "Server.InternalError", "its container was removed outside minicloud, and its disk with it"
)
_CUT_SHORT = StateReason("Client.UserInitiatedShutdown", "Client.UserInitiatedShutdown")


def _why_down(container: Container) -> StateReason:
    if container.out_of_memory:
        return StateReason("Server.InternalError", "the machine ran out of memory and died")
    if container.exit_code in _ORDERLY_EXIT_CODES:
        return StateReason(
            "Client.InstanceInitiatedShutdown",
            "it was shut down in good order, from inside or through the engine",
        )
    return StateReason(
        "Server.InternalError",
        f"its container ended outside minicloud (exit code {container.exit_code}):"
        " it was killed, or the engine or the host went down",
    )


def _between(earliest: datetime | None, happened_at: datetime | None, now: datetime) -> datetime:
    """The engine's time, held between the last change we know of and now: its clock may differ."""
    at = min(happened_at or now, now)
    return at if earliest is None else max(at, earliest)
