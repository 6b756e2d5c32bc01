"""What every machine of a cloud needs before it can run: the network and the edge.

Both are kept up, not operated: ``ready`` compares with what is there and mends it, at the start of
a server, before a launch, and whenever the edge is found missing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from minicloud.domain import naming
from minicloud.domain.balancer import BalancerState
from minicloud.domain.errors import CapacityExceeded, Conflict, Unavailable
from minicloud.domain.instance import InstanceState
from minicloud.domain.network import PLACES, Place
from minicloud.domain.operation import Operation
from minicloud.ports.edge import Edge, EdgeSpec, Route
from minicloud.ports.engine import Engine, NetworkSpec
from minicloud.ports.image_builder import ImageBuilder
from minicloud.ports.store import CloudRecord, Store, Transaction

T = TypeVar("T")
EDGE_RECIPE = "edge"


class Infrastructure:
    """The cloud's network and edge. Implements ``operations.definition.Router``."""

    def __init__(self, store: Store, engine: Engine, edge: Edge, builder: ImageBuilder) -> None:
        self._store = store
        self._engine = engine
        self._edge = edge
        self._builder = builder
        self._lock = threading.RLock()
        self._is_ready = False
        self._is_settled = True

    @property
    def is_settled(self) -> bool:
        """Whether the last mending met no operation under way.

        One that did may have taken back a route that was set and not recorded yet: then mend again
        when all is quiet.
        """
        return self._is_settled

    def place(self) -> Place:
        """The cloud's share of the address space."""
        with self._store.read() as transaction:
            number = transaction.cloud().place
        if number is None:
            raise Unavailable(
                "CloudNotPlaced", "the cloud has no network yet", "try again in a moment"
            )
        return Place(number)

    def ready(self) -> None:
        """Make sure that the network and the edge are there; cheap where they are known to be."""
        with self._lock:
            if not self._is_ready:
                self._mend()

    def reference(self, recipe: str) -> str:
        """The engine's name for the image of a recipe, built or not."""
        return self._builder.reference(recipe)

    def built_image(self, recipe: str) -> str | None:
        """The engine's name for the image of a recipe, if it is built."""
        reference = self.reference(recipe)
        return None if self._engine.image(reference) is None else reference

    def set_route(self, route: Route, grace_s: float) -> None:
        """Lead an address to a machine, mending the edge first if it is gone."""
        self._through_edge(lambda: self._edge.set_route(route, grace_s))

    def remove_route(self, public_ip: str) -> None:
        """Forget an address, mending the edge first if it is gone."""
        self._through_edge(lambda: self._edge.remove_route(public_ip))

    def mend(self) -> None:
        """Compare the network, the edge and every settled route with the records, and mend them."""
        with self._lock:
            self._mend()

    def remove(self) -> None:
        """Take the edge and the network away."""
        with self._lock, self._store.read() as transaction:
            cloud = transaction.cloud()
        if cloud.place is not None:
            # A cloud whose edge was never made may not even have its image.
            if cloud.edge_mode is not None:
                self._edge.remove(self._edge_spec(cloud, Place(cloud.place)))
            self._engine.remove_network(naming.network_name(cloud.name))
        self._is_ready = False

    def _through_edge(self, action: Callable[[], T]) -> T:
        self.ready()
        try:
            return action()
        except Unavailable as error:
            if error.code != "EdgeUnreachable":
                raise
            self.mend()
            return action()

    def _mend(self) -> None:
        self._is_ready = False
        if self.built_image(EDGE_RECIPE) is None:
            raise Unavailable(
                "EdgeImageMissing",
                "the image of the edge, which carries the addresses, is not built",
                "build what ships with minicloud: minicloud image build",
            )
        cloud = self._ensure_network()
        place = self.place()
        mode = self._edge.ensure(self._edge_spec(cloud, place))
        if cloud.edge_mode != mode.value:
            with self._store.write() as transaction:
                transaction.save_cloud(replace(transaction.cloud(), edge_mode=mode.value))
        with self._store.read() as transaction:
            routes = settled_routes(transaction, place)
            work_before = _work(transaction)
        self._edge.replace_routes(routes)
        with self._store.read() as transaction:
            self._is_settled = not work_before[0] and work_before == _work(transaction)
        self._is_ready = True

    def _ensure_network(self) -> CloudRecord:
        with self._store.read() as transaction:
            cloud = transaction.cloud()
        if cloud.place is not None and self._has_its_place(cloud, Place(cloud.place)):
            return cloud
        for number in range(PLACES):
            # Journalled before it is made, so that a crash leaves no network without a record.
            placed = replace(cloud, place=number)
            with self._store.write() as transaction:
                transaction.save_cloud(placed)
            try:
                self._engine.ensure_network(_network_spec(placed, Place(number)))
            except Conflict as error:
                if error.code != "SubnetTaken":
                    raise
            else:
                return placed
        with self._store.write() as transaction:
            transaction.save_cloud(replace(cloud, place=None))
        raise CapacityExceeded(
            "InsufficientAddressCapacity",
            f"all {PLACES} subnets of 172.31.0.0/16 are taken on this engine",
            "remove a cloud (minicloud --cloud NAME down --purge) or another Docker network",
        )

    def _has_its_place(self, cloud: CloudRecord, place: Place) -> bool:
        """Whether the cloud's network is there now; False where it may and must move elsewhere."""
        try:
            self._engine.ensure_network(_network_spec(cloud, place))
        except Conflict as error:
            with self._store.read() as transaction:
                # Journalled before it was tried, and the server died: nothing lies in it yet.
                is_empty = not any(
                    lying.all()
                    for lying in (
                        transaction.instances,
                        transaction.addresses,
                        transaction.balancers,
                    )
                )
            if error.code != "SubnetTaken" or not is_empty:
                raise
            return False
        return True

    def _edge_spec(self, cloud: CloudRecord, place: Place) -> EdgeSpec:
        return EdgeSpec(
            container_name=naming.container_name(cloud.name, "edge"),
            image=self._builder.reference(EDGE_RECIPE),
            network=naming.network_name(cloud.name),
            bridge=naming.bridge_name(cloud.id),
            subnet=str(place.subnet),
            private_ip=place.edge_ip,
            public_block=str(place.public_block),
            host_ports=place.host_port_block(ports_are_published=False),
            published_ports=place.host_port_block(ports_are_published=True),
            table=naming.edge_table_name(cloud.id),
            labels=naming.labels(cloud.id, "edge"),
        )


