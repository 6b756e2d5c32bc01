"""The two engines that the contract is held against, each with a world of its own."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING, Any, cast

import docker
import pytest

from minicloud.adapters.docker.engine import DockerEngine, connect
from minicloud.adapters.docker.images.builder import DockerImageBuilder
from minicloud.adapters.host.clock import SystemClock
from minicloud.adapters.nginx import DockerBalancerPlane
from minicloud.domain.errors import EngineUnreachable
from minicloud.ports.engine import ExecResult, NetworkSpec
from tests.contract import balancers as balancing
from tests.contract.balancers import BalancerWorld
from tests.contract.world import (
    COMMANDS,
    CONFIG,
    PREFIX,
    World,
)
from tests.fakes.balancer_plane import FakeBalancerPlane
from tests.fakes.engine import FakeEngine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from minicloud.ports.image_builder import BuildProgress


class _DockerBehind:
    def __init__(self, client: docker.DockerClient) -> None:
        self._api = client.api

    def kill(self, name: str) -> None:
        self._api.kill(name)
        self._api.wait(name)

    def remove(self, name: str) -> None:
        self._api.remove_container(name, force=True)

    def stop(self, name: str) -> None:
        self._api.stop(name)


class _FakeBehind:
    def __init__(self, plane: FakeBalancerPlane) -> None:
        self._plane = plane

    def remove(self, name: str) -> None:
        self._plane.kill(name)

    def stop(self, name: str) -> None:
        self._plane.kill(name)


@pytest.fixture(scope="session")
def client() -> docker.DockerClient:
    try:
        return connect()
    except EngineUnreachable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def real_images(client: docker.DockerClient) -> Iterator[tuple[str, str]]:
    """Two small images: one from this host's own commands, so that no registry is needed."""
    root, plain, volume = (f"{PREFIX}:{tag}" for tag in ("root", "plain", "volume"))
    api = cast("Any", client.api)
    api.import_image_from_data(_root_tar(), repository=PREFIX, tag="root")
    made = api.create_container_from_config({"Image": root, "Cmd": ["true"]})
    try:
        labels = {"mctest.image": "plain"}
        api.commit(made["Id"], PREFIX, "plain", conf={**CONFIG, "Labels": labels})
        api.commit(made["Id"], PREFIX, "volume", conf={**CONFIG, "Volumes": {"/data": {}}})
        yield plain, volume
    finally:
        api.remove_container(made["Id"])
        for reference in (plain, volume, root):
            api.remove_image(reference, force=True)


@pytest.fixture(scope="session")
def octets() -> Iterator[int]:
    return iter(range(os.getpid() % 100, 250))


@pytest.fixture(params=["fake", "docker"])
def world(request: pytest.FixtureRequest, octets: Iterator[int]) -> Iterator[World]:
    if request.param == "fake":
        yield _fake_world(next(octets))
        return
    client: docker.DockerClient = request.getfixturevalue("client")
    plain, volume = request.getfixturevalue("real_images")
    engine = DockerEngine(client)
    world = World(engine, _DockerBehind(client), True, plain, volume, next(octets))
    try:
        engine.ensure_network(world.network())
        yield world
    finally:
        _clear(client, world)


@pytest.fixture(params=["fake", "docker"])
def balancers(request: pytest.FixtureRequest) -> BalancerWorld:
    """A plane and a balancer that is not there yet."""
    if request.param == "docker":
        world: BalancerWorld = request.getfixturevalue("real_balancers")
        return world
    fake = FakeBalancerPlane(SystemClock())
    behind = _FakeBehind(fake)
    return BalancerWorld(fake, behind, "minicloud/balancer:1", "net", "10.213.1.9")


@pytest.fixture(scope="session")
def balancers_network(client: docker.DockerClient, octets: Iterator[int]) -> Iterator[NetworkSpec]:
    octet = next(octets)
    spec = NetworkSpec(
        name=f"{balancing.PREFIX}-net-{octet}",
        bridge=f"mctb{octet}",
        subnet=f"10.213.{octet}.0/24",
        gateway=f"10.213.{octet}.1",
        labels={"mctest.balancers": str(octet)},
    )
    engine = DockerEngine(client)
    engine.ensure_network(spec)
    yield spec
    engine.remove_network(spec.name)


@pytest.fixture
def real_balancers(
    client: docker.DockerClient, balancers_network: NetworkSpec
) -> Iterator[BalancerWorld]:
    plane = DockerBalancerPlane(client)
    image = DockerImageBuilder(client).ensure("balancer", _tell).reference
    address = balancers_network.gateway[:-1] + "9"
    behind = _DockerBehind(client)
    world = BalancerWorld(plane, behind, image, balancers_network.name, address)
    yield world
    plane.remove(world.spec)


def _tell(progress: BuildProgress) -> None:
    print(progress.recipe, progress.message)


def _fake_world(octet: int) -> World:
    fake = FakeEngine()
    fake.add_image(f"{PREFIX}:plain", {"mctest.image": "plain"})
    fake.add_image(f"{PREFIX}:volume", volumes=("/data",))
    world = World(fake, fake, False, f"{PREFIX}:plain", f"{PREFIX}:volume", octet)
    fake.ensure_network(world.network())
    fake.on_exec(_shell)
    return world


def _shell(name: str, argv: Sequence[str], stdin: bytes) -> ExecResult:
    """What the few commands of the contract answer."""
    done = subprocess.run(list(argv), input=stdin, capture_output=True, check=False)
    return ExecResult(done.returncode, done.stdout, done.stderr)


def _clear(client: docker.DockerClient, world: World) -> None:
    api = cast("Any", client.api)
    mine = {"label": [f"{key}={value}" for key, value in world.labels.items()]}
    named = {"name": [f"{PREFIX}-{world.key}"]}
    for found in (*api.containers(all=True, filters=mine), *api.containers(True, filters=named)):
        with contextlib.suppress(docker.errors.NotFound):
            api.remove_container(found["Id"], force=True, v=True)
    for image in (
        *api.images(filters=mine, all=True),
        *api.images(filters={"reference": [f"{PREFIX}-{world.key}"]}),
    ):
        for reference in image.get("RepoTags") or [image["Id"]]:
            with contextlib.suppress(docker.errors.APIError):
                api.remove_image(reference if "<none>" not in reference else image["Id"])
    for network in api.networks(filters=mine):
        api.remove_network(network["Id"])


def _root_tar() -> bytes:
    paths: set[str] = set()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", dereference=True) as tar:
        for command in COMMANDS:
            path = shutil.which(command)
            assert path is not None
            tar.add(path, arcname=f"bin/{command}")
            listed = subprocess.run(["ldd", path], capture_output=True, text=True, check=True)
            paths.update(word for word in listed.stdout.split() if word.startswith("/"))
        for path in sorted(paths):
            tar.add(path, arcname=path.lstrip("/"))
        for folder in ("home", "etc", "data", "tmp"):
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(info)
    return buffer.getvalue()
