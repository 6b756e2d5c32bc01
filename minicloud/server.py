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

from minicloud.adapters.database.store import DatabaseStore
from minicloud.adapters.docker.connection import connect_late
from minicloud.adapters.docker.engine import DockerEngine
from minicloud.adapters.docker.images.builder import DockerImageBuilder
from minicloud.adapters.edge import DockerEdge
from minicloud.adapters.host.clock import SystemClock
from minicloud.adapters.host.listening_ports import KernelPorts
from minicloud.api.app import make_app
from minicloud.api.backend import Backend, ServerFacts
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
from minicloud.services.cloud import CloudService
from minicloud.services.images import ImageService
from minicloud.services.infrastructure import Infrastructure
from minicloud.services.instances import InstanceService
from minicloud.services.ledger import LedgerService
from minicloud.services.operations import OperationService
from minicloud.services.public_slots import PublicSlots
from minicloud.services.scaling import ScalingService

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
    watch: EngineWatch


class _Process:
    """The parts of a server, in the order in which they are made, begun and ended."""

    def __init__(self, home: CloudHome, checkpoint: Checkpoint | None) -> None:
        self._home = home
        self._quiesced = threading.Lock()
        self._is_quiet = False
        self._store = DatabaseStore(home.database, _new_cloud(home))
        world, infrastructure = self._world()
        progress = ProgressBoard()
        runner = Runner(world, DEFINITIONS, progress, checkpoint or pass_boundary)
        slots = PublicSlots(self._store, infrastructure, KernelPorts())
        reconciler = Reconciler(world, infrastructure, slots)
        self._loops = _Loops(runner, reconciler, EngineWatch(world, reconciler))
        backend = self._backend(world, runner, infrastructure, slots, progress)
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
            self._loops.watch.start()
            self._uvicorn.run(sockets=[listening])
        finally:
            self._quiesce()
            self._store.close()
            self._home.socket.unlink(missing_ok=True)

    def _world(self) -> tuple[World, Infrastructure]:
        client = connect_late()
        engine = DockerEngine(client)
        builder = DockerImageBuilder(client)
        with self._store.read() as transaction:
            cloud = transaction.cloud()
        edge = DockerEdge(client, naming.container_name(cloud.name, "edge"))
        infrastructure = Infrastructure(self._store, engine, edge, builder)
        world = World(
            cloud_id=cloud.id,
            cloud_name=cloud.name,
            engine=engine,
            router=infrastructure,
            builder=builder,
            store=self._store,
            clock=SystemClock(),
        )
        return world, infrastructure

    def _backend(
        self,
        world: World,
        runner: Runner,
        infrastructure: Infrastructure,
        slots: PublicSlots,
        progress: ProgressBoard,
    ) -> Backend:
        instances = InstanceService(world, runner, infrastructure, slots)
        return Backend(
            cloud=CloudService(world, infrastructure, instances),
            instances=instances,
            images=ImageService(world, runner),
            addresses=AddressService(world, runner, infrastructure, slots),
            scaling=ScalingService(world, runner, infrastructure, slots, instances),
            operations=OperationService(self._store, progress),
            ledger=LedgerService(self._store),
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
