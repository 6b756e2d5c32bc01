"""Images: their size for their time, in GB-months.

A GB is 2^30 bytes. A month is as long as that month (UTC) is: a gigabyte kept for all of February
is one GB-month, as one kept for all of March is, so that an hour of February costs more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from minicloud.domain.billing.entries import Problems, damaged, fact, second_of
from minicloud.domain.billing.line import Doubt, Rule, What
from minicloud.domain.billing.price_book import PriceBook
from minicloud.domain.billing.tally import Tally
from minicloud.domain.ledger import LedgerEntry

GB_BYTES = 2**30
_DIGITS_MAX = 18


@dataclass(frozen=True)
class _Kept:
    name: str
    size_bytes: int
    since_s: int


class ImageMeter:
    """Measures every image."""

    def __init__(self, book: PriceBook, tally: Tally, problems: Problems) -> None:
        self._book = book
        self._tally = tally
        self._problems = problems
        self._kept: dict[str, _Kept] = {}

    def take_created(self, entry: LedgerEntry, at_s: int) -> None:
        """An image is kept from now on."""
        kept = _Kept(fact(entry, "name"), _size_bytes(entry), at_s)
        before = self._kept.get(entry.resource_id)
        if before is not None:
            self._problems.add(entry, "is created, and was kept already: billed as it was before")
            self._measure(entry.resource_id, before, at_s, Doubt.LEDGER)
        self._kept[entry.resource_id] = kept

    def take_deleted(self, entry: LedgerEntry, at_s: int) -> None:
        """An image is kept no longer."""
        kept = self._kept.pop(entry.resource_id, None)
        if kept is not None:
            self._measure(entry.resource_id, kept, at_s, Doubt.NONE)
            return
        self._problems.add(entry, "was never told to be kept: what it cost before is not billed")
        month, _until_s, length_s = _month(at_s)
        what = _what(entry.resource_id, fact(entry, "name"), month, length_s)
        self._tally.moment_at(what, self._book.of_image_storage(), at_s, 0, Doubt.LEDGER)

    def finish(self, at_s: int) -> None:
        """Measure what is still kept."""
        for image_id, kept in self._kept.items():
            self._measure(image_id, kept, at_s, Doubt.NONE)

    def _measure(self, image_id: str, kept: _Kept, at_s: int, doubt: Doubt) -> None:
        prices = self._book.of_image_storage()
        begin_s = max(kept.since_s, self._tally.period.from_s)
        for month, begins_s, ends_s, length_s in _months(begin_s, at_s):
            what = _what(image_id, kept.name, month, length_s)
            weight = kept.size_bytes
            self._tally.stretch(what, prices, (begins_s, ends_s), weight=weight, doubt=doubt)


def _what(image_id: str, name: str, month: str, length_s: int) -> What:
    return What(Rule.IMAGE_STORAGE, image_id, name, GB_BYTES * length_s, month)


def _size_bytes(entry: LedgerEntry) -> int:
    text = fact(entry, "size_bytes")
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS_MAX:
        raise damaged(entry, "has a size that is no number of bytes")
    return int(text)


def _months(begin_s: int, end_s: int) -> Iterator[tuple[str, int, int, int]]:
    """The calendar months that a stretch is in: name, the part in it, and its whole length."""
    while begin_s < end_s:
        month, until_s, length_s = _month(begin_s)
        yield month, begin_s, min(until_s, end_s), length_s
        begin_s = until_s


def _month(at_s: int) -> tuple[str, int, int]:
    """A month's name, when it ends, and how long it is in seconds."""
    at = datetime.fromtimestamp(at_s, UTC)
    begins = datetime(at.year, at.month, 1, tzinfo=UTC)
    ends = datetime(at.year + at.month // 12, at.month % 12 + 1, 1, tzinfo=UTC)
    ends_s = second_of(ends)
    return begins.strftime("%Y-%m"), ends_s, ends_s - second_of(begins)
