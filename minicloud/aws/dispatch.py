"""Which service and operation a request is for, and who signed it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from minicloud.aws import services
from minicloud.aws.failures import AwsFailure
from minicloud.aws.protocols.families import Family
from minicloud.aws.protocols.protocol import Sent
from minicloud.aws.services import Service
from minicloud.aws.signature import v2, v4
from minicloud.aws.signature.refusal import Reason, SignatureRefused
from minicloud.aws.signature.request import Pairs, SignedRequest, pairs_of
from minicloud.domain.aws_endpoint import AwsKeys
from minicloud.domain.tags import shown

_TARGET = "x-amz-target"
_SCOPED = re.compile(r"Credential=[^,\s]*/([^/,\s]+)/aws4_request")
_VERSION = re.compile(r"(?:^|&)Version=([0-9-]{10})(?:&|$)", re.ASCII)
_NOT_OF_THE_OPERATION = frozenset({"Action", "Version"})
_GLOBAL_REGION = "us-east-1"


@dataclass(frozen=True)
class Call:
    """An operation of a service that is asked for by one who has the keys."""

    service: Service
    family: Family
    action: str
    sent: Sent


def family_of(request: SignedRequest) -> Family:
    """The protocol that a request seems to speak, for errors before more is known of it."""
    if request.header(_TARGET) is not None:
        return Family.JSON
    scoped = _SCOPED.search(request.header("authorization") or "")
    service = services.signed_for(scoped[1]) if scoped else None
    if service is None:
        found = _VERSION.search(request.query) or _VERSION.search(request.body.decode("latin-1"))
        service = services.of_version(found[1]) if found else None
    return Family.EC2 if service is None else service.family(is_json=False) or Family.EC2


def call_of(request: SignedRequest, keys: AwsKeys, region: str, now: datetime) -> Call:
    """What the request asks for, once its signature is verified; nothing is parsed before."""
    try:
        query = request.query_pairs
        is_json = request.header(_TARGET) is not None
        if v4.is_v4(request):
            scope = v4.verify(request, keys, now)
            form = [] if is_json else _form(request)
            service = _service_of(scope, region)
        else:
            form = _form(request)
            if not v2.is_v2([*query, *form]):
                raise SignatureRefused(Reason.MISSING, "Request is missing Authentication Token")
            v2.verify(request, [*query, *form], keys, now)
            service = _service_of_version([*query, *form])
    except UnicodeError as error:
        raise AwsFailure("MalformedQueryString", "The request is not UTF-8.") from error
    except ValueError as error:
        raise AwsFailure(
            "MalformedQueryString", "The request's fields cannot be read, or are too many."
        ) from error
    if is_json:
        return _json_call(request, service)
    return _form_call(service, [*query, *form])


def _form(request: SignedRequest) -> Pairs:
    return pairs_of(request.body.decode("utf-8")) if request.method == "POST" else []


def _service_of(scope: v4.Scope, region: str) -> Service:
    service = services.signed_for(scope.service)
    if service is None:
        played = ", ".join(each.signing_name for each in services.services())
        raise AwsFailure(
            "InvalidAction",
            f"minicloud does not play the service {shown(scope.service)}; it plays {played}.",
        )
    if scope.region != region and not (service.is_global and scope.region == _GLOBAL_REGION):
        raise SignatureRefused(
            Reason.SCOPE,
            f"Credential should be scoped to a valid Region, not {shown(scope.region)}: this cloud"
            f" is in {region}.",
        )
    return service


def _service_of_version(fields: Pairs) -> Service:
    version = dict(fields).get("Version", "")
    service = services.of_version(version)
    if service is None:
        raise _no_such_version(version)
    return service


def _json_call(request: SignedRequest, service: Service) -> Call:
    target = request.header(_TARGET) or ""
    family = service.family(is_json=True)
    if family is None or services.of_target(target) is not service:
        raise AwsFailure("UnknownOperationException", f"There is no operation {shown(target, 80)}.")
    return Call(service, family, target.partition(".")[2], Sent(body=request.body))


def _form_call(service: Service, fields: Pairs) -> Call:
    family = service.family(is_json=False)
    by_name = dict(fields)
    if "Action" not in by_name:
        raise AwsFailure(
            "MissingAction", "The request is missing an action or a required parameter."
        )
    if family is None or by_name.get("Version", service.version) != service.version:
        raise _no_such_version(by_name.get("Version", ""))
    rest = tuple(
        (name, value)
        for name, value in fields
        if name not in _NOT_OF_THE_OPERATION
        and not name.startswith("X-Amz-")
        and not ("AWSAccessKeyId" in by_name and name in v2.FIELDS)
    )
    return Call(service, family, by_name["Action"], Sent(fields=rest))


def _no_such_version(version: str) -> AwsFailure:
    return AwsFailure(
        "NoSuchVersion", f"The requested version ({shown(version)}) of the API does not exist."
    )
