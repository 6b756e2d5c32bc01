"""Build images: make what ships with minicloud, and register what can be launched."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from minicloud.domain.image import Image, ImageState
from minicloud.domain.operation import Json
from minicloud.operations.definition import Definition, Run, Step
from minicloud.ports.image_builder import BuildProgress
from minicloud.ports.store import Transaction

KIND = "build-images"


def _build(run: Run) -> Json:
    names = run.input["names"]
    built: Json = {}
    for done_count, name in enumerate(names):

        def report(progress: BuildProgress, done_count: int = done_count) -> None:
            part = progress.fraction or 0.0
            run.report(f"{progress.recipe}: {progress.message}", (done_count + part) / len(names))

        image = run.world.builder.ensure(name, report)
        stored = run.world.engine.image(image.reference)
        built[name] = {
            "reference": image.reference,
            "content_key": image.content_key,
            "size_bytes": 0 if stored is None else stored.size_bytes,
            "layer_count": 0 if stored is None else stored.layer_count,
        }
    return built


def _register(run: Run, transaction: Transaction, built: Json) -> None:
    now = run.world.clock.now()
    descriptions = {recipe.name: recipe.description for recipe in run.world.builder.recipes()}
    for name, image_id in run.input["image_ids"].items():
        known = [i for i in transaction.images.all() if i.is_live and i.recipe == name]
        if any(image.content_key == built[name]["content_key"] for image in known):
            continue
        for outdated in known:
            transaction.images.save(replace(outdated, state=ImageState.DEREGISTERED))
        transaction.images.add(_record(name, image_id, descriptions[name], built[name], now))


def _record(name: str, image_id: str, description: str, built: Json, now: datetime) -> Image:
    return Image(
        id=image_id,
        name=name,
        reference=built["reference"],
        state=ImageState.AVAILABLE,
        created_at=now,
        description=description,
        size_bytes=built["size_bytes"],
        layer_count=built["layer_count"],
        recipe=name,
        content_key=built["content_key"],
    )


BUILD_IMAGES = Definition(kind=KIND, steps=(Step("build", _build, record=_register),))
