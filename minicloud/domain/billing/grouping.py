"""Lines summed up by what a person asks for; the sums of the groups are the sum of the lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from minicloud.domain.billing.line import Line, Rule, Service
from minicloud.domain.billing.money import units_of, usd_of
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.tags import NAME_KEY, shown

_TAG = "tag"


class GroupBy(StrEnum):
    """What lines may be summed up by."""

    INSTANCE = "instance"
    TYPE = "type"
    TAG = "tag"
    SERVICE = "service"
    DAY = "day"


@dataclass(frozen=True)
class Grouping:
    """What to sum up by; ``tag_key`` where that is a tag."""

    by: GroupBy
    tag_key: str = NAME_KEY

    @classmethod
    def parse(cls, text: str) -> Grouping:
        """``type``, ``tag`` (of the tag ``Name``), ``tag:role`` …; ``InvalidParameterValue``."""
        word, colon, tag_key = text.partition(":")
        known = {each.value for each in GroupBy}
        if word not in known or (colon and (word != _TAG or not tag_key)):
            raise InvalidRequest(
                "InvalidParameterValue",
                f"nothing can be grouped by {shown(text)}",
                "group by instance, type, service, day, tag (its Name) or tag:KEY",
            )
        return cls(GroupBy(word), tag_key or NAME_KEY)


@dataclass(frozen=True)
class Group:
    """What the lines come to that have this in common. ``key`` in brackets: they have not."""

    key: str
    amount: Decimal
    line_count: int
    is_estimated: bool


def group_by(
    lines: Iterable[Line], grouping: Grouping, tag_of: Callable[[str], str | None]
) -> tuple[Group, ...]:
    """The groups, the dearest first, days in their order. ``tag_of`` a resource: the value of the
    tag that is grouped by. Lines grouped by day must have been cut into days.
    """
    sums: dict[str, tuple[int, int, bool]] = {}
    for line in lines:
        for key, amount in _shares(line, grouping, tag_of):
            units, count, is_estimated = sums.get(key, (0, 0, False))
            sums[key] = (units + units_of(amount), count + 1, is_estimated or line.is_estimated)
    groups = [
        Group(key, usd_of(units), count, doubt) for key, (units, count, doubt) in sums.items()
    ]
    if grouping.by is GroupBy.DAY:
        return tuple(sorted(groups, key=lambda group: group.key))
    return tuple(sorted(groups, key=lambda group: (-group.amount, group.key)))


def _shares(
    line: Line, grouping: Grouping, tag_of: Callable[[str], str | None]
) -> list[tuple[str, Decimal]]:
    if grouping.by is GroupBy.DAY:
        return [(day.isoformat(), amount) for day, amount in line.day_amounts.items()]
    return [(_key(line, grouping.by, tag_of), line.amount)]


def _key(line: Line, by: GroupBy, tag_of: Callable[[str], str | None]) -> str:
    service = line.what.rule.service
    if by is GroupBy.SERVICE:
        return service.value
    if by is GroupBy.TAG:
        value = tag_of(line.what.resource_id)
        return "(no such tag)" if value is None else value or "(empty)"
    if by is GroupBy.TYPE and service in {Service.INSTANCES, Service.RESERVATIONS}:
        return line.what.subject
    is_instance = service is Service.INSTANCES or line.what.rule is Rule.ADDRESS_AUTOMATIC
    if by is GroupBy.INSTANCE and is_instance:
        return line.what.resource_id
    return f"({service.value})"
