"""When targets are asked. No time passes here: pauses are written down."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from balancer_agent import watcher
from balancer_agent.checker import NotAsked
from balancer_agent.health import Outcome
from balancer_agent.watcher import Plan, Watcher

from tests.unit.agent_documents import health_settings

PASS = Outcome(True, "200 OK", 1.0)


class Stage:
    """A watcher whose pauses take no time and whose checks say what they are told to."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.begun: list[str] = []
        self.found: list[str] = []
        self.outcome: Callable[[], Outcome] = lambda: PASS
        self.watcher = Watcher(self.begun.append, lambda target, _: self.found.append(target))

    async def check(self, *_: Any) -> Outcome:
        return self.outcome()

    async def sleep(self, pause_s: float) -> None:
        self.pauses.append(pause_s)
        await asyncio.sleep(0)

    async def turns(self, count: int) -> None:
        for _ in range(count):
            await asyncio.sleep(0)

    def follow(self, *names: str, **changes: Any) -> None:
        plan = Plan("172.31.0.1", 80, health_settings(**changes))
        self.watcher.follow(dict.fromkeys(names, plan))

    def forget_the_past(self) -> None:
        self.pauses.clear()
        self.begun.clear()
        self.found.clear()


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = Stage()
    monkeypatch.setattr(watcher, "check", made.check)
    loops = {"get_running_loop": asyncio.get_running_loop}
    monkeypatch.setattr(watcher, "asyncio", SimpleNamespace(sleep=made.sleep, **loops))
    return made


def play(stage: Stage, story: Callable[[], Any]) -> None:
    async def run() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await story()
        stage.watcher.follow({})

    asyncio.run(run())


def test_a_new_target_is_asked_at_once_and_then_every_interval_or_a_little_sooner(
    stage: Stage,
) -> None:
    async def story() -> None:
        stage.follow("a", interval_s=100)
        await stage.turns(100)

    play(stage, story)
    first, *later = stage.pauses
    assert first == 0
    assert len(later) > 10
    assert all(89.9 < pause_s <= 100 for pause_s in later)
    assert min(later) < 97
    assert stage.begun[0] == stage.found[0] == "a"


@pytest.mark.parametrize(("count", "most_s"), [(50, 0.0), (51, 0.5), (400, 0.5)])
def test_many_at_once_are_spread_a_little(stage: Stage, count: int, most_s: float) -> None:
    async def story() -> None:
        stage.follow(*(f"t{n}" for n in range(count)), interval_s=5)
        await stage.turns(1)

    play(stage, story)
    assert len(stage.pauses) == count
    assert max(stage.pauses) <= most_s
    if most_s:
        assert max(stage.pauses) > 0.1


def test_who_is_asked_already_goes_on_and_who_is_not_wanted_is_not_asked(stage: Stage) -> None:
    async def story() -> None:
        stage.follow("a", "b")
        await stage.turns(5)
        stage.forget_the_past()
        stage.follow("b", "c")
        await stage.turns(5)
        assert stage.pauses.count(0) == 1  # the first of c
        assert set(stage.begun) == {"b", "c"}
        stage.forget_the_past()
        stage.follow("b", "c", path="/other")
        await stage.turns(5)
        assert stage.pauses.count(0) == 2
        stage.forget_the_past()
        stage.follow()
        await stage.turns(5)
        assert not stage.begun

    play(stage, story)


@pytest.mark.parametrize("error", [NotAsked("no files"), RuntimeError("a mistake")])
def test_a_check_that_could_not_be_made_is_made_again(stage: Stage, error: Exception) -> None:
    def fail() -> Outcome:
        raise error

    async def story() -> None:
        stage.outcome = fail
        stage.follow("a")
        await stage.turns(10)
        assert not stage.found
        stage.outcome = lambda: PASS
        await stage.turns(10)
        assert Counter(stage.found)["a"] > 1

    play(stage, story)
    if isinstance(error, NotAsked):
        assert stage.pauses[1] == 1
