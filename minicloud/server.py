"""The server process of one cloud, and the only place where adapters are wired to the rest.

One server a home folder, held by an operating-system lock that dies with the process. Machines,
the edge and their addresses go on without it.
"""

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version

import uvicorn

from minicloud.adapters.certificates import LocalAuthority
from minicloud.adapters.database.store import DatabaseStore
from minicloud.adapters.docker.connection import connect_late
from minicloud.adapters.docker.engine import DockerEngine
from minicloud.adapters.docker.images.builder import DockerImageBuilder
from minicloud.adapters.edge import DockerEdge
from minicloud.adapters.host.clock import SystemClock
from minicloud.adapters.host.listening_ports import KernelPorts
from minicloud.adapters.nginx import DockerBalancerPlane
from minicloud.adapters.prices import ShippedPriceBooks
from minicloud.api.app import make_app
from minicloud.api.backend import Backend, ServerFacts
from minicloud.controllers.keep_balancers import BalancerKeeper
from minicloud.controllers.reconcile import Reconciler
from minicloud.controllers.watch_engine import EngineWatch
from minicloud.domain import naming
from minicloud.domain.errors import MiniCloudError
from minicloud.domain.ids import IdKind, make_id
from minicloud.home import CloudHome
from minicloud.operations.definition import World
from minicloud.operations.progress import ProgressBoard
from minicloud.operations.registry import DEFINITIONS
from minicloud.operations.runner import Checkpoint, Runner, pass_boundary
from minicloud.ports.store import CloudRecord
from minicloud.services.addresses import AddressService
from minicloud.services.balancer_fleet import BalancerFleet
from minicloud.services.balancers import BalancerService
from minicloud.services.bills import BillService
from minicloud.services.certificates import CertificateService
from minicloud.services.cloud import CloudService
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
from minicloud.services.rules import RuleService
from minicloud.services.scaling import ScalingService
from minicloud.services.target_groups import TargetGroupService

_BACKLOG = 256
_GRACEFUL_S = 5

log = logging.getLogger("minicloud.server")


def main(arguments: list[str] | None = None) -> int:
    """Serve a cloud until told to stop; 0 at once where another server has it."""
    parser = argparse.ArgumentParser(prog="minicloud.server", description=__doc__)
    parser.add_argument("--cloud", default="default", help="the cloud's name")
    home = CloudHome(parser.parse_args(arguments).cloud)
    return serve(home)


