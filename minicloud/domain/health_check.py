"""How a target group asks its targets whether they are well. Ranges and defaults: ELBv2's.

Source: AWS's reference of ``CreateTargetGroup``; an application's group accepts the codes 200-499.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from minicloud.domain.errors import InvalidRequest
from minicloud.domain.ranges import require_range
from minicloud.domain.tags import shown

_PATH = re.compile(r"/[!-~]{0,1023}")
_MATCHER_PART = re.compile(r"(\d{3})(?:-(\d{3}))?")
_MATCHER_PARTS_MAX = 20


class CheckProtocol(StrEnum):
    """What a check speaks."""

    HTTP = "HTTP"
    TCP = "TCP"


@dataclass(frozen=True)
class HealthCheck:
    """A target group's health check.

    ``port`` None: the port that traffic goes to. ``matcher``: which HTTP codes pass, as AWS writes
    them (``200``, ``200,302``, ``200-299``). ``path`` and ``matcher`` mean nothing to TCP checks.
    """

    protocol: CheckProtocol = CheckProtocol.HTTP
    path: str = "/"
    port: int | None = None
    matcher: str = "200"
    interval_s: int = 30
    timeout_s: int = 5
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2

    def __post_init__(self) -> None:
        """Refuse what AWS refuses."""
        require_range("the health check's interval", self.interval_s, 5, 300, "s")
        require_range("the health check's timeout", self.timeout_s, 2, 120, "s")
        require_range("the healthy threshold", self.healthy_threshold, 2, 10)
        require_range("the unhealthy threshold", self.unhealthy_threshold, 2, 10)
        if self.port is not None:
            require_range("the health check's port", self.port, 1, 65535)
        if self.timeout_s > self.interval_s:
            raise InvalidRequest(
                "InvalidParameterValue",
                f"Health check timeout '{self.timeout_s}' must be smaller than or equal to the"
                f" interval '{self.interval_s}'",
                "lengthen the interval or shorten the timeout",
            )
        if not _PATH.fullmatch(self.path):
            raise InvalidRequest(
                "InvalidParameterValue",
                f"{shown(self.path)} cannot be the path of a health check",
                "begin with / and use at most 1024 printable ASCII characters, no blanks",
            )
        parse_matcher(self.matcher)

    @property
    def codes(self) -> tuple[tuple[int, int], ...]:
        """The passing codes as ranges, both ends included."""
        return parse_matcher(self.matcher)


def parse_matcher(text: str) -> tuple[tuple[int, int], ...]:
    """``200,301-302`` as ranges; ``InvalidParameterValue`` outside 200-499."""
    ranges = []
    for part in text.split(","):
        match = _MATCHER_PART.fullmatch(part)
        first, last = (0, 0) if match is None else (int(match[1]), int(match[2] or match[1]))
        if not 200 <= first <= last <= 499:
            raise InvalidRequest(
                "InvalidParameterValue",
                f"{shown(text)} does not say which codes pass",
                "write codes from 200 to 499, as 200 or 200,302 or 200-299",
            )
        ranges.append((first, last))
    require_range("the number of codes and ranges", len(ranges), 1, _MATCHER_PARTS_MAX)
    return tuple(ranges)
