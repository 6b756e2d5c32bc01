"""Visitors of a balanced site: each keeps its connection, asks on and on, and never asks twice."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

import requests

_TIMEOUT_S = 10.0
_PAUSE_S = 0.02
_WHO = re.compile(r"<h1><code>([^<]+)</code></h1>")
_NOBODY = "failed"


@dataclass(frozen=True)
class Visit:
    """One request: when its answer came, which machine gave it (None: it failed), how long."""

    at_s: float
    machine: str | None
    duration_ms: float


class Visitors:
    """A few clients that keep asking for as long as the context lasts."""

    def __init__(self, url: str, count: int = 4) -> None:
        self._url = url
        self._stopping = threading.Event()
        self._visits: list[Visit] = []
        self._threads = [
            threading.Thread(target=self._visit_on, name=f"visitor-{number}", daemon=True)
            for number in range(count)
        ]

    def __enter__(self) -> Visitors:
        """Begin to ask."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Stop asking."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def visits(self, since_s: float = 0.0) -> Sequence[Visit]:
        """What has been seen, all of it or since a moment of the monotonic clock."""
        return [visit for visit in tuple(self._visits) if visit.at_s >= since_s]

    def shares(self, since_s: float = 0.0) -> Counter[str]:
        """How many answers each machine gave, and how many requests failed."""
        return Counter(visit.machine or _NOBODY for visit in self.visits(since_s))

    def failures(self, since_s: float = 0.0) -> int:
        """How many requests had no good answer."""
        return self.shares(since_s)[_NOBODY]

    def _visit_on(self) -> None:
        # A session keeps its connection; without an adapter's retries it asks once alone.
        with requests.Session() as session:
            while not self._stopping.is_set():
                began_s = time.monotonic()
                machine = self._ask(session)
                now_s = time.monotonic()
                self._visits.append(Visit(now_s, machine, (now_s - began_s) * 1000))
                self._stopping.wait(_PAUSE_S)

    def _ask(self, session: requests.Session) -> str | None:
        try:
            answer = session.get(self._url, timeout=_TIMEOUT_S)
        except requests.RequestException:
            return None
        said = _WHO.search(answer.text) if answer.ok else None
        return said[1] if said else None
