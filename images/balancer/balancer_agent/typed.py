"""Reading JSON that must be exactly so: every value typed, every key known, or ``Refused``."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator
from ipaddress import AddressValueError, IPv4Address
from typing import Any, Final

from balancer_agent.refusal import INVALID_DOCUMENT, Refused

_SHOWN_MAX: Final = 60
_PORT_MAX: Final = 65535


class Fields:
    """One JSON object: it has these keys, no other, and each is read with its type."""

    def __init__(self, raw: object, place: str, keys: Collection[str]) -> None:
        self.place = place
        if not isinstance(raw, dict):
            raise malformed(place, f"is not an object but {shown(raw)}")
        if raw.keys() != set(keys):
            odd = sorted(str(key) for key in raw.keys() ^ set(keys))
            raise malformed(place, f"lacks or should not have {', '.join(map(shown, odd[:5]))}")
        self._raw: dict[str, Any] = raw

    def raw(self, key: str) -> Any:
        """The value as it is."""
        return self._raw[key]

    def text(self, key: str, pattern: re.Pattern[str]) -> str:
        """A string that the pattern matches whole."""
        value = self._raw[key]
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise self._wrong(key)
        return value

    def choice(self, key: str, among: Collection[str]) -> str:
        """One of these strings."""
        value = self._raw[key]
        if not isinstance(value, str) or value not in among:
            raise self._wrong(key)
        return value

    def integer(self, key: str, least: int, most: int) -> int:
        """A whole number in the range; a bool is none."""
        return self._integer(key, self._raw[key], least, most)

    def port(self, key: str) -> int:
        """A TCP port."""
        return self.integer(key, 1, _PORT_MAX)

    def port_or_none(self, key: str) -> int | None:
        """A TCP port, or null."""
        return None if self._raw[key] is None else self.port(key)

    def time_or_none(self, key: str) -> float | None:
        """Seconds of the epoch, or null."""
        value = self._raw[key]
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(key)
        try:
            seconds = float(value)
        except OverflowError as error:
            raise self._wrong(key) from error
        if not math.isfinite(seconds) or seconds < 0:
            raise self._wrong(key)
        return seconds

    def address(self, key: str) -> str:
        """An IPv4 address that a machine can have."""
        value = self._raw[key]
        try:
            address = IPv4Address(value if isinstance(value, str) else "")
        except AddressValueError as error:
            raise self._wrong(key) from error
        if address.is_unspecified or address.is_multicast or address.is_reserved:
            raise self._wrong(key)
        return str(address)

    def items(self, key: str, least: int, most: int) -> Iterator[tuple[Any, str]]:
        """The elements of a list of this length, each with its place."""
        value = self._raw[key]
        if not isinstance(value, list):
            raise self._wrong(key)
        if not least <= len(value) <= most:
            raise malformed(f"{self.place}.{key}", f"has {len(value)}, not {least} to {most}")
        return ((item, f"{self.place}.{key}[{at}]") for at, item in enumerate(value))

    def whole_number_pairs(self, key: str, least: int, most: int) -> tuple[tuple[int, int], ...]:
        """Pairs ``[first, last]`` of numbers in the range, in order."""
        pairs = []
        for item, place in self.items(key, 1, 20):
            if not isinstance(item, list) or len(item) != 2:
                raise malformed(place, f"is not a pair but {shown(item)}")
            first, last = (self._integer(key, number, least, most) for number in item)
            if first > last:
                raise malformed(place, "is the wrong way round")
            pairs.append((first, last))
        return tuple(pairs)

    def _integer(self, key: str, value: object, least: int, most: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self._wrong(key)
        return value

    def _wrong(self, key: str) -> Refused:
        return malformed(f"{self.place}.{key}", f"cannot be {shown(self._raw[key])}")


def malformed(place: str, what: str) -> Refused:
    """The refusal of a document."""
    return Refused(INVALID_DOCUMENT, f"the document is malformed: {place} {what}")


def shown(value: object) -> str:
    """A value as it can stand in a message: printable ASCII, and not long."""
    if isinstance(value, list | dict):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 64:
        return "a number too large"
    text = ascii(value)
    return text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "..."


def require_distinct(values: Collection[object], place: str, what: str) -> None:
    """Refuse a list that names the same thing twice."""
    if len(set(values)) != len(values):
        raise malformed(place, f"has the same {what} twice")
