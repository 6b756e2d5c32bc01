"""Copy image: another image of the same disk, which stays when the first one goes.

Concurrency: the source is claimed, so that it cannot be removed while it is copied.
"""

from __future__ import annotations

from minicloud.domain import naming
from minicloud.domain.errors import MiniCloudError
from minicloud.domain.operation import Json
from minicloud.operations import image_records
from minicloud.operations.definition import Definition, Run, Step
from minicloud.ports.store import Transaction

KIND = "copy-image"


def _copy(run: Run) -> Json:
    run.report("copying the image", None)
    labels = naming.labels(run.world.cloud_id, run.input["image_id"], run.operation_id)
    copied = run.world.engine.copy_image(
        run.input["source_reference"], run.input["image_reference"], labels
    )
    return {"size_bytes": copied.size_bytes, "layer_count": copied.layer_count}


def _record_available(run: Run, transaction: Transaction, output: Json) -> None:
    image = image_records.require_image(transaction, run.input["image_id"])
    image_records.save_available(run, transaction, image, output)


def _settle_failure(run: Run, transaction: Transaction, _error: MiniCloudError) -> None:
    image_records.record_failed(run, transaction)


COPY_IMAGE = Definition(
    kind=KIND,
    steps=(Step("copy-image", _copy, record=_record_available, undo=image_records.discard),),
    settle_failure=_settle_failure,
    result=lambda run: {"image_id": run.input["image_id"]},
)
