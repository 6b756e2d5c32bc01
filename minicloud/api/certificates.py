"""Routes of certificates, and of the cloud's own authority."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Route

from minicloud.api.backend import Backend
from minicloud.api.balancer_requests import CertificateBody
from minicloud.api.balancer_views import certificate_view
from minicloud.api.endpoint import get, route
from minicloud.api.requests import EmptyBody
from minicloud.api.views import View
from minicloud.domain.certificate import Certificate
from minicloud.domain.errors import InvalidRequest


def routes(backend: Backend) -> list[Route]:
    """Issue, import, look at and delete certificates; the authority that clients may trust."""
    certificates = backend.certificates

    def list_all(_request: Request) -> list[View]:
        region = backend.cloud.settings().region
        return [certificate_view(certificate, region) for certificate in certificates.list_all()]

    def show(request: Request) -> View:
        return certificate_view(certificates.show(_ref(request)), backend.cloud.settings().region)

    def create(_request: Request, body: CertificateBody) -> View:
        return certificate_view(made(body), backend.cloud.settings().region)

    def made(body: CertificateBody) -> Certificate:
        match body:
            case CertificateBody(domains=list(domains), chain_pem=None, key_pem=None):
                return certificates.create(body.name, domains, body.validity_days, body.tags)
            case CertificateBody(
                domains=None, validity_days=None, chain_pem=str(chain), key_pem=str(key)
            ):
                return certificates.import_(body.name, chain, key, body.tags)
        raise InvalidRequest(
            "InvalidParameterCombination",
            "a certificate has either domains, or a chain and its key",
            "send domains (and validity_days), or chain_pem and key_pem",
        )

    def delete(request: Request, _body: EmptyBody) -> View:
        certificates.delete(_ref(request))
        return {"operations": []}

    def authority(_request: Request) -> View:
        return {"chain_pem": certificates.authority()}

    return [
        get("/certificates", list_all),
        route("POST", "/certificates", create, CertificateBody),
        get("/certificates/{ref}", show),
        route("DELETE", "/certificates/{ref}", delete, EmptyBody),
        get("/certificate-authority", authority),
    ]


def _ref(request: Request) -> str:
    ref: str = request.path_params["ref"]
    return ref
