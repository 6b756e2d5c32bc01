"""What a run of the client has seen, as the client tells it and as the tests read it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

METHODS = ("GET", "POST")
_STEPS_PER_S = 10_000
_LISTED_MAX = 20_000


@dataclass(frozen=True)
class Failure:
    """A request that failed: when it was begun and when it was given up (epoch seconds), and how.

    ``kind`` is ``refused``, ``unreachable``, ``reset``, ``closed`` (before any answer),
    ``closed-idle`` (between two requests, unannounced), ``truncated`` (in the middle of an answer),
    ``timeout``, ``garbage``, ``wrong-body``, or ``status-NNN``.
    """

    began: float
    ended: float
    method: str
    id: str
    kind: str


@dataclass(frozen=True)
class Slow:
    """An answered request that took long (epoch seconds)."""

    began: float
    ended: float
    method: str
    id: str


class Histogram:
    """Durations, to a tenth of a millisecond."""

    def __init__(self, counts: Iterable[tuple[int, int]] = ()) -> None:
        self.counts: Counter[int] = Counter(dict(counts))

    def add(self, duration_s: float) -> None:
        """Count one."""
        self.counts[int(duration_s * _STEPS_PER_S)] += 1

    def __add__(self, other: Histogram) -> Histogram:
        """Both in one."""
        return Histogram((self.counts + other.counts).items())

    def percentile_ms(self, share: float) -> float:
        """The smallest duration that ``share`` of them do not exceed; 0 where there are none."""
        wanted = max(1, math.ceil(share * self.counts.total()))
        for step in sorted(self.counts):
            wanted -= self.counts[step]
            if wanted <= 0:
                return (step + 1) * 1000 / _STEPS_PER_S
        return 0.0


@dataclass
class Report:
    """Counts by method; lists are cut at 20,000, counts are not.

    ``late_ms``: how much later than planned the client itself came to send a request, at most.
    ``processor_s``: what it used of a processor.
    """

    began: float = 0.0
    ended: float = 0.0
    sent: dict[str, int] = field(default_factory=lambda: dict.fromkeys(METHODS, 0))
    answered: dict[str, int] = field(default_factory=lambda: dict.fromkeys(METHODS, 0))
    failed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(METHODS, 0))
    kinds: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    slow: list[Slow] = field(default_factory=list)
    durations: dict[str, Histogram] = field(
        default_factory=lambda: {method: Histogram() for method in METHODS}
    )
    connections_opened: int = 0
    closes_announced: int = 0
    late_ms: float = 0.0
    processor_s: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return sum(self.answered.values()) / max(1e-9, self.ended - self.began)

    @property
    def median_ms(self) -> float:
        """Of all answers."""
        return (self.durations["GET"] + self.durations["POST"]).percentile_ms(0.5)

    def add_failure(self, failure: Failure) -> None:
        """Count a failure, and list it if there is room."""
        self.failed[failure.method] += 1
        self.kinds[failure.kind] += 1
        if len(self.failures) < _LISTED_MAX:
            self.failures.append(failure)

    def add_slow(self, slow: Slow) -> None:
        """List an answer that took long, if there is room."""
        if len(self.slow) < _LISTED_MAX:
            self.slow.append(slow)

    def failures_of(self, method: str) -> list[Failure]:
        """The listed failures of a method."""
        return [failure for failure in self.failures if failure.method == method]

    def to_json(self) -> dict[str, Any]:
        """As it is printed."""
        told = {name: value for name, value in vars(self).items() if name != "durations"}
        told["failures"] = [asdict(failure) for failure in self.failures]
        told["slow"] = [asdict(slow) for slow in self.slow]
        told["durations"] = {
            method: sorted(histogram.counts.items()) for method, histogram in self.durations.items()
        }
        return told

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Report:
        """As it was printed."""
        fields = dict(told)
        fields["kinds"] = Counter(told["kinds"])
        fields["failures"] = [Failure(**failure) for failure in told["failures"]]
        fields["slow"] = [Slow(**slow) for slow in told["slow"]]
        fields["durations"] = {
            method: Histogram((step, count) for step, count in counts)
            for method, counts in told["durations"].items()
        }
        return cls(**fields)

    def summary(self) -> str:
        """One line for people."""
        histogram = self.durations["GET"] + self.durations["POST"]
        p50, p99, most = (histogram.percentile_ms(share) for share in (0.5, 0.99, 1))
        counts = ", ".join(
            f"{self.failed[method]} of {self.sent[method]:,} {method}s failed" for method in METHODS
        )
        kinds = f" {dict(self.kinds)}" if self.kinds else ""
        return (
            f"{counts}{kinds}; {self.rate:,.0f}/s; p50 {p50:.1f}, p99 {p99:.1f},"
            f" maximum {most:.1f} ms; late by {self.late_ms:.0f} ms at most;"
            f" {self.connections_opened} connections, {self.closes_announced} closed as announced;"
            f" client used {self.processor_s:.1f} s of processor"
        )
