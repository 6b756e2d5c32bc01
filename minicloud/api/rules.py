"""Routes of the rules of listeners."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.routing import Route

from minicloud.api.backend import Backend
from minicloud.api.balancer_requests import CreateRuleBody, ModifyRuleBody, PrioritiesBody
from minicloud.api.balancer_views import rule_view
from minicloud.api.endpoint import get, route
from minicloud.api.parameters import TextParameter
from minicloud.api.requests import EmptyBody
from minicloud.api.views import View
from minicloud.domain.operation import Operation
from minicloud.domain.rule import Rule
from minicloud.services.rules import CreateRule, ModifyRule

_LISTENER = TextParameter("listener")


def routes(backend: Backend) -> list[Route]:
    """Make, look at, change, order and delete rules."""
    rules = backend.rules

    def list_all(request: Request) -> list[View]:
        found = rules.list(_LISTENER.of(request))
        balancing = backend.balancing()
        return [rule_view(rule, balancing) for rule in found]

    def show(request: Request) -> View:
        return rule_view(rules.show(_ref(request)), backend.balancing())

    def create(_request: Request, body: CreateRuleBody) -> View:
        wanted = CreateRule(
            listener=body.listener,
            priority=body.priority,
            conditions=[condition.to_domain() for condition in body.conditions],
            action=body.action.to_domain(),
            tags=body.tags,
        )
        made, operations = rules.create(wanted)
        return begun([made], operations)

    def modify(request: Request, body: ModifyRuleBody) -> View:
        conditions = None
        if body.conditions is not None:
            conditions = [condition.to_domain() for condition in body.conditions]
        changes = ModifyRule(
            priority=body.priority,
            conditions=conditions,
            action=None if body.action is None else body.action.to_domain(),
            tags=body.tags,
        )
        changed, operations = rules.modify(_ref(request), changes)
        return begun([changed], operations)

    def set_priorities(_request: Request, body: PrioritiesBody) -> View:
        return begun(*rules.set_priorities(body.priorities))

    def delete(request: Request, _body: EmptyBody) -> View:
        return {"operations": backend.operation_views(rules.delete(_ref(request)))}

    def begun(some: Sequence[Rule], operations: Sequence[Operation]) -> View:
        balancing = backend.balancing()
        return {
            "operations": backend.operation_views(operations),
            "rules": [rule_view(rule, balancing) for rule in some],
        }

    return [
        get("/rules", list_all, _LISTENER),
        route("POST", "/rules", create, CreateRuleBody),
        route("POST", "/rules/priorities", set_priorities, PrioritiesBody),
        get("/rules/{ref}", show),
        route("PATCH", "/rules/{ref}", modify, ModifyRuleBody),
        route("DELETE", "/rules/{ref}", delete, EmptyBody),
    ]


def _ref(request: Request) -> str:
    ref: str = request.path_params["ref"]
    return ref
