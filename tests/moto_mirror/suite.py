"""Runs moto's tests against a cloud."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.moto_mirror.cloud import MirrorCloud
from tests.moto_mirror.files import FILES
from tests.moto_mirror.sources import MotoSuite

_HERE = Path(__file__).parent
_TEST_TIMEOUT_S = 60
# pytest's own: all passed, or some failed. Any other is no result.
_RAN = (0, 1)


def run(suite: MotoSuite, cloud: MirrorCloud, chosen: Sequence[str]) -> list[dict[str, Any]]:
    """Run tests (files or node ids; all of ``FILES`` if none) and return the plugin's lines."""
    with tempfile.NamedTemporaryFile(prefix="moto-mirror-", suffix=".jsonl") as results:
        command = [str(suite.python), "-m", "pytest", "-p", "inside.plugin", "--quiet", "--quiet"]
        command += ["-p", "no:cacheprovider", "--no-summary", "--tb", "native", "--color", "no"]
        command += ["--timeout", str(_TEST_TIMEOUT_S)]
        command += [f"tests/{each}" for each in chosen or FILES]
        ended = subprocess.run(
            command, cwd=suite.folder, env=_environment(cloud, results.name), check=False
        )
        if ended.returncode not in _RAN:
            raise RuntimeError(f"pytest ended with {ended.returncode}")
        return [json.loads(line) for line in Path(results.name).read_text("utf-8").splitlines()]


def _environment(cloud: MirrorCloud, results: str) -> Mapping[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **ours,
        "AWS_ACCESS_KEY_ID": cloud.access_key_id,
        "AWS_SECRET_ACCESS_KEY": cloud.secret_access_key,
        "AWS_DEFAULT_REGION": cloud.region,
        "AWS_ENDPOINT_URL": cloud.endpoint_url,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        # A refusal is an answer: nothing is tried again.
        "AWS_MAX_ATTEMPTS": "1",
        "TEST_SERVER_MODE": "true",
        "TEST_SERVER_MODE_ENDPOINT": cloud.endpoint_url,
        "MIRROR_SOCKET": str(cloud.socket),
        "MIRROR_RESULTS": results,
        "PYTHONPATH": str(_HERE),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
