"""Whether the engine's host network is the one this process is in."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from minicloud.ports.edge import EdgeMode

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_NETWORK: Final = Path("/proc/self/ns/net")


def mode_for(report: str) -> EdgeMode:
    """The mode for an engine whose host network reported these two lines (boot id, namespace).

    The boot id tells machines apart, the namespace a rootless engine, or a server in a container.
    """
    try:
        ours = [_BOOT_ID.read_text().strip(), str(_NETWORK.readlink())]
    except OSError:
        return EdgeMode.PUBLISHED  # not Linux: no engine can share our network
    return EdgeMode.LOOPBACK if report.split() == ours else EdgeMode.PUBLISHED
