"""Machines and networks: what every engine must do, the fake and Docker."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any, cast

import pytest

from minicloud.domain.errors import Conflict, NotFound
from minicloud.ports.engine import ContainerStatus, Limits
from tests.contract.world import (
    PREFIX,
    World,
    launch,
)

if TYPE_CHECKING:
    pass


class TestContainers:
    def test_info_describes_a_host(self, world: World) -> None:
        info = world.engine.info()
        assert info.engine_id
        assert info.cpu_count >= 1
        assert info.memory_mib > 256
        assert info.cgroup_version in {"1", "2"}

    def test_create_makes_it_stopped(self, world: World) -> None:
        spec = world.spec("a")
        made = world.engine.ensure_container(spec)
        assert made.status is ContainerStatus.CREATED
        assert (made.name, made.image) == (spec.name, spec.image)
        assert spec.labels.items() <= made.labels.items()
        assert (made.exit_code, made.started_at, made.finished_at) == (None, None, None)
        assert not made.is_up

    def test_create_again_adopts(self, world: World) -> None:
        first = world.engine.ensure_container(world.spec("a"))
        assert world.engine.ensure_container(world.spec("a")) == first

    def test_create_by_many_at_once_makes_one(self, world: World) -> None:
        with ThreadPoolExecutor(8) as pool:
            made = list(
                pool.map(lambda _: world.engine.ensure_container(world.spec("a")), range(8))
            )
        assert len({container.engine_id for container in made}) == 1

    def test_another_identity_is_never_adopted(self, world: World) -> None:
        spec = world.spec("a")
        first = world.engine.ensure_container(spec)
        with pytest.raises(Conflict) as caught:
            world.engine.ensure_container(replace(spec, labels={"mctest.world": "other"}))
        assert caught.value.code == "NameTaken"
        assert world.engine.container(spec.name) == first

    def test_create_without_image(self, world: World) -> None:
        with pytest.raises(NotFound) as caught:
            world.engine.ensure_container(world.spec("a", image=f"{PREFIX}-absent:1"))
        assert caught.value.code == "EngineObjectMissing"
        assert world.engine.container(world.name("a")) is None

    def test_life(self, world: World) -> None:
        started = launch(world)
        assert started.status is ContainerStatus.RUNNING
        assert started.started_at is not None
        assert started.started_at.tzinfo is UTC
        assert world.engine.ensure_started(started.name) == started

        stopped = world.engine.ensure_stopped(started.name, 10)
        assert stopped.status is ContainerStatus.EXITED
        assert stopped.exit_code == (3 if world.is_real else 0), "its own stop signal reached it"
        assert stopped.finished_at is not None
        assert stopped.finished_at >= started.started_at
        assert world.engine.ensure_stopped(started.name, 10) == stopped

        again = world.engine.ensure_started(started.name)
        assert again.started_at is not None
        assert again.started_at > stopped.finished_at
        assert again.exit_code is None

    def test_stop_by_force_after_the_timeout(self, world: World) -> None:
        spec = world.spec("a")
        world.engine.ensure_container(spec)
        # At once: the signal meets a first process that has not set its trap, or is ended by it.
        world.engine.ensure_started(spec.name)
        assert world.engine.ensure_stopped(spec.name, 0).status is ContainerStatus.EXITED

    def test_stop_of_one_never_started(self, world: World) -> None:
        made = world.engine.ensure_container(world.spec("a"))
        assert not world.engine.ensure_stopped(made.name, 1).is_up

    def test_restart_running_and_stopped(self, world: World) -> None:
        started = launch(world)
        again = world.engine.restart(started.name, 10)
        assert again.status is ContainerStatus.RUNNING
        assert again.started_at is not None
        assert started.started_at is not None
        assert again.started_at > started.started_at
        world.engine.ensure_stopped(started.name, 5)
        assert world.engine.restart(started.name, 5).is_up

    def test_remove_in_any_state_and_again(self, world: World) -> None:
        name = launch(world).name
        world.engine.ensure_removed(name)
        assert world.engine.container(name) is None
        world.engine.ensure_removed(name)

    def test_remove_by_many_at_once(self, world: World) -> None:
        name = launch(world).name
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda _: world.engine.ensure_removed(name), range(6)))
        assert world.engine.container(name) is None

    def test_what_is_gone(self, world: World) -> None:
        name = world.name("absent")
        limits = Limits(1, 64, 50)
        engine = world.engine
        for call in (
            lambda: engine.ensure_started(name),
            lambda: engine.ensure_stopped(name, 1),
            lambda: engine.restart(name, 1),
            lambda: engine.ensure_limits(name, limits),
            lambda: engine.exec(name, ["true"]),
            lambda: engine.exec_stream(name, ["true"], b""),
            lambda: engine.logs(name, None, follow=False),
            lambda: engine.commit(name, world.reference("x"), {}),
        ):
            with pytest.raises(NotFound) as caught:
                cast("Any", call)()
            assert caught.value.code == "EngineObjectMissing"
        assert engine.container(name) is None

    def test_killed_and_removed_behind_our_back(self, world: World) -> None:
        name = launch(world).name
        world.behind.kill(name)
        killed = world.engine.container(name)
        assert killed is not None
        assert (killed.status, killed.exit_code) == (ContainerStatus.EXITED, 137)
        world.behind.remove(name)
        assert world.engine.container(name) is None
        assert world.engine.containers(world.labels) == []

    def test_usage_is_of_those_that_run(self, world: World) -> None:
        running = launch(world).name
        stopped = world.engine.ensure_container(world.spec("b", host=11)).name
        used = world.engine.usage([running, stopped, world.name("absent")])
        assert used.keys() == {running}
        assert used[running].at.tzinfo is UTC
        assert used[running].memory_bytes > 0
        assert used[running].cpu_ns >= 0
        again = world.engine.usage([running])[running]
        assert again.at > used[running].at
        assert again.cpu_ns >= used[running].cpu_ns
        assert world.engine.usage([]) == {}

    def test_list_wants_all_labels(self, world: World) -> None:
        first, second = (world.engine.ensure_container(world.spec(s)) for s in "ab")
        listed = world.engine.containers(world.labels)
        assert {c.name for c in listed} == {first.name, second.name}
        only = world.engine.containers({**world.labels, "mctest.machine": "b"})
        assert list(only) == [second]
        assert world.engine.containers({"mctest.world": "nobody"}) == []

    def test_volumes_are_seen(self, world: World) -> None:
        plain = world.engine.ensure_container(world.spec("a"))
        assert plain.volume_mounts == (), "a tmpfs is no volume"
        other = world.engine.ensure_container(world.spec("b", image=world.volume_image))
        assert other.volume_mounts == ("/data",)

    def test_an_address_in_use_stops_the_start(self, world: World) -> None:
        launch(world, "a", host=10)
        world.engine.ensure_container(world.spec("b", host=10))
        with pytest.raises(Conflict) as caught:
            world.engine.ensure_started(world.name("b"))
        assert caught.value.code == "InvalidIPAddress.InUse"

    def test_limits_change_running_and_stopped(self, world: World) -> None:
        name = launch(world).name
        for limits in (Limits(2, 256, 200), Limits(0.25, 32, 40)):
            world.engine.ensure_limits(name, limits)
            world.engine.ensure_limits(name, limits)
        world.engine.ensure_stopped(name, 5)
        world.engine.ensure_limits(name, Limits(1, 128, 60))
        assert world.engine.ensure_started(name).is_up


class TestNetworks:
    def test_make_adopt_remove(self, world: World) -> None:
        world.engine.ensure_network(world.network())
        spec = world.network("two", octet=251)
        world.engine.ensure_network(spec)
        world.engine.remove_network(spec.name)
        world.engine.remove_network(spec.name)

    def test_by_many_at_once_makes_one(self, world: World) -> None:
        spec = world.network("two", octet=251)
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda _: world.engine.ensure_network(spec), range(6)))
        world.engine.ensure_network(spec)
        world.engine.remove_network(spec.name)

    def test_taken_name(self, world: World) -> None:
        for other in (
            replace(world.network(), labels={"mctest.world": "other"}),
            replace(world.network(), subnet="10.213.252.0/24", gateway="10.213.252.1"),
        ):
            with pytest.raises(Conflict) as caught:
                world.engine.ensure_network(other)
            assert caught.value.code == "NameTaken"

    def test_taken_subnet_and_bridge(self, world: World) -> None:
        with pytest.raises(Conflict) as caught:
            world.engine.ensure_network(world.network("two"))
        assert caught.value.code == "SubnetTaken"
        same_bridge = replace(world.network("two", octet=251), bridge=world.network().bridge)
        with pytest.raises(Conflict) as caught:
            world.engine.ensure_network(same_bridge)
        assert caught.value.code == "NameTaken"

    def test_with_machines_on_it_stays(self, world: World) -> None:
        launch(world)
        with pytest.raises(Conflict) as caught:
            world.engine.remove_network(world.network().name)
        assert caught.value.code == "DependencyViolation"
