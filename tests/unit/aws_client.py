"""botocore's own clients straight into the AWS endpoint: no socket, the real bytes both ways."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from minicloud.aws.backend import AwsBackend
from minicloud.aws.endpoint import AwsEndpoint
from minicloud.domain.aws_endpoint import KEY_BYTES, AwsKeys, keys_from
from minicloud.domain.engine_kind import EngineKind
from tests.unit.cloud import Cloud

URL = "http://127.0.0.1:24566"
KEYS = keys_from(bytes(range(KEY_BYTES)))


@dataclass(frozen=True)
class Answer:
    """What the application answered; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class AwsWire:
    """The endpoint of a cloud, and clients of it. ``answers`` are all that were given."""

    backend: AwsBackend
    wall_clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    answers: list[Answer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app = AwsEndpoint(self.backend, self._now)

    def _now(self) -> datetime:
        return self.wall_clock()

    def client(self, service: str, region: str = "us-east-1", keys: AwsKeys = KEYS) -> Any:
        """boto3's client of a service (by boto3's name of it), without retries."""
        client = _session(keys, region).client(
            service,
            endpoint_url=URL,
            config=Config(retries={"total_max_attempts": 1}, tcp_keepalive=False),
        )
        client._endpoint.http_session = _Session(self)
        return client

    def ask(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Ask for a path and query, whatever bytes the request has."""
        answer = asyncio.run(self.asking(method, url, headers, body))
        self.answers.append(answer)
        return answer

    async def asking(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Ask within a loop that goes on, which is quicker for many; ``answers`` keeps none."""
        parts = urlsplit(url)
        target = f"{parts.path or '/'}" + (f"?{parts.query}" if parts.query else "")
        given = {"host": "127.0.0.1:24566", **{k.lower(): v for k, v in (headers or {}).items()}}
        return await _asked(self.app, method, target, given, body)


def aws(cloud: Cloud) -> AwsWire:
    """The AWS endpoint that serves this cloud."""
    return AwsWire(backend_of(cloud))


def backend_of(cloud: Cloud) -> AwsBackend:
    """What handlers are given, over this cloud."""
    return AwsBackend(
        cloud=cloud.clouds,
        instances=cloud.instances,
        images=cloud.images,
        addresses=cloud.addresses,
        balancers=cloud.balancers,
        target_groups=cloud.target_groups,
        listeners=cloud.listeners,
        rules=cloud.rules,
        certificates=cloud.certificates,
        operations=cloud.operations,
        ledger=cloud.ledger,
        bills=cloud.bills,
        prices=cloud.prices,
        reservations=cloud.reservations,
        tags=cloud.tags,
        balancing_tags=cloud.balancing_tags,
        store=cloud.store,
        clock=cloud.clock,
        keys=KEYS,
        engine=EngineKind.DOCKER,
        ending=threading.Event(),
    )


@functools.cache
def _session(keys: AwsKeys, region: str) -> boto3.Session:
    """It keeps the models that it has read."""
    return boto3.Session(keys.access_key_id, keys.secret_access_key, region_name=region)


class _Session:
    """In the place of botocore's HTTP session."""

    def __init__(self, wire: AwsWire) -> None:
        self._wire = wire

    def send(self, request: Any) -> AWSResponse:
        headers = {k: v.decode() if isinstance(v, bytes) else v for k, v in request.headers.items()}
        body = request.body or b""
        sent = body.encode() if isinstance(body, str) else bytes(body)
        answer = self._wire.ask(request.method, request.url, headers, sent)
        return AWSResponse(request.url, answer.status, _headers(answer), _Raw(answer.body))

    def close(self) -> None:
        pass


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_args: Any, **_settings: Any) -> Any:
        yield self._body


def _headers(answer: Answer) -> Any:
    from botocore.compat import HTTPHeaders

    return HTTPHeaders.from_dict(answer.headers)


async def _asked(
    app: AwsEndpoint, method: str, target: str, headers: Mapping[str, str], body: bytes
) -> Answer:
    path, _, query = target.partition("?")
    waiting = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[Any] = []

    async def receive() -> Any:
        if waiting:
            return waiting.pop()
        return await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()],
    }
    await app(scope, receive, send)
    told = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
    return Answer(sent[0]["status"], told, b"".join(m.get("body", b"") for m in sent[1:]))
