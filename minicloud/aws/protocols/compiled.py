"""What is compiled once for each shape of a model, when it is first needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, ParamSpec, TypeVar

K = TypeVar("K", bound=Hashable)
P = ParamSpec("P")
R = TypeVar("R")


class CompiledShapes(Generic[K, P, R]):
    """A function a shape, by the shape's name, or by that and more. Any thread may ask."""

    def __init__(self, compile_shape: Callable[[K], Callable[P, R]]) -> None:
        self._compile_shape = compile_shape
        self._lock = threading.RLock()
        self._made: dict[K, Callable[P, R]] = {}
        self._in_the_making: set[K] = set()

    def __getitem__(self, key: K) -> Callable[P, R]:
        """The function of the shape of this key."""
        found = self._made.get(key)
        return self._make(key) if found is None else found

    def _make(self, key: K) -> Callable[P, R]:
        with self._lock:
            if key in self._made:
                return self._made[key]
            if key in self._in_the_making:
                return self._late(key)
            self._in_the_making.add(key)
            made = self._made[key] = self._compile_shape(key)
            return made

    def _late(self, key: K) -> Callable[P, R]:
        """What a shape that holds itself is given: it looks for the function when it is called."""

        def late(*args: P.args, **kwargs: P.kwargs) -> R:
            return self[key](*args, **kwargs)

        return late
