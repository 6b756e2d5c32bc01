"""What was measured by the hour, on the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from minicloud.cli.table import display_width
from minicloud.client import Client
from tests.fakes.engine_world import Used
from tests.unit.app_transport import app_transport
from tests.unit.balancing_scenarios import balanced
from tests.unit.command_line import CommandLine
from tests.unit.conftest import MakeCloud

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def _instance_hour(**changes: Any) -> dict[str, Any]:
    return {
        "instance_id": "i-00000000000000001",
        "hour_at": "2026-11-25T10:00:00+00:00",
        "type": "t3.micro",
        "measured_s": 3540.2,
        "cpu_s": 885.0,
        "cpu_percent_mean": 12.5,
        "cpu_percent_max": 99.96,
        "memory_mib_mean": 301.4,
        "memory_mib_max": 512.0,
        **changes,
    }


def _balancer_hour(**changes: Any) -> dict[str, Any]:
    return {
        "balancer_id": "lb-00000000000000001",
        "hour_at": "2026-11-25T10:00:00+00:00",
        "requests": 18_000,
        "new_connections": 3600,
        "active_connections_mean": 120.0,
        "processed_bytes": 1_080_000_000,
        "rule_evaluations": 900_000,
        "capacity_units": 1.08,
        "capacity_by": "processed-bytes",
        "in_ledger": True,
        **changes,
    }


@pytest.fixture
def minicloud(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> CommandLine:
    monkeypatch.setenv("MINICLOUD_HOME", str(tmp_path))
    monkeypatch.delenv("MINICLOUD_CLOUD", raising=False)
    command_line = CommandLine(monkeypatch, capsys)
    command_line.server.answers.update(
        {
            ("GET", "/instances/web-1/usage"): [_instance_hour()],
            ("GET", "/balancers/web/usage"): [
                _balancer_hour(),
                _balancer_hour(capacity_units=0.0, capacity_by=None),
            ],
        }
    )
    return command_line


def test_how_busy_a_machine_was(minicloud: CommandLine) -> None:
    told = minicloud("instance", "usage", "web-1").stdout.splitlines()
    assert told[1].split() == [
        *("2026-11-25", "10:00", "t3.micro", "59", "min", "12.5%", "100.0%"),
        *("301", "MiB", "512", "MiB"),
    ]


def test_how_much_a_balancer_was_used(minicloud: CommandLine) -> None:
    told = minicloud("balancer", "usage", "web").stdout.splitlines()
    assert told[1].split() == [
        *("2026-11-25", "10:00", "18000", "3600", "120.0", "1.1", "GB", "900000", "1.080"),
        "processed-bytes",
    ]
    assert told[2].split()[-2:] == ["0.000", "-"]


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("command", [("instance", "usage", "web-1"), ("balancer", "usage", "web")])
def test_it_fits_the_terminal(
    minicloud: CommandLine, command: tuple[str, ...], columns: int
) -> None:
    minicloud.on_terminal(columns)
    told = _ANSI.sub("", minicloud(*command).stdout).splitlines()
    assert len(told) > 1
    assert all(display_width(line) <= columns for line in told)


def test_as_json(minicloud: CommandLine) -> None:
    told = minicloud("instance", "usage", "web-1", "-o", "json").stdout
    assert json.loads(told) == [_instance_hour()]


@pytest.mark.parametrize("hours", ["0", "-1", "9601", "x"])
def test_hours_out_of_range_are_refused(minicloud: CommandLine, hours: str) -> None:
    assert minicloud("instance", "usage", "web-1", "--hours", hours).exit_code == 2


def test_the_client_asks_and_is_answered(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    client = Client(app_transport(cloud))
    cloud.meter.measure_once()
    machine, front = cloud.instances.show("web"), cloud.balancers.show("front")
    cloud.engine.let_use(machine.container_name, Used(3.0, 64))
    cloud.plane.count(front.container_name, 7, new_connections=450)
    cloud.clock.sleep(60)
    cloud.meter.measure_once()
    (hour,) = client.usage.of_instance("web")
    assert (hour["instance_id"], hour["cpu_s"], hour["memory_mib_max"]) == (machine.id, 3, 64)
    (of_front,) = client.usage.of_balancer(front.id, 1)
    assert of_front["new_connections"] == 450
    # 450 / 3600 / 25; of active connections, 3.5 on average, it is less.
    assert (of_front["capacity_units"], of_front["capacity_by"]) == (0.005, "new-connections")
    assert not of_front["in_ledger"]
