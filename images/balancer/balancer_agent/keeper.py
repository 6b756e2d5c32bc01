"""What puts it all together: the only writer of what this balancer is.

It takes what the server wants (``apply``), what the checks find, and what becomes of nginx, and
sees to it that nginx obeys and the disk remembers. Whatever changes the generations holds one lock;
whatever tells nginx its state holds another, so that an older state never comes after a newer one.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Collection, Mapping
from typing import Any, Final

from balancer_agent import connections
from balancer_agent.document import NETWORK, parse_document
from balancer_agent.generations import Generations
from balancer_agent.health import (
    CHECKED_STATES,
    Outcome,
    TargetHealth,
    check_begun,
    checked,
    place_all,
)
from balancer_agent.metrics import Meters
from balancer_agent.nginx import Structure
from balancer_agent.refusal import FAILED, INVALID_REQUEST, Refused
from balancer_agent.remembered import Remembered, Wanted
from balancer_agent.report import Connections, describe_targets, figures, not_yet_drained
from balancer_agent.server import Operation
from balancer_agent.snapshot import snapshot
from balancer_agent.watcher import Plan, Watcher

_TEXT_MAX: Final = 1 << 20

_log = logging.getLogger("balancer.keeper")


class Keeper:
    """Holds what is wanted and how the targets are, and answers the server."""

    def __init__(
        self, remembered: Remembered, generations: Generations, meters: Meters, workers_user: int
    ) -> None:
        self._remembered = remembered
        self._generations = generations
        self._meters = meters
        self._workers_user = workers_user
        self._wanted: Wanted | None = None
        self._health: dict[str, TargetHealth] = remembered.health()
        self._plans: Mapping[str, Plan] = {}
        self._watcher = Watcher(self._check_begun, self._check_found)
        self._changing = asyncio.Lock()
        self._telling = asyncio.Lock()
        self.eligibility_changed = asyncio.Event()
        self.operations: Mapping[str, Operation] = {
            "ping": self._ping,
            "apply": self._apply,
            "status": self._status,
            "pending": self._pending,
            "metrics": self._metrics,
        }

    def resume(self) -> None:
        """Take up what is remembered; ``ensure_serving`` then serves it."""
        if self._remembered.wanted is not None:
            self._take(self._remembered.wanted)

    async def ensure_serving(self) -> None:
        """See to it that an nginx serves, if one should; ``Refused`` where none comes up."""
        async with self._changing:
            await self._ensure_serving()

    async def tell(self) -> bool:
        """Tell every nginx how things are; whether the one that serves has heard it."""
        async with self._telling:
            return await self._generations.tell(self._state())

    async def count(self) -> None:
        """Ask every nginx what it counts."""
        await self._generations.count()
        self._meters.tick(time.time())

    async def save_health(self) -> None:
        """Remember how the targets are."""
        await self._remembered.save_health(self._health)

    async def save_figures(self) -> None:
        """Remember what was counted."""
        await self._remembered.save_figures(self._meters)

    def stop_checking(self) -> None:
        """Ask no target any more."""
        self._watcher.follow({})

    async def _ping(self, _request: Mapping[str, Any]) -> object:
        return "pong"

    async def _apply(self, request: Mapping[str, Any]) -> object:
        wanted = Wanted(
            fingerprint=_text(request, "fingerprint"),
            configuration=_text(request, "configuration"),
            document=parse_document(request.get("document")),
            raw=request["document"],
        )
        async with self._changing:
            before = self._generations.current
            if self._wanted is not None and self._wanted.fingerprint == wanted.fingerprint:
                await self._ensure_serving()
            else:
                await self._become(wanted)
            await self._obeyed()
            current = self._generations.current
        return {
            "fingerprint": wanted.fingerprint,
            "generation": current.number if current else 0,
            "is_new_generation": current is not before,
        }

    async def _become(self, wanted: Wanted) -> None:
        """Make this the truth: all of it, or nothing has changed."""
        structure = Structure.of(wanted.configuration, wanted.document)
        current, made = self._generations.current, None
        if current is None or current.structure != structure:
            made = await self._generations.prepare(structure)
            health = place_all(wanted.document, self._health, time.time())
            await self._generations.launch(made, self._state_of(wanted, health))
        number = made.number if made else self._generations.last_number
        try:
            await self._remembered.save_wanted(wanted, number)
        except OSError as error:
            if made is not None:
                await self._generations.discard(made)
            raise Refused(FAILED, f"the balancer's disk fails: {error}") from error
        self._take(wanted)
        if made is not None:
            self._generations.adopt(made)

    async def _obeyed(self) -> None:
        """Return when every nginx has the present state; one that does not take it is replaced."""
        if await self.tell():
            return
        await self._generations.follow_up(self._state())
        if not await self.tell():
            raise Refused(FAILED, "nginx does not take its state, nor does the one after it")

    async def _ensure_serving(self) -> None:
        current = self._generations.current
        if self._wanted is None or (current is not None and current.serves):
            return
        if current is not None:
            await self._generations.follow_up(self._state())
        else:
            structure = Structure.of(self._wanted.configuration, self._wanted.document)
            made = await self._generations.prepare(structure)
            await self._generations.launch(made, self._state())
            self._generations.adopt(made)
        # What changed while it started it has not heard.
        await self.tell()

    def _take(self, wanted: Wanted) -> None:
        before, now = self._health, time.time()
        self._wanted = wanted
        self._health = place_all(wanted.document, before, now)
        self._meters.forget_groups_but(group.id for group in wanted.document.groups)
        self._plans = {
            target.id: Plan(target.ip, group.health.port or target.port, group.health)
            for group, target in wanted.document.targets().values()
            if self._health[target.id].state in CHECKED_STATES
        }
        self._watcher.follow(self._plans)

    def _check_begun(self, target_id: str) -> None:
        self._health[target_id] = check_begun(self._health[target_id])

    def _check_found(self, target_id: str, outcome: Outcome) -> None:
        before, settings = self._health[target_id], self._plans[target_id].settings
        after = self._health[target_id] = checked(before, outcome, settings, time.time())
        if after.state is not before.state:
            _log.info("%s is %s: %s", target_id, after.state, outcome.detail)
            self.eligibility_changed.set()

    def _state(self) -> bytes:
        return self._state_of(self._wanted, self._health) if self._wanted else b""

    def _state_of(self, wanted: Wanted, health: Mapping[str, TargetHealth]) -> bytes:
        told = snapshot(wanted.document, health, self._remembered.secret)
        return json.dumps(told, separators=(",", ":")).encode()

    async def _in_flight(self) -> dict[str, int]:
        """By target, as of now."""
        await self.count()
        if self._wanted is not None and self._wanted.document.type == NETWORK:
            targets = self._wanted.document.targets().values()
            return connections.in_flight(
                connections.current_sessions(),
                ((target.id, target.ip, target.port) for _, target in targets),
                self._workers_user,
            )
        sums: dict[str, int] = {}
        for generation in self._generations.living:
            for target, count in generation.counted.in_flight.items():
                sums[target] = sums.get(target, 0) + count
        return sums

    async def _status(self, _request: Mapping[str, Any]) -> object:
        in_flight = await self._in_flight()
        current, wanted = self._generations.current, self._wanted
        return {
            "fingerprint": wanted.fingerprint if wanted else None,
            "generation": current.number if current else 0,
            "generations": [
                {
                    "number": generation.number,
                    "state": generation.phase,
                    "since": generation.since,
                    "connections": self._connections_of(generation.number),
                }
                for generation in self._generations.living
            ],
            "targets": describe_targets(wanted.document, self._health, in_flight) if wanted else [],
        }

    def _active_connections(self) -> int:
        """How many connections clients have, with every generation."""
        living = self._generations.living
        if all(generation.structure.type != NETWORK for generation in living):
            return sum(generation.counted.active for generation in living)
        ports = {port for generation in living for port in generation.structure.ports}
        return self._sessions_at(ports)

    def _sessions_at(self, ports: Collection[int]) -> int:
        return sum(
            session.local_port in ports
            for session in connections.current_sessions()
            if session.user == self._workers_user
        )

    def _connections_of(self, number: int) -> int | None:
        """How many clients a generation has; None where only the kernel knows, and not of whom."""
        living = self._generations.living
        (generation,) = (known for known in living if known.number == number)
        if generation.structure.type != NETWORK:
            return generation.counted.active
        if len(living) > 1:
            return None
        return self._sessions_at(generation.structure.ports)

    async def _pending(self, request: Mapping[str, Any]) -> object:
        asked = request.get("targets")
        if not isinstance(asked, list) or not all(isinstance(target, str) for target in asked):
            raise Refused(INVALID_REQUEST, "targets is not a list of texts")
        if self._wanted is None:
            return {}
        in_flight = await self._in_flight()
        return not_yet_drained(self._wanted.document, asked, in_flight, time.time())

    async def _metrics(self, _request: Mapping[str, Any]) -> object:
        now = Connections(await self._in_flight(), self._active_connections())
        document = self._wanted.document if self._wanted else None
        return figures(document, self._health, now, self._meters)


def _text(request: Mapping[str, Any], key: str) -> str:
    value = request.get(key)
    if not isinstance(value, str) or len(value) > _TEXT_MAX or not value.isascii():
        raise Refused(INVALID_REQUEST, f"{key} is not a text of ASCII")
    return value
