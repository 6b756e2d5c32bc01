"""The built wheel, in an empty environment: it brings its images, and can launch from them."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def test_an_installed_wheel_builds_its_images_and_launches(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(REPOSITORY)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "empty", with_pip=True)
    binaries = tmp_path / "empty" / "bin"
    install = [str(binaries / "python"), "-m", "pip", "install", "--quiet", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    # A socket's path must be short, and pytest's folders are not.
    home = Path("/tmp") / f"mc-wheel-{os.getpid()}"

    def minicloud(*words: str) -> str:
        return subprocess.run(
            [str(binaries / "minicloud"), *words],
            check=True,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "MINICLOUD_HOME": str(home)},
        ).stdout

    try:
        minicloud("image", "build")
        minicloud("instance", "launch", "first", "--image", "web", "--type", "t3.nano")
        assert "running" in minicloud("instance", "list")
    finally:
        minicloud("down", "--purge", "--yes")
        (home / "clouds").rmdir()
        home.rmdir()
