"""As much of HTTP/1.1 (RFC 9112) as one request over a UNIX domain socket takes.

Not ``http.client``: it imports the e-mail package and TLS, which takes 18 of the 90 ms that all of
``minicloud instance list`` may.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_LINE_BYTES_MAX = 65536
_PIECE_BYTES = 65536


class ProtocolError(Exception):
    """What came is not HTTP, or it stopped short."""


class Exchange:
    """One request and its answer, on a connection of their own; a context that closes it.

    ``OSError`` where the socket fails, ``ProtocolError`` where the answer cannot be read.
    """

    def __init__(self, socket_path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(str(socket_path))
        except OSError:
            self._socket.close()
            raise
        self._reader: BinaryIO = self._socket.makefile("rb")

    def __enter__(self) -> Exchange:
        """The exchange itself."""
        return self

    def __exit__(self, *_why: object) -> None:
        """Close the connection."""
        self._reader.close()
        self._socket.close()

    def ask(self, method: str, target: str, body: bytes, timeout_s: float | None) -> int:
        """Send the request, read the answer's head, and return its status.

        ``timeout_s`` bounds each silence of the server, None: not at all. It is set after the
        connecting, since a socket with a timeout is refused, not queued, by a full backlog.
        """
        self._socket.settimeout(timeout_s)
        head = (
            f"{method} {target} HTTP/1.1\r\nHost: minicloud\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._socket.sendall(head.encode("ascii") + body)
        version, _, rest = self._line().partition(b" ")
        status = rest[:3]
        if not version.startswith(b"HTTP/1.") or not status.isdigit():
            raise ProtocolError("the answer is not HTTP")
        self._read_headers()
        return int(status)

    def pieces(self) -> Iterator[bytes]:
        """The answer's body, piece by piece as it comes."""
        return self._chunks() if self._is_chunked else self._counted()

    def body(self) -> bytes:
        """All of the answer's body."""
        return b"".join(self.pieces())

    def lines(self) -> Iterator[bytes]:
        """The answer's body, line by line as it comes."""
        rest = b""
        for piece in self.pieces():
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole
        if rest:
            yield rest

    def _read_headers(self) -> None:
        self._length = 0
        self._is_chunked = False
        while line := self._line():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                self._length = _number(value.strip(), 10)
            elif name.lower() == b"transfer-encoding":
                self._is_chunked = value.strip().lower() == b"chunked"

    def _counted(self) -> Iterator[bytes]:
        left = self._length
        while left:
            piece = self._exactly(min(left, _PIECE_BYTES))
            left -= len(piece)
            yield piece

    def _chunks(self) -> Iterator[bytes]:
        while size := _number(self._line().partition(b";")[0], 16):
            yield self._exactly(size)
            self._line()
        while self._line():
            pass

    def _exactly(self, size: int) -> bytes:
        data = self._reader.read(size)
        if len(data) < size:
            raise ProtocolError("the answer stopped short")
        return data

    def _line(self) -> bytes:
        line = self._reader.readline(_LINE_BYTES_MAX)
        if not line.endswith(b"\n"):
            raise ProtocolError("the answer stopped short")
        return line.rstrip(b"\r\n")


def _number(text: bytes, base: int) -> int:
    try:
        return int(text, base)
    except ValueError as error:
        raise ProtocolError("the answer has a length that is no number") from error
