"""What is done to a sound request before it is signed: to a form's fields, to nodes of JSON."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from tests.fuzz.pool import Pool
from tests.fuzz.values import hostile

Form = list[tuple[str, str]]
_ENVELOPE = frozenset({"Action", "Version"})
_NUMBERS = ("0", "-1", "01", "999999", "1000000", "x", "", "1.1", "²")
_DEEP = 900
_MANY = 1500


def mutated_form(random: Random, fields: Form, pool: Pool) -> Form:
    """The form with one to three things wrong; its action and version stay."""
    envelope = [pair for pair in fields if pair[0] in _ENVELOPE]
    rest = [pair for pair in fields if pair[0] not in _ENVELOPE]
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        random.choice(_OF_FORMS)(random, rest, pool)
    return [*envelope, *rest]


def mutated_json(random: Random, tree: Any, pool: Pool) -> Any:
    """The tree with one to three nodes replaced, added or taken away."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        tree = _with_wrong_node(random, tree, pool, 0)
    return tree


def _replace(random: Random, fields: Form, pool: Pool) -> None:
    if fields:
        place = random.randrange(len(fields))
        fields[place] = (fields[place][0], hostile(random, pool))


def _exchange(random: Random, fields: Form, _pool: Pool) -> None:
    if len(fields) > 1:
        first, second = random.sample(range(len(fields)), 2)
        fields[first] = (fields[first][0], fields[second][1])


def _drop(random: Random, fields: Form, _pool: Pool) -> None:
    if fields:
        del fields[random.randrange(len(fields))]


def _repeat(random: Random, fields: Form, pool: Pool) -> None:
    if fields:
        name, value = random.choice(fields)
        fields.append((name, value if random.random() < 0.5 else hostile(random, pool)))


def _rename(random: Random, fields: Form, pool: Pool) -> None:
    if not fields:
        return
    place = random.randrange(len(fields))
    name, value = fields[place]
    head, dot, last = name.rpartition(".")
    renamed = (
        f"{name}.1",
        f"{name}.{hostile(random, pool)[:50]}",
        f"{head}{dot}{random.choice(_NUMBERS)}",
        f"{head}{dot}{last.swapcase()}",
        f"{name.partition('.')[0]}",
        f"{name}..",
        f".{name}",
        name + ".1" * _DEEP,
    )
    fields[place] = (random.choice(renamed), value)


def _add_unknown(random: Random, fields: Form, pool: Pool) -> None:
    name = random.choice(("Unknown", "Filter.1", "Filter.1.Nme", "InstanceId", "DryRun", "Tag.1"))
    fields.append((name, hostile(random, pool)))


def _add_many(random: Random, fields: Form, pool: Pool) -> None:
    name = random.choice(fields)[0] if fields else "InstanceId"
    stem = name.rstrip("0123456789").removesuffix(".")
    value = hostile(random, pool)[:40]
    fields.extend((f"{stem}.{number}", value) for number in range(1, _MANY))


_OF_FORMS: tuple[Callable[[Random, Form, Pool], None], ...] = (
    *(_replace, _replace, _replace, _exchange, _drop, _drop),
    *(_repeat, _rename, _rename, _add_unknown, _add_many),
)


def _with_wrong_node(random: Random, node: Any, pool: Pool, depth: int) -> Any:
    if isinstance(node, dict) and node and random.random() < 0.75:
        key = random.choice(list(node))
        below = _with_wrong_node(random, node[key], pool, depth + 1)
        return {**node, key: below}
    if isinstance(node, list) and node and random.random() < 0.75:
        place = random.randrange(len(node))
        below = _with_wrong_node(random, node[place], pool, depth + 1)
        return [*node[:place], below, *node[place + 1 :]]
    if isinstance(node, dict) and node and random.random() < 0.6:
        if random.random() < 0.5:
            return {**node, hostile(random, pool)[:60]: hostile(random, pool)}
        dropped = random.choice(list(node))
        return {key: value for key, value in node.items() if key != dropped}
    return _any_json(random, pool)


def _any_json(random: Random, pool: Pool) -> Any:
    deep: Any = "x"
    for _ in range(random.choice((3, 90))):
        deep = [deep] if random.random() < 0.5 else {"Or": deep}
    choices: tuple[Any, ...] = (
        *(None, True, False, 0, -1, 2**31, 2**63, 10**30, 1.5, 1e308, "", [], {}, [None], deep),
        *({"": ""}, [[[]]], ["a"] * _MANY, {str(number): number for number in range(300)}),
        *(hostile(random, pool), hostile(random, pool), hostile(random, pool)),
    )
    return random.choice(choices)
