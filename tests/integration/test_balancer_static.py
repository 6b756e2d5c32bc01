"""A balancer needs no server: it checks, balances, fails over and comes back by itself.

And a server that is back touches nothing that is right.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from docker.errors import NotFound

pytest.register_assert_rewrite("tests.load.cloud", "tests.load.kills")

from tests.load import kills  # noqa: E402
from tests.load.cloud import BalancedCloud, balanced_cloud  # noqa: E402
from tests.load.process import LoadProcess  # noqa: E402

_KEEPER_PERIOD_S = 10


@pytest.fixture(scope="module")
def balanced() -> Iterator[BalancedCloud]:
    with balanced_cloud("static") as made:
        yield made


def test_a_balancer_fails_over_without_a_server(balanced: BalancedCloud) -> None:
    machines = balanced.targets.launch("alone", count=3)
    url = balanced.create("alone", machines)
    container = balanced.balancer_container("alone")
    ids = {m: balanced.client.instances.show(m)["id"] for m in machines}
    victim = balanced.targets.container(machines[0])

    def state(machine: str) -> str:
        found = balanced.status(container).targets
        return next(t.state for t in found if f"/{ids[machine]}:" in t.target_id)

    options = ("--connections", "128", "--rate", "500")
    with LoadProcess(f"{url}/slow-echo", "alone", *options) as load:
        balanced.kill_server()
        assert not balanced.server_answers()
        time.sleep(1)
        death = kills.kill_container(victim, machines[0])
        balanced.eventually(lambda: state(machines[0]) == "unhealthy", "the death to be found")
        victim.start()
        balanced.eventually(lambda: state(machines[0]) == "healthy", "the return to be found")
        assert not balanced.server_answers()
    report = load.report
    counts = kills.judge(report, [death], balanced.log_entries(container))
    print(report.summary(), counts)
    for machine in machines:
        balanced.targets.collect(machine)
    executed = balanced.targets.executed_of("alone")
    assert set(executed.values()) == {1}
    assert report.answered["POST"] <= len(executed) <= report.sent["POST"]
    balanced.delete("alone")


def test_a_new_server_touches_nothing_that_is_right(balanced: BalancedCloud) -> None:
    machines = balanced.targets.launch("calm", count=2)
    url = balanced.create("calm", machines)
    container = balanced.balancer_container("calm")
    before = balanced.status(container)
    with LoadProcess(f"{url}/echo", "calm", "--rate", "200") as load:
        balanced.kill_server()
        assert balanced.states("calm") == dict.fromkeys(machines, "healthy")
        time.sleep(_KEEPER_PERIOD_S + 2)
    assert load.report.failures == []
    after = balanced.status(container)
    assert (after.fingerprint, after.generation) == (before.fingerprint, before.generation)
    assert [t.since_s for t in after.targets] == [t.since_s for t in before.targets]
    now = balanced.balancer_container("calm")
    assert now.id == container.id
    assert now.attrs["State"]["StartedAt"] == container.attrs["State"]["StartedAt"]
    balanced.delete("calm")


def test_what_happened_without_a_server_is_found_by_the_next(balanced: BalancedCloud) -> None:
    machines = balanced.targets.launch("unseen", count=2)
    balanced.create("unseen", machines)
    victim = balanced.targets.container(machines[0])
    balanced.kill_server()
    kills.kill_container(victim, machines[0])
    balanced.eventually(
        lambda: balanced.health("unseen")[machines[0]]["reason"] == "Target.InvalidState",
        "the stopped machine to be unused",
    )
    assert balanced.states("unseen")[machines[1]] == "healthy"
    balanced.delete("unseen")


@pytest.mark.parametrize("how", ["killed", "removed"])
def test_a_balancer_that_is_gone_comes_back_and_remembers(
    balanced: BalancedCloud, how: str
) -> None:
    machines = balanced.targets.launch(how, count=2)
    url = balanced.create(how, machines)
    container = balanced.balancer_container(how)
    before = {t.target_id: t.since_s for t in balanced.status(container).targets}
    # What it has learnt in the last fifth of a second is not on its disk yet.
    time.sleep(0.5)
    if how == "killed":
        container.kill("SIGKILL")
    else:
        container.remove(force=True)

    def is_back() -> bool:
        with suppress(NotFound):
            return bool(balanced.balancer_container(how).attrs["State"]["Running"])
        return False

    balanced.eventually(is_back, "the balancer to be back")
    # Healthy at once, and since then: nobody was asked again before the first request.
    after = balanced.status(balanced.balancer_container(how))
    assert {t.target_id: t.since_s for t in after.targets} == before
    with LoadProcess(f"{url}/echo", how, "--rate", "200", "--requests", "200") as load:
        assert load.wait().failures == []
    balanced.delete(how)
