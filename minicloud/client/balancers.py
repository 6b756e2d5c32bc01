"""Calls about load balancers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from minicloud.client.bodies import body_of
from minicloud.client.failures import from_record
from minicloud.client.transport import Transport, segment

if TYPE_CHECKING:
    from minicloud.client.balancer_shapes import (
        Balancers,
        BalancerShape,
        BalancersShape,
        Health,
        MetricsShape,
    )
    from minicloud.client.shapes import Operations
    from minicloud.client.target_groups import HealthCheckRequest

_ERROR_BEGINNING = b'{"error": {"code": '


@dataclass(frozen=True)
class FrontRequest:
    """A listener, its target group and the targets in it, made along with the balancer.

    What is None is left to the server: port 80, HTTP, targets' port 80, a group of the balancer's
    name, AWS's defaults.
    """

    instances: Sequence[str]
    port: int | None = None
    protocol: str | None = None
    certificate: str | None = None
    tls_policy: str | None = None
    group_name: str | None = None
    target_port: int | None = None
    health: HealthCheckRequest | None = None
    algorithm: str | None = None
    stickiness_s: int | None = None
    slow_start_s: int | None = None
    deregistration_delay_s: int | None = None


@dataclass(frozen=True, kw_only=True)
class BalancerSettings:
    """What can be set when a balancer is made, and changed afterwards; None: as it is."""

    idle_timeout_s: int | None = None
    http2: bool | None = None
    forwarded_for: str | None = None
    deletion_protection: bool | None = None
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True)
class BalancerRequest(BalancerSettings):
    """What balancer to make. Without a ``front`` it has no listener and no targets yet."""

    name: str
    type: str | None = None
    front: FrontRequest | None = None


class BalancerCalls:
    """What can be asked of balancers. A ``ref`` is an id or a name."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def without_starting(self) -> BalancerCalls:
        """The same, but that they never start a server: for those who ask again and again."""
        return BalancerCalls(self._transport.without_starting())

    def list(self) -> Balancers:
        """Every balancer, oldest first."""
        return cast("Balancers", self._transport.get("/balancers"))

    def show(self, ref: str) -> BalancerShape:
        """One balancer, with its listeners."""
        return cast("BalancerShape", self._transport.get(_path(ref)))

    def create(self, request: BalancerRequest) -> BalancersShape:
        """Make a balancer."""
        return cast("BalancersShape", self._transport.post("/balancers", body_of(request)))

    def modify(self, ref: str, settings: BalancerSettings) -> BalancersShape:
        """Change what is not None; ``tags`` replace all that there were."""
        return cast("BalancersShape", self._transport.patch(_path(ref), body_of(settings)))

    def delete(self, ref: str) -> Operations:
        """Take a balancer away, with its listeners; target groups stay."""
        return cast("Operations", self._transport.delete(_path(ref))["operations"])

    def health(self, ref: str) -> Health:
        """How each target of the balancer is."""
        return cast("Health", self._transport.get(f"{_path(ref)}/health"))

    def metrics(self, ref: str) -> MetricsShape:
        """What the balancer has counted."""
        return cast("MetricsShape", self._transport.get(f"{_path(ref)}/metrics"))

    def logs(self, ref: str, *, tail: int = 100, follow: bool = False) -> Iterator[bytes]:
        """The access log's last lines, each a JSON object; with ``follow`` it goes on."""
        rest = b""
        for piece in self._transport.stream(f"{_path(ref)}/logs", tail=tail, follow=follow):
            *whole, rest = (rest + piece).split(b"\n")
            yield from map(_checked, whole)
        if rest:
            yield _checked(rest)


def _checked(line: bytes) -> bytes:
    """The line, unless it is the server's word of why there are no more."""
    if line.startswith(_ERROR_BEGINNING):
        raise from_record(json.loads(line)["error"])
    return line


def _path(ref: str) -> str:
    return f"/balancers/{segment(ref)}"
