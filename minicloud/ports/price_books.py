"""The price books that ship with minicloud, one a region."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class PriceBooks(Protocol):
    """Where the text of a region's book comes from."""

    def regions(self) -> Sequence[str]:
        """The regions that there is a book of, in the order of their names."""

    def text(self, region: str) -> str:
        """The book of a region, as TOML; ``NotFound`` code ``PriceBookNotFound`` if there is none.

        ``region`` may be any text.
        """
