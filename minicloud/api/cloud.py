"""Routes of the cloud itself."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from minicloud.api.aws_endpoint import endpoint_view
from minicloud.api.backend import Backend
from minicloud.api.endpoint import error_view, get, route
from minicloud.api.requests import EmptyBody, PurgeBody, SettingsBody
from minicloud.api.streaming import JSON_LINES, json_lines
from minicloud.api.views import View, clock_view, ledger_view, type_view, usage_view
from minicloud.domain.catalog import instance_types
from minicloud.domain.errors import MiniCloudError


def routes(backend: Backend) -> list[Route]:
    """Status, settings, shutdown, reset, purge, types, the ledger."""

    def status(_request: Request) -> View:
        return _status_view(backend)

    def change_settings(_request: Request, body: SettingsBody) -> View:
        changes = body.model_dump(exclude_none=True)
        return asdict(backend.cloud.change_settings(lambda s: replace(s, **changes)))

    def shutdown(_request: Request, _body: EmptyBody) -> View:
        backend.exit()
        return {}

    def reset(_request: Request, _body: EmptyBody) -> View:
        return {"operations": backend.operation_views(backend.resetting.reset())}

    def purge(_request: Request, body: PurgeBody) -> StreamingResponse:
        return json_lines(_purge(backend, with_built_images=body.images))

    def ledger(_request: Request) -> list[View]:
        return [ledger_view(entry) for entry in backend.ledger.entries()]

    def usage(_request: Request) -> list[View]:
        balancing = backend.balancing()
        balancers = {balancer.id: balancer.name for balancer in balancing.balancers.values()}
        names = {**balancing.around.instance_names, **balancers}
        now = backend.clock.now()
        return [usage_view(stretch, names, now) for stretch in backend.ledger.usage()]

    return [
        get("/status", status),
        route("PATCH", "/settings", change_settings, SettingsBody),
        route("POST", "/shutdown", shutdown, EmptyBody),
        route("POST", "/reset", reset, EmptyBody),
        route("POST", "/purge", purge, PurgeBody, JSON_LINES),
        get("/instance-types", lambda _request: [type_view(t) for t in instance_types()]),
        get("/ledger", ledger),
        get("/ledger/usage", usage),
    ]


def _status_view(backend: Backend) -> View:
    status = backend.cloud.status()
    engine: View = {"reachable": status.engine is not None, "error": None}
    if status.engine is not None:
        engine |= asdict(status.engine)
    if status.engine_error is not None:
        engine["error"] = error_view(status.engine_error)
    return {
        "cloud": asdict(status.cloud),
        "server": {**asdict(backend.server), "started_at": backend.server.started_at.isoformat()},
        "engine": engine,
        "aws": endpoint_view(backend.aws_state()),
        "settings": asdict(status.settings),
        "capacity": None if status.capacity is None else asdict(status.capacity),
        "clock": clock_view(backend.clock.show()),
        "counts": {
            "instances": {state.value: n for state, n in status.instance_counts.items()},
            "images": status.image_count,
            "addresses": status.address_count,
            "balancers": status.balancer_count,
            "operations_running": status.operations_running,
        },
    }


def _purge(backend: Backend, *, with_built_images: bool) -> Iterator[dict[str, Any]]:
    messages: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def work() -> None:
        try:
            backend.quiesce()
            backend.cloud.purge(
                lambda message: messages.put({"message": message}),
                with_built_images=with_built_images,
            )
            messages.put({"done": True})
        except MiniCloudError as error:
            messages.put({"error": error_view(error)})

    worker = threading.Thread(target=work, name="purge")
    worker.start()
    while "message" in (item := messages.get()):
        yield item
    worker.join()
    yield item
    backend.exit()
