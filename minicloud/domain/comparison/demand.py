"""A curve of visitors: how many come in an hour, from when on.

Rates are counted in whole thousandths of a visitor an hour, and time in whole seconds, so that what
is served and what is not add up to what came, exactly.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction

from minicloud.domain.billing.offering import HOUR_S

THOUSANDTHS = 1000
# A year by the half hour, a month by the minute.
POINTS_MAX = 50_000
RATE_MAX = 1_000_000_000
LENGTH_MAX_S = 3 * 366 * 86_400


@dataclass(frozen=True)
class DemandCurve:
    """``rates[i]`` thousandths of a visitor come in an hour from ``starts_s[i]`` (seconds since
    1970 UTC) until the next of them, the last until ``ends_s``.
    """

    starts_s: tuple[int, ...]
    rates: tuple[int, ...]
    ends_s: int

    def __post_init__(self) -> None:
        """Refuse what is no curve: whoever makes one says first what was wrong with its source."""
        times_s = (*self.starts_s, self.ends_s)
        if len(self.starts_s) != len(self.rates) or len(times_s) < 2 or min(self.rates) < 0:
            raise ValueError("a curve has as many rates as times, and no negative one")
        if any(later <= earlier for earlier, later in itertools.pairwise(times_s)):
            raise ValueError("the times of a curve go forward")

    @property
    def begins_s(self) -> int:
        """When it begins."""
        return self.starts_s[0]

    @property
    def length_s(self) -> int:
        """How long it is."""
        return self.ends_s - self.begins_s

    @property
    def peak(self) -> int:
        """Its highest rate, in thousandths."""
        return max(self.rates)

    @property
    def mean(self) -> Fraction:
        """Its mean rate, in thousandths."""
        return Fraction(self._rate_seconds, self.length_s)

    @property
    def visitors(self) -> Fraction:
        """How many come altogether."""
        return visitors_of(self._rate_seconds)

    def ending_s(self, place: int) -> int:
        """Until when the rate at this place holds."""
        return self.starts_s[place + 1] if place + 1 < len(self.starts_s) else self.ends_s

    def rate_at(self, at_s: int) -> int:
        """The rate at a time within the curve, in thousandths."""
        return self.rates[bisect_right(self.starts_s, at_s) - 1]

    @property
    def _rate_seconds(self) -> int:
        return sum(
            rate * (self.ending_s(place) - self.starts_s[place])
            for place, rate in enumerate(self.rates)
        )


def visitors_of(rate_seconds: int) -> Fraction:
    """How many visitors a sum of (thousandths an hour x seconds) is."""
    return Fraction(rate_seconds, THOUSANDTHS * HOUR_S)
