"""When each target is asked: at once when it is new, then every interval, never all in a volley."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from balancer_agent.checker import NotAsked, check
from balancer_agent.document import HealthSettings
from balancer_agent.health import Outcome

_AT_ONCE_MAX: Final = 50
_RATE_PER_S: Final = 200.0
"""First checks of many targets: no more than these each second, but a tenth of the interval."""
_JITTER: Final = 0.1
_AGAIN_S: Final = 1.0

_log = logging.getLogger("balancer.watcher")


@dataclass(frozen=True)
class Plan:
    """Whom to ask, and how."""

    ip: str
    port: int
    settings: HealthSettings


class Watcher:
    """Asks every target of the plans, each on its own, until the plans say otherwise."""

    def __init__(self, begun: Callable[[str], None], found: Callable[[str, Outcome], None]) -> None:
        self._begun = begun
        self._found = found
        self._plans: dict[str, Plan] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def follow(self, plans: Mapping[str, Plan]) -> None:
        """Ask these from now on. What is asked already, in the same way, goes on as it was."""
        for target in [known for known, plan in self._plans.items() if plans.get(known) != plan]:
            self._tasks.pop(target).cancel()
        new = [target for target, plan in plans.items() if self._plans.get(target) != plan]
        self._plans = dict(plans)
        spread_s = len(new) / _RATE_PER_S if len(new) > _AT_ONCE_MAX else 0.0
        for target in new:
            plan = plans[target]
            delay_s = random.uniform(0, min(spread_s, plan.settings.interval_s * _JITTER))
            self._tasks[target] = asyncio.get_running_loop().create_task(
                self._watch(target, plan, delay_s)
            )

    async def _watch(self, target: str, plan: Plan, delay_s: float) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(delay_s)
        while True:
            began_s = loop.time()
            self._begun(target)
            pause_s = plan.settings.interval_s * (1 - random.uniform(0, _JITTER))
            try:
                outcome = await check(plan.ip, plan.port, plan.settings)
            except NotAsked as reason:
                _log.warning("%s was not asked: %s", target, reason)
                pause_s = _AGAIN_S
            except Exception:  # noqa: BLE001 - a target must not go unasked for a mistake of ours
                _log.exception("%s was not asked", target)
            else:
                self._found(target, outcome)
            await asyncio.sleep(max(_AGAIN_S, began_s + pause_s - loop.time()))
