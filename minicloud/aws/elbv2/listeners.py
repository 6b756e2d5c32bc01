"""Listeners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.changing import settled
from minicloud.aws.elbv2.actions import CHECKED_TYPES, action_from, action_shapes, carried_below
from minicloud.aws.elbv2.paging import paging_of
from minicloud.aws.elbv2.records import Records
from minicloud.aws.elbv2.tags import tags_given
from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Operation, Shape
from minicloud.domain.balancer import Balancer, BalancerType
from minicloud.domain.listener import Listener, ListenerProtocol, TlsPolicy
from minicloud.domain.tags import shown
from minicloud.services.listeners import CreateListener, ModifyListener

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import (
        CertificateTypeDef,
        CreateListenerInputTypeDef,
        DeleteListenerInputTypeDef,
        DescribeListenerCertificatesInputTypeDef,
        DescribeListenersInputTypeDef,
        ModifyListenerInputTypeDef,
        MutualAuthenticationAttributesTypeDef,
    )

_PAGING = paging_of("DescribeListeners")
_CERTIFICATES_PAGING = paging_of("DescribeListenerCertificates")
_PROTOCOLS = {protocol.value: protocol for protocol in ListenerProtocol}
# AWS's, of which minicloud has some.
_PROTOCOLS_OF_TYPE = {
    BalancerType.APPLICATION: ("HTTP", "HTTPS"),
    BalancerType.NETWORK: ("UDP", "TCP", "TLS", "TCP_UDP"),
}
_POLICIES = {policy.value: policy for policy in TlsPolicy}
_OFF = "off"


def create_listener(backend: AwsBackend, request: CreateListenerInputTypeDef) -> Shape:
    """Open a port of a balancer; when this returns, it is open."""
    records = Records.of(backend)
    if "Port" not in request or "Protocol" not in request:
        missing = "protocol" if "Port" in request else "port"
        raise AwsFailure("ValidationError", f"A listener {missing} must be specified")
    _require_no_mutual_authentication(request.get("MutualAuthentication"))
    balancer = records.balancer(request["LoadBalancerArn"])
    wanted = CreateListener(
        balancer=balancer.id,
        port=request["Port"],
        action=action_from(records, request["DefaultActions"]),
        protocol=_protocol(request["Protocol"], balancer),
        certificate=_certificate_id(records, request.get("Certificates")),
        tls_policy=_policy(request.get("SslPolicy")),
        tags=tags_given(request.get("Tags")),
    )
    _require_tls_where_said(wanted)
    listener = settled(backend, lambda: backend.listeners.create(wanted))
    return {"Listeners": [listener_shape(listener, Records.of(backend))]}


def describe_listeners(backend: AwsBackend, request: DescribeListenersInputTypeDef) -> Shape:
    """The listeners of a balancer, by port, or those of these ARNs."""
    records = Records.of(backend)
    balancer_arn, arns = request.get("LoadBalancerArn"), request.get("ListenerArns")
    if bool(balancer_arn) == bool(arns):
        raise AwsFailure(
            "ValidationError", "You must specify either listener ARNs or a load balancer ARN"
        )
    if balancer_arn:
        chosen = records.listeners_of(records.balancer(balancer_arn))
    else:
        chosen = list({arn: records.listener(arn) for arn in arns or ()}.values())
    page = _PAGING.page(backend, request, chosen, lambda listener: listener.id)
    return {
        "Listeners": [listener_shape(listener, records) for listener in page.records],
        "NextMarker": page.next_token,
    }


def modify_listener(backend: AwsBackend, request: ModifyListenerInputTypeDef) -> Shape:
    """Change a listener; when this returns, every new request meets what it is now."""
    records = Records.of(backend)
    listener = records.listener(request["ListenerArn"])
    _require_no_mutual_authentication(request.get("MutualAuthentication"))
    actions, protocol = request.get("DefaultActions"), request.get("Protocol")
    balancer = records.balancers[listener.balancer_id]
    changes = ModifyListener(
        port=request.get("Port"),
        protocol=None if protocol is None else _protocol(protocol, balancer),
        action=action_from(records, actions) if actions else None,
        certificate=_certificate_id(records, request.get("Certificates")),
        tls_policy=_policy(request.get("SslPolicy")),
    )
    changed = settled(backend, lambda: backend.listeners.modify(listener.id, changes))
    return {"Listeners": [listener_shape(changed, Records.of(backend))]}


def delete_listener(backend: AwsBackend, request: DeleteListenerInputTypeDef) -> Shape:
    """Close a port; its rules go with it."""
    listener = Records.of(backend).listener(request["ListenerArn"])
    settled(backend, lambda: (None, backend.listeners.delete(listener.id)))
    return {}


def describe_listener_certificates(
    backend: AwsBackend, request: DescribeListenerCertificatesInputTypeDef
) -> Shape:
    """The listener's certificate, which is its default one; it has no others."""
    records = Records.of(backend)
    listener = records.listener(request["ListenerArn"])
    own = [] if listener.certificate_id is None else [listener.certificate_id]
    page = _CERTIFICATES_PAGING.page(backend, request, own, lambda certificate_id: certificate_id)
    return {
        "Certificates": [
            {"CertificateArn": records.certificate_arn(each), "IsDefault": True}
            for each in page.records
        ],
        "NextMarker": page.next_token,
    }


