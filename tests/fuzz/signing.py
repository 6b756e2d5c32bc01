"""Requests as bytes, signed by botocore's own signers: as they should be, or not quite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from urllib.parse import urlencode

from botocore.auth import SigV2Auth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from minicloud.aws.services import Service
from minicloud.domain.aws_endpoint import AwsKeys
from tests.unit.aws_client import KEYS, URL

FORM_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
REGION = "us-east-1"
_TOO_LONG = 1024 * 1024 + 1


@dataclass(frozen=True)
class Plain:
    """A request before it is signed. ``fields`` are a form's, and empty where it is JSON."""

    service: Service
    body: bytes
    headers: Mapping[str, str]
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Request:
    """A request to send. ``oddity`` says what is wrong outside its input, if anything is;
    ``is_refused`` that no such request may be carried out.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    oddity: str = ""
    is_refused: bool = False
    skew_s: float = field(default=0.0, compare=False)


def signed(plain: Plain, keys: AwsKeys = KEYS, scope: tuple[str, str] | None = None) -> Request:
    """Signed in the ``Authorization`` header, as botocore's clients do."""
    region, name = scope or (REGION, plain.service.signing_name)
    request = AWSRequest("POST", f"{URL}/", dict(plain.headers), plain.body)
    SigV4Auth(_credentials(keys), name, region).add_auth(request)
    return Request("POST", f"{URL}/", dict(request.headers.items()), plain.body)


def odd(random: Random, plain: Plain) -> Request:
    """Sent or signed in some other way, of which some are right, too."""
    ways = _OF_FORMS if plain.fields else _OF_ALL
    return random.choice(ways)(random, plain)


def _presigned(_random: Random, plain: Plain) -> Request:
    request = AWSRequest("GET", f"{URL}/?{urlencode(plain.fields)}")
    SigV4QueryAuth(_credentials(KEYS), plain.service.signing_name, REGION).add_auth(request)
    return Request("GET", request.url, {}, b"", "presigned")


def _version_2(_random: Random, plain: Plain) -> Request:
    request = AWSRequest("POST", f"{URL}/", {"Content-Type": FORM_TYPE})
    request.data = request.params = dict(plain.fields)
    SigV2Auth(_credentials(KEYS)).add_auth(request)
    body = urlencode(request.params).encode()
    return Request("POST", f"{URL}/", {"Content-Type": FORM_TYPE}, body, "signature 2")


def _in_query(random: Random, plain: Plain) -> Request:
    query = urlencode(plain.fields)
    request = AWSRequest("GET", f"{URL}/?{query}", {}, b"")
    SigV4Auth(_credentials(KEYS), plain.service.signing_name, REGION).add_auth(request)
    return Request("GET", request.url, dict(request.headers.items()), b"", "form in query")


def _wrong_secret(_random: Random, plain: Plain) -> Request:
    made = signed(plain, replace(KEYS, secret_access_key="x" * 40))
    return replace(made, oddity="wrong secret", is_refused=True)


def _wrong_key(random: Random, plain: Plain) -> Request:
    key_id = random.choice(("AKIAIOSFODNN7EXAMPLE", "", "a/b", "é", "x" * 3000))
    made = signed(plain, replace(KEYS, access_key_id=key_id))
    return replace(made, oddity="unknown key", is_refused=True)


def _other_scope(random: Random, plain: Plain) -> Request:
    scopes = (("eu-west-1", plain.service.signing_name), (REGION, "s3"), ("", ""), ("ü", "ec2"))
    made = signed(plain, scope=random.choice(scopes))
    # A service of the whole world is asked in us-east-1 alone, as all of these clouds are.
    return replace(made, oddity="another scope", is_refused=True)


def _skewed(random: Random, plain: Plain) -> Request:
    # AWS allows fifteen minutes; a date in a header has whole seconds.
    skew_s = random.choice((-86_400.0, -960.0, 960.0, 86_400.0))
    return replace(signed(plain), oddity="another time", is_refused=True, skew_s=skew_s)


def _tampered(random: Random, plain: Plain) -> Request:
    made = signed(plain)
    return replace(made, body=made.body + b"&X=1", oddity="other body", is_refused=True)


def _odd_authorization(random: Random, plain: Plain) -> Request:
    made = signed(plain)
    said = made.headers["Authorization"]
    texts = (
        *("", "AWS4-", "AWS4-HMAC-SHA256", "Basic YTpi", said[:-1], said.replace("=", "")),
        *(said.replace("SignedHeaders=", "SignedHeaders=;"), said.replace("aws4_request", "x")),
        *(said.replace("host;", ""), said + "é", said.replace("/", "//"), said + "," + said),
    )
    headers = {**made.headers, "Authorization": random.choice(texts)}
    return replace(made, headers=headers, oddity="odd authorization", is_refused=True)


