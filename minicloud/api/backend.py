"""What the routes are given: the services, and how to look around from a record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from minicloud.api.balancer_views import Balancing
from minicloud.api.views import Surroundings, View, operation_view
from minicloud.domain.aws_endpoint import EndpointState
from minicloud.domain.engine_kind import EngineKind
from minicloud.domain.network import Place
from minicloud.domain.operation import Operation
from minicloud.ports.edge import EdgeMode
from minicloud.ports.store import Store, Transaction
from minicloud.services.addresses import AddressService
from minicloud.services.aws_endpoint import AwsEndpointService
from minicloud.services.balancers import BalancerService
from minicloud.services.bills import BillService
from minicloud.services.budgets import BudgetService
from minicloud.services.certificates import CertificateService
from minicloud.services.clock import ClockService
from minicloud.services.cloud import CloudService
from minicloud.services.comparisons import ComparisonService
from minicloud.services.images import ImageService
from minicloud.services.instances import InstanceService
from minicloud.services.ledger import LedgerService
from minicloud.services.listeners import ListenerService
from minicloud.services.operations import OperationService
from minicloud.services.prices import PriceService
from minicloud.services.reservations import ReservationService
from minicloud.services.resetting import ResetService
from minicloud.services.rules import RuleService
from minicloud.services.scaling import ScalingService
from minicloud.services.target_groups import TargetGroupService
from minicloud.services.usage import UsageService


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
    resetting: ResetService
    instances: InstanceService
    images: ImageService
    addresses: AddressService
    scaling: ScalingService
    balancers: BalancerService
    target_groups: TargetGroupService
    listeners: ListenerService
    rules: RuleService
    certificates: CertificateService
    operations: OperationService
    ledger: LedgerService
    bills: BillService
    budgets: BudgetService
    prices: PriceService
    reservations: ReservationService
    comparisons: ComparisonService
    usage: UsageService
    store: Store
    clock: ClockService
    server: ServerFacts
    aws_endpoint: AwsEndpointService
    aws_state: Callable[[], EndpointState]
    quiesce: Callable[[], None]
    exit: Callable[[], None]

    def surroundings(self) -> Surroundings:
        """What views need of the records around a record."""
        with self.store.read() as transaction:
            return _surroundings(transaction)

    def balancing(self) -> Balancing:
        """What views of load balancing need of the records around a record."""
        with self.store.read() as transaction:
            return Balancing.of(transaction, _surroundings(transaction))

    def operation_views(self, operations: Sequence[Operation]) -> list[View]:
        """The operations as clients see them."""
        return [operation_view(o, self.operations.progress(o.id)) for o in operations]


def _surroundings(transaction: Transaction) -> Surroundings:
    cloud = transaction.cloud()
    return Surroundings(
        place=None if cloud.place is None else Place(cloud.place),
        edge_is_loopback=cloud.edge_mode == EdgeMode.LOOPBACK,
        is_simulated=cloud.engine is EngineKind.SIMULATED,
        addresses=transaction.addresses.all(),
        image_names={image.id: image.name for image in transaction.images.all()},
        instance_names={instance.id: instance.name for instance in transaction.instances.all()},
        operation_of=_subjects(transaction.operations.unfinished()),
    )


def _subjects(operations: Sequence[Operation]) -> dict[str, str]:
    subjects: dict[str, Any] = {}
    for operation in operations:
        for key in ("instance_id", "old_instance_id", "new_instance_id", "balancer_id"):
            if key in operation.input:
                subjects[operation.input[key]] = operation.id
    return subjects
