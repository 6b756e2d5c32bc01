"""Commands inside running containers."""

from __future__ import annotations

import contextlib
import io
import socket
import ssl
import struct
import threading
import time
from typing import TYPE_CHECKING, Any, Final, cast

from minicloud.adapters.docker.errors import translated
from minicloud.adapters.docker.streams import EngineStream
from minicloud.domain.errors import Unavailable
from minicloud.ports.engine import ExecOutput, ExecResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import docker

_ROOT: Final = "0"
_HEADER: Final = struct.Struct(">BxxxL")
_STREAM_NAMES: Final = {1: "stdout", 2: "stderr"}
_CHUNK_BYTES: Final = 65536
_COUNTED_STDIN_SCRIPT: Final = 'head -c "$0" | "$@"'
_END_POLL_S: Final = 0.005
_END_POLL_LIMIT_S: Final = 0.5
_STREAM_END_TIMEOUT_S: Final = 3600.0


class Commands:
    """The exec half of the port."""

    def __init__(self, api: docker.APIClient) -> None:
        self._api = api

    def run(self, name: str, argv: Sequence[str], timeout_s: float) -> ExecResult:
        """Run to the end; see the port.

        ``Unavailable`` code ``ExecTimeout`` where it takes longer. The engine has no way to end a
        command, so it may go on inside the machine.
        """
        deadline_s = time.monotonic() + timeout_s
        outputs = {"stdout": bytearray(), "stderr": bytearray()}
        with translated():
            identity = self._create(name, argv, with_stdin=False)
            line = _Line(self._api, identity)
            try:
                for stream, data in line.frames(deadline_s):
                    outputs[stream] += data
                exit_code = self._exit_code(identity, deadline_s)
            except TimeoutError as error:
                raise Unavailable(
                    "ExecTimeout",
                    f"{argv[0]} in {name} did not end within {timeout_s:g} s",
                    "see what the machine is busy with; the command may still run in it",
                ) from error
            finally:
                line.close()
        return ExecResult(exit_code, bytes(outputs["stdout"]), bytes(outputs["stderr"]))

    def stream(self, name: str, argv: Sequence[str], stdin: bytes) -> EngineStream[ExecOutput]:
        """Run and yield the output as it comes; see the port."""
        if stdin and _is_tls(self._api):
            # Python's TLS socket cannot say that no more comes and still listen.
            argv = ["/bin/sh", "-c", _COUNTED_STDIN_SCRIPT, str(len(stdin)), *argv]
        with translated():
            identity = self._create(name, argv, with_stdin=bool(stdin))
            line = _Line(self._api, identity)
        if stdin:
            # Apart, or a command that answers before it has read everything would block us both.
            threading.Thread(target=line.send, args=(stdin,), daemon=True).start()
        return EngineStream(self._outputs(line, identity), line.close)

    def follow(self, name: str, argv: Sequence[str]) -> EngineStream[ExecOutput]:
        """Run with an input that stays open and silent, and ends when the stream is closed.

        The command must then end by itself: an engine goes on reading what it says, though nobody
        listens any more, so that its output would never tell it.
        """
        with translated():
            identity = self._create(name, argv, with_stdin=True)
            line = _Line(self._api, identity)
        return EngineStream(self._outputs(line, identity), line.close)

    def _outputs(self, line: _Line, identity: str) -> Iterator[ExecOutput]:
        try:
            for stream, data in line.frames(deadline_s=None):
                yield ExecOutput(stream, data)
            if line.is_closed:
                return
            deadline_s = time.monotonic() + _STREAM_END_TIMEOUT_S
            yield ExecOutput("exit", exit_code=self._exit_code(identity, deadline_s))
        finally:
            line.close()

    def _create(self, name: str, argv: Sequence[str], with_stdin: bool) -> str:
        created = cast("Any", self._api).exec_create(name, list(argv), stdin=with_stdin, user=_ROOT)
        return str(created["Id"])

    def _exit_code(self, identity: str, deadline_s: float) -> int:
        """The exit code; a command may close its output long before it ends."""
        poll_s = _END_POLL_S
        while True:
            state = cast("Any", self._api).exec_inspect(identity)
            if not state["Running"] and state["ExitCode"] is not None:
                return int(state["ExitCode"])
            if time.monotonic() > deadline_s:
                raise TimeoutError
            time.sleep(poll_s)
            poll_s = min(2 * poll_s, _END_POLL_LIMIT_S)


def _is_tls(api: docker.APIClient) -> bool:
    return api.base_url.startswith("https://")


class _Line:
    """The two-way connection to one running command.

    Read through the response's own buffer: the engine may send the first output together with
    the headers, and the SDK's reader then loses it.
    """

    def __init__(self, api: docker.APIClient, identity: str) -> None:
        sdk = cast("Any", api)
        self._response = sdk._post_json(
            sdk._url("/exec/{0}/start", identity),
            data={"Tty": False, "Detach": False},
            headers={"Connection": "Upgrade", "Upgrade": "tcp"},
            stream=True,
        )
        connection = sdk._get_raw_response_socket(self._response)
        self._socket: Any = getattr(connection, "_sock", connection)
        self._reader: Any = self._response.raw._fp.fp
        self.is_closed = False

    def frames(self, deadline_s: float | None) -> Iterator[tuple[str, bytes]]:
        """Stream name and data, to the end. ``TimeoutError`` past the deadline."""
        buffer = bytearray()
        while chunk := self._receive(deadline_s):
            buffer += chunk
            while len(buffer) >= _HEADER.size:
                kind, length = _HEADER.unpack_from(buffer)
                end = _HEADER.size + length
                if len(buffer) < end:
                    break
                yield _STREAM_NAMES.get(kind, "stdout"), bytes(buffer[_HEADER.size : end])
                del buffer[:end]

    def send(self, data: bytes) -> None:
        """Write it all, then say that no more comes."""
        try:
            self._socket.sendall(data)
            if not isinstance(self._socket, ssl.SSLSocket):
                self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            # The command has ended without reading; its exit code tells.
            return

    def close(self) -> None:
        """End the connection; a read that waits in another thread sees its end."""
        self.is_closed = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._response.close()

    def _receive(self, deadline_s: float | None) -> bytes:
        remaining_s = None if deadline_s is None else deadline_s - time.monotonic()
        if remaining_s is not None and remaining_s <= 0:
            raise TimeoutError
        self._socket.settimeout(remaining_s)
        if isinstance(self._reader, io.BufferedReader):
            return self._reader.read1(_CHUNK_BYTES)
        return bytes(self._socket.recv(_CHUNK_BYTES))
