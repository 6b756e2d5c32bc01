"""What was seen in answers, by the names of the members that had it: requests are made of it."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

_KEPT_MAX = 24
_LENGTH_MAX = 600
_IDENTIFIER_LENGTH_MIN = 8
_ALSO_CALLED: Mapping[str, tuple[str, ...]] = {
    "resource": ("instanceid", "imageid", "allocationid", "volumeid", "networkinterfaceid"),
    "resourceid": ("instanceid", "imageid", "allocationid", "volumeid"),
    "resourcearn": ("loadbalancerarn", "targetgrouparn", "listenerarn", "rulearn"),
    "id": ("instanceid",),
    "name": ("loadbalancername", "targetgroupname", "name"),
    "sourceimageid": ("imageid",),
    "subnet": ("subnetid",),
    "securitygroup": ("groupid",),
    "securitygroupid": ("groupid",),
    "publicip": ("publicip",),
    "marker": ("nextmarker",),
    "nextpagetoken": ("nextpagetoken",),
    "sourceregion": ("regionname",),
    "owner": ("ownerid",),
}


class Pool:
    """The newest strings of each member name."""

    def __init__(self) -> None:
        self._by_name: dict[str, list[str]] = {}

    def forget(self) -> None:
        """Begin anew, since much of what was seen has gone."""
        self._by_name.clear()

    def learn(self, answer: Any, name: str = "") -> None:
        """Keep every string of an answer that botocore parsed."""
        if isinstance(answer, Mapping):
            for key, value in answer.items():
                if key != "ResponseMetadata":
                    self.learn(value, key)
        elif isinstance(answer, list):
            for item in answer:
                self.learn(item, _singular(name))
        elif isinstance(answer, str) and 0 < len(answer) <= _LENGTH_MAX:
            kept = self._by_name.setdefault(name.lower(), [])
            if answer not in kept:
                kept.append(answer)
                del kept[:-_KEPT_MAX]

    def named(self, random: Random, member: str) -> str | None:
        """Something that answers had in a member of this name."""
        name = _singular(member).lower()
        for candidate in random.sample(names := _ALSO_CALLED.get(name, (name,)), len(names)):
            if kept := self._by_name.get(candidate):
                return random.choice(kept)
        return None

    def anything(self, random: Random) -> str:
        """Any string of any answer; long ones, as identifiers are, by preference."""
        if not self._by_name:
            return ""
        found = [random.choice(self._by_name[random.choice(list(self._by_name))]) for _ in range(3)]
        return next((each for each in found if len(each) >= _IDENTIFIER_LENGTH_MIN), found[0])


def _singular(name: str) -> str:
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name
