"""The endpoint as clients meet it: who is let in, where requests go, how failures are told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from minicloud.aws import registry
from minicloud.aws.backend import AwsBackend
from minicloud.aws.endpoint import AwsEndpoint
from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Operation, Shape
from minicloud.domain.aws_endpoint import KEY_BYTES, AwsKeys, keys_from
from minicloud.domain.errors import (
    CapacityExceeded,
    Conflict,
    EngineUnreachable,
    InvalidRequest,
    MiniCloudError,
    NotFound,
)
from tests.unit.aws_client import KEYS, URL, Answer, AwsWire, aws
from tests.unit.cloud import Cloud

OTHERS = keys_from(bytes(range(1, KEY_BYTES + 1)))
_FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def wire(cloud: Cloud) -> AwsWire:
    return aws(cloud)


def _refused(call: Any, **arguments: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    response = refused.value.response
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    return status, response["Error"]["Code"], response["Error"]["Message"]


def _signed(
    wire: AwsWire, body: bytes, service: str = "ec2", headers: Mapping[str, str] = _FORM
) -> Answer:
    """Whatever body, signed."""
    request = AWSRequest("POST", f"{URL}/", headers=dict(headers), data=body)
    credentials = Credentials(KEYS.access_key_id, KEYS.secret_access_key)
    SigV4Auth(credentials, service, "us-east-1").add_auth(request)
    return wire.ask("POST", "/", dict(request.headers.items()), body)


def _only(monkeypatch: pytest.MonkeyPatch, service: str, *operations: Operation) -> None:
    monkeypatch.setattr(registry, "OPERATIONS", {**registry.OPERATIONS, service: operations})


def _handler_that_raises(error: Exception) -> Any:
    def handler(_backend: AwsBackend, _request: Any) -> Shape:
        raise error

    return handler


# What works.


def test_botocores_clients_are_answered_in_their_protocols(wire: AwsWire) -> None:
    assert wire.client("sts").get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:root"
    names = ["/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64", "other"]
    found = wire.client("ssm").get_parameters(Names=names)
    assert [p["Name"] for p in found["Parameters"]] == names[:1]
    assert found["InvalidParameters"] == ["other"]
    region = wire.client("ec2").describe_regions()["Regions"][0]
    assert region["RegionName"] == "us-east-1"


@pytest.mark.parametrize(
    "alias",
    [
        "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2",
        "/aws/service/debian/release/13/latest/amd64",
        "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
    ],
)
def test_public_aliases_name_the_image_that_ships(wire: AwsWire, cloud: Cloud, alias: str) -> None:
    [base] = [
        image.id for image in cloud.images.list_all(include_gone=False) if image.recipe == "base"
    ]
    found = wire.client("ssm").get_parameter(Name=alias, WithDecryption=True)["Parameter"]
    assert found["Value"] == base
    assert found["ARN"] == f"arn:aws:ssm:us-east-1::parameter{alias}"


def test_an_alias_of_another_processor_is_not_found(wire: AwsWire) -> None:
    alias = "/aws/service/debian/release/13/latest/arm64"
    status, code, _ = _refused(wire.client("ssm").get_parameter, Name=alias)
    assert (status, code) == (400, "ParameterNotFound")


def test_presigned_urls_and_other_paths_are_answered(wire: AwsWire) -> None:
    url = wire.client("sts").generate_presigned_url("get_caller_identity", HttpMethod="GET")
    assert wire.ask("GET", url).status == 200
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest("POST", f"{URL}/2015-12-01/", headers=_FORM, data=body)
    credentials = Credentials(KEYS.access_key_id, KEYS.secret_access_key)
    SigV4Auth(credentials, "sts", "us-east-1").add_auth(request)
    answer = wire.ask("POST", "/2015-12-01/", dict(request.headers.items()), body)
    assert answer.status == 200
    assert answer.headers["x-amzn-requestid"] in answer.body.decode()
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_a_service_without_a_region_is_asked_in_the_first(wire: AwsWire, cloud: Cloud) -> None:
    cloud.clouds.change_settings(lambda s: replace(s, region="ap-northeast-2"))
    assert wire.client("sts", "us-east-1").get_caller_identity()["Account"] == "123456789012"
    assert wire.client("sts", "ap-northeast-2").get_caller_identity()
    status, code, message = _refused(wire.client("ec2", "us-east-1").describe_regions)
    assert (status, code) == (401, "AuthFailure")
    assert "this cloud is in ap-northeast-2" in message


# Who is let in.

_WRONG = (
    ("ec2", "describe_regions", (403, "SignatureDoesNotMatch"), (401, "AuthFailure")),
    ("sts", "get_caller_identity", (403, "SignatureDoesNotMatch"), (403, "InvalidClientTokenId")),
    (
        *("ssm", "get_parameters"),
        *((400, "InvalidSignatureException"), (400, "UnrecognizedClientException")),
    ),
)


@pytest.mark.parametrize(("service", "call", "wrong_secret", "wrong_key"), _WRONG)
def test_wrong_keys_are_refused_with_each_protocols_code(
    wire: AwsWire, service: str, call: str, wrong_secret: object, wrong_key: object
) -> None:
    arguments = {"Names": ["x"]} if service == "ssm" else {}
    half = AwsKeys(KEYS.access_key_id, OTHERS.secret_access_key)
    told = _refused(getattr(wire.client(service, keys=half), call), **arguments)
    assert told[:2] == wrong_secret
    assert _refused(getattr(wire.client(service, keys=OTHERS), call), **arguments)[:2] == wrong_key


def test_a_request_of_long_ago_is_refused(wire: AwsWire) -> None:
    wire.wall_clock = lambda: datetime.now(UTC) + timedelta(hours=1)
    status, code, message = _refused(wire.client("ec2").describe_regions)
    assert (status, code) == (400, "RequestExpired")
    assert "Request has expired" in message


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("GET", "/", b""),
        ("GET", "/?Action=DescribeRegions&Version=2016-11-15", b""),
        ("POST", "/", b"Action=DescribeRegions&Version=2016-11-15"),
    ],
)
def test_who_does_not_sign_is_told_so(wire: AwsWire, method: str, url: str, body: bytes) -> None:
    answer = wire.ask(method, url, _FORM, body)
    assert answer.status == 403
    assert b"<Code>MissingAuthenticationToken</Code>" in answer.body


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "127.0.0.1.example.com",
        "localhost.example.com:80",
        "128.0.0.1",
        "0.0.0.0",
        "",
        "127.0.0.1:x",
    ],
)
def test_another_host_is_refused_before_anything_is_read(wire: AwsWire, host: str) -> None:
    answer = wire.ask("POST", "/", {"host": host}, b"x")
    assert answer.status == 403
    assert b"AccessDenied" in answer.body


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.1.2.3:80", "[::1]:24566", "LOCALHOST:1"]
)
def test_this_computers_names_are_let_in(wire: AwsWire, host: str) -> None:
    assert b"MissingAuthenticationToken" in wire.ask("GET", "/", {"host": host}).body


def test_a_page_in_a_browser_is_refused(wire: AwsWire) -> None:
    answer = wire.ask("POST", "/", {"origin": "http://127.0.0.1:24566"}, b"")
    assert answer.status == 403
    assert b"AccessDenied" in answer.body
    assert wire.ask("OPTIONS", "/").status == 405


# What is malformed.


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "MissingAction"),
        (b"Version=2016-11-15", "MissingAction"),
        (b"Action=Nonsense&Version=2016-11-15", "InvalidAction"),
        (b"Action=%00%1b[2J&Version=2016-11-15", "InvalidAction"),
        (b"Action=DescribeRegions&Version=2009-01-01", "NoSuchVersion"),
        (b"Action=DescribeRegions&RegionName.1=a&RegionName.1=b", "MalformedQueryString"),
        (b"Action=DescribeRegions&RegionName=%ff", "MalformedQueryString"),
        (b"Action=DescribeRegions&\xff=1", "MalformedQueryString"),
        (b"nonsense", "MalformedQueryString"),
        (b"&".join(b"a%d=1" % n for n in range(10_001)), "MalformedQueryString"),
        (b"Action=DescribeRegions&Nonsense=1", "UnknownParameter"),
        (b"Action=DescribeRegions&AllRegions=perhaps", "InvalidParameterValue"),
    ],
)
def test_what_cannot_be_understood_is_refused(wire: AwsWire, body: bytes, code: str) -> None:
    answer = _signed(wire, body)
    assert answer.status == 400
    assert f"<Code>{code}</Code>" in answer.body.decode()


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("AmazonSSM.GetParameters", b"{", "SerializationException"),
        ("AmazonSSM.GetParameters", b'{"Names": "x"}', "SerializationException"),
        ("AmazonSSM.GetParameters", b"{}", "ValidationException"),
        ("AmazonSSM.PutParameter", b"{}", "UnknownOperationException"),
        ("AmazonSSM", b"{}", "UnknownOperationException"),
        ("Other.GetParameters", b"{}", "UnknownOperationException"),
    ],
)
def test_json_that_cannot_be_understood_is_refused(
    wire: AwsWire, target: str, body: bytes, code: str
) -> None:
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": target}
    answer = _signed(wire, body, "ssm", headers)
    assert answer.status == 400
    assert json.loads(answer.body)["__type"] == code


def test_a_service_that_is_not_played_is_refused(wire: AwsWire) -> None:
    status, code, message = _refused(wire.client("iam").list_users)
    assert (status, code) == (400, "InvalidAction")
    assert "'iam'" in message
    assert "it plays ec2, " in message


@pytest.mark.parametrize(
    ("service", "target", "told"),
    [
        ("ec2", "", b"<Response><Errors><Error><Code>RequestEntityTooLarge<"),
        ("elasticloadbalancing", "", b"<Code>RequestEntityTooLarge<"),
        ("ssm", "AmazonSSM.GetParameters", b'{"__type": "RequestEntityTooLarge"'),
    ],
)
def test_too_much_is_refused_in_the_clients_own_protocol(
    wire: AwsWire, service: str, target: str, told: bytes
) -> None:
    headers = {"x-amz-target": target} if target else {}
    answer = _signed(wire, b"x" * (1024 * 1024 + 1), service, headers)
    assert answer.status == 413
    assert told in answer.body
    assert (b"<ErrorResponse" in answer.body) == (service == "elasticloadbalancing")


def test_too_much_and_too_slow_are_refused(wire: AwsWire, cloud: Cloud) -> None:
    assert wire.ask("POST", "/", {}, b"x" * (1024 * 1024 + 1)).status == 413
    assert wire.ask("GET", f"/?{'x' * 70_000}").status == 414
    wire.app = AwsEndpoint(wire.backend, lambda: datetime.now(UTC), body_within_s=0.001)
    assert asyncio.run(_status_of_half_a_request(wire.app, [])) == 408
    gone = {"type": "http.disconnect"}
    assert (
        asyncio.run(_status_of_half_a_request(AwsEndpoint(wire.backend, datetime.now), [gone]))
        == 408
    )


async def _status_of_half_a_request(app: AwsEndpoint, then: list[Any]) -> int:
    waiting = [{"type": "http.request", "body": b"Action", "more_body": True}, *then]
    sent: list[Any] = []

    async def receive() -> Any:
        return waiting.pop(0) if waiting else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost")]
    scope = {
        "type": "http",
        "method": "POST",
        "raw_path": b"/",
        "query_string": b"",
        "headers": headers,
    }
    await app(scope, receive, send)
    status: int = sent[0]["status"]
    return status


# What is not carried out.


def test_members_that_are_not_carried_out_are_refused_before_the_handler(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def handler(_backend: AwsBackend, request: Any) -> Shape:
        seen.append(request)
        return {"Instances": []}

    carried = frozenset(
        # boto3 makes a ClientToken of its own.
        {"ClientToken", "MaxCount", "MinCount", "NetworkInterfaces.SubnetId", "TagSpecifications"}
    )
    checked = {"Placement.Tenancy": "default"}
    _only(monkeypatch, "ec2", Operation("RunInstances", handler, carried, checked, changes=True))
    client = aws(cloud).client("ec2")
    good: dict[str, Any] = {
        "MinCount": 1,
        "MaxCount": 1,
        "NetworkInterfaces": [{"SubnetId": "subnet-1"}],
        "Placement": {"Tenancy": "host"},
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}],
    }
    client.run_instances(**good)
    assert seen[0]["NetworkInterfaces"] == good["NetworkInterfaces"]
    for more, path in (
        ({"EbsOptimized": False}, "EbsOptimized"),
        ({"Placement": {"GroupName": "x"}}, "Placement.GroupName"),
        (
            {"NetworkInterfaces": [{"SubnetId": "s", "Description": "d"}]},
            "NetworkInterfaces.Description",
        ),
    ):
        status, code, message = _refused(client.run_instances, **{**good, **more})
        assert (status, code) == (400, "UnsupportedOperation")
        assert path in message
    assert len(seen) == 1


def test_a_dry_run_ends_before_the_handler_if_it_would_be_let_through(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = _handler_that_raises(AssertionError())
    changing = Operation("TerminateInstances", never, frozenset({"InstanceIds"}), changes=True)
    _only(monkeypatch, "ec2", changing, Operation("DescribeRegions", never))
    client = aws(cloud).client("ec2")
    told = _refused(client.terminate_instances, InstanceIds=["i-1"], DryRun=True)
    assert told[:2] == (412, "DryRunOperation")
    assert _refused(client.describe_regions, DryRun=True)[:2] == (412, "DryRunOperation")


# How failures are told.


@pytest.mark.parametrize(("error", "status", "code"), [
    (NotFound("InvalidInstanceID.NotFound", "m", "r"), 400, "InvalidInstanceID.NotFound"),
    (Conflict("IncorrectInstanceState", "m", "r"), 400, "IncorrectInstanceState"),
    (CapacityExceeded("AddressLimitExceeded", "m", "r"), 400, "AddressLimitExceeded"),
    (CapacityExceeded("InsufficientInstanceCapacity", "m"), 500, "InsufficientInstanceCapacity"),
    (InvalidRequest("ValidationError", "m", "r"), 400, "InvalidParameterValue"),
    (EngineUnreachable("detail"), 503, "Unavailable"),
    (AwsFailure("InvalidNextToken", "m"), 400, "InvalidNextToken"),
    (MiniCloudError("LedgerDamaged", "m", "r"), 500, "LedgerDamaged"),
    (ZeroDivisionError("secret"), 500, "InternalError"),
    (TypeError("secret"), 500, "InternalError"),
])  # fmt: skip
def test_errors_are_told_as_ec2_tells_them(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    _only(monkeypatch, "ec2", Operation("DescribeRegions", _handler_that_raises(error)))
    told = _refused(aws(cloud).client("ec2").describe_regions)
    assert told[:2] == (status, code)
    assert "secret" not in told[2]
    assert "Traceback" not in told[2]


def test_query_and_json_have_codes_of_their_own(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = _handler_that_raises(InvalidRequest("InvalidParameterValue", "m", "r"))
    _only(monkeypatch, "sts", Operation("GetCallerIdentity", wrong))
    _only(monkeypatch, "ssm", Operation("GetParameters", wrong, frozenset({"Names"})))
    wire = aws(cloud)
    assert _refused(wire.client("sts").get_caller_identity)[:2] == (400, "ValidationError")
    told = _refused(wire.client("ssm").get_parameters, Names=["x"])
    assert told[:2] == (400, "ValidationException")


def test_an_answer_that_is_not_the_models_is_a_defect_and_logged(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _only(monkeypatch, "ec2", Operation("DescribeRegions", lambda _b, _r: {"Nonsense": 1}))
    assert _refused(aws(cloud).client("ec2").describe_regions)[:2] == (500, "InternalError")
    assert "Nonsense" in caplog.text
