"""The reconciler: a machine that died, was removed, or was started behind our back is recorded so.

It claims a machine before it looks closely, as an operation would, so what it corrects cannot
change under its hands.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import replace

from minicloud.controllers.plan import Correction, CorrectionKind, correction_of, plan
from minicloud.domain import naming
from minicloud.domain.errors import Conflict, EngineUnreachable, MiniCloudError
from minicloud.domain.instance import Instance, InstanceState
from minicloud.operations import balancer_records, machine, membership
from minicloud.operations.definition import Run, World
from minicloud.ports.engine import Container
from minicloud.services.infrastructure import Infrastructure
from minicloud.services.public_slots import PublicSlots

RECONCILER = "reconciler"
_PERIOD_S = 10.0
# Most events are of our own operations, and come in flocks: one look for each would slow them.
_SETTLE_S = 0.3

log = logging.getLogger(__name__)


class Reconciler:
    """Keeps the records of machines, and the edge's routes, true."""

    def __init__(self, world: World, infrastructure: Infrastructure, slots: PublicSlots) -> None:
        self._world = world
        self._infrastructure = infrastructure
        self._slots = slots
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="reconcile", daemon=True)
        self._run = Run(RECONCILER, {}, world, report=lambda _message, _fraction: None)
        self._mended = False

    def start(self) -> None:
        """Begin; claims that a killed server's reconciler held are let go first."""
        with self._world.store.write() as transaction:
            transaction.claims.release(RECONCILER)
        self._thread.start()

    def wake(self) -> None:
        """Look soon: something has happened."""
        self._wake.set()

    def stop(self) -> None:
        """End after the correction under way."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()

    def reconcile_once(self) -> list[Correction]:
        """One pass; what was corrected."""
        world = self._world
        with world.store.read() as transaction:
            instances = transaction.instances.all()
            claimed = transaction.claims.held()
        labels = {naming.CLOUD_LABEL: world.cloud_id}
        seen = map(self._in_cloud_time, world.engine.containers(labels))
        containers = {container.name: container for container in seen}
        planned = plan(instances, containers, claimed, world.clock.now())
        return [correction for correction in planned if self._correct(correction.instance_id)]

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self.reconcile_once()
                self._mend_once()
            except EngineUnreachable:
                log.info("no engine answers; looking again in %s s", _PERIOD_S)
                self._mended = False
            except MiniCloudError as error:
                log.warning("could not reconcile: %s", error)
            except Exception:
                log.exception("the reconciler met something it should not")
            if self._wake.wait(_PERIOD_S):
                self._stopping.wait(_SETTLE_S)

    def _mend_once(self) -> None:
        # After a start, and after the engine was away, the edge may be gone or behind; and where
        # it was mended amid operations, a route of theirs may be missing.
        if self._mended and self._infrastructure.is_settled:
            return
        with self._world.store.read() as transaction:
            is_placed = transaction.cloud().place is not None
            is_busy = bool(transaction.operations.unfinished())
        if is_placed and not is_busy:
            self._infrastructure.mend()
            self._mended = True

    def _correct(self, instance_id: str) -> bool:
        try:
            with self._world.store.write() as transaction:
                transaction.claims.take([instance_id], RECONCILER)
        except Conflict:
            return False
        try:
            instance = machine.load_instance(self._run, instance_id)
            container = self._world.engine.container(instance.container_name)
            seen = None if container is None else self._in_cloud_time(container)
            correction = correction_of(instance, seen, self._world.clock.now())
            if correction is None:
                return False
            log.warning("%s: %s (%s)", instance_id, correction.kind.value, correction.reason)
            # Asked before: a machine that is gone is in no group any more.
            with self._world.store.read() as transaction:
                targets = transaction.targets.of_instance(instance_id)
                told = balancer_records.balancers_of(transaction, targets)
            self._carry_out(correction, instance)
            membership.tell(self._run, told)
            return True
        finally:
            with self._world.store.write() as transaction:
                transaction.claims.release(RECONCILER)

    def _in_cloud_time(self, container: Container) -> Container:
        """The container, its times as the cloud's clock showed them: the engine's are real."""
        clock = self._world.clock
        started_at, finished_at = container.started_at, container.finished_at
        return replace(
            container,
            started_at=None if started_at is None else clock.at(started_at),
            finished_at=None if finished_at is None else clock.at(finished_at),
        )

    def _carry_out(self, correction: Correction, instance: Instance) -> None:
        if correction.kind is CorrectionKind.REMOVE_LEFTOVER:
            self._world.engine.ensure_removed(instance.container_name)
        elif correction.kind is CorrectionKind.START_AGAIN:
            self._world.engine.ensure_started(instance.container_name)
        elif correction.kind is CorrectionKind.MARK_RUNNING:
            self._mark_running(correction, instance)
        else:
            self._mark_down(correction, instance)

    def _mark_down(self, correction: Correction, instance: Instance) -> None:
        machine.withdraw(self._run, instance)
        machine.forget_slot(self._run, instance.public_slot)
        is_gone = correction.kind is CorrectionKind.MARK_TERMINATED
        if is_gone:
            self._world.engine.ensure_removed(instance.container_name)
        with self._world.store.write() as transaction:
            fresh = machine.require_instance(transaction, instance.id)
            if is_gone and correction.reason is not None:
                machine.record_terminated(
                    transaction, fresh, correction.at, None, correction.reason
                )
                return
            fresh = machine.drop_public_slot(transaction, fresh)
            machine.record_state(
                transaction, fresh, InstanceState.STOPPED, correction.at, None, correction.reason
            )

    def _mark_running(self, correction: Correction, instance: Instance) -> None:
        shut_out = self._slots.shut_out()
        with self._world.store.write() as transaction:
            fresh = machine.require_instance(transaction, instance.id)
            if fresh.public_slot is None and not machine.addresses_of(transaction, fresh.id):
                slot = self._slots.take(transaction, fresh.id, shut_out)
                fresh = machine.give_public_slot(self._run, transaction, fresh, slot)
            running = machine.record_state(
                transaction, fresh, InstanceState.RUNNING, correction.at, None
            )
        machine.publish(self._run, running)
