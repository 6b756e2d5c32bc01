"""Which TCP ports of this machine are served on, from the kernel's own table."""

from __future__ import annotations

from pathlib import Path

_LISTEN = "0A"


class KernelPorts:
    """Implements ``ports.host_ports.HostPorts`` where the kernel is Linux; elsewhere none is seen.

    Elsewhere the engine publishes the ports itself and says which are taken.
    """

    def __init__(self, tables: tuple[str, ...] = ("/proc/net/tcp", "/proc/net/tcp6")) -> None:
        self._tables = tuple(Path(table) for table in tables)

    def in_use(self) -> frozenset[int]:
        """Every port that is listened on, at any address."""
        lines = [
            line.split()
            for table in self._tables
            if table.exists()
            for line in table.read_text("ascii").splitlines()
        ]
        return frozenset(
            int(fields[1].rpartition(":")[2], 16)
            for fields in lines
            if len(fields) > 3 and fields[3] == _LISTEN
        )
