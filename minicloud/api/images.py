"""Routes of images."""

from __future__ import annotations

from dataclasses import asdict

from starlette.requests import Request
from starlette.routing import Route

from minicloud.api.backend import Backend
from minicloud.api.endpoint import get, route
from minicloud.api.parameters import FlagParameter
from minicloud.api.requests import BuildBody, CopyImageBody, CreateImageBody, EmptyBody
from minicloud.api.views import View, image_view
from minicloud.services.images import CopyRequest, ImageRequest

_ALL = FlagParameter("all")


def routes(backend: Backend) -> list[Route]:
    """Build, make, copy, look at and delete images."""
    images = backend.images

    def recipes(_request: Request) -> list[View]:
        return [{**asdict(r.recipe), "built": r.is_built} for r in images.recipes()]

    def build(_request: Request, body: BuildBody) -> View:
        return {"operations": backend.operation_views(images.build(body.names))}

    def list_all(request: Request) -> list[View]:
        found = images.list_all(include_gone=_ALL.of(request))
        return [image_view(image) for image in found]

    def create(_request: Request, body: CreateImageBody) -> View:
        image, operation = images.create(ImageRequest(**body.model_dump()))
        return {
            "operations": backend.operation_views([operation]),
            "images": [image_view(image)],
        }

    def copy(_request: Request, body: CopyImageBody) -> View:
        image, operations = images.copy(CopyRequest(**body.model_dump()))
        return {"operations": backend.operation_views(operations), "images": [image_view(image)]}

    def delete(request: Request, _body: EmptyBody) -> View:
        return {"operations": backend.operation_views(images.delete(request.path_params["ref"]))}

    return [
        get("/recipes", recipes),
        route("POST", "/images/build", build, BuildBody),
        get("/images", list_all, _ALL),
        route("POST", "/images", create, CreateImageBody),
        route("POST", "/images/copies", copy, CopyImageBody),
        get("/images/{ref:path}", lambda r: image_view(images.show(r.path_params["ref"]))),
        route("DELETE", "/images/{ref:path}", delete, EmptyBody),
    ]
