"""The server is killed (SIGKILL) at every boundary of every step; the next one finds the truth."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from minicloud.operations.registry import DEFINITIONS
from tests.crash.cloud import CrashingCloud
from tests.crash.stories import STORIES, Scene, Story

BOUNDARIES = [
    pytest.param(story, step, moment, id=f"{story.kind}-{step}-{moment}")
    for story in STORIES
    for definition in DEFINITIONS
    if definition.kind == story.kind
    for step in definition.step_names
    for moment in ("started", "acted")
]


@pytest.fixture
def scene(crashing_cloud: CrashingCloud) -> Iterator[Scene]:
    fresh = Scene.fresh(crashing_cloud)
    yield fresh
    fresh.clear()


def test_every_operation_has_a_story() -> None:
    assert {story.kind for story in STORIES} == {d.kind for d in DEFINITIONS}


@pytest.mark.parametrize(("story", "step", "moment"), BOUNDARIES)
def test_a_killed_server_is_taken_up_where_it_was(
    scene: Scene, story: Story, step: str, moment: str
) -> None:
    story.prepare(scene)
    operation_id = scene.cloud.kill_during(story.kind, step, moment, story.call(scene))
    ended = scene.cloud.finish(operation_id)
    assert ended["status"] == "succeeded", ended["error"]
    record = next(s for s in ended["steps"] if s["name"] == step)
    assert record["attempts"] == 2, "the killed step was not done again"
    story.truth(scene)
    scene.cloud.assert_true()
