"""Calls about listeners."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from minicloud.client.bodies import body_of
from minicloud.client.transport import Transport, segment

if TYPE_CHECKING:
    from minicloud.client.balancer_shapes import (
        ActionShape,
        Listeners,
        ListenerShape,
        ListenersShape,
    )
    from minicloud.client.shapes import Operations


@dataclass(frozen=True, kw_only=True)
class ListenerSettings:
    """What can be set when a listener is made, and changed afterwards; None: as it is."""

    port: int | None = None
    protocol: str | None = None
    action: ActionShape | None = None
    certificate: str | None = None
    tls_policy: str | None = None
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True)
class ListenerRequest(ListenerSettings):
    """What listener to make; it needs a port and an action."""

    balancer: str


class ListenerCalls:
    """What can be asked of listeners. A ``ref`` is an id or ``BALANCER:PORT``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, balancer: str) -> Listeners:
        """A balancer's listeners, by port."""
        return cast("Listeners", self._transport.get("/listeners", balancer=balancer))

    def show(self, ref: str) -> ListenerShape:
        """One listener."""
        return cast("ListenerShape", self._transport.get(_path(ref)))

    def create(self, request: ListenerRequest) -> ListenersShape:
        """Open a port."""
        return cast("ListenersShape", self._transport.post("/listeners", body_of(request)))

    def modify(self, ref: str, settings: ListenerSettings) -> ListenersShape:
        """Change what is not None."""
        return cast("ListenersShape", self._transport.patch(_path(ref), body_of(settings)))

    def delete(self, ref: str) -> Operations:
        """Close a port, and forget its rules."""
        return cast("Operations", self._transport.delete(_path(ref))["operations"])


def _path(ref: str) -> str:
    return f"/listeners/{segment(ref)}"
