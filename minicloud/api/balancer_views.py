"""How load balancing looks to a client: plain JSON, times in ISO 8601, UTC."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from minicloud.api.actions import action_view, condition_views
from minicloud.api.views import Surroundings, View
from minicloud.domain.arn import certificate_arn
from minicloud.domain.balancer import Balancer
from minicloud.domain.certificate import Certificate
from minicloud.domain.listener import Listener, ListenerProtocol
from minicloud.domain.rule import Rule
from minicloud.domain.target import Target, member_of
from minicloud.domain.target_group import TargetGroup
from minicloud.operations import balancer_records
from minicloud.ports.balancer_plane import TargetHealth
from minicloud.ports.store import Transaction

_DEFAULT_PORTS = {ListenerProtocol.HTTP: 80, ListenerProtocol.HTTPS: 443}


@dataclass(frozen=True)
class Balancing:
    """What a view of one record needs of the others; mappings are by identifier."""

    around: Surroundings
    balancers: Mapping[str, Balancer]
    listeners: Sequence[Listener]
    rule_counts: Mapping[str, int]
    group_names: Mapping[str, str]
    balancer_of_group: Mapping[str, str]
    targets: Sequence[Target]
    certificate_names: Mapping[str, str]

    @classmethod
    def of(cls, transaction: Transaction, around: Surroundings) -> Balancing:
        """The records of a moment."""
        rule_counts: dict[str, int] = {}
        for rule in transaction.rules.all():
            rule_counts[rule.listener_id] = rule_counts.get(rule.listener_id, 0) + 1
        return cls(
            around=around,
            balancers={balancer.id: balancer for balancer in transaction.balancers.all()},
            listeners=sorted(transaction.listeners.all(), key=lambda each: each.port),
            rule_counts=rule_counts,
            group_names={group.id: group.name for group in transaction.target_groups.all()},
            balancer_of_group=balancer_records.groups_in_use(transaction),
            targets=transaction.targets.all(),
            certificate_names={each.id: each.name for each in transaction.certificates.all()},
        )

    def balancer_name(self, balancer_id: str | None) -> str:
        """The balancer's name, or nothing."""
        balancer = self.balancers.get(balancer_id or "")
        return "" if balancer is None else balancer.name

    def ways_to(self, listener: Listener) -> list[View]:
        """Where a client on this machine reaches a listener, the best way first."""
        balancer, place = self.balancers.get(listener.balancer_id), self.around.place
        if balancer is None or place is None or self.around.is_simulated:
            return []
        ways = [
            _way(listener, "127.0.0.1", host_port)
            for host_port, port in place.host_ports(balancer.public_slot).items()
            if port == listener.port
        ]
        if self.around.edge_is_loopback:
            ways.insert(0, _way(listener, balancer.public_ip, listener.port))
        return ways


def balancer_view(balancer: Balancer, balancing: Balancing) -> View:
    """A balancer, with its listeners and every URL that leads to them."""
    own = [each for each in balancing.listeners if each.balancer_id == balancer.id]
    listeners = [listener_view(listener, balancing) for listener in own]
    return {
        "id": balancer.id,
        "name": balancer.name,
        "type": balancer.type.value,
        "state": balancer.state.value,
        "dns_name": balancer.public_ip,
        "public_ip": balancer.public_ip,
        "private_ip": balancer.private_ip,
        "endpoints": [way for listener in own for way in balancing.ways_to(listener)],
        "url": next((view["url"] for view in listeners), None),
        "listeners": listeners,
        "created_at": balancer.created_at.isoformat(),
        "idle_timeout_s": balancer.idle_timeout_s,
        "http2": balancer.http2,
        "forwarded_for": balancer.forwarded_for.value,
        "deletion_protection": balancer.deletion_protection,
        "tags": dict(balancer.tags),
        "operation_id": balancing.around.operation_of.get(balancer.id),
    }


def listener_view(listener: Listener, balancing: Balancing) -> View:
    """A listener."""
    ways = balancing.ways_to(listener)
    return {
        "id": listener.id,
        "balancer_id": listener.balancer_id,
        "balancer_name": balancing.balancer_name(listener.balancer_id),
        "port": listener.port,
        "protocol": listener.protocol.value,
        "url": ways[0]["url"] if ways else None,
        "action": action_view(listener.action, balancing.group_names),
        "certificate_id": listener.certificate_id,
        "certificate_name": balancing.certificate_names.get(listener.certificate_id or "", ""),
        "tls_policy": listener.tls_policy.value,
        "rule_count": balancing.rule_counts.get(listener.id, 0),
        "created_at": listener.created_at.isoformat(),
        "tags": dict(listener.tags),
    }


