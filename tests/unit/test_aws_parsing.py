"""Requests read by the model: each protocol's forms and documents, and what is refused."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.aws.failures import AwsFailure
from minicloud.aws.protocols.families import Family
from minicloud.aws.protocols.form import tree_of
from minicloud.aws.protocols.protocol import Sent
from tests.unit.aws_model import NOON, OPERATION, codec_of


def _form(family: Family, *fields: tuple[str, str]) -> dict[str, Any]:
    return codec_of(family).parse(OPERATION, Sent(fields=(("Name", "x"), *fields)))


def _document(document: object) -> dict[str, Any]:
    return codec_of(Family.JSON).parse(OPERATION, Sent(body=json.dumps(document).encode()))


@pytest.mark.parametrize(
    ("field", "member", "value"),
    [
        (("Count", "7"), "Count", 7),
        (("Size", "-9223372036854775808"), "Size", -(2**63)),
        (("Share", "0.5"), "Share", 0.5),
        (("IsOpen", "true"), "IsOpen", True),
        (("IsOpen", "False"), "IsOpen", False),
        (("Since", "2026-01-31T12:00:00.250Z"), "Since", NOON),
        (("Since", "2026-01-31T13:00:00.250+01:00"), "Since", NOON),
        (("Since", "2026-01-31T12:00:00.250"), "Since", NOON),
        (("Bytes", "aGk="), "Bytes", b"hi"),
        (("Kind", "one"), "Kind", "one"),
        (("StrangeName", "y"), "Odd", "y"),
        (("Id", ""), "Ids", []),
    ],
)
def test_a_form_of_ec2_is_read_by_the_models_names(
    field: tuple[str, str], member: str, value: object
) -> None:
    assert _form(Family.EC2, field)[member] == value


def test_ec2_numbers_lists_behind_their_names_from_0_or_1_in_any_order() -> None:
    fields = [("Id.10", "c"), ("Id.0", "a"), ("Id.2", "b")]
    assert _form(Family.EC2, *fields)["Ids"] == ["a", "b", "c"]
    nested = [("Filter.1.Name", "n"), ("Filter.1.Value.1", "v"), ("Filter.1.Value.2", "w")]
    assert _form(Family.EC2, *nested)["Filters"] == [{"Name": "n", "Values": ["v", "w"]}]


@pytest.mark.parametrize("behind", ["Id.member.", "Id.item.", "Id."])
def test_query_numbers_lists_behind_member_or_flattened(behind: str) -> None:
    assert _form(Family.QUERY, (f"{behind}1", "a"), (f"{behind}2", "b"))["Ids"] == ["a", "b"]


def test_query_reads_members_by_their_own_names_and_maps_by_entries() -> None:
    pairs = [("Pairs.entry.1.key", "k"), ("Pairs.entry.1.value", "6")]
    assert _form(Family.QUERY, ("count", "6"), *pairs) == {
        "Name": "x",
        "Count": 6,
        "Pairs": {"k": 6},
    }


def test_a_shape_may_hold_itself() -> None:
    given_fields = [("Self.Name", "y"), ("Self.Self.Name", "z")]
    assert _form(Family.EC2, *given_fields)["Self"] == {"Name": "y", "Self": {"Name": "z"}}
    assert _document({"Name": "x", "Self": {"Name": "y"}})["Self"] == {"Name": "y"}


_BAD_FIELDS = [
    (("Count", "seven"), "InvalidParameterValue", "ValidationError"),
    (("Count", "٧"), "InvalidParameterValue", "ValidationError"),
    (("Count", "7.0"), "InvalidParameterValue", "ValidationError"),
    (("Count", "4"), "InvalidParameterValue", "ValidationError"),
    (("Count", "11"), "InvalidParameterValue", "ValidationError"),
    (("Count", "9" * 5000), "InvalidParameterValue", "ValidationError"),
    (("Small", "11"), "InvalidParameterValue", "ValidationError"),
    (("Large", "4"), "InvalidParameterValue", "ValidationError"),
    (("StrangeName", "x" * 60_001), "InvalidParameterValue", "ValidationError"),
    (("Size", str(2**63)), "InvalidParameterValue", "ValidationError"),
    (("Share", "inf"), "InvalidParameterValue", "ValidationError"),
    (("Share", "1" * 400), "InvalidParameterValue", "ValidationError"),
    (("IsOpen", "yes"), "InvalidParameterValue", "ValidationError"),
    (("Since", "noon"), "InvalidParameterValue", "ValidationError"),
    (("Since", "0001-01-01T00:00:00+23:00"), "InvalidParameterValue", "ValidationError"),
    (("Bytes", "!"), "InvalidParameterValue", "ValidationError"),
    (("Kind", "three"), "InvalidParameterValue", "ValidationError"),
    (("Filter", "x"), "InvalidParameterValue", "ValidationError"),
    (("Self", "x"), "InvalidParameterValue", "ValidationError"),
    (("Count.1", "7"), "UnknownParameter", "ValidationError"),
    (("Nonsense", "x"), "UnknownParameter", "ValidationError"),
    (("Id.x", "x"), "UnknownParameter", "ValidationError"),
    (("Id.-1", "x"), "UnknownParameter", "ValidationError"),
    (("Id.99999999999", "x"), "UnknownParameter", "ValidationError"),
    (("", "x"), "UnknownParameter", "ValidationError"),
    (("Name.", "x"), "MalformedQueryString", "MalformedQueryString"),
    (("Name", "again"), "MalformedQueryString", "MalformedQueryString"),
    (("Self" + ".Self" * 500 + ".Name", "x"), "MalformedQueryString", "MalformedQueryString"),
]


@pytest.mark.parametrize(("field", "ec2_code", "query_code"), _BAD_FIELDS)
def test_what_does_not_fit_the_model_is_refused_in_the_protocols_words(
    field: tuple[str, str], ec2_code: str, query_code: str
) -> None:
    name = field[0].replace("Count", "count").replace("IsOpen", "isOpen")
    for family, code, sent in (
        (Family.EC2, ec2_code, field),
        (Family.QUERY, query_code, (name, field[1])),
    ):
        with pytest.raises(AwsFailure) as refused:
            _form(family, sent)
        assert refused.value.code == code, family
        assert len(refused.value.message) < 400


@pytest.mark.parametrize("family", [Family.EC2, Family.QUERY])
def test_two_numbers_that_are_one_and_lists_that_are_too_long_are_refused(family: Family) -> None:
    for fields in (
        [("Id.1", "a"), ("Id.01", "b")],
        [(f"Filter.{number}.Name", "x") for number in range(4)],
    ):
        with pytest.raises(AwsFailure):
            _form(family, *fields)


@pytest.mark.parametrize(
    ("family", "code"), [(Family.EC2, "MissingParameter"), (Family.QUERY, "ValidationError")]
)
def test_what_is_required_must_be_there(family: Family, code: str) -> None:
    with pytest.raises(AwsFailure, match="Name") as refused:
        codec_of(family).parse(OPERATION, Sent())
    assert refused.value.code == code


@given(st.lists(st.tuples(st.text("AId.019\0é", max_size=12), st.text(max_size=5)), max_size=8))
def test_no_form_breaks_the_parsers(fields: list[tuple[str, str]]) -> None:
    for family in (Family.EC2, Family.QUERY):
        with suppress(AwsFailure):
            codec_of(family).parse(OPERATION, Sent(fields=tuple(fields)))


def test_a_tree_of_dotted_names() -> None:
    assert tree_of([("a.1.b", "x"), ("a.1.c", "y"), ("d", "")]) == {
        "a": {"1": {"b": "x", "c": "y"}},
        "d": "",
    }


def test_a_document_is_read_by_the_model() -> None:
    document = {
        "Name": "x",
        "Count": 7.0,
        "IsOpen": False,
        "Since": NOON.timestamp(),
        "Bytes": "aGk=",
        "Ids": ["a"],
        "Pairs": {"k": 6},
        "Share": None,
    }
    assert _document(document) == {
        "Name": "x",
        "Count": 7,
        "IsOpen": False,
        "Since": NOON,
        "Bytes": b"hi",
        "Ids": ["a"],
        "Pairs": {"k": 6},
    }


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ([], "SerializationException"),
        ({"Name": 7}, "SerializationException"),
        ({"Name": "x", "Count": "7"}, "SerializationException"),
        ({"Name": "x", "Count": 7.5}, "SerializationException"),
        ({"Name": "x", "Count": True}, "SerializationException"),
        ({"Name": "x", "Since": 1e300}, "SerializationException"),
        ({"Name": "x", "Ids": "a"}, "SerializationException"),
        ({"Name": "x", "Pairs": []}, "SerializationException"),
        ({"Name": "x", "Count": 4}, "ValidationException"),
        ({"Name": "x", "Kind": "three"}, "ValidationException"),
        ({"Name": "x", "Filters": [{}] * 4}, "ValidationException"),
        ({"Name": "x", "Nonsense": 1}, "ValidationException"),
        ({}, "ValidationException"),
        ({"Name": None}, "ValidationException"),
    ],
)
def test_a_document_that_does_not_fit_is_refused(document: object, code: str) -> None:
    with pytest.raises(AwsFailure) as refused:
        _document(document)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "body", [b"{", b"\xff", b'{"Name": NaN}', b"[" * 100_000, b'{"Count": ' + b"9" * 9000 + b"}"]
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(AwsFailure, match="not JSON"):
        codec_of(Family.JSON).parse(OPERATION, Sent(body=body))
