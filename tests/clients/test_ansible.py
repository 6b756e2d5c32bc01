"""Ansible's collections of AWS: a site is made, found unchanged, and taken away."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.aws.account import Account

_PLAYBOOK = Path(__file__).parent / "ansible" / "site.yml"
_RECAP = re.compile(
    r"^localhost\s*: ok=\d+\s+changed=(\d+)\s+unreachable=0\s+failed=0", re.MULTILINE
)


@pytest.fixture
def play(account: Account, tmp_path: Path) -> Account:
    """The account, in whose shell Ansible keeps its files in the test's own folder."""
    own = {
        "ANSIBLE_HOME": str(tmp_path),
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "LC_ALL": "C.UTF-8",
    }
    return Account(account.live, {**account.environment, **own})


def _changed(play: Account, wanted: str) -> int:
    """How many tasks of a run have changed something."""
    told = play.ok("ansible-playbook", "-e", f"wanted={wanted}", str(_PLAYBOOK))
    recap = _RECAP.search(told)
    assert recap, told
    return int(recap[1])


@pytest.mark.timeout(600)
def test_a_playbook_applies_changes_nothing_again_and_destroys(play: Account) -> None:
    assert _changed(play, "present") == 7
    live = play.live
    running = {m["name"]: m["type"] for m in live.json("instance", "list")}
    assert running == {"shop-1": "t3.nano", "shop-2": "t3.nano", "shop-big": "t3.small"}
    assert _changed(play, "present") == 0
    assert _changed(play, "absent") == 6
    for noun in ("instance", "address", "balancer", "target-group"):
        assert live.json(noun, "list") == []
    assert {image["recipe"] for image in live.json("image", "list")} == {"base", "web"}
    assert _changed(play, "absent") == 0
