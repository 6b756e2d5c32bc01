"""From what a person typed, an identifier or a name, to the record it means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn, Protocol, TypeVar

from minicloud.domain.address import Address
from minicloud.domain.balancer import Balancer
from minicloud.domain.certificate import Certificate
from minicloud.domain.errors import Conflict, NotFound
from minicloud.domain.ids import IdKind, is_id, looks_like_id, require_id
from minicloud.domain.image import Image
from minicloud.domain.instance import Instance
from minicloud.domain.listener import Listener
from minicloud.domain.rule import Rule
from minicloud.domain.tags import shown
from minicloud.domain.target_group import TargetGroup
from minicloud.ports.store import Transaction


class _Named(Protocol):
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=_Named)


def find_instance(transaction: Transaction, ref: str) -> Instance:
    """The instance of this id (gone ones too) or this name (live ones only)."""
    if looks_like_id(IdKind.INSTANCE, ref):
        found = transaction.instances.get(
            require_id(IdKind.INSTANCE, ref, "InvalidInstanceID.Malformed")
        )
        return found or _missing("InvalidInstanceID.NotFound", "instance", ref)
    live = [i for i in transaction.instances.all() if i.is_live]
    return _only(live, ref, "InvalidInstanceID.NotFound", "instance")


def find_image(transaction: Transaction, ref: str) -> Image:
    """The image of this id or name, unless it is deregistered or failed."""
    live = [image for image in transaction.images.all() if image.is_live]
    if looks_like_id(IdKind.IMAGE, ref):
        require_id(IdKind.IMAGE, ref, "InvalidAMIID.Malformed")
        found = [image for image in live if image.id == ref]
        return found[0] if found else _missing("InvalidAMIID.NotFound", "image", ref)
    return _only(live, ref, "InvalidAMIID.NotFound", "image")


def find_address(transaction: Transaction, ref: str) -> Address:
    """The Elastic IP of this allocation id, this public IP or this name."""
    if looks_like_id(IdKind.ALLOCATION, ref):
        found = transaction.addresses.get(
            require_id(IdKind.ALLOCATION, ref, "InvalidAllocationID.Malformed")
        )
        return found or _missing("InvalidAllocationID.NotFound", "address", ref)
    everything = transaction.addresses.all()
    for address in everything:
        if address.public_ip == ref:
            return address
    return _only(everything, ref, "InvalidAllocationID.NotFound", "address")


def find_balancer(transaction: Transaction, ref: str) -> Balancer:
    """The balancer of this id or name; a name may look like the beginning of an id."""
    found = transaction.balancers.get(ref) if is_id(IdKind.BALANCER, ref) else None
    return found or _only(transaction.balancers.all(), ref, "LoadBalancerNotFound", "balancer")


def find_target_group(transaction: Transaction, ref: str) -> TargetGroup:
    """The target group of this id or name."""
    found = transaction.target_groups.get(ref) if is_id(IdKind.TARGET_GROUP, ref) else None
    everything = transaction.target_groups.all()
    return found or _only(everything, ref, "TargetGroupNotFound", "target group")


def find_listener(transaction: Transaction, ref: str) -> Listener:
    """The listener of this id, or of this ``BALANCER:PORT``."""
    if is_id(IdKind.LISTENER, ref):
        return transaction.listeners.get(ref) or _missing("ListenerNotFound", "listener", ref)
    balancer_ref, _, port = ref.rpartition(":")
    if balancer_ref:
        balancer = find_balancer(transaction, balancer_ref)
        for listener in transaction.listeners.all():
            if listener.balancer_id == balancer.id and str(listener.port) == port:
                return listener
    return _missing("ListenerNotFound", "listener", ref)


def find_rule(transaction: Transaction, ref: str) -> Rule:
    """The rule of this id."""
    found = transaction.rules.get(ref) if is_id(IdKind.RULE, ref) else None
    return found or _missing("RuleNotFound", "rule", ref)


def find_certificate(transaction: Transaction, ref: str) -> Certificate:
    """The certificate of this id or name."""
    found = transaction.certificates.get(ref) if is_id(IdKind.CERTIFICATE, ref) else None
    everything = transaction.certificates.all()
    return found or _only(everything, ref, "CertificateNotFound", "certificate")


def _only(records: Sequence[N], name: str, code: str, noun: str) -> N:
    named = [record for record in records if name and record.name == name]
    if len(named) == 1:
        return named[0]
    if not named:
        _missing(code, noun, name)
    raise Conflict(
        "AmbiguousName",
        f"{len(named)} {noun}s are called {shown(name)}",
        f"use the identifier: minicloud {noun.replace(' ', '-')} list",
    )


def _missing(code: str, noun: str, ref: str) -> NoReturn:
    hint = f"see what there is: minicloud {noun.replace(' ', '-')} list"
    if noun == "image":
        hint += "; the images that ship with minicloud are made by: minicloud image build"
    raise NotFound(code, f"there is no {noun} {shown(ref)}", hint)
