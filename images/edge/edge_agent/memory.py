"""What the edge remembers over its own restart: its routes, and the cuts it still owes."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from edge_agent.kernel import Cut
from edge_agent.ruleset import Back, Front, Route, Settings


@dataclass(frozen=True)
class DueCut:
    """A cut and when it falls due (seconds of the epoch: it outlives the process)."""

    at: float
    cut: Cut


@dataclass(frozen=True)
class Remembered:
    """Everything the edge must not forget."""

    routes: tuple[Route, ...] = ()
    cuts: tuple[DueCut, ...] = field(default=())


class Memory:
    """One file, always whole: written aside, flushed to the disk, then renamed into place."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, settings: Settings) -> Remembered:
        """What was saved last; nothing at the first start."""
        try:
            raw = json.loads(self._path.read_text())
        except FileNotFoundError:
            return Remembered()
        return Remembered(
            routes=tuple(Route.parse(route, settings) for route in raw["routes"]),
            cuts=tuple(_due_cut(entry) for entry in raw["cuts"]),
        )

    def save(self, remembered: Remembered) -> None:
        """Put it on the disk before it is acted on."""
        raw = {
            "routes": [route.as_json() for route in remembered.routes],
            "cuts": [_as_json(due) for due in remembered.cuts],
        }
        aside = self._path.with_suffix(".new")
        with aside.open("w") as file:
            json.dump(raw, file)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _as_json(due: DueCut) -> dict[str, Any]:
    front, back = due.cut.front, due.cut.back
    return {
        "at": due.at,
        "front": [str(front.ip), front.port],
        "back": None if back is None else [str(back.ip), back.port],
        "half_open": due.cut.half_open,
    }


def _due_cut(raw: dict[str, Any]) -> DueCut:
    back = raw["back"]
    return DueCut(
        at=float(raw["at"]),
        cut=Cut(
            front=Front(IPv4Address(raw["front"][0]), raw["front"][1]),
            back=None if back is None else Back(IPv4Address(back[0]), back[1]),
            half_open=bool(raw["half_open"]),
        ),
    )
