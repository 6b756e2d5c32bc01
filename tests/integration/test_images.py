"""The shipped images on a real engine: built once, and machines through and through."""

from __future__ import annotations

import multiprocessing
import re
import tempfile
import time
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from minicloud.adapters.docker.engine import DockerEngine, connect
from minicloud.adapters.docker.images.builder import (
    CONTENT_KEY_LABEL,
    IMAGE_LABEL,
    DockerImageBuilder,
)
from minicloud.adapters.docker.images.seal import seal_script
from minicloud.domain.errors import Unavailable
from minicloud.ports.engine import ContainerSpec, Limits, NetworkSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

    from minicloud.ports.image_builder import BuildProgress, BuiltImage

RUN: Final = uuid.uuid4().hex[:6]
PREFIX: Final = f"mctest-images-{RUN}"
LABELS: Final = {"mctest.images": RUN}
THROW_AWAY_LABEL: Final = "mctest.images-recipe"
NETWORK: Final = NetworkSpec(
    name=f"{PREFIX}-net",
    bridge=f"mcti{RUN}",
    subnet="172.31.224.0/24",
    gateway="172.31.224.1",
    labels=LABELS,
)
STOP_TIMEOUT_S: Final = 10
EXIT_POWERED_OFF: Final = 130
EXIT_REBOOTED: Final = 129
SERVICES: Final = {"nginx", "cron", "sshd"}


class Machine:
    """A container as an instance is one."""

    def __init__(self, engine: DockerEngine, image: str, octet: int) -> None:
        self.engine = engine
        self.hostname = f"ip-172-31-224-{octet}"
        self.name = f"{PREFIX}-{octet}"
        limits = Limits(vcpus=1, memory_mib=512, process_limit=256)
        engine.ensure_container(
            ContainerSpec(
                name=self.name,
                image=image,
                hostname=self.hostname,
                network=NETWORK.name,
                private_ip=f"172.31.224.{octet}",
                limits=limits,
                labels=LABELS,
            )
        )
        engine.ensure_started(self.name)

    def sh(self, script: str, timeout_s: float = 60) -> str:
        result = self.engine.exec(self.name, ["/bin/sh", "-c", script], timeout_s)
        assert result.exit_code == 0, (result.stdout + result.stderr).decode()[-2000:]
        return result.stdout.decode().strip()

    def stop(self) -> int | None:
        began_s = time.monotonic()
        ended = self.engine.ensure_stopped(self.name, STOP_TIMEOUT_S)
        assert time.monotonic() - began_s < STOP_TIMEOUT_S
        return ended.exit_code

    def wait_for_end(self) -> int | None:
        for _ in range(200):
            container = self.engine.container(self.name)
            assert container is not None
            if not container.is_up:
                return container.exit_code
            time.sleep(0.05)
        raise AssertionError("the machine does not end")

    def wait_for_services(self, wanted: set[str]) -> None:
        running: set[str] = set()
        for _ in range(200):
            running = set(self.sh("ps -A -o comm=").split())
            if wanted <= running:
                return
            time.sleep(0.05)
        raise AssertionError(f"{wanted - running} do not run")

    def page(self) -> str:
        request = "GET / HTTP/1.0\\r\\n\\r\\n"
        script = f"exec 3<>/dev/tcp/127.0.0.1/80; printf '{request}' >&3; cat <&3"
        for _ in range(200):
            result = self.engine.exec(self.name, ["bash", "-c", script])
            if result.exit_code == 0:
                return result.stdout.decode()
            time.sleep(0.05)
        raise AssertionError("nothing answers on port 80")


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    connected = connect()
    yield connected
    connected.close()


@pytest.fixture(scope="module")
def engine(client: docker.DockerClient) -> Iterator[DockerEngine]:
    real = DockerEngine(client)
    real.ensure_network(NETWORK)
    yield real
    for container in real.containers(LABELS):
        real.ensure_removed(container.name)
    real.remove_network(NETWORK.name)
    for image in real.images(LABELS):
        for reference in image.references:
            real.ensure_image_removed(reference)


@pytest.fixture(scope="module")
def builder(client: docker.DockerClient, engine: DockerEngine) -> DockerImageBuilder:
    return DockerImageBuilder(client, network=NETWORK.name)


@pytest.fixture(scope="module")
def web(builder: DockerImageBuilder) -> BuiltImage:
    return builder.ensure("web", lambda progress: None)


@contextmanager
def machine_of(engine: DockerEngine, image: str, octet: int) -> Iterator[Machine]:
    machine = Machine(engine, image, octet)
    try:
        yield machine
    finally:
        engine.ensure_removed(machine.name)