def rule_view(rule: Rule, balancing: Balancing) -> View:
    """A rule, and where it applies."""
    listener = next((each for each in balancing.listeners if each.id == rule.listener_id), None)
    balancer_id = None if listener is None else listener.balancer_id
    return {
        "id": rule.id,
        "listener_id": rule.listener_id,
        "balancer_id": balancer_id,
        "balancer_name": balancing.balancer_name(balancer_id),
        "port": None if listener is None else listener.port,
        "priority": rule.priority,
        "conditions": condition_views(rule.conditions),
        "action": action_view(rule.action, balancing.group_names),
        "created_at": rule.created_at.isoformat(),
        "tags": dict(rule.tags),
    }


def target_group_view(group: TargetGroup, balancing: Balancing) -> View:
    """A target group, with its targets as they are registered."""
    targets = [target for target in balancing.targets if target.group_id == group.id]
    balancer_id = balancing.balancer_of_group.get(group.id)
    return {
        "id": group.id,
        "name": group.name,
        "protocol": group.protocol.value,
        "port": group.port,
        "created_at": group.created_at.isoformat(),
        "health_check": asdict(group.health_check),
        "algorithm": group.algorithm.value,
        "deregistration_delay_s": group.deregistration_delay_s,
        "stickiness_s": group.stickiness_s,
        "slow_start_s": group.slow_start_s,
        "tags": dict(group.tags),
        "balancer_id": balancer_id,
        "balancer_name": balancing.balancer_name(balancer_id),
        "target_count": len(targets),
        "targets": [_target_view(target, balancing) for target in targets],
    }


def health_views(health: Iterable[TargetHealth], balancing: Balancing) -> list[View]:
    """How targets are."""
    return [_health_view(each, balancing) for each in health]


def metrics_view(balancer: Balancer, metrics: Mapping[str, Any], balancing: Balancing) -> View:
    """A balancer's figures."""
    groups = {
        group_id: {"id": group_id, "name": balancing.group_names.get(group_id, ""), **figures}
        for group_id, figures in metrics["groups"].items()
    }
    return {
        "balancer_id": balancer.id,
        "since": _text(metrics["since"]),
        "counters": metrics["counters"],
        "balancer": metrics["balancer"],
        "groups": groups,
        "minutes": [{**minute, "at": _text(minute["at"])} for minute in metrics["minutes"]],
    }


def certificate_view(certificate: Certificate, region: str) -> View:
    """A certificate; never its key. ``arn`` is what AWS's clients call it, in this region."""
    return {
        "id": certificate.id,
        "arn": certificate_arn(region, certificate),
        "name": certificate.name,
        "domains": list(certificate.domains),
        "chain_pem": certificate.chain_pem,
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
        "issued_here": certificate.issued_here,
        "created_at": certificate.created_at.isoformat(),
        "tags": dict(certificate.tags),
    }


def _way(listener: Listener, host: str, host_port: int) -> View:
    authority = f"{host}:{host_port}"
    if listener.protocol is ListenerProtocol.TCP:
        url = authority
    else:
        is_default = _DEFAULT_PORTS[listener.protocol] == host_port
        url = f"{listener.protocol.lower()}://{host if is_default else authority}/"
    return {"port": listener.port, "host": host, "host_port": host_port, "url": url}


def _target_view(target: Target, balancing: Balancing) -> View:
    return {
        "id": target.id,
        "instance_id": target.instance_id,
        "instance_name": balancing.around.instance_names.get(target.instance_id, ""),
        "port": target.port,
        "registration": target.registration.value,
    }


def _health_view(health: TargetHealth, balancing: Balancing) -> View:
    # By its identifier: its record may have gone since the balancer was asked.
    instance_id, port = member_of(health.target_id)
    return {
        "target_id": health.target_id,
        "group_id": health.group_id,
        "group_name": balancing.group_names.get(health.group_id, ""),
        "instance_id": instance_id,
        "instance_name": balancing.around.instance_names.get(instance_id, ""),
        "port": port,
        "state": health.state.value,
        "reason": health.reason,
        "description": health.description,
        "since": _text(health.since_s),
        "in_flight": health.in_flight,
        "checks": [
            {
                "at": _text(check.at_s),
                "passed": check.passed,
                "detail": check.detail,
                "duration_ms": check.duration_ms,
            }
            for check in health.checks
        ],
    }


def _text(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat()
