"""A cloud under a history of requests, most of which are wrong in some way."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from botocore.parsers import ResponseParserError

from tests.fuzz.asking import Asker, Question
from tests.fuzz.pool import Pool
from tests.fuzz.verdict import ANSWER_WITHIN_S, parsed
from tests.fuzz.watch import Watch
from tests.fuzz.world import furnished_cloud
from tests.unit import invariants
from tests.unit.aws_client import Answer, AwsWire, backend_of
from tests.unit.cloud import Cloud

_OF_ONE_CLOUD = 500
_LOOKS_AROUND_EVERY = 125
_REFUSED_FROM = 300
_SHOWN = 2000


@dataclass
class Tally:
    """What came of the requests, by operation and by error code."""

    requests: int = 0
    slowest_s: float = 0.0
    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def run(seed: int, count: int) -> Tally:
    """Send ``count`` requests, to a new cloud every few hundred; ``AssertionError`` at a defect."""
    tally = Tally()
    for first in range(0, count, _OF_ONE_CLOUD):
        name = f"{seed}:{first}"
        with (
            furnished_cloud() as cloud,
            closing(Watch(cloud)) as watch,
            _errors_in_log() as errors,
            asyncio.Runner() as loop,
        ):
            _History(name, cloud, _Judge(watch, errors, tally), loop).run(
                min(_OF_ONE_CLOUD, count - first)
            )
            invariants.check(cloud, are_names_unique=False)
    return tally


@dataclass
class _Judge:
    """Holds answers to what must be true of them, and counts them."""

    watch: Watch
    errors: list[str]
    tally: Tally

    def judge(self, question: Question, answer: Answer, took_s: float) -> Any:
        """The answer as botocore reads it."""
        told = parsed(question.model, question.service, question.request, answer)
        is_accepted = answer.status < _REFUSED_FROM
        has_changed = self.watch.has_changed()
        assert is_accepted or not has_changed, "a refused call has changed something"
        assert not self.errors, self.errors
        assert took_s < ANSWER_WITHIN_S, f"{took_s:.1f} s"
        self.tally.slowest_s = max(self.tally.slowest_s, took_s)
        counter = self.tally.accepted if is_accepted else self.tally.refused
        counter[question.model.name] += 1
        return told


class _History:
    """One cloud's requests."""

    def __init__(self, name: str, cloud: Cloud, judge: _Judge, loop: asyncio.Runner) -> None:
        self._name = name
        self._judge = judge
        self._loop = loop
        self._pool = Pool()
        self._asker = Asker(Random(name), self._pool)
        self._skew_s = 0.0
        self._wire = AwsWire(backend_of(cloud), self._now)

    def run(self, count: int) -> None:
        for number in range(count):
            if number % _LOOKS_AROUND_EVERY == 0:
                for question in self._asker.looks():
                    self._ask(question, number)
            self._ask(self._asker.question(), number)
            self._judge.tally.requests += 1

    def _ask(self, question: Question, number: int) -> None:
        request = question.request
        self._skew_s = request.skew_s
        began_s = time.perf_counter()
        asking = self._wire.asking(request.method, request.url, request.headers, request.body)
        answer = self._loop.run(asking)
        took_s = time.perf_counter() - began_s
        try:
            self._pool.learn(self._judge.judge(question, answer, took_s))
        except (AssertionError, ResponseParserError) as error:
            raise AssertionError(
                f"{error!r}\nhistory {self._name!r}, request {number}: {question.model.name}"
                f" ({request.oddity or 'sound envelope'}) {request.method} {request.url[:_SHOWN]}"
                f"\n{request.body[:_SHOWN]!r}\n-> {answer.status} {answer.body[:_SHOWN]!r}"
            ) from error

    def _now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._skew_s)


@contextmanager
def _errors_in_log() -> Iterator[list[str]]:
    """What any thread of the cloud tells its log as an error, meanwhile."""
    errors: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            errors.append(logging.Formatter().format(record))

    handler = Keeper(logging.ERROR)
    log = logging.getLogger("minicloud")
    log.addHandler(handler)
    try:
        yield errors
    finally:
        log.removeHandler(handler)
