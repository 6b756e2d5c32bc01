"""The application: every route, and what happens to errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from starlette.applications import Starlette

from minicloud.api import (
    addresses,
    aws_endpoint,
    balancers,
    bills,
    budgets,
    certificates,
    clock,
    cloud,
    comparisons,
    images,
    instances,
    listeners,
    operations,
    prices,
    reservations,
    rules,
    target_groups,
    usage,
)
from minicloud.api.backend import Backend
from minicloud.api.endpoint import EXCEPTION_HANDLERS
from minicloud.api.openapi import with_document

# Each client that waits for an operation holds a thread; 32 at once must leave room for work.
_THREADS = 200


@asynccontextmanager
async def _with_threads(_app: Starlette) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
    yield


def make_app(backend: Backend) -> Starlette:
    """The native API over these services."""
    nouns = (
        *(cloud, aws_endpoint, clock, instances, images, addresses, operations),
        *(balancers, target_groups, listeners, rules, certificates),
        *(bills, budgets, prices, reservations, comparisons, usage),
    )
    return Starlette(
        routes=with_document(
            [route for noun in nouns for route in noun.routes(backend)], backend.server.version
        ),
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=_with_threads,
    )
