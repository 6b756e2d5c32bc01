"""One cloud for all crash tests: the base and edge images are built once, machines are many."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.crash.cloud")

from tests.crash.cloud import CrashingCloud  # noqa: E402


@pytest.fixture(scope="session")
def crashing_cloud(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[CrashingCloud]:
    """A cloud with its images registered, taken away at the end with all that is in it."""
    home = Path("/tmp") / f"mc-crash-{tmp_path_factory.getbasetemp().name}"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MINICLOUD_HOME", str(home))
        cloud = CrashingCloud("crash", tmp_path_factory.mktemp("crash"))
        try:
            cloud.do(lambda client: client.images.build([]))
            cloud.client.cloud.change_settings(cpu_overcommit=20)
            yield cloud
        finally:
            cloud.purge()
            home.joinpath("clouds").rmdir()
            home.rmdir()
