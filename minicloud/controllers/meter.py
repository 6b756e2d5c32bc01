"""The meter: once a minute it reads what machines and balancers have used, and keeps it by hours.

What was used of a balancer in an hour is told to the ledger when that hour is over, in the one
transaction that notes that it was told: a server that is killed tells it once. What cannot be read
is read the next time, and nothing that its counters counted meanwhile is lost; what is used after
the last reading of something that goes is not measured.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from minicloud.domain.balancer import Balancer, BalancerState, BalancerType
from minicloud.domain.billing.capacity import usage_entry
from minicloud.domain.catalog import instance_type
from minicloud.domain.errors import EngineUnreachable, MiniCloudError
from minicloud.domain.instance import Instance, InstanceState
from minicloud.domain.metering import (
    CPU_NS,
    KEPT,
    NEW_CONNECTIONS,
    PROCESSED_BYTES,
    REQUESTS,
    RULE_EVALUATIONS,
    BalancerLook,
    MachineLook,
    Reading,
    measure_balancer,
    measure_instance,
    over_at,
)
from minicloud.operations.definition import World
from minicloud.ports.engine import ContainerUsage
from minicloud.ports.store import Transaction
from minicloud.services.balancer_fleet import BalancerFleet

_PERIOD_S = 60.0
# A server that is started to do one thing shall not have to wait for a look when it ends.
_FIRST_AFTER_S = 10.0
_MIB = 1 << 20

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Found:
    """What there is to be read."""

    instances: Sequence[Instance]
    balancers: Sequence[Balancer]


@dataclass(frozen=True)
class _Looks:
    """What was read."""

    instances: Sequence[tuple[Reading, MachineLook]]
    balancers: Sequence[tuple[Reading, BalancerLook]]


class Meter:
    """One thread that reads, and writes down what was used since it last read."""

    def __init__(self, world: World, fleet: BalancerFleet) -> None:
        self._world = world
        self._fleet = fleet
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="meter", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the reading at hand."""
        self._stopping.set()
        self._thread.join()

    def measure_once(self) -> None:
        """Read everything once; ``EngineUnreachable`` where nothing can be read."""
        with self._world.store.read() as transaction:
            found = _find(transaction)
            is_waiting = bool(transaction.usage_hours.not_in_ledger())
        if not (found.instances or found.balancers or is_waiting):
            return
        looks = self._look(found)
        with self._world.store.write() as transaction:
            _record(transaction, looks)
            _tell_ledger(transaction)
            transaction.usage_hours.forget_before(self._world.clock.now() - KEPT)

    def _look(self, found: _Found) -> _Looks:
        names = [instance.container_name for instance in found.instances]
        names += [b.container_name for b in found.balancers if b.type is BalancerType.NETWORK]
        used = self._world.engine.usage(names)
        now = self._world.clock.now()
        instances = [
            _look_at_instance(instance, used[instance.container_name], now)
            for instance in found.instances
            if instance.container_name in used
        ]
        balancers = []
        for balancer in found.balancers:
            look = self._look_at_balancer(balancer, used)
            if look is not None:
                balancers.append(look)
        return _Looks(instances, balancers)

    def _look_at_balancer(
        self, balancer: Balancer, used: Mapping[str, ContainerUsage]
    ) -> tuple[Reading, BalancerLook] | None:
        try:
            metrics = self._fleet.metrics(balancer)
        except EngineUnreachable:
            raise
        except MiniCloudError as error:
            log.info("%s cannot be read: %s", balancer.id, error)
            return None
        counters = metrics["counters"]
        processed_bytes = counters.get("received_bytes", 0) + counters.get("sent_bytes", 0)
        if balancer.type is BalancerType.NETWORK:
            # It hands connections on without a look inside; what comes in is what it processes,
            # from clients and from targets.
            if balancer.container_name not in used:
                return None
            processed_bytes = used[balancer.container_name].received_bytes
        reading = Reading(
            balancer.id,
            self._world.clock.now(),
            self._world.clock.real.now(),
            str(metrics["since"]),
            {
                REQUESTS: counters.get("requests", 0),
                NEW_CONNECTIONS: counters.get("new_connections", 0),
                PROCESSED_BYTES: processed_bytes,
                RULE_EVALUATIONS: counters.get("rule_evaluations", 0),
            },
        )
        return reading, BalancerLook(
            balancer.name,
            balancer.type.value,
            balancer.created_at,
            metrics["balancer"].get("active_connections", 0),
        )

    def _loop(self) -> None:
        self._stopping.wait(_FIRST_AFTER_S)
        while not self._stopping.is_set():
            try:
                self.measure_once()
            except EngineUnreachable:
                log.info("no engine answers; reading again in %s s", _PERIOD_S)
            except MiniCloudError as error:
                log.warning("could not measure: %s", error)
            except Exception:
                log.exception("the meter met something it should not")
            self._stopping.wait(_PERIOD_S)


def _find(transaction: Transaction) -> _Found:
    return _Found(
        instances=[
            instance
            for instance in transaction.instances.all()
            if instance.state is InstanceState.RUNNING
        ],
        balancers=[b for b in transaction.balancers.all() if b.state is BalancerState.ACTIVE],
    )


def _look_at_instance(
    instance: Instance, used: ContainerUsage, now: datetime
) -> tuple[Reading, MachineLook]:
    # Its counters begin anew whenever it is started.
    life = "" if instance.state_changed_at is None else instance.state_changed_at.isoformat()
    reading = Reading(instance.id, now, used.at, life, {CPU_NS: used.cpu_ns})
    vcpus = instance_type(instance.type_name).vcpus
    return reading, MachineLook(instance.type_name, vcpus, used.memory_bytes / _MIB)


def _record(transaction: Transaction, looks: _Looks) -> None:
    """Add what was used since the readings before, and let these take their place."""
    hours, before = transaction.usage_hours, transaction.usage_hours.readings()
    # The cloud may have been reset since they were read.
    known = {instance.id for instance in transaction.instances.all()}
    known |= {balancer.id for balancer in transaction.balancers.all()}
    looks = _Looks(
        [look for look in looks.instances if look[0].resource_id in known],
        [look for look in looks.balancers if look[0].resource_id in known],
    )
    for read, machine in looks.instances:
        earlier = before.get(read.resource_id)
        reading = read.following(earlier)
        hours.add_to_instances(measure_instance(earlier, reading, machine))
        hours.save_reading(reading)
    for read, balancer in looks.balancers:
        earlier = before.get(read.resource_id)
        reading = read.following(earlier)
        hours.add_to_balancers(measure_balancer(earlier, reading, balancer))
        hours.save_reading(reading)


def _tell_ledger(transaction: Transaction) -> None:
    """Tell of the balancers' hours that are over, and forget readings that none will follow."""
    hours, readings = transaction.usage_hours, transaction.usage_hours.readings()
    living = {balancer.id for balancer in transaction.balancers.all()}
    for hour in hours.not_in_ledger():
        reading = readings.get(hour.balancer_id)
        read_at = hour.hour_at if reading is None else reading.at
        at = over_at(hour, read_at, is_gone=hour.balancer_id not in living)
        if at is not None:
            if not hour.is_idle:
                transaction.ledger.append(usage_entry(hour, at))
            hours.mark_in_ledger(hour)
    machines = {instance.id for instance in transaction.instances.all() if instance.is_live}
    for resource_id in readings.keys() - living - machines:
        hours.forget_reading(resource_id)
