"""A balancer's access log, read by a command inside its container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.adapters.docker.commands import Commands
from minicloud.adapters.docker.streams import EngineStream
from minicloud.adapters.nginx.agent import AGENT_COMMAND, failed, unreachable
from minicloud.domain.errors import Conflict, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

    from minicloud.ports.engine import ExecOutput


def access_log(
    api: docker.APIClient, container_name: str, tail: int, follow: bool
) -> EngineStream[bytes]:
    """The newest ``tail`` lines, whole, oldest first; with ``follow`` also those that come."""
    commands = Commands(api)
    argv = [*AGENT_COMMAND, "logs", "--tail", str(tail)]
    try:
        if follow:
            output = commands.follow(container_name, [*argv, "--follow"])
        else:
            output = commands.stream(container_name, argv, b"")
    except (NotFound, Conflict) as error:
        raise unreachable(container_name, error.message) from error
    return EngineStream(_lines(output), output.close)


def _lines(output: EngineStream[ExecOutput]) -> Iterator[bytes]:
    pending, complaints = bytearray(), bytearray()
    for piece in output:
        if piece.stream == "stderr":
            complaints += piece.data
        elif piece.exit_code:
            said = complaints.decode(errors="replace").strip().rpartition("\n")[2]
            raise failed(f"the access log cannot be read ({said or piece.exit_code})")
        else:
            pending += piece.data
            *whole, pending = pending.split(b"\n")
            for line in whole:
                yield bytes(line) + b"\n"
