"""What every listing on the AWS wire shares: filters, pages and tags."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.aws.backend import AwsBackend
from minicloud.aws.failures import AwsFailure
from minicloud.aws.filters import flag, select
from minicloud.aws.paging import Paging
from minicloud.aws.tags import specified_tags, tag_list, tags_from
from tests.unit.aws_client import backend_of
from tests.unit.cloud import Cloud


class Thing(NamedTuple):
    """A record to be listed."""

    id: str
    sizes: tuple[str, ...] = ()
    tags: dict[str, str] = {}  # noqa: RUF012 (never changed)


THINGS = [
    Thing("web-1", ("small",), {"Name": "shop*", "tier": "web"}),
    Thing("web-2", ("small", "large"), {"Name": "Shop", "tier": ""}),
    Thing("db-1", (), {"owner": "a?b\\c\nd"}),
]
_VALUES = {"id": lambda thing: [thing.id], "size": lambda thing: thing.sizes}


def _chosen(*filters: tuple[str, list[str]]) -> list[str]:
    given_filters = [{"Name": name, "Values": values} for name, values in filters]
    return [thing.id for thing in select(THINGS, given_filters, _VALUES, lambda t: t.tags)]


@pytest.mark.parametrize(("name", "values", "chosen"), [
    ("id", ["web-1"], ["web-1"]),
    ("id", ["web-1", "db-1"], ["web-1", "db-1"]),
    ("id", ["web-*"], ["web-1", "web-2"]),
    ("id", ["?b-1"], ["db-1"]),
    ("id", ["*"], ["web-1", "web-2", "db-1"]),
    ("id", ["WEB-1"], []),
    ("id", ["web"], []),
    ("id", ["web.1"], []),
    ("id", [""], []),
    ("size", ["large"], ["web-2"]),
    ("size", ["*"], ["web-1", "web-2"]),
    ("tag:Name", ["shop*"], ["web-1"]),
    ("tag:Name", ["?hop\\*"], ["web-1"]),
    ("tag:Name", ["shop\\?"], []),
    ("tag:tier", [""], ["web-2"]),
    ("tag:owner", ["a\\?b\\\\c*"], ["db-1"]),
    ("tag:name", ["*"], []),
    ("tag-key", ["tier"], ["web-1", "web-2"]),
    ("tag-value", ["web"], ["web-1"]),
])  # fmt: skip
def test_a_filter_leaves_what_it_names(name: str, values: list[str], chosen: list[str]) -> None:
    assert _chosen((name, values)) == chosen


def test_filters_are_joined_by_and_their_values_by_or() -> None:
    assert _chosen(("id", ["web-*"]), ("size", ["large", "huge"])) == ["web-2"]
    assert _chosen() == [thing.id for thing in THINGS]
    assert select(THINGS, None, _VALUES) == THINGS


@pytest.mark.parametrize(
    "given_filter",
    [
        {"Name": "nonsense", "Values": ["x"]},
        {"Name": "tag:", "Values": ["x"]},
        {"Name": "", "Values": ["x"]},
        {"Values": ["x"]},
        {"Name": "id"},
        {"Name": "id", "Values": []},
        {"Name": "id", "Values": ["x"] * 201},
        {"Name": "\x1b[2J" * 50, "Values": ["x"]},
    ],
)
def test_a_filter_that_is_not_known_is_refused(given_filter: dict[str, Any]) -> None:
    with pytest.raises(AwsFailure) as refused:
        select([], [given_filter], _VALUES, lambda t: t.tags)
    assert refused.value.code in {"InvalidParameterValue", "FilterLimitExceeded"}
    assert refused.value.message.isprintable()


def test_tags_are_no_filter_of_what_has_none() -> None:
    with pytest.raises(AwsFailure, match="invalid"):
        select(THINGS, [{"Name": "tag:a", "Values": ["b"]}], _VALUES)


def test_booleans_are_written_as_filters_write_them() -> None:
    assert (flag(True), flag(False)) == (("true",), ("false",))


# Pages.

_PAGING = Paging("DescribeThings", 2, 5)
_NAMES = [f"thing-{number}" for number in range(11)]


@pytest.fixture
def backend(cloud: Cloud) -> AwsBackend:
    return backend_of(cloud)


def _page(backend: AwsBackend, names: list[str], **request: Any) -> tuple[list[str], str | None]:
    page = _PAGING.page(backend, request, names, str)
    return [*page.records], page.next_token


@pytest.mark.parametrize("size", [2, 3, 5])
def test_pages_hold_everything_once(backend: AwsBackend, size: int) -> None:
    seen: list[str] = []
    token: str | None = ""
    while token is not None:
        records, token = _page(backend, _NAMES, MaxResults=size, NextToken=token)
        assert 0 < len(records) <= size
        seen += records
    assert seen == _NAMES
    assert _page(backend, _NAMES) == (_NAMES, None)
    assert _page(backend, [], MaxResults=2) == ([], None)


def test_a_page_that_ends_with_the_last_record_has_no_token(backend: AwsBackend) -> None:
    assert _page(backend, _NAMES[:2], MaxResults=2) == (_NAMES[:2], None)


def test_a_token_outlives_the_record_that_it_names(backend: AwsBackend) -> None:
    _, token = _page(backend, _NAMES, MaxResults=3)
    earlier_gone = [name for name in _NAMES if name != "thing-0"]
    assert _page(backend, earlier_gone, MaxResults=2, NextToken=token)[0] == ["thing-3", "thing-4"]
    itself_gone = [name for name in _NAMES if name != "thing-2"]
    assert _page(backend, itself_gone, MaxResults=2, NextToken=token)[0] == ["thing-4", "thing-5"]
    assert _page(backend, [], NextToken=token) == ([], None)


@pytest.mark.parametrize("size", [-1, 0, 1, 6, 2**31])
def test_a_size_out_of_range_is_refused(backend: AwsBackend, size: int) -> None:
    with pytest.raises(AwsFailure) as refused:
        _page(backend, _NAMES, MaxResults=size)
    assert refused.value.code == "InvalidParameterValue"
    assert "maxResults" in refused.value.message


def test_a_token_that_the_cloud_has_not_made_is_refused(backend: AwsBackend) -> None:
    _, token = _page(backend, _NAMES, MaxResults=3)
    assert token is not None
    another = Paging("DescribeOthers", 2, 5)
    foreign = another.page(backend, {"MaxResults": 3}, _NAMES, str).next_token
    for bad in ("x", "é", token[:-4], f"A{token[1:]}", token * 2, foreign):
        with pytest.raises(AwsFailure) as refused:
            _page(backend, _NAMES, NextToken=bad)
        assert refused.value.code == "InvalidNextToken"


@given(st.text(max_size=60))
def test_no_token_breaks_the_pages(text: str) -> None:
    cloud = Cloud()
    try:
        with pytest.raises(AwsFailure):
            _page(backend_of(cloud), _NAMES, NextToken=text or "x")
    finally:
        cloud.close()


# Tags.


def test_tags_go_both_ways() -> None:
    tags = {"a": "b", "c": ""}
    assert tag_list(tags) == [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": ""}]
    assert tags_from(tag_list(tags)) == tags
    assert tags_from([{"Key": "a"}]) == {"a": ""}
    assert tags_from(None) == {}


def test_a_key_twice_is_refused() -> None:
    with pytest.raises(AwsFailure, match="Duplicate tag key 'a'"):
        tags_from([{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}])


def test_specified_tags_are_for_what_is_being_made() -> None:
    given_tags = [{"ResourceType": "elastic-ip", "Tags": [{"Key": "a", "Value": "b"}]}]
    assert specified_tags(given_tags, "elastic-ip") == {"a": "b"}
    assert specified_tags(None, "elastic-ip") == {}
    wrong: list[Any]
    for wrong in (given_tags * 2, [{"ResourceType": "vpc", "Tags": []}], [{"Tags": []}]):
        with pytest.raises(AwsFailure) as refused:
            specified_tags(wrong, "elastic-ip")
        assert refused.value.code == "InvalidParameterValue"
