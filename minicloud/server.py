"""The server process of one cloud, and the only place where adapters are wired to the rest.

One server a home folder, held by an operating-system lock that dies with the process. Machines,
the edge and their addresses go on without it.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
import threading
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version

import uvicorn

from minicloud.adapters.certificates import LocalAuthority
from minicloud.adapters.database.store import DatabaseStore
from minicloud.adapters.host.clock import SystemClock
from minicloud.adapters.host.exclusive import held_alone, private_socket
from minicloud.adapters.prices import ShippedPriceBooks
from minicloud.api.app import make_app
from minicloud.api.backend import Backend, ServerFacts
from minicloud.aws.backend import AwsBackend
from minicloud.aws.serving import AwsServer
from minicloud.controllers.keep_balancers import BalancerKeeper
from minicloud.controllers.meter import Meter
from minicloud.controllers.reconcile import Reconciler
from minicloud.controllers.watch_engine import EngineWatch
from minicloud.domain.aws_endpoint import EndpointState
from minicloud.domain.engine_kind import EngineKind, require_engine
from minicloud.domain.errors import MiniCloudError
from minicloud.domain.ids import IdKind, make_id
from minicloud.home import CloudHome
from minicloud.operations.definition import World
from minicloud.operations.progress import ProgressBoard
from minicloud.operations.registry import DEFINITIONS
from minicloud.operations.runner import Checkpoint, Runner, pass_boundary
from minicloud.ports.store import CloudRecord
from minicloud.services import simulated_world
from minicloud.services.addresses import AddressService
from minicloud.services.aws_endpoint import AwsEndpointService
from minicloud.services.balancer_fleet import BalancerFleet
from minicloud.services.balancers import BalancerService
from minicloud.services.balancing_tags import BalancingTagService
from minicloud.services.bills import BillService
from minicloud.services.budgets import BudgetService
from minicloud.services.certificates import CertificateService
from minicloud.services.clock import ClockService
from minicloud.services.cloud import CloudService
from minicloud.services.comparisons import ComparisonService
from minicloud.services.configuring import Configuring
from minicloud.services.images import ImageService
from minicloud.services.infrastructure import Infrastructure
from minicloud.services.instances import InstanceService
from minicloud.services.ledger import LedgerService
from minicloud.services.listeners import ListenerService
from minicloud.services.operations import OperationService
from minicloud.services.prices import PriceService
from minicloud.services.public_slots import PublicSlots
from minicloud.services.reservations import ReservationService
from minicloud.services.resetting import ResetService
from minicloud.services.rules import RuleService
from minicloud.services.scaling import ScalingService
from minicloud.services.tags import TagService
from minicloud.services.target_groups import TargetGroupService
from minicloud.services.usage import UsageService
from minicloud.wiring import adapters_of

_GRACEFUL_S = 5

log = logging.getLogger("minicloud.server")


def main(arguments: list[str] | None = None) -> int:
    """Serve a cloud until told to stop; 0 at once where another server has it."""
    parser = argparse.ArgumentParser(prog="minicloud.server", description=__doc__)
    parser.add_argument("--cloud", default="default", help="the cloud's name")
    parser.add_argument("--engine", type=EngineKind, help="what a new cloud is to be on")
    chosen = parser.parse_args(arguments)
    return serve(CloudHome(chosen.cloud), engine=chosen.engine)


def serve(
    home: CloudHome, checkpoint: Checkpoint | None = None, engine: EngineKind | None = None
) -> int:
    """Serve the cloud of this home folder.

    ``checkpoint`` is for tests that end the process. ``engine`` is what a new cloud is on (None:
    Docker); a cloud that exists is refused where it is on another.
    """
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    home.ensure()
    with held_alone(home.lock) as is_sole:
        if not is_sole:
            log.info("another server owns this cloud")
            return 0
        try:
            _Process(home, checkpoint, engine).run()
        except MiniCloudError as error:
            sys.stderr.write(f"error: {error}\n  → {error.resolution}\n")
            return error.exit_code
    return 0


@dataclass(frozen=True)
class _Loops:
    runner: Runner
    reconciler: Reconciler
    keeper: BalancerKeeper
    meter: Meter
    watch: EngineWatch


@dataclass(frozen=True)
class _Base:
    """What services are made of."""

    world: World
    infrastructure: Infrastructure
    fleet: BalancerFleet
    slots: PublicSlots
    clock: ClockService


class _Process:
    """The parts of a server, in the order in which they are made, begun and ended."""

    def __init__(
        self, home: CloudHome, checkpoint: Checkpoint | None, engine: EngineKind | None
    ) -> None:
        self._home = home
        self._quiesced = threading.Lock()
        self._is_quiet = False
        self._store = DatabaseStore(home.database, _new_cloud(home, engine))
        self._cloud = self._record(engine)
        base = self._base = self._make_base()
        self._clock = base.clock
        progress = ProgressBoard()
        runner = Runner(base.world, DEFINITIONS, progress, checkpoint or pass_boundary)
        reconciler = Reconciler(base.world, base.infrastructure, base.slots)
        keeper = BalancerKeeper(base.world, base.fleet)
        meter = Meter(base.world, base.fleet)
        watch = EngineWatch(base.world, [reconciler.wake, keeper.wake])
        self._loops = _Loops(runner, reconciler, keeper, meter, watch)
        endpoint = AwsEndpointService(self._store)
        backend = self._backend = self._make_backend(base, runner, progress, endpoint)
        self._aws = AwsServer(
            self._aws_backend(backend, endpoint, Configuring(base.world, runner)),
            endpoint,
            base.world.cloud_name,
            base.world.clock.real.now,
        )
        self._uvicorn = uvicorn.Server(
            uvicorn.Config(
                make_app(backend),
                log_config=None,
                access_log=False,
                lifespan="on",
                ws="none",
                timeout_graceful_shutdown=_GRACEFUL_S,
            )
        )

    def run(self) -> None:
        """Serve until told to stop."""
        # The lock is ours, so a socket file that is there is a dead server's.
        self._home.socket.unlink(missing_ok=True)
        listening = private_socket(self._home.socket)
        # uvicorn raises a signal that ended it once more afterwards; left to its default action
        # it would end the process before the loops have ended.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: None)
        try:
            self._resume()
            self._loops.reconciler.start()
            self._loops.keeper.start()
            self._loops.meter.start()
            self._loops.watch.start()
            self._aws.start()
            self._uvicorn.run(sockets=[listening])
        finally:
            self._quiesce()
            self._keep_time()
            self._store.close()
            self._home.socket.unlink(missing_ok=True)

    def _resume(self) -> None:
        is_simulated = self._cloud.engine is EngineKind.SIMULATED
        if is_simulated:
            simulated_world.restore(self._base.world)
        self._loops.runner.resume()
        if is_simulated:
            simulated_world.build_once(self._backend.images, self._backend.operations)

    def _record(self, engine: EngineKind | None) -> CloudRecord:
        with self._store.read() as transaction:
            cloud = transaction.cloud()
        if engine is not None:
            require_engine(cloud.name, cloud.engine, engine)
        return cloud

    def _make_base(self) -> _Base:
        cloud = self._cloud
        clock = ClockService(self._store, SystemClock())
        adapters = adapters_of(cloud, clock.real)
        infrastructure = Infrastructure(
            self._store, adapters.engine, adapters.edge, adapters.builder
        )
        fleet = BalancerFleet(self._store, adapters.balancers, infrastructure)
        world = World(
            cloud_id=cloud.id,
            cloud_name=cloud.name,
            engine=adapters.engine,
            router=infrastructure,
            balancers=fleet,
            builder=adapters.builder,
            store=self._store,
            clock=clock,
        )
        slots = PublicSlots(self._store, infrastructure, adapters.host_ports)
        return _Base(world, infrastructure, fleet, slots, clock)

    def _make_backend(
        self, base: _Base, runner: Runner, progress: ProgressBoard, endpoint: AwsEndpointService
    ) -> Backend:
        world, infrastructure, slots = base.world, base.infrastructure, base.slots
        configuring = Configuring(world, runner)
        operations = OperationService(self._store, progress)
        instances = InstanceService(world, runner, infrastructure, slots)
        prices = PriceService(ShippedPriceBooks(), self._store, world.clock)
        bills = BillService(self._store, prices, world.clock)
        return Backend(
            cloud=CloudService(world, infrastructure, instances, base.fleet),
            resetting=ResetService(world, runner, operations),
            instances=instances,
            images=ImageService(world, runner),
            addresses=AddressService(world, runner, infrastructure, slots),
            scaling=ScalingService(world, runner, infrastructure, slots, instances),
            balancers=BalancerService(world, runner, base.fleet, slots, configuring),
            target_groups=TargetGroupService(world, runner, base.fleet, configuring),
            listeners=ListenerService(world, configuring),
            rules=RuleService(world, configuring),
            certificates=CertificateService(world, LocalAuthority(world.clock.real)),
            operations=operations,
            ledger=LedgerService(self._store),
            bills=bills,
            budgets=BudgetService(self._store, bills, prices, world.clock),
            prices=prices,
            reservations=ReservationService(self._store, prices, world.clock),
            comparisons=ComparisonService(self._store, prices, world.clock),
            usage=UsageService(self._store, world.clock),
            store=self._store,
            clock=base.clock,
            server=ServerFacts(
                os.getpid(),
                version("minicloud"),
                world.clock.real.now(),
                str(self._home.folder),
                str(self._home.log),
            ),
            aws_endpoint=endpoint,
            aws_state=self._aws_state,
            quiesce=self._quiesce,
            exit=self._exit,
        )

    def _aws_backend(
        self, backend: Backend, endpoint: AwsEndpointService, configuring: Configuring
    ) -> AwsBackend:
        return AwsBackend(
            cloud=backend.cloud,
            instances=backend.instances,
            images=backend.images,
            addresses=backend.addresses,
            balancers=backend.balancers,
            target_groups=backend.target_groups,
            listeners=backend.listeners,
            rules=backend.rules,
            certificates=backend.certificates,
            operations=backend.operations,
            ledger=backend.ledger,
            bills=backend.bills,
            prices=backend.prices,
            reservations=backend.reservations,
            tags=TagService(self._store, backend.clock),
            balancing_tags=BalancingTagService(configuring),
            store=backend.store,
            clock=backend.clock,
            keys=endpoint.keys(),
            engine=self._cloud.engine,
            ending=threading.Event(),
        )

    def _aws_state(self) -> EndpointState:
        return self._aws.state()

    def _keep_time(self) -> None:
        try:
            self._clock.keep()
        except MiniCloudError as error:
            log.warning("what the clock shows could not be written down: %s", error)

    def _exit(self) -> None:
        self._uvicorn.should_exit = True

    def _quiesce(self) -> None:
        """End the loops, and every operation after the step it is in."""
        with self._quiesced:
            if not self._is_quiet:
                self._aws.stop()
                self._loops.watch.stop()
                self._loops.reconciler.stop()
                self._loops.keeper.stop()
                self._loops.meter.stop()
                self._loops.runner.stop()
                self._is_quiet = True


def _new_cloud(home: CloudHome, engine: EngineKind | None) -> CloudRecord:
    # Not random: should the records be lost, a new cloud in the same folder knows what the old one
    # has left in the engine as its own, and `down --purge` takes it away.
    place = f"{socket.gethostname()}:{os.getuid()}:{home.folder}"
    cloud_id = make_id(IdKind.CLOUD, sha256(place.encode()).hexdigest())
    return CloudRecord(cloud_id, home.name, engine=engine or EngineKind.DOCKER)


if __name__ == "__main__":
    sys.exit(main())
