"""A server that is not there: canned answers by method and path, and a record of what was asked."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from minicloud.client import Client
from minicloud.client.transport import Transport
from minicloud.domain.errors import MiniCloudError, NotFound

Answer = Any


class CannedTransport(Transport):
    """Answers from a table; an exception in it is raised, a function is called with the body."""

    def __init__(self, answers: Mapping[tuple[str, str], Answer]) -> None:
        super().__init__(Path("/nowhere"))
        self.answers = dict(answers)
        self.asked: list[tuple[str, str, Any]] = []

    def without_starting(self) -> Transport:
        return self

    def get(self, path: str, **query: int | bool | str) -> Any:
        return self._answer("GET", path, dict(query))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._answer("POST", path, body)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._answer("PATCH", path, body)

    def delete(self, path: str) -> Any:
        return self._answer("DELETE", path, None)

    def stream(self, path: str, **query: int | bool) -> Iterator[bytes]:
        yield from self._answer("GET", path, dict(query))

    def json_lines(self, path: str, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        yield from self._answer("POST", path, body)

    def _answer(self, method: str, path: str, body: Any) -> Any:
        self.asked.append((method, path, copy.deepcopy(body)))
        if (method, path) not in self.answers:
            raise NotFound("InvalidID.NotFound", f"there is no {path}", "look at the list")
        answer = self.answers[method, path]
        if isinstance(answer, MiniCloudError):
            raise answer
        return answer(body) if callable(answer) else copy.deepcopy(answer)


def client_of(transport: Transport) -> Callable[..., Client]:
    """What stands in for ``Client.connect``."""
    return lambda _home, *, start=True, engine=None: Client(transport)


def instance(number: int = 1, **changes: Any) -> dict[str, Any]:
    """An instance as the server tells it."""
    instance_id = f"i-{number:017x}"
    return {
        "id": instance_id,
        "name": f"web-{number}",
        "image_id": "ami-00000000000000001",
        "image_name": "web",
        "type": "t3.micro",
        "vcpus": 2,
        "memory_mib": 1024,
        "state": "running",
        "state_code": 16,
        "state_reason": None,
        "state_changed_at": "2026-11-23T20:00:00.5+00:00",
        "private_ip": "172.31.0.10",
        "public_ip": "127.31.0.10",
        "endpoints": endpoints("127.31.0.10"),
        "elastic": False,
        "hostname": "ip-172-31-0-10",
        "zone": "us-east-1a",
        "launched_at": "2026-11-23T20:00:00+00:00",
        "termination_protection": False,
        "tags": {"Name": f"web-{number}"},
        "container_name": f"minicloud-default-{instance_id}",
        "simulated": False,
        "operation_id": None,
        **changes,
    }


def endpoints(public_ip: str) -> list[dict[str, Any]]:
    """Two ways to port 80 of a machine."""
    return [
        {"port": 80, "host": public_ip, "host_port": 80, "url": f"http://{public_ip}/"},
        {"port": 80, "host": "127.0.0.1", "host_port": 20001, "url": "http://127.0.0.1:20001/"},
    ]


def image(**changes: Any) -> dict[str, Any]:
    """An image as the server tells it."""
    return {
        "id": "ami-00000000000000001",
        "name": "web",
        "description": "",
        "state": "available",
        "size_bytes": 95_300_000,
        "layer_count": 3,
        "recipe": "web",
        "source_instance_id": None,
        "created_at": "2026-11-23T20:00:00+00:00",
        "without_reboot": False,
        "warnings": [],
        "tags": {},
        "reference": "minicloud/web:1",
        **changes,
    }


def address(**changes: Any) -> dict[str, Any]:
    """An Elastic IP as the server tells it."""
    return {
        "allocation_id": "eipalloc-00000000000000001",
        "name": "front",
        "public_ip": "127.31.0.11",
        "association_id": None,
        "instance_id": None,
        "instance_name": "",
        "endpoints": endpoints("127.31.0.11"),
        "allocated_at": "2026-11-23T20:00:00+00:00",
        "associated_at": None,
        "tags": {"Name": "front"},
        **changes,
    }


def operation(status: str = "succeeded", **changes: Any) -> dict[str, Any]:
    """An operation of two steps as the server tells it."""
    done = status == "succeeded"
    return {
        "id": "op-00000000000000001",
        "kind": "stop-instance",
        "status": status,
        "subject_id": "i-00000000000000001",
        "created_at": "2026-11-23T20:00:00+00:00",
        "ended_at": "2026-11-23T20:00:01.5+00:00" if status in {"succeeded", "failed"} else None,
        "steps": [step("withdraw-address", "done"), step("stop", "done" if done else "started")],
        "result": {},
        "error": error() if status == "failed" else None,
        "waiting_for": None,
        "version": 1,
        "message": "",
        "fraction": None,
        **changes,
    }


def step(name: str, phase: str) -> dict[str, Any]:
    """A step of an operation."""
    return {
        "name": name,
        "phase": phase,
        "started_at": "2026-11-23T20:00:00+00:00",
        "ended_at": "2026-11-23T20:00:01+00:00" if phase == "done" else None,
        "attempts": 1,
        "output": {},
    }


def error(code: str = "EngineDiskFull") -> dict[str, str]:
    """What an operation failed of."""
    return {"code": code, "message": "no room is left", "resolution": "make some"}


def clock(**changes: Any) -> dict[str, Any]:
    """What the real clock shows."""
    return {
        "simulated": False,
        "now": "2026-11-23T20:00:00+00:00",
        "speed": 1,
        "real_now": "2026-11-23T20:00:00+00:00",
        "ahead_s": 0.0,
        **changes,
    }


def status(**changes: Any) -> dict[str, Any]:
    """How a cloud stands."""
    return {
        "cloud": {
            "id": "cloud-1",
            "name": "default",
            "place": 0,
            "edge_mode": "loopback",
            "engine": "docker",
        },
        "server": {
            "pid": 4_000_000,
            "version": "0.1.0",
            "started_at": "2026-11-23T20:00:00+00:00",
            "home": "/home",
            "log": "/home/server.log",
        },
        "engine": {
            "reachable": True,
            "error": None,
            "version": "27.0",
            "operating_system": "Debian",
            "cpu_count": 2,
            "memory_mib": 8192,
        },
        "aws": {"url": "http://127.0.0.1:24566", "error": None},
        "settings": {
            "cpu_overcommit": 4.0,
            "memory_overcommit": 1.0,
            "address_limit": 5,
            "region": "us-east-1",
        },
        "capacity": {
            "vcpus_used": 2,
            "vcpus_limit": 8,
            "memory_mib_used": 1024,
            "memory_mib_limit": 8192,
        },
        "clock": clock(),
        "counts": {
            "instances": {"running": 2, "terminated": 3},
            "images": 2,
            "addresses": 1,
            "balancers": 1,
            "operations_running": 0,
        },
        **changes,
    }
