"""Calls about instances."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NamedTuple, cast

from minicloud.client.transport import Transport, segment
from minicloud.domain.errors import Unavailable

if TYPE_CHECKING:
    from minicloud.client.shapes import Instances, InstanceShape, LaunchedShape, Operations


class OutputPiece(NamedTuple):
    """A piece of a command's output. ``exit_code`` is set on the last alone, which has no data."""

    stream: str
    data: bytes
    exit_code: int | None


@dataclass(frozen=True)
class LaunchRequest:
    """What to launch. With ``count`` above 1 the name is numbered: ``web-1``, ``web-2`` …

    A ``client_token`` used before gives the machines of then instead of new ones.
    """

    image: str
    type: str
    name: str | None = None
    count: int = 1
    tags: Mapping[str, str] | None = None
    client_token: str | None = None
    termination_protection: bool = False


class InstanceCalls:
    """What can be asked of instances. A ``ref`` is an id or a name."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, include_terminated: bool = False) -> Instances:
        """Every instance, oldest first."""
        found = self._transport.get("/instances", all=include_terminated)
        return cast("Instances", found)

    def show(self, ref: str) -> InstanceShape:
        """One instance."""
        return cast("InstanceShape", self._transport.get(f"/instances/{segment(ref)}"))

    def launch(self, request: LaunchRequest) -> LaunchedShape:
        """Launch machines, all or none."""
        return cast("LaunchedShape", self._transport.post("/instances", asdict(request)))

    def start(self, ref: str) -> Operations:
        """Start a stopped instance."""
        return self._act(ref, "start")

    def stop(self, ref: str) -> Operations:
        """Stop an instance; its disk stays, its public address does not."""
        return self._act(ref, "stop")

    def reboot(self, ref: str) -> Operations:
        """Reboot a running instance; everything stays."""
        return self._act(ref, "reboot")

    def terminate(self, ref: str) -> Operations:
        """End an instance for good."""
        return self._act(ref, "terminate")

    def resize(self, ref: str, instance_type: str) -> Operations:
        """Change a stopped instance's type."""
        return self._act(ref, "resize", {"type": instance_type})

    def scale_up(
        self, ref: str, instance_type: str, *, image_name: str | None = None, reboot: bool = True
    ) -> Operations:
        """Replace an instance by one of another type, with its disk and its addresses."""
        body = {
            "instance": ref,
            "type": instance_type,
            "image_name": image_name,
            "reboot": reboot,
        }
        return cast("Operations", self._transport.post("/scale-up", body)["operations"])

    def modify(
        self,
        ref: str,
        *,
        termination_protection: bool | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> InstanceShape:
        """Change what is not None; ``tags`` replace all that there were."""
        changes = {"termination_protection": termination_protection, "tags": tags}
        changed = self._transport.patch(f"/instances/{segment(ref)}", changes)
        return cast("InstanceShape", changed)

    def exec(self, ref: str, argv: Sequence[str], stdin: bytes = b"") -> Iterator[OutputPiece]:
        """Run a command as root inside a running instance and yield its output as it comes."""
        body = {"argv": [*argv], "stdin_base64": base64.b64encode(stdin).decode()}
        for item in self._transport.json_lines(f"/instances/{segment(ref)}/exec", body):
            if "exit_code" in item:
                yield OutputPiece("", b"", item["exit_code"])
                return
            yield OutputPiece(item["stream"], base64.b64decode(item["data_base64"]), None)
        raise Unavailable(
            "ExecInterrupted",
            "the command's output ended before the command did",
            "see whether the instance still runs: minicloud instance show",
        )

    def logs(self, ref: str, *, tail: int | None = None, follow: bool = False) -> Iterator[bytes]:
        """The console of an instance, oldest first; with ``follow`` it goes on."""
        query: dict[str, int | bool] = {"follow": follow}
        if tail is not None:
            query["tail"] = tail
        return self._transport.stream(f"/instances/{segment(ref)}/logs", **query)

    def _act(self, ref: str, action: str, body: Mapping[str, str] | None = None) -> Operations:
        answer = self._transport.post(f"/instances/{segment(ref)}/{action}", body)
        return cast("Operations", answer["operations"])
