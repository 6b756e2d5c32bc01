"""Hostile clients and broken targets get what they deserve, and nobody else is the worse for it.

While each of these tests runs, a client without retries asks well-behaved machines through the same
balancer, and none of its requests may fail.
"""

from __future__ import annotations

import itertools
import os
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.register_assert_rewrite("tests.load.cloud", "tests.load.odd")

import requests  # noqa: E402

from minicloud.client.balancers import BalancerRequest, BalancerSettings  # noqa: E402
from minicloud.client.listeners import ListenerRequest  # noqa: E402
from minicloud.client.rules import RuleRequest  # noqa: E402
from minicloud.client.target_groups import (  # noqa: E402
    HealthCheckRequest,
    TargetGroupRequest,
    TargetGroupSettings,
    TargetRef,
)
from tests.load import odd  # noqa: E402
from tests.load.cloud import BalancedCloud, balanced_cloud  # noqa: E402
from tests.load.odd import exchange, request, status_of  # noqa: E402
from tests.load.process import LoadProcess  # noqa: E402
from tests.load.targets import run_inside  # noqa: E402

_IDLE_TIMEOUT_S = 3
_SLACK_S = 2.5
_SCAN = """
use strict; use Socket; use IO::Select; use POSIX qw(EINPROGRESS);
my ($ip, $from, $to) = @ARGV; my %open; my @ports = ($from .. $to);
while (my @batch = splice @ports, 0, 500) {
    my %pending;
    for my $port (@batch) {
        socket(my $s, AF_INET, SOCK_STREAM, 0) or die $!;
        use Fcntl; fcntl($s, F_SETFL, O_NONBLOCK);
        connect($s, pack_sockaddr_in($port, inet_aton($ip))) and $open{$port} = 1;
        $pending{fileno $s} = [$s, $port];
    }
    my $until = time + 2;
    while (%pending and time <= $until) {
        my $set = IO::Select->new(map { $_->[0] } values %pending);
        for my $s ($set->can_write(0.2)) {
            my $port = (delete $pending{fileno $s})->[1];
            my $error = unpack 'i', getsockopt($s, SOL_SOCKET, SO_ERROR);
            $open{$port} = 1 if !$error;
            print STDERR "$port: $error\\n" if $error and $error != 111;
        }
    }
    print STDERR "$_->[1]: no answer\\n" for values %pending;
}
print join(' ', sort { $a <=> $b } keys %open), "\\n";
"""


@dataclass(frozen=True)
class Scene:
    """A balancer ``web``: good machines by default, and a path for each way to be bad."""

    cloud: BalancedCloud
    address: str
    machines: list[str]

    @property
    def client(self) -> Any:
        return self.cloud.client

    def ask(self, path: str, *headers: str, method: str = "GET") -> bytes:
        return exchange(self.address, 80, request(path, *headers, method=method))

    def logged(self, path: str) -> dict[str, Any]:
        """The newest entry of the access log for a path."""
        container = self.cloud.balancer_container("web")
        entries = self.cloud.log_entries(container)
        return next(entry for entry in reversed(entries) if entry["path"] == path)


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with balanced_cloud("hostile") as cloud:
        machines = [*cloud.targets.launch("good", count=2), *cloud.targets.launch("odd")]
        odd.start(cloud.client, "odd")
        cloud.create("web", machines[:2])
        settings = BalancerSettings(idle_timeout_s=_IDLE_TIMEOUT_S)
        cloud.do(cloud.client.balancers.modify("web", settings))
        for priority, name in enumerate(odd.PORTS, 1):
            make_group(cloud, name, priority)
        cloud.client.target_groups.create(TargetGroupRequest("none"))
        make_rule(cloud, "none", 50)
        cloud.eventually(
            lambda: all(set(cloud.states(name).values()) == {"healthy"} for name in odd.PORTS),
            "all to be healthy",
        )
        yield Scene(cloud, cloud.client.balancers.show("web")["public_ip"], machines)


