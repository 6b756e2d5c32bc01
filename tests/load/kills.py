"""Killing machines behind everybody's back, and what may fail by that.

A GET may not: it is asked of another machine. A POST that was under way at the machine may, since
nobody can know whether it was carried out; no other POST may.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.load.cloud import BalancedCloud
from tests.load.report import Failure, Report

_CLOCKS_S = 0.005


@dataclass(frozen=True)
class Kill:
    """A machine that was killed between two moments (seconds since the epoch)."""

    machine: str
    private_ip: str
    before: float
    after: float


def kill(cloud: BalancedCloud, machine: str) -> Kill:
    """SIGKILL a machine's first process, and with it all others; see that it is dead."""
    return kill_container(cloud.targets.container(machine), machine)


def kill_container(container: Any, machine: str) -> Kill:
    """The same, for who has found its container before: no server is asked."""
    [network] = container.attrs["NetworkSettings"]["Networks"].values()
    private_ip = network["IPAMConfig"]["IPv4Address"]
    before = time.time()
    container.kill("SIGKILL")
    after = time.time()
    container.reload()
    assert container.status == "exited", container.status
    assert container.attrs["State"]["ExitCode"] == 137, container.attrs["State"]
    return Kill(machine, private_ip, before, after)


def judge(
    report: Report, kills: Sequence[Kill], log_entries: Iterable[Mapping[str, Any]]
) -> dict[str, int]:
    """How many POSTs failed by each kill; ``AssertionError`` where anything failed beside that."""
    assert report.failed["GET"] == 0, report.failures_of("GET")[:5]
    failed = report.failures_of("POST")
    assert len(failed) == report.failed["POST"]
    targets = _targets_of({failure.id for failure in failed}, log_entries)
    counts = {kill.machine: 0 for kill in kills}
    for failure in failed:
        counts[_cause(failure, kills, targets.get(failure.id, ""))] += 1
    return counts


def _targets_of(ids: set[str], log_entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The targets that each of the requests was sent to, as the balancer's log says."""
    found = {}
    for entry in log_entries:
        request_id = entry["path"].partition("?")[2]
        if request_id in ids:
            found[request_id] = str(entry["target_address"])
    return found


def _cause(failure: Failure, kills: Sequence[Kill], target: str) -> str:
    """The machine by whose death the request failed: it was under way there at that moment."""
    for death in kills:
        is_there = f" {death.private_ip}:" in f" {target}"
        if is_there and failure.began <= death.after and failure.ended >= death.before - _CLOCKS_S:
            return death.machine
    raise AssertionError(f"{failure} was at {target or 'no target'}, none of {kills}")
