"""What has no meaning without processes, disks, kernels and lines to an engine."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docker
import pytest

from minicloud.adapters.docker import commands, sealing
from minicloud.adapters.docker.engine import DockerEngine
from minicloud.adapters.docker.errors import translated
from minicloud.domain.errors import Conflict, EngineUnreachable, Unavailable
from minicloud.ports.engine import ContainerStatus, Limits
from tests.contract.world import (
    World,
    console,
    launch,
    raw,
    shell,
)
from tests.fakes.engine import FakeEngine

needs_local_socket = pytest.mark.skipif(
    not Path("/var/run/docker.sock").exists(), reason="the relay needs the engine's usual socket"
)


@pytest.mark.parametrize("world", ["docker"], indirect=True)
class TestDockerAlone:
    def test_the_kernel_holds_the_limits(self, world: World) -> None:
        name = launch(world).name
        assert _kernel_limits(world, name) == (64 << 20, 50_000, 50)
        world.engine.ensure_limits(name, Limits(1.5, 128, 70))
        assert _kernel_limits(world, name) == (128 << 20, 150_000, 70)
        world.engine.ensure_stopped(name, 5)
        world.engine.ensure_limits(name, Limits(0.25, 32, 40))
        world.engine.ensure_started(name)
        assert _kernel_limits(world, name) == (32 << 20, 25_000, 40)

    def test_usage_shows_who_is_busy(self, world: World) -> None:
        idle, busy = launch(world).name, launch(world, "b", host=11).name
        allowed = world.spec("b").limits.vcpus
        sdk = raw(world)
        execution = sdk.exec_create(busy, ["sh", "-c", "while :; do :; done"])
        sdk.exec_start(execution["Id"], detach=True)
        before = world.engine.usage([idle, busy])
        time.sleep(3)
        after = world.engine.usage([idle, busy])
        shares = {
            name: (after[name].cpu_ns - before[name].cpu_ns)
            / 1e9
            / (after[name].at - before[name].at).total_seconds()
            for name in (idle, busy)
        }
        assert 0.5 * allowed < shares[busy] < 1.2 * allowed
        assert shares[idle] < 0.1

    def test_usage_of_memory_and_a_new_life(self, world: World) -> None:
        name = launch(world).name
        before = world.engine.usage([name])[name]
        shell(world, name, "head -c 20971520 /dev/zero > /run/filled")
        after = world.engine.usage([name])[name]
        assert 18 << 20 < after.memory_bytes - before.memory_bytes < 40 << 20
        world.engine.restart(name, 5)
        assert world.engine.usage([name])[name].cpu_ns < after.cpu_ns + 10**9

    def test_it_is_a_machine_of_its_own(self, world: World) -> None:
        spec = world.spec("a")
        launch(world)
        inspected = raw(world).inspect_container(spec.name)
        host = inspected["HostConfig"]
        assert host["Privileged"] is False
        assert (host["Binds"], host["PidMode"], host["SecurityOpt"]) == (None, "", None)
        assert (host["IpcMode"], host["RestartPolicy"]["Name"]) == ("private", "no")
        address = inspected["NetworkSettings"]["Networks"][spec.network]["IPAddress"]
        assert address == spec.private_ip
        assert shell(world, spec.name, "cat /proc/sys/kernel/hostname").decode() == (
            spec.hostname + "\n"
        )
        assert b"/run tmpfs rw,nosuid,nodev" in shell(world, spec.name, "cat /proc/mounts")

    def test_console(self, world: World) -> None:
        name = launch(world).name
        assert set(console(world, name).splitlines()) == {b"ready", b"set"}
        assert len(list(world.engine.logs(name, tail=1, follow=False))) == 1
        follower = world.engine.logs(name, tail=None, follow=True)
        threading.Timer(0.2, world.engine.ensure_stopped, (name, 5)).start()
        assert b"ready" in b"".join(follower), "it ends with the machine"

    def test_following_ends_on_close(self, world: World) -> None:
        follower = world.engine.logs(launch(world).name, 0, follow=True)
        threading.Timer(0.2, follower.close).start()
        assert list(follower) == []

    def test_a_command_that_takes_too_long(self, world: World) -> None:
        name = launch(world).name
        for script in ("sleep 60", "while :; do echo x; done", "exec >&- 2>&-; sleep 60"):
            with pytest.raises(Unavailable) as caught:
                world.engine.exec(name, ["sh", "-c", script], timeout_s=0.5)
            assert caught.value.code == "ExecTimeout"

    def test_a_command_that_is_not_there(self, world: World) -> None:
        assert world.engine.exec(launch(world).name, ["absent"]).exit_code in {126, 127}

    def test_stream_dropped_halfway(self, world: World) -> None:
        name = launch(world).name
        stream = world.engine.exec_stream(name, ["sh", "-c", "echo a; sleep 60"], b"")
        assert next(stream).data == b"a\n"
        threading.Timer(0.2, stream.close).start()
        assert list(stream) == []

    def test_frozen_by_a_commit_that_crashed(self, world: World) -> None:
        name = launch(world).name
        raw(world).pause(name)
        world.engine.commit(name, world.reference("1"), world.labels)
        assert world.engine.ensure_started(name).status is ContainerStatus.RUNNING
        raw(world).pause(name)
        assert world.engine.ensure_stopped(name, 5).status is ContainerStatus.EXITED

    def test_seal_clears_what_a_crash_left(self, world: World) -> None:
        name = launch(world).name
        world.engine.commit(name, world.reference("1"), world.labels)
        with pytest.raises(Unavailable) as caught:
            world.engine.seal(world.reference("1"), world.labels, "echo no >&2; exit 4", False)
        assert caught.value.code == "ImageSealFailed"
        assert "ended with 4: no" in caught.value.message
        listed = world.engine.containers(world.labels)
        assert [c.name for c in listed] == [name], "its scratch container is gone"
        leftover = sealing.scratch_name(world.reference("1"))
        raw(world).create_container(world.image, name=leftover, labels=world.labels)
        world.engine.seal(world.reference("1"), world.labels, "true", flatten=False)
        assert world.engine.container(leftover) is None

    def test_seal_never_removes_what_is_not_ours(self, world: World) -> None:
        name = launch(world).name
        world.engine.commit(name, world.reference("1"), world.labels)
        foreign = sealing.scratch_name(world.reference("1"))
        raw(world).create_container(world.image, name=foreign)
        try:
            with pytest.raises(Conflict) as caught:
                world.engine.seal(world.reference("1"), world.labels, "true", flatten=False)
            assert caught.value.code == "NameTaken"
        finally:
            world.behind.remove(foreign)

    def test_stdin_where_the_line_cannot_be_half_closed(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(commands, "_is_tls", lambda _: True)
        name = launch(world).name
        pieces = list(world.engine.exec_stream(name, ["sh", "-c", "cat; exit 5"], b"x" * 99_999))
        assert sum(len(piece.data) for piece in pieces) == 99_999
        assert pieces[-1].exit_code == 5

    @needs_local_socket
    def test_the_line_breaks(self, world: World, tmp_path: Path) -> None:
        """An engine that dies, seen from outside: everything that waits ends or is told."""
        name = launch(world).name
        relay = Relay(str(tmp_path / "relay.sock"))
        engine = DockerEngine(docker.DockerClient(f"unix://{relay.path}", version="1.41"))
        follower = engine.logs(name, tail=0, follow=True)
        events = engine.events(world.labels, datetime.now(UTC), lambda: None)
        stream = engine.exec_stream(name, ["sleep", "60"], b"")
        threading.Timer(0.2, relay.die).start()
        assert list(follower) == []
        assert list(events) == []
        with pytest.raises(EngineUnreachable):
            list(stream)
        with pytest.raises(EngineUnreachable):
            engine.info()

    def test_no_capability_to_forge_or_mount(self, world: World) -> None:
        name = launch(world).name
        status = shell(world, name, "cat /proc/self/status").decode()
        line = next(line for line in status.splitlines() if line.startswith("CapBnd"))
        bounding = int(line.split()[1], 16)
        net_raw, sys_admin, sys_boot = 13, 21, 22
        assert not bounding & (1 << net_raw | 1 << sys_admin)
        assert bounding & (1 << sys_boot)

    def test_disk_full_is_said(self, world: World) -> None:
        name = launch(world).name
        reference = world.reference("1")
        with pytest.raises(Unavailable) as caught, translated():
            _raise_answer(raw(world), 500, f"write /{name}/{reference}: no space left on device")
        assert caught.value.code == "EngineDiskFull"


class TestUnreachable:
    def test_docker(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from minicloud.adapters.docker.engine import connect

        monkeypatch.setenv("DOCKER_HOST", "unix:///absent/docker.sock")
        with pytest.raises(EngineUnreachable):
            connect()

    def test_docker_goes_away(self) -> None:
        client = docker.DockerClient("unix:///absent/docker.sock", version="1.41")
        engine = DockerEngine(client)
        for call in (engine.info, lambda: engine.container("x"), lambda: engine.exec("x", ["y"])):
            with pytest.raises(EngineUnreachable):
                call()

    def test_fake(self) -> None:
        fake = FakeEngine()
        fake.vanish()
        with pytest.raises(EngineUnreachable):
            fake.info()
        fake.come_back()
        fake.fill_disk()
        fake.fail_next("info", RuntimeError("once"))
        with pytest.raises(RuntimeError):
            fake.info()
        assert fake.info() == fake.information


class Relay:
    """A socket that passes all on to the engine, until it dies."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._pairs: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def die(self) -> None:
        Path(self.path).unlink()
        for line in (self._listener, *self._pairs):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect("/var/run/docker.sock")
                self._pairs += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)


def _kernel_limits(world: World, name: str) -> tuple[int, int, int]:
    """Memory in bytes, CPU quota in µs of 100 ms, processes; as the machine itself sees them."""
    if world.engine.info().cgroup_version == "2":
        script = "cd /sys/fs/cgroup; cat memory.max cpu.max pids.max"
        memory, quota, _, processes = shell(world, name, script).split()
    else:
        script = (
            "cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max"
        )
        memory, quota, processes = shell(world, name, script).split()
    return int(memory), int(quota), int(processes)


def _raise_answer(api: Any, status: int, message: str) -> None:
    import json

    import requests

    response = requests.Response()
    response.status_code = status
    response._content = json.dumps({"message": message}).encode()
    api._raise_for_status(response)
