"""A real cloud on the real engine, whose server can be killed at a chosen moment."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from minicloud.adapters.docker.connection import connect
from minicloud.adapters.docker.engine import DockerEngine
from minicloud.client import Client
from minicloud.domain import naming
from minicloud.domain.errors import MiniCloudError
from minicloud.home import CloudHome

_PATIENCE_S = 60
Call = Callable[[Client], Any]


class CrashingCloud:
    """A cloud of its own, its client, and the engine to look behind it."""

    def __init__(self, name: str, scratch: Path) -> None:
        self.home = CloudHome(name)
        self.client = Client.connect(self.home)
        self.engine = DockerEngine(connect())
        self._proof = scratch / "proof"

    def kill_during(self, kind: str, step: str, moment: str, call: Call) -> str:
        """Make the call against a server that dies at the boundary; the operation's id."""
        self.stop_server()
        self._proof.unlink(missing_ok=True)
        with self.home.log.open("a") as log:
            faulty = subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.crash.faulty_server", self.home.name),
                    *(kind, step, moment, str(self._proof)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._await(lambda: self._answers(start=False), "the faulty server to answer")
        # The server may be dead before it has answered; that the operation was journalled is what
        # the proof tells.
        with suppress(MiniCloudError):
            call(Client.connect(self.home, start=False))
        faulty.wait(_PATIENCE_S)
        assert self._proof.exists(), f"{kind}: the fault at {step} ({moment}) never fired"
        return self._proof.read_text("ascii")

    def finish(self, operation_id: str) -> dict[str, Any]:
        """Let a sound server take the operation up; its record once it has ended."""
        return self.wait([dict(self.client.operations.show(operation_id))])[0]

    def do(self, call: Call) -> list[dict[str, Any]]:
        """Make a call and wait for its operations; each must succeed."""
        answer = call(self.client)
        operations = answer["operations"] if isinstance(answer, dict) else answer
        ended = self.wait(operations)
        for operation in ended:
            assert operation["status"] == "succeeded", operation
        return ended

    def wait(self, operations: list[Any]) -> list[dict[str, Any]]:
        """The operations' records, once all have ended."""

        def ended(operation_id: str) -> dict[str, Any] | None:
            seen = dict(self.client.operations.show(operation_id))
            return seen if seen["status"] in {"succeeded", "failed"} else None

        return [self._await(partial(ended, o["id"]), f"{o['id']} to end") for o in operations]

    def stop_server(self) -> None:
        """End the server, if one runs, and wait until its socket is gone."""
        if self._answers(start=False):
            Client.connect(self.home, start=False).cloud.shutdown()
            self._await(lambda: not self.home.socket.exists(), "the server to end")

    def assert_true(self) -> None:
        """The records, the engine and the claims agree, and nothing is left over."""
        instances = self.client.instances.list(include_terminated=True)
        labels = {naming.CLOUD_LABEL: self.client.cloud.status()["cloud"]["id"]}
        containers = {
            container.name: container
            for container in self.engine.containers(labels)
            if container.labels[naming.RESOURCE_LABEL] != "edge"
        }
        for balancer in self.client.balancers.list():
            assert balancer["operation_id"] is None, self.operations()
            assert containers.pop(naming.container_name(self.home.name, balancer["id"])).is_up
        expected = {i["container_name"] for i in instances if i["state"] != "terminated"}
        assert set(containers) == expected
        for instance in instances:
            assert instance["operation_id"] is None, self.operations()
            if instance["state"] != "terminated":
                is_up = containers[instance["container_name"]].is_up
                assert is_up == (instance["state"] == "running"), instance
        own = {i["reference"] for i in self.client.images.list() if i["recipe"] is None}
        found = {r for i in self.engine.images(labels) for r in i.references}
        assert found == own
        assert not any(o["status"] in {"running", "unwinding"} for o in self.operations())

    def operations(self) -> list[Any]:
        """Every operation in the journal, newest first."""
        return list(self.client.operations.list(limit=1000))

    def purge(self) -> None:
        """Take everything away."""
        for _word in self.client.cloud.purge():
            pass
        self._await(lambda: not self.home.socket.exists(), "the server to end")
        shutil.rmtree(self.home.folder)

    def _answers(self, *, start: bool) -> bool:
        try:
            Client.connect(self.home, start=start).cloud.status()
        except MiniCloudError:
            return False
        return True

    def _await(self, look: Callable[[], Any], what: str) -> Any:
        until_s = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until_s:
            found = look()
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError(f"waited {_PATIENCE_S} s in vain for {what}")
