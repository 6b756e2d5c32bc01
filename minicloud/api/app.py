"""The application: every route, and what happens to errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from starlette.applications import Starlette

from minicloud.api import (
    addresses,
    balancers,
    bills,
    certificates,
    cloud,
    images,
    instances,
    listeners,
    operations,
    prices,
    reservations,
    rules,
    target_groups,
)
from minicloud.api.backend import Backend
from minicloud.api.endpoint import EXCEPTION_HANDLERS

# Each client that waits for an operation holds a thread; 32 at once must leave room for work.
_THREADS = 200


@asynccontextmanager
async def _with_threads(_app: Starlette) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
    yield


def make_app(backend: Backend) -> Starlette:
    """The native API over these services."""
    nouns = (
        *(cloud, instances, images, addresses, operations),
        *(balancers, target_groups, listeners, rules, certificates),
        *(bills, prices, reservations),
    )
    return Starlette(
        routes=[route for noun in nouns for route in noun.routes(backend)],
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=_with_threads,
    )
