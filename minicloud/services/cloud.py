"""The cloud as a whole: its status, its settings, and taking it away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from minicloud.domain import naming
from minicloud.domain.errors import Conflict, MiniCloudError
from minicloud.domain.ids import IdKind, is_id
from minicloud.domain.instance import InstanceState
from minicloud.domain.network import Place
from minicloud.domain.settings import Settings
from minicloud.operations.definition import World
from minicloud.ports.engine import EngineInfo
from minicloud.ports.store import CloudRecord, Transaction
from minicloud.services.balancer_fleet import BalancerFleet
from minicloud.services.capacity import placed_types
from minicloud.services.infrastructure import Infrastructure
from minicloud.services.instances import InstanceService

_PARALLEL_REMOVALS = 8


@dataclass(frozen=True)
class Capacity:
    """What the machines take of what may be given. Limits include the overcommit."""

    vcpus_used: int
    vcpus_limit: int
    memory_mib_used: int
    memory_mib_limit: int


@dataclass(frozen=True)
class CloudStatus:
    """How the cloud stands. ``engine`` is None, with ``engine_error``, where none answers."""

    cloud: CloudRecord
    settings: Settings
    engine: EngineInfo | None
    engine_error: MiniCloudError | None
    capacity: Capacity | None
    instance_counts: dict[InstanceState, int]
    image_count: int
    address_count: int
    operations_running: int
    balancer_count: int


class CloudService:
    """Everything that can be asked of the cloud itself."""

    def __init__(
        self,
        world: World,
        infrastructure: Infrastructure,
        instances: InstanceService,
        fleet: BalancerFleet,
    ) -> None:
        self._world = world
        self._infrastructure = infrastructure
        self._instances = instances
        self._fleet = fleet

    def status(self) -> CloudStatus:
        """How the cloud stands now, with or without an engine."""
        engine, engine_error = self._engine()
        with self._world.store.read() as transaction:
            instances = transaction.instances.all()
            placed = placed_types(instances)
            settings = transaction.settings()
            return CloudStatus(
                cloud=transaction.cloud(),
                settings=settings,
                engine=engine,
                engine_error=engine_error,
                capacity=None
                if engine is None
                else Capacity(
                    sum(placed_type.vcpus for placed_type in placed),
                    int(engine.cpu_count * settings.cpu_overcommit),
                    sum(placed_type.memory_mib for placed_type in placed),
                    int(engine.memory_mib * settings.memory_overcommit),
                ),
                instance_counts=dict(Counter(i.state for i in instances)),
                image_count=sum(image.is_live for image in transaction.images.all()),
                address_count=len(transaction.addresses.all()),
                operations_running=len(transaction.operations.unfinished()),
                balancer_count=len(transaction.balancers.all()),
            )

    def settings(self) -> Settings:
        """The cloud's settings."""
        with self._world.store.read() as transaction:
            return transaction.settings()

    def change_settings(self, change: Callable[[Settings], Settings]) -> Settings:
        """Set what ``change`` makes of the present settings.

        ``ResourceInUse`` where the region would change under what is in it.
        """
        with self._world.store.write() as transaction:
            before = transaction.settings()
            settings = change(before)
            if settings.region != before.region:
                _require_no_resources(transaction, before.region)
            transaction.save_settings(settings)
        return settings

    def place(self) -> Place:
        """The cloud's share of the address space; its network is made first where it has none."""
        self._infrastructure.ready()
        return self._infrastructure.place()

    def purge(self, report: Callable[[str], None], *, with_built_images: bool) -> None:
        """Take away every object of this cloud in the engine; its records are the caller's.

        Objects are found by the cloud's label, which is this cloud's alone. Call it when no
        operation runs any more.
        """
        engine = self._world.engine
        labels = {naming.CLOUD_LABEL: self._world.cloud_id}
        edge_name = naming.container_name(self._world.cloud_name, "edge")
        self._remove_balancers(report)
        machines = [c.name for c in engine.containers(labels) if c.name != edge_name]
        with ThreadPoolExecutor(_PARALLEL_REMOVALS) as threads:
            for name, _ in zip(machines, threads.map(engine.ensure_removed, machines), strict=True):
                report(f"removed {name}")
        self._infrastructure.remove()
        report("removed the edge and the network")
        for image in engine.images(labels):
            for reference in image.references or (image.engine_id,):
                engine.ensure_image_removed(reference)
                report(f"removed image {reference}")
        if with_built_images:
            self._remove_built_images(report)

    def _remove_balancers(self, report: Callable[[str], None]) -> None:
        """Take away balancers with their disks, those too that the records have lost."""
        labels = {naming.CLOUD_LABEL: self._world.cloud_id}
        found = {
            c.labels.get(naming.RESOURCE_LABEL, "") for c in self._world.engine.containers(labels)
        }
        with self._world.store.read() as transaction:
            recorded = {balancer.id for balancer in transaction.balancers.all()}
        ids = sorted(recorded | {ref for ref in found if is_id(IdKind.BALANCER, ref)})
        with ThreadPoolExecutor(_PARALLEL_REMOVALS) as threads:
            for ref, _ in zip(ids, threads.map(self._fleet.take_away, ids), strict=True):
                report(f"removed {naming.container_name(self._world.cloud_name, ref)}")

    def _remove_built_images(self, report: Callable[[str], None]) -> None:
        for recipe in reversed(self._world.builder.recipes()):
            reference = self._world.builder.reference(recipe.name)
            try:
                self._world.engine.ensure_image_removed(reference)
            except Conflict as error:
                report(f"kept {reference}: {error.message}")
            else:
                report(f"removed image {reference}")

    def _engine(self) -> tuple[EngineInfo | None, MiniCloudError | None]:
        try:
            return self._world.engine.info(), None
        except MiniCloudError as error:
            return None, error


def _require_no_resources(transaction: Transaction, region: str) -> None:
    """What was made in a region stays in it: its zone, its names and its price are the region's."""
    has_images = any(image.recipe is None and image.is_live for image in transaction.images.all())
    resources = {
        "instances": bool(transaction.instances.all()),
        "images of its own": has_images,
        "addresses": bool(transaction.addresses.all()),
        "load balancers": bool(transaction.balancers.all()),
        "target groups": bool(transaction.target_groups.all()),
        "reservations": bool(transaction.reservations.all()),
    }
    found = [name for name, is_there in resources.items() if is_there]
    if found:
        raise Conflict(
            "ResourceInUse",
            f"the cloud has {', '.join(found)} in {region}, its records of past ones included",
            "use another cloud for another region: minicloud --cloud NAME up --region REGION",
        )
