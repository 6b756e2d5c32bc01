"""What only nginx in a container has: it listens, it is confined, its engine may refuse things."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from minicloud.adapters.certificates import LocalAuthority
from minicloud.adapters.host.clock import SystemClock
from minicloud.adapters.nginx import DockerBalancerPlane, container
from minicloud.domain.action import FixedResponseAction
from minicloud.domain.certificate import Certificate
from minicloud.domain.errors import Conflict, Unavailable
from minicloud.domain.listener import ListenerProtocol, TlsPolicy
from minicloud.domain.rule import PathCondition, Rule
from minicloud.ports.balancer_plane import BalancerDocument
from tests.contract.balancers import AT, BalancerWorld, listener
from tests.contract.world import wait_for

if TYPE_CHECKING:
    import docker

    from minicloud.domain.certificate import KeyPair

CERTIFICATE_ID = f"cert-{1:017x}"
ANSWER = FixedResponseAction(200, "text/plain", "by rule")


@pytest.fixture
def real(real_balancers: BalancerWorld) -> BalancerWorld:
    real_balancers.plane.ensure(real_balancers.spec)
    return real_balancers


def ask(world: BalancerWorld, port: int = 80, path: str = "/", body: bytes | None = None) -> str:
    connection = http.client.HTTPConnection(world.address, port, timeout=5)
    connection.request("GET" if body is None else "POST", path, body)
    return connection.getresponse().read().decode()


def listens(world: BalancerWorld) -> bool:
    try:
        return ask(world) == "port 80"
    except ConnectionRefusedError:
        return False


def made_certificate() -> tuple[KeyPair, Certificate]:
    local, now = LocalAuthority(SystemClock()), datetime.now(UTC)
    authority = local.create("contract", now)
    pair = local.issue(authority, ("shop.example",), now, 30)
    facts = local.read(pair)
    return authority, Certificate(
        id=CERTIFICATE_ID,
        name="shop",
        domains=facts.domains,
        chain_pem=f"whatever = openssl writes here\n{pair.chain_pem}",
        key_pem=pair.key_pem,
        not_before=facts.not_before,
        not_after=facts.not_after,
        issued_here=True,
        created_at=now,
    )


class TestListening:
    def test_ports_open_and_close_as_told(self, real: BalancerWorld) -> None:
        ports = (80, 8080, 65535)
        real.plane.apply(real.name, real.answering(*map(listener, ports)))
        assert [ask(real, port) for port in ports] == [f"port {port}" for port in ports]
        real.plane.apply(real.name, real.answering(listener(8080)))
        assert ask(real, 8080) == "port 8080"
        with pytest.raises(ConnectionRefusedError):
            ask(real, 80)

    @pytest.mark.parametrize(
        ("policy", "version"),
        [
            (TlsPolicy.TLS12_13, "TLSv1.2"),
            (TlsPolicy.TLS12_13, "TLSv1.3"),
            (TlsPolicy.TLS13, "TLSv1.3"),
        ],
    )
    def test_tls(self, real: BalancerWorld, policy: TlsPolicy, version: str) -> None:
        authority, certificate = made_certificate()
        secure = listener(
            443,
            protocol=ListenerProtocol.HTTPS,
            certificate_id=CERTIFICATE_ID,
            tls_policy=policy,
        )
        real.plane.apply(real.name, real.answering(secure, certificate=certificate))
        assert self._version(real, authority, version) == version
        if policy is TlsPolicy.TLS13:
            with pytest.raises(ssl.SSLError):
                self._version(real, authority, "TLSv1.2")

    def _version(self, real: BalancerWorld, authority: KeyPair, version: str) -> str | None:
        context = ssl.create_default_context(cadata=authority.chain_pem)
        context.maximum_version = ssl.TLSVersion[version.replace(".", "_")]
        with (
            socket.create_connection((real.address, 443), timeout=5) as line,
            context.wrap_socket(line, server_hostname="shop.example") as secure,
        ):
            return secure.version()

    def test_hundreds_of_targets_in_one_document(self, real: BalancerWorld) -> None:
        targets = tuple(map(real.target, range(10_000, 11_000)))
        real.plane.apply(real.name, real.document(*targets))
        assert len(real.plane.status(real.name).targets) == 1000

    def test_the_log_has_a_line_for_each_request(self, real: BalancerWorld) -> None:
        real.plane.apply(real.name, real.answering(listener(80)))
        assert list(real.plane.logs(real.name, 10, follow=False)) == []
        for number in range(5):
            ask(real, path=f'/{number}?"\\')
        wait_for(lambda: len(list(real.plane.logs(real.name, 10, follow=False))) == 5, "five lines")
        # Each of nginx's workers writes its own, so that neighbours may change places.
        lines = list(real.plane.logs(real.name, 10, follow=False))
        paths = [json.loads(line)["path"] for line in lines]
        assert sorted(paths) == [f'/{number}?"\\' for number in range(5)]
        assert list(real.plane.logs(real.name, 2, follow=False)) == lines[-2:]
        followed = real.plane.logs(real.name, 1, follow=True)
        assert next(followed) == lines[-1]
        threading.Timer(0.3, ask, (real, 80, "/late")).start()
        assert json.loads(next(followed))["path"] == "/late"
        followed.close()

    def test_connections_are_counted_once_whatever_is_asked_on_them(
        self, real: BalancerWorld
    ) -> None:
        real.plane.apply(real.name, real.answering(listener(80)))
        held = [http.client.HTTPConnection(real.address, 80, timeout=5) for _ in range(3)]
        for connection in held:
            for _ in range(2):
                connection.request("GET", "/")
                connection.getresponse().read()
        figures = real.plane.metrics(real.name)
        assert figures["counters"]["new_connections"] == 3
        assert figures["counters"]["requests"] == 6
        assert figures["balancer"]["active_connections"] == 3
        # What it is asked and told meanwhile is no client's, nor is the nginx that follows.
        real.plane.apply(real.name, real.answering(listener(80), listener(81)))
        for _ in range(3):
            real.plane.status(real.name)
        ask(real, 81)
        figures = real.plane.metrics(real.name)
        assert figures["counters"]["new_connections"] == 4
        for connection in held:
            connection.close()
        wait_for(
            lambda: real.plane.metrics(real.name)["balancer"]["active_connections"] == 0,
            "the end of its connections",
        )

    def test_rules_that_a_request_meets_beyond_its_first_ten_are_counted(
        self, real: BalancerWorld
    ) -> None:
        document = real.answering(listener(80))
        [front] = document.listeners
        rules = tuple(
            Rule(f"rule-{n:017x}", front.listener.id, n, (PathCondition((f"/{n}",)),), ANSWER, AT)
            for n in range(1, 13)
        )
        real.plane.apply(real.name, replace(document, listeners=(replace(front, rules=rules),)))
        for path in ("/1", "/10", "/11", "/12", "/none"):
            ask(real, 80, path)
        assert real.plane.metrics(real.name)["counters"]["rule_evaluations"] == 1 + 2 + 2

    def test_a_closed_log_leaves_no_command_behind(
        self, real: BalancerWorld, client: docker.DockerClient
    ) -> None:
        real.plane.apply(real.name, real.answering(listener(80)))
        followed = [real.plane.logs(real.name, 1, follow=True) for _ in range(3)]
        wait_for(lambda: processes(client, real).count("logs") == 3, "three readers")
        for each in followed:
            each.close()
        wait_for(lambda: "logs" not in processes(client, real), "their end")


class TestRefusals:
    def test_a_port_that_something_else_has(
        self, real: BalancerWorld, client: docker.DockerClient
    ) -> None:
        taken = "import socket,time; line = socket.create_server(('', 81)); time.sleep(60)"
        found: Any = client.containers.get(real.name)
        found.exec_run(["python3", "-c", taken], detach=True)
        wait_for(lambda: "socket,time" in processes(client, real), "the squatter")
        time.sleep(0.3)
        good = real.answering(listener(80))
        real.plane.apply(real.name, good)
        with pytest.raises(Conflict) as refused:
            real.plane.apply(real.name, real.answering(listener(80), listener(81)))
        assert refused.value.code == "ListenerPortTaken"
        assert real.plane.status(real.name).fingerprint == real.plane.fingerprint(good)

    def test_what_nginx_refuses(self, real: BalancerWorld) -> None:
        _, certificate = made_certificate()
        secure = listener(443, protocol=ListenerProtocol.HTTPS, certificate_id=CERTIFICATE_ID)
        spoilt = replace(certificate, key_pem=made_certificate()[1].key_pem)
        self._refused(real, real.answering(secure, certificate=spoilt), "key values mismatch")

    def test_what_the_agent_refuses(self, real: BalancerWorld) -> None:
        secure = listener(443, protocol=ListenerProtocol.HTTPS, certificate_id=CERTIFICATE_ID)
        self._refused(real, real.answering(secure), "lacks the certificate")

    def _refused(self, real: BalancerWorld, document: BalancerDocument, reason: str) -> None:
        with pytest.raises(Unavailable) as refused:
            real.plane.apply(real.name, document)
        assert refused.value.code == "BalancerFailed"
        assert reason in refused.value.message
        assert real.plane.status(real.name).fingerprint is None


class TestConfinement:
    def test_what_it_may_do(self, real: BalancerWorld, client: docker.DockerClient) -> None:
        found = client.api.inspect_container(real.name)
        host = found["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert not host["Privileged"]
        assert host["CapDrop"] == ["ALL"]
        assert set(host["CapAdd"]) == {"NET_BIND_SERVICE", "SETUID", "SETGID", "CHOWN", "KILL"}
        assert host["SecurityOpt"] == ["no-new-privileges"]
        assert [mount["Type"] for mount in found["Mounts"]] == ["volume"]
        assert host["PidsLimit"]
        assert host["Memory"]
        assert not host["PortBindings"]
        assert host["RestartPolicy"]["Name"] == "unless-stopped"

    def test_a_large_body_is_taken_though_the_disk_is_read_only(self, real: BalancerWorld) -> None:
        real.plane.apply(real.name, real.answering(listener(80)))
        assert ask(real, body=b"x" * 5_000_000) == "port 80"

    def test_a_setting_that_the_engine_refuses_is_left_out(
        self,
        real_balancers: BalancerWorld,
        client: docker.DockerClient,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        unknown = {"net.ipv4.mctest_unknown": "1", "net.core.rmem_max": "4096"}
        monkeypatch.setattr(container, "_SYSCTLS", {**container._SYSCTLS, **unknown})
        real_balancers.plane.ensure(real_balancers.spec)
        found = client.api.inspect_container(real_balancers.name)
        assert found["HostConfig"]["Sysctls"].keys() == container._SYSCTLS.keys() - unknown.keys()

    def test_another_image_replaces_it_and_its_memory_stays(
        self, real: BalancerWorld, client: docker.DockerClient
    ) -> None:
        document = real.answering(listener(80))
        real.plane.apply(real.name, document)
        api: Any = client.api
        other = f"{real.name}:other"
        changed = api.create_container_from_config({"Image": real.image})
        api.commit(changed["Id"], real.name, "other", changes=["LABEL other=1"])
        api.remove_container(changed["Id"])
        try:
            newer = replace(real.spec, image=other)
            assert not real.plane.is_there(newer)
            real.plane.ensure(newer)
            assert real.plane.is_there(newer)
            assert real.plane.status(real.name).fingerprint == real.plane.fingerprint(document)
            wait_for(lambda: listens(real), "its listener")
        finally:
            real.plane.remove(real.spec)
            api.remove_image(other)

    def test_nothing_is_left_behind(self, real: BalancerWorld, client: docker.DockerClient) -> None:
        real.plane.remove(real.spec)
        kinds: tuple[Any, ...] = (client.containers, client.volumes)
        assert not [found for kind in kinds for found in kind.list() if real.key in found.name]

    def test_another_server_finds_it(
        self, real: BalancerWorld, client: docker.DockerClient
    ) -> None:
        document = real.answering(listener(80))
        real.plane.apply(real.name, document)
        other = DockerBalancerPlane(client)
        assert other.is_there(real.spec)
        assert other.status(real.name).fingerprint == other.fingerprint(document)
        other.ensure(real.spec)
        assert ask(real) == "port 80"


def processes(client: docker.DockerClient, world: BalancerWorld) -> str:
    listed: Any = client.containers.get(world.name).top(ps_args="-eo pid,args")
    return "\n".join(" ".join(row[1:]) for row in listed["Processes"])
