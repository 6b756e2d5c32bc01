"""A minimal parser of HTTP/1.1 answers: just enough to know where one ends and what it says."""

from __future__ import annotations

from dataclasses import dataclass

_HEAD_BYTES_MAX = 32 * 1024


class Garbage(Exception):
    """What came is not an HTTP answer."""


@dataclass(frozen=True)
class Answer:
    """One whole answer. ``closes``: the server said that it closes the connection after it."""

    status: int
    body: bytes
    closes: bool


def parse(data: bytes) -> Answer | None:
    """The answer that ``data`` is, or None while there is more to come.

    ``Garbage`` where it is not HTTP, says not where it ends, or goes on after its end.
    """
    end = data.find(b"\r\n\r\n")
    if end < 0:
        if len(data) > _HEAD_BYTES_MAX or not b"HTTP/1.".startswith(data[:7]):
            raise Garbage
        return None
    head = data[:end].lower()
    status = _status(head)
    body = _body(head, status, data[end + 4 :])
    if body is None:
        return None
    return Answer(status, body, _header(head, b"connection") == b"close")


def _status(head: bytes) -> int:
    word = head[9:12]
    if not head.startswith(b"http/1.1 ") or not word.isdigit():
        raise Garbage
    return int(word)


def _header(head: bytes, name: bytes) -> bytes | None:
    start = head.find(b"\r\n" + name + b":")
    if start < 0:
        return None
    start += len(name) + 3
    end = head.find(b"\r\n", start)
    return head[start : end if end >= 0 else len(head)].strip()


def _body(head: bytes, status: int, rest: bytes) -> bytes | None:
    if status in {204, 304}:
        length = 0
    elif _header(head, b"transfer-encoding") == b"chunked":
        return _chunked(rest)
    else:
        text = _header(head, b"content-length")
        if text is None or not text.isdigit():
            raise Garbage
        length = int(text)
    if len(rest) > length:
        raise Garbage
    return rest if len(rest) == length else None


def _chunked(rest: bytes) -> bytes | None:
    pieces = []
    while True:
        line, newline, rest = rest.partition(b"\r\n")
        if not newline:
            return None
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError as error:
            raise Garbage from error
        if size == 0:
            break
        if len(rest) < size + 2:
            return None
        pieces.append(rest[:size])
        rest = rest[size + 2 :]
    if len(rest) > 2:
        raise Garbage  # trailers, which nothing here sends, or more than one answer
    return b"".join(pieces) if rest == b"\r\n" else None
