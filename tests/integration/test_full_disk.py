"""A home on a disk that is full: a clear error, nothing lost, and it goes on when there is room."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from minicloud.adapters.docker.connection import connect
from minicloud.adapters.docker.engine import DockerEngine
from tests.integration.live import LiveCloud

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="making a small disk takes root")


@pytest.fixture
def small_disk() -> Iterator[LiveCloud]:
    """A cloud whose home is a disk of 4 MiB."""
    home = Path(tempfile.mkdtemp(prefix="mc-small-", dir="/tmp"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(home)], check=True)
    live = LiveCloud(home, DockerEngine(connect()))
    try:
        live.ok("image", "build")
        yield live
    finally:
        (home / "filler").unlink(missing_ok=True)
        live.ok("down", "--purge", "--yes")
        subprocess.run(["umount", str(home)], check=True)
        shutil.rmtree(home)


def fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as full:
        while True:
            full.write(b"\0" * 4096)


def test_a_full_disk_refuses_in_clear_words_and_loses_nothing(small_disk: LiveCloud) -> None:
    before = small_disk.launch("kept")
    filler = small_disk.home / "filler"
    with pytest.raises(OSError, match="No space left"):
        fill(filler)
    refused = small_disk.cli("instance", "launch", "late", "--image", "base", "--type", "t3.nano")
    assert refused.returncode == 6, refused.stderr
    assert "StoreDiskFull" in refused.stderr
    assert "Traceback" not in refused.stderr
    filler.unlink()
    assert small_disk.show("kept")["id"] == before["id"]
    assert small_disk.launch("late")["state"] == "running"
    assert len(small_disk.json("instance", "list")) == 2
