"""The edge remembers, mends itself, is made anew, and leaves nothing behind."""

from __future__ import annotations

import socket
import time
from dataclasses import replace

import pytest

from minicloud.domain.errors import Unavailable
from minicloud.ports.edge import EdgeMode
from tests.integration.edge.talk import LOCALHOST, answers, ask, assert_cut, eventually, say
from tests.integration.edge.world import (
    OTHER_PUBLIC,
    PUBLIC,
    EdgeWorld,
)


class TestKeeping:
    def test_the_kernel_serves_while_the_edge_restarts_and_it_remembers(
        self, world: EdgeWorld
    ) -> None:
        route = world.route("old", p29000=7000)
        world.edge.set_route(route, grace_s=0)
        container = world.client.containers.get(world.spec.container_name)
        container.kill()
        assert ask(PUBLIC) == "old"
        world.nft("delete", "table", "ip", world.spec.table)
        container.start()
        assert list(world.edge.routes()) == [route]
        assert ask(PUBLIC) == ask(LOCALHOST, 29000) == "old"

    def test_a_cut_that_is_owed_is_done_after_a_restart(self, world: EdgeWorld) -> None:
        world.edge.set_route(world.route("old"), grace_s=0)
        with socket.create_connection((PUBLIC, 7000), timeout=5) as connection:
            assert say(connection) == "old"
            world.edge.set_route(world.route("new"), grace_s=1)
            world.client.containers.get(world.spec.container_name).restart(timeout=1)
            time.sleep(2)
            assert_cut(connection)

    def test_a_table_that_someone_deletes_comes_back(self, world: EdgeWorld) -> None:
        world.edge.set_route(world.route("old"), grace_s=0)
        world.nft("delete", "table", "ip", world.spec.table)
        eventually(lambda: answers(PUBLIC, 7000, "old"))
        time.sleep(2.5)
        world.nft("flush", "chain", "ip", world.spec.table, "lead")
        eventually(lambda: answers(PUBLIC, 7000, "old"))

    def test_an_edge_removed_behind_our_back_is_said_and_healed(self, world: EdgeWorld) -> None:
        routes = [world.route("old")]
        world.edge.replace_routes(routes)
        world.client.containers.get(world.spec.container_name).remove(force=True)
        with pytest.raises(Unavailable) as refused:
            world.edge.routes()
        assert refused.value.code == "EdgeUnreachable"
        assert world.edge.ensure(world.spec) is EdgeMode.LOOPBACK
        assert list(world.edge.routes()) == routes, "its memory is not in the container"
        world.client.containers.get(world.spec.container_name).remove(force=True)
        world.client.volumes.get(f"{world.spec.container_name}-routes").remove()
        world.edge.ensure(world.spec)
        world.edge.replace_routes(routes)
        assert ask(PUBLIC) == "old"

    def test_replacing_all_routes_keeps_what_fits_and_cuts_the_rest(self, world: EdgeWorld) -> None:
        world.edge.replace_routes([world.route("old"), world.route("old", OTHER_PUBLIC)])
        with (
            socket.create_connection((PUBLIC, 7000), timeout=5) as fitting,
            socket.create_connection((OTHER_PUBLIC, 7000), timeout=5) as stray,
        ):
            assert say(fitting) == say(stray) == "old"
            # An edge that has lost its memory must still find the connections of the one before.
            container = world.client.containers.get(world.spec.container_name)
            container.remove(force=True)
            world.client.volumes.get(f"{world.spec.container_name}-routes").remove()
            world.edge.ensure(world.spec)
            world.edge.replace_routes([world.route("old"), world.route("new", OTHER_PUBLIC)])
            assert say(fitting) == "old"
            assert_cut(stray)
        assert ask(OTHER_PUBLIC) == "new"

    def test_the_edge_is_adopted_and_started_or_made_anew_as_the_spec_says(
        self, world: EdgeWorld
    ) -> None:
        containers = world.client.containers
        made = containers.get(world.spec.container_name).id
        world.edge.set_route(world.route("old"), grace_s=0)
        containers.get(world.spec.container_name).stop(timeout=1)
        world.edge.ensure(world.spec)
        assert containers.get(world.spec.container_name).id == made
        world.edge.ensure(replace(world.spec, host_ports=(29000,)))
        assert containers.get(world.spec.container_name).id != made
        assert ask(PUBLIC) == "old"


class TestRemoval:
    @pytest.mark.parametrize("container_is_gone", [True, False])
    def test_nothing_is_left_and_removing_again_is_no_error(
        self, world: EdgeWorld, container_is_gone: bool
    ) -> None:
        world.edge.set_route(world.route("old"), grace_s=0)
        if container_is_gone:
            world.client.containers.get(world.spec.container_name).remove(force=True)
        with socket.create_connection((PUBLIC, 7000), timeout=5) as connection:
            assert say(connection) == "old"
            for _ in range(2):
                world.edge.remove(world.spec)
            assert_cut(connection)
        assert world.nft("list", "table", "ip", world.spec.table)[0] != 0
        assert world.route_localnet == 0
        for collection in (world.client.containers, world.client.volumes):
            names = [found.name for found in collection.list()]
            assert not [
                name for name in names if name and name.startswith(world.spec.container_name)
            ]
