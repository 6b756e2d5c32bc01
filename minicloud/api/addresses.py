"""Routes of Elastic IPs, and of what moves them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Route

from minicloud.api.backend import Backend
from minicloud.api.endpoint import get, route
from minicloud.api.requests import AllocateBody, AssociateBody, EmptyBody, ScaleUpBody
from minicloud.api.views import View, address_view
from minicloud.services.scaling import ScaleUpRequest


def routes(backend: Backend) -> list[Route]:
    """Allocate, lead, loosen and release addresses; scale up."""
    addresses = backend.addresses

    def list_all(_request: Request) -> list[View]:
        around = backend.surroundings()
        return [address_view(address, around) for address in addresses.list_all()]

    def show(request: Request) -> View:
        return address_view(addresses.show(_ref(request)), backend.surroundings())

    def allocate(_request: Request, body: AllocateBody) -> View:
        address, operation = addresses.allocate(body.name, body.tags)
        return {
            "operations": backend.operation_views([operation]),
            "addresses": [address_view(address, backend.surroundings())],
        }

    def associate(request: Request, body: AssociateBody) -> View:
        operations = addresses.associate(
            _ref(request), body.instance, reassociation_allowed=body.allow_reassociation
        )
        return {"operations": backend.operation_views(operations)}

    def disassociate(request: Request, _body: EmptyBody) -> View:
        return {"operations": backend.operation_views(addresses.disassociate(_ref(request)))}

    def release(request: Request, _body: EmptyBody) -> View:
        return {"operations": backend.operation_views(addresses.release(_ref(request)))}

    def scale_up(_request: Request, body: ScaleUpBody) -> View:
        wanted = ScaleUpRequest(body.instance, body.type, body.image_name, body.reboot)
        return {"operations": backend.operation_views(backend.scaling.scale_up(wanted))}

    return [
        get("/addresses", list_all),
        route("POST", "/addresses", allocate, AllocateBody),
        get("/addresses/{ref}", show),
        route("DELETE", "/addresses/{ref}", release, EmptyBody),
        route("POST", "/addresses/{ref}/associate", associate, AssociateBody),
        route("POST", "/addresses/{ref}/disassociate", disassociate, EmptyBody),
        route("POST", "/scale-up", scale_up, ScaleUpBody),
    ]


def _ref(request: Request) -> str:
    ref: str = request.path_params["ref"]
    return ref
