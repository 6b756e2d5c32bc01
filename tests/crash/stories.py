"""For each operation: what must be there first, the call, and what is true once it has ended."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from minicloud.client import Client
from minicloud.client.balancers import BalancerRequest, FrontRequest
from minicloud.client.images import CopyRequest, ImageRequest
from minicloud.client.instances import LaunchRequest
from minicloud.client.listeners import ListenerRequest
from minicloud.client.target_groups import TargetRef
from tests.crash.cloud import Call, CrashingCloud

TYPE = "t3.nano"


@dataclass(frozen=True)
class Scene:
    """Names of this scene's own resources, so that scenes do not meet."""

    cloud: CrashingCloud
    word: str

    @classmethod
    def fresh(cls, cloud: CrashingCloud) -> Scene:
        """A scene that nobody has played."""
        return cls(cloud, "s" + secrets.token_hex(4))

    def name(self, role: str) -> str:
        """A name of this scene's."""
        return f"{self.word}-{role}"

    def launching(self, role: str) -> LaunchRequest:
        """What to ask for to have a machine."""
        return LaunchRequest("base", TYPE, name=self.name(role))

    def imaging(self, role: str, of: str) -> ImageRequest:
        """What to ask for to have an image of a machine."""
        return ImageRequest(self.name(of), self.name(role))

    def launch(self, role: str) -> None:
        """Have a machine running."""
        self.cloud.do(lambda c: c.instances.launch(self.launching(role)))

    def launch_stopped(self, role: str) -> None:
        """Have a machine stopped."""
        self.launch(role)
        self.cloud.do(lambda c: c.instances.stop(self.name(role)))

    def address(self, role: str, to: str | None = None) -> None:
        """Have an address, leading to a machine or nowhere."""
        self.cloud.do(lambda c: c.addresses.allocate(name=self.name(role)))
        if to is not None:
            self.cloud.do(lambda c: c.addresses.associate(self.name(role), self.name(to)))

    def image(self, role: str, of: str) -> None:
        """Have an image of a machine."""
        self.cloud.do(lambda c: c.images.create(self.imaging(role, of)))

    def balancing(self, *members: str) -> BalancerRequest:
        """What to ask for to have a balancer before machines of this scene."""
        front = FrontRequest([self.name(member) for member in members])
        return BalancerRequest(name=self.name("lb"), front=front)

    def balance(self, *members: str) -> None:
        """Have machines behind a balancer."""
        for member in members:
            self.launch(member)
        self.cloud.do(lambda c: c.balancers.create(self.balancing(*members)))

    def members(self) -> dict[str, str]:
        """By its role, how each machine is that the scene's balancer knows."""
        names = {self.name(role): role for role in ("m", "n")}
        found = self.cloud.client.balancers.health(self.name("lb"))
        return {names[health["instance_name"]]: health["state"] for health in found}

    def state(self, role: str) -> str:
        """The state of a machine of this scene."""
        return str(self.cloud.client.instances.show(self.name(role))["state"])

    def clear(self) -> None:
        """Take the scene's resources away."""
        client = self.cloud.client
        for balancer in client.balancers.list():
            self.cloud.do(partial(_delete_balancer, balancer["id"]))
        for group in client.target_groups.list():
            client.target_groups.delete(group["id"])
        for address in client.addresses.list():
            if address["instance_id"]:
                self.cloud.do(partial(_disassociate, address["name"]))
            self.cloud.do(partial(_release, address["name"]))
        for instance in client.instances.list():
            self.cloud.do(partial(_terminate, instance["id"]))
        for image in client.images.list():
            if image["recipe"] is None:
                self.cloud.do(partial(_delete_image, image["id"]))


def _disassociate(ref: str, client: Client) -> Any:
    return client.addresses.disassociate(ref)


def _release(ref: str, client: Client) -> Any:
    return client.addresses.release(ref)


def _terminate(ref: str, client: Client) -> Any:
    return client.instances.terminate(ref)


def _delete_image(ref: str, client: Client) -> Any:
    return client.images.delete(ref)


def _delete_balancer(ref: str, client: Client) -> Any:
    return client.balancers.delete(ref)


