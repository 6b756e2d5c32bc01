"""Answers written by the model, in each protocol's envelope, and held to it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.aws.protocols.families import Family
from minicloud.aws.protocols.model import load_model
from minicloud.aws.protocols.protocol import Fault
from minicloud.aws.protocols.xml import escaped
from tests.unit.aws_model import NOON, OPERATION, SILENT, codec_of

_ANSWER: Mapping[str, Any] = {
    "Name": "a <b> & c\x00",
    "Count": 7,
    "Share": 0.5,
    "IsOpen": False,
    "Since": NOON.astimezone(timezone(timedelta(hours=9))),
    "Bytes": b"hi",
    "Items": [{"Name": "one"}, {"Items": []}],
    "Flat": ("x", "y"),
    "Pairs": {"k": 6},
    "Below": None,
}
_MEMBERS = (
    "<name>a &lt;b&gt; &amp; c\ufffd</name><Count>7</Count><Share>0.5</Share><IsOpen>false</IsOpen>"
    "<Since>2026-01-31T12:00:00.250Z</Since><Bytes>aGk=</Bytes><itemSet><item><name>one</name>"
    "</item><item><itemSet></itemSet></item></itemSet><Flat>x</Flat><Flat>y</Flat>"
    "<Pairs><entry><key>k</key><value>6</value></entry></Pairs>"
)
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def test_ec2_answers_in_its_element_with_the_requests_id() -> None:
    assert codec_of(Family.EC2).answer(OPERATION, _ANSWER, "r-1") == (
        f'{_DECLARATION}<TryResponse xmlns="http://made.up/"><requestId>r-1</requestId>'
        f"{_MEMBERS}</TryResponse>"
    )


def test_ec2_says_true_where_there_is_nothing_to_say() -> None:
    answer = codec_of(Family.EC2).answer(SILENT, {}, "r-1")
    assert "<requestId>r-1</requestId><return>true</return></SilentResponse>" in answer


def test_query_answers_in_a_result_with_metadata() -> None:
    metadata = "<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>"
    assert codec_of(Family.QUERY).answer(OPERATION, _ANSWER, "r-1") == (
        f'{_DECLARATION}<TryResponse xmlns="http://made.up/"><TryResult>{_MEMBERS}</TryResult>'
        f"{metadata}</TryResponse>"
    )
    silent = codec_of(Family.QUERY).answer(SILENT, {}, "r-1")
    assert (
        silent
        == f'{_DECLARATION}<SilentResponse xmlns="http://made.up/">{metadata}</SilentResponse>'
    )


def test_json_answers_with_a_document() -> None:
    assert json.loads(codec_of(Family.JSON).answer(OPERATION, _ANSWER, "r-1")) == {
        "Name": "a <b> & c\x00",
        "Count": 7,
        "Share": 0.5,
        "IsOpen": False,
        "Since": NOON.timestamp(),
        "Bytes": "aGk=",
        "Items": [{"Name": "one"}, {"Items": []}],
        "Flat": ["x", "y"],
        "Pairs": {"k": 6},
    }
    assert codec_of(Family.JSON).answer(SILENT, {}, "r-1") == ""


@pytest.mark.parametrize("family", list(Family))
@pytest.mark.parametrize(
    "output",
    [
        {"Nonsense": 1},
        {"Name": 7},
        {"Name": b"x"},
        {"Count": "7"},
        {"Count": True},
        {"Share": "0.5"},
        {"IsOpen": 1},
        {"Since": "2026"},
        {"Since": datetime(2026, 1, 1)},
        {"Bytes": "hi"},
        {"Items": "abc"},
        {"Items": {"Name": "x"}},
        {"Items": ["x"]},
        {"Pairs": [("k", 6)]},
        {"Below": {"Below": {"Nonsense": 1}}},
    ],
)
def test_an_answer_that_is_not_the_models_is_a_defect(
    family: Family, output: Mapping[str, Any]
) -> None:
    with pytest.raises(TypeError):
        codec_of(family).answer(OPERATION, output, "r-1")


@pytest.mark.parametrize("family", list(Family))
def test_an_answer_where_the_model_has_none_is_a_defect(family: Family) -> None:
    with pytest.raises(TypeError, match="no output"):
        codec_of(family).answer(SILENT, {"Name": "x"}, "r-1")


@given(st.text())
def test_any_text_makes_xml_that_can_be_read(text: str) -> None:
    read = ET.fromstring(f"<a>{escaped(text)}</a>".encode()).text or ""
    is_clean = all(c in "\t\n\r" or " " <= c < "\ud800" or "\ue000" <= c < "\ufffe" for c in text)
    if is_clean:
        assert read == text


def test_errors_are_told_in_each_protocols_envelope() -> None:
    fault = Fault("Some.Code", "it is <so>", 400)
    assert Family.EC2.envelope.error(fault, "r-1") == (
        f"{_DECLARATION}<Response><Errors><Error><Code>Some.Code</Code>"
        "<Message>it is &lt;so&gt;</Message></Error></Errors><RequestID>r-1</RequestID></Response>"
    )
    query = Family.QUERY.envelope.error(fault, "r-1")
    assert "<Error><Type>Sender</Type><Code>Some.Code</Code>" in query
    ours = Family.QUERY.envelope.error(Fault("InternalFailure", "m", 500), "r-1")
    assert "<Type>Receiver</Type>" in ours
    assert json.loads(Family.JSON.envelope.error(fault, "r-1")) == {
        "__type": "Some.Code",
        "message": "it is <so>",
    }


def test_threads_may_compile_the_same_shapes_at_once() -> None:
    for _ in range(20):
        codec = codec_of(Family.EC2)
        with ThreadPoolExecutor(4) as threads:
            asked = [
                threads.submit(codec.answer, OPERATION, {"Below": _ANSWER}, "r") for _ in range(4)
            ]
        assert len({answer.result() for answer in asked}) == 1


def test_of_a_model_only_what_is_carried_out_is_kept() -> None:
    model = load_model("sts", frozenset({"GetCallerIdentity"}))
    assert set(model.shapes) == {
        *("GetCallerIdentityRequest", "GetCallerIdentityResponse"),
        *("userIdType", "accountType", "arnType"),
    }
    assert "AssumeRole" in model.known
    assert not any("documentation" in shape for shape in model.shapes.values())
    assert load_model("ec2", frozenset()).namespace == "http://ec2.amazonaws.com/doc/2016-11-15/"
