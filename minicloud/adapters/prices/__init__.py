"""The price books that ship with minicloud: a TOML file a region beside this one.

``domain.billing.price_file`` says how one is written. Nobody reads prices from AWS here: figures
come from public files and pages, and each block of a book says which, of when, and whether it is
an estimate.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from minicloud.domain.errors import NotFound
from minicloud.domain.tags import shown

_ENDING = ".toml"


class ShippedPriceBooks:
    """Implements ``ports.price_books.PriceBooks`` over the package's own files."""

    def __init__(self) -> None:
        self._files = {
            path.name.removesuffix(_ENDING): path
            for path in files(__name__).iterdir()
            if path.name.endswith(_ENDING)
        }

    def regions(self) -> Sequence[str]:
        """The regions that there is a book of, in the order of their names."""
        return sorted(self._files)

    def text(self, region: str) -> str:
        """The book of a region; ``NotFound`` where none ships."""
        if region not in self._files:
            raise NotFound(
                "PriceBookNotFound",
                f"no price book of region {shown(region)} ships with minicloud",
                f"there are: {', '.join(self.regions())}; or give your own: --prices FILE",
            )
        return self._files[region].read_text("utf-8")
