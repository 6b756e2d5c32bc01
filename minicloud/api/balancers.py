"""Routes of load balancers."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from minicloud.api.backend import Backend
from minicloud.api.balancer_requests import CreateBalancerBody, FrontBody, ModifyBalancerBody
from minicloud.api.balancer_views import balancer_view, health_views, metrics_view
from minicloud.api.endpoint import get, route
from minicloud.api.parameters import FlagParameter, IntegerParameter
from minicloud.api.requests import EmptyBody
from minicloud.api.streaming import JSON_LINES, log_lines
from minicloud.api.views import View
from minicloud.domain.balancer import Balancer
from minicloud.domain.operation import Operation
from minicloud.services.balancers import CreateBalancer, Front, ModifyBalancer

_TAIL, _FOLLOW = IntegerParameter("tail", default=100, most=1_000_000), FlagParameter("follow")


def routes(backend: Backend) -> list[Route]:
    """Create, look at, change and delete balancers, and ask them how it goes."""
    balancers = backend.balancers

    def list_all(_request: Request) -> list[View]:
        found = balancers.list_all()
        balancing = backend.balancing()
        return [balancer_view(balancer, balancing) for balancer in found]

    def show(request: Request) -> View:
        return balancer_view(balancers.show(_ref(request)), backend.balancing())

    def create(_request: Request, body: CreateBalancerBody) -> View:
        fields = body.model_dump(exclude={"front"}, exclude_none=True)
        made, operations = balancers.create(CreateBalancer(**fields, front=_front(body.front)))
        return begun(made, operations)

    def modify(request: Request, body: ModifyBalancerBody) -> View:
        return begun(*balancers.modify(_ref(request), ModifyBalancer(**body.model_dump())))

    def delete(request: Request, _body: EmptyBody) -> View:
        return {"operations": backend.operation_views(balancers.delete(_ref(request)))}

    def health(request: Request) -> list[View]:
        return health_views(balancers.health(_ref(request)), backend.balancing())

    def metrics(request: Request) -> View:
        balancer = balancers.show(_ref(request))
        return metrics_view(balancer, balancers.metrics(balancer.id), backend.balancing())

    def logs(request: Request) -> StreamingResponse:
        tail = _TAIL.of(request)
        follow = _FOLLOW.of(request)
        lines = balancers.logs(_ref(request), tail, follow=follow)
        return log_lines(lines, lines.close)

    def begun(balancer: Balancer, operations: Sequence[Operation]) -> View:
        return {
            "operations": backend.operation_views(operations),
            "balancers": [balancer_view(balancer, backend.balancing())],
        }

    return [
        get("/balancers", list_all),
        route("POST", "/balancers", create, CreateBalancerBody),
        get("/balancers/{ref}", show),
        route("PATCH", "/balancers/{ref}", modify, ModifyBalancerBody),
        route("DELETE", "/balancers/{ref}", delete, EmptyBody),
        get("/balancers/{ref}/health", health),
        get("/balancers/{ref}/metrics", metrics),
        get("/balancers/{ref}/logs", logs, _TAIL, _FOLLOW, media_type=JSON_LINES),
    ]


def _front(body: FrontBody | None) -> Front | None:
    if body is None:
        return None
    return Front(
        instances=body.instances,
        port=body.port,
        protocol=body.protocol,
        certificate=body.certificate,
        tls_policy=body.tls_policy,
        group_name=body.group_name,
        target_port=body.target_port,
        settings=body.settings(),
    )


def _ref(request: Request) -> str:
    ref: str = request.path_params["ref"]
    return ref
