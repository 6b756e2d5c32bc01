"""A clock that is moved, looked at, killed and left alone in any order: exact, and never back."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from minicloud.domain.clock import LAST_MOMENT, SPEED_MAX
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.ledger import LedgerEntry, LedgerKind
from minicloud.services.clock import ClockService
from tests.fakes.clock import HandClock
from tests.unit.stores import new_records, shelf

START = datetime(2030, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
PASSED = st.timedeltas(timedelta(), timedelta(days=3)) | st.timedeltas(
    timedelta(), timedelta(seconds=2)
)
SPEEDS = st.integers(1, SPEED_MAX) | st.sampled_from([1, 60, 3600, 86_400, SPEED_MAX])


def _microseconds(moment: datetime) -> int:
    return (moment - START) // MICROSECOND


_LAST_US = _microseconds(LAST_MOMENT)


class AnyClock(RuleBasedStateMachine):
    """A clock, and a model of it that counts every stretch of real time as it passes.

    The model knows no settings: it adds up whole microseconds. ``owed_us`` is real time that has to
    pass again before the clock goes on, since the host's was set back.
    """

    def __init__(self) -> None:
        super().__init__()
        self.real = HandClock(START)
        self.path, self.store = shelf().take(new_records())
        self.clock = ClockService(self.store, self.real)
        self.clock.simulate()
        self.shown_us, self.speed, self.owed_us = 0, 1, 0
        self.seen: list[tuple[datetime, datetime]] = []
        self.was_set_back = False

    def teardown(self) -> None:
        shelf().put_back(self.path, self.store)

    @rule(passed=PASSED)
    def time_passes(self, passed: timedelta) -> None:
        self.real.move(passed)
        passed_us = passed // MICROSECOND
        caught_up_us = min(passed_us, self.owed_us)
        self.owed_us -= caught_up_us
        self.shown_us = min(self.shown_us + (passed_us - caught_up_us) * self.speed, _LAST_US)

    @rule(by=st.timedeltas(MICROSECOND, timedelta(days=400)))
    def the_hosts_clock_is_set_back(self, by: timedelta) -> None:
        self.clock.now()
        self.real.move(-by)
        self.owed_us += by // MICROSECOND
        self.was_set_back = True

    @rule(seconds=st.integers(1, 400 * 86_400))
    def advance(self, seconds: int) -> None:
        ahead_us = self.shown_us + seconds * 1_000_000
        if ahead_us > _LAST_US:
            with suppress(InvalidRequest):
                self.clock.advance(f"{seconds}s")
                raise AssertionError("it went beyond the last moment")
            return
        self.clock.advance(f"{seconds}s")
        self.shown_us, self.owed_us = ahead_us, 0

    @rule(speed=SPEEDS)
    def set_speed(self, speed: int) -> None:
        self.clock.set_speed(speed)
        self.speed, self.owed_us = speed, 0

    @rule()
    def reset(self) -> None:
        self.clock.reset()
        self.speed, self.owed_us = 1, 0

    @rule()
    def record(self) -> None:
        entry = LedgerEntry(self.clock.now(), LedgerKind.ADDRESS_ALLOCATED, "eip", {"is": "it"})
        with self.store.write() as transaction:
            transaction.ledger.append(entry)

    @rule()
    def restart(self) -> None:
        self.clock.keep()
        self.owed_us = 0
        self.clock = ClockService(self.store, self.real)

    @rule()
    def kill(self) -> None:
        # Where the host's clock was set back, too, only what was recorded is known for sure.
        if self.owed_us:
            self.record()
        self.clock = ClockService(self.store, self.real)

    @invariant()
    def it_shows_what_it_should(self) -> None:
        reading = self.clock.show()
        assert _microseconds(reading.now) == self.shown_us
        assert reading.speed == self.speed
        assert self.clock.now() == reading.now
        assert not self.seen or reading.now >= self.seen[-1][1], "it went back"
        self.seen.append((self.real.now(), reading.now))
        if not self.was_set_back:
            # At the moment of a setting it showed two times, and the later one is told.
            last = dict(self.seen)
            assert {real: self.clock.at(real) for real in last} == last


TestAnyClock = AnyClock.TestCase
TestAnyClock.settings = settings(max_examples=80, stateful_step_count=25)