def settled_routes(transaction: Transaction, place: Place) -> list[Route]:
    """Where every address leads according to the records."""
    running = {
        instance.id: instance
        for instance in transaction.instances.all()
        if instance.state is InstanceState.RUNNING
    }
    targets: dict[int, str | None] = {
        instance.public_slot: instance.private_ip
        for instance in running.values()
        if instance.public_slot is not None
    }
    for address in transaction.addresses.all():
        holder = running.get(address.instance_id or "")
        targets[address.slot] = None if holder is None else holder.private_ip
    for balancer in transaction.balancers.all():
        if balancer.state is BalancerState.ACTIVE:
            targets[balancer.public_slot] = balancer.private_ip
    return [
        Route(place.public_ip(slot), target_ip, place.host_ports(slot))
        for slot, target_ip in sorted(targets.items())
    ]


def _work(transaction: Transaction) -> tuple[bool, Sequence[Operation]]:
    """Whether an operation is under way, and the newest there was: equal if none came and went."""
    return bool(transaction.operations.unfinished()), transaction.operations.recent(1)


def _network_spec(cloud: CloudRecord, place: Place) -> NetworkSpec:
    return NetworkSpec(
        name=naming.network_name(cloud.name),
        bridge=naming.bridge_name(cloud.id),
        subnet=str(place.subnet),
        gateway=place.gateway,
        labels=naming.labels(cloud.id, "network"),
    )
