"""What a server would say about load balancing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

_AT = "2026-11-23T20:00:00+00:00"
BALANCER_ID = "lb-00000000000000001"
GROUP_ID = "tg-00000000000000001"
LISTENER_ID = "lsn-00000000000000001"
RULE_ID = "rule-00000000000000001"
CERTIFICATE_ID = "cert-00000000000000001"


def forward(*groups: tuple[str, int], stickiness_s: int = 0) -> dict[str, Any]:
    """Forward to groups of these names and weights."""
    found = [
        {"id": f"tg-{number:017x}", "name": name, "weight": weight}
        for number, (name, weight) in enumerate(groups or (("web", 1),), start=1)
    ]
    return {"type": "forward", "groups": found, "stickiness_s": stickiness_s}


def redirect(**changes: Any) -> dict[str, Any]:
    """Redirect to HTTPS."""
    return {
        "type": "redirect",
        "status": 301,
        "protocol": "HTTPS",
        "host": "#{host}",
        "port": "443",
        "path": "/#{path}",
        "query": "#{query}",
        **changes,
    }


def listener(**changes: Any) -> dict[str, Any]:
    """A listener at port 80."""
    return {
        "id": LISTENER_ID,
        "balancer_id": BALANCER_ID,
        "balancer_name": "web",
        "port": 80,
        "protocol": "HTTP",
        "url": "http://127.31.0.12/",
        "action": forward(),
        "certificate_id": None,
        "certificate_name": "",
        "tls_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "rule_count": 0,
        "created_at": _AT,
        "tags": {},
        **changes,
    }


def balancer(**changes: Any) -> dict[str, Any]:
    """A balancer with a listener."""
    return {
        "id": BALANCER_ID,
        "name": "web",
        "type": "application",
        "state": "active",
        "dns_name": "127.31.0.12",
        "public_ip": "127.31.0.12",
        "private_ip": "172.31.0.12",
        "endpoints": [
            {"port": 80, "host": "127.31.0.12", "host_port": 80, "url": "http://127.31.0.12/"}
        ],
        "url": "http://127.31.0.12/",
        "listeners": [listener()],
        "created_at": _AT,
        "idle_timeout_s": 60,
        "http2": True,
        "forwarded_for": "append",
        "deletion_protection": False,
        "tags": {},
        "operation_id": None,
        **changes,
    }


def rule(**changes: Any) -> dict[str, Any]:
    """A rule for images."""
    return {
        "id": RULE_ID,
        "listener_id": LISTENER_ID,
        "balancer_id": BALANCER_ID,
        "balancer_name": "web",
        "port": 80,
        "priority": 10,
        "conditions": [{"field": "path", "values": ["/img/*"]}],
        "action": forward(("images", 1)),
        "created_at": _AT,
        "tags": {},
        **changes,
    }


def target_group(**changes: Any) -> dict[str, Any]:
    """A group with a target."""
    return {
        "id": GROUP_ID,
        "name": "web",
        "protocol": "HTTP",
        "port": 80,
        "created_at": _AT,
        "health_check": {
            "protocol": "HTTP",
            "path": "/index.html",
            "port": None,
            "matcher": "200",
            "interval_s": 30,
            "timeout_s": 5,
            "healthy_threshold": 5,
            "unhealthy_threshold": 2,
        },
        "algorithm": "round_robin",
        "deregistration_delay_s": 300,
        "stickiness_s": 0,
        "slow_start_s": 0,
        "tags": {},
        "balancer_id": BALANCER_ID,
        "balancer_name": "web",
        "target_count": 1,
        "targets": [
            {
                "id": f"{GROUP_ID}/i-00000000000000001:80",
                "instance_id": "i-00000000000000001",
                "instance_name": "web-1",
                "port": 80,
                "registration": "registered",
            }
        ],
        **changes,
    }


def target_health(
    number: int = 1, state: str = "healthy", reason: str = "", **changes: Any
) -> dict[str, Any]:
    """How a target is, for 12 seconds."""
    instance_id = f"i-{number:017x}"
    return {
        "target_id": f"{GROUP_ID}/{instance_id}:80",
        "group_id": GROUP_ID,
        "group_name": "web",
        "instance_id": instance_id,
        "instance_name": f"web-{number}",
        "port": 80,
        "state": state,
        "reason": reason,
        "description": "",
        "since": (datetime.now(UTC) - timedelta(seconds=12.5)).isoformat(),
        "in_flight": 3,
        "checks": [check() for _ in range(3)],
        **changes,
    }


def check(detail: str = "200 OK", *, passed: bool = True) -> dict[str, Any]:
    """A check that was made."""
    return {"at": _AT, "passed": passed, "detail": detail, "duration_ms": 1.25}


def sick(number: int = 2) -> dict[str, Any]:
    """A target that has begun to time out."""
    late = check("timed out after 5 s", passed=False)
    return target_health(number, "unhealthy", "Target.Timeout", checks=[late, check(), check()])


def metrics(**changes: Any) -> dict[str, Any]:
    """What a balancer has counted."""
    return {
        "balancer_id": BALANCER_ID,
        "since": _AT,
        "counters": {
            "requests": 1234,
            "balancer_3xx": 0,
            "balancer_4xx": 2,
            "balancer_5xx": 1,
            "connections_refused": 4,
            "sent_bytes": 12_300_000,
            "received_bytes": 450_000,
            "new_connections": 77,
        },
        "balancer": {"requests": 1234, "in_flight": 3},
        "groups": {
            GROUP_ID: {
                "id": GROUP_ID,
                "name": "web",
                "healthy": 2,
                "unhealthy": 1,
                "initial": 0,
                "draining": 0,
                "unused": 0,
                "in_flight": 3,
                "requests": 1231,
                "2xx": 1200,
                "3xx": 20,
                "4xx": 10,
                "5xx": 1,
                "p50_ms": 1.25,
                "p90_ms": 4.5,
                "p99_ms": None,
            }
        },
        "minutes": [{"at": _AT, "counters": {"requests": 60}}],
        **changes,
    }


def log_entry(**changes: Any) -> dict[str, Any]:
    """A request in the access log."""
    return {
        "time": "2026-11-23T20:21:34.125Z",
        "listener": LISTENER_ID,
        "client": "127.0.0.1",
        "method": "GET",
        "path": "/index.html",
        "protocol": "HTTP/1.1",
        "host": "127.31.0.12",
        "status": 200,
        "target_status": 200,
        "target_address": "172.31.0.10:80",
        "rule": "",
        "request_s": 0.0123,
        "target_s": 0.012,
        "received_bytes": 120,
        "sent_bytes": 5000,
        "tls": "",
        "user_agent": "curl/8",
        "error": "",
        **changes,
    }


def certificate(**changes: Any) -> dict[str, Any]:
    """A certificate that the cloud issued."""
    return {
        "id": CERTIFICATE_ID,
        "arn": "arn:aws:acm:us-east-1:123456789012:certificate/00000000000000001",
        "name": "shop",
        "domains": ["shop.example", "*.shop.example"],
        "chain_pem": "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n",
        "not_before": _AT,
        "not_after": "2027-12-25T20:00:00+00:00",
        "issued_here": True,
        "created_at": _AT,
        "tags": {},
        **changes,
    }
