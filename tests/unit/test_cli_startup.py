"""``minicloud instance list`` starts fast because it imports little; this holds what it imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_HEAVY = {
    *("alembic", "docker", "email", "http.client", "jinja2", "jmespath", "pydantic", "requests"),
    *("rich", "sqlalchemy", "ssl", "starlette", "subprocess", "uvicorn", "yaml"),
}
_LIST = """
import sys
from minicloud.cli import root
from minicloud.client import Client
from minicloud.client.transport import Transport
Transport.get = lambda self, path, **query: []
status = root.run(["instance", "list"])
print("\\n".join(sys.modules))
sys.exit(status)
"""


def test_listing_imports_nothing_heavy(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LIST],
        env={"MINICLOUD_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    imported = set(done.stdout.split())
    assert "minicloud.cli.instance" in imported
    assert not imported & _HEAVY
    ours = {name for name in imported if name.startswith("minicloud.cli.")}
    assert "minicloud.cli.instance_actions" not in ours
    assert "minicloud.cli.balancer" not in ours
    assert not {name for name in imported if name.startswith("minicloud.client.balancer")}
    assert not {name for name in imported if name.startswith(("minicloud.server", "minicloud.api"))}
