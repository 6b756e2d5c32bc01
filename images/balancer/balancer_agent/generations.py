"""The generations of nginx: the one that serves, and those that are on their way out.

A structural change starts a new nginx beside the old one; once the new one has its state and
answers, every new connection goes to it, and the old one is seen off: it answers ``Connection:
close`` until its clients have left, and only then is told to quit. As long as anything is in flight
there it can still be asked and told, so that a draining target's last request is never out of
sight. An nginx that dies or falls silent is followed by one with the same structure and sockets.

Changes (``prepare``, ``launch``, ``adopt``, ``follow_up``) are the keeper's to put in turn.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Final

from balancer_agent.children import Children
from balancer_agent.control import Counted, NoAnswer
from balancer_agent.document import APPLICATION
from balancer_agent.metrics import Meters
from balancer_agent.nginx import Generation, Phase, Structure, discard_folder
from balancer_agent.sockets import Ports, waiting

GENERATIONS_MAX: Final = 6
PROCESSES_MAX: Final = 24
"""An nginx of two workers takes some 14 MB."""
_FAREWELL_MAX_S: Final = 3600.0
_LOOK_INTERVAL_S: Final = 0.25
_HANDSHAKE_S: Final = 1.0
"""A client that was connecting when the new generation took over has until then to arrive."""
_MISSES_MAX: Final = 3

_log = logging.getLogger("balancer.generations")


class Generations:
    """Every nginx of this balancer. ``on_death`` is called when the one that serves has died."""

    def __init__(self, folder: Path, children: Children, meters: Meters, last_number: int) -> None:
        self._folder = folder
        self._children = children
        self._meters = meters
        self._ports = Ports()
        self._leaving: list[Generation] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.last_number = last_number
        self.current: Generation | None = None
        self.on_death: Callable[[], None] = lambda: None

    @property
    def living(self) -> list[Generation]:
        """The one that serves first, then those that leave, the oldest of them first."""
        return [*([self.current] if self.current else []), *self._leaving]

    async def prepare(self, structure: Structure) -> Generation:
        """A generation that nginx finds in order, not started; ``Refused`` changes nothing."""
        made = self._next(structure)
        try:
            for port in sorted(structure.ports):
                made.sockets[port] = self._ports.bind(port)
            made.write()
            await made.test(self._children)
        except BaseException:
            await self.discard(made)
            raise
        return made

    async def launch(self, made: Generation, state: bytes) -> None:
        """Start what was prepared. Nothing arrives there yet; where it fails it is discarded."""
        try:
            for port, bound in made.sockets.items():
                self._ports.listen(port, bound)
            await made.launch(self._children, state)
        except BaseException:
            await self.discard(made)
            raise

    async def discard(self, made: Generation) -> None:
        """Forget a generation that never served."""
        made.kill()
        self._close_sockets(made)
        await made.gone()
        discard_folder(made.folder)

    def adopt(self, made: Generation) -> None:
        """Lead every new connection to it, close the ports it has not, and see the old one off."""
        for port, listening in made.sockets.items():
            self._ports.lead_to(port, listening)
        self._succeed(made)
        for leaving in self._leaving:
            removed = leaving.sockets.keys() - made.sockets.keys()
            if removed:
                with leaving.halted():
                    for port in removed:
                        self._ports.close(port, leaving.sockets.pop(port))
        self._keep_few()
        _log.info("generation %d serves", made.number)

    async def follow_up(self, state: bytes) -> None:
        """Put a new nginx in the place of the one that died or fell silent, on its sockets."""
        old = self.current
        if old is None:
            return
        made = self._next(old.structure)
        made.sockets = dict(old.sockets)
        try:
            made.write()
            await made.launch(self._children, state)
        except BaseException:
            made.kill()
            await made.gone()
            discard_folder(made.folder)
            raise
        _log.warning("generation %d follows %d, dead or silent", made.number, old.number)
        if old.is_up:
            old.kill()
        self._succeed(made)

    async def tell(self, state: bytes) -> bool:
        """Give it to all; whether the one that serves has taken it. Others must, or are killed."""
        told = self._askable()
        answers = await asyncio.gather(
            *(generation.control.tell(state) for generation in told), return_exceptions=True
        )
        has_taken = True
        for generation, answer in zip(told, answers, strict=True):
            if answer is None or generation.phase is Phase.ENDING:
                continue
            if not isinstance(answer, NoAnswer):
                raise answer
            _log.warning("generation %d did not take its state: %s", generation.number, answer)
            if generation is self.current:
                has_taken, generation.is_silent = False, True
            else:
                generation.kill()
        return has_taken

    async def count(self) -> None:
        """Ask every generation that can be asked what it counts."""
        asked = self._askable()
        answers = await asyncio.gather(
            *(generation.count() for generation in asked), return_exceptions=True
        )
        for generation, answer in zip(asked, answers, strict=True):
            if not isinstance(answer, BaseException):
                self._meters.observe(generation.number, answer.counters)
            elif not isinstance(answer, NoAnswer):
                raise answer

    def signal(self, number: signal.Signals) -> None:
        """Signal every nginx."""
        for generation in self.living:
            generation.signal(number)

    async def shut_down(self, patience_s: float) -> None:
        """Let what is in flight finish, then end everything."""
        for task in self._tasks:
            task.cancel()
        leaving, self.current, self._leaving = self.living, None, []
        for generation in leaving:
            with generation.halted():
                self._close_sockets(generation)
            generation.signal(signal.SIGQUIT)
        gone = asyncio.gather(*(generation.gone() for generation in leaving))
        try:
            await asyncio.wait_for(gone, patience_s)
        except TimeoutError:
            for generation in leaving:
                generation.kill()

    def _next(self, structure: Structure) -> Generation:
        number = self.last_number + 1
        return Generation(number, structure, self._folder / str(number), {})

    def _askable(self) -> list[Generation]:
        return [generation for generation in self.living if generation.phase is not Phase.ENDING]

    def _succeed(self, made: Generation) -> None:
        old, self.current = self.current, made
        self.last_number = made.number
        made.since = time.time()
        self._spawn(self._mind(made))
        if old is not None:
            self._leaving.append(old)
            old.phase, old.since = Phase.RETIRING, made.since
            self._spawn(self._see_off(old))

    async def _mind(self, generation: Generation) -> None:
        if generation.child is not None:
            status = await asyncio.shield(generation.child.ended)
            if generation is self.current:
                _log.error("generation %d died: %d", generation.number, status)
                self.on_death()

    async def _see_off(self, old: Generation) -> None:
        """From retirement to the end of its last process."""
        try:
            if old.structure.type == APPLICATION:
                await self._until_left(old)
            else:
                await self._until_taken(old)
        except NoAnswer as error:
            _log.info("generation %d is killed, if it is not dead: %s", old.number, error)
            old.kill()
        old.phase = Phase.ENDING
        with old.halted():
            self._close_sockets(old)
        old.signal(signal.SIGQUIT)
        try:
            await asyncio.wait_for(old.gone(), _FAREWELL_MAX_S)
        except TimeoutError:
            old.kill()
            await old.gone()
        self._leaving.remove(old)
        self._meters.end(old.number)
        discard_folder(old.folder)
        _log.info("generation %d has ended", old.number)

    async def _until_left(self, old: Generation) -> None:
        """Until it may quit, or has been ended."""
        began_s = time.monotonic()
        await old.control.retire()
        misses = 0
        while old.phase is Phase.RETIRING:
            try:
                counted = await old.count()
            except NoAnswer:
                misses += 1
                if misses == _MISSES_MAX:
                    raise
                continue
            misses = 0
            self._meters.observe(old.number, counted.counters)
            shares = self._shares_sockets(old)
            has_queue = not shares and _has_queue(old)
            took_s = time.monotonic() - began_s
            if not has_queue and may_quit(counted, took_s, old.structure.idle_timeout_s, shares):
                return
            await asyncio.sleep(_LOOK_INTERVAL_S)

    async def _until_taken(self, old: Generation) -> None:
        """Until whoever was connecting has been accepted; sessions then end by themselves."""
        deadline_s = time.monotonic() + old.structure.idle_timeout_s
        await asyncio.sleep(_HANDSHAKE_S)
        while old.is_up and _has_queue(old) and time.monotonic() < deadline_s:
            await asyncio.sleep(_LOOK_INTERVAL_S)

    def _keep_few(self) -> None:
        """Have old ones quit where too many retire, and end the oldest where that is not enough.

        First those without an idle client, who lose nothing: what is in flight there finishes,
        though no longer under our eyes. The one that has just been retired is spared: its clients
        have not been told yet.
        """
        retiring = [old for old in self._leaving if old.phase is Phase.RETIRING]
        excess = max(0, len(retiring) + 1 - GENERATIONS_MAX)
        for old in sorted(retiring[:-1], key=lambda old: old.counted.waiting > 0)[:excess]:
            _log.warning("generation %d is told to quit: there are too many", old.number)
            old.phase = Phase.ENDING
        for old in self._leaving[: max(0, len(self.living) - PROCESSES_MAX)]:
            _log.warning("generation %d is ended: there are far too many", old.number)
            old.signal(signal.SIGTERM)

    def _shares_sockets(self, old: Generation) -> bool:
        return any(id(held) in self._held_beside(old) for held in old.sockets.values())

    def _close_sockets(self, generation: Generation) -> None:
        """Close those that no other generation has."""
        kept = self._held_beside(generation)
        for port, held in generation.sockets.items():
            if id(held) not in kept:
                self._ports.close(port, held)
        generation.sockets.clear()

    def _held_beside(self, generation: Generation) -> set[int]:
        others = (other for other in self.living if other is not generation)
        return {id(held) for other in others for held in other.sockets.values()}

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("a generation was not seen off", exc_info=task.exception())


def may_quit(counted: Counted, took_s: float, idle_timeout_s: float, shares_sockets: bool) -> bool:
    """Whether nginx, ``took_s`` after it was retired, can be told to quit without a loss.

    At once if no client is connected. nginx itself closes a client's idle connection when the idle
    timeout is over; what is there after that is busy and is waited for, or it speaks HTTP/2, which
    knows no answer that closes: that client is told to go (GOAWAY, by the quit) in a moment in
    which it asks nothing. One that shares its sockets with its successor (its first process was
    killed) goes on getting connections, and is waited for no longer.
    """
    if took_s <= _HANDSHAKE_S:
        return False
    if counted.active == 0 or took_s > _FAREWELL_MAX_S:
        return True
    if took_s <= idle_timeout_s + 1:
        return False
    return shares_sockets or (not counted.in_flight and counted.active <= counted.waiting)


def _has_queue(generation: Generation) -> bool:
    """Whether a connection waits to be accepted by it."""
    return any(waiting(held) for held in generation.sockets.values())
