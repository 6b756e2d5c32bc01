"""The machine behind an address changes: who is served by whom, and what is cut when."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from minicloud.ports.edge import Route
from tests.integration.edge.talk import HANGING_S, LOCALHOST, ask, assert_cut, say
from tests.integration.edge.world import (
    PUBLIC,
    EdgeWorld,
)


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

    @pytest.mark.parametrize("grace_s", [0, 60])
    def test_a_connection_half_made_to_a_dead_machine_lands_on_the_new_one(
        self, world: EdgeWorld, grace_s: float
    ) -> None:
        world.edge.set_route(Route(PUBLIC, "172.31.255.200"), grace_s=0)
        heard: list[str] = []
        caller = threading.Thread(target=lambda: heard.append(ask(PUBLIC)))
        caller.start()
        time.sleep(0.3)
        world.edge.set_route(world.route("new"), grace_s=grace_s)
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
