"""What clients may send about load balancing; what is left out has its default, or stays."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from minicloud.api.actions import ActionBody, ConditionBody
from minicloud.api.requests import Body
from minicloud.domain.balancer import BalancerType, ForwardedForMode
from minicloud.domain.health_check import CheckProtocol
from minicloud.domain.listener import ListenerProtocol, TlsPolicy
from minicloud.domain.target_group import Algorithm, GroupProtocol
from minicloud.services.target_groups import (
    TRAFFIC_PORT,
    GroupSettings,
    HealthCheckChange,
)

_PEM_LENGTH_MAX = 256 * 1024
# JSON has no enumerations: their values come as text, in the very spelling.
_AS_TEXT = Field(strict=False)
_BalancerType = Annotated[BalancerType, _AS_TEXT]
_ForwardedFor = Annotated[ForwardedForMode, _AS_TEXT]
_CheckProtocol = Annotated[CheckProtocol, _AS_TEXT]
_ListenerProtocol = Annotated[ListenerProtocol, _AS_TEXT]
_GroupProtocol = Annotated[GroupProtocol, _AS_TEXT]
_Algorithm = Annotated[Algorithm, _AS_TEXT]
_TlsPolicy = Annotated[TlsPolicy, _AS_TEXT]


class HealthCheckBody(Body):
    """How a target group checks its targets."""

    protocol: _CheckProtocol | None = None
    path: str | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | Literal["traffic-port"] | None = None
    matcher: str | None = None
    interval_s: int | None = None
    timeout_s: int | None = None
    healthy_threshold: int | None = None
    unhealthy_threshold: int | None = None


class GroupSettingsBody(Body):
    """How a target group chooses and checks its targets."""

    health: HealthCheckBody = Field(default_factory=HealthCheckBody)
    algorithm: _Algorithm | None = None
    deregistration_delay_s: int | None = None
    stickiness_s: int | None = None
    slow_start_s: int | None = None

    def settings(self) -> GroupSettings:
        """The settings as the services take them."""
        check = self.health.model_dump()
        if check["port"] == "traffic-port":
            check["port"] = TRAFFIC_PORT
        return GroupSettings(
            health=HealthCheckChange(**check),
            algorithm=self.algorithm,
            deregistration_delay_s=self.deregistration_delay_s,
            stickiness_s=self.stickiness_s,
            slow_start_s=self.slow_start_s,
        )


class FrontBody(GroupSettingsBody):
    """A listener, a target group and targets, made along with a balancer."""

    instances: list[str]
    port: int = 80
    protocol: _ListenerProtocol | None = None
    certificate: str | None = None
    tls_policy: _TlsPolicy | None = None
    group_name: str | None = None
    target_port: int = 80


class CreateBalancerBody(Body):
    """Make a balancer."""

    name: str
    type: _BalancerType | None = None
    idle_timeout_s: int | None = None
    http2: bool | None = None
    forwarded_for: _ForwardedFor | None = None
    deletion_protection: bool | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    front: FrontBody | None = None


class ModifyBalancerBody(Body):
    """Change a balancer's settings."""

    idle_timeout_s: int | None = None
    http2: bool | None = None
    forwarded_for: _ForwardedFor | None = None
    deletion_protection: bool | None = None
    tags: dict[str, str] | None = None


class CreateTargetGroupBody(GroupSettingsBody):
    """Make a target group."""

    name: str
    protocol: _GroupProtocol = GroupProtocol.HTTP
    port: int = 80
    tags: dict[str, str] = Field(default_factory=dict)


class ModifyTargetGroupBody(GroupSettingsBody):
    """Change a target group's settings."""

    tags: dict[str, str] | None = None


class TargetBody(Body):
    """An instance, and its port; without: to register, the group's; else each that it has."""

    instance: str
    port: int | None = None


class TargetsBody(Body):
    """What to put into a group, or to take out."""

    targets: list[TargetBody]


class CreateListenerBody(Body):
    """Open a port of a balancer."""

    balancer: str
    port: int
    protocol: _ListenerProtocol | None = None
    action: ActionBody
    certificate: str | None = None
    tls_policy: _TlsPolicy | None = None
    tags: dict[str, str] = Field(default_factory=dict)


class ModifyListenerBody(Body):
    """Change a listener."""

    port: int | None = None
    protocol: _ListenerProtocol | None = None
    action: ActionBody | None = None
    certificate: str | None = None
    tls_policy: _TlsPolicy | None = None
    tags: dict[str, str] | None = None


class CreateRuleBody(Body):
    """Treat some requests of a listener otherwise."""

    listener: str
    priority: int
    conditions: list[ConditionBody]
    action: ActionBody
    tags: dict[str, str] = Field(default_factory=dict)


class ModifyRuleBody(Body):
    """Change a rule."""

    priority: int | None = None
    conditions: list[ConditionBody] | None = None
    action: ActionBody | None = None
    tags: dict[str, str] | None = None


class PrioritiesBody(Body):
    """Give rules of one listener other priorities, by their identifiers, all at once."""

    priorities: dict[str, int]


class CertificateBody(Body):
    """A certificate: for ``domains``, to be issued here, or a chain with its key, to be kept."""

    name: str
    domains: list[str] | None = None
    validity_days: int | None = None
    chain_pem: str | None = Field(default=None, max_length=_PEM_LENGTH_MAX)
    key_pem: str | None = Field(default=None, max_length=_PEM_LENGTH_MAX)
    tags: dict[str, str] = Field(default_factory=dict)
