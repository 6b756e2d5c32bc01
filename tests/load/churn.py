"""Everything that can be changed of a balancer while it serves, each change looked at afterwards.

A change that has not happened raises ``AssertionError``. ``done`` counts those that have.
"""

from __future__ import annotations

import itertools
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import requests

from minicloud.client.balancers import BalancerSettings
from minicloud.client.listeners import ListenerRequest, ListenerSettings
from minicloud.client.rules import RuleRequest, RuleSettings
from minicloud.client.target_groups import HealthCheckRequest, TargetGroupSettings
from tests.load.cloud import BalancedCloud
from tests.load.targets import run_inside

if TYPE_CHECKING:
    from minicloud.client.balancer_shapes import ActionShape, ConditionShape

_OTHER_PORT = 8080
_SHARE_S = 10
_JOURNAL_SIZE = "stat -c %s /var/log/nginx/journal.log 2>/dev/null || echo 0"


class Churn:
    """Changes of the balancer ``name``, whose group has the same name.

    ``other_group`` is a group with machines of its own, which some changes send a share to.
    """

    def __init__(self, cloud: BalancedCloud, name: str, other_group: str) -> None:
        self._cloud = cloud
        self._client = cloud.client
        self._name = name
        self._other = other_group
        self._container = cloud.balancer_container(name)
        self._numbers = itertools.count()
        self.done: Counter[str] = Counter()

    # Members

    def register(self, machine: str) -> None:
        """Put a machine into the group: it becomes healthy and gets requests."""
        self._cloud.register(self._name, machine)
        self._await_healthy(self._name, machine)
        # Soon, not at once: while slow start is on, a newcomer's share begins at next to nothing.
        self._cloud.eventually(
            lambda: self._journal_growth(machine), f"{machine} to get requests", _SHARE_S
        )
        self.done["registered"] += 1

    def deregister(self, machine: str) -> None:
        """Take a machine out of the group: when that returns, it gets no request any more."""
        self._cloud.deregister(self._name, machine)
        assert machine not in self._cloud.health(self._name)
        assert not self._journal_growth(machine), f"{machine} is out and gets requests"
        self.done["deregistered"] += 1

    def replace(self, old: str, new: str) -> None:
        """Have a new machine in an old one's place."""
        self._join(new)
        self.deregister(old)
        self._cloud.targets.collect(old)
        self._terminate(old)
        self.done["replaced"] += 1

    def replace_by_stopping(self, old: str, new: str) -> None:
        """The same, but nobody deregisters the old one: it is stopped, and leaves by that."""
        self._join(new)
        self._cloud.do(self._client.instances.stop(old))
        assert self._cloud.health(self._name)[old]["reason"] == "Target.InvalidState"
        self._cloud.targets.collect(old)
        self._terminate(old)
        assert old not in self._cloud.health(self._name)
        self.done["replaced"] += 1

    def reboot(self, machine: str) -> None:
        """Reboot a member; it leaves before and is back afterwards."""
        self._cloud.do(self._client.instances.reboot(machine))
        self._await_healthy(self._name, machine)
        self.done["rebooted"] += 1

    # Settings of the group

    def change_algorithm(self) -> None:
        """To the other way of choosing."""
        before = self._client.target_groups.show(self._name)["algorithm"]
        other = "round_robin" if before != "round_robin" else "least_outstanding_requests"
        self._set_group("algorithm", TargetGroupSettings(algorithm=other, slow_start_s=0))

    def change_health_check(self) -> None:
        """To another path and timeout; no target loses its state by that."""
        before = self._client.target_groups.show(self._name)["health_check"]["path"]
        path = "/index.html" if before != "/index.html" else "/"
        healthy = [m for m, state in self._cloud.states(self._name).items() if state == "healthy"]
        request = HealthCheckRequest(path=path, timeout_s=3 if before == "/" else 2)
        self._set_group("health check", TargetGroupSettings(health=request))
        states = self._cloud.states(self._name)
        found = {states.get(machine) for machine in healthy}
        assert found.isdisjoint({"initial", "unhealthy"}), states

    def change_stickiness(self) -> None:
        """On, if it was off; then an answer brings the cookie."""
        is_on = self._client.target_groups.show(self._name)["stickiness_s"] > 0
        self._set_group("stickiness", TargetGroupSettings(stickiness_s=0 if is_on else 60))
        assert ("AWSALB" in self._ask("/").cookies) != is_on

    def change_slow_start(self) -> None:
        """On, if it was off."""
        is_on = self._client.target_groups.show(self._name)["slow_start_s"] > 0
        settings = TargetGroupSettings(slow_start_s=0 if is_on else 30, algorithm="round_robin")
        self._set_group("slow start", settings)

    # Rules, and shares of groups

    def change_rules(self) -> None:
        """A rule comes, changes and goes."""
        path = f"/elsewhere-{next(self._numbers)}"
        condition: ConditionShape = {"field": "path", "values": [path]}
        made = self._client.rules.create(
            RuleRequest(
                listener=f"{self._name}:80",
                priority=1 + next(self._numbers) % 10_000,
                conditions=[condition],
                action=_saying("one"),
            )
        )
        self._cloud.do(made)
        assert self._ask(path).text == "one"
        rule_id = made["rules"][0]["id"]
        self._cloud.do(self._client.rules.modify(rule_id, RuleSettings(action=_saying("two"))))
        assert self._ask(path).text == "two"
        self._cloud.do(self._client.rules.delete(rule_id))
        assert self._ask(path).status_code == 404
        self.done["rule made, changed, deleted"] += 1

    def change_weights(self) -> None:
        """Half of the requests to the other group, then none of them, then it is out.

        It comes in with no weight: machines that nothing was sent to yet have not been asked how
        they are, and get nothing until they have been.
        """
        (machine, *_) = self._members_of(self._other)
        self._forward((self._name, 1), (self._other, 0))
        self._await_healthy(self._other, machine)
        for weight in (1, 0):
            self._forward((self._name, 1), (self._other, weight))
            growth = self._journal_growth(machine)
            assert (growth > 0) == (weight > 0), f"weight {weight}: {machine} wrote {growth}"
        self._forward((self._name, 1))
        self.done["weights changed"] += 1

    # Structure

    def change_listeners(self) -> None:
        """A second port is opened and closed again."""
        request = ListenerRequest(self._name, port=_OTHER_PORT, action=_saying("here"))
        with self._new_generation():
            made = self._client.listeners.create(request)
            self._cloud.do(made)
        url = self._cloud.url(self._name, _OTHER_PORT)
        assert requests.get(url, timeout=5).text == "here"
        with self._new_generation():
            self._cloud.do(self._client.listeners.delete(made["listeners"][0]["id"]))
        with suppress(requests.ConnectionError):
            said = requests.get(url, timeout=5)
            raise AssertionError(f"a removed listener answers {said.status_code}")
        self.done["listener added, removed"] += 1

    def change_idle_timeout(self) -> None:
        """A second longer, or shorter."""
        before = self._client.balancers.show(self._name)["idle_timeout_s"]
        after = 61 if before == 60 else 60
        settings = BalancerSettings(idle_timeout_s=after)
        with self._new_generation():
            self._cloud.do(self._client.balancers.modify(self._name, settings))
        assert self._client.balancers.show(self._name)["idle_timeout_s"] == after
        self.done["idle timeout changed"] += 1

    @property
    def settings(self) -> tuple[Callable[[], None], ...]:
        """Every change of a setting."""
        return (
            self.change_algorithm,
            self.change_health_check,
            self.change_stickiness,
            self.change_slow_start,
            self.change_rules,
            self.change_weights,
            self.change_listeners,
            self.change_idle_timeout,
        )

    def _set_group(self, what: str, settings: TargetGroupSettings) -> None:
        before = self._cloud.status(self._container).fingerprint
        self._cloud.do(self._client.target_groups.modify(self._name, settings))
        assert self._cloud.status(self._container).fingerprint != before, what
        self.done[f"{what} changed"] += 1

    def _forward(self, *groups: tuple[str, int]) -> None:
        action: ActionShape = {
            "type": "forward",
            "groups": [{"id": group, "weight": weight} for group, weight in groups],
        }
        settings = ListenerSettings(action=action)
        self._cloud.do(self._client.listeners.modify(f"{self._name}:80", settings))

    def _ask(self, path: str) -> requests.Response:
        return requests.get(self._cloud.url(self._name) + path, timeout=5)

    def _join(self, new: str) -> None:
        self._cloud.targets.launch(new)
        address = self._client.instances.show(new)["private_ip"]
        self._cloud.eventually(lambda: _listens(address), f"{new} to listen")
        self.register(new)

    def _await_healthy(self, group: str, machine: str) -> None:
        self._cloud.eventually(
            lambda: self._cloud.states(group).get(machine) == "healthy", f"{machine} to be healthy"
        )

    def _terminate(self, machine: str) -> None:
        instance_id = self._client.instances.show(machine)["id"]
        self._cloud.do(self._client.instances.terminate(machine))
        assert self._client.instances.show(instance_id)["state"] == "terminated"

    def _members_of(self, group: str) -> list[str]:
        targets = self._client.target_groups.show(group)["targets"]
        return [target["instance_name"] for target in targets]

    def _journal_growth(self, machine: str) -> int:
        """By how many bytes a machine's journal grows in a fifth of a second."""
        before = int(run_inside(self._client, machine, _JOURNAL_SIZE))
        time.sleep(0.2)
        return int(run_inside(self._client, machine, _JOURNAL_SIZE)) - before

    @contextmanager
    def _new_generation(self) -> Iterator[None]:
        before = self._cloud.status(self._container).generation
        yield
        assert self._cloud.status(self._container).generation > before


def _saying(text: str) -> ActionShape:
    return {"type": "fixed-response", "status": 200, "content_type": "text/plain", "body": text}


def _listens(address: str) -> bool:
    with suppress(OSError), socket.create_connection((address, 80), timeout=1):
        return True
    return False
