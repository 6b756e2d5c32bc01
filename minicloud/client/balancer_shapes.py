"""What the server answers with about load balancing, for type checkers alone, as ``shapes`` is."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

from minicloud.client.shapes import EndpointShape, OperationsShape


class WeightedGroupShape(TypedDict):
    """A target group and its share; going in, ``id`` may be its name."""

    id: str
    name: NotRequired[str]
    weight: int


class ForwardShape(TypedDict):
    """Send the request to a target of one of these groups."""

    type: Literal["forward"]
    groups: list[WeightedGroupShape]
    stickiness_s: NotRequired[int]


class RedirectShape(TypedDict):
    """Answer with another URL; what is left out stays as the request has it."""

    type: Literal["redirect"]
    status: NotRequired[int]
    protocol: NotRequired[str]
    host: NotRequired[str]
    port: NotRequired[str]
    path: NotRequired[str]
    query: NotRequired[str]


class FixedResponseShape(TypedDict):
    """Answer with this, and ask no target."""

    type: Literal["fixed-response"]
    status: int
    content_type: NotRequired[str]
    body: NotRequired[str]


ActionShape: TypeAlias = ForwardShape | RedirectShape | FixedResponseShape


class QueryPairShape(TypedDict):
    """A pair in a URL's query; ``key`` None: under whatever key."""

    key: str | None
    value: str


class ConditionShape(TypedDict):
    """What must hold of a request; ``name`` is a header's. Values of ``query`` are pairs."""

    field: Literal["path", "host", "header", "method", "query", "source-ip"]
    name: NotRequired[str]
    values: list[Any]


class RuleShape(TypedDict):
    """A rule of a listener."""

    id: str
    listener_id: str
    balancer_id: str
    balancer_name: str
    port: int
    priority: int
    conditions: list[ConditionShape]
    action: ActionShape
    created_at: str
    tags: dict[str, str]


class ListenerShape(TypedDict):
    """A listener; ``url`` None: it cannot be reached from this computer."""

    id: str
    balancer_id: str
    balancer_name: str
    port: int
    protocol: str
    url: str | None
    action: ActionShape
    certificate_id: str | None
    certificate_name: str
    tls_policy: str
    rule_count: int
    created_at: str
    tags: dict[str, str]


class BalancerShape(TypedDict):
    """A balancer; ``url`` is its first listener's."""

    id: str
    name: str
    type: Literal["application", "network"]
    state: str
    dns_name: str
    public_ip: str
    private_ip: str
    endpoints: list[EndpointShape]
    url: str | None
    listeners: list[ListenerShape]
    created_at: str
    idle_timeout_s: int
    http2: bool
    forwarded_for: str
    deletion_protection: bool
    tags: dict[str, str]
    operation_id: str | None


class HealthCheckShape(TypedDict):
    """How a group's targets are checked; ``port`` None: at the port that traffic goes to."""

    protocol: str
    path: str
    port: int | None
    matcher: str
    interval_s: int
    timeout_s: int
    healthy_threshold: int
    unhealthy_threshold: int


class TargetShape(TypedDict):
    """A target as it is registered."""

    id: str
    instance_id: str
    instance_name: str
    port: int
    registration: Literal["registered", "draining"]


class TargetGroupShape(TypedDict):
    """A target group; no balancer until a listener or a rule forwards to it."""

    id: str
    name: str
    protocol: str
    port: int
    created_at: str
    health_check: HealthCheckShape
    algorithm: str
    deregistration_delay_s: int
    stickiness_s: int
    slow_start_s: int
    tags: dict[str, str]
    balancer_id: str | None
    balancer_name: str
    target_count: int
    targets: list[TargetShape]


class CheckShape(TypedDict):
    """One health check that was made."""

    at: str
    passed: bool
    detail: str
    duration_ms: float


class TargetHealthShape(TypedDict):
    """How a target is; ``checks``: the newest first."""

    target_id: str
    group_id: str
    group_name: str
    instance_id: str
    instance_name: str
    port: int
    state: str
    reason: str
    description: str
    since: str | None
    in_flight: int
    checks: list[CheckShape]


class MinuteShape(TypedDict):
    """What was counted in the minute that began at ``at``."""

    at: str
    counters: dict[str, int]


class MetricsShape(TypedDict):
    """A balancer's figures since ``since``; ``groups`` by id, each with its ``name``."""

    balancer_id: str
    since: str
    counters: dict[str, int]
    balancer: dict[str, Any]
    groups: dict[str, dict[str, Any]]
    minutes: list[MinuteShape]


class CertificateShape(TypedDict):
    """A certificate; its key is never told. ``arn``: what AWS's clients call it."""

    id: str
    arn: str
    name: str
    domains: list[str]
    chain_pem: str
    not_before: str
    not_after: str
    issued_here: bool
    created_at: str
    tags: dict[str, str]


class BalancersShape(OperationsShape):
    """The answer to what changes a balancer."""

    balancers: list[BalancerShape]


class TargetGroupsShape(OperationsShape):
    """The answer to what changes a target group."""

    target_groups: list[TargetGroupShape]


class ListenersShape(OperationsShape):
    """The answer to what changes a listener."""

    listeners: list[ListenerShape]


class RulesShape(OperationsShape):
    """The answer to what changes a rule."""

    rules: list[RuleShape]


# Names of their own, since a class whose method is called ``list`` cannot say ``list[…]``.
Balancers: TypeAlias = list[BalancerShape]
TargetGroups: TypeAlias = list[TargetGroupShape]
Listeners: TypeAlias = list[ListenerShape]
Rules: TypeAlias = list[RuleShape]
Certificates: TypeAlias = list[CertificateShape]
Health: TypeAlias = list[TargetHealthShape]
