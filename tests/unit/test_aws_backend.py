"""What handlers stand on: waiting for operations, and the cloud's keys and port."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from minicloud.aws.backend import AwsBackend
from minicloud.client.client import Client
from minicloud.domain.aws_endpoint import first_port
from minicloud.domain.errors import CapacityExceeded, Conflict, Unavailable
from minicloud.services.aws_endpoint import AwsEndpointService
from tests.unit.app_transport import app_transport
from tests.unit.aws_client import backend_of
from tests.unit.cloud import HANG_S, Cloud, Moment


@pytest.fixture
def backend(cloud: Cloud) -> AwsBackend:
    return backend_of(cloud)


def test_finish_returns_when_the_operation_has_ended(cloud: Cloud, backend: AwsBackend) -> None:
    address, operation = cloud.addresses.allocate(None, {})
    backend.finish([operation])
    assert cloud.operations.show(operation.id).status.has_ended
    assert cloud.addresses.show(address.allocation_id) == address
    backend.finish([])


@pytest.mark.parametrize(
    "error",
    [
        Conflict("IncorrectInstanceState", "not so", "do this"),
        CapacityExceeded("InsufficientInstanceCapacity", "full", "stop something"),
        Unavailable("EngineError", "it broke", "try again"),
    ],
)
def test_finish_raises_the_operations_own_error(
    cloud: Cloud, backend: AwsBackend, error: Conflict | CapacityExceeded | Unavailable
) -> None:
    stopped = cloud.stop(cloud.launch("web").id)
    cloud.fail_at(Moment("start-and-publish", "started"), error)
    started = cloud.instances.start(stopped.id)
    with pytest.raises(type(error)) as raised:
        backend.finish(started)
    assert (raised.value.code, raised.value.message) == (error.code, error.message)


def _wait(event: threading.Event) -> None:
    assert event.wait(HANG_S)


def test_finish_waits_no_longer_than_the_server_lives(cloud: Cloud, backend: AwsBackend) -> None:
    may_go_on = threading.Event()
    instance = cloud.launch("web")
    cloud.on_moment([Moment("note-boot", "started")], lambda: _wait(may_go_on))
    again = cloud.instances.reboot(instance.id)
    backend.ending.set()
    with pytest.raises(Unavailable, match="still under way"):
        backend.finish(again)
    may_go_on.set()
    cloud.succeed(again)


def test_a_cloud_keeps_its_keys_and_its_port(cloud: Cloud) -> None:
    endpoint = AwsEndpointService(cloud.store)
    keys = endpoint.keys()
    assert endpoint.port() is None
    endpoint.keep_port(25000)
    again = AwsEndpointService(cloud.store)
    assert (again.keys(), again.port()) == (keys, 25000)


def test_each_cloud_has_keys_of_its_own(cloud: Cloud) -> None:
    another = Cloud()
    try:
        mine, others = (
            AwsEndpointService(cloud.store).keys(),
            AwsEndpointService(another.store).keys(),
        )
        assert mine.access_key_id != others.access_key_id
        assert mine.secret_access_key != others.secret_access_key
    finally:
        another.close()


def test_clouds_ask_for_ports_apart() -> None:
    ports = [first_port(name) for name in ("default", "a", "b", "trial", "seoul")]
    assert ports[0] == 24566
    assert len(set(ports)) == len(ports)
    assert all(24566 <= port < 32768 for port in ports)


def test_the_native_api_tells_the_endpoint_and_by_one_route_the_keys(cloud: Cloud) -> None:
    client = Client(app_transport(cloud))
    access = client.cloud.aws_access()
    keys = AwsEndpointService(cloud.store).keys()
    assert access == {
        "url": "http://127.0.0.1:24566",
        "error": None,
        "region": "us-east-1",
        "access_key_id": keys.access_key_id,
        "secret_access_key": keys.secret_access_key,
    }
    status = client.cloud.status()
    assert status["aws"] == {"url": "http://127.0.0.1:24566", "error": None}
    assert keys.secret_access_key not in str(status)


def test_tokens_are_signed_by_the_clouds_keys(backend: AwsBackend) -> None:
    other_keys = replace(backend.keys, secret_access_key="x" * 40)
    assert backend.signed("a") == backend.signed("a")
    assert backend.signed("a") != backend.signed("b")
    assert backend.signed("a") != replace(backend, keys=other_keys).signed("a")
