"""What flows out of a simulated world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Item = TypeVar("Item")


class SimulatedStream(Generic[Item]):
    """The port ``Stream``; ``on_close`` lets go whoever waits for the next item."""

    def __init__(self, items: Iterator[Item], on_close: Callable[[], None] | None = None) -> None:
        self._items = items
        self._on_close = on_close
        self._is_closed = False

    def __iter__(self) -> SimulatedStream[Item]:
        """Itself."""
        return self

    def __next__(self) -> Item:
        """The next item; none once it is closed."""
        if self._is_closed:
            raise StopIteration
        return next(self._items)

    def close(self) -> None:
        """End it; see the port."""
        if not self._is_closed:
            self._is_closed = True
            if self._on_close is not None:
                self._on_close()
