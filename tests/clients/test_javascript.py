"""JavaScript's SDK, version 3, under Node.js."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.aws.account import Account

_STORY = Path(__file__).parent / "javascript" / "story.cjs"
_MODULES = Path(sys.prefix) / "node_modules"


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not on this machine")
@pytest.mark.skipif(not _MODULES.is_dir(), reason="the SDK is not installed: make test-clients")
def test_a_script_waits_pages_and_reaches_what_it_made(account: Account) -> None:
    shell = Account(account.live, {**account.environment, "NODE_PATH": str(_MODULES)})
    assert json.loads(shell.ok("node", str(_STORY))) == {
        "Account": "123456789012",
        "machines": 1,
        "hello": True,
        "balanced": True,
        "missing": "InvalidInstanceID.NotFound",
    }
    assert account.live.json("instance", "list") == []
    assert account.live.json("balancer", "list") == []
