"""The client's transport straight into the application: no socket, no server, the real JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette

from minicloud.api.app import make_app
from minicloud.api.backend import Backend, ServerFacts
from minicloud.client.failures import from_response
from minicloud.client.transport import Transport
from minicloud.domain.aws_endpoint import EndpointState
from minicloud.services.aws_endpoint import AwsEndpointService
from tests.unit.cloud import Cloud


@dataclass(frozen=True)
class Answer:
    """What the application answered; reads like ``client.http.Exchange``."""

    status: int
    parts: tuple[bytes, ...]

    def body(self) -> bytes:
        return b"".join(self.parts)

    def pieces(self) -> Iterator[bytes]:
        yield from self.parts

    def lines(self) -> Iterator[bytes]:
        yield from self.body().splitlines()


class AppTransport(Transport):
    """Asks an application, and keeps what every answer was."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(Path("/nowhere"))
        self._app = app
        self.answers: list[Answer] = []

    def without_starting(self) -> Transport:
        return self

    def ask(self, method: str, target: str, body: bytes = b"") -> Answer:
        """Ask for ``/v1`` and what comes behind it, whatever bytes the body has."""
        answer = asyncio.run(_asked(self._app, method, target, body))
        self.answers.append(answer)
        return answer

    @contextmanager
    def _answered(
        self,
        method: str,
        target: str,
        body: Mapping[str, Any] | None,
        timeout_s: float | None,
    ) -> Iterator[Any]:
        fields = {k: v for k, v in (body or {}).items() if v is not None}
        answer = self.ask(method, target, b"" if body is None else json.dumps(fields).encode())
        if answer.status >= 300:
            raise from_response(answer.status, answer.body())
        yield answer


def app_transport(cloud: Cloud) -> AppTransport:
    """A transport to the application that serves this cloud."""
    return AppTransport(make_app(backend_of(cloud)))


def backend_of(cloud: Cloud) -> Backend:
    """What the routes are given, over this cloud."""
    return Backend(
        cloud=cloud.clouds,
        resetting=cloud.resetting,
        instances=cloud.instances,
        images=cloud.images,
        addresses=cloud.addresses,
        scaling=cloud.scaling,
        balancers=cloud.balancers,
        target_groups=cloud.target_groups,
        listeners=cloud.listeners,
        rules=cloud.rules,
        certificates=cloud.certificates,
        operations=cloud.operations,
        ledger=cloud.ledger,
        bills=cloud.bills,
        budgets=cloud.budgets,
        prices=cloud.prices,
        reservations=cloud.reservations,
        comparisons=cloud.comparisons,
        usage=cloud.usage,
        store=cloud.store,
        clock=cloud.time,
        aws_endpoint=AwsEndpointService(cloud.store),
        aws_state=lambda: EndpointState("http://127.0.0.1:24566"),
        server=ServerFacts(1, "0", cloud.clock.now(), "/home", "/log"),
        quiesce=lambda: None,
        exit=lambda: None,
    )


async def _asked(app: Starlette, method: str, target: str, body: bytes) -> Answer:
    path, _, query = target.partition("?")
    waiting = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[Any] = []

    async def receive() -> Any:
        if waiting:
            return waiting.pop()
        # The client stays until it has its answer.
        return await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(f"/v1{path}"),
        "raw_path": f"/v1{path}".encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"host", b"minicloud"), (b"content-type", b"application/json")],
        "client": None,
        "server": None,
    }
    try:
        await app(scope, receive, send)
    except Exception:
        # The application's own handler has answered; servers log the rest.
        if not sent:
            raise
    parts = [m.get("body", b"") for m in sent if m["type"] == "http.response.body"]
    return Answer(sent[0]["status"], tuple(part for part in parts if part))
