"""Reading the tables of a price book, field by field, and naming the place of what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from minicloud.domain.billing.money import PLACES
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.tags import shown

_HEADER = re.compile(r"\s*\[\[\s*([A-Za-z_]+)\s*\]\]")
_USD_MAX = 1_000_000
_DAY_MIN, _DAY_MAX = date(2006, 1, 1), date(2199, 12, 31)


class PriceText:
    """The text of a book, so that a line can be named. ``name`` is what a person calls the file."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self._lines = text.splitlines()

    def line_of(self, section: str, number: int, key: str = "") -> int | None:
        """The line of a key in the ``number``-th ``[[section]]``, else that of its heading."""
        heading = 0
        count = 0
        for i, line in enumerate(self._lines, 1):
            header = _HEADER.match(line)
            if header is not None:
                if heading:
                    break
                count += header[1] == section
                heading = i if header[1] == section and count == number else 0
            elif heading and key and _begins(line, section, key):
                return i
        return heading or None

    def wrong(self, place: str, message: str, line: int | None = None) -> InvalidRequest:
        """The error of a book that cannot be used."""
        where = self.name if line is None else f"{self.name}, line {line}"
        return InvalidRequest(
            "InvalidPriceBook",
            f"{where}: {place}: {message}",
            "correct the file; the books that ship with minicloud show how one is written",
        )


class Block:
    """One ``[[section]]`` of a book. A field that nobody asked for is an error at ``finish``."""

    def __init__(self, text: PriceText, section: str, number: int, table: Any) -> None:
        self._text = text
        self._section = section
        self._number = number
        if not isinstance(table, dict):
            raise self.wrong("", "is not a table")
        self._table: dict[str, Any] = table
        self._asked: set[str] = set()

    def wrong(self, key: str, message: str, inner: str = "") -> InvalidRequest:
        """The error of this block, or of a field of it, or of what is inside that."""
        path = f"{self._section}[{self._number}]"
        for part in (key, inner):
            path += f".{part}" if re.fullmatch(r"\w+", part) else f".{shown(part)}" if part else ""
        line = self._text.line_of(self._section, self._number, inner or key)
        return self._text.wrong(path, message, line)

    def text(self, key: str) -> str:
        """A text that must be there."""
        value = self._required(key)
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            raise self.wrong(key, "must be a text on one line")
        return value

    def choice(self, key: str, allowed: Sequence[str]) -> str:
        """One of these words."""
        value = self._required(key)
        if value not in allowed or not isinstance(value, str):
            raise self.wrong(key, f"is {_said(value)}; it must be {' or '.join(allowed)}")
        return value

    def whole(self, key: str, allowed: Sequence[int]) -> int:
        """One of these whole numbers."""
        value = self._required(key)
        if isinstance(value, bool) or value not in allowed:
            numbers = " or ".join(map(str, allowed))
            raise self.wrong(key, f"is {_said(value)}; it must be {numbers}")
        return int(value)

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        """True or false; ``default`` where it is absent, if there is one."""
        if default is not None and key not in self._table:
            return default
        value = self._required(key)
        if not isinstance(value, bool):
            raise self.wrong(key, f"is {_said(value)}; it must be true or false")
        return value

    def day(self, key: str) -> date:
        """A day that must be there, written as a TOML date: ``2026-11-25``."""
        return self._day(key, self._required(key))

    def day_or_none(self, key: str) -> date | None:
        """A day, if there is one."""
        self._asked.add(key)
        return self._day(key, self._table[key]) if key in self._table else None

    def usd(self, key: str) -> Decimal:
        """An amount of money."""
        return self._usd(self._required(key), key)

    def usd_by_name(self, key: str, names: Mapping[str, object]) -> dict[str, Decimal]:
        """A table of amounts by name, each of which must be known."""
        return {name: self._usd(value, key, name) for name, value in self._named(key, names)}

    def usd_pairs(
        self, key: str, names: Mapping[str, object], pair: tuple[str, str]
    ) -> dict[str, tuple[Decimal, Decimal]]:
        """A table of inline tables by name, each with these two amounts."""
        found = {}
        for name, value in self._named(key, names):
            if not isinstance(value, dict) or set(value) != set(pair):
                raise self.wrong(key, f"must be {{ {pair[0]} = …, {pair[1]} = … }}", name)
            first, second = (self._usd(value[part], key, name) for part in pair)
            found[name] = (first, second)
        return found

    def finish(self) -> None:
        """Refuse what was not asked for: a misspelt field must not pass for an absent one."""
        for key in self._table:
            if key not in self._asked:
                raise self.wrong(key, "is not a field of this block")

    def _required(self, key: str) -> Any:
        self._asked.add(key)
        if key not in self._table:
            raise self.wrong("", f"{key} is missing")
        return self._table[key]

    def _named(self, key: str, names: Mapping[str, object]) -> list[tuple[str, Any]]:
        table = self._required(key)
        if not isinstance(table, dict) or not table:
            raise self.wrong(key, "must be a table with at least one type")
        for name in table:
            if name not in names:
                raise self.wrong(key, "is not a type that minicloud has", name)
        return [*table.items()]

    def _day(self, key: str, value: Any) -> date:
        # A date with a time is a date to Python, too.
        if not isinstance(value, date) or isinstance(value, datetime):
            raise self.wrong(key, f"is {_said(value)}; it must be a day: 2026-11-25, no quotes")
        if not _DAY_MIN <= value <= _DAY_MAX:
            raise self.wrong(key, f"is {value}; it must be from {_DAY_MIN} to {_DAY_MAX}")
        return value

    def _usd(self, value: Any, key: str, inner: str = "") -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise self.wrong(key, f"is {_said(value)}, not a number", inner)
        amount = Decimal(value)
        if not amount.is_finite():
            raise self.wrong(key, f"is {amount}, not a number", inner)
        if amount < 0:
            raise self.wrong(key, f"is {amount}; a rate is never negative", inner)
        if amount > _USD_MAX:
            raise self.wrong(key, f"is more than {_USD_MAX} dollars", inner)
        exponent = amount.as_tuple().exponent
        if isinstance(exponent, int) and -exponent > PLACES:
            raise self.wrong(key, f"has more than {PLACES} decimal places", inner)
        return amount


def _begins(line: str, section: str, key: str) -> bool:
    """Whether a key stands on this line, or the heading of its table does."""
    begun = line.lstrip()
    return begun.lstrip("\"'").startswith(key) or begun.startswith(f"[{section}.{key}")


def _said(value: Any) -> str:
    return shown(value) if isinstance(value, str) else shown(str(value))[1:-1]
