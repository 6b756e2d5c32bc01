"""An address, or a host port, leads to the machine behind it."""

from __future__ import annotations

import socket
import time

import docker
import pytest

from minicloud.ports.edge import EdgeMode
from tests.integration.edge.talk import LOCALHOST, answers, ask, assert_cut, eventually, say
from tests.integration.edge.world import (
    OTHER_PUBLIC,
    PUBLIC,
    EdgeWorld,
    edge_world,
)


class TestAddress:
    def test_every_port_and_protocol_leads_to_the_machine(self, world: EdgeWorld) -> None:
        world.edge.set_route(world.route("old"), grace_s=0)
        assert ask(PUBLIC) == "old"
        with socket.create_connection((PUBLIC, 80), timeout=5) as http:
            http.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert http.recv(1000).startswith(b"HTTP/1.1 200")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.settimeout(5)
            datagrams.sendto(b"?", (PUBLIC, 7000))
            assert datagrams.recv(100) == b"old"

    def test_a_host_port_leads_to_the_machine_behind_the_address(self, world: EdgeWorld) -> None:
        world.edge.set_route(world.route("old", p29003=7000), grace_s=0)
        assert ask(LOCALHOST, 29003) == "old"
        world.edge.set_route(world.route("new", p29003=7000), grace_s=0)
        assert ask(LOCALHOST, 29003) == "new"

    def test_two_addresses_may_lead_to_one_machine(self, world: EdgeWorld) -> None:
        world.edge.set_route(world.route("old"), grace_s=0)
        world.edge.set_route(world.route("old", OTHER_PUBLIC), grace_s=0)
        assert ask(PUBLIC) == ask(OTHER_PUBLIC) == "old"

    def test_routes_are_read_back(self, world: EdgeWorld) -> None:
        expected = [world.route("old", p29001=80), world.route(None, OTHER_PUBLIC, p29002=22)]
        for route in expected:
            world.edge.set_route(route, grace_s=0)
        assert list(world.edge.routes()) == expected


class TestPublished:
    def test_host_ports_swap_cut_and_survive_a_restart(self, client: docker.DockerClient) -> None:
        with edge_world(client, EdgeMode.PUBLISHED) as world:
            assert world.mode is EdgeMode.PUBLISHED
            assert world.nft("list", "table", "ip", world.spec.table)[0] == 0
            world.edge.set_route(world.route("old", p29000=7000), grace_s=0)
            assert ask(LOCALHOST, 29000) == "old"
            with pytest.raises(OSError, match=r"closed|reset"):
                ask(LOCALHOST, 29001)
            with socket.create_connection((LOCALHOST, 29000), timeout=5) as connection:
                assert say(connection) == "old"
                world.edge.set_route(world.route("new", p29000=7000), grace_s=1)
                for _ in range(20):
                    assert ask(LOCALHOST, 29000) == "new"
                assert say(connection) == "old"
                time.sleep(1.2)
                assert_cut(connection)
            world.client.containers.get(world.spec.container_name).restart(timeout=1)
            eventually(lambda: answers(LOCALHOST, 29000, "new"))
            assert list(world.edge.routes()) == [world.route("new", p29000=7000)]
            world.edge.remove_route(PUBLIC)
            with pytest.raises(OSError, match=r"closed|reset"):
                ask(LOCALHOST, 29000)
