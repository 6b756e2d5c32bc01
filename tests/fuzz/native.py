"""The native API under requests made of its own document, by schemathesis."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from random import Random
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS
from schemathesis.core.result import Ok

from minicloud.api.app import make_app
from tests.fuzz.watch import Watch
from tests.fuzz.world import furnished_cloud, live_references
from tests.unit.app_transport import backend_of
from tests.unit.cloud import Cloud

# Afterwards there would be no cloud any more.
_LEFT_OUT = ("/v1/purge",)
_CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_schema_conformance", "negative_data_rejection"),
)
_ANSWER_WITHIN_S = 5.0
_LED_SHARE = 0.75
_MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
_WORDS: Mapping[str, Sequence[str]] = {
    "type": ("t3.nano", "t3.micro", "t3.large"),
    "name": ("new-1", "new-2"),
    "offering": ("t3.micro:1y:no-upfront:standard", "t3.micro:1y:no-upfront:convertible"),
    "by": ("1h", "3d"),
    "monthly": ("10", "0.5"),
}


@dataclass
class Tally:
    """What came of the requests, by operation."""

    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def run(examples_of_each: int) -> Tally:
    """Ask every route so often, each on a cloud of its own; an error says which does not hold."""
    tally = Tally()
    with furnished_cloud() as cloud:
        labels = [operation.label for operation in _operations(cloud)]
    broken: list[BaseException] = []
    for label in labels:
        with furnished_cloud() as cloud:
            operation = next(each for each in _operations(cloud) if each.label == label)
            try:
                _ask_often(operation, cloud, examples_of_each, tally)
            except (AssertionError, BaseExceptionGroup) as error:
                broken.append(error)
    if broken:
        raise BaseExceptionGroup("routes that do not hold", broken)
    return tally


def _operations(cloud: Cloud) -> list[Any]:
    app = make_app(backend_of(cloud))

    async def answering(scope: Any, receive: Any, send: Any) -> None:
        # The application's own handler has answered; what it raises then is for a server's log.
        with contextlib.suppress(Exception):
            await app(scope, receive, send)

    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", answering)
    found = []
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        found.append(result.ok())
    return [operation for operation in found if operation.path not in _LEFT_OUT]


def _ask_often(operation: Any, cloud: Cloud, examples: int, tally: Tally) -> None:
    checks = CHECKS.get_by_names([*_CHECKS])
    live = _Live(live_references(cloud), _noun(operation.path))
    cases = st.one_of(
        *(st.tuples(st.just(mode), operation.as_strategy(generation_mode=mode)) for mode in _MODES)
    )

    with closing(Watch(cloud)) as watch:

        @settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=[*HealthCheck],
        )
        @given(cases, st.randoms(use_true_random=False))
        def ask(chosen: tuple[schemathesis.GenerationMode, Any], random: Random) -> None:
            mode, case = chosen
            live.lead_path(case, random)
            if mode is schemathesis.GenerationMode.POSITIVE:
                live.lead_input(case, random)
            began_s = time.perf_counter()
            response = case.call()
            took_s = time.perf_counter() - began_s
            has_changed = watch.has_changed()
            case.validate_response(response, checks=checks)
            is_accepted = response.status_code < 300
            assert is_accepted or not has_changed, f"{operation.label} was refused, and changed"
            assert took_s < _ANSWER_WITHIN_S, f"{operation.label} took {took_s:.1f} s"
            (tally.accepted if is_accepted else tally.refused)[operation.label] += 1

        ask()


def _noun(path: str) -> str:
    """What the routes below ``/v1/addresses`` are about: an address."""
    plural = path.split("/")[2]
    return plural.removesuffix("es" if plural.endswith("sses") else "s")


@dataclass(frozen=True)
class _Live:
    """Lets requests name something that is there; ``noun`` is what their route is about."""

    references: Mapping[str, Sequence[str]]
    noun: str

    def lead_path(self, case: Any, random: Random) -> None:
        """Put the name of something that is there into most paths."""
        for name in case.path_parameters or ():
            self._put(case.path_parameters, name, self.noun, random)

    def lead_input(self, case: Any, random: Random) -> None:
        """Put names of what is there into most of a request's query and body."""
        for holder in (case.query, case.body):
            if isinstance(holder, dict):
                for name in holder:
                    self._put(holder, name, name, random)

    def _put(self, holder: Any, name: str, noun: str, random: Random) -> None:
        if random.random() >= _LED_SHARE:
            return
        if isinstance(holder[name], str) and noun in _WORDS:
            holder[name] = random.choice(_WORDS[noun])
        elif isinstance(holder[name], str) and noun in self.references:
            holder[name] = random.choice(self.references[noun])
        elif isinstance(holder[name], list) and noun == "instances":
            holder[name] = [random.choice(self.references["instance"])]
        elif isinstance(holder[name], list) and noun == "targets":
            holder[name] = [{"instance": random.choice(self.references["instance"])}]
