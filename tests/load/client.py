"""The loop: connections, the requests that are due, the answers that come.

One thread and one epoll. A request goes to the connection that has been idle for longest, so every
connection is used in turn and one that the server has closed is met soon; a request that is due
while all are busy waits, and that wait is part of what it took. Nothing is ever sent twice.
"""

from __future__ import annotations

import errno
import math
import select
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from tests.load import answers
from tests.load.report import METHODS, Failure, Report, Slow

_POLL_MAX_S = 0.1
_READ_BYTES = 64 * 1024


@dataclass(frozen=True)
class Plan:
    """What to ask. It ends after ``requests`` of them, or after ``duration_s``, or when stopped.

    GET and POST take turns. Each has an id, ``NAME-NUMBER``: in the query, in ``X-Request-Id``, and
    as a POST's body. With ``echo`` the answer's body must be that id. Answers slower than
    ``slow_s`` are listed.
    """

    address: str
    port: int
    name: str
    path: str = "/echo"
    rate_per_s: int = 2000
    connections: int = 64
    requests: float = math.inf
    duration_s: float = math.inf
    timeout_s: float = 10.0
    slow_s: float = 0.1
    echo: bool = True


class State(Enum):
    """What a connection is at."""

    CONNECTING = auto()
    IDLE = auto()
    BUSY = auto()
    DEAD = auto()


class Connection:
    """A connection and the request on it, if it is busy; ``kind`` says how it died."""

    __slots__ = ("began_s", "data", "id", "kind", "method", "socket", "state")

    def __init__(self, made: socket.socket, began_s: float) -> None:
        self.socket = made
        self.state = State.CONNECTING
        self.began_s = began_s
        self.method = self.id = self.kind = ""
        self.data = b""