def listener_shape(listener: Listener, records: Records) -> Shape:
    """A listener as answers have it."""
    shape = {
        "ListenerArn": records.listener_arn(listener),
        "LoadBalancerArn": records.balancer_arn(records.balancers[listener.balancer_id]),
        "Port": listener.port,
        "Protocol": listener.protocol.value,
        "DefaultActions": action_shapes(listener.action, records),
    }
    if listener.certificate_id is not None:
        arn = records.certificate_arn(listener.certificate_id)
        shape["Certificates"] = [{"CertificateArn": arn}]
        shape["SslPolicy"] = listener.tls_policy.value
        shape["MutualAuthentication"] = {"Mode": _OFF}
    return shape


def _protocol(given: str, balancer: Balancer) -> ListenerProtocol:
    possible = _PROTOCOLS_OF_TYPE[balancer.type]
    if given not in possible:
        raise AwsFailure(
            "ValidationError",
            f"Listener protocol {shown(given)} must be one of '{', '.join(possible)}'",
        )
    if given not in _PROTOCOLS:
        raise AwsFailure(
            "UnsupportedProtocol", f"The protocol {shown(given)} is not supported by minicloud"
        )
    return _PROTOCOLS[given]


def _policy(given: str | None) -> TlsPolicy | None:
    if given is None:
        return None
    if given not in _POLICIES:
        raise AwsFailure(
            "SSLPolicyNotFound",
            f"SSL policy {shown(given)} not found; minicloud has {', '.join(_POLICIES)}",
        )
    return _POLICIES[given]


def _certificate_id(records: Records, given: Sequence[CertificateTypeDef] | None) -> str | None:
    if not given:
        return None
    if len(given) > 1:
        raise AwsFailure(
            "TooManyCertificates", "A listener of minicloud has one certificate, its default one"
        )
    return records.certificate(given[0].get("CertificateArn", "")).id


def _require_tls_where_said(wanted: CreateListener) -> None:
    if wanted.protocol is not ListenerProtocol.HTTPS and wanted.tls_policy is not None:
        raise AwsFailure(
            "InvalidConfigurationRequest",
            "An SSL policy cannot be specified for a listener that does not speak HTTPS",
        )
    if wanted.protocol is ListenerProtocol.HTTPS and wanted.certificate is None:
        raise AwsFailure("ValidationError", "A certificate must be specified for HTTPS listeners")


def _require_no_mutual_authentication(
    given: MutualAuthenticationAttributesTypeDef | None,
) -> None:
    mode = _OFF if given is None else given.get("Mode", _OFF)
    if mode != _OFF:
        raise AwsFailure(
            "InvalidConfigurationRequest",
            f"Mutual authentication mode {shown(mode)} is not supported by minicloud",
        )


_CARRIED = frozenset({"Port", "Certificates.CertificateArn", *carried_below("DefaultActions")})
_CHECKED = {
    "Protocol": ", ".join(_PROTOCOLS),
    "SslPolicy": ", ".join(_POLICIES),
    "DefaultActions.Type": CHECKED_TYPES,
    "MutualAuthentication.Mode": _OFF,
}
OPERATIONS = (
    Operation(
        "CreateListener",
        create_listener,
        carried=_CARRIED | {"LoadBalancerArn", "Tags"},
        checked=_CHECKED,
        changes=True,
    ),
    Operation(
        "DescribeListeners",
        describe_listeners,
        carried=frozenset({"LoadBalancerArn", "ListenerArns", "Marker", "PageSize"}),
    ),
    Operation(
        "ModifyListener",
        modify_listener,
        carried=_CARRIED | {"ListenerArn"},
        checked=_CHECKED,
        changes=True,
    ),
    Operation("DeleteListener", delete_listener, carried=frozenset({"ListenerArn"}), changes=True),
    Operation(
        "DescribeListenerCertificates",
        describe_listener_certificates,
        carried=frozenset({"ListenerArn", "Marker", "PageSize"}),
    ),
)
