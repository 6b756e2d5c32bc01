"""Balancers' documents for tests: one of each kind, with a bit of everything in it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from minicloud.domain.action import (
    Action,
    FixedResponseAction,
    ForwardAction,
    RedirectAction,
    WeightedGroup,
)
from minicloud.domain.balancer import Balancer, BalancerState, BalancerType
from minicloud.domain.certificate import Certificate
from minicloud.domain.health_check import CheckProtocol, HealthCheck
from minicloud.domain.listener import Listener, ListenerProtocol, TlsPolicy
from minicloud.domain.rule import (
    Condition,
    HeaderCondition,
    HostCondition,
    MethodCondition,
    PathCondition,
    QueryCondition,
    QueryValue,
    Rule,
    SourceIpCondition,
)
from minicloud.domain.target_group import GroupProtocol, TargetGroup
from minicloud.ports.balancer_plane import (
    BalancerDocument,
    GroupEntry,
    ListenerEntry,
    TargetEntry,
    TargetMode,
)

if TYPE_CHECKING:
    from collections.abc import Callable

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
GROUP_IDS = tuple(f"tg-{number:017x}" for number in range(1, 4))
INSTANCE_ID = f"i-{1:017x}"
CERTIFICATE_ID = f"cert-{1:017x}"
PEM = "-----BEGIN {0}-----\nAAAA\n-----END {0}-----\n"


def balancer(type_: BalancerType = BalancerType.APPLICATION, **changes: Any) -> Balancer:
    made: dict[str, Any] = {
        "id": f"lb-{1:017x}",
        "name": "web",
        "type": type_,
        "state": BalancerState.ACTIVE,
        "private_ip": "172.31.0.20",
        "private_slot": 20,
        "public_ip": "127.31.0.20",
        "public_slot": 20,
        "container_name": "minicloud-main-lb-1",
        "created_at": AT,
        "tags": {"Name": "web"},
    }
    return Balancer(**{**made, **changes})


def listener(number: int, port: int, action: Action, **changes: Any) -> Listener:
    made: dict[str, Any] = {
        "id": f"lsn-{number:017x}",
        "balancer_id": f"lb-{1:017x}",
        "port": port,
        "protocol": ListenerProtocol.HTTP,
        "action": action,
        "created_at": AT,
        "tags": {"team": "shop"},
    }
    return Listener(**{**made, **changes})


def rule(number: int, conditions: tuple[Condition, ...], action: Action) -> Rule:
    return Rule(f"rule-{number:017x}", f"lsn-{1:017x}", number, conditions, action, AT, {"k": "v"})


def forward(*group_ids: str, stickiness_s: int = 0) -> ForwardAction:
    groups = tuple(WeightedGroup(group_id, weight) for weight, group_id in enumerate(group_ids, 1))
    return ForwardAction(groups, stickiness_s)


def group(number: int, *ports: int, **changes: Any) -> GroupEntry:
    group_id = f"tg-{number:017x}"
    made: dict[str, Any] = {
        "id": group_id,
        "name": f"group-{number}",
        "protocol": GroupProtocol.HTTP,
        "port": 80,
        "created_at": AT,
        "tags": {"team": "shop"},
    }
    targets = tuple(
        TargetEntry(f"{group_id}/{INSTANCE_ID}:{port}", INSTANCE_ID, "172.31.0.30", port)
        for port in ports
    )
    return GroupEntry(TargetGroup(**{**made, **changes}), targets)


def rules() -> tuple[Rule, ...]:
    """A rule for each kind of condition, and each kind of action."""
    query = (QueryValue("x*", "a"), QueryValue("y"))
    return (
        rule(10, (PathCondition(("/img/*", "/x?")),), forward(GROUP_IDS[1])),
        rule(20, (HostCondition(("*.shop.example",)),), RedirectAction(port="443")),
        rule(30, (HeaderCondition("User-Agent", ("curl*",)),), FixedResponseAction(404, body="no")),
        rule(40, (MethodCondition(("POST",)),), forward(*GROUP_IDS, stickiness_s=60)),
        rule(
            50, (QueryCondition(query), SourceIpCondition(("10.0.0.0/8",))), forward(GROUP_IDS[2])
        ),
    )


def application_document(**changes: Any) -> BalancerDocument:
    certificate = Certificate(
        id=CERTIFICATE_ID,
        name="shop",
        domains=("shop.example",),
        chain_pem=PEM.format("CERTIFICATE"),
        key_pem=PEM.format("PRIVATE KEY"),
        not_before=AT,
        not_after=AT,
        issued_here=True,
        created_at=AT,
        tags={"team": "shop"},
    )
    tls = {"protocol": ListenerProtocol.HTTPS, "certificate_id": CERTIFICATE_ID}
    held = TargetEntry(
        f"{GROUP_IDS[1]}/{INSTANCE_ID}:81",
        INSTANCE_ID,
        "172.31.0.31",
        81,
        TargetMode.HELD,
        1764043200.5,
        "the instance is stopped",
    )
    checked = HealthCheck(path="/health?x", port=8080, matcher="200,301-302")
    return BalancerDocument(
        balancer=balancer(**changes),
        listeners=(
            ListenerEntry(listener(1, 80, forward(GROUP_IDS[0])), rules()),
            ListenerEntry(listener(2, 443, forward(GROUP_IDS[0]), **tls), ()),
            ListenerEntry(
                listener(3, 8443, RedirectAction(host="a"), tls_policy=TlsPolicy.TLS13, **tls), ()
            ),
        ),
        groups=(
            group(1, 80, 81),
            GroupEntry(group(2, health_check=checked, stickiness_s=9).group, (held,)),
            group(3),
        ),
        certificates=(certificate,),
    )


def network_document(**changes: Any) -> BalancerDocument:
    check = HealthCheck(protocol=CheckProtocol.TCP)
    database = group(1, 5432, protocol=GroupProtocol.TCP, port=5432, health_check=check)
    front = listener(1, 5432, forward(GROUP_IDS[0]), protocol=ListenerProtocol.TCP)
    return BalancerDocument(
        balancer=balancer(BalancerType.NETWORK, **changes),
        listeners=(ListenerEntry(front, ()),),
        groups=(database,),
        certificates=(),
    )


def with_texts(value: Any, text: Callable[[str], str]) -> Any:
    """A copy in which every text, wherever it stands, is another; no dataclass may object.

    Enums stay, and so does the one identifier that goes into the configuration.
    """
    if type(value) is str:
        return text(value)
    if is_dataclass(value):
        copy = object.__new__(type(value))
        for field in fields(value):
            present = getattr(value, field.name)
            is_structure = isinstance(value, Listener) and field.name == "certificate_id"
            object.__setattr__(
                copy, field.name, present if is_structure else with_texts(present, text)
            )
        return copy
    if isinstance(value, tuple):
        return tuple(with_texts(item, text) for item in value)
    if isinstance(value, dict):
        return {with_texts(k, text): with_texts(v, text) for k, v in value.items()}
    return value