class Load:
    """One run. ``on_ready`` is called when every connection has been made, or has failed."""

    def __init__(self, plan: Plan, on_ready: Callable[[], None] = lambda: None) -> None:
        self._plan = plan
        self._on_ready = on_ready
        self._poll = select.epoll()
        self._by_fd: dict[int, Connection] = {}
        self._free: deque[Connection] = deque()
        self._waiting: deque[float] = deque()
        self._issued = self._sent = 0
        self._to_epoch_s = time.time() - time.monotonic()
        self._is_stopping = False
        self.report = Report()

    def stop(self) -> None:
        """Begin no more requests; ``run`` returns when those under way have ended."""
        self._is_stopping = True

    def run(self) -> Report:
        """Ask as planned, and tell."""
        processor_s = time.process_time()
        for _ in range(self._plan.connections):
            self._connect()
        self._await_connections()
        self._on_ready()
        began_s = time.monotonic()
        self.report.began = began_s + self._to_epoch_s
        self._ask(began_s)
        self.report.ended = time.time()
        self.report.processor_s = time.process_time() - processor_s
        for connection in self._by_fd.values():
            connection.socket.close()
        return self.report

    def _await_connections(self) -> None:
        while any(c.state is State.CONNECTING for c in self._by_fd.values()):
            self._turn(_POLL_MAX_S)
            self._give_up_late_ones(time.monotonic())

    def _ask(self, began_s: float) -> None:
        plan, interval_s = self._plan, 1 / self._plan.rate_per_s
        checked_s = began_s
        while True:
            now_s = time.monotonic()
            due_s = began_s + self._issued * interval_s
            while due_s <= now_s and not self._is_stopping:
                self._issue(due_s)
                due_s = began_s + self._issued * interval_s
                if due_s - began_s >= plan.duration_s or self._issued >= plan.requests:
                    self._is_stopping = True
            if now_s - checked_s > _POLL_MAX_S:
                self._give_up_late_ones(now_s)
                checked_s = now_s
            if self._is_stopping and not self._waiting and not self._is_busy():
                return
            until_due_s = _POLL_MAX_S if self._is_stopping else due_s - time.monotonic()
            self._turn(min(_POLL_MAX_S, max(0.0, until_due_s)))

    def _is_busy(self) -> bool:
        return any(connection.state is State.BUSY for connection in self._by_fd.values())

    def _issue(self, due_s: float) -> None:
        self._issued += 1
        if self._free:
            now_s = time.monotonic()
            self.report.late_ms = max(self.report.late_ms, (now_s - due_s) * 1000)
            self._send(self._free.popleft(), now_s)
        else:
            self._waiting.append(due_s)

    def _send(self, connection: Connection, began_s: float) -> None:
        method = METHODS[self._sent % 2]
        connection.method, connection.id = method, f"{self._plan.name}-{self._sent}"
        self._sent += 1
        connection.began_s = began_s
        self.report.sent[method] += 1
        if connection.state is State.DEAD:
            self._fail(connection, connection.kind)
            return
        connection.state, connection.data = State.BUSY, b""
        request = self._request(method, connection.id)
        try:
            if connection.socket.send(request) != len(request):
                self._fail(connection, "timeout")
        except OSError as error:
            self._fail(connection, _kind_of(error))

    def _request(self, method: str, name: str) -> bytes:
        plan = self._plan
        head = (
            f"{method} {plan.path}?{name} HTTP/1.1\r\nHost: {plan.address}\r\nX-Request-Id: {name}"
        )
        if method == "GET":
            return f"{head}\r\n\r\n".encode()
        return f"{head}\r\nContent-Length: {len(name)}\r\n\r\n{name}".encode()

    def _turn(self, timeout_s: float) -> None:
        for fd, _events in self._poll.poll(timeout_s):
            connection = self._by_fd[fd]
            if connection.state is State.CONNECTING:
                self._connected(connection)
            elif connection.state is State.BUSY:
                self._receive(connection)
            else:
                self._disturbed(connection)
        # Not before all of them are heard: what is sent may fail and close a socket, and its number
        # would be the next one's.
        while self._waiting and self._free:
            self._send(self._free.popleft(), self._waiting.popleft())

    def _connect(self) -> None:
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(made, time.monotonic())
        self.report.connections_opened += 1
        problem = made.connect_ex((self._plan.address, self._plan.port))
        self._by_fd[made.fileno()] = connection
        self._poll.register(made.fileno(), select.EPOLLOUT)
        if problem not in {0, errno.EINPROGRESS}:
            self._die(connection, _kind_of(OSError(problem, "")))

    def _connected(self, connection: Connection) -> None:
        problem = connection.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if problem:
            self._die(connection, _kind_of(OSError(problem, "")))
            return
        self._poll.modify(connection.socket.fileno(), select.EPOLLIN)
        self._set_free(connection)

    def _set_free(self, connection: Connection) -> None:
        connection.state = State.IDLE
        self._free.append(connection)

    def _die(self, connection: Connection, kind: str) -> None:
        """A connection has ended on which no request was: the next one to come to it fails."""
        self._poll.unregister(connection.socket.fileno())
        connection.kind = kind
        was_free = connection.state is State.IDLE
        connection.state = State.DEAD
        if not was_free:
            self._free.append(connection)

    def _disturbed(self, connection: Connection) -> None:
        """Something came while nothing was asked for: an end, or what has no business here."""
        try:
            kind = "garbage" if connection.socket.recv(_READ_BYTES) else "closed-idle"
        except OSError:
            kind = "closed-idle"
        self._die(connection, kind)

    def _receive(self, connection: Connection) -> None:
        try:
            data = connection.socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(connection, _kind_of(error))
            return
        if not data:
            self._fail(connection, "truncated" if connection.data else "closed")
            return
        connection.data += data
        try:
            answer = answers.parse(connection.data)
        except answers.Garbage:
            self._fail(connection, "garbage")
            return
        if answer is not None:
            self._answered(connection, answer)

    def _answered(self, connection: Connection, answer: answers.Answer) -> None:
        plan = self._plan
        if not 200 <= answer.status < 300:
            self._count_failure(connection, f"status-{answer.status}")
        elif plan.echo and answer.body != connection.id.encode():
            self._count_failure(connection, "wrong-body")
        else:
            self._count_answer(connection)
        if answer.closes:
            self.report.closes_announced += 1
            self._replace(connection)
        else:
            self._set_free(connection)

    def _count_answer(self, connection: Connection) -> None:
        took_s = time.monotonic() - connection.began_s
        self.report.answered[connection.method] += 1
        self.report.durations[connection.method].add(took_s)
        if took_s > self._plan.slow_s:
            began = connection.began_s + self._to_epoch_s
            self.report.add_slow(Slow(began, began + took_s, connection.method, connection.id))

    def _count_failure(self, connection: Connection, kind: str) -> None:
        began = connection.began_s + self._to_epoch_s
        failure = Failure(began, time.time(), connection.method, connection.id, kind)
        self.report.add_failure(failure)

    def _fail(self, connection: Connection, kind: str) -> None:
        self._count_failure(connection, kind)
        self._replace(connection)

    def _replace(self, connection: Connection) -> None:
        self._by_fd.pop(connection.socket.fileno(), None)
        connection.socket.close()
        if self._waiting or not self._is_stopping:
            self._connect()

    def _give_up_late_ones(self, now_s: float) -> None:
        for connection in [*self._by_fd.values()]:
            if now_s - connection.began_s <= self._plan.timeout_s:
                continue
            if connection.state is State.BUSY:
                self._fail(connection, "timeout")
            elif connection.state is State.CONNECTING:
                self._die(connection, "timeout")


def _kind_of(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "reset"
    return "timeout" if isinstance(error, TimeoutError) else "unreachable"
