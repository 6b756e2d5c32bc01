"""What unit tests share: one cloud each, in memory but for its records."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.unit.cloud import Cloud, prepared

settings.register_profile(
    "minicloud",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("minicloud")


MakeCloud = Callable[..., Cloud]


def _nothing_more(_cloud: Cloud) -> None:
    return None


@pytest.fixture
def make_cloud() -> Iterator[MakeCloud]:
    """Clouds that have their images and what ``prepare`` adds, as many as a test asks for."""
    made: list[Cloud] = []

    def make(prepare: Callable[[Cloud], object] = _nothing_more) -> Cloud:
        cloud = Cloud(prepared(prepare))
        made.append(cloud)
        return cloud

    yield make
    for cloud in made:
        cloud.close()


@pytest.fixture
def cloud(make_cloud: MakeCloud) -> Cloud:
    """A cloud that has its images."""
    return make_cloud()
