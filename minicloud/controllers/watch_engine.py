"""Listens to the engine's events and wakes who must look, so that a death is seen at once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from minicloud.domain import naming
from minicloud.domain.errors import MiniCloudError
from minicloud.operations.definition import World
from minicloud.ports.engine import EngineEvent, Stream

_RETRY_S = 2.0

log = logging.getLogger(__name__)


class EngineWatch:
    """One thread on the engine's event stream, laid anew whenever it breaks."""

    def __init__(self, world: World, wakes: Sequence[Callable[[], None]]) -> None:
        self._world = world
        self._wakes = wakes
        self._stopping = threading.Event()
        self._stream: Stream[EngineEvent] | None = None
        self._thread = threading.Thread(target=self._loop, name="engine-events", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._stopping.set()
        if self._stream is not None:
            self._stream.close()
        self._thread.join(timeout=_RETRY_S)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except MiniCloudError as error:
                log.info("the engine's events cannot be heard: %s", error)
            # Whatever was missed while nobody listened, a pass over everything finds.
            self._wake()
            self._stopping.wait(_RETRY_S)

    def _listen(self) -> None:
        labels = {naming.CLOUD_LABEL: self._world.cloud_id}
        since = self._world.clock.real.now()
        self._stream = self._world.engine.events(labels, since, self._wake)
        for _event in self._stream:
            self._wake()

    def _wake(self) -> None:
        for wake in self._wakes:
            wake()
