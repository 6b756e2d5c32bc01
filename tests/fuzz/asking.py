"""Makes the next request of a history: an operation, an input, and what is wrong with them."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import urlencode

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from botocore.serialize import create_serializer

from minicloud.aws.operation import Operation
from minicloud.aws.protocols.families import Family
from minicloud.aws.registry import OPERATIONS
from minicloud.aws.services import Service, services
from tests.fuzz.inputs import Inputs
from tests.fuzz.mutations import mutated_form, mutated_json
from tests.fuzz.pool import Pool
from tests.fuzz.recipes import LOOKS, Cook
from tests.fuzz.signing import FORM_TYPE, Plain, Request, odd, signed

_SERVICE_WEIGHTS = {"ec2": 50, "elbv2": 36, "sts": 1, "ssm": 4, "ce": 6, "pricing": 3}
_NOT_CARRIED_SHARE, _COOKED_SHARE, _MUTATED_SHARE, _ODD_SHARE = 0.06, 0.6, 0.38, 0.1
_LOOKS_AT_EACH = 4
# A cloud in which everything was ended has nothing more to refuse.
_ENDING, _SPARED_SHARE = ("Delete", "Terminate", "Release", "Deregister"), 0.7


@dataclass(frozen=True)
class Question:
    """A request, and whose answer it is to have."""

    service: Service
    model: OperationModel
    request: Request


@dataclass(frozen=True)
class _Spoken:
    """A service as botocore's clients know it."""

    service: Service
    model: ServiceModel
    carried: Mapping[str, Operation]

    @property
    def is_json(self) -> bool:
        return self.service.families[0] is Family.JSON


class Asker:
    """Asks anything of a cloud, from what it has seen of its answers."""

    def __init__(self, random: Random, pool: Pool) -> None:
        self._random = random
        self._pool = pool
        self._cook = Cook(random, pool)

    def looks(self) -> Iterator[Question]:
        """Every operation that reads, without a word more: to see what is there; then those that
        need a word of these answers, which are to be learnt from meanwhile.
        """
        self._pool.forget()
        for each in _spoken().values():
            for name, operation in each.carried.items():
                model = each.model.operation_model(name)
                is_led_to = name in LOOKS or model.input_shape.required_members
                if not (operation.changes or is_led_to) and name.startswith(("Describe", "Get")):
                    yield Question(each.service, model, signed(_as_sent(each, model, {})))
        for name in LOOKS:
            each = next(each for each in _spoken().values() if name in each.carried)
            model = each.model.operation_model(name)
            for _ in range(_LOOKS_AT_EACH):
                made = self._cook.make(name) or {}
                yield Question(each.service, model, signed(_as_sent(each, model, made)))

    def question(self) -> Question:
        """The next of a history."""
        random = self._random
        names = [*_SERVICE_WEIGHTS]
        spoken = _spoken()[random.choices(names, [*_SERVICE_WEIGHTS.values()])[0]]
        of_all = random.random() < _NOT_CARRIED_SHARE
        choices = spoken.model.operation_names if of_all else [*spoken.carried]
        name = random.choice(choices)
        if name.startswith(_ENDING) and random.random() < _SPARED_SHARE:
            name = random.choice(choices)
        model = spoken.model.operation_model(name)
        made = self._cook.make(name) if random.random() < _COOKED_SHARE else None
        if made is None:
            made = Inputs(model, spoken.carried.get(name), self._pool).make(random)
        plain = _as_sent(spoken, model, made)
        what = random.random()
        if what < _MUTATED_SHARE:
            return Question(spoken.service, model, signed(self._mutated(plain)))
        if what < _MUTATED_SHARE + _ODD_SHARE:
            return Question(spoken.service, model, odd(random, plain))
        return Question(spoken.service, model, signed(plain))

    def _mutated(self, plain: Plain) -> Plain:
        if not plain.fields:
            tree = mutated_json(self._random, json.loads(plain.body), self._pool)
            return Plain(plain.service, json.dumps(tree).encode(), plain.headers)
        fields = mutated_form(self._random, list(plain.fields), self._pool)
        return Plain(plain.service, urlencode(fields).encode(), plain.headers, tuple(fields))


def _as_sent(spoken: _Spoken, model: OperationModel, made: dict[str, Any]) -> Plain:
    family = spoken.service.families[0]
    serializer = create_serializer(family.value, include_validation=False)
    sent = serializer.serialize_to_request(made, model)
    if spoken.is_json:
        return Plain(spoken.service, sent["body"], sent["headers"])
    fields = tuple((name, _text(value)) for name, value in sent["body"].items())
    return Plain(spoken.service, urlencode(fields).encode(), {"Content-Type": FORM_TYPE}, fields)


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


@functools.cache
def _spoken() -> Mapping[str, _Spoken]:
    loader = Loader()
    return {
        service.name: _Spoken(
            service,
            ServiceModel(loader.load_service_model(service.name, "service-2"), service.name),
            {operation.name: operation for operation in OPERATIONS[service.name]},
        )
        for service in services()
    }
