"""Machines are killed behind everybody's back: what fails, and for how long it is felt."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field

from minicloud.client.target_groups import HealthCheckRequest, TargetGroupSettings
from tests.load import kills
from tests.load.cloud import BalancedCloud
from tests.load.process import LoadProcess
from tests.load.report import Report
from tests.soak.rows import Finding, figures

_MACHINES = 4
_DEATHS = 40
_ROUNDS = 3
_SETTINGS = ((5, 2, 2), (10, 5, 2), (30, 5, 2))
_DELAYED_S = 0.1
_GRACE_S = 5
_LOAD = "deaths"
_LOG_TAIL = 100_000
_numbers = itertools.count()


def findings(cloud: BalancedCloud, share: float) -> list[Finding]:
    """One after the other, each of them started again; the server is alive."""
    machines = cloud.targets.launch("mortal", count=_MACHINES)
    url = cloud.create("mortals", machines)
    deaths, entries = [], []
    container = cloud.balancer_container("mortals")
    with LoadProcess(f"{url}/slow-echo", _LOAD, "--rate", "1000", "--connections", "256") as load:
        for _, machine in zip(range(max(2, int(_DEATHS * share))), itertools.cycle(machines)):
            cloud.eventually(
                lambda m=machine: cloud.health("mortals")[m]["in_flight"] > 0,  # type: ignore[misc]
                "something to be under way",
            )
            deaths.append(kills.kill(cloud, machine))
            cloud.revive("mortals", machine)
            newest = cloud.log_entries(container, _LOG_TAIL)
            entries += [entry for entry in newest if entry["status"] >= 500]
    report = load.report
    counts = kills.judge(report, deaths, entries)
    for machine in machines:
        cloud.targets.collect(machine)
    executed = cloud.targets.executed_of(_LOAD)
    assert set(executed.values()) == {1}
    assert report.answered["POST"] <= len(executed) <= report.sent["POST"]
    cloud.delete("mortals")
    print(report.summary(), counts)
    return [
        Finding(f"GETs failed by {len(deaths)} deaths of machines", f"{report.failed['GET']}", "0"),
        Finding("… POSTs failed, all under way there", f"{report.failed['POST']}"),
        Finding("… POSTs carried out twice", f"0 of {len(executed):,}", "0"),
    ]


@dataclass
class Felt:
    """What clients felt of the deaths in one setting."""

    failed: dict[str, int] = field(default_factory=lambda: {"GET": 0, "POST": 0})
    delayed: int = 0
    last_s: list[float] = field(default_factory=list)


def detection(cloud: BalancedCloud, share: float) -> list[Finding]:
    """By health setting, with the server alive and with the server dead."""
    machines = cloud.targets.launch("watched", count=3)
    url = cloud.create("watched", machines)
    found = []
    for interval_s, timeout_s, threshold in _SETTINGS:
        health = HealthCheckRequest(
            interval_s=interval_s, timeout_s=timeout_s, unhealthy_threshold=threshold
        )
        groups = cloud.client.target_groups
        cloud.do(groups.modify("watched", TargetGroupSettings(health=health)))
        for is_alive in (True, False):
            wait_s = _GRACE_S + (0 if is_alive else (threshold + 0.5) * interval_s + timeout_s)
            felt = Felt()
            for _ in range(max(1, round(_ROUNDS * share))):
                _watch_one(cloud, url, machines[0], wait_s, felt, is_alive=is_alive)
            server = "alive" if is_alive else "dead"
            found.append(
                Finding(
                    f"{interval_s}/{timeout_s}/{threshold}, server {server}: last felt after",
                    f"{figures(felt.last_s, 's')} ({felt.delayed} delayed, {felt.failed['GET']}"
                    f" GETs and {felt.failed['POST']} POSTs failed)",
                    "GET 0",
                )
            )
    cloud.delete("watched")
    return found


def _watch_one(
    cloud: BalancedCloud, url: str, machine: str, wait_s: float, felt: Felt, *, is_alive: bool
) -> None:
    victim, balancer = cloud.targets.container(machine), cloud.balancer_container("watched")
    name = f"watch{next(_numbers)}"
    with LoadProcess(f"{url}/echo", name, "--rate", "500", "--connections", "128") as load:
        if not is_alive:
            cloud.kill_server()
        time.sleep(2)
        death = kills.kill_container(victim, machine)
        time.sleep(wait_s)
        if not is_alive:
            assert not cloud.server_answers()
    report, entries = load.report, cloud.log_entries(balancer)
    kills.judge(report, [death], entries)
    retried = {
        entry["path"].partition("?")[2] for entry in entries if "," in entry["target_status"]
    }
    _add(felt, report, death, retried)
    cloud.revive("watched", machine)


def _add(felt: Felt, report: Report, death: kills.Kill, retried: set[str]) -> None:
    """Count what is the death's: what failed, and what was slow since it was tried twice."""
    limit_s = report.median_ms / 1000 + _DELAYED_S
    delayed = [s for s in report.slow if s.ended - s.began > limit_s and s.id in retried]
    felt.delayed += len(delayed)
    for method in felt.failed:
        felt.failed[method] += report.failed[method]
    ends = [*(slow.ended for slow in delayed), *(failure.ended for failure in report.failures)]
    moments = [end - death.before for end in ends]
    felt.last_s.append(max(moments, default=0.0))
