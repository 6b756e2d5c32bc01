"""Calls about the cloud itself, its types and its ledger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from minicloud.client.transport import Transport

if TYPE_CHECKING:
    from minicloud.client.shapes import (
        AwsAccessShape,
        LedgerEntryShape,
        Operations,
        SettingsShape,
        StatusShape,
        TypeShape,
        UsageShape,
    )


class CloudCalls:
    """What can be asked of the cloud itself."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def status(self) -> StatusShape:
        """How the cloud stands."""
        return cast("StatusShape", self._transport.get("/status"))

    def change_settings(
        self,
        *,
        cpu_overcommit: float | None = None,
        memory_overcommit: float | None = None,
        address_limit: int | None = None,
        region: str | None = None,
    ) -> SettingsShape:
        """Set what is not None, and return all settings."""
        changes = {
            "cpu_overcommit": cpu_overcommit,
            "memory_overcommit": memory_overcommit,
            "address_limit": address_limit,
            "region": region,
        }
        return cast("SettingsShape", self._transport.patch("/settings", changes))

    def aws_access(self) -> AwsAccessShape:
        """What an AWS client needs to reach the cloud, its keys too."""
        return cast("AwsAccessShape", self._transport.get("/aws-endpoint"))

    def shutdown(self) -> None:
        """Ask the server to end; it ends soon after. Machines and addresses go on."""
        self._transport.post("/shutdown")

    def reset(self) -> Operations:
        """Empty the cloud: its records are gone at once, the operations take the rest away.

        It stays itself: identifier, settings, clock, AWS keys and port, and what was built.
        """
        return cast("Operations", self._transport.post("/reset")["operations"])

    def purge(self, *, images: bool = False) -> Iterator[str]:
        """Take away all that the cloud has in the engine; each word says what has gone.

        With ``images`` also what was built for every cloud. The server ends afterwards; its folder
        is left to the caller.
        """
        for item in self._transport.json_lines("/purge", {"images": images}):
            if "message" in item:
                yield item["message"]

    def instance_types(self) -> list[TypeShape]:
        """Every type, family by family, small to large."""
        return cast("list[TypeShape]", self._transport.get("/instance-types"))

    def ledger(self) -> list[LedgerEntryShape]:
        """What happened when, oldest first."""
        return cast("list[LedgerEntryShape]", self._transport.get("/ledger"))

    def usage(self) -> list[UsageShape]:
        """What was used from when to when, oldest first."""
        return cast("list[UsageShape]", self._transport.get("/ledger/usage"))
