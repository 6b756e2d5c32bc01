"""moto's sources and an environment for its tests, in a cache outside this tree."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.moto_mirror import adaptations
from tests.moto_mirror.files import FILES

VERSION = "5.2.5"
_SHA256 = "391857257d5dac144334013c2c10e599def5f0562f553e979160140bd7bd9cf6"
_TOOLS = ("freezegun", "pytest", "pytest-timeout")
_PIP = ("-m", "pip", "--quiet", "--quiet", "--disable-pip-version-check")


@dataclass(frozen=True)
class MotoSuite:
    """Where moto's tests are, and the interpreter that has what they need."""

    folder: Path
    python: Path


def moto_suite() -> MotoSuite:
    """moto's tests, made ready if they are not; ``CalledProcessError`` where PyPI has them not."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "minicloud"
    root = cache / f"moto-{VERSION}"
    suite = MotoSuite(root / "source", root / "environment" / "bin" / "python")
    if not suite.folder.is_dir():
        _unpack(suite.folder)
    if not suite.python.exists():
        _make_environment(suite)
    for file in FILES:
        adaptations.adapt(suite.folder / "tests" / file)
    return suite


def _unpack(target: Path) -> None:
    """The sources, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as name:
        _fetch(Path(name)).rename(target)


def _fetch(folder: Path) -> Path:
    """Let pip download the source distribution, and hold it to its hash."""
    wanted = folder / "wanted.txt"
    wanted.write_text(f"moto=={VERSION} --hash=sha256:{_SHA256}\n", encoding="utf-8")
    options = ("--no-deps", "--no-binary", "moto", "--require-hashes", "--dest", str(folder))
    command = [sys.executable, *_PIP, "download", *options, "--requirement", str(wanted)]
    subprocess.run(command, check=True)
    with tarfile.open(folder / f"moto-{VERSION}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder / f"moto-{VERSION}"


def _make_environment(suite: MotoSuite) -> None:
    """moto, what its tests need, and the clients that minicloud's own tests use."""
    environment = suite.python.parent.parent
    boto3 = f"boto3=={importlib.metadata.version('boto3')}"
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(environment)], check=True)
        command = [str(suite.python), *_PIP, "install", "--root-user-action", "ignore"]
        subprocess.run([*command, str(suite.folder), boto3, *_TOOLS], check=True)
    except BaseException:
        shutil.rmtree(environment, ignore_errors=True)
        raise