def _odd_date(random: Random, plain: Plain) -> Request:
    dates = ("", "now", "99991231T235959Z", "20261332T250000Z", "2" * 5000, "２0260101T000000Z"[1:])
    made = signed(plain)
    headers = {**made.headers, "X-Amz-Date": random.choice(dates)}
    return replace(made, headers=headers, oddity="odd date", is_refused=True)


def _not_local(random: Random, plain: Plain) -> Request:
    header = random.choice(
        (("Host", "evil.example"), ("Host", "127.0.0.1.evil.example"), ("Origin", "null"))
    )
    made = signed(plain)
    return replace(
        made, headers={**made.headers, **dict([header])}, oddity="not local", is_refused=True
    )


def _odd_method(random: Random, plain: Plain) -> Request:
    method = random.choice(("PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "get", "BREW"))
    return replace(signed(plain), method=method, oddity="odd method", is_refused=True)


def _odd_type(random: Random, plain: Plain) -> Request:
    kinds = ("", "text/plain", "application/json", "application/x-amz-json-1.1", "multipart/x", "é")
    headers = {**plain.headers, "Content-Type": random.choice(kinds)}
    return replace(signed(replace(plain, headers=headers)), oddity="odd content type")


def _odd_target(random: Random, plain: Plain) -> Request:
    targets = ("", ".", "AmazonSSM.", "AmazonSSM.Nothing", "Nobody.DescribeInstances", "é.é")
    headers = {**plain.headers, "X-Amz-Target": random.choice(targets)}
    made = signed(replace(plain, headers=headers))
    return replace(made, oddity="odd target", is_refused=True)


def _garbage(random: Random, plain: Plain) -> Request:
    bodies = (
        *(
            b"",
            b"\x00",
            b"\xff\xfe",
            b"{",
            b"[]",
            b"null",
            b"&&&&",
            b"=",
            b"%",
            b"%zz=%",
            b"Action",
        ),
        *(b"Action=&Version=", b"Action=%00", b"<x/>", b"[" * 100_000, b"&a=b" * 10_001),
        *(b"{" * 3000, b'{"a":' * 3000, b"9" * 5000, b"1e999", random.randbytes(300)),
        b"a" * _TOO_LONG,
    )
    body = random.choice(bodies)
    made = signed(replace(plain, body=body))
    # A request of no members at all may be quite right in JSON: {}.
    return replace(made, oddity="garbage", is_refused=bool(plain.fields))


def _odd_envelope(random: Random, plain: Plain) -> Request:
    name, value = random.choice(
        (
            *(("Version", "2006-01-01"), ("Version", ""), ("Version", "é"), ("Action", "")),
            *(
                ("Action", "DescribeSpotFleetRequests"),
                ("Action", "Nothing"),
                ("Action", "a" * 999),
            ),
        )
    )
    fields = tuple((k, value if k == name else v) for k, v in plain.fields)
    body = urlencode(fields).encode()
    made = signed(replace(plain, body=body, fields=fields))
    return replace(made, oddity="odd envelope", is_refused=True)


def _long_query(random: Random, plain: Plain) -> Request:
    url = f"{URL}/?a={'b' * 70_000}"
    return replace(signed(plain), url=url, oddity="long query", is_refused=True)


def _odd_path(random: Random, plain: Plain) -> Request:
    paths = ("//", "/%2e%2e/", "/v1/status", "/%00", "/%zz", "/a/../b", "/" + "a" * 5000)
    path = random.choice(paths)
    # Version 4 signs a path in its normal form, in which two slashes are one.
    is_refused = path != "//"
    return replace(signed(plain), url=f"{URL}{path}", oddity="odd path", is_refused=is_refused)


def _credentials(keys: AwsKeys) -> Credentials:
    return Credentials(keys.access_key_id, keys.secret_access_key)


Way = Callable[[Random, Plain], Request]
_OF_ALL: tuple[Way, ...] = (
    *(_wrong_secret, _wrong_key, _other_scope, _skewed, _tampered, _odd_authorization, _odd_date),
    *(_not_local, _odd_method, _odd_type, _garbage, _garbage, _long_query, _odd_path),
)
_OF_FORMS: tuple[Way, ...] = (
    *(*_OF_ALL, _odd_target, _odd_envelope, _odd_envelope),
    *(_presigned, _presigned, _version_2, _version_2, _in_query, _in_query),
)
