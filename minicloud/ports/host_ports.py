"""Which TCP ports of this machine somebody already serves on."""

from __future__ import annotations

from typing import Protocol


class HostPorts(Protocol):
    """This machine's TCP ports."""

    def in_use(self) -> frozenset[int]:
        """Every port that is listened on, at any address."""
