"""A whole cloud for unit tests: real store, runner and services; engine, edge and clock are fakes.

Its server can be killed at any boundary of a step, as ``SIGKILL`` would, and started again over the
same records and the same engine.
"""

from __future__ import annotations

import functools
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import pytest

from minicloud.adapters.prices import ShippedPriceBooks
from minicloud.controllers.keep_balancers import BalancerKeeper
from minicloud.controllers.meter import Meter
from minicloud.controllers.reconcile import Reconciler
from minicloud.domain.address import Address
from minicloud.domain.balancer import Balancer
from minicloud.domain.errors import MiniCloudError
from minicloud.domain.instance import Instance
from minicloud.domain.operation import Operation, OperationStatus
from minicloud.operations.definition import Definition, Run, World
from minicloud.operations.progress import ProgressBoard
from minicloud.operations.registry import DEFINITIONS
from minicloud.operations.runner import Patience, Runner
from minicloud.ports.edge import EdgeSpec, Route
from minicloud.services.addresses import AddressService
from minicloud.services.balancer_fleet import BalancerFleet, Pace
from minicloud.services.balancers import BalancerService, CreateBalancer, Front
from minicloud.services.balancing_tags import BalancingTagService
from minicloud.services.bills import BillService
from minicloud.services.budgets import BudgetService
from minicloud.services.certificates import CertificateService
from minicloud.services.clock import ClockService
from minicloud.services.cloud import CloudService
from minicloud.services.comparisons import ComparisonService
from minicloud.services.configuring import Configuring
from minicloud.services.images import ImageRequest, ImageService
from minicloud.services.infrastructure import Infrastructure
from minicloud.services.instances import InstanceService
from minicloud.services.launching import LaunchRequest
from minicloud.services.ledger import LedgerService
from minicloud.services.listeners import ListenerService
from minicloud.services.operations import OperationService
from minicloud.services.prices import PriceService
from minicloud.services.public_slots import PublicSlots
from minicloud.services.reservations import ReservationService
from minicloud.services.resetting import ResetService
from minicloud.services.rules import RuleService
from minicloud.services.scaling import ScaleUpRequest, ScalingService
from minicloud.services.tags import TagService
from minicloud.services.target_groups import TargetGroupService, TargetRef
from minicloud.services.usage import UsageService
from tests.fakes.balancer_plane import FakeBalancer, FakeBalancerPlane
from tests.fakes.builder import FakeBuilder
from tests.fakes.certificates import FakeAuthority
from tests.fakes.edge import FakeEdge
from tests.fakes.engine import FakeEngine, TickingClock
from tests.fakes.engine_world import SavedWorld
from tests.fakes.host_ports import FakeHostPorts
from tests.unit.stores import CLOUD_ID, CLOUD_NAME, FlakyStore, new_records, shelf

# Long enough that only a hang meets it: nothing here waits for time to pass.
HANG_S = 20.0
_PACE = Pace(first_delay_s=0.0005, longest_delay_s=0.001)
_IMPATIENT = Patience(first_delay_s=0.0005, longest_delay_s=0.001, roll_forward_attempts=5)


class Killed(BaseException):
    """The server is dead: no ``except Exception`` of ours may see it."""


@dataclass(frozen=True)
class Moment:
    """A boundary of a step: ``started``, ``acted``, ``undoing`` or ``undid``."""

    step: str
    name: str


@dataclass(frozen=True)
class Failure:
    """Let a step fail as a step of the world would, at one of its moments."""

    at: Moment
    error: MiniCloudError


@dataclass(frozen=True)
class Saved:
    """A cloud at rest: its file, and the world around it."""

    records: bytes
    now: datetime
    engine: SavedWorld
    edge: EdgeSpec | None
    routes: dict[str, Route]
    edition: int
    balancers: dict[str, FakeBalancer]


@functools.cache
def prepared(prepare: Callable[[Cloud], object]) -> Saved:
    """What ``prepare`` makes of a cloud that has its images; made once for all that begin so."""
    cloud = Cloud()
    cloud.build()
    prepare(cloud)
    cloud.close()
    return Saved(
        cloud.database.read_bytes(),
        cloud.clock.now(),
        cloud.engine.save(),
        cloud.edge.spec,
        cloud.edge.seen(),
        cloud.builder.edition,
        cloud.plane.save(),
    )


