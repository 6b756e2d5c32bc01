"""A request of twenty seconds is let finish, in a hundred deregistrations of a hundred.

Each target is a port of its own of a machine; a batch of them is deregistered side by side while
each has such a request under way.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import requests

from minicloud.client.target_groups import TargetRef
from tests.load import odd
from tests.load.cloud import BalancedCloud
from tests.soak.rows import Finding, figures

_COUNT = 100
_BATCH = 25
_REQUEST_S = 20
_FIRST_PORT = 10000
_GROUP = "drains"


def findings(cloud: BalancedCloud, share: float) -> list[Finding]:
    """Batch after batch."""
    (machine,) = cloud.targets.launch("sleeper")
    count = max(_BATCH, int(_COUNT * share) // _BATCH * _BATCH)
    ports = range(_FIRST_PORT, _FIRST_PORT + count)
    odd.start(cloud.client, machine, dict.fromkeys(ports, "sleep"))
    url = cloud.create(_GROUP, [machine], algorithm="least_outstanding_requests")
    cloud.deregister(_GROUP, machine)
    waits_s = []
    with ThreadPoolExecutor(2 * _BATCH) as threads:
        for first in range(0, count, _BATCH):
            batch = [TargetRef(machine, port) for port in ports[first : first + _BATCH]]
            waits_s += _drain(cloud, url, batch, threads)
    cloud.delete(_GROUP)
    return [
        Finding(
            f"deregistrations in which a request of {_REQUEST_S} s completes",
            f"{len(waits_s)} of {count}",
            f"{_COUNT} of {_COUNT}",
        ),
        Finding("… a deregistration took: least, median, most", figures(waits_s, "s")),
    ]


def _drain(
    cloud: BalancedCloud, url: str, batch: list[TargetRef], threads: ThreadPoolExecutor
) -> list[float]:
    """How long the deregistration of each took."""
    groups = cloud.client.target_groups
    cloud.do(groups.register(_GROUP, batch))
    cloud.eventually(lambda: _states(cloud) == {"healthy"}, "the targets to be healthy")
    asked = [threads.submit(_ask, url) for _ in batch]
    cloud.eventually(lambda: _all_busy(cloud, asked), "every target to be busy")
    waits = [threads.submit(_deregister, cloud, target) for target in batch]
    cloud.eventually(lambda: _states(cloud) == {"draining"}, "all to be draining")
    answers = [future.result() for future in asked]
    assert answers == [(200, "slept")] * len(batch), answers
    found = [future.result() for future in waits]
    assert groups.health(_GROUP) == []
    return found


def _ask(url: str) -> tuple[int, str]:
    answer = requests.get(f"{url}/?sleep={_REQUEST_S}", timeout=3 * _REQUEST_S)
    return answer.status_code, answer.text


def _states(cloud: BalancedCloud) -> set[str]:
    return {target["state"] for target in cloud.client.target_groups.health(_GROUP)}


def _all_busy(cloud: BalancedCloud, asked: list[Future[Any]]) -> bool:
    assert not any(future.done() for future in asked), "some requests are over already"
    found = cloud.client.target_groups.health(_GROUP)
    return all(target["in_flight"] == 1 for target in found)


def _deregister(cloud: BalancedCloud, target: TargetRef) -> float:
    began_s = time.monotonic()
    (ended,) = cloud.do(cloud.client.target_groups.deregister(_GROUP, [target]))
    assert ended["result"]["left"] == {}, ended["result"]
    return time.monotonic() - began_s
