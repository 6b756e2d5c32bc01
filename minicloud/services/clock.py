"""The cloud's clock: looked at, and where it is a simulated one, advanced, sped up and reset.

How it was set is on disk before anybody sees a time by it, so a server that is killed at any moment
is followed by one whose clock goes on. An advance while an operation runs is safe: what is under
way goes on in real time, and only what is recorded after it is recorded later.

Where the host's clock is set back, a simulated clock stands still until that has caught up, or
until it is set: it then goes on at once. A server that comes after one which was killed knows the
last time that was recorded, and goes on from there at the earliest.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from minicloud.domain.clock import ClockSetting, require_moment, require_speed, shown_at
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.time_step import parse_time_step
from minicloud.ports.clock import Clock
from minicloud.ports.store import Store, Transaction

_REAL_TIME_SPEED = 1


@dataclass(frozen=True)
class ClockReading:
    """What a clock shows at one real moment, and how many times as fast as that it goes on."""

    is_simulated: bool
    now: datetime
    real_now: datetime
    speed: int


_Choose = Callable[[Transaction, ClockReading], ClockSetting]


class ClockService:
    """Everything that can be asked of the clock. Implements ``ports.clock.CloudClock``."""

    def __init__(self, store: Store, real: Clock) -> None:
        self._store = store
        self._real = real
        self._lock = threading.Lock()
        with store.read() as transaction:
            self._settings = tuple(transaction.clock_settings())
            self._latest = _latest_recorded(transaction, self._settings)

    @property
    def real(self) -> Clock:
        """The time of day."""
        return self._real

    @property
    def is_simulated(self) -> bool:
        """Whether it can be moved."""
        return bool(self._settings)

    def now(self) -> datetime:
        """The present, in the cloud."""
        return self.show().now

    def at(self, real_moment: datetime) -> datetime:
        """What it showed at a moment of the real time."""
        return shown_at(self._settings, real_moment)

    def show(self) -> ClockReading:
        """What it shows, and what the real time is."""
        with self._lock:
            return self._look()

    def simulate(self) -> ClockReading:
        """Make it a clock that can be moved; ``OperationNotPermitted`` once anything happened."""

        def begin(transaction: Transaction, reading: ClockReading) -> ClockSetting:
            if not reading.is_simulated and transaction.ledger.latest_at() is not None:
                raise _has_lived(transaction.cloud().name)
            return _going_on(reading)

        return self.show() if self.is_simulated else self._set(begin)

    def advance(self, by: str) -> ClockReading:
        """Move it ahead by a step, as ``30d``; see ``domain.time_step``."""
        step = parse_time_step(by)

        def ahead(transaction: Transaction, reading: ClockReading) -> ClockSetting:
            _require_simulated(transaction, reading)
            moment = step.after(reading.now)
            require_moment(moment)
            return ClockSetting(reading.real_now, moment, reading.speed)

        return self._set(ahead)

    def set_speed(self, speed: int) -> ClockReading:
        """Let it go on so many times as fast as the real time, from what it shows now."""
        require_speed(speed)

        def at_speed(transaction: Transaction, reading: ClockReading) -> ClockSetting:
            _require_simulated(transaction, reading)
            return ClockSetting(reading.real_now, reading.now, speed)

        return self._set(at_speed)

    def reset(self) -> ClockReading:
        """Let it go on as fast as the real time; it stays as far ahead as it is."""
        return self.set_speed(_REAL_TIME_SPEED)

    def keep(self) -> None:
        """Write down what it shows, for the server that comes after this one."""
        if self.is_simulated:
            self._set(lambda _transaction, reading: _going_on(reading))

    def _look(self) -> ClockReading:
        """The lock is held."""
        real_now = self._real.now()
        if not self._settings:
            return ClockReading(False, real_now, real_now, _REAL_TIME_SPEED)
        self._latest = max(self._latest, shown_at(self._settings, real_now))
        return ClockReading(True, self._latest, real_now, self._settings[-1].speed)

    def _set(self, choose: _Choose) -> ClockReading:
        with ExitStack() as until_on_disk:
            with self._store.write() as transaction:
                # In this order, since whoever writes may look at the clock meanwhile; and let go
                # after the commit, since nobody may see a time that a crash could take back.
                until_on_disk.enter_context(self._lock)
                setting = choose(transaction, self._look())
                transaction.add_clock_setting(setting)
            self._settings = (*self._settings, setting)
            self._latest = setting.shown_at
            return self._look()


def _latest_recorded(transaction: Transaction, settings: tuple[ClockSetting, ...]) -> datetime:
    if not settings:
        return datetime.min
    known = settings[-1].shown_at
    return max(known, transaction.ledger.latest_at() or known)


def _going_on(reading: ClockReading) -> ClockSetting:
    return ClockSetting(reading.real_now, reading.now, reading.speed)


def _require_simulated(transaction: Transaction, reading: ClockReading) -> None:
    if not reading.is_simulated:
        raise InvalidRequest(
            "OperationNotPermitted",
            f"the clock of cloud {transaction.cloud().name} is the real one: nobody can move it",
            "make a cloud for that: minicloud --cloud trial up --simulated-clock",
        )


def _has_lived(cloud_name: str) -> InvalidRequest:
    return InvalidRequest(
        "OperationNotPermitted",
        f"the ledger of cloud {cloud_name} tells of real time: its clock cannot be simulated",
        "take a new cloud: minicloud --cloud trial up --simulated-clock",
    )
