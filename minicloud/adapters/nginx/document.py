"""A balancer's document as the JSON that its agent takes. Pure: no call is made here.

Everything is in an order of its own, so that the same records give the same text and fingerprint.
Text of users' is data in it; ``images/balancer/balancer_agent/document.py`` has the form.
"""

from __future__ import annotations

import hashlib
import json
import re
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any, Final

from minicloud.domain.action import FixedResponseAction, ForwardAction, RedirectAction
from minicloud.domain.rule import (
    HeaderCondition,
    HostCondition,
    MethodCondition,
    PathCondition,
    QueryCondition,
    SourceIpCondition,
)

if TYPE_CHECKING:
    from minicloud.domain.action import Action
    from minicloud.domain.certificate import Certificate
    from minicloud.domain.health_check import HealthCheck
    from minicloud.domain.rule import Condition, Rule
    from minicloud.ports.balancer_plane import (
        BalancerDocument,
        GroupEntry,
        ListenerEntry,
        TargetEntry,
    )

_PEM_BLOCK: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----[^-]+-----END \1-----")
_FIELDS: Final = {
    HostCondition: "host",
    PathCondition: "path",
    MethodCondition: "method",
    HeaderCondition: "header",
    QueryCondition: "query",
    SourceIpCondition: "source-ip",
}


def as_json(document: BalancerDocument) -> dict[str, Any]:
    """The document in the agent's words."""
    balancer = document.balancer
    return {
        "balancer": balancer.id,
        "type": balancer.type.value,
        "idle_timeout_s": balancer.idle_timeout_s,
        "xff": balancer.forwarded_for.value,
        "certificates": [
            _certificate(entry) for entry in sorted(document.certificates, key=lambda c: c.id)
        ],
        "listeners": [
            _listener(entry) for entry in sorted(document.listeners, key=lambda e: e.listener.port)
        ],
        "groups": [_group(entry) for entry in sorted(document.groups, key=lambda e: e.group.id)],
    }


def fingerprint_of(configuration: str, document: dict[str, Any]) -> str:
    """What tells this configuration and document from every other: 64 hexadecimal digits."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{configuration}\0{canonical}".encode()).hexdigest()


def _certificate(certificate: Certificate) -> dict[str, Any]:
    return {
        "id": certificate.id,
        "chain_pem": _blocks(certificate.chain_pem),
        "key_pem": _blocks(certificate.key_pem),
    }


def _blocks(pem: str) -> str:
    """The blocks alone: what people's tools write around them means nothing to nginx."""
    return "".join(f"{block[0]}\n" for block in _PEM_BLOCK.finditer(pem))


def _listener(entry: ListenerEntry) -> dict[str, Any]:
    listener = entry.listener
    return {
        "id": listener.id,
        "port": listener.port,
        "protocol": listener.protocol.value,
        "certificate": listener.certificate_id,
        "actions": [_action(listener.action)],
        "rules": [_rule(rule) for rule in sorted(entry.rules, key=lambda r: r.priority)],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "priority": rule.priority,
        "conditions": [_condition(condition) for condition in rule.conditions],
        "actions": [_action(rule.action)],
    }


def _action(action: Action) -> dict[str, Any]:
    match action:
        case ForwardAction():
            groups = [{"id": group.group_id, "weight": group.weight} for group in action.groups]
            return {"type": "forward", "groups": groups, "stickiness_s": action.stickiness_s}
        case RedirectAction():
            return {
                "type": "redirect",
                "protocol": action.protocol,
                "host": action.host,
                # `080` is the port 80 to a person.
                "port": action.port if action.port.startswith("#") else str(int(action.port)),
                "path": action.path,
                "query": action.query,
                "status": action.status,
            }
        case FixedResponseAction():
            return {
                "type": "fixed-response",
                "status": action.status,
                "content_type": action.content_type,
                "body": action.body,
            }


def _condition(condition: Condition) -> dict[str, Any]:
    made: dict[str, Any] = {"field": _FIELDS[type(condition)], "values": list(condition.values)}
    match condition:
        case HeaderCondition():
            made["name"] = condition.name
        case QueryCondition():
            made["values"] = [{"key": pair.key, "value": pair.value} for pair in condition.values]
        case SourceIpCondition():
            # A mask may be written out (10.0.0.0/255.0.0.0): the agent knows lengths alone.
            made["values"] = [str(IPv4Network(value)) for value in condition.values]
    return made


def _group(entry: GroupEntry) -> dict[str, Any]:
    group = entry.group
    return {
        "id": group.id,
        "name": group.name,
        "protocol": group.protocol.value,
        "algorithm": group.algorithm.value,
        "stickiness_s": group.stickiness_s,
        "slow_start_s": group.slow_start_s,
        "health": _health(group.health_check),
        "targets": [_target(target) for target in sorted(entry.targets, key=lambda t: t.id)],
    }


def _health(check: HealthCheck) -> dict[str, Any]:
    return {
        "protocol": check.protocol.value,
        "path": check.path,
        "port": check.port,
        "matcher": [[first, last] for first, last in check.codes],
        "interval_s": check.interval_s,
        "timeout_s": check.timeout_s,
        "healthy_threshold": check.healthy_threshold,
        "unhealthy_threshold": check.unhealthy_threshold,
    }


def _target(target: TargetEntry) -> dict[str, Any]:
    return {
        "id": target.id,
        "instance": target.instance_id,
        "ip": target.ip,
        "port": target.port,
        "mode": target.mode.value,
        "drain_until": target.drain_until_s,
        "reason": target.reason,
    }
