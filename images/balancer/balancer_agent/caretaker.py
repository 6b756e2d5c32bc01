"""What has to be done again and again, and at once when something happens."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from balancer_agent import logs
from balancer_agent.control import HttpControl, NoAnswer
from balancer_agent.generations import Generations
from balancer_agent.keeper import Keeper
from balancer_agent.refusal import Refused

_BURST_S: Final = 0.02
_SAVE_PAUSE_S: Final = 0.2
_SLOW_EVERY_S: Final = 5
_SAVE_HEALTH_EVERY_S: Final = 15
_BACKOFF_LEAST_S: Final = 0.1
_BACKOFF_MOST_S: Final = 5.0
_SETTLED_S: Final = 5.0
_MISSES_MAX: Final = 2

_log = logging.getLogger("balancer.caretaker")


class Caretaker:
    """The loops beside the requests; ``run`` never returns."""

    def __init__(
        self, keeper: Keeper, generations: Generations, folder: Path, workers_user: int
    ) -> None:
        self._keeper = keeper
        self._generations = generations
        self._folder = folder
        self._workers_user = workers_user
        self._misses = 0
        self._hurt = asyncio.Event()
        self._unsaved = asyncio.Event()
        generations.on_death = self._hurt.set

    async def run(self) -> None:
        """Serve what is remembered, then look after it."""
        self._hurt.set()
        async with asyncio.TaskGroup() as group:
            for work in (self._spread_health, self._save_health, self._mend, self._look_after):
                group.create_task(work())

    async def _spread_health(self) -> None:
        """Tell nginx as soon as another choice is due; a burst of changes is told once."""
        changed = self._keeper.eligibility_changed
        while True:
            await changed.wait()
            changed.clear()
            self._unsaved.set()
            if not await self._keeper.tell():
                self._hurt.set()
            await asyncio.sleep(_BURST_S)

    async def _save_health(self) -> None:
        while True:
            await self._unsaved.wait()
            self._unsaved.clear()
            await _or_log(self._keeper.save_health)
            await asyncio.sleep(_SAVE_PAUSE_S)

    async def _mend(self) -> None:
        """Bring nginx up, and up again: at once, and less eagerly where it does not help."""
        backoff_s = 0.0
        tried_s = -_SETTLED_S
        while True:
            await self._hurt.wait()
            self._hurt.clear()
            if time.monotonic() - tried_s > _SETTLED_S:
                backoff_s = 0.0
            await asyncio.sleep(backoff_s)
            try:
                await self._keeper.ensure_serving()
            except (Refused, OSError) as error:
                _log.error("no nginx serves: %s", error)
                self._hurt.set()
            tried_s = time.monotonic()
            backoff_s = min(max(_BACKOFF_LEAST_S, 2 * backoff_s), _BACKOFF_MOST_S)

    async def _look_after(self) -> None:
        while True:
            await asyncio.sleep(1 - time.time() % 1)
            await self._look_at_current()
            if int(time.time()) % _SAVE_HEALTH_EVERY_S == 0:
                self._unsaved.set()
            if int(time.time()) % _SLOW_EVERY_S == 0:
                await self._keeper.count()
                await _or_log(self._keeper.save_figures)
                await _or_log(self._rotate_logs)

    async def _rotate_logs(self) -> None:
        if logs.rotate(self._folder):
            logs.make(self._folder, self._workers_user)
            self._generations.signal(signal.SIGUSR1)

    async def _look_at_current(self) -> None:
        """An nginx that is there and does not answer is as good as dead.

        Twice in a row: what it has in flight dies with it, so a machine's bad moment is not enough.
        """
        current = self._generations.current
        if current is None or not current.is_up:
            return
        try:
            if isinstance(current.control, HttpControl):
                await current.count()
            elif int(time.time()) % _SLOW_EVERY_S == 0 and not await self._keeper.tell():
                self._hurt.set()
        except NoAnswer as error:
            self._misses += 1
            if current.is_up and self._misses >= _MISSES_MAX:
                _log.warning("generation %d is silent: %s", current.number, error)
                current.is_silent = True
                self._hurt.set()
        else:
            self._misses = 0


async def _or_log(work: Callable[[], Awaitable[None]]) -> None:
    """A disk that is full must not end a balancer."""
    try:
        await work()
    except OSError as error:
        _log.error("the balancer's disk fails: %s", error)
