"""Signatures that botocore's own signers made: verified, and refused once anything is changed."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from minicloud.aws.signature import v2, v4
from minicloud.aws.signature.refusal import Reason, SignatureRefused
from minicloud.aws.signature.request import SignedRequest, pairs_of
from minicloud.domain.aws_endpoint import KEY_BYTES, AwsKeys, keys_from

KEYS = keys_from(bytes(range(KEY_BYTES)))
OTHERS = keys_from(bytes(range(1, KEY_BYTES + 1)))
_BODY = b"Action=DescribeTags&Version=2016-11-15&Filter.1.Name=tag%3Aa+b&Filter.1.Value.1=%C3%A9"
_URL = "http://127.0.0.1:24566/2015-12-01//a%20b/../c?b=2&a=%20x&a=1&empty="


def _as_received(request: Any) -> SignedRequest:
    parts = urlsplit(request.url)
    headers = {k.lower(): v for k, v in request.headers.items()}
    headers.setdefault("host", parts.netloc)
    body = request.data if isinstance(request.data, bytes) else b""
    return SignedRequest(request.method, parts.path, parts.query, [*headers.items()], body)


def _signed(keys: AwsKeys = KEYS, token: str | None = None) -> SignedRequest:
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        "X-Amz-Target": "  some   target ",
        "User-Agent": "not signed",
    }
    request = AWSRequest("POST", _URL, headers=headers, data=_BODY)
    credentials = Credentials(keys.access_key_id, keys.secret_access_key, token)
    SigV4Auth(credentials, "ec2", "us-east-1").add_auth(request)
    return _as_received(request)


def _presigned(expires_s: int = 60) -> SignedRequest:
    request = AWSRequest("GET", "http://localhost:1/?Action=GetCallerIdentity&Version=2011-06-15")
    credentials = Credentials(KEYS.access_key_id, KEYS.secret_access_key)
    SigV4QueryAuth(credentials, "sts", "us-east-1", expires=expires_s).add_auth(request)
    return _as_received(request)


def _now() -> datetime:
    return datetime.now(UTC)


def _with_header(request: SignedRequest, name: str, value: str) -> SignedRequest:
    kept = [(k, v) for k, v in request.headers if k != name]
    return replace(request, headers=[*kept, (name, value)])


def _reason(request: SignedRequest, now: datetime | None = None) -> Reason:
    with pytest.raises(SignatureRefused) as refused:
        v4.verify(request, KEYS, now or _now())
    return refused.value.reason


def test_what_botocore_signs_is_verified_with_its_scope() -> None:
    assert v4.verify(_signed(), KEYS, _now()) == v4.Scope("us-east-1", "ec2")
    assert v4.verify(_presigned(), KEYS, _now()) == v4.Scope("us-east-1", "sts")


_CHANGES: dict[str, Callable[[SignedRequest], SignedRequest]] = {
    "method": lambda r: replace(r, method="GET"),
    "path": lambda r: replace(r, path="/other"),
    "query's value": lambda r: replace(r, query=r.query.replace("b=2", "b=3")),
    "query's field": lambda r: replace(r, query=f"{r.query}&c=1"),
    "body": lambda r: replace(r, body=r.body + b"&x=1"),
    "no body": lambda r: replace(r, body=b""),
    "host": lambda r: _with_header(r, "host", "localhost:24566"),
    "signed header": lambda r: _with_header(r, "content-type", "text/plain"),
    "target": lambda r: _with_header(r, "x-amz-target", "another"),
    "second target": lambda r: replace(r, headers=[*r.headers, ("x-amz-target", "another")]),
    "unsigned x-amz": lambda r: _with_header(r, "x-amz-other", "1"),
}


@pytest.mark.parametrize("change", _CHANGES.values(), ids=_CHANGES.keys())
def test_a_request_that_was_changed_does_not_match(
    change: Callable[[SignedRequest], SignedRequest],
) -> None:
    assert _reason(change(_signed())) is Reason.MISMATCH


def test_what_is_not_signed_may_be_anything() -> None:
    v4.verify(_with_header(_signed(), "user-agent", "another"), KEYS, _now())


@pytest.mark.parametrize(
    ("part", "instead"),
    [("us-east-1", "us-east-2"), ("/ec2/", "/sts/"), ("Signature=", "Signature=0")],
)
def test_each_part_of_the_authorization_counts(part: str, instead: str) -> None:
    signed = _signed()
    changed = (signed.header("authorization") or "").replace(part, instead)
    assert _reason(_with_header(signed, "authorization", changed)) is Reason.MISMATCH


def test_the_host_must_be_signed() -> None:
    signed = _signed()
    changed = (signed.header("authorization") or "").replace("host;", "")
    assert _reason(_with_header(signed, "authorization", changed)) is Reason.MISMATCH


@pytest.mark.parametrize(
    "change",
    [
        lambda r: replace(r, query=r.query.replace("GetCallerIdentity", "AssumeRole")),
        lambda r: replace(r, query=r.query.replace("X-Amz-Expires=60", "X-Amz-Expires=61")),
        lambda r: replace(r, body=b"x"),
        lambda r: replace(r, method="POST"),
    ],
)
def test_a_presigned_url_that_was_changed_does_not_match(
    change: Callable[[SignedRequest], SignedRequest],
) -> None:
    assert _reason(change(_presigned())) is Reason.MISMATCH


def test_other_keys_are_refused() -> None:
    assert _reason(_signed(OTHERS)) is Reason.UNKNOWN_KEY
    secret_alone = AwsKeys(KEYS.access_key_id, OTHERS.secret_access_key)
    assert _reason(_signed(secret_alone)) is Reason.MISMATCH


def test_a_session_token_is_refused_since_the_keys_have_none() -> None:
    assert _reason(_signed(token="of another account")) is Reason.UNKNOWN_TOKEN


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_request_is_of_now(minutes: int) -> None:
    within = timedelta(minutes=minutes / 16 * 14)
    v4.verify(_signed(), KEYS, _now() + within)
    assert _reason(_signed(), _now() + timedelta(minutes=minutes)) is Reason.EXPIRED


def test_a_presigned_url_is_good_for_as_long_as_it_says() -> None:
    v4.verify(_presigned(3600), KEYS, _now() + timedelta(minutes=59))
    assert _reason(_presigned(60), _now() + timedelta(minutes=2)) is Reason.EXPIRED
    assert _reason(_presigned(60), _now() - timedelta(minutes=16)) is Reason.EXPIRED


@pytest.mark.parametrize(
    "authorization",
    [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=x",
        "AWS4-HMAC-SHA256 Credential=a/20260101/r/s/aws3_request, SignedHeaders=host, Signature=x",
        "AWS4-HMAC-SHA512 Credential=a/20260101/r/s/aws4_request, SignedHeaders=host, Signature=x",
        "AWS4-HMAC-SHA256 Credential=, SignedHeaders=, Signature=",
        "Bearer token",
        "",
    ],
)
def test_what_is_no_signature_is_incomplete(authorization: str) -> None:
    assert _reason(_with_header(_signed(), "authorization", authorization)) is Reason.INCOMPLETE


@pytest.mark.parametrize(
    "moment", ["", "now", "00010101T000000Z", "20260230T000000Z", "2026-01-01"]
)
def test_a_time_that_is_none_is_incomplete(moment: str) -> None:
    assert _reason(_with_header(_signed(), "x-amz-date", moment)) is Reason.INCOMPLETE


@pytest.mark.parametrize("lifetime", ["", "-1", "x", "9999999", "٣"])
def test_a_lifetime_that_is_none_is_incomplete(lifetime: str) -> None:
    presigned = _presigned()
    query = presigned.query.replace("X-Amz-Expires=60", f"X-Amz-Expires={quote(lifetime)}")
    assert _reason(replace(presigned, query=query)) is Reason.INCOMPLETE


def test_a_day_in_the_scope_that_is_another_is_refused() -> None:
    signed = _signed()
    day = f"{_now():%Y%m%d}"
    changed = (signed.header("authorization") or "").replace(f"/{day}/", "/20200101/")
    assert _reason(_with_header(signed, "authorization", changed)) is Reason.SCOPE


# Version 2, as Libcloud signs.


def _signed_v2(**changes: str) -> SignedRequest:
    fields = {
        "AWSAccessKeyId": KEYS.access_key_id,
        "Action": "DescribeTags",
        "SignatureMethod": "HmacSHA256",
        "SignatureVersion": "2",
        "Tag.0.Key": "a b~*",
        "Timestamp": f"{_now():%Y-%m-%dT%H:%M:%SZ}",
        "Version": "2016-11-15",
        **changes,
    }
    query = "&".join(
        f"{quote(k, safe='-_~')}={quote(v, safe='-_~')}" for k, v in sorted(fields.items())
    )
    text = f"GET\n127.0.0.1:24566\n/\n{query}".encode()
    digest = hmac.new(KEYS.secret_access_key.encode(), text, hashlib.sha256).digest()
    signature = quote(base64.b64encode(digest).decode(), safe="-_~")
    headers = [("host", "127.0.0.1:24566")]
    return SignedRequest("GET", "/", f"{query}&Signature={signature}", headers, b"")


def _reason_v2(request: SignedRequest, now: datetime | None = None) -> Reason:
    with pytest.raises(SignatureRefused) as refused:
        v2.verify(request, pairs_of(request.query), KEYS, now or _now())
    return refused.value.reason


def test_version_2_is_verified_and_refused_once_changed() -> None:
    signed = _signed_v2()
    assert v2.is_v2(signed.query_pairs)
    v2.verify(signed, signed.query_pairs, KEYS, _now())
    for changed in (
        replace(signed, query=signed.query.replace("DescribeTags", "CreateTags")),
        replace(signed, query=f"{signed.query}&Tag.1.Key=x"),
        replace(signed, method="POST"),
        replace(signed, path="/x"),
        replace(signed, headers=[("host", "localhost")]),
        replace(signed, query=signed.query.rpartition("&Signature")[0]),
    ):
        assert _reason_v2(changed) is Reason.MISMATCH


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"AWSAccessKeyId": "AKIAOTHER"}, Reason.UNKNOWN_KEY),
        ({"AWSAccessKeyId": "é"}, Reason.UNKNOWN_KEY),
        ({"SecurityToken": "x"}, Reason.UNKNOWN_TOKEN),
        ({"SignatureMethod": "HmacSHA1"}, Reason.INCOMPLETE),
        ({"SignatureVersion": "1"}, Reason.INCOMPLETE),
        ({"Timestamp": "soon"}, Reason.INCOMPLETE),
        ({"Timestamp": "0001-01-01T00:00:00+23:00"}, Reason.INCOMPLETE),
        ({"Timestamp": "2020-01-01T00:00:00Z"}, Reason.EXPIRED),
        ({"Expires": "2020-01-01T00:00:00Z"}, Reason.EXPIRED),
        ({"Expires": "2999-01-01T00:00:00Z"}, Reason.EXPIRED),
    ],
)
def test_version_2_says_what_is_wrong(changes: dict[str, str], reason: Reason) -> None:
    assert _reason_v2(_signed_v2(**changes)) is reason


def test_a_field_given_twice_is_refused_in_version_2() -> None:
    signed = _signed_v2()
    assert _reason_v2(replace(signed, query=f"Action=X&{signed.query}")) is Reason.INCOMPLETE


# The keys themselves.


def test_keys_have_the_form_of_aws_and_hide_their_secret() -> None:
    assert KEYS.access_key_id.startswith("AKIA")
    assert (len(KEYS.access_key_id), len(KEYS.secret_access_key)) == (20, 40)
    assert KEYS.secret_access_key not in repr(KEYS)
    assert KEYS != OTHERS
    with pytest.raises(ValueError, match="random bytes"):
        keys_from(b"short")
