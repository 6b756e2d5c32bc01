"""Everything the balancer must not forget, as its files have it.

``document.json``: what the server wants, and the secret that signs cookies. ``health.json``: how
the targets are. ``figures.json`` and ``minutes.json``: what was counted.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from balancer_agent.document import Document, parse_document
from balancer_agent.health import TargetHealth
from balancer_agent.memory import Memory
from balancer_agent.metrics import Meters
from balancer_agent.refusal import Refused

_DOCUMENT: Final = "document.json"
_HEALTH: Final = "health.json"
_FIGURES: Final = "figures.json"
_MINUTES: Final = "minutes.json"

_log = logging.getLogger("balancer.memory")


@dataclass(frozen=True)
class Wanted:
    """What the server wants of this balancer; ``raw`` is the document as it came."""

    fingerprint: str
    configuration: str
    document: Document
    raw: Mapping[str, Any]


class Remembered:
    """The files, read once at the start and written as things change."""

    def __init__(self, folder: Path) -> None:
        self._memory = Memory(folder)
        self._saving = asyncio.Lock()
        self._minutes_saved = 0.0
        kept = self._memory.load(_DOCUMENT)
        self.secret = str(kept.get("secret") or secrets.token_hex(32))
        number = kept.get("generation")
        self.last_number = number if isinstance(number, int) else 0
        self.wanted = _wanted(kept)

    def health(self) -> dict[str, TargetHealth]:
        """How each target was."""
        found = {}
        for target, raw in self._memory.load(_HEALTH).items():
            with suppress(KeyError, TypeError, ValueError):
                found[target] = TargetHealth.from_json(raw)
        return found

    def meters(self, now: float) -> Meters:
        """The sums as they were; from now on where there are none."""
        kept = self._memory.load(_FIGURES)
        try:
            counters = {str(key): int(count) for key, count in kept["counters"].items()}
            meters = Meters(float(kept["since"]), counters)
            meters.restore_minutes(self._memory.load(_MINUTES).get("minutes", ()))
        except (KeyError, TypeError, ValueError, AttributeError):
            return Meters(now)
        return meters

    async def save_wanted(self, wanted: Wanted, generation: int) -> None:
        """Put it on the disk; ``OSError`` where that fails."""
        content = {
            "secret": self.secret,
            "generation": generation,
            "fingerprint": wanted.fingerprint,
            "configuration": wanted.configuration,
            "document": wanted.raw,
        }
        await self._save(_DOCUMENT, content)

    async def save_health(self, health: Mapping[str, TargetHealth]) -> None:
        """Put it on the disk."""
        await self._save(_HEALTH, {target: known.as_json() for target, known in health.items()})

    async def save_figures(self, meters: Meters) -> None:
        """Put the sums on the disk, and the minutes when there is a new one."""
        await self._save(_FIGURES, meters.as_json())
        minutes = meters.minutes()
        if minutes and minutes[-1]["at"] != self._minutes_saved:
            await self._save(_MINUTES, {"minutes": minutes})
            self._minutes_saved = minutes[-1]["at"]

    async def _save(self, name: str, content: dict[str, Any]) -> None:
        async with self._saving:
            await asyncio.to_thread(self._memory.save, name, content)


def _wanted(kept: Mapping[str, Any]) -> Wanted | None:
    if not kept:
        return None
    try:
        document = parse_document(kept["document"])
        return Wanted(kept["fingerprint"], kept["configuration"], document, kept["document"])
    except (Refused, KeyError) as error:
        _log.error("what was remembered is of no use, and the server must say it anew: %s", error)
        return None
