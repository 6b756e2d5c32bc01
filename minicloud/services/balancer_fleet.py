"""The containers of a cloud's balancers: made, told what to do, asked how it goes, taken away.

A balancer is told the whole of its records at once, whatever has changed; one balancer is told one
thing at a time. Nothing here holds a transaction while a balancer is spoken to.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from minicloud.domain import naming
from minicloud.domain.balancer import Balancer
from minicloud.domain.errors import EngineUnreachable, MiniCloudError, Unavailable
from minicloud.domain.operation import Json
from minicloud.domain.target import Target, TargetState
from minicloud.operations import balancer_records
from minicloud.operations.definition import Run
from minicloud.ports.balancer_plane import (
    BalancerDocument,
    BalancerPlane,
    BalancerSpec,
    TargetHealth,
)
from minicloud.ports.clock import Clock
from minicloud.ports.engine import Stream
from minicloud.ports.store import Store, Transaction
from minicloud.services.balancer_document import document_of
from minicloud.services.infrastructure import Infrastructure

BALANCER_RECIPE = "balancer"
# A first check ends at its own time-out; beyond that nobody waits for it.
_FIRST_CHECK_MARGIN_S = 2
_FIRST_CHECKS_MAX_S = 30

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pace:
    """How often a balancer is asked while it is waited for: soon at first, then less often."""

    first_delay_s: float = 0.05
    longest_delay_s: float = 0.25

    def next_delay_s(self, delay_s: float) -> float:
        """The delay that follows this one."""
        return min(delay_s * 2, self.longest_delay_s)


@dataclass
class _Look:
    """One look at targets that are waited for: what they have in flight, and whose time is over."""

    busy: dict[str, int] = field(default_factory=dict)
    overdue: set[str] = field(default_factory=set)


class BalancerFleet:
    """The cloud's balancers. Implements ``operations.definition.Balancers``."""

    def __init__(
        self,
        store: Store,
        plane: BalancerPlane,
        infrastructure: Infrastructure,
        pace: Pace = Pace(),
    ) -> None:
        self._store = store
        self._plane = plane
        self._infrastructure = infrastructure
        self._pace = pace
        self._locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        self._locks_lock = threading.Lock()

    def ready(self) -> None:
        """Make sure that a balancer can be made: its image, the network and the edge are there."""
        if self._infrastructure.built_image(BALANCER_RECIPE) is None:
            raise _image_missing()
        self._infrastructure.ready()

    def bring_up(self, balancer_id: str) -> None:
        """Make sure that the balancer's container is there and runs."""
        with self._sole(balancer_id):
            balancer = self._serving(balancer_id)
            if balancer is not None:
                self._ensure(balancer)

    def apply(self, balancer_id: str) -> None:
        """Have a balancer follow its records; one whose container is missing is made again."""
        with self._sole(balancer_id):
            document = self._document(balancer_id)
            if document is None:
                return
            name = document.balancer.container_name
            try:
                self._plane.apply(name, document)
            except Unavailable as error:
                if error.code != "BalancerUnreachable":
                    raise
                self._ensure(document.balancer)
                self._plane.apply(name, document)

    def is_right(self, balancer_id: str) -> bool:
        """Whether the container is there as it should be, and follows what the records say."""
        with self._sole(balancer_id):
            document = self._document(balancer_id)
            if document is None:
                return True
            balancer = document.balancer
            if not self._plane.is_there(self._spec(balancer_id, balancer.private_ip)):
                return False
            try:
                status = self._plane.status(balancer.container_name)
            except Unavailable as error:
                if error.code != "BalancerUnreachable":
                    raise
                return False
            return status.fingerprint == self._plane.fingerprint(document)

    def await_drained(self, target_ids: Sequence[str], run: Run) -> Json:
        """Wait until each draining or held target has nothing in flight, or its time is over."""
        began_at = run.world.clock.real.now()
        delay_s = self._pace.first_delay_s
        left: dict[str, int] = {}
        before: Mapping[str, int] = {}
        while True:
            look = self._look(target_ids, run.world.clock.real)
            over = look.overdue - look.busy.keys()
            left |= {target: count for target, count in before.items() if target in over and count}
            if not look.busy:
                break
            run.report(f"draining: {sum(look.busy.values())} in flight", None)
            run.pause(delay_s)
            delay_s = self._pace.next_delay_s(delay_s)
            before = look.busy
        waited = run.world.clock.real.now() - began_at
        return {"waited_ms": round(waited.total_seconds() * 1000, 1), "left": left}

    def await_first_checks(self, target_ids: Sequence[str], run: Run) -> None:
        """Wait until each of the targets has been checked once, or will not be; not for ever."""
        delay_s = self._pace.first_delay_s
        until = run.world.clock.real.now() + self._first_checks_last(target_ids)
        while self._has_unchecked(target_ids) and run.world.clock.real.now() < until:
            run.report("waiting for the first health checks", None)
            run.pause(delay_s)
            delay_s = self._pace.next_delay_s(delay_s)

    def take_away(self, balancer_id: str) -> None:
        """Remove the balancer's container and its disk, also where there is no record of it."""
        with self._sole(balancer_id):
            with self._store.read() as transaction:
                balancer = transaction.balancers.get(balancer_id)
            private_ip = "" if balancer is None else balancer.private_ip
            self._plane.remove(self._spec(balancer_id, private_ip))

    def health(self, balancer: Balancer) -> Sequence[TargetHealth]:
        """How the targets are, as the balancer itself says."""
        return self._plane.status(balancer.container_name).targets

    def metrics(self, balancer: Balancer) -> dict[str, Any]:
        """The balancer's figures."""
        return self._plane.metrics(balancer.container_name)

    def logs(self, balancer: Balancer, tail: int, *, follow: bool) -> Stream[bytes]:
        """The access log's newest lines."""
        return self._plane.logs(balancer.container_name, tail, follow=follow)

    @contextmanager
    def _sole(self, balancer_id: str) -> Iterator[None]:
        with self._locks_lock:
            lock = self._locks[balancer_id]
        with lock:
            yield

    def _serving(self, balancer_id: str) -> Balancer | None:
        with self._store.read() as transaction:
            balancer = transaction.balancers.get(balancer_id)
        return balancer if balancer is not None and balancer.is_serving else None

    def _document(self, balancer_id: str) -> BalancerDocument | None:
        with self._store.read() as transaction:
            balancer = transaction.balancers.get(balancer_id)
            if balancer is None or not balancer.is_serving:
                return None
            return document_of(transaction, balancer)

    def _ensure(self, balancer: Balancer) -> None:
        self._infrastructure.ready()
        try:
            self._plane.ensure(self._spec(balancer.id, balancer.private_ip))
        except EngineUnreachable:
            raise
        except MiniCloudError as error:
            if self._infrastructure.built_image(BALANCER_RECIPE) is None:
                raise _image_missing() from error
            raise

    def _spec(self, balancer_id: str, private_ip: str) -> BalancerSpec:
        with self._store.read() as transaction:
            cloud = transaction.cloud()
        return BalancerSpec(
            container_name=naming.container_name(cloud.name, balancer_id),
            image=self._infrastructure.reference(BALANCER_RECIPE),
            network=naming.network_name(cloud.name),
            private_ip=private_ip,
            labels=naming.labels(cloud.id, balancer_id),
        )

    def _look(self, target_ids: Sequence[str], clock: Clock) -> _Look:
        look = _Look()
        with self._store.read() as transaction:
            found = _found(transaction, target_ids)
            until = {t.id: t.drain_until for t in found if t.drain_until is not None}
            now = clock.now()
            asked = _by_balancer(transaction, [t for t in found if until.get(t.id, now) > now])
        for balancer, ids in asked:
            try:
                look.busy |= self._plane.in_flight(balancer.container_name, ids)
            except EngineUnreachable:
                raise
            except Unavailable as error:
                # It may carry them still: they are given their time.
                log.warning("%s cannot say what is in flight: %s", balancer.id, error)
                look.busy |= dict.fromkeys(ids, 0)
        # Looked at last: a balancer, too, counts those as drained whose time has just passed.
        now = clock.now()
        look.overdue = {target_id for target_id, at in until.items() if at <= now}
        return look

    def _has_unchecked(self, target_ids: Sequence[str]) -> bool:
        with self._store.read() as transaction:
            asked = _by_balancer(transaction, _found(transaction, target_ids))
        for balancer, ids in asked:
            try:
                status = self._plane.status(balancer.container_name)
            except EngineUnreachable:
                raise
            except Unavailable as error:
                log.warning("%s cannot say how its targets are: %s", balancer.id, error)
                return True
            if any(_is_unchecked(health) for health in status.targets if health.target_id in ids):
                return True
        return False

    def _first_checks_last(self, target_ids: Sequence[str]) -> timedelta:
        with self._store.read() as transaction:
            group_ids = {target.group_id for target in _found(transaction, target_ids)}
            groups = [transaction.target_groups.get(group_id) for group_id in group_ids]
        longest_s = max((g.health_check.timeout_s for g in groups if g is not None), default=0)
        return timedelta(seconds=min(longest_s + _FIRST_CHECK_MARGIN_S, _FIRST_CHECKS_MAX_S))


def _image_missing() -> Unavailable:
    return Unavailable(
        "BalancerImageMissing",
        "the image of the load balancers is not built",
        f"build it: minicloud image build {BALANCER_RECIPE}",
    )


def _found(transaction: Transaction, target_ids: Sequence[str]) -> list[Target]:
    wanted = frozenset(target_ids)
    return [target for target in transaction.targets.all() if target.id in wanted]


def _by_balancer(
    transaction: Transaction, targets: Sequence[Target]
) -> list[tuple[Balancer, list[str]]]:
    """The targets that a balancer carries, balancer by balancer."""
    in_use = balancer_records.groups_in_use(transaction)
    carried: defaultdict[str, list[str]] = defaultdict(list)
    for target in targets:
        if target.group_id in in_use:
            carried[in_use[target.group_id]].append(target.id)
    found = [(transaction.balancers.get(balancer_id), ids) for balancer_id, ids in carried.items()]
    return [(balancer, ids) for balancer, ids in found if balancer and balancer.is_serving]


def _is_unchecked(health: TargetHealth) -> bool:
    return health.state is TargetState.INITIAL and not health.checks
