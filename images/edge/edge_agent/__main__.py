"""The edge's commands: ``serve``, ``pipe``, ``withdraw`` and ``whereami``."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import agent_pipe

from edge_agent import kernel
from edge_agent.keeper import MEMORY_PATH, SOCKET_PATH, Keeper, serve
from edge_agent.memory import Memory
from edge_agent.ruleset import LOOPBACK, Refused, Settings


def main(arguments: list[str]) -> None:
    """Do what the arguments name."""
    match arguments:
        case ["serve", settings]:
            # A first process ignores what it does not handle; the rules stay, on purpose.
            signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
            serve(Keeper(Settings.parse(settings), Memory(MEMORY_PATH)))
        case ["pipe"]:
            agent_pipe.join(SOCKET_PATH)
        case ["withdraw", settings]:
            _withdraw(Settings.parse(settings))
        case ["whereami"]:
            print(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
            print(Path("/proc/self/ns/net").readlink())
        case _:
            raise Refused("InvalidEdgeRequest", f"no such command: {arguments}")


def _withdraw(settings: Settings) -> None:
    """Take back everything ``serve`` did to this kernel.

    First the bridge's right to carry 127.0.0.0/8: the table holds what makes that safe.
    """
    if settings.mode == LOOPBACK:
        kernel.set_route_localnet(settings.bridge, enabled=False)
    kernel.remove_table(settings.table)
    for front in {front for front, _ in kernel.carried(settings)}:
        kernel.cut(settings, kernel.Cut(front, None))


if __name__ == "__main__":
    main(sys.argv[1:])
