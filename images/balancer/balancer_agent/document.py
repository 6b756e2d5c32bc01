"""The document: everything the server wants of this balancer, complete each time.

Parsed into frozen dataclasses. Nothing here is trusted: an unknown key, a wrong type, an id that
does not match its pattern, a reference to nothing, a port twice, and the whole of it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from balancer_agent.rules import GROUP_ID, STICKINESS_MAX_S, check_actions, check_rule
from balancer_agent.typed import Fields, malformed, require_distinct

APPLICATION: Final = "application"
NETWORK: Final = "network"
ACTIVE: Final = "active"
DRAINING: Final = "draining"
HELD: Final = "held"
HTTP: Final = "HTTP"
HTTPS: Final = "HTTPS"
TCP: Final = "TCP"
LISTENERS_MAX: Final = 50
RULES_MAX: Final = 100
GROUPS_MAX: Final = 100
TARGETS_MAX: Final = 1000
_BALANCER_ID: Final = re.compile(r"lb-[0-9a-f]{17}")
_LISTENER_ID: Final = re.compile(r"lsn-[0-9a-f]{17}")
_CERTIFICATE_ID: Final = re.compile(r"cert-[0-9a-f]{17}")
_INSTANCE_ID: Final = re.compile(r"i-[0-9a-f]{17}")
_TARGET_ID: Final = re.compile(r"[a-z0-9/:-]{1,80}")
_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,32}")
_PEM: Final = re.compile(r"\s*-----BEGIN [A-Z0-9 ]{1,40}-----[ -~\r\n]{1,65000}")
_CHECK_PATH: Final = re.compile(r"/[!-~]{0,1023}")
_REASON: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{0,256}")


@dataclass(frozen=True)
class Certificate:
    """A certificate's chain and key as PEM; nginx judges them."""

    id: str
    chain_pem: str
    key_pem: str


@dataclass(frozen=True)
class Listener:
    """A port and what is done with what arrives there; ``rules`` are in their order."""

    id: str
    port: int
    protocol: str
    certificate: str | None
    actions: tuple[Mapping[str, Any], ...]
    rules: tuple[Mapping[str, Any], ...]
    groups: frozenset[str]


@dataclass(frozen=True)
class HealthSettings:
    """How targets of a group are asked. ``port`` None: the target's own."""

    protocol: str
    path: str
    port: int | None
    matcher: tuple[tuple[int, int], ...]
    interval_s: int
    timeout_s: int
    healthy_threshold: int
    unhealthy_threshold: int

    def matches(self, code: int) -> bool:
        """Whether an answer with this code passes."""
        return any(first <= code <= last for first, last in self.matcher)


@dataclass(frozen=True)
class Target:
    """A machine's port in a group; ``drain_until`` is seconds of the epoch."""

    id: str
    group: str
    ip: str
    port: int
    mode: str
    drain_until: float | None
    reason: str


@dataclass(frozen=True)
class Group:
    """Targets that serve the same."""

    id: str
    name: str
    algorithm: str
    stickiness_s: int
    slow_start_s: int
    health: HealthSettings
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Document:
    """All that a balancer is to be."""

    balancer: str
    type: str
    idle_timeout_s: int
    xff: str
    certificates: tuple[Certificate, ...]
    listeners: tuple[Listener, ...]
    groups: tuple[Group, ...]

    @property
    def used_groups(self) -> frozenset[str]:
        """The groups that some listener or rule sends to."""
        return frozenset().union(*(listener.groups for listener in self.listeners))

    def targets(self) -> dict[str, tuple[Group, Target]]:
        """Every target with its group, by its id."""
        return {target.id: (group, target) for group in self.groups for target in group.targets}


def parse_document(raw: object) -> Document:
    """Read a document; ``Refused`` (``InvalidDocument``) is all it raises."""
    fields = Fields(
        raw,
        "document",
        {"balancer", "type", "idle_timeout_s", "xff", "certificates", "listeners", "groups"},
    )
    document = Document(
        balancer=fields.text("balancer", _BALANCER_ID),
        type=fields.choice("type", {APPLICATION, NETWORK}),
        idle_timeout_s=fields.integer("idle_timeout_s", 1, 4000),
        xff=fields.choice("xff", {"append", "preserve", "remove"}),
        certificates=tuple(
            _certificate(*item) for item in fields.items("certificates", 0, LISTENERS_MAX)
        ),
        listeners=tuple(_listener(*item) for item in fields.items("listeners", 0, LISTENERS_MAX)),
        groups=tuple(
            _group(*item, type_=fields.raw("type"))
            for item in fields.items("groups", 0, GROUPS_MAX)
        ),
    )
    _check_whole(document)
    return document


def _certificate(raw: object, place: str) -> Certificate:
    fields = Fields(raw, place, {"id", "chain_pem", "key_pem"})
    return Certificate(
        id=fields.text("id", _CERTIFICATE_ID),
        chain_pem=fields.text("chain_pem", _PEM),
        key_pem=fields.text("key_pem", _PEM),
    )