@pytest.fixture(scope="module")
def furnished(
    engine: DockerEngine, builder: DockerImageBuilder, web: BuiltImage
) -> Iterator[Machine]:
    """A plain machine that somebody installed services on."""
    with machine_of(engine, builder.reference("base"), 10) as machine:
        install = "DEBIAN_FRONTEND=noninteractive apt-get install -y -q"
        machine.sh(f"apt-get update -q && {install} nginx cron openssh-server", timeout_s=240)
        yield machine


def test_shipped_images_are_built_and_say_what_they_are(
    engine: DockerEngine, builder: DockerImageBuilder, web: BuiltImage
) -> None:
    for name in ("root", "base", "web"):
        image = engine.image(builder.reference(name))
        assert image is not None
        assert image.labels[IMAGE_LABEL] == name
        assert builder.reference(name).endswith(image.labels[CONTENT_KEY_LABEL][:12])
        assert image.size_bytes < 200_000_000
    assert web.reference == builder.reference("web")
    assert builder.reference("web").split(":")[1] == web.content_key[:12]


def test_nothing_is_built_twice(
    client: docker.DockerClient, engine: DockerEngine, web: BuiltImage
) -> None:
    before = engine.image(web.reference)
    reports: list[BuildProgress] = []
    again = DockerImageBuilder(client, network=NETWORK.name).ensure("web", reports.append)
    assert (again.reference, again.built_now, reports) == (web.reference, False, [])
    assert engine.image(web.reference) == before


def test_a_web_machine_names_itself_and_shuts_down_cleanly(
    engine: DockerEngine, web: BuiltImage
) -> None:
    with machine_of(engine, web.reference, 20) as machine:
        page = machine.page()
        assert f"<h1><code>{machine.hostname}</code></h1>" in page
        assert machine.sh("cat /proc/1/comm") == "init"
        assert re.fullmatch("[0-9a-f]{32}", machine.sh("cat /etc/machine-id"))
        assert machine.stop() == EXIT_POWERED_OFF
        console = b"".join(engine.logs(machine.name, tail=None, follow=False)).decode()
        assert "Starting nginx" in console
        assert "Stopping nginx" in console


@pytest.mark.parametrize(
    ("command", "exit_code"),
    [
        ("poweroff", EXIT_POWERED_OFF),
        ("shutdown -h now", EXIT_POWERED_OFF),
        ("reboot", EXIT_REBOOTED),
    ],
)
def test_how_a_machine_ended_itself_can_be_told(
    engine: DockerEngine, web: BuiltImage, command: str, exit_code: int
) -> None:
    with machine_of(engine, web.reference, 21) as machine:
        machine.page()
        with suppress(Unavailable):
            engine.exec(machine.name, command.split())
        assert machine.wait_for_end() == exit_code


def test_a_stop_right_after_the_start_is_clean(engine: DockerEngine, web: BuiltImage) -> None:
    with machine_of(engine, web.reference, 22) as machine:
        for _ in range(3):
            assert machine.stop() == EXIT_POWERED_OFF
            engine.ensure_started(machine.name)


def test_installed_services_come_back_after_stop_and_start(
    engine: DockerEngine, furnished: Machine
) -> None:
    furnished.wait_for_services(SERVICES)
    assert furnished.stop() == EXIT_POWERED_OFF
    engine.ensure_started(furnished.name)
    furnished.wait_for_services(SERVICES)
    assert furnished.sh("cat /proc/1/comm") == "init"


def test_installed_services_come_back_in_machines_made_of_a_sealed_image(
    engine: DockerEngine, furnished: Machine
) -> None:
    secret = "mkdir -p /root/.ssh && echo key > /root/.ssh/authorized_keys && chmod 700 /root/.ssh"
    furnished.sh(secret)
    furnished.sh("mkdir -p /var/lib/minicloud && touch /var/lib/minicloud/first-boot-done")
    identity = "cat /etc/machine-id; cat /etc/ssh/ssh_host_ed25519_key.pub"
    original = furnished.sh(identity)
    reference = f"{PREFIX}:sealed"
    engine.commit(furnished.name, reference, LABELS)
    engine.seal(reference, LABELS, seal_script(), flatten=False)
    engine.seal(reference, LABELS, seal_script(), flatten=False)
    with machine_of(engine, reference, 30) as machine:
        machine.wait_for_services(SERVICES)
        assert "nginx" in machine.page()
        copy = machine.sh(identity)
        assert len(copy.split()) == len(original.split())
        assert not set(copy.splitlines()) & set(original.splitlines())
        assert (
            machine.sh("ls /root/.ssh /var/lib/minicloud") == "/root/.ssh:\n\n/var/lib/minicloud:"
        )


