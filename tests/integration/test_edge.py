"""The edge on a real engine: addresses stay, machines change, and nothing else is reachable."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import pytest

from minicloud.adapters.edge import DockerEdge
from minicloud.domain.errors import Conflict, InvalidRequest, Unavailable
from minicloud.ports.edge import EdgeMode, Route
from tests.integration.edge_world import (
    GATEWAY,
    OTHER_PUBLIC,
    PREFIX,
    PUBLIC,
    edge_world,
    images,
    spec_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.edge_world import EdgeWorld

LOCALHOST = "127.0.0.1"
HANGING_S = 8.0


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    with images(client):
        yield client
    client.close()


@pytest.fixture(scope="module")
def loopback_world(client: docker.DockerClient) -> Iterator[EdgeWorld]:
    with edge_world(client, None) as world:
        if world.mode is not EdgeMode.LOOPBACK:
            pytest.skip("the engine does not share this network")
        yield world


@pytest.fixture
def world(loopback_world: EdgeWorld) -> EdgeWorld:
    loopback_world.edge.ensure(loopback_world.spec)
    loopback_world.edge.replace_routes([])
    return loopback_world


def ask(ip: str, port: int = 7000) -> str:
    """Connect afresh and hear which machine answers."""
    with socket.create_connection((ip, port), timeout=HANGING_S) as connection:
        return say(connection)


def say(connection: socket.socket) -> str:
    connection.sendall(b"?\n")
    answer = connection.recv(100)
    if not answer:
        raise ConnectionResetError("closed")
    return answer.decode().strip()


def eventually(check: Callable[[], bool], timeout_s: float = 8.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not check():
        assert time.monotonic() < deadline, "it does not come to pass"
        time.sleep(0.05)


def answers(ip: str, port: int, expected: str) -> bool:
    with contextlib.suppress(OSError):
        return ask(ip, port) == expected
    return False


def assert_cut(connection: socket.socket) -> None:
    """The connection is ended by a reset, without hanging and without another machine's word."""
    connection.settimeout(HANGING_S)

    def go_on() -> None:
        for _ in range(50):
            say(connection)
            time.sleep(0.05)

    with pytest.raises((ConnectionResetError, ConnectionAbortedError, BrokenPipeError)):
        go_on()


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


