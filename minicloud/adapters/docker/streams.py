"""What flows: events and consoles."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from minicloud.adapters.docker.errors import translated
from minicloud.adapters.docker.translation import label_filters
from minicloud.domain.errors import MiniCloudError
from minicloud.ports.engine import EngineEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import docker

Item = TypeVar("Item")

_ACTIONS: Final = (
    "create",
    "destroy",
    "die",
    "kill",
    "oom",
    "pause",
    "rename",
    "restart",
    "start",
    "stop",
    "unpause",
    "update",
)
"""Changes of a container's life. Commands and health checks inside it are noise here."""

_DETAIL_KEYS: Final = frozenset(
    {"image", "name", "exitCode", "signal", "execDuration", "oldName", "comment"}
)


class EngineStream(Generic[Item]):
    """An iterator that any thread may ``close``; the one that waits in it then sees its end."""

    def __init__(self, items: Iterator[Item], close: Callable[[], None]) -> None:
        self._items = items
        self._close = close
        self._is_closed = threading.Event()

    def __iter__(self) -> EngineStream[Item]:
        """Itself."""
        return self

    def __next__(self) -> Item:
        """The next item; what breaks because it was closed is an end, not an error."""
        if self._is_closed.is_set():
            raise StopIteration
        try:
            with translated():
                return next(self._items)
        except (MiniCloudError, AttributeError, OSError, ValueError):
            if self._is_closed.is_set():
                raise StopIteration from None
            raise

    def close(self) -> None:
        """End it, from any thread, as often as one likes."""
        if self._is_closed.is_set():
            return
        self._is_closed.set()
        try:
            with translated():
                self._close()
        except (MiniCloudError, AttributeError, OSError):
            # The engine has closed it first.
            return

    def __del__(self) -> None:
        """A stream that was dropped halfway must not keep its connection."""
        self.close()


def logs(api: docker.APIClient, name: str, tail: int | None, follow: bool) -> EngineStream[bytes]:
    """The console of a container; see the port."""
    with translated():
        lines = cast("Any", api).logs(
            name, stream=True, follow=follow, tail="all" if tail is None else tail
        )
    return EngineStream(iter(lines), lines.close)


def events(
    api: docker.APIClient,
    labels: Mapping[str, str],
    since: datetime,
    on_connected: Callable[[], None],
) -> EngineStream[EngineEvent]:
    """Container events; see the port.

    Only events of a container's life (``_ACTIONS``) are delivered.
    """
    filters = {"type": ["container"], "label": label_filters(labels), "event": list(_ACTIONS)}
    with translated():
        messages = cast("Any", api).events(
            since=f"{since.timestamp():.6f}", filters=filters, decode=True
        )
    on_connected()
    return EngineStream((_event_from(message) for message in messages), messages.close)


def _event_from(message: Mapping[str, Any]) -> EngineEvent:
    attributes = message["Actor"].get("Attributes") or {}
    return EngineEvent(
        container_name=attributes.get("name", ""),
        action=message["Action"],
        at=datetime.fromtimestamp(message["timeNano"] / 1e9, UTC),
        labels={key: text for key, text in attributes.items() if key not in _DETAIL_KEYS},
    )
