"""A million GETs and a million POSTs while machines come and go and every setting changes.

Three threads change things at once: one registers and deregisters machines, one replaces them, one
changes settings. Each change is looked at (``tests.load.churn``) and counted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from minicloud.client.target_groups import TargetGroupRequest
from tests.load.churn import Churn
from tests.load.cloud import QUICK_CHECK, BalancedCloud
from tests.load.process import LoadProcess
from tests.load.report import Report
from tests.soak.rows import Finding

_REQUESTS = 2_000_000
_RATE_PER_S = 2000
_FAREWELL_S = 20
_CHANGES_EACH = 100
_MEMBERS = 4
_LOAD = "million"


class Changes:
    """Threads that change one balancer until they are told to stop."""

    def __init__(self, cloud: BalancedCloud, churn: Churn) -> None:
        self._churn = churn
        self._on_error: Callable[[], None] = lambda: None
        self._stopping = threading.Event()
        self._members = cloud.targets.launch("member", count=_MEMBERS)
        self._spares = cloud.targets.launch("spare", count=2)
        self._error: BaseException | None = None
        # As often as needed, and half as often again, spread over the whole time.
        self._pause_s = _REQUESTS / _RATE_PER_S / _CHANGES_EACH / 1.5
        self._threads = [
            threading.Thread(target=self._guard, args=(work,), name=work.__name__)
            for work in (self._toggle, self._replace, self._set)
        ]

    @property
    def machines(self) -> list[str]:
        """Those that are there now."""
        return [*self._members, *self._spares]

    def start(self, on_error: Callable[[], None]) -> None:
        """Begin; ``on_error`` is called where a change has failed, by which all end."""
        self._on_error = on_error
        for thread in self._threads:
            thread.start()

    def run_for(self, duration_s: float) -> None:
        """Let it go on for so long, or until a change fails."""
        self._stopping.wait(duration_s)

    def stop(self) -> None:
        """End after the change under way; raise what went wrong."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        if self._error is not None:
            raise self._error

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            while not self._stopping.is_set():
                began_s = time.monotonic()
                work()
                self._stopping.wait(max(0, began_s + self._pause_s - time.monotonic()))
        except BaseException as error:  # noqa: BLE001 - raised again by stop, in the main thread
            self._error = self._error or error
            self._stopping.set()
            self._on_error()

    def _toggle(self) -> None:
        for spare in self._spares:
            self._churn.register(spare)
            self._churn.deregister(spare)

    def _replace(self) -> None:
        number = self._churn.done["replaced"]
        old, new = self._members.pop(0), f"new-{number}"
        replace = self._churn.replace_by_stopping if number % 3 == 2 else self._churn.replace
        replace(old, new)
        self._members.append(new)

    def _set(self) -> None:
        for change in self._churn.settings:
            if not self._stopping.is_set():
                change()


def findings(cloud: BalancedCloud, share: float) -> list[Finding]:
    """All at once, then count."""
    cloud.targets.launch("other")
    cloud.client.target_groups.create(TargetGroupRequest("other", health=QUICK_CHECK))
    cloud.register("other", "other")
    cloud.targets.launch("first")
    url = cloud.create("web", ["first"])
    churn = Churn(cloud, "web", "other")
    changes = Changes(cloud, churn)
    cloud.register("web", *changes.machines[:_MEMBERS])
    requests = int(_REQUESTS * share)
    with LoadProcess(
        f"{url}/echo", _LOAD, "--requests", str(requests), "--connections", "128"
    ) as load:
        changes.start(load.end)
        # What is changed is seen by what the machines are asked: no change outlasts the load.
        changes.run_for(max(requests / _RATE_PER_S - _FAREWELL_S, requests / _RATE_PER_S / 2))
        changes.stop()
        report = load.wait()
    for machine in [*changes.machines, "first", "other"]:
        cloud.targets.collect(machine)
    return [*_judged(cloud, report, requests), *_counted(churn, share)]


def _judged(cloud: BalancedCloud, report: Report, requests: int) -> list[Finding]:
    executed = cloud.targets.executed_of(_LOAD)
    twice = sum(count > 1 for count in executed.values())
    found = [
        Finding(
            f"{method}s failed while everything changes",
            f"{report.failed[method]} of {report.sent[method]:,} {dict(report.kinds) or ''}",
            "0",
        )
        for method in ("GET", "POST")
    ]
    found.append(Finding("POSTs carried out twice", f"{twice} of {len(executed):,}", "0"))
    found.append(Finding("… the load", report.summary()))
    print(report.summary(), report.failures[:20])
    assert sum(report.sent.values()) == requests
    assert report.failed == {"GET": 0, "POST": 0}, report.kinds
    assert twice == 0
    assert len(executed) == report.answered["POST"]
    return found


def _counted(churn: Churn, share: float) -> list[Finding]:
    least = min(churn.done.values())
    # In a short run the end, in which nothing is changed, is a large part.
    wanted = _CHANGES_EACH if share >= 1 else int(_CHANGES_EACH * share / 2)
    assert least >= wanted, churn.done
    return [
        Finding(f"… {what} meanwhile", f"{count:,}", f"≥ {_CHANGES_EACH}")
        for what, count in churn.done.items()
    ]
