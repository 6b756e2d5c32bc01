"""Routes of target groups, and of the targets in them."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.routing import Route

from minicloud.api.backend import Backend
from minicloud.api.balancer_requests import (
    CreateTargetGroupBody,
    ModifyTargetGroupBody,
    TargetsBody,
)
from minicloud.api.balancer_views import health_views, target_group_view
from minicloud.api.endpoint import get, route
from minicloud.api.requests import EmptyBody
from minicloud.api.views import View
from minicloud.domain.operation import Operation
from minicloud.domain.target_group import TargetGroup
from minicloud.services.target_groups import CreateTargetGroup, ModifyTargetGroup, TargetRef


def routes(backend: Backend) -> list[Route]:
    """Create, look at, change and delete groups; machines in and out; how they are."""
    groups = backend.target_groups

    def list_all(_request: Request) -> list[View]:
        found = groups.list_all()
        balancing = backend.balancing()
        return [target_group_view(group, balancing) for group in found]

    def show(request: Request) -> View:
        return target_group_view(groups.show(_ref(request)), backend.balancing())

    def create(_request: Request, body: CreateTargetGroupBody) -> View:
        wanted = CreateTargetGroup(body.name, body.protocol, body.port, body.settings(), body.tags)
        return begun(groups.create(wanted), [])

    def modify(request: Request, body: ModifyTargetGroupBody) -> View:
        changes = ModifyTargetGroup(body.settings(), body.tags)
        return begun(*groups.modify(_ref(request), changes))

    def delete(request: Request, _body: EmptyBody) -> View:
        return {"operations": backend.operation_views(groups.delete(_ref(request)))}

    def register(request: Request, body: TargetsBody) -> View:
        operations = groups.register(_ref(request), _targets(body))
        return {"operations": backend.operation_views(operations)}

    def deregister(request: Request, body: TargetsBody) -> View:
        operations = groups.deregister(_ref(request), _targets(body))
        return {"operations": backend.operation_views(operations)}

    def health(request: Request) -> list[View]:
        return health_views(groups.health(_ref(request)), backend.balancing())

    def begun(group: TargetGroup, operations: Sequence[Operation]) -> View:
        return {
            "operations": backend.operation_views(operations),
            "target_groups": [target_group_view(group, backend.balancing())],
        }

    return [
        get("/target-groups", list_all),
        route("POST", "/target-groups", create, CreateTargetGroupBody),
        get("/target-groups/{ref}", show),
        route("PATCH", "/target-groups/{ref}", modify, ModifyTargetGroupBody),
        route("DELETE", "/target-groups/{ref}", delete, EmptyBody),
        route("POST", "/target-groups/{ref}/register", register, TargetsBody),
        route("POST", "/target-groups/{ref}/deregister", deregister, TargetsBody),
        get("/target-groups/{ref}/health", health),
    ]


def _targets(body: TargetsBody) -> list[TargetRef]:
    return [TargetRef(target.instance, target.port) for target in body.targets]


def _ref(request: Request) -> str:
    ref: str = request.path_params["ref"]
    return ref
