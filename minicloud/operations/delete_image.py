"""Delete image: its record is deregistered and the engine's copy removed."""

from __future__ import annotations

from dataclasses import replace

from minicloud.domain.derived_ids import snapshot_id
from minicloud.domain.image import ImageState
from minicloud.domain.ledger import LedgerKind
from minicloud.domain.operation import Json
from minicloud.operations import image_records
from minicloud.operations.definition import Definition, Run, Step
from minicloud.ports.store import Transaction

KIND = "delete-image"


def _remove(run: Run) -> Json:
    # An image that ships with minicloud serves every cloud of this engine: only our record goes.
    if run.input["is_own"]:
        image_records.discard(run)
    return {}


def _record_deregistered(run: Run, transaction: Transaction, _output: Json) -> None:
    image = image_records.require_image(transaction, run.input["image_id"])
    transaction.images.save(replace(image, state=ImageState.DEREGISTERED))
    transaction.resource_tags.remove(snapshot_id(image.id))
    image_records.append_image(run, transaction, LedgerKind.IMAGE_DELETED, image)


DELETE_IMAGE = Definition(
    kind=KIND,
    steps=(Step("remove-image", _remove, record=_record_deregistered),),
    point_of_no_return="remove-image",
)
