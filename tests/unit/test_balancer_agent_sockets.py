"""Listening sockets, real ones: where a new connection goes, and what closing one does."""

from __future__ import annotations

import select
import socket
import sys

import pytest
from balancer_agent.refusal import PORT_TAKEN, Refused
from balancer_agent.sockets import Ports, waiting

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the agent runs on Linux alone")
CONNECTIONS = 40


@pytest.fixture
def port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        number: int = unused.getsockname()[1]
    return number


def listening(ports: Ports, port: int) -> socket.socket:
    made = ports.bind(port)
    ports.listen(port, made)
    return made


def arrivals(port: int, *sockets: socket.socket) -> list[int]:
    """How many of some new connections arrive at each of the sockets."""
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    found = [waiting(known) for known in sockets]
    for known, count in zip(sockets, found, strict=True):
        for _ in range(count):
            known.accept()[0].close()
    for client in clients:
        client.close()
    return found


def test_connections_go_to_the_first_until_they_are_led_to_another(port: int) -> None:
    ports = Ports()
    one, two, three = (listening(ports, port) for _ in range(3))
    assert arrivals(port, one, two, three) == [CONNECTIONS, 0, 0]
    for leader, expected in ((three, [0, 0, 1]), (two, [0, 1, 0]), (one, [1, 0, 0])):
        ports.lead_to(port, leader)
        assert arrivals(port, one, two, three) == [CONNECTIONS * share for share in expected]
    for known in (one, two, three):
        ports.close(port, known)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 3, 0), (0, 3, 1), (3, 0, 2)])
def test_whoever_leads_goes_on_leading_while_others_close(
    port: int, order: tuple[int, ...]
) -> None:
    """The kernel puts the last one in the place of one that goes; so must we."""
    ports = Ports()
    sockets = [listening(ports, port) for _ in range(4)]
    (leader,) = (known for at, known in enumerate(sockets) if at not in order)
    ports.lead_to(port, leader)
    for at in order:
        ports.close(port, sockets[at])
        assert arrivals(port, leader) == [CONNECTIONS]
    newer = listening(ports, port)
    assert arrivals(port, leader, newer) == [CONNECTIONS, 0]
    ports.lead_to(port, newer)
    ports.close(port, leader)
    assert arrivals(port, newer) == [CONNECTIONS]
    ports.close(port, newer)


def test_a_closed_port_refuses_though_another_holds_its_socket_and_can_be_had_again(
    port: int,
) -> None:
    ports = Ports()
    closed = listening(ports, port)
    held_elsewhere = closed.dup()
    watch = select.epoll()
    watch.register(held_elsewhere.fileno(), select.EPOLLIN)
    ports.close(port, closed)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    assert watch.poll(0.05) == []  # whoever holds it sees nothing, and does not spin
    again = listening(ports, port)
    assert arrivals(port, again) == [CONNECTIONS]
    ports.close(port, again)
    held_elsewhere.close()
    watch.close()


def test_a_socket_that_does_not_listen_yet_takes_nothing(port: int) -> None:
    ports = Ports()
    serving = listening(ports, port)
    bound = ports.bind(port)
    assert arrivals(port, serving) == [CONNECTIONS]
    ports.close(port, bound)
    assert arrivals(port, serving) == [CONNECTIONS]
    ports.close(port, serving)


def test_anothers_port_cannot_be_had(port: int) -> None:
    with socket.socket() as another:
        another.bind(("127.0.0.1", port))
        another.listen()
        with pytest.raises(Refused, match=str(port)) as caught:
            Ports().bind(port)
    assert caught.value.code == PORT_TAKEN
