"""A cloud of its own with machines of the image ``echo``, a balancer in front, and a look behind.

For whatever puts load on a balancer: the tests, the soak, the bench.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minicloud.adapters.docker.connection import connect
from minicloud.adapters.nginx import DockerBalancerPlane
from minicloud.client import Client, launcher
from minicloud.client.balancers import BalancerRequest, FrontRequest
from minicloud.client.target_groups import HealthCheckRequest, TargetRef
from minicloud.client.transport import is_answering
from minicloud.domain import naming
from minicloud.home import CloudHome
from tests.load.targets import Targets

if TYPE_CHECKING:
    from minicloud.client.balancer_shapes import TargetHealthShape
    from minicloud.ports.balancer_plane import BalancerStatus

_MINICLOUD = Path(sys.executable).with_name("minicloud")
_PATIENCE_S = 60
QUICK_CHECK = HealthCheckRequest(path="/", interval_s=5, timeout_s=2, healthy_threshold=2)


class BalancedCloud:
    """The cloud by its client and its command line; ``docker`` and ``plane`` look behind it."""

    def __init__(self, home: CloudHome) -> None:
        self.home = home
        self.client = Client.connect(home)
        self.docker: Any = connect()
        self.plane = DockerBalancerPlane(self.docker)
        self.targets = Targets(self.client, self.docker)

    def cli(self, *words: str) -> str:
        """Run a command that must succeed; its output."""
        argv = [str(_MINICLOUD), "--cloud", self.home.name, *words]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{words}: {done.stderr}")
        return done.stdout

    def do(self, answer: Any) -> list[Any]:
        """Wait for an answer's operations, each of which must succeed."""
        operations = answer["operations"] if isinstance(answer, dict) else answer
        ended = list(self.client.operations.wait(operations))
        for operation in ended:
            if operation["status"] != "succeeded":
                raise RuntimeError(f"{operation['kind']}: {operation['error']}")
        return ended

    def create(self, name: str, instances: Sequence[str], **front: Any) -> str:
        """Have a balancer before these machines, all of them healthy; its URL.

        It ends where paths begin. ``front``: what ``FrontRequest`` has.
        """
        front.setdefault("health", QUICK_CHECK)
        request = BalancerRequest(name, front=FrontRequest(instances, **front))
        self.do(self.client.balancers.create(request))
        group = front.get("group_name", name)
        self.eventually(lambda: set(self.states(group).values()) == {"healthy"}, "the targets")
        return self.url(name)

    def delete(self, name: str) -> None:
        """Take a balancer away, and the group of its name."""
        self.do(self.client.balancers.delete(name))
        for group in self.client.target_groups.list():
            if group["name"] == name:
                self.client.target_groups.delete(name)

    def url(self, name: str, port: int = 80) -> str:
        """Where a listener is reached from this computer, without a path."""
        return f"http://{self.client.balancers.show(name)['public_ip']}:{port}"

    def register(self, group: str, *names: str) -> None:
        """Put machines into a group, and wait for their first checks."""
        self.do(self.client.target_groups.register(group, [TargetRef(n) for n in names]))

    def deregister(self, group: str, *names: str) -> None:
        """Take machines out of a group, and wait until they are drained."""
        self.do(self.client.target_groups.deregister(group, [TargetRef(n) for n in names]))

    def revive(self, group: str, machine: str) -> None:
        """Once its death has been seen, start a machine again, and wait until it is healthy."""
        show = self.client.instances.show
        self.eventually(lambda: show(machine)["state"] == "stopped", "the death to be seen")
        self.do(self.client.instances.start(machine))
        self.eventually(lambda: self.states(group).get(machine) == "healthy", "its return", 120)

    def health(self, group: str) -> dict[str, TargetHealthShape]:
        """How the targets of a group are, by machine."""
        found = self.client.target_groups.health(group)
        return {target["instance_name"]: target for target in found}

    def states(self, group: str) -> dict[str, str]:
        """The states of a group's targets, by machine."""
        return {name: target["state"] for name, target in self.health(group).items()}

    def balancer_container(self, name: str) -> Any:
        """A balancer's container, as the engine knows it now."""
        balancer_id = self.client.balancers.show(name)["id"]
        return self.docker.containers.get(naming.container_name(self.home.name, balancer_id))

    def status(self, container: Any) -> BalancerStatus:
        """What a balancer says of itself, asked past the server."""
        return self.plane.status(container.name)

    def log_entries(self, container: Any, tail: int = 10**9) -> list[dict[str, Any]]:
        """The access log's newest entries, read past the server, with what was asked just now."""
        time.sleep(1.2)  # nginx keeps lines for a second
        return [json.loads(line) for line in self.plane.logs(container.name, tail, follow=False)]

    def server_pid(self) -> int:
        """The server's process."""
        return self.client.cloud.status()["server"]["pid"]

    def kill_server(self) -> None:
        """SIGKILL the server; the next call of a client starts another."""
        pid = self.server_pid()
        os.kill(pid, signal.SIGKILL)
        launcher.await_end(pid)

    def server_answers(self) -> bool:
        """Whether a server runs; none is started by the question."""
        return is_answering(self.home.socket)

    def eventually(
        self, look: Callable[[], Any], what: str, patience_s: float = _PATIENCE_S
    ) -> Any:
        """What ``look`` finds, once it finds something."""
        until_s = time.monotonic() + patience_s
        while time.monotonic() < until_s:
            found = look()
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"waited {patience_s} s in vain for {what}")


@contextmanager
def balanced_cloud(purpose: str) -> Iterator[BalancedCloud]:
    """A cloud with the image ``echo``, taken away at the end; nothing of it may be left."""
    name = f"{purpose}-{secrets.token_hex(2)}"
    folder = Path(tempfile.mkdtemp(prefix="mc-load-", dir="/tmp"))
    earlier = os.environ.get("MINICLOUD_HOME")
    os.environ["MINICLOUD_HOME"] = str(folder)
    cloud = BalancedCloud(CloudHome(name))
    try:
        cloud.do(cloud.client.images.build([]))
        cloud.client.cloud.change_settings(cpu_overcommit=50, address_limit=20)
        cloud.targets.make_image()
        yield cloud
    finally:
        for _word in cloud.client.cloud.purge():
            pass
        cloud.eventually(lambda: not cloud.home.socket.exists(), "the server to end")
        shutil.rmtree(folder)
        if earlier is None:
            del os.environ["MINICLOUD_HOME"]
        else:
            os.environ["MINICLOUD_HOME"] = earlier
        prefix = naming.container_name(name, "")
        names = [name for c in cloud.docker.api.containers(all=True) for name in c["Names"]]
        assert not [name for name in names if name.startswith(f"/{prefix}")], names
