"""The moves that several operations make with one image: freezing, sealing, and the records."""

from __future__ import annotations

from dataclasses import replace

from minicloud.domain import naming
from minicloud.domain.derived_ids import snapshot_id
from minicloud.domain.image import FLATTEN_AT_LAYERS, Image, ImageState, volume_warnings
from minicloud.domain.ledger import LedgerEntry, LedgerKind
from minicloud.domain.operation import Json
from minicloud.operations.definition import Run
from minicloud.ports.store import Transaction


def require_image(transaction: Transaction, image_id: str) -> Image:
    """The image's record; its absence would be a defect."""
    image = transaction.images.get(image_id)
    if image is None:
        raise LookupError(f"there is no record of {image_id}")
    return image


def commit(run: Run, container_name: str) -> Json:
    """Freeze the machine's disk into the operation's image."""
    world = run.world
    run.report("freezing the disk", None)
    container = world.engine.container(container_name)
    mounts = () if container is None else container.volume_mounts
    frozen = world.engine.commit(container_name, run.input["image_reference"], _labels(run))
    return {
        "size_bytes": frozen.size_bytes,
        "layer_count": frozen.layer_count,
        "warnings": list(volume_warnings(mounts)),
    }


def discard(run: Run) -> None:
    """Take the operation's image away; a stranger that has its name is let be."""
    reference = run.input["image_reference"]
    image = run.world.engine.image(reference)
    identity = naming.labels(run.world.cloud_id, run.input["image_id"])
    if image is not None and identity.items() <= image.labels.items():
        run.world.engine.ensure_image_removed(reference)


def seal(run: Run, commit_step: str) -> Json:
    """Clear from the image what belongs to one machine alone, and flatten it in good time."""
    world = run.world
    flatten = run.output(commit_step, "layer_count") >= FLATTEN_AT_LAYERS
    run.report("flattening the layers" if flatten else "clearing first-boot state", None)
    reference = run.input["image_reference"]
    world.engine.seal(reference, _labels(run), world.builder.seal_script(), flatten)
    sealed = world.engine.image(reference)
    if sealed is None:
        raise LookupError(f"the engine has lost {reference} while it was sealed")
    return {"size_bytes": sealed.size_bytes, "layer_count": sealed.layer_count}


def record_available(run: Run, transaction: Transaction, sealed: Json, commit_step: str) -> None:
    """Record that the image that was frozen and sealed can be launched from."""
    image = replace(
        require_image(transaction, run.input["image_id"]),
        warnings=tuple(run.output(commit_step, "warnings")),
    )
    save_available(run, transaction, image, sealed)


def save_available(run: Run, transaction: Transaction, image: Image, made: Json) -> None:
    """Record that an image is as the engine has made it, and can be launched from."""
    available = replace(
        image,
        state=ImageState.AVAILABLE,
        size_bytes=made["size_bytes"],
        layer_count=made["layer_count"],
    )
    transaction.images.save(available)
    append_image(run, transaction, LedgerKind.IMAGE_CREATED, available)


def record_failed(run: Run, transaction: Transaction) -> None:
    """Record that there is no such image after all."""
    image = require_image(transaction, run.input["image_id"])
    transaction.images.save(replace(image, state=ImageState.FAILED))
    transaction.resource_tags.remove(snapshot_id(image.id))


def append_image(run: Run, transaction: Transaction, kind: LedgerKind, image: Image) -> None:
    """Say in the ledger that an image is kept, or no longer."""
    facts = {"name": image.name, "size_bytes": str(image.size_bytes)}
    now = run.world.clock.now()
    transaction.ledger.append(LedgerEntry(now, kind, image.id, facts, run.operation_id))


def _labels(run: Run) -> dict[str, str]:
    return naming.labels(run.world.cloud_id, run.input["image_id"], run.operation_id)
