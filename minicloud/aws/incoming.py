"""A request as it comes in: who may ask at all, and how much and how slowly may be sent.

Only programs of this machine reach the endpoint, but a browser of this machine does, too, whatever
page it shows: a name that is not the loopback's (DNS rebinding) and an ``Origin`` are refused
before anything is read.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from minicloud.aws.failures import AwsFailure
from minicloud.aws.signature.request import SignedRequest
from minicloud.domain.tags import shown

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]

_LOOPBACK = re.compile(r"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?", re.ASCII | re.I)
# AWS's own bodies end at 16 KiB for EC2 user data and 1 MiB for metrics.
_BODY_BYTES_MAX = 1024 * 1024
_QUERY_BYTES_MAX = 64 * 1024
BODY_WITHIN_S = 10.0


def head_of(scope: Scope) -> SignedRequest:
    """The request of a connection without its body."""
    return SignedRequest(
        scope["method"],
        scope["raw_path"].decode("latin-1"),
        scope["query_string"].decode("latin-1"),
        [(k.decode("latin-1").lower(), v.decode("latin-1")) for k, v in scope["headers"]],
        b"",
    )


async def read_request(
    head: SignedRequest, receive: Receive, body_within_s: float
) -> SignedRequest:
    """The request with its body; ``AwsFailure`` where it may not ask, or sends too much."""
    _require_local(head)
    if head.method not in {"GET", "POST"}:
        raise AwsFailure(
            "MethodNotAllowed", f"The method {shown(head.method)} is not allowed.", 405
        )
    if len(head.query) > _QUERY_BYTES_MAX:
        raise AwsFailure("RequestEntityTooLarge", "The request's query is too long.", 414)
    try:
        body = await asyncio.wait_for(_body(receive), body_within_s)
    except TimeoutError as error:
        raise AwsFailure(
            "RequestTimeout", "Your socket connection was not read from in time.", 408
        ) from error
    return replace(head, body=body)


def _require_local(request: SignedRequest) -> None:
    if _LOOPBACK.fullmatch(request.host) is None:
        raise AwsFailure(
            "AccessDenied",
            f"{shown(request.host)} is not a name of this computer: ask 127.0.0.1 or localhost.",
            403,
        )
    if request.header("origin") is not None:
        raise AwsFailure("AccessDenied", "Pages in a browser may not ask a cloud.", 403)


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise AwsFailure("RequestTimeout", "The connection ended within the request.", 408)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > _BODY_BYTES_MAX:
            raise AwsFailure(
                "RequestEntityTooLarge", f"The request is longer than {_BODY_BYTES_MAX} bytes.", 413
            )
        if not message.get("more_body", False):
            return b"".join(parts)
