"""Signature Version 4, in the ``Authorization`` header or in the query of a presigned URL.

Source: the page "Create a signed AWS API request" of the IAM user guide.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from minicloud.aws.signature.refusal import (
    KEY_REFUSED,
    MISMATCH,
    SKEW_MAX,
    TOKEN_REFUSED,
    Reason,
    SignatureRefused,
)
from minicloud.aws.signature.request import SignedRequest, canonical_path, canonical_query
from minicloud.domain.aws_endpoint import AwsKeys
from minicloud.domain.tags import shown

ALGORITHM = "AWS4-HMAC-SHA256"
_TERMINATOR = "aws4_request"
_MOMENT = "%Y%m%dT%H%M%SZ"
_MOMENT_FORM = re.compile(r"2[0-9]{7}T[0-9]{6}Z", re.ASCII)
_PRESIGNED_S_MAX = 7 * 24 * 3600
_HEADER = re.compile(
    rf"{ALGORITHM}\s+Credential=([^\s,]+)\s*,\s*SignedHeaders=([^\s,]+)\s*,\s*Signature=([^\s,]+)"
)


@dataclass(frozen=True)
class Scope:
    """What a signature is good for: a region and a service, by its signing name."""

    region: str
    service: str


@dataclass(frozen=True)
class _Claim:
    """What a request says of its signature."""

    credential: str
    signed_headers: str
    signature: str
    moment: datetime
    lifetime: timedelta | None


def is_v4(request: SignedRequest) -> bool:
    """Whether a request says that it is signed so."""
    said = request.header("authorization") or ""
    return said.startswith("AWS4-") or any(k == "X-Amz-Algorithm" for k, _ in request.query_pairs)


def verify(request: SignedRequest, keys: AwsKeys, now: datetime) -> Scope:
    """The scope of a request that was signed with these keys; else ``SignatureRefused``."""
    claim = _claim_of(request)
    key_id, day, scope = _credential(claim.credential)
    if not hmac.compare_digest(key_id.encode(), keys.access_key_id.encode()):
        raise SignatureRefused(Reason.UNKNOWN_KEY, KEY_REFUSED)
    _require_no_token(request)
    _require_now(claim, day, now)
    _require_signed(request, claim.signed_headers.split(";"))
    text = "\n".join(
        (
            ALGORITHM,
            claim.moment.strftime(_MOMENT),
            f"{day}/{scope.region}/{scope.service}/{_TERMINATOR}",
            hashlib.sha256(_canonical(request, claim).encode()).hexdigest(),
        )
    )
    wanted = hmac.new(_signing_key(keys, day, scope), text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(claim.signature.encode(), wanted.encode()):
        raise SignatureRefused(Reason.MISMATCH, MISMATCH)
    return scope


def _claim_of(request: SignedRequest) -> _Claim:
    authorization = request.header("authorization")
    if authorization is not None:
        return _claim_of_header(request, authorization)
    fields = dict(request.query_pairs)
    if fields.get("X-Amz-Algorithm") != ALGORITHM:
        raise _incomplete("X-Amz-Algorithm")
    lifetime = _need(fields, "X-Amz-Expires")
    if not (lifetime.isascii() and lifetime.isdigit() and len(lifetime) < 7):
        raise _incomplete("X-Amz-Expires")
    return _Claim(
        _need(fields, "X-Amz-Credential"),
        _need(fields, "X-Amz-SignedHeaders"),
        _need(fields, "X-Amz-Signature"),
        _moment(_need(fields, "X-Amz-Date")),
        timedelta(seconds=min(int(lifetime), _PRESIGNED_S_MAX)),
    )


def _claim_of_header(request: SignedRequest, authorization: str) -> _Claim:
    found = _HEADER.fullmatch(authorization.strip())
    if found is None:
        raise _incomplete("Authorization")
    moment = _moment(request.header("x-amz-date") or "")
    return _Claim(found[1], found[2], found[3], moment, None)


def _need(fields: Mapping[str, str], name: str) -> str:
    if name not in fields:
        raise _incomplete(name)
    return fields[name]


def _moment(text: str) -> datetime:
    # strptime takes more than it writes, and the earliest years have no fifteen minutes before.
    if not _MOMENT_FORM.fullmatch(text):
        raise _incomplete("X-Amz-Date")
    try:
        return datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)
    except ValueError as error:
        raise _incomplete("X-Amz-Date") from error


def _credential(text: str) -> tuple[str, str, Scope]:
    # A key id of no form that we know may hold slashes.
    key_id, *rest = text.rsplit("/", 4)
    if len(rest) != 4 or rest[3] != _TERMINATOR:
        raise _incomplete("Credential")
    day, region, service, _ = rest
    return key_id, day, Scope(region, service)


def _require_no_token(request: SignedRequest) -> None:
    names = {key for key, _ in request.headers} | {key.lower() for key, _ in request.query_pairs}
    if "x-amz-security-token" in names:
        raise SignatureRefused(Reason.UNKNOWN_TOKEN, TOKEN_REFUSED)


def _require_now(claim: _Claim, day: str, now: datetime) -> None:
    if day != claim.moment.strftime("%Y%m%d"):
        raise SignatureRefused(
            Reason.SCOPE,
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from"
            f" HTTP: {shown(day)}",
        )
    latest = claim.moment + (SKEW_MAX if claim.lifetime is None else claim.lifetime)
    if not claim.moment - SKEW_MAX <= now <= latest:
        raise SignatureRefused(
            Reason.EXPIRED,
            f"Request has expired: it was signed at {claim.moment:%Y-%m-%dT%H:%M:%SZ}, and it is"
            f" {now:%Y-%m-%dT%H:%M:%SZ}.",
        )


def _require_signed(request: SignedRequest, names: list[str]) -> None:
    """What gives a request its meaning must be signed: the host, and each ``x-amz-`` header."""
    signed = set(names)
    needed = {"host", *(key for key, _ in request.headers if key.startswith("x-amz-"))}
    if "authorization" in {key for key, _ in request.headers}:
        needed |= {"x-amz-date"}
    missing = needed - signed
    if missing:
        raise SignatureRefused(
            Reason.MISMATCH,
            f"These headers must be signed: {shown(', '.join(sorted(missing)), 80)}",
        )


def _canonical(request: SignedRequest, claim: _Claim) -> str:
    pairs = [(k, v) for k, v in request.query_pairs if k != "X-Amz-Signature"]
    headers = "".join(
        f"{name}:{' '.join((request.header(name) or '').split())}\n"
        for name in claim.signed_headers.split(";")
    )
    return "\n".join(
        (
            request.method,
            canonical_path(request.path),
            canonical_query(pairs),
            headers,
            claim.signed_headers,
            hashlib.sha256(request.body).hexdigest(),
        )
    )


def _signing_key(keys: AwsKeys, day: str, scope: Scope) -> bytes:
    key = f"AWS4{keys.secret_access_key}".encode()
    for part in (day, scope.region, scope.service, _TERMINATOR):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _incomplete(part: str) -> SignatureRefused:
    return SignatureRefused(
        Reason.INCOMPLETE,
        f"The request signature does not conform to AWS standards: {part} is missing or malformed.",
    )
