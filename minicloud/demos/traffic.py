"""A client that keeps asking: what it saw while something was done to the machine behind."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from itertools import pairwise
from types import TracebackType

import requests

_TIMEOUT_S = 1.0
_PAUSE_S = 0.005


@dataclass(frozen=True)
class Seen:
    """What the client saw. The gap is the longest time between two answers."""

    requests: int
    failures: int
    longest_gap_ms: float


class Traffic:
    """Asks for a page, each time by a new connection, for as long as the context lasts."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._ask_on, name="traffic", daemon=True)
        self._answered_at_s: list[float] = []
        self._requests = 0

    def __enter__(self) -> Traffic:
        """Begin to ask."""
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Stop asking."""
        self._stopping.set()
        self._thread.join()

    def seen(self) -> Seen:
        """What has been seen; call it when the context has ended."""
        times = self._answered_at_s
        gaps = [later - earlier for earlier, later in pairwise(times)]
        return Seen(
            self._requests,
            self._requests - len(times),
            round(max(gaps, default=0.0) * 1000, 1),
        )

    def _ask_on(self) -> None:
        while not self._stopping.is_set():
            self._requests += 1
            try:
                answer = requests.get(self._url, timeout=_TIMEOUT_S)
            except requests.RequestException:
                answer = None
            if answer is not None and answer.ok:
                self._answered_at_s.append(time.monotonic())
            self._stopping.wait(_PAUSE_S)