def test_no_service_starts_while_an_image_is_built(
    client: docker.DockerClient, web: BuiltImage
) -> None:
    output = client.containers.run(
        web.reference,
        ["/bin/sh", "-c", "invoke-rc.d nginx start; ls /run/nginx.pid || echo none"],
        network_mode="none",
        remove=True,
        name=f"{PREFIX}-build",
        stderr=False,
    )
    assert output.decode().strip() == "none"


def write_root_recipe(folder: Path, pull: str, step: str) -> None:
    recipe = folder / f"mctest-images-{RUN}"
    recipe.mkdir()
    (recipe / "manifest.toml").write_text(
        f'name = "{recipe.name}"\ndescription = "a test"\npublic = false\n'
        f'pull = "{pull}"\nsuite = "trixie"\n'
    )
    dockerfile = f"ARG PARENT\nFROM ${{PARENT}}\nLABEL {THROW_AWAY_LABEL}={RUN}\n{step}\n"
    (recipe / "Dockerfile").write_text(dockerfile)


def left_over(client: docker.DockerClient) -> list[Any]:
    """Images of this run's throw-away recipes, nameless ones too, and containers on them."""
    wanted = {"label": f"{THROW_AWAY_LABEL}={RUN}"}
    return [
        *client.api.images(all=True, filters=wanted),
        *client.api.containers(all=True, filters=wanted),
    ]


@pytest.fixture
def local_parent(client: docker.DockerClient, web: BuiltImage) -> Iterator[str]:
    """A root image that no registry has, but this engine does."""
    reference = f"{PREFIX}-parent:1"
    client.api.tag(web.reference, f"{PREFIX}-parent", "1")
    yield reference
    client.api.remove_image(reference)


def test_a_failed_step_is_told_with_its_output_and_leaves_nothing(
    client: docker.DockerClient, tmp_path: Path, local_parent: str
) -> None:
    write_root_recipe(tmp_path, local_parent, "RUN echo it is the disk; exit 3")
    builder = DockerImageBuilder(client, tmp_path, NETWORK.name)
    with pytest.raises(Unavailable, match="it is the disk") as caught:
        builder.ensure(PREFIX, lambda progress: None)
    assert caught.value.code == "ImageBuildFailed"
    assert left_over(client) == []


@pytest.mark.parametrize(
    "script", ["exit 7", "head -c 3000000 /dev/zero; echo E: no way >&2; exit 7"]
)
def test_a_failed_bootstrap_is_told_and_leaves_nothing(
    client: docker.DockerClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
) -> None:
    tool = tmp_path / "bin" / "mmdebstrap"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\ntouch "$TMPDIR/half"\n{script}\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    write_root_recipe(tmp_path, f"{PREFIX}/absent:1", "RUN true")
    before = {image["Id"] for image in client.api.images(filters={"dangling": True})}
    with pytest.raises(Unavailable, match="mmdebstrap ended with 7") as caught:
        DockerImageBuilder(client, tmp_path).ensure(PREFIX, lambda progress: None)
    assert caught.value.code == "ImageBuildFailed"
    assert "cannot be pulled" in caught.value.message
    assert list(tmp_path.glob("minicloud-bootstrap-*")) == []
    assert {image["Id"] for image in client.api.images(filters={"dangling": True})} <= before


def test_a_host_that_can_neither_pull_nor_bootstrap_is_told_what_to_do(
    client: docker.DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    write_root_recipe(tmp_path, f"{PREFIX}/absent:1", "RUN true")
    with pytest.raises(Unavailable, match="mmdebstrap is not installed") as caught:
        DockerImageBuilder(client, tmp_path).ensure(PREFIX, lambda progress: None)
    assert caught.value.code == "ImageBuildFailed"
    assert "install mmdebstrap" in caught.value.resolution


def build_elsewhere(folder: Path, recipe: str, network: str, start: Any, found: Any) -> None:
    builder = DockerImageBuilder(connect(), folder, network)
    start.wait()
    found.put(builder.ensure(recipe, lambda progress: None).reference)


def test_two_processes_may_build_at_once(
    client: docker.DockerClient, engine: DockerEngine, tmp_path: Path, local_parent: str
) -> None:
    write_root_recipe(tmp_path, local_parent, "RUN sleep 0.5; echo whole > /whole")
    context = multiprocessing.get_context("spawn")
    start, found = context.Barrier(2), context.Queue()
    arguments = (tmp_path, PREFIX, NETWORK.name, start, found)
    racers = [context.Process(target=build_elsewhere, args=arguments) for _ in range(2)]
    for racer in racers:
        racer.start()
    references = {found.get(timeout=60) for _ in racers}
    for racer in racers:
        racer.join()
    (reference,) = references
    image = engine.image(reference)
    assert image is not None
    assert image.labels[IMAGE_LABEL] == PREFIX
    client.api.remove_image(reference)
    assert left_over(client) == []
