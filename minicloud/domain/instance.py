"""An instance: its states, and which change of state is lawful.

States and codes: EC2's InstanceState. A change that is not in ``_LAWFUL`` is a defect, not a
request gone wrong, and raises ``ValueError``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from minicloud.domain.errors import Conflict
from minicloud.domain.tags import NAME_KEY

# What has ended is told of for "about an hour", says EC2's page on the life of an instance.
TOLD_OF_AFTER_END = timedelta(hours=1)


class InstanceState(StrEnum):
    """EC2's instance states."""

    PENDING = "pending"
    RUNNING = "running"
    SHUTTING_DOWN = "shutting-down"
    TERMINATED = "terminated"
    STOPPING = "stopping"
    STOPPED = "stopped"

    @property
    def code(self) -> int:
        """AWS's number for the state."""
        return _CODES[self]

    @property
    def holds_capacity(self) -> bool:
        """Whether a machine in this state takes CPU and memory of the host."""
        return self in {InstanceState.PENDING, InstanceState.RUNNING, InstanceState.STOPPING}

    def may_become(self, state: InstanceState) -> bool:
        """Whether a machine can come from this state to that one."""
        return state in _LAWFUL[self]


_CODES = {
    InstanceState.PENDING: 0,
    InstanceState.RUNNING: 16,
    InstanceState.SHUTTING_DOWN: 32,
    InstanceState.TERMINATED: 48,
    InstanceState.STOPPING: 64,
    InstanceState.STOPPED: 80,
}

# The first line of each is what a request can bring about; what a machine does of itself (it
# powers off, its container is removed or started by hand) is lawful too, since it is what is.
_LAWFUL: Mapping[InstanceState, frozenset[InstanceState]] = {
    InstanceState.PENDING: frozenset(
        {
            InstanceState.RUNNING,
            InstanceState.SHUTTING_DOWN,
            InstanceState.STOPPED,
            InstanceState.TERMINATED,
        }
    ),
    InstanceState.RUNNING: frozenset(
        {
            InstanceState.STOPPING,
            InstanceState.SHUTTING_DOWN,
            InstanceState.STOPPED,
            InstanceState.TERMINATED,
        }
    ),
    InstanceState.STOPPING: frozenset(
        {InstanceState.STOPPED, InstanceState.RUNNING, InstanceState.TERMINATED}
    ),
    InstanceState.STOPPED: frozenset(
        {
            InstanceState.PENDING,
            InstanceState.SHUTTING_DOWN,
            InstanceState.RUNNING,
            InstanceState.TERMINATED,
        }
    ),
    InstanceState.SHUTTING_DOWN: frozenset({InstanceState.TERMINATED}),
    InstanceState.TERMINATED: frozenset(),
}


@dataclass(frozen=True)
class StateReason:
    """Why an instance is in its state: AWS's code (``Client.UserInitiatedShutdown``) and text."""

    code: str
    message: str


@dataclass(frozen=True)
class Instance:
    """A machine. ``public_ip`` is its own public address, ``public_slot`` that one's place.

    Both are None while it is stopped, and while an Elastic IP takes the own address's place.
    Machines of one launch have a ``reservation_id`` in common and a ``launch_index`` each;
    ``launch_digest`` is what a repeated ``client_token`` is held to.
    """

    id: str
    image_id: str
    type_name: str
    state: InstanceState
    private_ip: str
    private_slot: int
    container_name: str
    zone: str
    launched_at: datetime
    public_ip: str | None = None
    public_slot: int | None = None
    state_reason: StateReason | None = None
    state_changed_at: datetime | None = None
    client_token: str | None = None
    termination_protection: bool = False
    reservation_id: str = ""
    launch_index: int = 0
    launch_digest: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The tag ``Name``, or nothing."""
        return self.tags.get(NAME_KEY, "")

    @property
    def hostname(self) -> str:
        """What the machine calls itself, as on EC2."""
        return "ip-" + self.private_ip.replace(".", "-")

    @property
    def is_live(self) -> bool:
        """Whether the machine still exists, running or not."""
        return self.state is not InstanceState.TERMINATED

    def is_told_of(self, now: datetime) -> bool:
        """Whether AWS's clients still hear of it: a terminated one is, for about an hour."""
        ended_at = self.launched_at if self.state_changed_at is None else self.state_changed_at
        return self.is_live or now - ended_at < TOLD_OF_AFTER_END

    def entering(
        self, state: InstanceState, at: datetime, reason: StateReason | None = None
    ) -> Instance:
        """The instance after a change of state at this time."""
        if not self.state.may_become(state):
            raise ValueError(f"{self.id} cannot go from {self.state} to {state}")
        return replace(self, state=state, state_reason=reason, state_changed_at=at)

    def require_state(self, action: str, *allowed: InstanceState) -> None:
        """Refuse an action that this state forbids, with AWS's ``IncorrectInstanceState``."""
        if self.state in allowed:
            return
        needed = " or ".join(allowed)
        raise Conflict(
            "IncorrectInstanceState",
            f"instance {self.id} is {self.state}; to {action} it must be {needed}",
            _WAY_OUT.get(self.state, "wait until its present operation has ended"),
        )


_WAY_OUT = {
    InstanceState.TERMINATED: "a terminated instance is gone for good: launch another one",
    InstanceState.RUNNING: "stop it first: minicloud instance stop NAME",
    InstanceState.STOPPED: "start it first: minicloud instance start NAME",
}