def make_group(cloud: BalancedCloud, name: str, priority: int) -> None:
    """A target group of the odd machine's port of this name; its checks are passed elsewhere."""
    port = odd.PORTS[name]
    health = HealthCheckRequest(path="/", port=80, interval_s=5, timeout_s=2)
    cloud.client.target_groups.create(TargetGroupRequest(name, port=port, health=health))
    cloud.do(cloud.client.target_groups.register(name, [TargetRef("odd")]))
    make_rule(cloud, name, priority)


def make_rule(cloud: BalancedCloud, name: str, priority: int, listener: str = "web:80") -> None:
    made = cloud.client.rules.create(
        RuleRequest(
            listener=listener,
            priority=priority,
            conditions=[{"field": "path", "values": [f"/{name}*"]}],
            action={"type": "forward", "groups": [{"id": name, "weight": 1}]},
        )
    )
    cloud.do(made)


_numbers = itertools.count()


@pytest.fixture(autouse=True)
def bystanders(scene: Scene) -> Iterator[None]:
    """Others who use the same balancer meanwhile: nothing of theirs fails."""
    name = f"bystander{next(_numbers)}"
    with LoadProcess(
        f"http://{scene.address}/echo", name, "--rate", "200", "--connections", "16"
    ) as load:
        yield
        # Some tests are over before the first of their requests is.
        time.sleep(0.2)
    assert load.report.failures == []
    assert sum(load.report.answered.values()) > 0


# Clients


@pytest.mark.parametrize(
    "headers",
    [("X-Big: " + "x" * 20_000,), tuple(f"X-{n}: " + "x" * 9_000 for n in range(9))],
    ids=["one", "many"],
)
def test_headers_that_are_too_large_are_bad(scene: Scene, headers: tuple[str, ...]) -> None:
    assert status_of(scene.ask("/oversized-headers", *headers)) == 400


def test_a_body_that_is_too_large_is_refused_before_it_comes(scene: Scene) -> None:
    began_s = time.monotonic()
    with odd.talking(scene.address, 80) as connection:
        connection.sendall(request("/too-much", f"Content-Length: {2 << 30}", method="POST"))
        assert status_of(connection.recv(4096)) == 413
    assert time.monotonic() - began_s < _IDLE_TIMEOUT_S
    assert scene.logged("/too-much")["status"] == 413


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /\r\n\r\n" * 2 + b"\0",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    ],
    ids=range(10),
)
def test_what_is_no_request_is_bad(scene: Scene, raw: bytes) -> None:
    answer = exchange(scene.address, 80, raw)
    assert not answer.startswith(b"HTTP/1.") or 400 <= status_of(answer) <= 505
    assert status_of(answer) not in {500, 502, 503, 504}


def test_a_client_that_dawdles_over_its_head_is_shown_the_door(scene: Scene) -> None:
    began_s = time.monotonic()
    with odd.talking(scene.address, 80) as connection:
        with pytest.raises((ConnectionResetError, BrokenPipeError)):  # noqa: PT012
            for byte in request("/slow", "X-Never: ends") * 5:
                connection.sendall(bytes([byte]))
                time.sleep(0.5)
        took_s = time.monotonic() - began_s
    assert _IDLE_TIMEOUT_S - 0.5 < took_s < _IDLE_TIMEOUT_S + _SLACK_S


def test_a_thousand_idle_connections_harm_nobody(scene: Scene) -> None:
    with ExitStack() as stack:
        for _ in range(1000):
            stack.enter_context(odd.talking(scene.address, 80))
        assert status_of(scene.ask("/echo", "X-Request-Id: among-idlers")) == 200


def test_a_client_that_goes_before_its_answer_is_logged_as_460(scene: Scene) -> None:
    with odd.talking(scene.address, 80) as connection:
        connection.sendall(request("/sleep?sleep=2&gone"))
        time.sleep(0.5)
    scene.cloud.eventually(
        lambda: scene.logged("/sleep?sleep=2&gone")["status"] == 460, "the entry of who has gone"
    )


# Targets


