"""What handlers are given."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from minicloud.domain.aws_endpoint import AwsKeys
from minicloud.domain.engine_kind import EngineKind
from minicloud.domain.error_codes import class_of, error_with
from minicloud.domain.errors import Unavailable
from minicloud.domain.operation import Operation
from minicloud.domain.region import Region, region_named
from minicloud.ports.clock import Clock
from minicloud.ports.store import Store
from minicloud.services.addresses import AddressService
from minicloud.services.balancers import BalancerService
from minicloud.services.balancing_tags import BalancingTagService
from minicloud.services.bills import BillService
from minicloud.services.certificates import CertificateService
from minicloud.services.cloud import CloudService
from minicloud.services.images import ImageService
from minicloud.services.instances import InstanceService
from minicloud.services.ledger import LedgerService
from minicloud.services.listeners import ListenerService
from minicloud.services.operations import OperationService
from minicloud.services.prices import PriceService
from minicloud.services.reservations import ReservationService
from minicloud.services.rules import RuleService
from minicloud.services.tags import TagService
from minicloud.services.target_groups import TargetGroupService

# botocore's clients give up on an answer after 60 s.
_ANSWER_WITHIN_S = 50.0
_LOOKS_UP_EVERY_S = 0.5


@dataclass(frozen=True)
class AwsBackend:
    """The services, and what the wire itself needs.

    The cloud's keys also sign page tokens. ``ending`` is set when the server ends: nothing is
    waited for any longer.
    """

    cloud: CloudService
    instances: InstanceService
    images: ImageService
    addresses: AddressService
    balancers: BalancerService
    target_groups: TargetGroupService
    listeners: ListenerService
    rules: RuleService
    certificates: CertificateService
    operations: OperationService
    ledger: LedgerService
    bills: BillService
    prices: PriceService
    reservations: ReservationService
    balancing_tags: BalancingTagService
    tags: TagService
    store: Store
    clock: Clock
    keys: AwsKeys
    engine: EngineKind
    ending: threading.Event

    @property
    def region(self) -> Region:
        """The cloud's region; a read of the store, so take it once a request."""
        return region_named(self.cloud.settings().region)

    def finish(self, operations: Sequence[Operation], step_name: str | None = None) -> None:
        """Wait until these have ended, or have done the step; raise the first failure's error.

        For calls whose answer says that something *is* done. ``Unavailable`` where it takes longer
        than a client waits; the operation goes on.
        """
        deadline_s = time.monotonic() + _ANSWER_WITHIN_S
        for operation in operations:
            self._finish_one(operation.id, deadline_s, step_name)

    def _finish_one(self, operation_id: str, deadline_s: float, step_name: str | None) -> None:
        ended = self.operations.show(operation_id)
        while not (ended.status.has_ended or self.ending.is_set()):
            if step_name is not None and ended.is_done(step_name):
                return
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                break
            ended = self.operations.await_end(
                operation_id, min(left_s, _LOOKS_UP_EVERY_S), step_name
            )
        if ended.error is not None:
            error = ended.error
            raise error_with(class_of(error.code), error.code, error.message, error.resolution)
        if not ended.status.has_ended:
            waits = f": {ended.waiting_for.message}" if ended.waiting_for else ""
            raise Unavailable(
                "Unavailable",
                f"operation {operation_id} is still under way{waits}",
                f"it goes on: minicloud operation watch {operation_id}",
            )

    def signed(self, text: str) -> str:
        """A tag that only this cloud can make for ``text``: 32 hexadecimal digits."""
        secret = self.keys.secret_access_key.encode()
        return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()[:32]
