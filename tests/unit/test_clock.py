"""The cloud's clock: what it shows, what is refused, and what outlives its server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from minicloud.adapters.database.store import DatabaseStore
from minicloud.domain.clock import LAST_MOMENT, SPEED_MAX, ClockSetting, shown_at
from minicloud.domain.errors import InvalidRequest, Unavailable
from minicloud.domain.ledger import LedgerEntry, LedgerKind
from minicloud.ports.store import CloudRecord, Transaction
from minicloud.services.clock import ClockReading, ClockService
from tests.fakes.clock import HandClock
from tests.unit.stores import FlakyStore

Move = Callable[[], ClockReading]
START = datetime(2030, 1, 1, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = (
    timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days")
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DatabaseStore]:
    store = DatabaseStore(tmp_path / "state.db", CloudRecord("cloud-1", "trial"))
    yield store
    store.close()


@pytest.fixture
def real() -> HandClock:
    return HandClock(START)


@pytest.fixture
def clock(store: DatabaseStore, real: HandClock) -> ClockService:
    clock = ClockService(store, real)
    clock.simulate()
    return clock


def _record(store: DatabaseStore, at: datetime) -> None:
    with store.write() as transaction:
        transaction.ledger.append(LedgerEntry(at, LedgerKind.ADDRESS_ALLOCATED, "e", {"a": "b"}))


def test_an_ordinary_clock_is_the_real_one(store: DatabaseStore, real: HandClock) -> None:
    clock = ClockService(store, real)
    assert not clock.is_simulated
    for passed in (HOUR, -DAY, timedelta(microseconds=1)):
        real.move(passed)
        assert clock.show() == ClockReading(False, real.now(), real.now(), 1)
        assert clock.at(real.now()) == real.now()
    clock.keep()
    with store.read() as transaction:
        assert transaction.clock_settings() == []


def test_an_ordinary_clock_cannot_be_moved(store: DatabaseStore, real: HandClock) -> None:
    clock = ClockService(store, real)
    moves: list[Move] = [lambda: clock.advance("1d"), lambda: clock.set_speed(2), clock.reset]
    for move in moves:
        with pytest.raises(InvalidRequest) as refused:
            move()
        assert refused.value.code == "OperationNotPermitted"
        assert "trial" in refused.value.message
        assert "--simulated-clock" in refused.value.resolution
    assert clock.now() == real.now()


def test_a_cloud_that_has_lived_cannot_have_a_simulated_clock(
    store: DatabaseStore, real: HandClock
) -> None:
    _record(store, START)
    clock = ClockService(store, real)
    with pytest.raises(InvalidRequest) as refused:
        clock.simulate()
    assert refused.value.code == "OperationNotPermitted"
    assert not clock.is_simulated
    assert not ClockService(store, real).is_simulated


def test_a_simulated_clock_begins_as_the_real_one(clock: ClockService, real: HandClock) -> None:
    assert clock.show() == ClockReading(True, START, START, 1)
    real.move(HOUR)
    assert clock.now() == START + HOUR


def test_to_simulate_it_again_changes_nothing(
    clock: ClockService, real: HandClock, store: DatabaseStore
) -> None:
    clock.advance("30d")
    _record(store, clock.now())
    before = clock.show()
    assert clock.simulate() == before


def test_it_is_advanced_sped_up_and_reset(clock: ClockService, real: HandClock) -> None:
    assert clock.advance("30d").now == START + 30 * DAY
    real.move(MINUTE)
    assert clock.now() == START + 30 * DAY + MINUTE
    assert clock.set_speed(60) == ClockReading(True, START + 30 * DAY + MINUTE, real.now(), 60)
    real.move(MINUTE)
    assert clock.now() == START + 30 * DAY + MINUTE + HOUR
    clock.advance("1h30m")
    real.move(SECOND)
    assert clock.now() == START + 30 * DAY + 2 * MINUTE + 2.5 * HOUR
    before = clock.now()
    assert clock.reset().now == before
    real.move(HOUR)
    assert clock.show() == ClockReading(True, before + HOUR, real.now(), 1)


@pytest.mark.parametrize("speed", [0, -1, SPEED_MAX + 1, True])
def test_a_speed_that_no_clock_has_is_refused(clock: ClockService, speed: int) -> None:
    with pytest.raises(InvalidRequest):
        clock.set_speed(speed)
    assert clock.show().speed == 1


def test_it_stands_still_on_the_last_day(clock: ClockService, real: HandClock) -> None:
    with pytest.raises(InvalidRequest):
        clock.advance("170y")
    assert clock.now() == START
    clock.set_speed(SPEED_MAX)
    real.move(365 * DAY)
    assert clock.now() == LAST_MOMENT
    with pytest.raises(InvalidRequest):
        clock.advance("1s")
    assert clock.reset().now == LAST_MOMENT
    real.move(DAY)
    assert clock.now() == LAST_MOMENT


@pytest.mark.parametrize("speed", [1, 3, 7, 60, 99_999, SPEED_MAX])
def test_the_last_moment_is_met_exactly(speed: int) -> None:
    setting = ClockSetting(START, LAST_MOMENT - timedelta(seconds=1, microseconds=1), speed)
    left = (LAST_MOMENT - setting.shown_at) // speed
    assert setting.shows(START + left) <= LAST_MOMENT
    assert setting.shows(START + left + timedelta(microseconds=1)) == LAST_MOMENT


def test_what_it_showed_at_a_real_moment_is_known_for_ever(
    clock: ClockService, real: HandClock, store: DatabaseStore
) -> None:
    seen = []
    moves: list[Move] = [lambda: clock.advance("30d"), lambda: clock.set_speed(3600), clock.reset]
    for move in moves:
        real.move(MINUTE)
        seen.append((real.now(), clock.now()))
        real.move(SECOND)
        move()
    for looked_at in (clock, ClockService(store, real)):
        assert [(moment, looked_at.at(moment)) for moment, _ in seen] == seen
    # Of the moment of an advance: what it showed afterwards, not what it had shown before.
    assert clock.at(START + MINUTE + SECOND) == START + 30 * DAY + MINUTE + SECOND
    assert clock.at(START - HOUR) == START - HOUR


def test_it_stands_still_while_the_hosts_clock_is_set_back(
    clock: ClockService, real: HandClock, store: DatabaseStore
) -> None:
    clock.set_speed(60)
    real.move(HOUR)
    before = clock.now()
    real.move(-MINUTE)
    assert clock.now() == before
    real.move(MINUTE)
    assert clock.now() == before
    real.move(SECOND)
    assert clock.now() == before + MINUTE


@pytest.mark.parametrize("setting", ["advance", "speed", "reset"])
def test_it_goes_on_at_once_when_it_is_set_after_the_hosts_was_set_back(
    clock: ClockService, real: HandClock, store: DatabaseStore, setting: str
) -> None:
    clock.advance("1d")
    real.move(-10 * DAY)
    before = clock.now()
    if setting == "advance":
        clock.advance("1h")
        before += HOUR
    elif setting == "speed":
        clock.set_speed(1)
    else:
        clock.reset()
    for looked_at in (clock, ClockService(store, real)):
        assert looked_at.now() == before
    real.move(MINUTE)
    for looked_at in (clock, ClockService(store, real)):
        assert looked_at.now() == before + MINUTE
    # Also once the host's clock is where it had been.
    real.move(20 * DAY)
    assert clock.now() == before + MINUTE + 20 * DAY


def test_it_outlives_a_server_that_is_killed(
    clock: ClockService, real: HandClock, store: DatabaseStore
) -> None:
    clock.advance("1y")
    clock.set_speed(3600)
    real.move(SECOND)
    after = ClockService(store, real)
    assert after.show() == clock.show()
    real.move(MINUTE)
    assert after.now() == START + 365 * DAY + 61 * HOUR


def test_a_server_goes_on_from_what_was_recorded_though_the_hosts_clock_was_set_back(
    clock: ClockService, real: HandClock, store: DatabaseStore
) -> None:
    clock.advance("1y")
    real.move(10 * SECOND + timedelta(milliseconds=500))
    recorded_at = clock.now()
    _record(store, recorded_at)
    _record(store, START)
    real.move(5 * SECOND)
    told_at = clock.now()
    real.move(-HOUR)
    # It was killed: the last that is known is what was recorded.
    assert ClockService(store, real).now() == recorded_at
    # It ended in good order: the last that is known is what it showed.
    clock.keep()
    assert ClockService(store, real).now() == told_at


def test_a_setting_that_cannot_be_written_down_is_not_in_force(
    store: DatabaseStore, real: HandClock
) -> None:
    flaky = FlakyStore(store)
    clock = ClockService(flaky, real)
    clock.simulate()
    flaky.fail_write(1)
    with pytest.raises(Unavailable):
        clock.advance("30d")
    assert clock.now() == START
    assert ClockService(store, real).now() == START
    assert clock.advance("30d").now == START + 30 * DAY


class _SlowStore:
    """A store whose commits wait until they may."""

    def __init__(self, store: DatabaseStore) -> None:
        self._store = store
        self.is_committing = threading.Event()
        self.may_commit = threading.Event()

    def read(self) -> AbstractContextManager[Transaction]:
        return self._store.read()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with self._store.write() as transaction:
            yield transaction
            self.is_committing.set()
            assert self.may_commit.wait(20)


def test_nobody_sees_a_time_that_is_not_on_disk(store: DatabaseStore, real: HandClock) -> None:
    ClockService(store, real).simulate()
    slow = _SlowStore(store)
    clock = ClockService(slow, real)
    seen: list[datetime] = []
    setting = threading.Thread(target=lambda: clock.advance("30d"))
    looking = threading.Thread(target=lambda: seen.append(clock.now()))
    setting.start()
    assert slow.is_committing.wait(20)
    looking.start()
    looking.join(0.05)
    assert seen == []
    assert ClockService(store, real).now() == START
    slow.may_commit.set()
    setting.join()
    looking.join()
    assert seen == [START + 30 * DAY]


def test_it_can_be_looked_at_amid_a_transaction(clock: ClockService, store: DatabaseStore) -> None:
    began, moved = threading.Event(), threading.Event()

    def move() -> None:
        began.set()
        clock.advance("1d")
        moved.set()

    moving = threading.Thread(target=move)
    with store.write():
        moving.start()
        assert began.wait(20)
        assert clock.now() == START
        assert not moved.wait(0.05)
        assert clock.now() == START
    moving.join()
    assert clock.now() == START + DAY


def test_entries_of_the_ledger_are_marked_by_the_store(
    store: DatabaseStore, real: HandClock
) -> None:
    clock = ClockService(store, real)
    clock.simulate()
    _record(store, clock.now())
    with store.read() as transaction:
        assert [entry.simulated for entry in transaction.ledger.entries()] == [True]
        assert [entry.simulated for entry in transaction.ledger.in_time_order()] == [True]


def test_entries_of_an_ordinary_cloud_are_not_marked(store: DatabaseStore) -> None:
    _record(store, START)
    with store.read() as transaction:
        assert [entry.simulated for entry in transaction.ledger.entries()] == [False]
        assert [entry.simulated for entry in transaction.ledger.in_time_order()] == [False]


def test_the_latest_of_the_ledger_is_the_latest_that_happened(store: DatabaseStore) -> None:
    with store.read() as transaction:
        assert transaction.ledger.latest_at() is None
    for at in (START, START + timedelta(milliseconds=1), START - DAY):
        _record(store, at)
    with store.read() as transaction:
        assert transaction.ledger.latest_at() == START + timedelta(milliseconds=1)


def test_a_moment_that_came_twice_is_taken_for_the_second() -> None:
    settings = [ClockSetting(START, START), ClockSetting(START - HOUR, START + DAY)]
    assert shown_at(settings, START - HOUR / 2) == START + DAY + HOUR / 2
    assert shown_at(settings, START + HOUR) == START + DAY + 2 * HOUR
    assert shown_at(settings, START - 2 * HOUR) == START - 2 * HOUR
