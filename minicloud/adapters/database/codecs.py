"""From the domain's frozen values to JSON and back, by pydantic.

A field that may hold one of several kinds of value says in its JSON which it is: the kinds have
fields in common, so what a value is cannot be told from its looks. What pydantic needs is built at
its first use: for all kinds together it takes 0.1 s, which every start of a server would pay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from minicloud.domain.action import FixedResponseAction, ForwardAction, RedirectAction
from minicloud.domain.address import Address
from minicloud.domain.balancer import Balancer
from minicloud.domain.billing.budget import Budget
from minicloud.domain.billing.reservation import Reservation
from minicloud.domain.certificate import Certificate
from minicloud.domain.clock import ClockSetting
from minicloud.domain.image import Image
from minicloud.domain.instance import Instance
from minicloud.domain.listener import Listener
from minicloud.domain.resource_tags import ResourceTags
from minicloud.domain.rule import (
    HeaderCondition,
    HostCondition,
    MethodCondition,
    PathCondition,
    QueryCondition,
    Rule,
    SourceIpCondition,
)
from minicloud.domain.target import Target
from minicloud.domain.target_group import TargetGroup
from minicloud.domain.user_data import UserData

T = TypeVar("T")
Row = dict[str, Any]
_KIND = "kind"


class Kinds:
    """Values of several kinds, each with its name in the JSON. A name is never given up."""

    def __init__(self, kinds: Mapping[str, type]) -> None:
        self._names = {kind: name for name, kind in kinds.items()}
        self._codecs: dict[str, Codec[Any]] = {name: Codec(kind) for name, kind in kinds.items()}

    def dump(self, value: object) -> Row:
        """The value's fields and its kind."""
        name = self._names[type(value)]
        return {_KIND: name, **self._codecs[name].dump(value)}

    def load(self, row: Row) -> object:
        """The value that ``dump`` was given."""
        fields = {key: value for key, value in row.items() if key != _KIND}
        return self._codecs[row[_KIND]].load(fields)


class Codec(Generic[T]):
    """A dataclass as a row of JSON values. ``kinds`` are its fields of several kinds."""

    def __init__(self, record_type: type[T], kinds: Mapping[str, Kinds] | None = None) -> None:
        self._record_type = record_type
        self._kinds = kinds or {}

    @cached_property
    def _adapter(self) -> TypeAdapter[T]:
        return TypeAdapter(self._record_type)

    def dump(self, record: T) -> Row:
        """The record's fields."""
        row: Row = self._adapter.dump_python(record, mode="json", exclude=set(self._kinds))
        for name, kinds in self._kinds.items():
            row[name] = _each(kinds.dump, getattr(record, name))
        return row

    def load(self, row: Mapping[str, Any]) -> T:
        """The record of a row."""
        fields = dict(row)
        for name, kinds in self._kinds.items():
            fields[name] = _each(kinds.load, fields[name])
        return self._adapter.validate_python(fields)


def _each(change: Callable[[Any], object], value: Any) -> object:
    return [change(item) for item in value] if isinstance(value, list | tuple) else change(value)


_ACTIONS = Kinds(
    {
        "forward": ForwardAction,
        "redirect": RedirectAction,
        "fixed-response": FixedResponseAction,
    }
)
_CONDITIONS = Kinds(
    {
        "path": PathCondition,
        "host": HostCondition,
        "header": HeaderCondition,
        "method": MethodCondition,
        "query": QueryCondition,
        "source-ip": SourceIpCondition,
    }
)
INSTANCE = Codec(Instance)
IMAGE = Codec(Image)
ADDRESS = Codec(Address)
BALANCER = Codec(Balancer)
TARGET_GROUP = Codec(TargetGroup)
TARGET = Codec(Target)
LISTENER = Codec(Listener, {"action": _ACTIONS})
RULE = Codec(Rule, {"action": _ACTIONS, "conditions": _CONDITIONS})
CERTIFICATE = Codec(Certificate)
CLOCK_SETTING = Codec(ClockSetting)
RESERVATION = Codec(Reservation)
BUDGET = Codec(Budget)
RESOURCE_TAGS = Codec(ResourceTags)
USER_DATA = Codec(UserData)
