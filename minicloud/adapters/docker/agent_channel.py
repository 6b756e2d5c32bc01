"""The line to an agent in a container: JSON lines over one long-lived ``docker exec``.

No container IP is needed, so that it works on every engine, and an exec for each call would cost
its start.
"""

from __future__ import annotations

import json
import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from minicloud.adapters.docker.errors import translated
from minicloud.domain.errors import Conflict, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import docker

    from minicloud.domain.errors import MiniCloudError

_FRAME: Final = struct.Struct(">BxxxI")
_STDERR: Final = 2
_ANSWER_TIMEOUT_S: Final = 30.0


class _Broken(Exception):
    """The line broke; whether the request was done is not known, so it must be safe to repeat."""


@dataclass(frozen=True)
class AgentKind:
    """How agents of one kind are reached, and how what goes wrong with them is told.

    ``argv``: what joins its standard input and output to the agent, inside the container.
    ``unreachable``: the error, by the container's name and what happened. ``refusal``: the error
    that an agent's own code and message mean.
    """

    argv: tuple[str, ...]
    unreachable: Callable[[str, str], MiniCloudError]
    refusal: Callable[[str, str], MiniCloudError]


class AgentChannel:
    """Requests to an agent, one at a time, from any thread. Laid at need, laid anew if broken.

    Every request must be safe to repeat: where the line breaks, it is sent a second time.
    """

    def __init__(self, api: docker.APIClient, container_name: str, kind: AgentKind) -> None:
        self._api = api
        self._container_name = container_name
        self._kind = kind
        self._lock = threading.Lock()
        self._line: _Line | None = None
        self._last_id = 0

    def call(self, operation: str, arguments: Mapping[str, object] | None = None) -> Any:
        """Have the agent do it and give its result.

        The kind's ``unreachable`` where no agent answers, its ``refusal`` as the agent judges.
        """
        with self._lock:
            try:
                answer = self._exchange(operation, arguments or {})
            except _Broken:
                # The agent restarted since the last call.
                answer = self._exchange_at_last(operation, arguments or {})
        if "error" in answer:
            raise self._kind.refusal(answer["error"]["code"], answer["error"]["message"])
        return answer["result"]

    def close(self) -> None:
        """Hang up; the next call lays the line anew."""
        with self._lock:
            self._hang_up()

    def _exchange_at_last(self, operation: str, arguments: Mapping[str, object]) -> dict[str, Any]:
        try:
            return self._exchange(operation, arguments)
        except _Broken as error:
            raise self._unreachable(str(error)) from error

    def _exchange(self, operation: str, arguments: Mapping[str, object]) -> dict[str, Any]:
        self._last_id += 1
        request = {**arguments, "id": self._last_id, "op": operation}
        line = self._line = self._line or self._lay()
        try:
            line.send(json.dumps(request).encode() + b"\n")
            answer: dict[str, Any] = json.loads(line.receive())
        except (OSError, _Broken, ValueError) as error:
            self._hang_up()
            raise _Broken(str(error)) from error
        if answer["id"] != self._last_id:
            self._hang_up()
            raise _Broken("an answer to another request")
        return answer

    def _lay(self) -> _Line:
        try:
            with translated():
                made = self._api.exec_create(
                    self._container_name, list(self._kind.argv), stdin=True
                )
                return _Line(self._api.exec_start(made["Id"], socket=True))
        except (NotFound, Conflict) as error:
            raise self._unreachable(error.message) from error

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _unreachable(self, detail: str) -> MiniCloudError:
        return self._kind.unreachable(self._container_name, detail.strip())


class _Line:
    """One attached exec: bytes to its stdin, and lines from its stdout out of Docker's frames."""

    def __init__(self, attached: Any) -> None:
        # Kept: the SDK hangs the response on it, and the socket closes when that is collected.
        self._attached = attached
        # The socket below the SDK's file (unix), or what it gives already is one (TLS, SSH, npipe).
        self._socket = getattr(attached, "_sock", attached)
        self._socket.settimeout(_ANSWER_TIMEOUT_S)
        self._pending = bytearray()
        self._complaints = bytearray()

    def send(self, data: bytes) -> None:
        """Hand the bytes to the engine."""
        self._socket.sendall(data)

    def receive(self) -> bytes:
        """The next whole line of its stdout."""
        while (end := self._pending.find(b"\n")) < 0:
            stream, length = _FRAME.unpack(self._exactly(_FRAME.size))
            piece = self._exactly(length)
            (self._complaints if stream == _STDERR else self._pending).extend(piece)
        line = bytes(self._pending[:end])
        del self._pending[: end + 1]
        return line

    def close(self) -> None:
        """Let go of the socket and of the response that keeps it."""
        self._attached.close()
        self._socket.close()

    def _exactly(self, count: int) -> bytes:
        received = bytearray()
        while len(received) < count:
            piece = self._socket.recv(count - len(received))
            if not piece:
                raise _Broken(self._complaints.decode(errors="replace") or "it hung up")
            received += piece
        return bytes(received)