@dataclass(frozen=True)
class Story:
    """An operation to be killed in. ``truth`` looks at the world when it has succeeded."""

    kind: str
    prepare: Callable[[Scene], None]
    call: Callable[[Scene], Call]
    truth: Callable[[Scene], Any]


def _scale_up_truth(scene: Scene) -> None:
    new = scene.cloud.client.instances.show(scene.name("m"))
    address = scene.cloud.client.addresses.show(scene.name("ip"))
    assert new["type"] == "t3.micro"
    assert new["state"] == "running"
    assert address["instance_id"] == new["id"]
    assert new["public_ip"] == address["public_ip"]


def _address_of(scene: Scene, role: str) -> str:
    instance = scene.cloud.client.instances.show(scene.name(role))
    address = scene.cloud.client.addresses.show(scene.name("ip"))
    assert address["instance_id"] == instance["id"]
    return str(instance["public_ip"])


def _prepare_move(scene: Scene) -> None:
    scene.launch("m")
    scene.launch("n")
    scene.address("ip", to="m")


def _prepare_scale_up(scene: Scene) -> None:
    scene.launch("m")
    scene.address("ip", to="m")


def _prepare_image(scene: Scene) -> None:
    scene.launch("m")
    scene.image("img", of="m")


def _prepare_everything(scene: Scene) -> None:
    scene.balance("m")
    scene.address("ip", to="m")
    scene.image("img", of="m")


def _reset_truth(scene: Scene) -> None:
    client = scene.cloud.client
    assert client.instances.list(include_terminated=True) == []
    assert client.addresses.list() == []
    assert client.balancers.list() == []
    assert all(image["recipe"] for image in client.images.list())


def _prepare_register(scene: Scene) -> None:
    scene.balance("m")
    scene.launch("n")


def _refuse(scene: Scene) -> ListenerRequest:
    answer = {"type": "fixed-response", "status": 403}
    return ListenerRequest(scene.name("lb"), port=8080, action=answer)  # type: ignore[arg-type]


def _change_members(verb: str, role: str) -> Callable[[Scene], Call]:
    def call(scene: Scene) -> Call:
        refs = [TargetRef(scene.name(role))]
        return lambda c: getattr(c.target_groups, verb)(scene.name("lb"), refs)

    return call


def _balancer_truth(scene: Scene) -> None:
    balancer = scene.cloud.client.balancers.show(scene.name("lb"))
    assert balancer["state"] == "active"
    assert [listener["port"] for listener in balancer["listeners"]] == [80]
    assert set(scene.members()) == {"m"}


def _deleted_truth(scene: Scene) -> None:
    assert scene.cloud.client.balancers.list() == []
    (group,) = scene.cloud.client.target_groups.list()
    assert group["target_count"] == 1


def _stopped_member_truth(scene: Scene) -> None:
    assert scene.state("m") == "stopped"
    assert scene.members()["m"] == "unused"
    assert scene.members()["n"] != "unused"


def _gone(scene: Scene, what: str) -> bool:
    client: Client = scene.cloud.client
    found = client.addresses.list() if what == "ip" else client.images.list()
    return all(item["name"] != scene.name(what) for item in found)


def _assert(condition: Callable[[Scene], bool]) -> Callable[[Scene], None]:
    def truth(scene: Scene) -> None:
        assert condition(scene)

    return truth


