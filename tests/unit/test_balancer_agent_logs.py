"""Logs that stay small, and their last lines."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from balancer_agent import logs
from balancer_agent.connections import Session, in_flight, sessions

IMAGES = Path(__file__).parents[2] / "images"
MODES = {logs.ACCESS_LOG: 0o660, logs.ERROR_LOG: 0o660}


def modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


@pytest.mark.skipif(os.geteuid() != 0, reason="the agent is root")
def test_logs_are_made_for_the_workers_and_for_roots_group(tmp_path: Path) -> None:
    logs.make(tmp_path, 33)
    assert modes(tmp_path) == MODES
    (tmp_path / logs.ACCESS_LOG).chmod(0o600)
    (tmp_path / logs.ACCESS_LOG).write_text("kept\n")
    logs.make(tmp_path, 33)
    assert modes(tmp_path) == MODES
    assert (tmp_path / logs.ACCESS_LOG).read_text() == "kept\n"
    assert (tmp_path / logs.ACCESS_LOG).stat().st_uid == 33


def test_what_has_grown_is_renamed_and_two_are_kept(tmp_path: Path) -> None:
    access = tmp_path / logs.ACCESS_LOG
    for text in ("first", "second", "third", "fourth"):
        access.write_text(text)
        assert logs.rotate(tmp_path, at_bytes=5)
        assert not access.exists()
    kept = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert kept == {"access.log.1": "fourth", "access.log.2": "third"}
    access.write_text("new")
    assert not logs.rotate(tmp_path, at_bytes=5)
    assert access.read_text() == "new"


def printed(folder: Path, tail: int) -> list[str]:
    script = (
        "import sys; from pathlib import Path; from balancer_agent import logs;"
        "logs.print_log(Path(sys.argv[1]), int(sys.argv[2]), False)"
    )
    result = subprocess.run(
        [sys.executable, "-B", "-c", script, str(folder), str(tail)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(IMAGES / "balancer")},
    )
    return result.stdout.splitlines()


def test_the_last_lines_reach_back_over_rotations(tmp_path: Path) -> None:
    assert printed(tmp_path, 5) == []
    (tmp_path / "access.log.2").write_text("a\nb\n")
    (tmp_path / "access.log.1").write_text("c\nd\n")
    (tmp_path / "access.log").write_text("e\n")
    assert printed(tmp_path, 2) == ["d", "e"]
    assert printed(tmp_path, 4) == ["b", "c", "d", "e"]
    assert printed(tmp_path, 100) == ["a", "b", "c", "d", "e"]
    assert printed(tmp_path, 0) == []


TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0
   1: 05001FAC:8A2C 0C001FAC:1F90 01 00000000:00000000 00:00000000 00000000    33        0 2 1 0
   2: 05001FAC:8A2D 0C001FAC:1F90 08 00000000:00000000 00:00000000 00000000    33        0 3 1 0
   3: 05001FAC:8A2E 0C001FAC:1F90 01 00000000:00000000 00:00000000 00000000     0        0 4 1 0
   4: 05001FAC:8A2F 0C001FAC:1F90 06 00000000:00000000 03:00000000 00000000     0        0 0 3 0
   5: 05001FAC:0050 01001FAC:C350 01 00000000:00000000 00:00000000 00000000    33        0 5 1 0
   6: 05001FAC:8A30 0D001FAC:1F90 02 00000000:00000000 00:00000000 00000000    33        0 6 1 0
"""


def test_the_kernels_table_says_what_is_held_and_by_whom() -> None:
    found = list(sessions(TABLE))
    assert len(found) == 4
    assert found[0] == Session(0x8A2C, "172.31.0.12", 8080, 33)
    targets = [("a", "172.31.0.12", 8080), ("b", "172.31.0.13", 8080), ("c", "172.31.0.12", 80)]
    # Not the agent's own check (user 0), nor one that has ended or not begun.
    assert in_flight(found, targets, 33) == {"a": 2}
