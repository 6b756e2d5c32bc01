"""The document: taken if it is exactly so, refused in one way if it is not."""

from __future__ import annotations

import asyncio
import copy
import json
from typing import Any

import pytest
from balancer_agent.document import parse_document
from balancer_agent.refusal import INVALID_DOCUMENT, Refused
from balancer_agent.server import answer
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.agent_documents import (
    FIXED,
    KEY,
    REDIRECT,
    a_document,
    a_group,
    a_health_check,
    a_listener,
    a_rule,
    a_target,
    everything,
    forward,
    group_id,
    target_id,
)


def refusal(raw: object) -> str:
    with pytest.raises(Refused) as caught:
        parse_document(raw)
    assert caught.value.code == INVALID_DOCUMENT
    message = str(caught.value)
    assert message.isascii()
    assert message.isprintable()
    return message


def test_one_of_each_form_is_taken() -> None:
    document = parse_document(everything())
    https, http = document.listeners
    assert [rule["priority"] for rule in https.rules] == [10, 20, 30]
    assert https.groups == {group_id(1), group_id(2)}
    assert http.certificate is None
    assert document.used_groups == {group_id(1), group_id(2)}
    _, draining, held = document.groups[1].targets
    assert (draining.mode, draining.drain_until) == ("draining", 1_764_043_500.5)
    assert (held.mode, held.reason) == ("held", "the instance is stopped")
    assert document.groups[0].health.matches(200)
    assert not document.groups[0].health.matches(201)


def test_a_network_balancers_document_is_taken() -> None:
    document = parse_document(
        a_document(
            type="network",
            listeners=[a_listener(80, 1, protocol="TCP")],
            groups=[a_group(1, a_target(1), protocol="TCP")],
        )
    )
    assert document.used_groups == {group_id(1)}


def test_rules_go_on_word_for_word() -> None:
    raw = everything()
    document = parse_document(copy.deepcopy(raw))
    rules = raw["listeners"][0]["rules"]
    assert list(document.listeners[0].rules) == [rules[1], rules[0], rules[2]]
    assert list(document.listeners[0].actions) == raw["listeners"][0]["actions"]


def with_rule(action: dict[str, Any], *conditions: dict[str, Any]) -> dict[str, Any]:
    return a_document(listeners=[a_listener(80, 1, rules=[a_rule(1, action, *conditions)])])


def with_target(**changes: Any) -> dict[str, Any]:
    return a_document(groups=[a_group(1, a_target(1, **changes))])


def with_health(**changes: Any) -> dict[str, Any]:
    return a_document(groups=[a_group(1, health=a_health_check(**changes))])


