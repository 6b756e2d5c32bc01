"""HTTP/1.1 over the cloud's socket: a connection for each request, JSON both ways.

A connection costs a fraction of a millisecond here, and one that is never reused cannot be found
closed by the server in the middle of a request that must not be sent twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from minicloud.client.failures import from_record, from_response
from minicloud.client.http import Exchange, ProtocolError
from minicloud.domain.errors import InvalidRequest, Unavailable

_HTTP_OK_LIMIT = 300
_ANSWER_TIMEOUT_S = 120.0
_REF_LENGTH_MAX = 256


def is_answering(socket_path: Path) -> bool:
    """Whether a server listens on this socket."""
    try:
        with Exchange(socket_path):
            return True
    except OSError:
        return False


class Transport:
    """Requests to one cloud's server. May be used by several threads.

    ``start`` is called where no server listens, and must return once one does. It is called before
    any byte of the request was sent, so nothing is ever asked for twice.
    """

    def __init__(
        self,
        socket_path: Path,
        start: Callable[[], None] | None = None,
        answer_timeout_s: float = _ANSWER_TIMEOUT_S,
    ) -> None:
        self._socket_path = socket_path
        self._start = start
        self._answer_timeout_s = answer_timeout_s

    def without_starting(self) -> Transport:
        """The same, but that it never starts a server."""
        return Transport(self._socket_path, None, self._answer_timeout_s)

    def get(self, path: str, **query: int | bool | str) -> Any:
        """What the server answers to a GET."""
        return self._call("GET", _with_query(path, query), None)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What the server answers to a POST; fields of the body that are None are left out."""
        return self._call("POST", path, body)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """What the server answers to a PATCH; fields of the body that are None are left out."""
        return self._call("PATCH", path, body)

    def delete(self, path: str) -> Any:
        """What the server answers to a DELETE."""
        return self._call("DELETE", path, None)

    def stream(self, path: str, **query: int | bool) -> Iterator[bytes]:
        """The pieces of an answer, as they come, however long that takes."""
        with self._answered("GET", _with_query(path, query), None, None) as answer:
            yield from answer.pieces()

    def json_lines(self, path: str, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The items of an answer of JSON lines; raises where one of them is an error."""
        with self._answered("POST", path, body, None) as answer:
            for line in answer.lines():
                item = json.loads(line)
                if "error" in item:
                    raise from_record(item["error"])
                yield item

    def _call(self, method: str, target: str, body: Mapping[str, Any] | None) -> Any:
        with self._answered(method, target, body, self._answer_timeout_s) as answer:
            return json.loads(answer.body())

    @contextmanager
    def _answered(
        self, method: str, target: str, body: Mapping[str, Any] | None, timeout_s: float | None
    ) -> Iterator[Exchange]:
        with self._connected() as exchange:
            try:
                status = exchange.ask(method, f"/v1{target}", _encoded(body), timeout_s)
                if status >= _HTTP_OK_LIMIT:
                    raise from_response(status, exchange.body())
                yield exchange
            except (OSError, ProtocolError, ValueError) as error:
                raise _server_gone(error) from error

    def _connected(self) -> Exchange:
        try:
            try:
                return Exchange(self._socket_path)
            except (FileNotFoundError, ConnectionRefusedError):
                if self._start is None:
                    raise
                self._start()
                return Exchange(self._socket_path)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise Unavailable(
                "ServerNotRunning", "no server runs for this cloud", "start it: minicloud up"
            ) from error
        except OSError as error:
            raise Unavailable(
                "ServerUnreachable",
                f"the socket {self._socket_path} cannot be used ({error.strerror})",
                "see who owns it, or set MINICLOUD_HOME to a folder of yours",
            ) from error


def segment(ref: str, *, may_hold_slashes: bool = False) -> str:
    """An id or a name as a part of a path; ``InvalidRequest`` for what can be neither."""
    can_be_meant = 0 < len(ref) <= _REF_LENGTH_MAX and (may_hold_slashes or "/" not in ref)
    if not can_be_meant:
        from minicloud.domain.tags import shown

        raise InvalidRequest(
            "InvalidParameterValue",
            f"{shown(ref)} is neither an identifier nor a name",
            "the list commands show both",
        )
    from urllib.parse import quote

    return quote(ref, safe="", errors="surrogateescape")


def _with_query(path: str, query: Mapping[str, int | bool | str]) -> str:
    words = "&".join(f"{name}={_query_word(value)}" for name, value in query.items())
    return f"{path}?{words}" if words else path


def _query_word(value: int | bool | str) -> str:
    return segment(value) if isinstance(value, str) else str(value).lower()


def _encoded(body: Mapping[str, Any] | None) -> bytes:
    if body is None:
        return b""
    return json.dumps({key: value for key, value in body.items() if value is not None}).encode()


def _server_gone(error: Exception) -> Unavailable:
    if isinstance(error, TimeoutError):
        return Unavailable(
            "ServerTimeout",
            "the server did not answer in time",
            "look at its log (minicloud status names it), or restart it: minicloud down",
        )
    return Unavailable(
        "ServerGone",
        "the server went away in the middle of the request",
        "what it had begun goes on when it is started again: minicloud up",
    )
