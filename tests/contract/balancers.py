"""A world for one contract test of the balancers' plane: a plane, a balancer, a document."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from minicloud.domain.action import Action, FixedResponseAction, ForwardAction, WeightedGroup
from minicloud.domain.balancer import Balancer, BalancerState, BalancerType
from minicloud.domain.health_check import CheckProtocol, HealthCheck
from minicloud.domain.listener import Listener, ListenerProtocol
from minicloud.domain.target_group import GroupProtocol, TargetGroup
from minicloud.ports.balancer_plane import (
    BalancerDocument,
    BalancerSpec,
    GroupEntry,
    ListenerEntry,
    TargetEntry,
)

if TYPE_CHECKING:
    from minicloud.domain.certificate import Certificate
    from minicloud.ports.balancer_plane import BalancerPlane

PREFIX = "mctest-balancer"
AT = datetime(2026, 1, 2, tzinfo=UTC)
GROUP_ID = f"tg-{1:017x}"
INSTANCE_ID = f"i-{1:017x}"


class Behind(Protocol):
    """What others do to the engine without asking us. The balancer's disk stays."""

    def remove(self, container_name: str) -> None: ...
    def stop(self, container_name: str) -> None: ...


@dataclass
class BalancerWorld:
    """A plane to test, and a balancer of its own for one test."""

    plane: BalancerPlane
    behind: Behind
    image: str
    network: str
    address: str
    key: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    @property
    def name(self) -> str:
        return f"{PREFIX}-{self.key}"

    @property
    def spec(self) -> BalancerSpec:
        labels = {"mctest.balancer": self.key}
        return BalancerSpec(self.name, self.image, self.network, self.address, labels)

    def target(self, port: int, **changes: Any) -> TargetEntry:
        """A target at the balancer's own address, where nobody answers at these ports."""
        target_id = f"{GROUP_ID}/{INSTANCE_ID}:{port}"
        return TargetEntry(target_id, INSTANCE_ID, self.address, port, **changes)

    def document(self, *targets: TargetEntry, **changes: Any) -> BalancerDocument:
        """A balancer that forwards from port 80 to these targets."""
        group = TargetGroup(GROUP_ID, "web", GroupProtocol.HTTP, 80, AT)
        front = listener(80, ForwardAction((WeightedGroup(GROUP_ID),)))
        return BalancerDocument(
            balancer=self._balancer(BalancerType.APPLICATION, **changes),
            listeners=(ListenerEntry(front, ()),),
            groups=(GroupEntry(group, targets),),
            certificates=(),
        )

    def answering(self, *listeners: Listener, certificate: Certificate | None = None) -> Any:
        """A balancer that answers by itself, with nothing behind it."""
        return BalancerDocument(
            balancer=self._balancer(BalancerType.APPLICATION),
            listeners=tuple(ListenerEntry(each, ()) for each in listeners),
            groups=(),
            certificates=() if certificate is None else (certificate,),
        )

    def network_document(self, *targets: TargetEntry) -> BalancerDocument:
        """A network balancer that forwards from port 80 to these targets."""
        check = HealthCheck(CheckProtocol.TCP)
        group = TargetGroup(GROUP_ID, "web", GroupProtocol.TCP, 80, AT, check)
        action = ForwardAction((WeightedGroup(GROUP_ID),))
        front = listener(80, action, protocol=ListenerProtocol.TCP)
        return BalancerDocument(
            balancer=self._balancer(BalancerType.NETWORK),
            listeners=(ListenerEntry(front, ()),),
            groups=(GroupEntry(group, targets),),
            certificates=(),
        )

    def _balancer(self, type_: BalancerType, **changes: Any) -> Balancer:
        return Balancer(
            id=f"lb-{1:017x}",
            name="web",
            type=type_,
            state=BalancerState.ACTIVE,
            private_ip=self.address,
            private_slot=20,
            public_ip="127.31.0.20",
            public_slot=20,
            container_name=self.name,
            created_at=AT,
            **changes,
        )


def listener(port: int, action: Action | None = None, **changes: Any) -> Listener:
    """A listener that says which port it is, or does what ``action`` says."""
    said = FixedResponseAction(200, body=f"port {port}")
    made: dict[str, Any] = {"protocol": ListenerProtocol.HTTP, **changes}
    return Listener(
        id=f"lsn-{port:017x}",
        balancer_id=f"lb-{1:017x}",
        port=port,
        action=action or said,
        created_at=AT,
        **made,
    )
