"""Actions and conditions: JSON to the domain and back, and what is refused on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from minicloud.api.actions import (
    ActionBody,
    ConditionBody,
    action_view,
    condition_views,
)
from minicloud.domain.action import (
    CONTENT_TYPES,
    Action,
    FixedResponseAction,
    ForwardAction,
    RedirectAction,
    WeightedGroup,
)
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.rule import (
    Condition,
    HeaderCondition,
    HostCondition,
    MethodCondition,
    PathCondition,
    QueryCondition,
    QueryValue,
    SourceIpCondition,
)

_ACTION: TypeAdapter[Any] = TypeAdapter(ActionBody)
_CONDITION: TypeAdapter[Any] = TypeAdapter(ConditionBody)
_words = st.text("abcABC019-*?.", min_size=1, max_size=20)
_printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40)


def _tuples(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, min_size=1, max_size=5).map(tuple)


_actions: st.SearchStrategy[Action] = st.one_of(
    st.builds(
        ForwardAction,
        st.lists(
            st.builds(WeightedGroup, st.from_regex(r"tg-[0-9a-f]{17}", fullmatch=True)),
            min_size=1,
            max_size=5,
            unique_by=lambda group: group.group_id,
        ).map(tuple),
        st.integers(0, 604_800),
    ),
    st.builds(
        RedirectAction,
        status=st.sampled_from([301, 302]),
        protocol=st.sampled_from(["HTTP", "HTTPS", "#{protocol}"]),
        host=st.just("elsewhere.example"),
        port=st.sampled_from(["#{port}", "1", "65535"]),
        path=st.sampled_from(["/", "/#{path}", "/new/#{path}"]),
        query=st.sampled_from(["", "#{query}", "a=b"]),
    ),
    st.builds(
        FixedResponseAction,
        status=st.integers(400, 599),
        content_type=st.sampled_from(sorted(CONTENT_TYPES)),
        body=st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    ),
)
_conditions: st.SearchStrategy[Condition] = st.one_of(
    st.builds(PathCondition, _tuples(_words)),
    st.builds(HostCondition, _tuples(_words)),
    st.builds(MethodCondition, _tuples(st.sampled_from(["GET", "POST", "PROPFIND"]))),
    st.builds(HeaderCondition, st.just("x-beta"), _tuples(_printable)),
    st.builds(QueryCondition, _tuples(st.builds(QueryValue, _printable, st.none() | _printable))),
    st.builds(SourceIpCondition, _tuples(st.just("10.0.0.0/8"))),
)


@given(action=_actions)
def test_an_action_comes_back_as_it_went_out(action: Action) -> None:
    view = json.loads(json.dumps(action_view(action, {})))
    for group in view.get("groups", []):
        assert group.pop("name") == ""
    assert _ACTION.validate_python(view, strict=True).to_domain() == action


@given(conditions=st.lists(_conditions, max_size=4))
def test_conditions_come_back_as_they_went_out(conditions: list[Condition]) -> None:
    views = json.loads(json.dumps(condition_views(conditions)))
    assert [_CONDITION.validate_python(v, strict=True).to_domain() for v in views] == conditions


def test_groups_are_told_with_their_names() -> None:
    action = ForwardAction((WeightedGroup("tg-1", 3), WeightedGroup("tg-2", 1)), 60)
    assert action_view(action, {"tg-1": "blue"}) == {
        "type": "forward",
        "groups": [
            {"id": "tg-1", "name": "blue", "weight": 3},
            {"id": "tg-2", "name": "", "weight": 1},
        ],
        "stickiness_s": 60,
    }


def test_what_is_left_out_has_awss_defaults() -> None:
    def made(**fields: Any) -> Any:
        return _ACTION.validate_python(fields, strict=True).to_domain()

    assert made(type="forward", groups=[{"id": "blue"}]) == ForwardAction((WeightedGroup("blue"),))
    assert made(type="redirect", protocol="HTTPS") == RedirectAction(protocol="HTTPS")
    assert made(type="fixed-response") == FixedResponseAction()


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"type": "dance"},
        {"type": "forward"},
        {"type": "forward", "groups": "blue"},
        {"type": "forward", "groups": [{"id": "blue", "weight": "3"}]},
        {"type": "forward", "groups": [{"id": "blue", "weight": True}]},
        {"type": "forward", "groups": [{"weight": 3}]},
        {"type": "redirect", "status": "301"},
        {"type": "redirect", "scheme": "HTTPS"},
        {"type": "fixed-response", "status": 200.0},
        {"type": "fixed-response", "body": b"x"},
    ],
)
def test_what_is_no_action_is_refused(body: Any) -> None:
    with pytest.raises(ValidationError):
        _ACTION.validate_python(body, strict=True)


@pytest.mark.parametrize(
    "body",
    [
        {"type": "forward", "groups": []},
        {"type": "forward", "groups": [{"id": "blue", "weight": 1000}]},
        {"type": "forward", "groups": [{"id": "blue"}, {"id": "blue"}]},
        {"type": "redirect"},
        {"type": "redirect", "protocol": "https"},
        {"type": "redirect", "host": "a\r\nset-cookie: x"},
        {"type": "redirect", "port": "0"},
        {"type": "fixed-response", "status": 301},
        {"type": "fixed-response", "content_type": "text/x\r\na: b"},
        {"type": "fixed-response", "body": "\ud800"},
    ],
)
def test_what_the_domain_refuses_is_an_invalid_request(body: Any) -> None:
    with pytest.raises(InvalidRequest):
        _ACTION.validate_python(body, strict=True).to_domain()


@pytest.mark.parametrize(
    "body",
    [
        {"field": "colour", "values": ["red"]},
        {"field": "path"},
        {"field": "path", "values": "/"},
        {"field": "path", "values": [1]},
        {"field": "path", "name": "x", "values": ["/"]},
        {"field": "header", "values": ["x"]},
        {"field": "query", "values": ["a=b"]},
        {"field": "query", "values": [{"key": "a"}]},
    ],
)
def test_what_is_no_condition_is_refused(body: Any) -> None:
    with pytest.raises(ValidationError):
        _CONDITION.validate_python(body, strict=True)
