"""Routes of listeners."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.routing import Route

from minicloud.api.backend import Backend
from minicloud.api.balancer_requests import CreateListenerBody, ModifyListenerBody
from minicloud.api.balancer_views import listener_view
from minicloud.api.endpoint import get, route
from minicloud.api.parameters import TextParameter
from minicloud.api.requests import EmptyBody
from minicloud.api.views import View
from minicloud.domain.listener import Listener
from minicloud.domain.operation import Operation
from minicloud.services.listeners import CreateListener, ModifyListener

_BALANCER = TextParameter("balancer")


def routes(backend: Backend) -> list[Route]:
    """Open, look at, change and close ports of balancers."""
    listeners = backend.listeners

    def list_all(request: Request) -> list[View]:
        found = listeners.list(_BALANCER.of(request))
        balancing = backend.balancing()
        return [listener_view(listener, balancing) for listener in found]

    def show(request: Request) -> View:
        return listener_view(listeners.show(_ref(request)), backend.balancing())

    def create(_request: Request, body: CreateListenerBody) -> View:
        fields = body.model_dump(exclude={"action"})
        return begun(*listeners.create(CreateListener(**fields, action=body.action.to_domain())))

    def modify(request: Request, body: ModifyListenerBody) -> View:
        fields = body.model_dump(exclude={"action"})
        action = None if body.action is None else body.action.to_domain()
        return begun(*listeners.modify(_ref(request), ModifyListener(**fields, action=action)))

    def delete(request: Request, _body: EmptyBody) -> View:
        return {"operations": backend.operation_views(listeners.delete(_ref(request)))}

    def begun(listener: Listener, operations: Sequence[Operation]) -> View:
        return {
            "operations": backend.operation_views(operations),
            "listeners": [listener_view(listener, backend.balancing())],
        }

    return [
        get("/listeners", list_all, _BALANCER),
        route("POST", "/listeners", create, CreateListenerBody),
        get("/listeners/{ref}", show),
        route("PATCH", "/listeners/{ref}", modify, ModifyListenerBody),
        route("DELETE", "/listeners/{ref}", delete, EmptyBody),
    ]


def _ref(request: Request) -> str:
    ref: str = request.path_params["ref"]
    return ref
