"""Keeps balancers as the records say: a container that is missing, or follows something else.

It looks at each of them every few seconds, and soon after anything has happened. What is right is
never touched, so a balancer that served on while the server was dead notices nothing of its return.
"""

from __future__ import annotations

import logging
import threading

from minicloud.domain.balancer import BalancerState
from minicloud.domain.errors import EngineUnreachable, MiniCloudError
from minicloud.operations.definition import World
from minicloud.services.balancer_fleet import BalancerFleet

_PERIOD_S = 10.0
# While an operation is at work on something that a balancer knows of, what it must know may change
# without another sign.
_BUSY_PERIOD_S = 1.0
# Most events are of our own operations, and come in flocks.
_SETTLE_S = 0.3

log = logging.getLogger(__name__)


class BalancerKeeper:
    """One thread that compares each active balancer with its records, and mends it."""

    def __init__(self, world: World, fleet: BalancerFleet) -> None:
        self._world = world
        self._fleet = fleet
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="keep-balancers", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Look soon: something has happened."""
        self._wake.set()

    def stop(self) -> None:
        """End after the balancer at hand."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()

    def keep_once(self) -> list[str]:
        """One pass; the balancers that were mended."""
        with self._world.store.read() as transaction:
            claimed = transaction.claims.held()
            kept = [
                balancer.id
                for balancer in transaction.balancers.all()
                if balancer.state is BalancerState.ACTIVE and balancer.id not in claimed
            ]
        return [balancer_id for balancer_id in kept if self._keep(balancer_id)]

    def _keep(self, balancer_id: str) -> bool:
        if self._stopping.is_set():
            return False
        try:
            if self._fleet.is_right(balancer_id):
                return False
            log.warning("%s is not as it should be: mending it", balancer_id)
            self._fleet.bring_up(balancer_id)
            self._fleet.apply(balancer_id)
        except EngineUnreachable:
            raise
        except MiniCloudError as error:
            # One that cannot be mended must not keep the others from it.
            log.warning("could not mend %s: %s", balancer_id, error)
            return False
        return True

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self.keep_once()
            except EngineUnreachable:
                log.info("no engine answers; looking again in %s s", _PERIOD_S)
            except MiniCloudError as error:
                log.warning("could not look after the balancers: %s", error)
            except Exception:
                log.exception("the keeper of balancers met something it should not")
            if self._wake.wait(self._period_s()):
                self._stopping.wait(_SETTLE_S)

    def _period_s(self) -> float:
        with self._world.store.read() as transaction:
            members = {target.instance_id for target in transaction.targets.all()}
            is_busy = not members.isdisjoint(transaction.claims.held())
        return _BUSY_PERIOD_S if is_busy else _PERIOD_S
