"""The endpoint's place in the server process: its port, and a thread and event loop of its own.

It listens from the beginning, and begins to serve when the first client comes: until then it costs
no memory and no time, and the native API's first answer comes as early as without it. It listens on
127.0.0.1 alone, and nothing but the AWS application can be reached there.
"""

from __future__ import annotations

import errno
import logging
import selectors
import socket
import threading
from collections.abc import Callable
from datetime import datetime

import uvicorn

from minicloud.aws.backend import AwsBackend
from minicloud.domain.aws_endpoint import EndpointState, first_port
from minicloud.domain.operation import OperationError
from minicloud.services.aws_endpoint import AwsEndpointService

_HOST = "127.0.0.1"
_BACKLOG = 256
_PORTS_TRIED = 100
_TRY_AGAIN_AFTER_S = 5.0
_GRACEFUL_S = 5
# Leaves the process room for files of its own: it may often open 1024.
_CONNECTIONS_MAX = 400
# AWS's own endpoints keep an idle connection about as long.
_IDLE_S = 20

log = logging.getLogger(__name__)


class AwsServer:
    """Listens, serves and ends. ``wall_clock`` is the time that clients sign with."""

    def __init__(
        self,
        backend: AwsBackend,
        endpoint: AwsEndpointService,
        cloud_name: str,
        wall_clock: Callable[[], datetime],
    ) -> None:
        self._backend = backend
        self._endpoint = endpoint
        self._cloud_name = cloud_name
        self._wall_clock = wall_clock
        self._listening: socket.socket | None = None
        self._port: int | None = None
        self._error: OperationError | None = None
        self._uvicorn: uvicorn.Server | None = None
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="aws")

    def start(self) -> None:
        """Listen, if the port is free, and wait for clients from now on."""
        self._listen()
        self._thread.start()

    def stop(self) -> None:
        """End: what is being answered has some seconds. May be called again."""
        self._backend.ending.set()
        self._wake.close()
        if self._uvicorn is not None:
            self._uvicorn.should_exit = True
        if self._thread.is_alive():
            self._thread.join()

    def state(self) -> EndpointState:
        """How it stands."""
        if self._port is None:
            return EndpointState(None, self._error)
        return EndpointState(f"http://{_HOST}:{self._port}")

    def _run(self) -> None:
        while self._listening is None:
            if self._is_told_to_end(self._woken, _TRY_AGAIN_AFTER_S):
                return
            self._listen()
        if not self._is_told_to_end(self._listening, None):
            self._serve(self._listening)
        self._listening.close()

    def _is_told_to_end(self, awaited: socket.socket, timeout_s: float | None) -> bool:
        """Wait until there is something at ``awaited``; whether it is time to end."""
        with selectors.DefaultSelector() as selector:
            for each in {awaited, self._woken}:
                selector.register(each, selectors.EVENT_READ)
            selector.select(timeout_s)
        return self._backend.ending.is_set()

    def _serve(self, listening: socket.socket) -> None:
        # With the first client, not with the server: it takes 0.2 s and 40 MB.
        from minicloud.aws.endpoint import AwsEndpoint
        from minicloud.aws.prompt_http import PromptHttp

        self._uvicorn = uvicorn.Server(
            uvicorn.Config(
                AwsEndpoint(self._backend, self._wall_clock),
                # Unlike httptools, h11 bounds what it takes for a request's head.
                http=PromptHttp,
                h11_max_incomplete_event_size=64 * 1024,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                ws="none",
                limit_concurrency=_CONNECTIONS_MAX,
                timeout_keep_alive=_IDLE_S,
                timeout_graceful_shutdown=_GRACEFUL_S,
            )
        )
        if not self._backend.ending.is_set():
            self._uvicorn.run(sockets=[listening])

    def _listen(self) -> None:
        kept = self._endpoint.port()
        first = first_port(self._cloud_name)
        wanted = [kept] if kept is not None else [*range(first, first + _PORTS_TRIED), 0]
        for port in wanted:
            try:
                listening = _listening_at(port)
            except OSError as error:
                self._error = _not_listening(port, error)
                if error.errno != errno.EADDRINUSE:
                    return
            else:
                self._listening, self._port = listening, listening.getsockname()[1]
                self._endpoint.keep_port(self._port)
                return


def _listening_at(port: int) -> socket.socket:
    # asyncio sends without Nagle's delay only where the protocol is said: an answer's body would
    # wait 40 ms for the client's acknowledgement of its head.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # The server may be started again at once.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((_HOST, port))
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def _not_listening(port: int, error: OSError) -> OperationError:
    log.warning("no AWS endpoint at port %s: %s", port, error)
    return OperationError(
        "EndpointPortTaken",
        f"port {port} of {_HOST} cannot be listened on ({error.strerror})",
        f"end what listens there (ss -ltnp 'sport = :{port}'); it is tried again by itself",
    )
