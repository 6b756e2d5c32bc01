"""Simple values: some that a model admits, and some that nobody expects."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from botocore.model import Shape

from tests.fuzz.pool import Pool

_WORDS = ("web", "api", "a", "Name", "blue-green", "x1", "default", "t3.micro", "t3.large", "web-1")
_FILTERS = (
    *("instance-state-name", "instance-id", "tag:Name", "tag-key", "vpc-id", "image-id", "state"),
    *("private-ip-address", "availability-zone", "name", "resource-id", "resource-type"),
    *("public-ip", "instance-type", "owner-id", "is-public", "architecture", "default", "group-id"),
    *("allocation-id", "launch-time", "attachment.instance-id", "network-interface-id", "key"),
)
# What only one member takes, and no answer has.
_OF_MEMBER: dict[str, tuple[str, ...]] = {
    "instancetype": ("t3.micro", "t3.small", "t3.large", "m5.large"),
    "protocol": ("HTTP", "HTTPS", "TCP", "TLS"),
    "statuscode": ("200", "404", "503"),
    "resourcetype": ("instance", "image", "elastic-ip", "volume"),
    "path": ("/", "/health", "/a/*"),
    "httpcode": ("200", "200-299"),
    "port": ("80", "443", "8080"),
    "start": ("2026-01-01", "2025-12-01", "2026-01-01T00:00:00Z"),
    "end": ("2026-02-01", "2026-01-02", "2026-01-02T00:00:00Z"),
    "field": ("path-pattern", "host-header", "http-request-method", "source-ip", "query-string"),
    "servicecode": ("AmazonEC2",),
    "metric": ("UnblendedCost", "UsageQuantity"),
    "priority": ("1", "2", "40", "50000"),
}
HOSTILE = (
    *("", " ", "\t", "\n", "\r\n", "\x00", "\x01\x02", "\x1b[31mred\x1b[0m", "\x7f", "\u0085"),
    *("é", "日本語", "🦊", "\u202etxt.exe", "\ufeff", "\ufffe", "\uffff", "e\u0301", "ﬀ", "İ", "ß"),
    *("0", "-1", "1", "٣", "2147483647", "2147483648", "-2147483649", "9223372036854775808"),
    *("1e400", "NaN", "inf", "-0", "0x10", "1_000", " 5", "5 ", "1.5", "9" * 5000),
    *("true", "TRUE", "None", "null", "[]", "{}", '{"a":1}', "*", "?", "**", "[", "\\", "\\*"),
    *("<x/>", "&amp;", "]]>", "<!ENTITY a 'b'>", "' OR 1=1 --", '"', "../../etc/passwd", "%00"),
    *("i-", "i-0", f"i-{0:017x}", f"i-{0:018x}", f"ami-{0:017x}", "I-0123456789ABCDEF0"),
    *("eipalloc-0123456789abcdef0", "arn:", "arn:aws:elasticloadbalancing:::", ":::::::"),
    *("arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/x/" + "0" * 16,),
    *("127.0.0.1", "172.31.0.5", "999.1.1.1", "::1", "0.0.0.0/0", "10.0.0.0/8", "a.b.c.d"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-02-30", "2026-01-01"),
    *("aws:x", "minicloud:x", "tag:", "tag:aws:x", "bm90IGJhc2U2NA", "YQ==", "===="),
    *("a" * 255, "a" * 256, "a" * 1025, "é" * 128, "🦊" * 200, "a" * 70_000, "-" * 64),
)


def plausible(random: Random, shape: Shape, member: str, pool: Pool) -> Any:
    """A value that the model admits, as botocore's serialiser takes it."""
    match shape.type_name:
        case "boolean":
            return random.random() < 0.5
        case "integer" | "long":
            return _number(random, shape)
        case "float" | "double":
            return random.choice((0.0, 0.5, 1.0, 100.0))
        case "timestamp":
            return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=random.randrange(2000))
        case "blob":
            return random.choice((b"", b"#!/bin/sh\n", bytes(range(256))))
        case _:
            return _text(random, shape, member, pool)


def hostile(random: Random, pool: Pool) -> str:
    """Text that fits nowhere, or elsewhere."""
    return pool.anything(random) if random.random() < 0.25 else random.choice(HOSTILE)


def _number(random: Random, shape: Shape) -> int:
    smallest = int(shape.metadata.get("min", 0))
    largest = int(shape.metadata.get("max", smallest + 1000))
    near = (smallest, smallest + 1, largest, (smallest + largest) // 2, 5, 10, 80)
    return min(max(random.choice(near), smallest), largest)


def _text(random: Random, shape: Shape, member: str, pool: Pool) -> str:
    values = getattr(shape, "enum", None)
    if values:
        return str(random.choice(values))
    if member == "Name" and random.random() < 0.3:
        return random.choice(_FILTERS)
    name = member.lower()
    if name in _OF_MEMBER and random.random() < 0.8:
        return random.choice(_OF_MEMBER[name])
    seen = pool.named(random, member) if random.random() < 0.9 else None
    return random.choice(_WORDS) if seen is None else seen