TCP_LISTENER = a_listener(80, 1, protocol="TCP")
TCP_GROUP = a_group(1, protocol="TCP")
CERTIFICATE = {"id": f"cert-{1:017x}", "chain_pem": "x", "key_pem": KEY}


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        "document",
        {},
        a_document(extra=1),
        a_document(balancer="lb-1"),
        a_document(balancer=f"lb-{1:017x}\n"),
        a_document(type="gateway"),
        a_document(idle_timeout_s=0),
        a_document(idle_timeout_s=4001),
        a_document(idle_timeout_s=True),
        a_document(idle_timeout_s=60.0),
        a_document(idle_timeout_s="60"),
        a_document(xff="forget"),
        a_document(listeners={}),
        a_document(certificates=[CERTIFICATE]),
        a_document(listeners=[a_listener(0, 1)]),
        a_document(listeners=[a_listener(65536, 1)]),
        a_document(listeners=[a_listener(80, 1), a_listener(80, 1, id=f"lsn-{9:017x}")]),
        a_document(listeners=[a_listener(80, 1), a_listener(81, 1, id=f"lsn-{80:017x}")]),
        a_document(listeners=[a_listener(80, 2)]),
        a_document(listeners=[a_listener(80, 1, protocol="HTTPS")]),
        a_document(listeners=[a_listener(80, 1, protocol="HTTPS", certificate=f"cert-{1:017x}")]),
        a_document(listeners=[a_listener(80, 1, certificate=f"cert-{1:017x}")]),
        a_document(listeners=[a_listener(80, 1, actions=[])]),
        a_document(listeners=[a_listener(80, 1, actions=[forward(1), forward(1)])]),
        a_document(listeners=[TCP_LISTENER]),
        a_document(type="network", groups=[TCP_GROUP]),
        a_document(type="network", listeners=[TCP_LISTENER]),
        a_document(
            type="network",
            groups=[TCP_GROUP],
            listeners=[{**TCP_LISTENER, "rules": [a_rule(1, forward(1))]}],
        ),
        a_document(
            type="network", groups=[TCP_GROUP], listeners=[{**TCP_LISTENER, "actions": [FIXED]}]
        ),
        a_document(groups=[a_group(1), a_group(1)]),
        a_document(groups=[a_group(1, name="a b")]),
        a_document(groups=[a_group(1, a_target(1), a_target(1))]),
        a_document(groups=[a_group(1, a_target(1, 2))]),
        a_document(groups=[a_group(1, protocol="TCP")]),
        a_document(groups=[a_group(1, algorithm="random")]),
        a_document(groups=[a_group(1, slow_start_s=901)]),
        a_document(
            groups=[
                a_group(1, *(a_target(1, port=n, id=target_id(1, 1, n)) for n in range(1, 1002)))
            ]
        ),
        with_target(ip="172.31.0.256"),
        with_target(ip="0.0.0.0"),
        with_target(ip="224.0.0.1"),
        with_target(ip="::1"),
        with_target(ip=2887712769),
        with_target(port="80"),
        with_target(mode="resting"),
        with_target(drain_until="soon"),
        with_target(drain_until=True),
        with_target(drain_until=float("nan")),
        with_target(drain_until=float("inf")),
        with_target(drain_until=10**400),
        with_target(drain_until=-1),
        with_target(reason="a\nb"),
        with_target(reason="\ud800"),
        with_target(id="elsewhere"),
        with_health(path="no-slash"),
        with_health(path="/a b"),
        with_health(path="/a\r\nHost: b"),
        with_health(port=0),
        with_health(matcher=[]),
        with_health(matcher=[[200]]),
        with_health(matcher=[[300, 200]]),
        with_health(matcher=[[200, 600]]),
        with_health(interval_s=4),
        with_health(timeout_s=121),
        with_health(healthy_threshold=1),
        with_health(unhealthy_threshold=11),
        with_rule({"type": "lua"}),
        with_rule({**FIXED, "status": 302}),
        with_rule({**FIXED, "content_type": "text/evil"}),
        with_rule({**FIXED, "body": "x" * 1025}),
        with_rule({**FIXED, "body": "\ud800"}),
        with_rule({**REDIRECT, "status": 307}),
        with_rule({**REDIRECT, "host": ""}),
        with_rule({**REDIRECT, "host": "a\r\nb"}),
        with_rule({**REDIRECT, "path": "elsewhere"}),
        with_rule({**REDIRECT, "port": "65536"}),
        with_rule({**REDIRECT, "port": "0"}),
        with_rule({**REDIRECT, "query": "#{secret}"}),
        with_rule(forward()),
        with_rule(forward(1, 1)),
        with_rule(forward(1, 2, 3, 4, 5, 6)),
        with_rule({**forward(1), "groups": [{"id": group_id(1), "weight": 1000}]}),
        with_rule({**forward(1), "stickiness_s": -1}),
        with_rule(forward(1), {"field": "cookie", "values": ["a"]}),
        with_rule(forward(1), {"field": "path", "values": []}),
        with_rule(forward(1), {"field": "path", "values": ["/{a}"]}),
        with_rule(forward(1), {"field": "path", "values": ["/a"], "name": "b"}),
        with_rule(forward(1), {"field": "host", "values": ["a b"]}),
        with_rule(forward(1), {"field": "header", "values": ["a"]}),
        with_rule(forward(1), {"field": "header", "name": "a b", "values": ["a"]}),
        with_rule(forward(1), {"field": "method", "values": ["get"]}),
        with_rule(forward(1), {"field": "query", "values": ["a"]}),
        with_rule(forward(1), {"field": "query", "values": [{"key": 1, "value": "a"}]}),
        with_rule(forward(1), {"field": "source-ip", "values": ["10.0.0.1/8"]}),
        with_rule(forward(1), {"field": "source-ip", "values": ["300.0.0.0/8"]}),
        with_rule(forward(1), {"field": ["path"], "values": ["/a"]}),
        a_document(
            listeners=[a_listener(80, 1, rules=[a_rule(1, forward(1)), a_rule(1, forward(1))])]
        ),
        a_document(
            listeners=[a_listener(80, 1, rules=[a_rule(n, forward(1)) for n in range(1, 102)])]
        ),
    ],
)
def test_what_is_not_exactly_so_is_refused(raw: object) -> None:
    refusal(raw)


def test_the_refusal_says_where() -> None:
    raw = a_document(groups=[a_group(1, a_target(1), a_target(2, mode="resting"))])
    assert "document.groups[0].targets[1].mode" in refusal(raw)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything in a document, itself included."""
    inside: list[tuple[Any, ...]] = [path]
    if isinstance(value, dict | list):
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for key, entry in entries:
            inside += places(entry, (*path, key))
    return inside


PLACES = places(everything())
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([10**30, "", "\x00", "a\nb", "'; --", "{{ x }}", "#{host}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def put(raw: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    holder = raw
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return raw


@given(st.sampled_from(PLACES), JSON_VALUES)
def test_anything_in_any_place_is_taken_or_refused_in_one_way(
    path: tuple[Any, ...], value: Any
) -> None:
    raw = put(everything(), path, value)
    try:
        document = parse_document(raw)
    except Refused:
        refusal(raw)
    else:
        # What is taken can be given on as JSON, and is taken again.
        again = json.loads(json.dumps(raw))
        assert parse_document(again) == document


@given(st.sampled_from([path for path in PLACES if path]), st.data())
def test_nothing_may_be_left_out_and_no_key_added(
    path: tuple[Any, ...], data: st.DataObject
) -> None:
    raw = everything()
    holder = raw
    for key in path[:-1]:
        holder = holder[key]
    if isinstance(holder, dict):
        if data.draw(st.booleans()):
            del holder[path[-1]]
        else:
            holder["surplus"] = holder[path[-1]]
        refusal(raw)


@given(JSON_VALUES)
def test_no_json_raises_anything_but_the_refusal(value: Any) -> None:
    refusal(value)


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b"1", b"{}", b'{"id":1}', b'{"id":1,"op":"fly"}', b"[" * 100_000, b"\xff"],
)
def test_a_line_that_is_no_request_is_answered_as_such(line: bytes) -> None:
    reply = json.loads(asyncio.run(answer({}, line + b"\n")))
    assert reply["error"]["code"] == "InvalidBalancerRequest"
