"""The fuzzers' judges: they must see what they are there for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from botocore.parsers import ResponseParserError

from minicloud.aws.services import signed_for
from tests.fuzz.signing import Request
from tests.fuzz.verdict import parsed
from tests.fuzz.watch import Watch
from tests.fuzz.world import furnished_cloud
from tests.unit.aws_client import Answer
from tests.unit.cloud import Cloud

_ASKED = Request("POST", "http://127.0.0.1/", {}, b"")
_OK = "<DescribeRegionsResponse><regionInfo/></DescribeRegionsResponse>"
_ERROR = (
    "<Response><Errors><Error><Code>{}</Code><Message>no</Message></Error></Errors>"
    "<RequestID>x</RequestID></Response>"
)


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with furnished_cloud() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def operation() -> OperationModel:
    raw = Loader().load_service_model("ec2", "service-2")
    return ServiceModel(raw, "ec2").operation_model("DescribeRegions")


def _judge(operation: OperationModel, status: int, text: str, asked: Request = _ASKED) -> None:
    body = text.encode()
    headers = {
        "content-type": "text/xml",
        "content-length": str(len(body)),
        "x-amzn-requestid": "0" * 36,
    }
    service = signed_for("ec2")
    assert service is not None
    parsed(operation, service, asked, Answer(status, headers, body))


def test_a_watch_sees_what_changes_and_not_what_is_read(cloud: Cloud) -> None:
    with closing(Watch(cloud)) as watch:
        cloud.instances.list_all(include_terminated=True)
        assert not watch.has_changed()
        cloud.allocate("one-more")
        assert watch.has_changed()
        assert not watch.has_changed()
        cloud.engine.ensure_removed(cloud.instances.show("web-1").container_name)
        assert watch.has_changed()


def test_good_answers_are_taken(operation: OperationModel) -> None:
    _judge(operation, 200, _OK)
    _judge(operation, 400, _ERROR.format("InvalidParameterValue"))
    _judge(operation, 500, _ERROR.format("InsufficientInstanceCapacity"))


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (500, _ERROR.format("InternalError")),
        (503, _ERROR.format("Unavailable")),
        (400, _ERROR.format("")),
        (400, _ERROR.format("two words")),
        (200, _OK[:-3]),
        (400, "Traceback (most recent call last)"),
        (400, "<ErrorResponse><Error><Code>A</Code><Message>b</Message></Error></ErrorResponse>"),
    ],
)
def test_bad_answers_are_seen(operation: OperationModel, status: int, text: str) -> None:
    with pytest.raises((AssertionError, ResponseParserError)):
        _judge(operation, status, text)


def test_what_must_be_refused_is_not_taken(operation: OperationModel) -> None:
    asked = Request("POST", "http://127.0.0.1/", {}, b"", "wrong secret", is_refused=True)
    with pytest.raises(AssertionError, match="wrong secret"):
        _judge(operation, 200, _OK, asked)