class Cloud:
    """A cloud, its world, and the means to kill its server."""

    def __init__(self, saved: Saved | None = None) -> None:
        self.database, self._records = shelf().take(
            new_records() if saved is None else saved.records
        )
        self.clock = TickingClock() if saved is None else TickingClock(saved.now)
        self.engine = FakeEngine(self.clock)
        self.edge = FakeEdge()
        self.plane = FakeBalancerPlane(self.clock)
        self.builder = FakeBuilder(self.engine)
        self.host_ports = FakeHostPorts()
        if saved is not None:
            self.engine.load(saved.engine)
            self.edge.load(saved.edge, saved.routes)
            self.builder.edition = saved.edition
            self.plane.load(saved.balancers)
        self.killed = threading.Event()
        self._kill_at: Moment | None = None
        self._failures: list[Failure] = []
        self._hooks: dict[Moment, Callable[[], None]] = {}
        self._repeating: dict[Moment, Definition] = {}
        self.repeated: list[str] = []
        self._boot()

    def _boot(self) -> None:
        self.store = FlakyStore(self._records)
        self.time = ClockService(self.store, self.clock)
        self.infrastructure = Infrastructure(self.store, self.engine, self.edge, self.builder)
        self.fleet = BalancerFleet(self.store, self.plane, self.infrastructure, _PACE)
        self.world = World(
            cloud_id=CLOUD_ID,
            cloud_name=CLOUD_NAME,
            engine=self.engine,
            router=self.infrastructure,
            balancers=self.fleet,
            builder=self.builder,
            store=self.store,
            clock=self.time,
        )
        self.progress = ProgressBoard()
        self.runner = Runner(
            self.world, DEFINITIONS, self.progress, self._checkpoint, patience=_IMPATIENT
        )
        slots = PublicSlots(self.store, self.infrastructure, self.host_ports)
        self.reconciler = Reconciler(self.world, self.infrastructure, slots)
        self.keeper = BalancerKeeper(self.world, self.fleet)
        self.meter = Meter(self.world, self.fleet)
        self._boot_services(slots)

    def _boot_services(self, slots: PublicSlots) -> None:
        self.instances = InstanceService(self.world, self.runner, self.infrastructure, slots)
        self.images = ImageService(self.world, self.runner)
        self.addresses = AddressService(self.world, self.runner, self.infrastructure, slots)
        self.scaling = ScalingService(
            self.world, self.runner, self.infrastructure, slots, self.instances
        )
        self.clouds = CloudService(self.world, self.infrastructure, self.instances, self.fleet)
        configuring = Configuring(self.world, self.runner)
        self.balancers = BalancerService(self.world, self.runner, self.fleet, slots, configuring)
        self.target_groups = TargetGroupService(self.world, self.runner, self.fleet, configuring)
        self.listeners = ListenerService(self.world, configuring)
        self.rules = RuleService(self.world, configuring)
        self.balancing_tags = BalancingTagService(configuring)
        self.authority = FakeAuthority()
        self.certificates = CertificateService(self.world, self.authority)
        self.operations = OperationService(self.store, self.progress)
        self.resetting = ResetService(self.world, self.runner, self.operations)
        self.ledger = LedgerService(self.store)
        self.usage = UsageService(self.store, self.time)
        self.prices = PriceService(ShippedPriceBooks(), self.store, self.time)
        self.bills = BillService(self.store, self.prices, self.time)
        self.budgets = BudgetService(self.store, self.bills, self.prices, self.time)
        self.reservations = ReservationService(self.store, self.prices, self.time)
        self.tags = TagService(self.store, self.time)
        self.comparisons = ComparisonService(self.store, self.prices, self.time)

    # Killing and failing.

    def kill_at(self, moment: Moment) -> None:
        """Let the server die when an operation next comes to this moment."""
        self.killed.clear()
        self._kill_at = moment

    def fail_at(self, moment: Moment, error: MiniCloudError) -> None:
        """Let a step fail when an operation next comes to this moment."""
        self._failures.append(Failure(moment, error))

    def on_moment(self, moments: Sequence[Moment], action: Callable[[], None]) -> None:
        """Do something to the world when an operation comes to each of these moments."""
        self._hooks.update(dict.fromkeys(moments, action))

    def repeat_at(self, moment: Moment, definition: Definition) -> None:
        """Let a step be done a second time when it has been done."""
        self._repeating[moment] = definition

    @property
    def has_failed(self) -> bool:
        """Whether every arranged failure of a step has happened."""
        return not self._failures

    def _checkpoint(self, operation: Operation, step_name: str, moment: str) -> None:
        here = Moment(step_name, moment)
        if here in self._repeating:
            self._repeat(self._repeating.pop(here), operation, step_name)
        if here in self._hooks:
            self._hooks.pop(here)()
        if here == self._kill_at:
            self._kill_at = None
            self.killed.set()
            raise Killed
        for failure in self._failures:
            if failure.at == here:
                self._failures.remove(failure)
                raise failure.error

    def _repeat(self, definition: Definition, operation: Operation, step_name: str) -> None:
        step = next(step for step in definition.steps if step.name == step_name)
        outputs = {name: record.output for name, record in operation.steps.items()}
        step.do(
            Run(operation.id, operation.input, self.world, lambda _message, _part: None, outputs)
        )
        self.repeated.append(step_name)

    def await_death(self) -> None:
        """Wait for the death that was arranged; it must come."""
        assert self.killed.wait(HANG_S), "the server was never killed: the fault did not fire"

    def restart(self) -> list[Operation]:
        """Start a new server over the same records and world, and let it bring all to its end."""
        self.runner.stop()
        self._boot()
        return self.finish(self.runner.resume())

    def close(self) -> None:
        self.runner.stop()
        shelf().put_back(self.database, self._records)

    # Waiting.

    def finish_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let every operation have ended when the request that began it returns."""
        launch = self.runner.launch

        def launch_and_finish(operation: Operation) -> None:
            launch(operation)
            self.finish([operation])

        monkeypatch.setattr(self.runner, "launch", launch_and_finish)

    def wait_until(self, condition: Callable[[], bool], nudge: Callable[[], None]) -> None:
        """Nudge a thread until it has done what it should; the time-out is for a hang alone."""
        deadline_s = time.monotonic() + HANG_S
        while not condition():
            assert time.monotonic() < deadline_s, "it never came"
            nudge()

    def finish(self, operations: Sequence[Operation]) -> list[Operation]:
        """The operations when they have ended, well or not."""
        ended = []
        for operation in operations:
            seen_version = 0
            now = self.operations.show(operation.id)
            while not now.status.has_ended:
                progress = self.progress.wait(operation.id, seen_version, HANG_S)
                assert progress.version > seen_version, f"{operation.kind} hangs: {now}"
                seen_version = progress.version
                now = self.operations.show(operation.id)
            ended.append(now)
        return ended

    def succeed(self, operations: Sequence[Operation]) -> list[Operation]:
        """The operations when they have all ended well."""
        ended = self.finish(operations)
        for operation in ended:
            assert operation.status is OperationStatus.SUCCEEDED, operation.error
        return ended

    # What a user does, waited for.

    def build(self) -> None:
        self.succeed(self.images.build([]))

    def launch(
        self, name: str = "web", type_name: str = "t3.micro", image: str = "web"
    ) -> Instance:
        made, operations = self.instances.launch(LaunchRequest(image, type_name, name))
        self.succeed(operations)
        return self.instances.show(made[0].id)

    def allocate(self, name: str | None = None) -> Address:
        address, operation = self.addresses.allocate(name, {})
        self.succeed([operation])
        return self.addresses.show(address.allocation_id)

    def associate(self, address: Address | str, instance: Instance | str) -> None:
        ref = address if isinstance(address, str) else address.allocation_id
        instance_ref = instance if isinstance(instance, str) else instance.id
        self.succeed(self.addresses.associate(ref, instance_ref, reassociation_allowed=True))

    def stop(self, ref: str) -> Instance:
        self.succeed(self.instances.stop(ref))
        return self.instances.show(ref)

    def start(self, ref: str) -> Instance:
        self.succeed(self.instances.start(ref))
        return self.instances.show(ref)

    def create_image(self, instance: str, name: str, *, reboot: bool = True) -> str:
        image, operation = self.images.create(ImageRequest(instance, name, reboot=reboot))
        self.succeed([operation])
        return image.id

    def scale_up(
        self, instance: str, type_name: str = "t3.large", *, reboot: bool = True
    ) -> Operation:
        request = ScaleUpRequest(instance, type_name, reboot=reboot)
        return self.succeed(self.scaling.scale_up(request))[0]

    def balance(self, name: str, *instances: str, front: Front | None = None) -> Balancer:
        """Make a balancer in front of these instances, in the short form."""
        wanted = front or Front(instances=instances)
        _, operations = self.balancers.create(CreateBalancer(name, front=wanted))
        self.succeed(operations)
        return self.balancers.show(name)

    def register(self, group: str, *instances: str) -> None:
        refs = [TargetRef(instance) for instance in instances]
        self.succeed(self.target_groups.register(group, refs))

    def deregister(self, group: str, *instances: str) -> None:
        refs = [TargetRef(instance) for instance in instances]
        self.succeed(self.target_groups.deregister(group, refs))

    # What is there.

    def public_ip(self, instance: Instance | str) -> str | None:
        """The address at which the machine is reached, by the records."""
        shown = self.instances.show(instance if isinstance(instance, str) else instance.id)
        elastic = [a.public_ip for a in self.addresses.list_all() if a.instance_id == shown.id]
        return elastic[0] if elastic else shown.public_ip

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What the file itself holds."""
        connection = sqlite3.connect(self.database)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()