@pytest.mark.parametrize("name", ["close", "garbage"])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_a_target_that_does_not_answer_as_it_should_is_a_bad_gateway(
    scene: Scene, name: str, method: str
) -> None:
    path = f"/{name}?{method}"
    assert status_of(scene.ask(path, "Content-Length: 0", method=method)) == 502
    assert scene.logged(path)["status"] == 502


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_target_that_never_answers_is_a_gateway_timeout(scene: Scene, method: str) -> None:
    began_s = time.monotonic()
    path = f"/never?{method}"
    assert status_of(scene.ask(path, "Content-Length: 0", method=method)) == 504
    took_s = time.monotonic() - began_s
    assert _IDLE_TIMEOUT_S - 0.5 < took_s < _IDLE_TIMEOUT_S + _SLACK_S
    assert scene.logged(path)["status"] == 504


def test_an_error_is_counted_as_the_one_s_who_made_it(scene: Scene) -> None:
    def counts() -> dict[str, int]:
        found = scene.client.balancers.metrics("web")
        groups = {group["name"]: group["5xx"] for group in found["groups"].values()}
        return {"balancer": found["counters"]["balancer_5xx"], **groups}

    before = counts()
    for path in ("/close", "/garbage", "/never", "/busy"):
        scene.ask(path)
    gained = {name: count - before[name] for name, count in counts().items()}
    assert {name: gain for name, gain in gained.items() if gain} == {"balancer": 3, "busy": 1}


def test_an_answer_that_breaks_off_is_seen_to_be_broken_off(scene: Scene) -> None:
    answer = scene.ask("/partial")
    assert status_of(answer) == 200
    assert b"Content-Length: 1000" in answer
    assert answer.endswith(b"only this")


def test_a_target_that_answers_for_ever_is_streamed_until_the_client_goes(scene: Scene) -> None:
    began_s = time.monotonic()
    with odd.talking(scene.address, 80) as connection:
        connection.sendall(request("/endless", "Accept: text/event-stream"))
        answer = b""
        while answer.count(b"more") < 15 * (_IDLE_TIMEOUT_S - 1):
            answer += connection.recv(4096)
    assert time.monotonic() - began_s > _IDLE_TIMEOUT_S - 1
    scene.cloud.eventually(
        lambda: scene.cloud.health("endless")["odd"]["in_flight"] == 0, "nothing to be in flight"
    )
    entry = scene.logged("/endless")
    assert entry["target_status"] == "200"
    assert entry["status"] in {200, 460}


def test_a_group_without_targets_is_unavailable(scene: Scene) -> None:
    assert status_of(scene.ask("/none")) == 503
    assert scene.logged("/none")["target_address"] == ""


# What goes through


def test_a_target_sees_who_asks_whatever_the_client_says(scene: Scene) -> None:
    spoofed = (
        "X-Forwarded-For: 1.2.3.4",
        "X-Forwarded-For: 5.6.7.8",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Port: 443",
        "X_Forwarded_For: 6.6.6.6",
    )
    plain = forwarded(scene.ask("/head"))
    (peer,) = plain["x-forwarded-for"]
    assert re.fullmatch(r"[0-9.]+", peer)
    seen = forwarded(scene.ask("/head", *spoofed))
    assert seen["x-forwarded-for"] == [f"1.2.3.4, 5.6.7.8, {peer}"]
    for mode, wanted in (("preserve", ["1.2.3.4, 5.6.7.8"]), ("remove", []), ("append", None)):
        settings = BalancerSettings(forwarded_for=mode)
        scene.cloud.do(scene.client.balancers.modify("web", settings))
        seen = forwarded(scene.ask("/head", *spoofed))
        found = seen.get("x-forwarded-for", [])
        joined = [", ".join(found)] if found else []
        assert joined == (wanted if wanted is not None else [f"1.2.3.4, 5.6.7.8, {peer}"]), mode
        assert seen["x-forwarded-proto"] == ["http"]
        assert seen["x-forwarded-port"] == ["80"]


