"""Figures of a balancer's whole life, summed over every nginx it has had. Pure; no clock here.

Each nginx counts from zero; what an ended one counted last is added to a base. The histogram of a
group's response times has 128 buckets; bucket ``i`` ends at ``2 ** (i / 8) * 1e-4`` seconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Final

_BUCKETS: Final = 128
_MINUTE_S: Final = 60
_MINUTES_KEPT: Final = 60
_QUANTILES: Final = {"p50_ms": 0.50, "p90_ms": 0.90, "p99_ms": 0.99}

Counters = Mapping[str, int]


class Meters:
    """Sums, and their differences by the minute."""

    def __init__(self, since: float, base: Counters | None = None) -> None:
        self.since = since
        self._base = dict(base or {})
        self._living: dict[int, Counters] = {}
        self._minute_at: float | None = None
        self._at_minute: dict[str, int] = {}
        self._minutes: deque[dict[str, Any]] = deque(maxlen=_MINUTES_KEPT)

    def observe(self, generation: int, counters: Counters) -> None:
        """What one nginx has counted so far; it never goes back, also where an answer is old."""
        known = self._living.get(generation, {})
        self._living[generation] = {
            key: max(counters.get(key, 0), known.get(key, 0)) for key in counters.keys() | known
        }

    def end(self, generation: int) -> None:
        """That nginx is gone: what it counted last stays."""
        for key, count in self._living.pop(generation, {}).items():
            self._base[key] = self._base.get(key, 0) + count

    def totals(self) -> dict[str, int]:
        """Every counter, summed."""
        sums = dict(self._base)
        for counters in self._living.values():
            for key, count in counters.items():
                sums[key] = sums.get(key, 0) + count
        return sums

    def forget_groups_but(self, groups: Iterable[str]) -> None:
        """Drop what ended nginxes counted for groups that are no more."""
        kept = set(groups)
        self._base = {
            key: count for key, count in self._base.items() if _group_of(key) in kept | {None}
        }

    def tick(self, now: float) -> None:
        """Close the minute if another has begun; call it whenever something was observed."""
        minute_at = now - now % _MINUTE_S
        if minute_at == self._minute_at:
            return
        sums = self.totals()
        if self._minute_at is not None:
            gone = {
                key: count - self._at_minute.get(key, 0)
                for key, count in sums.items()
                if count > self._at_minute.get(key, 0)
            }
            self._minutes.append({"at": self._minute_at, "counters": gone})
        self._minute_at, self._at_minute = minute_at, sums

    def minutes(self) -> list[dict[str, Any]]:
        """The last hour's closed minutes, oldest first."""
        return list(self._minutes)

    def as_json(self) -> dict[str, Any]:
        """What the disk keeps of the sums."""
        return {"since": self.since, "counters": self.totals()}

    def restore_minutes(self, minutes: Iterable[Mapping[str, Any]]) -> None:
        """Take back what the disk kept of the minutes."""
        self._minutes.extend(
            {
                "at": float(minute["at"]),
                "counters": {str(key): int(count) for key, count in minute["counters"].items()},
            }
            for minute in minutes
        )


def group_figures(totals: Counters, groups: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Each group's own counters by their short names, with its percentiles."""
    found: dict[str, dict[str, Any]] = {group: {"requests": 0} for group in groups}
    histograms: dict[str, dict[int, int]] = {group: {} for group in found}
    for key, count in totals.items():
        group, _, name = key.partition("|")
        if not name or group not in found:
            continue
        if name[0] == "t" and name[1:].isdigit():
            histograms[group][int(name[1:])] = count
        else:
            found[group][name] = count
    for group, histogram in histograms.items():
        found[group].update(percentiles(histogram))
    return found


def balancer_figures(totals: Counters) -> dict[str, int]:
    """The counters that belong to no group."""
    return {key: count for key, count in totals.items() if _group_of(key) is None}


def percentiles(histogram: Mapping[int, int]) -> dict[str, float | None]:
    """The upper bounds, in milliseconds, of the buckets in which the quantiles lie."""
    total = sum(histogram.values())
    found: dict[str, float | None] = dict.fromkeys(_QUANTILES)
    if not total:
        return found
    for name, quantile in _QUANTILES.items():
        rank, seen = quantile * total, 0
        for bucket in range(_BUCKETS):
            seen += histogram.get(bucket, 0)
            if seen >= rank:
                found[name] = round(2 ** (bucket / 8) * 0.1, 3)
                break
    return found


def _group_of(key: str) -> str | None:
    group, bar, _ = key.partition("|")
    return group if bar else None
