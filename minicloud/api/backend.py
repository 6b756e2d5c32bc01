"""What the routes are given: the services, and how to look around from a record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from minicloud.api.views import Surroundings, View, operation_view
from minicloud.domain.network import Place
from minicloud.domain.operation import Operation
from minicloud.ports.clock import Clock
from minicloud.ports.edge import EdgeMode
from minicloud.ports.store import Store
from minicloud.services.addresses import AddressService
from minicloud.services.cloud import CloudService
from minicloud.services.images import ImageService
from minicloud.services.instances import InstanceService
from minicloud.services.ledger import LedgerService
from minicloud.services.operations import OperationService
from minicloud.services.scaling import ScalingService


@dataclass(frozen=True)
class ServerFacts:
    """The process that serves."""

    pid: int
    version: str
    started_at: datetime
    home: str
    log: str


@dataclass(frozen=True)
class Backend:
    """Everything behind the routes. ``quiesce`` ends operations and loops, ``exit`` the process."""

    cloud: CloudService
    instances: InstanceService
    images: ImageService
    addresses: AddressService
    scaling: ScalingService
    operations: OperationService
    ledger: LedgerService
    store: Store
    clock: Clock
    server: ServerFacts
    quiesce: Callable[[], None]
    exit: Callable[[], None]

    def surroundings(self) -> Surroundings:
        """What views need of the records around a record."""
        with self.store.read() as transaction:
            cloud = transaction.cloud()
            instances = transaction.instances.all()
            addresses = transaction.addresses.all()
            images = transaction.images.all()
            operations = transaction.operations.unfinished()
        return Surroundings(
            place=None if cloud.place is None else Place(cloud.place),
            edge_is_loopback=cloud.edge_mode == EdgeMode.LOOPBACK,
            addresses=addresses,
            image_names={image.id: image.name for image in images},
            instance_names={instance.id: instance.name for instance in instances},
            operation_of=_subjects(operations),
        )

    def operation_views(self, operations: Sequence[Operation]) -> list[View]:
        """The operations as clients see them."""
        return [operation_view(o, self.operations.progress(o.id)) for o in operations]


def _subjects(operations: Sequence[Operation]) -> dict[str, str]:
    subjects: dict[str, Any] = {}
    for operation in operations:
        for key in ("instance_id", "old_instance_id", "new_instance_id"):
            if key in operation.input:
                subjects[operation.input[key]] = operation.id
    return subjects