def forwarded(answer: bytes) -> dict[str, list[str]]:
    """The headers that the target had, in what it says of them."""
    assert status_of(answer) == 200, answer
    _, _, said = answer.decode("latin-1").partition("\r\n\r\n")
    found: dict[str, list[str]] = {}
    for line in said.splitlines()[1:]:
        name, colon, value = line.partition(": ")
        if colon:
            found.setdefault(name.lower(), []).append(value)
    assert not any("_" in name for name in found)
    return found


def test_a_web_socket_lives_for_as_long_as_it_talks(scene: Scene) -> None:
    upgrade = (
        b"GET /websocket HTTP/1.1\r\nHost: odd.test\r\nConnection: Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with odd.talking(scene.address, 80) as connection:
        connection.sendall(upgrade)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connection.recv(1)
        assert status_of(head) == 101
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
        for number in range(_IDLE_TIMEOUT_S + 2):
            assert say_in_frame(connection, f"frame {number}") == f"frame {number}"
            time.sleep(1)


def say_in_frame(connection: socket.socket, text: str) -> str:
    """What comes back for a text frame."""
    mask, data = os.urandom(4), text.encode()
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
    connection.sendall(bytes([0x81, 0x80 | len(data)]) + mask + masked)
    back = b""
    while len(back) < 2 + len(data):
        back += connection.recv(100)
    assert back[:2] == bytes([0x81, len(data)])
    return back[2:].decode()


def test_events_arrive_one_by_one(scene: Scene) -> None:
    arrived_s: list[float] = []
    with odd.talking(scene.address, 80) as connection:
        connection.sendall(request("/events", "Accept: text/event-stream"))
        answer = b""
        while piece := connection.recv(4096):
            answer += piece
            arrived_s += [time.monotonic()] * piece.count(b"data:")
    assert answer.count(b"data:") == len(arrived_s) == 5
    gaps_s = [later - earlier for earlier, later in itertools.pairwise(arrived_s)]
    assert min(gaps_s) > 0.1, gaps_s


# What must not be reached


def test_only_the_listeners_can_be_reached_from_a_machine(scene: Scene) -> None:
    container = scene.cloud.balancer_container("web")
    ip = scene.client.balancers.show("web")["private_ip"]
    assert ip in {n["IPAddress"] for n in container.attrs["NetworkSettings"]["Networks"].values()}
    run_inside(scene.client, "good-1", "cat >/root/scan.pl", _SCAN)
    found = run_inside(scene.client, "good-1", f"perl /root/scan.pl {ip} 1 65535")
    assert found.splitlines()[-1].split() == ["80"], found[-500:]
    assert container.attrs["NetworkSettings"]["Ports"] in ({}, None)


# Other protocols


@pytest.fixture
def authority(scene: Scene, tmp_path: Path) -> Iterator[Path]:
    """An HTTPS listener of the balancer; the file that clients trust."""
    scene.client.certificates.create("site", ["web.test", "*.web.test"])
    action = {"type": "forward", "groups": [{"id": "head", "weight": 1}]}
    made = scene.client.listeners.create(
        ListenerRequest("web", port=443, protocol="HTTPS", certificate="site", action=action)  # type: ignore[arg-type]
    )
    scene.cloud.do(made)
    path = tmp_path / "authority.pem"
    path.write_text(scene.cloud.cli("certificate", "authority"))
    yield path
    scene.cloud.do(scene.client.listeners.delete("web:443"))
    scene.client.certificates.delete("site")


def over_tls(scene: Scene, context: ssl.SSLContext, name: str) -> tuple[bytes, str | None]:
    with (
        odd.talking(scene.address, 443) as plain,
        context.wrap_socket(plain, server_hostname=name) as connection,
    ):
        connection.sendall(request("/head"))
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer, connection.version()


def test_https_is_verified_by_the_clouds_own_authority(scene: Scene, authority: Path) -> None:
    context = ssl.create_default_context(cafile=str(authority))
    for name in ("web.test", "api.web.test"):
        answer, version = over_tls(scene, context, name)
        seen = forwarded(answer)
        assert (seen["x-forwarded-proto"], seen["x-forwarded-port"]) == (["https"], ["443"])
        assert version in {"TLSv1.2", "TLSv1.3"}
    with pytest.raises(ssl.SSLCertVerificationError):
        over_tls(scene, context, "other.test")
    with pytest.raises(ssl.SSLCertVerificationError):
        over_tls(scene, ssl.create_default_context(), "web.test")


def test_http2_is_spoken_and_can_be_turned_off(scene: Scene, authority: Path) -> None:
    def version(path: str = "/head") -> str:
        argv = ["curl", "--http2", "--silent", "--show-error", "--cacert", str(authority)]
        where = ["--resolve", f"web.test:443:{scene.address}", f"https://web.test{path}"]
        form = ["--output", "/dev/null", "--write-out", "%{http_version} %{http_code}"]
        done = subprocess.run([*argv, *where, *form], capture_output=True, text=True, check=True)
        return done.stdout

    assert version() == "2 200"
    make_rule(scene.cloud, "garbage", 1, "web:443")
    assert version("/garbage") == "2 502"
    for http2, wanted in ((False, "1.1 200"), (True, "2 200")):
        scene.cloud.do(scene.client.balancers.modify("web", BalancerSettings(http2=http2)))
        assert version() == wanted


def test_a_network_balancer_carries_whatever_is_said(scene: Scene) -> None:
    cloud = scene.cloud
    cloud.do(cloud.client.balancers.create(BalancerRequest("wires", type="network")))
    cloud.client.target_groups.create(
        TargetGroupRequest("wire", protocol="TCP", port=odd.PORTS["lines"])
    )
    cloud.do(cloud.client.target_groups.register("wire", [TargetRef("odd")]))
    action = {"type": "forward", "groups": [{"id": "wire", "weight": 1}]}
    made = cloud.client.listeners.create(
        ListenerRequest("wires", port=8080, protocol="TCP", action=action)  # type: ignore[arg-type]
    )
    cloud.do(made)
    cloud.eventually(lambda: cloud.states("wire") == {"odd": "healthy"}, "the target")
    address = cloud.client.balancers.show("wires")["public_ip"]
    with odd.talking(address, 8080) as connection:
        reader = connection.makefile("rb")
        for number in range(3):
            connection.sendall(b"word %d\n" % number)
            assert reader.readline() == b"line: word %d\n" % number
        assert cloud.health("wire")["odd"]["in_flight"] == 1
        # What it has begun it finishes, also where a structural change and a drain come between.
        settings = BalancerSettings(idle_timeout_s=61)
        cloud.do(cloud.client.balancers.modify("wires", settings))
        begun = cloud.client.target_groups.deregister("wire", [TargetRef("odd")])
        cloud.eventually(lambda: cloud.states("wire") == {"odd": "draining"}, "the drain")
        connection.sendall(b"still\n")
        assert reader.readline() == b"line: still\n"
        reader.close()
    cloud.do(begun)
    cloud.do(cloud.client.balancers.delete("wires"))


# Cookies


def test_a_cookie_leads_back_and_a_forged_one_nowhere(scene: Scene) -> None:
    groups = scene.client.target_groups
    scene.cloud.do(groups.modify("web", TargetGroupSettings(stickiness_s=60)))
    url = f"http://{scene.address}/"
    session = requests.Session()
    pages = {session.get(url, timeout=5).text for _ in range(20)}
    assert len(pages) == 1
    cookie = session.cookies["AWSALB"]
    payload, _, signature = cookie.partition(".")
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    for forged in (f"{payload}.{flipped}", f"{payload}.", payload, f".{signature}", "x" * 4000):
        seen = {requests.get(url, cookies={"AWSALB": forged}, timeout=5).text for _ in range(20)}
        assert len(seen) == 2, forged[:60]
    scene.cloud.do(groups.modify("web", TargetGroupSettings(stickiness_s=0)))