def serve(home: CloudHome, checkpoint: Checkpoint | None = None) -> int:
    """Serve the cloud of this home folder. ``checkpoint`` is for tests that end the process."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    home.ensure()
    with _sole_server(home) as is_sole:
        if not is_sole:
            log.info("another server owns this cloud")
            return 0
        try:
            _Process(home, checkpoint).run()
        except MiniCloudError as error:
            sys.stderr.write(f"error: {error}\n  → {error.resolution}\n")
            return error.exit_code
    return 0


@contextmanager
def _sole_server(home: CloudHome) -> Iterator[bool]:
    with home.lock.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@dataclass(frozen=True)
class _Loops:
    runner: Runner
    reconciler: Reconciler
    keeper: BalancerKeeper
    watch: EngineWatch


@dataclass(frozen=True)
class _Base:
    """What services are made of."""

    world: World
    infrastructure: Infrastructure
    fleet: BalancerFleet
    slots: PublicSlots


class _Process:
    """The parts of a server, in the order in which they are made, begun and ended."""

    def __init__(self, home: CloudHome, checkpoint: Checkpoint | None) -> None:
        self._home = home
        self._quiesced = threading.Lock()
        self._is_quiet = False
        self._store = DatabaseStore(home.database, _new_cloud(home))
        base = self._base()
        progress = ProgressBoard()
        runner = Runner(base.world, DEFINITIONS, progress, checkpoint or pass_boundary)
        reconciler = Reconciler(base.world, base.infrastructure, base.slots)
        keeper = BalancerKeeper(base.world, base.fleet)
        watch = EngineWatch(base.world, [reconciler.wake, keeper.wake])
        self._loops = _Loops(runner, reconciler, keeper, watch)
        backend = self._backend(base, runner, progress)
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
        listening = _listen(self._home)
        # uvicorn raises a signal that ended it once more afterwards; left to its default action
        # it would end the process before the loops have ended.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: None)
        try:
            self._loops.runner.resume()
            self._loops.reconciler.start()
            self._loops.keeper.start()
            self._loops.watch.start()
            self._uvicorn.run(sockets=[listening])
        finally:
            self._quiesce()
            self._store.close()
            self._home.socket.unlink(missing_ok=True)

    def _base(self) -> _Base:
        client = connect_late()
        engine = DockerEngine(client)
        builder = DockerImageBuilder(client)
        with self._store.read() as transaction:
            cloud = transaction.cloud()
        edge = DockerEdge(client, naming.container_name(cloud.name, "edge"))
        infrastructure = Infrastructure(self._store, engine, edge, builder)
        fleet = BalancerFleet(self._store, DockerBalancerPlane(client), infrastructure)
        world = World(
            cloud_id=cloud.id,
            cloud_name=cloud.name,
            engine=engine,
            router=infrastructure,
            balancers=fleet,
            builder=builder,
            store=self._store,
            clock=SystemClock(),
        )
        slots = PublicSlots(self._store, infrastructure, KernelPorts())
        return _Base(world, infrastructure, fleet, slots)

    def _backend(self, base: _Base, runner: Runner, progress: ProgressBoard) -> Backend:
        world, infrastructure, slots = base.world, base.infrastructure, base.slots
        configuring = Configuring(world, runner)
        instances = InstanceService(world, runner, infrastructure, slots)
        prices = PriceService(ShippedPriceBooks(), world.clock)
        return Backend(
            cloud=CloudService(world, infrastructure, instances, base.fleet),
            instances=instances,
            images=ImageService(world, runner),
            addresses=AddressService(world, runner, infrastructure, slots),
            scaling=ScalingService(world, runner, infrastructure, slots, instances),
            balancers=BalancerService(world, runner, base.fleet, slots, configuring),
            target_groups=TargetGroupService(world, runner, base.fleet, configuring),
            listeners=ListenerService(world, configuring),
            rules=RuleService(world, configuring),
            certificates=CertificateService(world, LocalAuthority(world.clock)),
            operations=OperationService(self._store, progress),
            ledger=LedgerService(self._store),
            bills=BillService(self._store, prices, world.clock),
            prices=prices,
            reservations=ReservationService(self._store, prices, world.clock),
            store=self._store,
            clock=world.clock,
            server=ServerFacts(
                os.getpid(),
                version("minicloud"),
                world.clock.now(),
                str(self._home.folder),
                str(self._home.log),
            ),
            quiesce=self._quiesce,
            exit=self._exit,
        )

    def _exit(self) -> None:
        self._uvicorn.should_exit = True

    def _quiesce(self) -> None:
        """End the loops, and every operation after the step it is in."""
        with self._quiesced:
            if not self._is_quiet:
                self._loops.watch.stop()
                self._loops.reconciler.stop()
                self._loops.keeper.stop()
                self._loops.runner.stop()
                self._is_quiet = True


def _new_cloud(home: CloudHome) -> CloudRecord:
    # Not random: should the records be lost, a new cloud in the same folder knows what the old one
    # has left in the engine as its own, and `down --purge` takes it away.
    place = f"{socket.gethostname()}:{os.getuid()}:{home.folder}"
    return CloudRecord(make_id(IdKind.CLOUD, sha256(place.encode()).hexdigest()), home.name)


def _listen(home: CloudHome) -> socket.socket:
    # The lock is ours, so a socket file that is there is a dead server's.
    home.socket.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    earlier_mask = os.umask(0o177)
    try:
        listening.bind(str(home.socket))
    finally:
        os.umask(earlier_mask)
    listening.listen(_BACKLOG)
    return listening


if __name__ == "__main__":
    sys.exit(main())