class TestSwap:
    def test_no_client_is_refused_and_none_reaches_the_old_machine(self, world: EdgeWorld) -> None:
        world.edge.set_route(world.route("old"), grace_s=0)
        turn, current, done, heard = [0], ["old"], threading.Event(), [0]
        wrong: list[str] = []

        def connect_afresh() -> None:
            while not done.is_set():
                begun, settled = turn[0], current[0]
                try:
                    answer = ask(PUBLIC)
                except OSError as error:
                    answer = repr(error)
                # While a swap is under way either may answer.
                if answer not in ({settled} if settled and turn[0] == begun else {"old", "new"}):
                    wrong.append(f"{answer} instead of {settled or 'either'}")
                heard[0] += 1

        clients = [threading.Thread(target=connect_afresh) for _ in range(4)]
        for thread in clients:
            thread.start()
        for number in range(60):
            machine = ("new", "old")[number % 2]
            current[0], turn[0] = "", number + 1
            world.edge.set_route(world.route(machine), grace_s=1)
            current[0] = machine
            time.sleep(0.03)
        done.set()
        for thread in clients:
            thread.join()
        assert heard[0] > 500
        assert wrong == []

    def test_open_connections_finish_within_the_grace_and_are_then_reset(
        self, world: EdgeWorld
    ) -> None:
        world.edge.set_route(world.route("old", p29000=7000), grace_s=0)
        fronts = ((PUBLIC, 7000), (LOCALHOST, 29000))
        for front in fronts:
            with socket.create_connection(front, timeout=5) as connection:
                assert say(connection) == "old"
                world.edge.set_route(world.route("new", p29000=7000), grace_s=1.5)
                assert ask(*front) == "new"
                assert say(connection) == "old"
                time.sleep(1.7)
                assert_cut(connection)
            world.edge.set_route(world.route("old", p29000=7000), grace_s=0)

    def test_without_grace_the_cut_is_done_when_the_call_returns(self, world: EdgeWorld) -> None:
        world.edge.set_route(world.route("old"), grace_s=0)
        with socket.create_connection((PUBLIC, 7000), timeout=5) as connection:
            assert say(connection) == "old"
            world.edge.set_route(world.route("new"), grace_s=0)
            with pytest.raises(ConnectionError):
                say(connection)

    @pytest.mark.parametrize("word", [b"", b"drip\n"])
    def test_a_client_that_only_listens_is_told_too(self, world: EdgeWorld, word: bytes) -> None:
        world.edge.set_route(world.route("old"), grace_s=0)
        with socket.create_connection((PUBLIC, 7000), timeout=HANGING_S) as connection:
            assert say(connection) == "old"
            connection.sendall(word)
            world.edge.set_route(world.route("new"), grace_s=0.3)

            def listen() -> None:
                while connection.recv(100):
                    pass

            with pytest.raises(ConnectionError):
                listen()

    def test_a_machine_that_is_current_again_keeps_its_connections(self, world: EdgeWorld) -> None:
        world.edge.set_route(world.route("old"), grace_s=0)
        with socket.create_connection((PUBLIC, 7000), timeout=5) as connection:
            assert say(connection) == "old"
            world.edge.set_route(world.route("new"), grace_s=0.6)
            world.edge.set_route(world.route("old"), grace_s=0.6)
            time.sleep(1)
            assert say(connection) == "old"

    def test_a_connection_half_made_to_a_dead_machine_lands_on_the_new_one(
        self, world: EdgeWorld
    ) -> None:
        world.edge.set_route(Route(PUBLIC, "172.31.255.200"), grace_s=0)
        heard: list[str] = []
        caller = threading.Thread(target=lambda: heard.append(ask(PUBLIC)))
        caller.start()
        time.sleep(0.3)
        world.edge.set_route(world.route("new"), grace_s=60)
        caller.join()
        assert heard == ["new"]

    def test_one_datagram_socket_moves_when_the_grace_is_over(self, world: EdgeWorld) -> None:
        world.edge.set_route(world.route("old"), grace_s=0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.settimeout(5)
            datagrams.connect((PUBLIC, 7000))

            def heard() -> bytes:
                datagrams.send(b"?")
                return datagrams.recv(100)

            assert heard() == b"old"
            world.edge.set_route(world.route("new"), grace_s=0)
            assert heard() == b"new"

    def test_threads_may_all_change_routes(self, world: EdgeWorld) -> None:
        def change(octet: int) -> None:
            for machine in ("old", "new"):
                world.edge.set_route(world.route(machine, f"127.31.241.{octet}"), grace_s=0)

        threads = [threading.Thread(target=change, args=(octet,)) for octet in range(1, 13)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [route.target_ip for route in world.edge.routes()] == [world.machines["new"]] * 12


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
        assert _route_localnet(world) == 1
        assert _arrives(world, GATEWAY), "the frame itself is good"
        assert not _arrives(world, LOCALHOST)
        world.client.containers.get(world.spec.container_name).stop(timeout=1)
        world.nft("delete", "table", "ip", world.spec.table)
        assert _arrives(world, LOCALHOST), "it is the edge's guard that kept it out"
        world.edge.ensure(world.spec)
        assert not _arrives(world, LOCALHOST)


def _route_localnet(world: EdgeWorld) -> int:
    return int(Path(f"/proc/sys/net/ipv4/conf/{world.spec.bridge}/route_localnet").read_text())


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
        world.edge.ensure(spec_of(host_ports=(29000,)))
        assert containers.get(world.spec.container_name).id != made
        assert ask(PUBLIC) == "old"


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
        spec = spec_of(container_name=f"{PREFIX}-old", labels={"minicloud.test": "someone"})
        edge = DockerEdge(world.client, spec.container_name)
        for act in (edge.ensure, edge.remove):
            with pytest.raises(Conflict) as refused:
                act(spec)
            assert refused.value.code == "NameTaken"
        assert ask(world.machines["old"]) == "old"


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
        assert _route_localnet(world) == 0
        for collection in (world.client.containers, world.client.volumes):
            names = [found.name for found in collection.list()]
            assert not [name for name in names if name.startswith(world.spec.container_name)]


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
            assert ask(LOCALHOST, 29000) == "new"
            assert list(world.edge.routes()) == [world.route("new", p29000=7000)]
            world.edge.remove_route(PUBLIC)
            with pytest.raises(OSError, match=r"closed|reset"):
                ask(LOCALHOST, 29000)
