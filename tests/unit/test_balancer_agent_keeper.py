"""The keeper over a fake nginx: an apply is done whole or not at all, and what is known is kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from balancer_agent.control import NOTHING_COUNTED, Counted
from balancer_agent.generations import Generations
from balancer_agent.health import Outcome, Reason
from balancer_agent.keeper import Keeper
from balancer_agent.nginx import Phase, Structure
from balancer_agent.refusal import CONFIGURATION_REFUSED, FAILED, INVALID_DOCUMENT, Refused
from balancer_agent.remembered import Remembered
from balancer_agent.server import answer
from balancer_agent.watcher import Watcher

from tests.unit.agent_documents import (
    NOW,
    a_document,
    a_group,
    a_listener,
    a_target,
    group_id,
    target_id,
)

PASS = Outcome(True, "200 OK", 1.0)
FAIL = Outcome(False, "connection refused", 1.0, Reason.FAILED)
CONFIGURATION = "daemon off;"
THREE = [target_id(1, machine) for machine in (1, 2, 3)]


@dataclass
class FakeGeneration:
    number: int
    structure: Structure
    phase: Phase = Phase.SERVING
    since: float = NOW
    serves: bool = True
    counted: Counted = NOTHING_COUNTED
    states: list[Any] = field(default_factory=list)


class FakeGenerations:
    """Generations that cost nothing. ``failing`` names the step that is refused."""

    def __init__(self) -> None:
        self.current: FakeGeneration | None = None
        self.living: list[FakeGeneration] = []
        self.last_number = 0
        self.failing = ""
        self.discarded: list[int] = []
        self.deaf = 0
        self.during: Callable[[], Awaitable[None]] | None = None

    async def prepare(self, structure: Structure) -> FakeGeneration:
        self._refuse("prepare", CONFIGURATION_REFUSED)
        return FakeGeneration(self.last_number + 1, structure)

    async def launch(self, made: FakeGeneration, state: bytes) -> None:
        self._refuse("launch", FAILED)
        if self.during:
            await self.during()
        made.states.append(json.loads(state))

    async def discard(self, made: FakeGeneration) -> None:
        self.discarded.append(made.number)

    def adopt(self, made: FakeGeneration) -> None:
        self.last_number, self.current = made.number, made
        self.living.insert(0, made)

    async def follow_up(self, state: bytes) -> None:
        assert self.current is not None
        made = FakeGeneration(self.last_number + 1, self.current.structure)
        await self.launch(made, state)
        self.living = []
        self.adopt(made)

    async def tell(self, state: bytes) -> bool:
        await asyncio.sleep(0)
        if self.deaf:
            self.deaf -= 1
            return False
        for generation in self.living:
            generation.states.append(json.loads(state))
        return True

    async def count(self) -> None:
        return

    def _refuse(self, step: str, code: str) -> None:
        if self.failing == step:
            raise Refused(code, "no")

    @property
    def chosen(self) -> list[str]:
        """The machines that get requests, by the newest nginx."""
        assert self.current is not None
        groups = self.current.states[-1]["groups"].values()
        return sorted(target["id"] for group in groups for target in group["targets"])


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.start()

    def start(self) -> None:
        """As after a restart of the container."""
        self.generations = FakeGenerations()
        self.remembered = Remembered(self.folder)
        self.generations.last_number = self.remembered.last_number
        self.meters = self.remembered.meters(NOW)
        self.keeper = Keeper(
            self.remembered, cast("Generations", self.generations), self.meters, 33
        )
        self.keeper.resume()

    async def ask(self, operation: str, **arguments: Any) -> Any:
        request = {"id": 7, "op": operation, **arguments}
        reply = json.loads(await answer(self.keeper.operations, json.dumps(request).encode()))
        assert reply["id"] == 7
        if "error" in reply:
            raise Refused(reply["error"]["code"], reply["error"]["message"])
        return reply["result"]

    async def apply(
        self, document: Any, fingerprint: str = "one", configuration: str = CONFIGURATION
    ) -> Any:
        return await self.ask(
            "apply", document=document, fingerprint=fingerprint, configuration=configuration
        )

    def check(self, outcome: Outcome, *targets: str) -> None:
        for target in targets:
            self.keeper._check_begun(target)
            self.keeper._check_found(target, outcome)

    async def states(self) -> dict[str, str]:
        status = await self.ask("status")
        return {target["id"]: target["state"] for target in status["targets"]}


Story = Callable[[World], Awaitable[None]]


@pytest.fixture
def tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Story], None]:
    """Run a story in a world where no target is really asked."""
    monkeypatch.setattr(Watcher, "follow", lambda *_: None)

    async def run(story: Story) -> None:
        await story(World(tmp_path))

    return lambda story: asyncio.run(run(story))


def test_a_first_document_is_served_and_no_target_of_it_before_it_passes(
    tell: Callable[[Story], None],
) -> None:
    async def story(world: World) -> None:
        done = await world.apply(a_document())
        assert done == {"fingerprint": "one", "generation": 1, "is_new_generation": True}
        assert world.generations.chosen == []
        world.check(PASS, THREE[1])
        assert world.keeper.eligibility_changed.is_set()
        await world.keeper.tell()
        assert world.generations.chosen == [THREE[1]]

    tell(story)


def test_targets_change_without_another_nginx_and_structure_does_not(
    tell: Callable[[Story], None],
) -> None:
    async def story(world: World) -> None:
        await world.apply(a_document())
        world.check(PASS, *THREE)
        fewer = a_document(groups=[a_group(1, a_target(1), a_target(2, mode="draining"))])
        done = await world.apply(fewer, "two")
        assert (done["generation"], done["is_new_generation"]) == (1, False)
        assert world.generations.chosen == [THREE[0]]
        for number, (document, configuration) in enumerate(
            [
                ({**fewer, "listeners": [a_listener(81, 1)]}, CONFIGURATION),
                ({**fewer, "listeners": [a_listener(81, 1)], "idle_timeout_s": 9}, CONFIGURATION),
                ({**fewer, "listeners": [a_listener(81, 1)], "idle_timeout_s": 9}, "other"),
            ],
            2,
        ):
            done = await world.apply(document, f"structure {number}", configuration)
            assert (done["generation"], done["is_new_generation"]) == (number, True)
            assert world.generations.chosen == [THREE[0]]

    tell(story)


def test_the_same_fingerprint_changes_nothing_but_heals(tell: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        await world.apply(a_document())
        other = a_document(groups=[a_group(1)])
        done = await world.apply(other, "one")
        assert (done["generation"], done["is_new_generation"]) == (1, False)
        assert set(await world.states()) == set(THREE)
        assert world.generations.current is not None
        world.generations.current.serves = False
        done = await world.apply(a_document(), "one")
        assert (done["generation"], done["is_new_generation"]) == (2, True)

    tell(story)


@pytest.mark.parametrize(
    ("failing", "code"), [("prepare", CONFIGURATION_REFUSED), ("launch", FAILED), ("disk", FAILED)]
)
def test_an_apply_that_fails_leaves_everything_as_it_was(
    tell: Callable[[Story], None],
    failing: str,
    code: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async def story(world: World) -> None:
        await world.apply(a_document())
        world.check(PASS, *THREE)
        await world.keeper.tell()
        before = (await world.ask("status"), world.generations.chosen)
        kept = (world.folder / "document.json").read_bytes()
        world.generations.failing = failing
        if failing == "disk":
            monkeypatch.setattr(Remembered, "save_wanted", full)
        with pytest.raises(Refused) as caught:
            await world.apply(a_document(listeners=[a_listener(81, 1)], groups=[a_group(1)]), "two")
        assert caught.value.code == code
        assert (await world.ask("status"), world.generations.chosen) == before
        assert (world.folder / "document.json").read_bytes() == kept
        assert world.generations.discarded == ([2] if failing == "disk" else [])
        world.generations.failing = ""

    tell(story)


@pytest.mark.parametrize(
    "request_",
    [{"document": {}}, {"document": None}, {"document": a_document(type="other")}, {}],
)
def test_a_malformed_document_is_refused_and_changes_nothing(
    tell: Callable[[Story], None], request_: dict[str, Any]
) -> None:
    async def story(world: World) -> None:
        with pytest.raises(Refused) as caught:
            await world.ask("apply", fingerprint="a", configuration="b", **request_)
        assert caught.value.code == INVALID_DOCUMENT
        assert (await world.ask("status"))["fingerprint"] is None
        assert not (world.folder / "document.json").exists()

    tell(story)


def test_an_nginx_that_does_not_take_its_state_is_replaced_before_the_apply_returns(
    tell: Callable[[Story], None],
) -> None:
    async def story(world: World) -> None:
        await world.apply(a_document())
        world.check(PASS, *THREE)
        world.generations.deaf = 1
        done = await world.apply(a_document(groups=[a_group(1, a_target(1))]), "two")
        assert (done["generation"], done["is_new_generation"]) == (2, True)
        assert world.generations.chosen == [THREE[0]]
        world.generations.deaf = 2
        with pytest.raises(Refused, match="nor does the one after it"):
            await world.apply(a_document(), "three")

    tell(story)


def test_what_the_checks_find_while_an_nginx_starts_is_not_lost(
    tell: Callable[[Story], None],
) -> None:
    async def story(world: World) -> None:
        await world.apply(a_document())

        async def pass_meanwhile() -> None:
            world.check(PASS, *THREE)

        world.generations.during = pass_meanwhile
        await world.apply(a_document(listeners=[a_listener(81, 1)]), "two")
        assert world.generations.chosen == THREE

    tell(story)


def test_applies_are_done_one_after_the_other(tell: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        at_once = 0
        most = 0

        async def slowly() -> None:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0.01)
            at_once -= 1

        world.generations.during = slowly
        documents = [a_document(listeners=[a_listener(80 + n, 1)]) for n in range(5)]
        done = await asyncio.gather(
            *(world.apply(document, f"{n}") for n, document in enumerate(documents))
        )
        assert most == 1
        assert [result["generation"] for result in done] == [1, 2, 3, 4, 5]

    tell(story)


def test_after_a_restart_it_serves_what_it_remembers(tell: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        await world.apply(a_document())
        world.check(PASS, *THREE)
        world.check(FAIL, THREE[0])
        world.check(FAIL, THREE[0])
        await world.keeper.save_health()
        world.meters.observe(1, {"requests": 5})
        await world.keeper.save_figures()
        secret = world.remembered.secret
        before = await world.states()
        since = (await world.ask("metrics"))["since"]
        world.start()
        await world.keeper.ensure_serving()
        assert world.generations.current is not None
        assert world.generations.current.number == 2
        assert world.generations.chosen == THREE[1:]
        assert world.generations.current.states[-1]["secret"] == secret
        assert await world.states() == before
        told = await world.ask("metrics")
        assert (told["since"], told["counters"]) == (since, {"requests": 5})
        status = await world.ask("status")
        assert (status["fingerprint"], status["generation"]) == ("one", 2)
        assert (await world.apply(a_document(), "one"))["is_new_generation"] is False

    tell(story)


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"document": {}}', b'{"generation": "x"}'])
def test_a_damaged_memory_is_as_none(tell: Callable[[Story], None], damage: bytes) -> None:
    async def story(world: World) -> None:
        await world.apply(a_document())
        for path in world.folder.glob("*.json"):
            path.write_bytes(damage)
        world.start()
        await world.keeper.ensure_serving()
        assert world.generations.current is None
        assert (await world.apply(a_document(), "one"))["generation"] == 1

    tell(story)


def test_what_is_remembered_is_for_root_alone(tell: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        await world.apply(a_document())
        await world.keeper.save_health()
        await world.keeper.save_figures()
        modes = {path.name: path.stat().st_mode & 0o777 for path in world.folder.iterdir()}
        assert modes == {
            "document.json": 0o600,
            "health.json": 0o600,
            "figures.json": 0o600,
        }

    tell(story)


def test_pending_is_asked_of_every_generation(tell: Callable[[Story], None]) -> None:
    async def story(world: World) -> None:
        await world.apply(a_document())
        draining = a_document(
            listeners=[a_listener(81, 1)], groups=[a_group(1, a_target(1, mode="draining"))]
        )
        await world.apply(draining, "two")
        new, old = world.generations.living
        old.counted = Counted({THREE[0]: 2, THREE[1]: 1}, 3, 0, {})
        new.counted = Counted({THREE[0]: 1}, 1, 0, {})
        assert await world.ask("pending", targets=[*THREE, "who"]) == {THREE[0]: 3}
        (target,) = (await world.ask("status"))["targets"]
        assert target["in_flight"] == 3
        with pytest.raises(Refused, match="list of texts"):
            await world.ask("pending", targets=[1])
        assert (await world.ask("metrics"))["groups"][group_id(1)]["in_flight"] == 3

    tell(story)
