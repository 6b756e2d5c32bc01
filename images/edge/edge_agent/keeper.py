"""The edge's first process: the one writer of its routes, and their keeper.

One thread does everything in turn, so no two changes ever meet. It never speaks first, and it
leaves the table behind when it ends: the kernel serves on while the edge restarts.
"""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from edge_agent import kernel
from edge_agent.kernel import Cut, KernelFailed
from edge_agent.memory import DueCut, Memory, Remembered
from edge_agent.ruleset import LOOPBACK, Refused, Route, Settings, leads, render

SOCKET_PATH: Final = Path("/run/minicloud-edge.sock")
MEMORY_PATH: Final = Path("/var/lib/minicloud-edge/routes.json")
_CHECK_INTERVAL_S: Final = 2.0
_HALF_OPEN_GRACE_S: Final = 0.2
"""A machine that is up answers a connection within a millisecond. One that has not by now is gone,
and its client's next try (after 1 s) must find the new machine, not wait for the grace to end."""
_MAX_GRACE_S: Final = 86400.0


class Keeper:
    """Holds the routes, brings the kernel to them, and answers the server."""

    def __init__(self, settings: Settings, memory: Memory) -> None:
        self._settings = settings
        self._memory = memory
        self._now = memory.load(settings)
        self._loaded: str | None = None
        self._operations: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
            "ping": lambda _: self._settings.mode,
            "routes": lambda _: [route.as_json() for route in self._now.routes],
            "set_route": self._set_route,
            "remove_route": self._remove_route,
            "replace_routes": self._replace_routes,
        }

    def mend(self) -> None:
        """Load the table unless the kernel has it, word for word, as it was last loaded."""
        table = self._settings.table
        if self._loaded is None or kernel.table_text(table) != self._loaded:
            self._load(self._now)
            self._loaded = kernel.table_text(table)
        if self._settings.mode == LOOPBACK:
            kernel.set_route_localnet(self._settings.bridge, enabled=True)

    def cut_what_is_due(self) -> None:
        """Cut the connections whose grace is over."""
        now = time.time()
        due = [entry for entry in self._now.cuts if entry.at <= now]
        if not due:
            return
        for entry in due:
            kernel.cut(self._settings, entry.cut)
        self._remember(self._now.routes, [entry for entry in self._now.cuts if entry not in due])

    def seconds_to_next_cut(self) -> float:
        """How long until a cut falls due; the check interval at most."""
        soonest = min((entry.at for entry in self._now.cuts), default=float("inf"))
        return max(0.0, min(_CHECK_INTERVAL_S, soonest - time.time()))

    def answer(self, line: bytes) -> bytes:
        """Do one request, a line of JSON, and give the line that answers it."""
        identity: object = None
        try:
            request = json.loads(line)
            identity = request["id"]
            result = self._operations[request["op"]](request)
            reply = {"id": identity, "result": result}
        except Refused as refusal:
            reply = {"id": identity, "error": {"code": refusal.code, "message": str(refusal)}}
        except (KeyError, TypeError, ValueError) as error:
            message = f"malformed request: {error}"
            reply = {"id": identity, "error": {"code": "InvalidEdgeRequest", "message": message}}
        except (KernelFailed, OSError) as error:
            reply = {"id": identity, "error": {"code": "EdgeFailed", "message": str(error)}}
        return json.dumps(reply).encode() + b"\n"

    def _set_route(self, request: Mapping[str, Any]) -> None:
        route = Route.parse(request["route"], self._settings)
        grace_s = float(request["grace_s"])
        if not 0 <= grace_s <= _MAX_GRACE_S:
            raise Refused("InvalidRoute", f"a grace of {grace_s} s is not within a day")
        others = [known for known in self._now.routes if known.public_ip != route.public_ip]
        self._become([*others, route], grace_s)

    def _remove_route(self, request: Mapping[str, Any]) -> None:
        kept = [route for route in self._now.routes if str(route.public_ip) != request["public_ip"]]
        self._become(kept, 0)

    def _replace_routes(self, request: Mapping[str, Any]) -> None:
        routes = [Route.parse(raw, self._settings) for raw in request["routes"]]
        if len({route.public_ip for route in routes}) != len(routes):
            raise Refused("InvalidRoute", "two routes have the same public address")
        self._become(routes, 0)
        # This is the whole truth, also about connections that an edge before this one let in.
        backs = leads(self._settings, routes)
        owed = {entry.cut.front for entry in self._now.cuts}
        for front, back in set(kernel.carried(self._settings)):
            if backs.get(front) != back and front not in owed:
                kernel.cut(self._settings, Cut(front, back))

    def _become(self, routes: Sequence[Route], grace_s: float) -> None:
        """Make these routes the truth, on disk first, and see off what went elsewhere."""
        before = leads(self._settings, self._now.routes)
        after = leads(self._settings, routes)
        ordered = sorted(routes, key=lambda route: route.public_ip)
        now = time.time()
        # A machine that is current again keeps its connections, for good.
        cuts = [due for due in self._now.cuts if after.get(due.cut.front) != due.cut.back]
        for front, back in before.items():
            if after.get(front) != back:
                cuts.append(DueCut(now + grace_s, Cut(front, back)))
                if grace_s > _HALF_OPEN_GRACE_S:
                    half_open = Cut(front, back, half_open=True)
                    cuts.append(DueCut(now + _HALF_OPEN_GRACE_S, half_open))
        earlier = self._now
        self._remember(ordered, cuts)
        try:
            self._load(self._now)
        except KernelFailed:
            self._remember(earlier.routes, earlier.cuts)
            raise
        self.cut_what_is_due()

    def _remember(self, routes: Sequence[Route], cuts: Sequence[DueCut]) -> None:
        remembered = Remembered(tuple(routes), tuple(cuts))
        if remembered != self._now:
            self._memory.save(remembered)
            self._now = remembered

    def _load(self, remembered: Remembered) -> None:
        # What the kernel makes of the text is read back by the next check: no caller waits for it.
        self._loaded = None
        kernel.load(render(self._settings, remembered.routes))


def serve(keeper: Keeper) -> None:
    """Keep the table and answer on the socket until the process is ended."""
    keeper.mend()
    SOCKET_PATH.unlink(missing_ok=True)
    selector = selectors.DefaultSelector()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(SOCKET_PATH))
        SOCKET_PATH.chmod(0o600)
        listener.listen()
        selector.register(listener, selectors.EVENT_READ)
        next_check_at = time.monotonic() + _CHECK_INTERVAL_S
        while True:
            for key, _ in selector.select(keeper.seconds_to_next_cut()):
                if key.data is None:
                    peer, _ = listener.accept()
                    selector.register(peer, selectors.EVENT_READ, bytearray())
                else:
                    _converse(keeper, selector, key)
            keeper.cut_what_is_due()
            if time.monotonic() >= next_check_at:
                keeper.mend()
                next_check_at = time.monotonic() + _CHECK_INTERVAL_S


def _converse(keeper: Keeper, selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    peer, pending = key.fileobj, key.data
    assert isinstance(peer, socket.socket)
    try:
        received = peer.recv(1 << 16)
        pending += received
        while (end := pending.find(b"\n")) >= 0:
            line = bytes(pending[:end])
            del pending[: end + 1]
            peer.sendall(keeper.answer(line))
    except OSError:
        received = b""
    if not received:
        selector.unregister(peer)
        peer.close()
