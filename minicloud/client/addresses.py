"""Calls about Elastic IPs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from minicloud.client.transport import Transport, segment

if TYPE_CHECKING:
    from minicloud.client.shapes import Addresses, AddressShape, AllocatedShape, Operations


class AddressCalls:
    """What can be asked of Elastic IPs. A ``ref`` is an allocation id, a name or the IP itself."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Addresses:
        """Every address, oldest first."""
        return cast("Addresses", self._transport.get("/addresses"))

    def show(self, ref: str) -> AddressShape:
        """One address."""
        return cast("AddressShape", self._transport.get(f"/addresses/{segment(ref)}"))

    def allocate(
        self, name: str | None = None, tags: Mapping[str, str] | None = None
    ) -> AllocatedShape:
        """Allocate an address."""
        answer = self._transport.post("/addresses", {"name": name, "tags": tags})
        return cast("AllocatedShape", answer)

    def associate(self, ref: str, instance: str, *, allow_reassociation: bool = True) -> Operations:
        """Lead the address to an instance, taking it from another if that is allowed."""
        body = {"instance": instance, "allow_reassociation": allow_reassociation}
        answer = self._transport.post(f"/addresses/{segment(ref)}/associate", body)
        return cast("Operations", answer["operations"])

    def disassociate(self, ref: str) -> Operations:
        """Lead the address nowhere."""
        answer = self._transport.post(f"/addresses/{segment(ref)}/disassociate")
        return cast("Operations", answer["operations"])

    def release(self, ref: str) -> Operations:
        """Give the address back."""
        answer = self._transport.delete(f"/addresses/{segment(ref)}")
        return cast("Operations", answer["operations"])
