"""Signature Version 2: an HMAC over the sorted fields, without a region or a service.

Source: the EC2 API reference's former page "Query API authentication: Signature Version 2".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from minicloud.aws.signature.refusal import (
    KEY_REFUSED,
    MISMATCH,
    SKEW_MAX,
    TOKEN_REFUSED,
    Reason,
    SignatureRefused,
)
from minicloud.aws.signature.request import Pairs, SignedRequest, canonical_query
from minicloud.domain.aws_endpoint import AwsKeys

FIELDS = frozenset(
    {
        "AWSAccessKeyId",
        "Expires",
        "SecurityToken",
        "Signature",
        "SignatureMethod",
        "SignatureVersion",
        "Timestamp",
    }
)
"""The fields that make the signature, and are none of the operation's."""


def is_v2(pairs: Pairs) -> bool:
    """Whether a form says that it is signed so."""
    return any(name == "AWSAccessKeyId" for name, _ in pairs)


def verify(request: SignedRequest, pairs: Pairs, keys: AwsKeys, now: datetime) -> None:
    """Return if the form was signed with these keys, else raise ``SignatureRefused``.

    ``pairs`` are the fields of the query (GET) or of the body (POST).
    """
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise _incomplete("a field is given twice")
    if fields.get("SignatureVersion") != "2" or fields.get("SignatureMethod") != "HmacSHA256":
        raise _incomplete("it must be of version 2 and made by HmacSHA256")
    if not hmac.compare_digest(fields["AWSAccessKeyId"].encode(), keys.access_key_id.encode()):
        raise SignatureRefused(Reason.UNKNOWN_KEY, KEY_REFUSED)
    if "SecurityToken" in fields:
        raise SignatureRefused(Reason.UNKNOWN_TOKEN, TOKEN_REFUSED)
    _require_now(fields, now)
    signed = canonical_query([(k, v) for k, v in pairs if k != "Signature"])
    text = "\n".join((request.method, request.host.lower(), request.path or "/", signed))
    digest = hmac.new(keys.secret_access_key.encode(), text.encode(), hashlib.sha256).digest()
    wanted = base64.b64encode(digest)
    if not hmac.compare_digest(fields.get("Signature", "").encode(), wanted):
        raise SignatureRefused(Reason.MISMATCH, MISMATCH)


def _require_now(fields: Mapping[str, str], now: datetime) -> None:
    name = "Expires" if "Expires" in fields else "Timestamp"
    try:
        moment = datetime.fromisoformat(fields.get(name, ""))
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        away = now - moment
    except (ValueError, OverflowError) as error:
        raise _incomplete(f"{name} is missing or malformed") from error
    if away > (timedelta(0) if name == "Expires" else SKEW_MAX) or away < -SKEW_MAX:
        raise SignatureRefused(
            Reason.EXPIRED, f"Request has expired. {name} is {moment:%Y-%m-%dT%H:%M:%SZ}."
        )


def _incomplete(why: str) -> SignatureRefused:
    return SignatureRefused(
        Reason.INCOMPLETE, f"The request signature does not conform to AWS standards: {why}."
    )
