"""Images, commands and events: what every engine must do, the fake and Docker."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from minicloud.domain.errors import Conflict, NotFound
from minicloud.ports.engine import ContainerStatus, EngineEvent, ExecOutput
from tests.contract.world import (
    CONFIG,
    World,
    launch,
    raw,
    shell,
    wait_for,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


class TestImages:
    def test_commit_has_exactly_the_labels(self, world: World) -> None:
        name = launch(world).name
        labels = {"mctest.image": "ami", **world.labels}
        image = world.engine.commit(name, world.reference("1"), labels)
        assert image.references == (world.reference("1"),)
        assert image.labels == labels
        assert image.size_bytes > 0
        assert world.engine.image(world.reference("1")) == image
        found = world.engine.container(name)
        assert found is not None
        assert found.status is ContainerStatus.RUNNING

    def test_commit_again_leaves_one(self, world: World) -> None:
        name = launch(world).name
        labels = {"mctest.image": "ami", **world.labels}
        first = world.engine.commit(name, world.reference("1"), labels)
        if world.is_real:
            shell(world, name, "touch /home/more")
        second = world.engine.commit(name, world.reference("1"), labels)
        assert second.engine_id != first.engine_id
        assert list(world.engine.images(labels)) == [second]

    def test_commit_never_takes_a_foreign_name(self, world: World) -> None:
        name = launch(world).name
        world.engine.commit(name, world.reference("1"), {"mctest.image": "x", **world.labels})
        with pytest.raises(Conflict) as caught:
            world.engine.commit(name, world.reference("1"), {"mctest.image": "y"})
        assert caught.value.code == "NameTaken"

    def test_machines_from_it_carry_its_labels_and_theirs(self, world: World) -> None:
        name = launch(world).name
        labels = {"mctest.ami": "1", **world.labels}
        world.engine.commit(name, world.reference("1"), labels)
        made = world.engine.ensure_container(world.spec("b", image=world.reference("1")))
        assert made.labels == {**labels, **world.spec("b").labels}

    @pytest.mark.parametrize("flatten", [False, True])
    def test_seal(self, world: World, flatten: bool) -> None:
        name = launch(world).name
        labels = {"mctest.image": "ami", **world.labels}
        world.engine.commit(name, world.reference("1"), {**labels, "mctest.draft": "yes"})
        for _ in range(2):
            world.engine.seal(world.reference("1"), labels, "touch /home/sealed", flatten)
        image = world.engine.image(world.reference("1"))
        assert image is not None
        assert image.labels == labels
        assert image.layer_count == 1 if flatten else image.layer_count > 1
        assert [found.references for found in world.engine.images(labels)] == [image.references]
        assert [c.name for c in world.engine.containers(labels)] == []
        if world.is_real:
            config = raw(world).inspect_image(world.reference("1"))["Config"]
            kept = {key: config[key] for key in ("Cmd", "Env", "StopSignal", "WorkingDir")}
            assert kept == {key: CONFIG[key] for key in kept}
            assert not config["Entrypoint"]
            spec = world.spec("b", host=11, image=world.reference("1"))
            world.engine.ensure_container(spec)
            world.engine.ensure_started(spec.name)
            assert shell(world, spec.name, "ls /home") == b"sealed\n"

    def test_seal_of_nothing(self, world: World) -> None:
        with pytest.raises(NotFound):
            world.engine.seal(world.reference("absent"), {}, "true", flatten=False)

    def test_a_removed_image_is_gone_and_may_be_removed_again(self, world: World) -> None:
        name = launch(world).name
        reference = world.reference("1")
        world.engine.commit(name, reference, world.labels)
        image = world.engine.image(reference)
        assert image is not None
        assert image.references == (reference,)
        for _ in range(2):
            world.engine.ensure_image_removed(reference)
            assert world.engine.image(reference) is None
        assert world.engine.images(world.labels) == []

    def test_a_copy_outlives_its_source(self, world: World) -> None:
        name = launch(world).name
        source, copy = world.reference("1"), world.reference("2")
        made = world.engine.commit(name, source, {"mctest.image": "one", **world.labels})
        labels = {"mctest.image": "two", **world.labels}
        for _ in range(2):
            copied = world.engine.copy_image(source, copy, labels)
            assert (copied.references, copied.labels) == ((copy,), labels)
            assert copied.layer_count == made.layer_count
        world.engine.ensure_removed(name)
        world.engine.ensure_image_removed(source)
        assert world.engine.image(copy) == copied
        assert [image.references for image in world.engine.images(world.labels)] == [(copy,)]
        container = world.engine.ensure_container(world.spec("b", image=copy))
        assert world.engine.ensure_started(container.name).is_up
        if world.is_real:
            config = raw(world).inspect_image(copy)["Config"]
            assert {key: config[key] for key in ("Cmd", "Env", "StopSignal", "WorkingDir")} == {
                key: CONFIG[key] for key in ("Cmd", "Env", "StopSignal", "WorkingDir")
            }

    def test_a_copy_never_takes_a_foreign_name(self, world: World) -> None:
        name = launch(world).name
        world.engine.commit(name, world.reference("1"), world.labels)
        with pytest.raises(Conflict) as caught:
            world.engine.copy_image(
                world.reference("1"), world.reference("1"), {"mctest.image": "other"}
            )
        assert caught.value.code == "NameTaken"
        with pytest.raises(NotFound):
            world.engine.copy_image(world.reference("absent"), world.reference("2"), {})

    def test_an_image_in_use_stays(self, world: World) -> None:
        name = launch(world).name
        world.engine.commit(name, world.reference("1"), world.labels)
        made = world.engine.ensure_container(world.spec("b", image=world.reference("1")))
        with pytest.raises(Conflict) as caught:
            world.engine.ensure_image_removed(world.reference("1"))
        assert caught.value.code == "ImageInUse"
        assert made.name in caught.value.message
        world.engine.ensure_removed(made.name)
        world.engine.ensure_image_removed(world.reference("1"))


class TestCommands:
    def test_exec_tells_all_three(self, world: World) -> None:
        name = launch(world).name
        done = world.engine.exec(name, ["/bin/sh", "-c", "echo out; echo err >&2; exit 7"])
        assert (done.exit_code, done.stdout, done.stderr) == (7, b"out\n", b"err\n")

    def test_exec_needs_a_running_machine(self, world: World) -> None:
        made = world.engine.ensure_container(world.spec("a"))
        for call in (world.engine.exec, lambda n, a: world.engine.exec_stream(n, a, b"")):
            with pytest.raises(Conflict) as caught:
                call(made.name, ["true"])
            assert caught.value.code == "EngineConflict"

    @pytest.mark.parametrize("size", [0, 5, 3_000_000])
    def test_stream_carries_stdin_to_its_end(self, world: World, size: int) -> None:
        name = launch(world).name
        pieces = list(world.engine.exec_stream(name, ["cat"], b"x" * size))
        assert b"".join(piece.data for piece in pieces) == b"x" * size
        assert pieces[-1] == ExecOutput(pieces[-1].stream, exit_code=0)
        assert all(piece.exit_code is None for piece in pieces[:-1])

    def test_stream_keeps_outputs_apart(self, world: World) -> None:
        name = launch(world).name
        pieces = list(world.engine.exec_stream(name, ["sh", "-c", "echo a; echo b >&2"], b""))
        assert {(p.stream, p.data) for p in pieces[:-1]} == {("stdout", b"a\n"), ("stderr", b"b\n")}


class TestEvents:
    def test_whoever_did_it(self, world: World) -> None:
        since = datetime.now(UTC) if world.is_real else datetime(2029, 1, 1, tzinfo=UTC)
        name = launch(world).name
        seen: list[EngineEvent] = []
        connected = threading.Event()

        def actions() -> list[str]:
            return [event.action for event in seen]

        stream = world.engine.events(world.labels, since, connected.set)
        reader = threading.Thread(target=lambda: _collect(stream, seen), daemon=True)
        reader.start()
        assert connected.wait(5)
        world.behind.kill(name)
        wait_for(lambda: "die" in actions(), "the death")
        assert actions()[:2] == ["create", "start"], "what was before is told, too"
        assert {event.container_name for event in seen} == {name}
        assert all(world.labels.items() <= event.labels.items() for event in seen)
        assert all(event.at >= since for event in seen)
        stream.close()
        stream.close()
        reader.join(5)
        assert not reader.is_alive(), "close from another thread ends it"

    def test_of_others_are_not_heard(self, world: World) -> None:
        since = datetime(2029, 1, 1, tzinfo=UTC)
        if world.is_real:
            since = datetime.now(UTC) - timedelta(seconds=1)
        labels = {**world.labels, "mctest.machine": "b"}
        stream = world.engine.events(labels, since, lambda: None)
        world.engine.ensure_container(world.spec("a"))
        world.engine.ensure_container(world.spec("b"))
        assert next(stream).container_name == world.name("b")
        stream.close()


def _collect(stream: Iterator[EngineEvent], into: list[EngineEvent]) -> None:
    """One by one, so that another thread sees each as it comes."""
    for event in stream:
        into.append(event)
