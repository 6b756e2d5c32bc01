"""The AWS endpoint: an ASGI application of its own, so that nothing else is reached through it.

A request is read, its signature verified, parsed by the model, admitted and carried out on a
thread; the answer is written by the model. Whatever happens, a client is told in its own protocol.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import anyio
import anyio.to_thread

from minicloud.aws import dispatch
from minicloud.aws.admission import admit, end_dry_run
from minicloud.aws.backend import AwsBackend
from minicloud.aws.dispatch import Call
from minicloud.aws.failures import AwsFailure
from minicloud.aws.faults import defect, fault_of
from minicloud.aws.incoming import BODY_WITHIN_S, Receive, head_of, read_request
from minicloud.aws.marking import EngineMark
from minicloud.aws.operation import Operation
from minicloud.aws.protocols.families import Family
from minicloud.aws.protocols.protocol import Fault
from minicloud.aws.services import Spoken, services
from minicloud.aws.signature.request import SignedRequest
from minicloud.domain.engine_kind import EngineKind
from minicloud.domain.errors import MiniCloudError
from minicloud.domain.tags import shown

Send = Callable[[Any], Awaitable[None]]
log = logging.getLogger(__name__)
# A call that waits for an operation holds a thread.
_THREADS = 100
_OK = 200


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    status: int
    content_type: str
    body: bytes
    request_id: str


class AwsEndpoint:
    """The application. ``wall_clock`` is the time that clients sign with, whatever the cloud's."""

    def __init__(
        self,
        backend: AwsBackend,
        wall_clock: Callable[[], datetime],
        body_within_s: float = BODY_WITHIN_S,
    ) -> None:
        self._backend = backend
        self._wall_clock = wall_clock
        self._body_within_s = body_within_s
        self._spoken = {service.name: Spoken(service) for service in services()}
        self._marks: dict[str, EngineMark] = {}
        self._threads = anyio.CapacityLimiter(_THREADS)

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        if scope["type"] != "http":
            return
        head = head_of(scope)
        try:
            request = await read_request(head, receive, self._body_within_s)
        except AwsFailure as error:
            family = dispatch.family_of(head)
            reply = _told(fault_of(error, family), family, _request_id())
        else:
            work = partial(self.respond, request)
            reply = await anyio.to_thread.run_sync(work, limiter=self._threads)
        await _send_reply(reply, send, is_head=scope["method"] == "HEAD")

    def respond(self, request: SignedRequest) -> Reply:
        """The answer to a request that has come in whole."""
        request_id = _request_id()
        family = dispatch.family_of(request)
        try:
            region = self._backend.region.name
            call = dispatch.call_of(request, self._backend.keys, region, self._wall_clock())
            family = call.family
            body = self._carried_out(call, request_id)
        except MiniCloudError as error:
            return _told(fault_of(error, family), family, request_id)
        except Exception as error:
            log.exception("an AWS request failed in a way it should not", exc_info=error)
            return _told(defect(family), family, request_id)
        return Reply(_OK, family.envelope.content_type, body.encode(), request_id)

    def _carried_out(self, call: Call, request_id: str) -> str:
        spoken = self._spoken[call.service.name]
        operation = spoken.operations.get(call.action) or _no_such_action(call, spoken)
        codec = spoken.codecs[call.family]
        its_model = spoken.model.operations[operation.name]
        request = codec.parse(its_model, call.sent)
        admit(operation, request, codec.complaints)
        end_dry_run(request)
        answer = operation.handler(self._backend, request)
        if self._backend.engine is EngineKind.SIMULATED:
            answer = self._mark_of(spoken).marked(operation.name, answer)
        return codec.answer(its_model, answer, request_id)

    def _mark_of(self, spoken: Spoken) -> EngineMark:
        name = spoken.model.name
        if name not in self._marks:
            self._marks[name] = EngineMark(spoken.model, self._backend.engine)
        return self._marks[name]


def _no_such_action(call: Call, spoken: Spoken) -> Operation:
    is_known = call.action in spoken.model.known
    why = " minicloud does not carry it out." if is_known else ""
    code = "UnknownOperationException" if call.family is Family.JSON else "InvalidAction"
    raise AwsFailure(
        code, f"The action {shown(call.action, 80)} is not valid for this web service.{why}"
    )


def _told(fault: Fault, family: Family, request_id: str) -> Reply:
    envelope = family.envelope
    body = envelope.error(fault, request_id)
    return Reply(fault.status, envelope.content_type, body.encode(), request_id)


def _request_id() -> str:
    return str(uuid.uuid4())


async def _send_reply(reply: Reply, send: Send, *, is_head: bool) -> None:
    headers = [
        (b"content-type", reply.content_type.encode()),
        (b"content-length", str(len(reply.body)).encode()),
        (b"x-amzn-requestid", reply.request_id.encode()),
        (b"x-amz-request-id", reply.request_id.encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if is_head else reply.body})
