"""What every plane of balancers must do, the fake and the one of nginx in containers."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from minicloud.domain.errors import Conflict, Unavailable
from minicloud.domain.target import TargetState
from minicloud.ports.balancer_plane import TargetMode

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.balancers import BalancerWorld

QUESTIONS: dict[str, Callable[[BalancerWorld], Any]] = {
    "apply": lambda world: world.plane.apply(world.name, world.document()),
    "status": lambda world: world.plane.status(world.name),
    "in_flight": lambda world: world.plane.in_flight(world.name, ["x"]),
    "metrics": lambda world: world.plane.metrics(world.name),
    "logs": lambda world: list(world.plane.logs(world.name, 10, follow=False)),
    "follow": lambda world: next(world.plane.logs(world.name, 10, follow=True)),
}


class TestContainer:
    def test_made_adopted_and_taken_away(self, balancers: BalancerWorld) -> None:
        plane, spec = balancers.plane, balancers.spec
        assert not plane.is_there(spec)
        for _ in range(2):
            plane.ensure(spec)
            assert plane.is_there(spec)
        for _ in range(2):
            plane.remove(spec)
            assert not plane.is_there(spec)

    def test_another_address_is_another_container(self, balancers: BalancerWorld) -> None:
        plane, spec = balancers.plane, balancers.spec
        plane.ensure(spec)
        head, _, last = spec.private_ip.rpartition(".")
        moved = replace(spec, private_ip=f"{head}.{int(last) + 1}")
        assert not plane.is_there(moved)
        plane.ensure(moved)
        assert plane.is_there(moved)
        assert not plane.is_there(spec)

    def test_stopped_behind_our_back(self, balancers: BalancerWorld) -> None:
        plane, spec = balancers.plane, balancers.spec
        plane.ensure(spec)
        balancers.behind.stop(spec.container_name)
        assert not plane.is_there(spec)
        plane.ensure(spec)
        assert plane.is_there(spec)

    @pytest.mark.parametrize("question", sorted(QUESTIONS))
    def test_who_is_not_there_does_not_answer(
        self, balancers: BalancerWorld, question: str
    ) -> None:
        for _ in range(2):
            with pytest.raises(Unavailable) as refused:
                QUESTIONS[question](balancers)
            assert refused.value.code == "BalancerUnreachable"

    def test_a_name_that_is_anothers_is_neither_adopted_nor_removed(
        self, balancers: BalancerWorld
    ) -> None:
        plane, spec = balancers.plane, balancers.spec
        plane.ensure(spec)
        strange = replace(spec, labels={"mctest.balancer": "someone"})
        assert not plane.is_there(strange)
        for act in (plane.ensure, plane.remove):
            with pytest.raises(Conflict) as refused:
                act(strange)
            assert refused.value.code == "NameTaken"
        assert plane.is_there(spec)


class TestDocument:
    def test_a_new_balancer_follows_nothing(self, balancers: BalancerWorld) -> None:
        balancers.plane.ensure(balancers.spec)
        status = balancers.plane.status(balancers.name)
        assert (status.fingerprint, status.targets) == (None, ())

    def test_it_follows_what_it_was_told_last(self, balancers: BalancerWorld) -> None:
        plane = balancers.plane
        plane.ensure(balancers.spec)
        for document in (
            balancers.document(),
            balancers.document(balancers.target(81)),
            balancers.document(balancers.target(81), balancers.target(82)),
            balancers.document(balancers.target(81), http2=False),
            balancers.answering(),
        ):
            plane.apply(balancers.name, document)
            status = plane.status(balancers.name)
            assert status.fingerprint == plane.fingerprint(document)
            told = {target.id for entry in document.groups for target in entry.targets}
            assert {target.target_id for target in status.targets} == told

    def test_a_network_balancer_does_so_too(self, balancers: BalancerWorld) -> None:
        plane = balancers.plane
        plane.ensure(balancers.spec)
        document = balancers.network_document(balancers.target(81))
        plane.apply(balancers.name, document)
        assert plane.status(balancers.name).fingerprint == plane.fingerprint(document)

    def test_the_same_again_changes_nothing(self, balancers: BalancerWorld) -> None:
        plane, document = balancers.plane, balancers.document(balancers.target(81))
        plane.ensure(balancers.spec)
        plane.apply(balancers.name, document)
        before = plane.status(balancers.name)
        plane.apply(balancers.name, document)
        after = plane.status(balancers.name)
        assert (after.fingerprint, after.generation) == (before.fingerprint, before.generation)

    def test_targets_come_and_go_without_a_new_generation(self, balancers: BalancerWorld) -> None:
        plane = balancers.plane
        plane.ensure(balancers.spec)
        plane.apply(balancers.name, balancers.document())
        generation = plane.status(balancers.name).generation
        for ports in ((81,), (81, 82), (82,), ()):
            document = balancers.document(*map(balancers.target, ports))
            plane.apply(balancers.name, document)
            assert plane.status(balancers.name).generation == generation

    def test_each_document_has_a_fingerprint_of_its_own(self, balancers: BalancerWorld) -> None:
        documents = [
            balancers.document(),
            balancers.document(balancers.target(81)),
            balancers.document(balancers.target(81, mode=TargetMode.DRAINING, drain_until_s=5.0)),
            balancers.document(idle_timeout_s=61),
            balancers.network_document(),
        ]
        made = [balancers.plane.fingerprint(document) for document in documents]
        assert len(set(made)) == len(documents)
        assert made == [balancers.plane.fingerprint(document) for document in documents]

    def test_it_remembers_over_the_loss_of_its_container(self, balancers: BalancerWorld) -> None:
        plane, document = balancers.plane, balancers.document(balancers.target(81))
        plane.ensure(balancers.spec)
        plane.apply(balancers.name, document)
        balancers.behind.remove(balancers.name)
        assert not plane.is_there(balancers.spec)
        plane.ensure(balancers.spec)
        assert plane.status(balancers.name).fingerprint == plane.fingerprint(document)

    def test_one_that_was_taken_away_has_forgotten(self, balancers: BalancerWorld) -> None:
        plane = balancers.plane
        plane.ensure(balancers.spec)
        plane.apply(balancers.name, balancers.document())
        plane.remove(balancers.spec)
        plane.ensure(balancers.spec)
        assert plane.status(balancers.name).fingerprint is None

    def test_many_may_tell_and_ask_at_once(self, balancers: BalancerWorld) -> None:
        plane = balancers.plane
        plane.ensure(balancers.spec)

        def tell(port: int) -> None:
            plane.apply(balancers.name, balancers.document(balancers.target(port)))
            assert plane.status(balancers.name).fingerprint is not None

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(tell, range(81, 105)))
        assert len(plane.status(balancers.name).targets) == 1


class TestTargets:
    def test_their_states_are_as_they_were_told(self, balancers: BalancerWorld) -> None:
        plane = balancers.plane
        plane.ensure(balancers.spec)
        held = balancers.target(82, mode=TargetMode.HELD, reason="the instance is stopped")
        leaving = balancers.target(83, mode=TargetMode.DRAINING, drain_until_s=4e9)
        plane.apply(balancers.name, balancers.document(balancers.target(81), held, leaving))
        found = {health.target_id: health for health in plane.status(balancers.name).targets}
        active = found[balancers.target(81).id]
        assert active.state in {TargetState.INITIAL, TargetState.UNHEALTHY, TargetState.HEALTHY}
        unused, draining = found[held.id], found[leaving.id]
        assert (unused.state, unused.reason) == (TargetState.UNUSED, "Target.InvalidState")
        assert draining.state is TargetState.DRAINING
        assert draining.reason == "Target.DeregistrationInProgress"
        assert {health.in_flight for health in found.values()} == {0}
        assert {health.group_id for health in found.values()} == {leaving.id.partition("/")[0]}

    def test_a_held_target_begins_anew(self, balancers: BalancerWorld) -> None:
        plane, target = balancers.plane, balancers.target(81)
        plane.ensure(balancers.spec)
        plane.apply(balancers.name, balancers.document(replace(target, mode=TargetMode.HELD)))
        plane.apply(balancers.name, balancers.document(target))
        (health,) = plane.status(balancers.name).targets
        assert health.state is not TargetState.UNUSED

    def test_idle_and_unknown_ones_are_drained(self, balancers: BalancerWorld) -> None:
        plane = balancers.plane
        plane.ensure(balancers.spec)
        assert plane.in_flight(balancers.name, ["unknown"]) == {}
        leaving = balancers.target(83, mode=TargetMode.DRAINING, drain_until_s=4e9)
        plane.apply(balancers.name, balancers.document(leaving))
        assert plane.in_flight(balancers.name, [leaving.id, "unknown"]) == {}
        assert plane.in_flight(balancers.name, []) == {}


class TestFigures:
    def test_it_has_figures_and_a_log_of_whole_lines(self, balancers: BalancerWorld) -> None:
        plane = balancers.plane
        plane.ensure(balancers.spec)
        plane.apply(balancers.name, balancers.document(balancers.target(81)))
        figures = plane.metrics(balancers.name)
        assert {"since", "counters", "groups", "balancer", "minutes"} <= figures.keys()
        lines = list(plane.logs(balancers.name, 10, follow=False))
        assert all(line.endswith(b"\n") and json.loads(line) for line in lines)
        assert list(plane.logs(balancers.name, 1, follow=False)) == lines[-1:]
        assert list(plane.logs(balancers.name, 0, follow=False)) == []

    def test_a_log_that_is_followed_ends_when_it_is_closed(self, balancers: BalancerWorld) -> None:
        plane = balancers.plane
        plane.ensure(balancers.spec)
        plane.apply(balancers.name, balancers.document())
        followed = plane.logs(balancers.name, 10, follow=True)
        with ThreadPoolExecutor(1) as pool:
            lines = pool.submit(list, followed)
            followed.close()
            lines.result(timeout=10)
        followed.close()
        assert list(followed) == []