STORIES = (
    Story(
        "launch-instance",
        lambda s: None,
        lambda s: lambda c: c.instances.launch(s.launching("m")),
        _assert(lambda s: s.state("m") == "running"),
    ),
    Story(
        "start-instance",
        lambda s: s.launch_stopped("m"),
        lambda s: lambda c: c.instances.start(s.name("m")),
        _assert(lambda s: s.state("m") == "running"),
    ),
    Story(
        "stop-instance",
        lambda s: s.launch("m"),
        lambda s: lambda c: c.instances.stop(s.name("m")),
        _assert(lambda s: s.state("m") == "stopped"),
    ),
    Story(
        "reboot-instance",
        lambda s: s.launch("m"),
        lambda s: lambda c: c.instances.reboot(s.name("m")),
        _assert(lambda s: s.state("m") == "running"),
    ),
    Story(
        "resize-instance",
        lambda s: s.launch_stopped("m"),
        lambda s: lambda c: c.instances.resize(s.name("m"), "t3.micro"),
        _assert(lambda s: s.cloud.client.instances.show(s.name("m"))["type"] == "t3.micro"),
    ),
    Story(
        "terminate-instance",
        lambda s: s.launch("m"),
        lambda s: lambda c: c.instances.terminate(s.name("m")),
        _assert(lambda s: s.cloud.client.instances.list() == []),
    ),
    Story(
        "build-images",
        lambda s: None,
        lambda s: lambda c: c.images.build([]),
        _assert(lambda s: {i["name"] for i in s.cloud.client.images.list()} >= {"base", "web"}),
    ),
    Story(
        "create-image",
        lambda s: s.launch("m"),
        lambda s: lambda c: c.images.create(s.imaging("img", of="m")),
        _assert(
            lambda s: (
                s.cloud.client.images.show(s.name("img"))["state"] == "available"
                and s.state("m") == "running"
            )
        ),
    ),
    Story(
        "copy-image",
        _prepare_image,
        lambda s: lambda c: c.images.copy(CopyRequest(s.name("img"), s.name("copy"))),
        _assert(lambda s: s.cloud.client.images.show(s.name("copy"))["state"] == "available"),
    ),
    Story(
        "reset-cloud",
        _prepare_everything,
        lambda s: lambda c: c.cloud.reset(),
        _reset_truth,
    ),
    Story(
        "delete-image",
        _prepare_image,
        lambda s: lambda c: c.images.delete(s.name("img")),
        _assert(lambda s: _gone(s, "img")),
    ),
    Story(
        "allocate-address",
        lambda s: None,
        lambda s: lambda c: c.addresses.allocate(name=s.name("ip")),
        _assert(lambda s: not _gone(s, "ip")),
    ),
    Story(
        "associate-address",
        _prepare_move,
        lambda s: lambda c: c.addresses.associate(s.name("ip"), s.name("n")),
        lambda s: _address_of(s, "n"),
    ),
    Story(
        "disassociate-address",
        _prepare_scale_up,
        lambda s: lambda c: c.addresses.disassociate(s.name("ip")),
        _assert(
            lambda s: (
                s.cloud.client.addresses.show(s.name("ip"))["instance_id"] is None
                and s.cloud.client.instances.show(s.name("m"))["public_ip"] is not None
            )
        ),
    ),
    Story(
        "release-address",
        lambda s: s.address("ip"),
        lambda s: lambda c: c.addresses.release(s.name("ip")),
        _assert(lambda s: _gone(s, "ip")),
    ),
    Story(
        "scale-up",
        _prepare_scale_up,
        lambda s: lambda c: c.instances.scale_up(s.name("m"), "t3.micro"),
        _scale_up_truth,
    ),
    Story(
        "create-balancer",
        lambda s: s.launch("m"),
        lambda s: lambda c: c.balancers.create(s.balancing("m")),
        _balancer_truth,
    ),
    Story(
        "delete-balancer",
        lambda s: s.balance("m"),
        lambda s: lambda c: c.balancers.delete(s.name("lb")),
        _deleted_truth,
    ),
    Story(
        "configure-balancer",
        lambda s: s.balance("m"),
        lambda s: lambda c: c.listeners.create(_refuse(s)),
        _assert(lambda s: len(s.cloud.client.listeners.list(s.name("lb"))) == 2),
    ),
    Story(
        "register-targets",
        _prepare_register,
        _change_members("register", "n"),
        _assert(lambda s: set(s.members()) == {"m", "n"}),
    ),
    Story(
        "deregister-targets",
        lambda s: s.balance("m", "n"),
        _change_members("deregister", "n"),
        _assert(lambda s: set(s.members()) == {"m"}),
    ),
    # A machine that is in a target group.
    Story(
        "stop-instance",
        lambda s: s.balance("m", "n"),
        lambda s: lambda c: c.instances.stop(s.name("m")),
        _stopped_member_truth,
    ),
    Story(
        "terminate-instance",
        lambda s: s.balance("m", "n"),
        lambda s: lambda c: c.instances.terminate(s.name("m")),
        _assert(lambda s: set(s.members()) == {"n"}),
    ),
)
