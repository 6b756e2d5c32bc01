"""Nothing that is done to a balancer or its machines fails a request of a client without retries.

The client keeps its connections, asks 2,000 times a second, half of it POSTs, and never asks twice;
every POST is counted where it is carried out. The full form is ``make soak``.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

pytest.register_assert_rewrite("tests.load.churn", "tests.load.cloud", "tests.load.kills")

from minicloud.client.balancers import BalancerSettings  # noqa: E402
from minicloud.client.target_groups import TargetGroupRequest  # noqa: E402
from tests.load import kills, odd  # noqa: E402
from tests.load.churn import Churn  # noqa: E402
from tests.load.cloud import BalancedCloud, balanced_cloud  # noqa: E402
from tests.load.process import LoadProcess  # noqa: E402
from tests.load.report import Report  # noqa: E402

_CHANGES_S_MAX = 60
_DEATHS = 3
_BY_LOAD = "least_outstanding_requests"


@pytest.fixture(scope="module")
def balanced() -> Iterator[BalancedCloud]:
    with balanced_cloud("churn") as made:
        yield made


def assert_each_once(cloud: BalancedCloud, load: str, report: Report, machines: list[str]) -> None:
    """Every POST that was answered was carried out, and none more than once."""
    for machine in machines:
        cloud.targets.collect(machine)
    executed = cloud.targets.executed_of(load)
    assert set(executed.values()) == {1}
    assert report.answered["POST"] <= len(executed) <= report.sent["POST"]


def test_no_request_fails_while_everything_changes(balanced: BalancedCloud) -> None:
    members = balanced.targets.launch("member", count=3)
    spare, other = balanced.targets.launch("extra", count=2)
    balanced.client.target_groups.create(TargetGroupRequest("other"))
    balanced.register("other", other)
    url = balanced.create("web", members)
    churn = Churn(balanced, "web", "other")
    with LoadProcess(f"{url}/echo", "churn") as load:
        churn.register(spare)
        churn.deregister(spare)
        churn.register(spare)
        churn.replace(members[0], "new-1")
        churn.replace_by_stopping(members[1], "new-2")
        churn.reboot(members[2])
        for _twice in range(2):
            for change in churn.settings:
                change()
    report = load.report
    print(report.summary(), dict(churn.done))
    assert report.failures == []
    assert report.failed == {"GET": 0, "POST": 0}
    assert report.sent == report.answered
    assert report.ended - report.began < _CHANGES_S_MAX
    assert min(churn.done.values()) >= 1
    assert churn.done["replaced"] == 2
    assert_each_once(balanced, "churn", report, [members[2], spare, other, "new-1", "new-2"])
    balanced.delete("web")


def test_a_killed_machine_fails_no_get_and_only_posts_that_were_under_way_there(
    balanced: BalancedCloud,
) -> None:
    machines = balanced.targets.launch("mortal", count=_DEATHS + 1)
    url = balanced.create("mortals", machines)
    deaths = []
    # Fifty milliseconds each, so that there is something under way at every machine.
    with LoadProcess(f"{url}/slow-echo", "kill", "--connections", "256", "--rate", "1000") as load:
        for machine in machines[:_DEATHS]:
            balanced.eventually(
                lambda m=machine: balanced.health("mortals")[m]["in_flight"] > 0,  # type: ignore[misc]
                "something to be under way",
            )
            death = kills.kill(balanced, machine)
            deaths.append(death)
            balanced.eventually(
                lambda m=machine: balanced.states("mortals")[m] == "unused",  # type: ignore[misc]
                "the death to be seen",
            )
    report = load.report
    entries = balanced.log_entries(balanced.balancer_container("mortals"))
    counts = kills.judge(report, deaths, entries)
    print(report.summary(), counts)
    assert report.failed["GET"] == 0
    assert_each_once(balanced, "kill", report, machines)
    assert {balanced.client.instances.show(d.machine)["state"] for d in deaths} == {"stopped"}
    balanced.delete("mortals")


def test_what_is_under_way_is_let_finish(balanced: BalancedCloud) -> None:
    machines = balanced.targets.launch("busy", count=3)
    port = odd.PORTS["sleep"]
    for machine in machines:
        odd.start(balanced.client, machine, {port: "sleep"})
    url = balanced.create("busy", machines, target_port=port, algorithm=_BY_LOAD)
    settings = BalancerSettings(idle_timeout_s=70)

    with ThreadPoolExecutor(6) as threads:
        asked = [threads.submit(requests.get, f"{url}/?sleep=4", timeout=20) for _ in range(6)]
        balanced.eventually(
            lambda: all(t["in_flight"] for t in balanced.health("busy").values()), "all to be busy"
        )
        # A new nginx, a machine that leaves, one that is stopped: each has two to let finish.
        balanced.do(balanced.client.balancers.modify("busy", settings))
        assert not any(request.done() for request in asked)
        balanced.deregister("busy", machines[0])
        balanced.do(balanced.client.instances.stop(machines[1]))
        assert [(a.result().status_code, a.result().text) for a in asked] == [(200, "slept")] * 6
    assert set(balanced.health("busy")) == set(machines[1:])
    assert balanced.client.instances.show(machines[1])["state"] == "stopped"
    balanced.delete("busy")
