"""Listeners: the ports of a balancer."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from minicloud.domain.action import Action
from minicloud.domain.balancer import Balancer, BalancerType
from minicloud.domain.errors import CapacityExceeded, Conflict, InvalidRequest
from minicloud.domain.ids import IdKind, make_id
from minicloud.domain.listener import (
    LISTENERS_PER_BALANCER_MAX,
    Listener,
    ListenerProtocol,
    TlsPolicy,
)
from minicloud.domain.tags import validate_plain_tags
from minicloud.operations import balancer_records
from minicloud.operations.balancer_records import require_balancer
from minicloud.operations.configure_balancer import RecordKind
from minicloud.operations.definition import World
from minicloud.ports.store import Transaction
from minicloud.services.configuring import Change, Configuring, Locate, Operations
from minicloud.services.forwarding import resolved_action
from minicloud.services.resolve import find_balancer, find_certificate, find_listener


@dataclass(frozen=True)
class CreateListener:
    """A listener to be made.

    The groups of ``action`` may be names. ``protocol`` None: what the balancer's type is for, HTTP
    or TCP. ``certificate``: an identifier or a name.
    """

    balancer: str
    port: int
    action: Action
    protocol: ListenerProtocol | None = None
    certificate: str | None = None
    tls_policy: TlsPolicy | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ModifyListener:
    """What to change of a listener; None: nothing. ``tags`` are all of them."""

    port: int | None = None
    protocol: ListenerProtocol | None = None
    action: Action | None = None
    certificate: str | None = None
    tls_policy: TlsPolicy | None = None
    tags: Mapping[str, str] | None = None


class ListenerService:
    """Everything that can be asked of listeners. Refs: an identifier, or ``BALANCER:PORT``."""

    def __init__(self, world: World, configuring: Configuring) -> None:
        self._world = world
        self._configuring = configuring

    def create(self, request: CreateListener) -> tuple[Listener, Operations]:
        """Open a port; ``DuplicateListener`` where the balancer listens on it."""
        tags = validate_plain_tags(request.tags)
        made: list[Listener] = []

        def edit(change: Change) -> None:
            balancer = find_balancer(change.transaction, request.balancer)
            now = self._world.clock.now()
            listener = replace(new_listener(change.transaction, balancer, request, now), tags=tags)
            change.add(RecordKind.LISTENER, listener)
            made.append(listener)

        operations = self._configuring.change(
            lambda transaction: find_balancer(transaction, request.balancer).id, edit
        )
        return made[0], operations

    def list(self, balancer_ref: str) -> list[Listener]:
        """A balancer's listeners, by port."""
        with self._world.store.read() as transaction:
            balancer = find_balancer(transaction, balancer_ref)
            return balancer_records.listeners_of(transaction, balancer.id)

    def show(self, ref: str) -> Listener:
        """The listener of this ref."""
        with self._world.store.read() as transaction:
            return find_listener(transaction, ref)

    def modify(self, ref: str, request: ModifyListener) -> tuple[Listener, Operations]:
        """Change a listener."""
        listener = self.show(ref)
        tags = None if request.tags is None else validate_plain_tags(request.tags)
        made = [listener]

        def edit(change: Change) -> None:
            before = find_listener(change.transaction, listener.id)
            after = _modified(change.transaction, before, request)
            made[0] = after if tags is None else replace(after, tags=tags)
            change.save(RecordKind.LISTENER, made[0])

        operations = self._configuring.change(_follower(listener.id), edit)
        return made[0], operations

    def delete(self, ref: str) -> Operations:
        """Close a port; its rules go with it."""
        listener = self.show(ref)

        def edit(change: Change) -> None:
            for rule in balancer_records.rules_of(change.transaction, [listener.id]):
                change.remove(RecordKind.RULE, rule.id)
            change.remove(RecordKind.LISTENER, listener.id)

        return self._configuring.change(_follower(listener.id), edit)


def new_listener(
    transaction: Transaction, balancer: Balancer, request: CreateListener, now: datetime
) -> Listener:
    """A listener as it is to be recorded."""
    others = balancer_records.listeners_of(transaction, balancer.id)
    if len(others) >= LISTENERS_PER_BALANCER_MAX:
        raise CapacityExceeded(
            "TooManyListeners",
            f"balancer {balancer.name} has {len(others)} listeners, which is the limit",
            "delete one: minicloud listener delete BALANCER:PORT",
        )
    is_network = balancer.type is BalancerType.NETWORK
    protocol = request.protocol or (ListenerProtocol.TCP if is_network else ListenerProtocol.HTTP)
    _require_spoken(balancer, protocol)
    listener = Listener(
        id=make_id(IdKind.LISTENER, secrets.token_hex(9)),
        balancer_id=balancer.id,
        port=request.port,
        protocol=protocol,
        action=resolved_action(transaction, balancer, request.action),
        created_at=now,
        certificate_id=_certificate_id(transaction, request.certificate),
        tls_policy=request.tls_policy or TlsPolicy.TLS12_13,
    )
    _require_own_port(transaction, balancer, listener)
    return listener


def _modified(transaction: Transaction, before: Listener, request: ModifyListener) -> Listener:
    balancer = require_balancer(transaction, before.balancer_id)
    protocol = request.protocol or before.protocol
    _require_spoken(balancer, protocol)
    # A listener that no longer speaks TLS lets its certificate go.
    kept = before.certificate_id if protocol is ListenerProtocol.HTTPS else None
    after = replace(
        before,
        port=before.port if request.port is None else request.port,
        protocol=protocol,
        action=before.action
        if request.action is None
        else resolved_action(transaction, balancer, request.action),
        certificate_id=_certificate_id(transaction, request.certificate) or kept,
        tls_policy=request.tls_policy or before.tls_policy,
    )
    _require_own_port(transaction, balancer, after)
    return after


def _require_spoken(balancer: Balancer, protocol: ListenerProtocol) -> None:
    if protocol.balancer_type is not balancer.type:
        raise InvalidRequest(
            "UnsupportedProtocol",
            f"balancer {balancer.name}, of type {balancer.type}, has no {protocol} listeners",
            "application balancers listen for HTTP and HTTPS, network balancers for TCP",
        )


def _require_own_port(transaction: Transaction, balancer: Balancer, listener: Listener) -> None:
    for other in balancer_records.listeners_of(transaction, balancer.id):
        if other.port == listener.port and other.id != listener.id:
            raise Conflict(
                "DuplicateListener",
                f"balancer {balancer.name} listens on port {listener.port} already ({other.id})",
                f"choose another port, or: minicloud listener modify {balancer.name}:{other.port}",
            )


def _certificate_id(transaction: Transaction, ref: str | None) -> str | None:
    return None if ref is None else find_certificate(transaction, ref).id


def _follower(listener_id: str) -> Locate:
    return lambda transaction: find_listener(transaction, listener_id).balancer_id
