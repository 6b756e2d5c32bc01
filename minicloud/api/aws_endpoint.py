"""Routes of the AWS endpoint: where it is, and the keys to it."""

from __future__ import annotations

from dataclasses import asdict

from starlette.requests import Request
from starlette.routing import Route

from minicloud.api.backend import Backend
from minicloud.api.endpoint import get
from minicloud.api.views import View
from minicloud.domain.aws_endpoint import EndpointState


def routes(backend: Backend) -> list[Route]:
    """All that an AWS client needs. The secret leaves by this route alone."""

    def show(_request: Request) -> View:
        keys = backend.aws_endpoint.keys()
        return {
            **endpoint_view(backend.aws_state()),
            "region": backend.cloud.settings().region,
            "access_key_id": keys.access_key_id,
            "secret_access_key": keys.secret_access_key,
        }

    return [get("/aws-endpoint", show)]


def endpoint_view(state: EndpointState) -> View:
    """Where the endpoint is, or why it is not."""
    return {"url": state.url, "error": None if state.error is None else asdict(state.error)}
