"""The README's commands, typed as they are written, in their order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.integration.live import LiveCloud

README = Path(__file__).parents[2] / "README.md"


def marked_commands() -> list[str]:
    """The lines of the blocks that the README marks as tested."""
    blocks = re.findall(
        r"<!-- tested[^>]*-->\n```sh\n(.*?)```", README.read_text("utf-8"), re.DOTALL
    )
    return [line for block in blocks for line in block.splitlines() if line]


def test_every_command_of_the_readme_works(cloud: LiveCloud, tmp_path: Path) -> None:
    commands = marked_commands()
    assert len(commands) >= 25
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "MINICLOUD_HOME": str(cloud.home)}
    for command in commands:
        done = subprocess.run(
            command,
            shell=True,
            check=False,
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"


def test_the_readme_names_every_command_there_is(cloud: LiveCloud) -> None:
    text = README.read_text("utf-8")
    listed = re.findall(r"^  ([a-z][a-z-]+) {2,}", cloud.ok("--help"), re.MULTILINE)
    assert len(listed) >= 10
    for name in listed:
        assert re.search(rf"`?\b{name}\b", text), f"the README does not mention {name}"