def _listener(raw: object, place: str) -> Listener:
    fields = Fields(raw, place, {"id", "port", "protocol", "certificate", "actions", "rules"})
    protocol = fields.choice("protocol", {HTTP, HTTPS, TCP})
    certificate = None
    if protocol == HTTPS:
        certificate = fields.text("certificate", _CERTIFICATE_ID)
    elif fields.raw("certificate") is not None:
        raise malformed(place, f"is {protocol} and has a certificate")
    checked = [(item, check_rule(item, at)) for item, at in fields.items("rules", 0, RULES_MAX)]
    require_distinct([rule_id for _, (rule_id, _, _) in checked], place, "rule")
    require_distinct([priority for _, (_, priority, _) in checked], place, "priority")
    groups = check_actions(fields, "actions").union(*(named for _, (_, _, named) in checked))
    if protocol == TCP and (checked or len(groups) != 1):
        raise malformed(place, "is TCP: it forwards to one group, and has no rules")
    return Listener(
        id=fields.text("id", _LISTENER_ID),
        port=fields.port("port"),
        protocol=protocol,
        certificate=certificate,
        actions=tuple(fields.raw("actions")),
        rules=tuple(item for item, _ in sorted(checked, key=lambda entry: entry[1][1])),
        groups=groups,
    )


def _group(raw: object, place: str, type_: str) -> Group:
    fields = Fields(
        raw,
        place,
        {
            "id",
            "name",
            "protocol",
            "algorithm",
            "stickiness_s",
            "slow_start_s",
            "health",
            "targets",
        },
    )
    fields.choice("protocol", {HTTP if type_ == APPLICATION else TCP})
    group_id = fields.text("id", GROUP_ID)
    return Group(
        id=group_id,
        name=fields.text("name", _NAME),
        algorithm=fields.choice("algorithm", {"round_robin", "least_outstanding_requests"}),
        stickiness_s=fields.integer("stickiness_s", 0, STICKINESS_MAX_S),
        slow_start_s=fields.integer("slow_start_s", 0, 900),
        health=_health(fields.raw("health"), f"{place}.health"),
        targets=tuple(
            _target(*item, group_id=group_id) for item in fields.items("targets", 0, TARGETS_MAX)
        ),
    )


def _health(raw: object, place: str) -> HealthSettings:
    fields = Fields(
        raw,
        place,
        {
            "protocol",
            "path",
            "port",
            "matcher",
            "interval_s",
            "timeout_s",
            "healthy_threshold",
            "unhealthy_threshold",
        },
    )
    return HealthSettings(
        protocol=fields.choice("protocol", {HTTP, TCP}),
        path=fields.text("path", _CHECK_PATH),
        port=fields.port_or_none("port"),
        matcher=fields.whole_number_pairs("matcher", 200, 599),
        interval_s=fields.integer("interval_s", 5, 300),
        timeout_s=fields.integer("timeout_s", 2, 120),
        healthy_threshold=fields.integer("healthy_threshold", 2, 10),
        unhealthy_threshold=fields.integer("unhealthy_threshold", 2, 10),
    )


def _target(raw: object, place: str, group_id: str) -> Target:
    fields = Fields(raw, place, {"id", "instance", "ip", "port", "mode", "drain_until", "reason"})
    target = Target(
        id=fields.text("id", _TARGET_ID),
        group=group_id,
        ip=fields.address("ip"),
        port=fields.port("port"),
        mode=fields.choice("mode", {ACTIVE, DRAINING, HELD}),
        drain_until=fields.time_or_none("drain_until"),
        reason=fields.text("reason", _REASON),
    )
    expected = f"{group_id}/{fields.text('instance', _INSTANCE_ID)}:{target.port}"
    if target.id != expected:
        raise malformed(place, f"should have the id {expected}")
    return target


def _check_whole(document: Document) -> None:
    """What no part can know of itself."""
    listeners, groups = document.listeners, document.groups
    require_distinct([listener.id for listener in listeners], "document", "listener")
    require_distinct([listener.port for listener in listeners], "document", "listener's port")
    require_distinct([group.id for group in groups], "document", "group")
    require_distinct([known.id for known in document.certificates], "document", "certificate")
    targets = [target.id for group in groups for target in group.targets]
    require_distinct(targets, "document", "target")
    if len(targets) > TARGETS_MAX:
        raise malformed("document", f"has {len(targets)} targets, more than {TARGETS_MAX}")
    if sum(len(listener.rules) for listener in listeners) > RULES_MAX:
        raise malformed("document", f"has more than {RULES_MAX} rules")
    certificates = {known.id for known in document.certificates}
    for listener in listeners:
        if (listener.protocol == TCP) != (document.type == NETWORK):
            raise malformed("document", f"is {document.type} and listens for {listener.protocol}")
        if listener.certificate is not None and listener.certificate not in certificates:
            raise malformed("document", f"lacks the certificate {listener.certificate}")
    unknown = document.used_groups - {group.id for group in groups}
    if unknown:
        raise malformed("document", f"lacks the group {min(unknown)}")
