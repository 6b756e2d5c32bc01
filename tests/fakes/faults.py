"""What every fake can be told: let the next call of a method fail."""

from __future__ import annotations

import functools
from collections import defaultdict, deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


Fake = TypeVar("Fake")


def failing(*methods: str) -> Callable[[type[Fake]], type[Fake]]:
    """Let these methods of a class, its own or inherited, go through its ``call``.

    One after the other: the class has a ``_lock``.
    """

    def decorated(fake: type[Fake]) -> type[Fake]:
        for name in methods:
            setattr(fake, name, _through_call(name, getattr(fake, name)))
        return fake

    return decorated


def _through_call(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def wrapped(self: Any, *given: Any, **named: Any) -> Any:
        with self._lock, self.call(name):
            return method(self, *given, **named)

    return wrapped


class Faults:
    """Errors that wait for their calls, and every call there was."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[tuple[Exception, bool]]] = defaultdict(deque)
        self.calls: list[str] = []

    def fail_next(
        self, method: str, error: Exception, times: int = 1, *, after_effect: bool = False
    ) -> None:
        """Let the next calls of ``method`` raise; with ``after_effect`` once their work is done."""
        self._waiting[method].extend([(error, after_effect)] * times)

    def forget_failures(self) -> None:
        """Let no call fail any more."""
        self._waiting.clear()

    @property
    def has_fired(self) -> bool:
        """Whether every error that was arranged has been raised."""
        return not any(self._waiting.values())

    @contextmanager
    def call(self, method: str) -> Iterator[None]:
        self.calls.append(method)
        error, after_effect = (
            self._waiting[method].popleft() if self._waiting[method] else (None, False)
        )
        if error is not None and not after_effect:
            raise error
        yield
        if error is not None:
            raise error
