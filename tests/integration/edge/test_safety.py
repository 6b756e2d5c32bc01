"""Nothing but the machines is reachable, and nothing but the cloud's own is routed."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from minicloud.adapters.edge import DockerEdge
from minicloud.domain.errors import Conflict, InvalidRequest
from minicloud.ports.edge import Route
from tests.integration.edge.talk import LOCALHOST, ask, say
from tests.integration.edge.world import (
    GATEWAY,
    OTHER_PUBLIC,
    PREFIX,
    PUBLIC,
    EdgeWorld,
)


class TestNothingElseIsReachable:
    @pytest.mark.parametrize("known", [True, False])
    def test_an_address_without_a_machine_is_refused_not_answered_by_the_host(
        self, world: EdgeWorld, known: bool
    ) -> None:
        with socket.create_server(("0.0.0.0", 0)) as host_service:
            port = host_service.getsockname()[1]
            socket.create_connection((LOCALHOST, port), timeout=5).close()
            if known:
                world.edge.set_route(world.route(None), grace_s=0)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((PUBLIC, port), timeout=5)

    def test_an_address_without_a_machine_is_safe_from_other_nat(self, world: EdgeWorld) -> None:
        # What Docker does for a published port when it runs without its userland proxy.
        rules = (
            "add table ip mctest_other",
            "add chain ip mctest_other out { type nat hook output priority -100; }",
            f"add rule ip mctest_other out tcp dport 7000 dnat to {world.machines['old']}",
        )
        try:
            assert world.nft("; ".join(rules))[0] == 0
            with pytest.raises(ConnectionRefusedError):
                ask(PUBLIC)
            world.edge.set_route(world.route("new"), grace_s=0)
            assert ask(PUBLIC) == "new"
        finally:
            world.nft("delete", "table", "ip", "mctest_other")

    def test_datagrams_to_an_address_without_a_machine_are_refused(self, world: EdgeWorld) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.settimeout(5)
            datagrams.connect((PUBLIC, 7000))
            datagrams.send(b"?")
            with pytest.raises(ConnectionRefusedError):
                datagrams.recv(100)

    def test_only_our_own_unrouted_host_ports_are_refused(self, world: EdgeWorld) -> None:
        for port, ours in ((29005, True), (29016, False)):
            with socket.create_server((LOCALHOST, port)):
                if ours:
                    with pytest.raises(ConnectionRefusedError):
                        socket.create_connection((LOCALHOST, port), timeout=5)
                else:
                    socket.create_connection((LOCALHOST, port), timeout=5).close()

    def test_a_removed_route_refuses_and_its_connections_are_reset(self, world: EdgeWorld) -> None:
        world.edge.set_route(world.route("old"), grace_s=0)
        with socket.create_connection((PUBLIC, 7000), timeout=5) as connection:
            assert say(connection) == "old"
            world.edge.remove_route(PUBLIC)
            with pytest.raises(ConnectionError):
                say(connection)
        with pytest.raises(ConnectionRefusedError):
            ask(PUBLIC)
        world.edge.remove_route(PUBLIC)
        assert list(world.edge.routes()) == []

    def test_a_machine_cannot_reach_what_listens_on_the_hosts_loopback(
        self, world: EdgeWorld
    ) -> None:
        assert world.route_localnet == 1
        assert _arrives(world, GATEWAY), "the frame itself is good"
        assert not _arrives(world, LOCALHOST)
        world.client.containers.get(world.spec.container_name).stop(timeout=1)
        world.nft("delete", "table", "ip", world.spec.table)
        assert _arrives(world, LOCALHOST), "it is the edge's guard that kept it out"
        world.edge.ensure(world.spec)
        assert not _arrives(world, LOCALHOST)


def _arrives(world: EdgeWorld, destination: str) -> bool:
    """Whether a datagram that a machine builds by hand reaches the host's address."""
    mac = Path(f"/sys/class/net/{world.spec.bridge}/address").read_text().strip().replace(":", "")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind((destination, 0))
        listener.settimeout(0.5)
        port = listener.getsockname()[1]
        script = f"""
import socket, struct
line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
line.bind(("eth0", 0x0800))
source, target = socket.inet_aton("{world.machines["old"]}"), socket.inet_aton("{destination}")
head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 31, 1, 0, 64, 17, 0, source, target)
total = sum(struct.unpack("!10H", head)); total = (total >> 16) + (total & 0xffff)
head = head[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xffff) + head[12:]
frame = bytes.fromhex("{mac}") + line.getsockname()[4] + b"\\x08\\x00"
line.send(frame + head + struct.pack("!HHHH", 4000, {port}, 11, 0) + b"hey")
"""
        assert world.inside("old", script) == ""
        try:
            return listener.recv(100) == b"hey"
        except TimeoutError:
            return False


class TestRefusals:
    def test_what_is_not_the_clouds_is_refused_and_changes_nothing(self, world: EdgeWorld) -> None:
        kept = world.route("old", p29000=80)
        world.edge.replace_routes([kept])
        malformed = [
            Route("127.0.0.1", kept.target_ip),
            Route("127.31.224.1", kept.target_ip),
            Route("127.31.240.10; flush ruleset", kept.target_ip),
            Route(PUBLIC, "172.17.0.2"),
            Route(PUBLIC, "localhost"),
            Route(PUBLIC, kept.target_ip, {22: 22}),
            Route(PUBLIC, kept.target_ip, {29000: 0}),
            Route(PUBLIC, kept.target_ip, {29000: 65536}),
        ]
        for route in malformed:
            with pytest.raises(InvalidRequest):
                world.edge.set_route(route, grace_s=0)
            with pytest.raises(InvalidRequest):
                world.edge.replace_routes([route])
        with pytest.raises(InvalidRequest):
            world.edge.set_route(kept, grace_s=float("nan"))
        assert list(world.edge.routes()) == [kept]

    def test_a_host_port_has_one_owner(self, world: EdgeWorld) -> None:
        world.edge.set_route(world.route("old", p29000=80), grace_s=0)
        with pytest.raises(Conflict) as refused:
            world.edge.set_route(world.route("old", OTHER_PUBLIC, p29000=80), grace_s=0)
        assert refused.value.code == "HostPortTaken"

    def test_a_name_that_is_anothers_is_neither_adopted_nor_removed(self, world: EdgeWorld) -> None:
        spec = replace(
            world.spec, container_name=f"{PREFIX}-old", labels={"minicloud.test": "someone"}
        )
        edge = DockerEdge(world.client, spec.container_name)
        for act in (edge.ensure, edge.remove):
            with pytest.raises(Conflict) as refused:
                act(spec)
            assert refused.value.code == "NameTaken"
        assert ask(world.machines["old"]) == "old"
