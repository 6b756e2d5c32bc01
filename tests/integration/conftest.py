"""The cloud that the tests of this folder share, each with machines of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("tests.integration.live")

from tests.integration.live import LiveCloud, live_cloud  # noqa: E402


@pytest.fixture(scope="module")
def cloud() -> Iterator[LiveCloud]:
    """A cloud for the tests of one file."""
    with live_cloud() as live:
        yield live


@pytest.fixture(autouse=True)
def no_machines_stay(request: pytest.FixtureRequest) -> Iterator[None]:
    """Terminate what a test of a shared cloud has launched."""
    yield
    if "cloud" in request.fixturenames:
        live: LiveCloud = request.getfixturevalue("cloud")
        for instance in live.json("instance", "list"):
            if instance["termination_protection"]:
                live.ok("instance", "protect", instance["id"], "--off")
            live.ok("instance", "terminate", instance["id"])
