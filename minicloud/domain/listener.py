"""A listener: a port of a balancer, and what is done with what arrives there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from minicloud.domain.action import Action, ForwardAction
from minicloud.domain.balancer import BalancerType
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.ranges import require_range

LISTENERS_PER_BALANCER_MAX = 50


class ListenerProtocol(StrEnum):
    """What clients speak at a listener."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"
    TCP = "TCP"

    @property
    def balancer_type(self) -> BalancerType:
        """Which kind of balancer has listeners of this protocol."""
        return BalancerType.NETWORK if self is ListenerProtocol.TCP else BalancerType.APPLICATION


class TlsPolicy(StrEnum):
    """Which versions of TLS an HTTPS listener speaks, by AWS's names."""

    TLS12_13 = "ELBSecurityPolicy-TLS13-1-2-2021-06"
    TLS13 = "ELBSecurityPolicy-TLS13-1-3-2021-06"


@dataclass(frozen=True)
class Listener:
    """A listener's record. ``action`` is what happens where no rule fits."""

    id: str
    balancer_id: str
    port: int
    protocol: ListenerProtocol
    action: Action
    created_at: datetime
    certificate_id: str | None = None
    tls_policy: TlsPolicy = TlsPolicy.TLS12_13
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse contradictions."""
        require_range("the listener's port", self.port, 1, 65535)
        if (self.protocol is ListenerProtocol.HTTPS) != (self.certificate_id is not None):
            raise InvalidRequest(
                "CertificateNotFound" if self.certificate_id is None else "ValidationError",
                "an HTTPS listener needs a certificate, and no other has one",
                "make one (minicloud certificate create NAME --domain …) and name it with"
                " --certificate",
            )
        if self.protocol is ListenerProtocol.TCP:
            is_plain = isinstance(self.action, ForwardAction) and len(self.action.groups) == 1
            if not is_plain:
                raise InvalidRequest(
                    "InvalidConfigurationRequest",
                    "a TCP listener forwards to one target group",
                    "use --forward GROUP",
                )
