"""A month in some seconds, on real containers: the bill is of a month, a drain is of seconds.

The cloud is the file's own, since only a cloud that has nothing yet can have a simulated clock.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
import requests

from tests.integration.live import LiveCloud, live_cloud

_MONTH_H = 720
# What launching and stopping take on a slow machine, in hours.
_SPARE_H = Decimal(120) / 3600
# A page that takes some seconds to come, so that there is something in flight.
_SLOW_PAGE = (
    "dd if=/dev/zero of=/var/www/html/slow bs=1k count=120 2>/dev/null"
    " && echo 'limit_rate 20k;' > /etc/nginx/conf.d/slow.conf && nginx -s reload 2>/dev/null"
)


@pytest.fixture(scope="module")
def cloud() -> Iterator[LiveCloud]:
    """A cloud whose clock is simulated."""
    with live_cloud() as live:
        live.ok("up", "--simulated-clock", "--memory-overcommit", "3")
        yield live


def _on_demand(cloud: LiveCloud, name: str) -> Any:
    bill = cloud.json("bill", "show", "--from", "2026-01-01")
    assert bill["simulated"] is True
    return next(n for n in bill["lines"] if (n["name"], n["rule"]) == (name, "on-demand"))


def _now(cloud: LiveCloud) -> datetime:
    return datetime.fromisoformat(cloud.json("clock", "show")["now"])


def test_a_month_is_billed_after_seconds(cloud: LiveCloud) -> None:
    began_s = time.monotonic()
    cloud.launch("shop")
    cloud.ok("clock", "advance", "30d")
    assert cloud.show("shop")["state"] == "running"
    assert cloud.inside("shop", "echo", "still here") == "still here"
    cloud.ok("instance", "stop", "shop")
    cloud.ok("clock", "advance", "30d")
    line = _on_demand(cloud, "shop")
    assert _MONTH_H <= Decimal(line["quantity"]) < _MONTH_H + _SPARE_H
    # A t3.nano costs 0.0052 USD an hour in us-east-1: 720 h are 3.744.
    assert Decimal("3.744") <= Decimal(line["amount"]) < Decimal("3.75")
    assert all(entry["simulated"] for entry in cloud.json("ledger", "list"))
    assert time.monotonic() - began_s < 60
    stop = next(o for o in cloud.json("operation", "list") if o["kind"] == "stop-instance")
    took = datetime.fromisoformat(stop["ended_at"]) - datetime.fromisoformat(stop["created_at"])
    assert took.total_seconds() < 30


def test_a_death_before_an_advance_ends_what_is_billed(cloud: LiveCloud) -> None:
    machine = cloud.launch("mortal")
    cloud.ok("down")
    # With no server there, nobody notices; the engine remembers when it was.
    cloud.engine.ensure_stopped(machine["container_name"], 5)
    cloud.ok("clock", "advance", "30d")
    cloud.eventually(lambda: cloud.show("mortal")["state"] == "stopped", "its death to be seen")
    assert Decimal(_on_demand(cloud, "mortal")["quantity"]) < _SPARE_H


def test_time_goes_on_over_a_kill_of_the_server(cloud: LiveCloud) -> None:
    cloud.ok("clock", "speed", "3600x")
    before = _now(cloud)
    os.kill(cloud.json("status")["server"]["pid"], signal.SIGKILL)
    killed_s = time.monotonic()
    after = _now(cloud)
    passed_s = (after - before).total_seconds()
    assert after > before
    assert passed_s < (time.monotonic() - killed_s + 10) * 3600
    assert cloud.json("clock", "reset")["speed"] == 1


def test_a_drain_is_not_hurried(cloud: LiveCloud) -> None:
    cloud.launch("web", image="web")
    cloud.inside("web", "sh", "-c", _SLOW_PAGE)
    url = cloud.json("balancer", "create", "site", "--instances", "web")[0]["url"]
    cloud.page(url)
    sizes: list[int] = []
    visitor = threading.Thread(
        target=lambda: sizes.append(len(requests.get(f"{url}slow", timeout=60).content))
    )
    visitor.start()
    time.sleep(1)
    began_s = time.monotonic()
    # The deregistration delay is AWS's 300 s.
    leaving = cloud.json("target-group", "deregister", "site", "web", "--no-wait")[0]["id"]
    cloud.ok("clock", "advance", "30d")
    cloud.ok("clock", "speed", "100000x")
    visitor.join()
    ended = cloud.json("operation", "watch", leaving)
    cloud.ok("clock", "reset")
    assert sizes == [120 * 1024], "a page that was on its way was cut"
    assert ended["result"]["left"] == {}
    waited_s = ended["result"]["waited_ms"] / 1000
    assert 1 < waited_s < time.monotonic() - began_s + 1
    cloud.ok("balancer", "delete", "site")


def test_to_ask_for_a_simulated_clock_again_changes_nothing(cloud: LiveCloud) -> None:
    ahead_s = cloud.json("clock", "show")["ahead_s"]
    cloud.ok("up", "--simulated-clock")
    assert cloud.json("clock", "show")["ahead_s"] == pytest.approx(ahead_s, abs=0.001)
