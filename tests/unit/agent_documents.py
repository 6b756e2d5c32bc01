"""Documents as the server gives them to a balancer's agent, and what its tests share."""

from __future__ import annotations

import copy
from typing import Any

from balancer_agent.document import Document, HealthSettings, parse_document

NOW = 1_764_043_200.0
BALANCER_ID = f"lb-{1:017x}"
CHAIN = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"


def group_id(number: int) -> str:
    return f"tg-{number:017x}"


def target_id(group: int, machine: int, port: int = 80) -> str:
    return f"{group_id(group)}/i-{machine:017x}:{port}"


def a_target(machine: int, group: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": target_id(group, machine),
        "instance": f"i-{machine:017x}",
        "ip": f"172.31.0.{machine}",
        "port": 80,
        "mode": "active",
        "drain_until": None,
        "reason": "",
        **changes,
    }


def a_group(number: int, *targets: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "id": group_id(number),
        "name": f"group-{number}",
        "protocol": "HTTP",
        "algorithm": "round_robin",
        "stickiness_s": 0,
        "slow_start_s": 0,
        "health": a_health_check(),
        "targets": list(targets),
        **changes,
    }


def a_health_check(**changes: Any) -> dict[str, Any]:
    return {
        "protocol": "HTTP",
        "path": "/",
        "port": None,
        "matcher": [[200, 200]],
        "interval_s": 30,
        "timeout_s": 5,
        "healthy_threshold": 5,
        "unhealthy_threshold": 2,
        **changes,
    }


def forward(*groups: int) -> dict[str, Any]:
    weighted = [{"id": group_id(group), "weight": 1} for group in groups]
    return {"type": "forward", "groups": weighted, "stickiness_s": 0}


REDIRECT: dict[str, Any] = {
    "type": "redirect",
    "protocol": "HTTPS",
    "host": "#{host}",
    "port": "443",
    "path": "/#{path}",
    "query": "#{query}",
    "status": 301,
}
FIXED: dict[str, Any] = {
    "type": "fixed-response",
    "status": 503,
    "content_type": "text/plain",
    "body": "later",
}


def a_rule(priority: int, action: dict[str, Any], *conditions: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"rule-{priority:017x}",
        "priority": priority,
        "conditions": list(conditions) or [{"field": "path", "values": ["/img/*"]}],
        "actions": [action],
    }


def a_listener(port: int, *groups: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"lsn-{port:017x}",
        "port": port,
        "protocol": "HTTP",
        "certificate": None,
        "actions": [forward(*groups)],
        "rules": [],
        **changes,
    }


def a_document(**changes: Any) -> dict[str, Any]:
    return {
        "balancer": BALANCER_ID,
        "type": "application",
        "idle_timeout_s": 60,
        "xff": "append",
        "certificates": [],
        "listeners": [a_listener(80, 1)],
        "groups": [a_group(1, a_target(1), a_target(2), a_target(3))],
        **changes,
    }


def everything() -> dict[str, Any]:
    """A document with one of each form, the caller's own to change."""
    certificate = {"id": f"cert-{1:017x}", "chain_pem": CHAIN, "key_pem": KEY}
    conditions: list[dict[str, Any]] = [
        {"field": "path", "values": ["/img/*"]},
        {"field": "host", "values": ["*.example.com"]},
        {"field": "header", "name": "user-agent", "values": ["*curl*"]},
        {"field": "method", "values": ["GET", "HEAD"]},
        {"field": "query", "values": [{"key": "a", "value": "*"}, {"key": None, "value": "b"}]},
        {"field": "source-ip", "values": ["10.0.0.0/8"]},
    ]
    rules = [
        a_rule(20, REDIRECT, *conditions[:3]),
        a_rule(10, FIXED, *conditions[3:]),
        a_rule(30, forward(1, 2)),
    ]
    draining = a_target(4, 2, mode="draining", drain_until=NOW + 300.5)
    held = a_target(5, 2, mode="held", reason="the instance is stopped")
    document = a_document(
        certificates=[certificate],
        listeners=[
            a_listener(443, 1, protocol="HTTPS", certificate=certificate["id"], rules=rules),
            a_listener(80, 2),
        ],
        groups=[
            a_group(1, a_target(1), a_target(2), stickiness_s=60, slow_start_s=30),
            a_group(2, a_target(3, 2), draining, held, algorithm="least_outstanding_requests"),
        ],
    )
    return copy.deepcopy(document)


def parsed(**changes: Any) -> Document:
    return parse_document(a_document(**changes))


def health_settings(**changes: Any) -> HealthSettings:
    return parsed(groups=[a_group(1, health=a_health_check(**changes))]).groups[0].health
