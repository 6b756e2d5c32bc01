"""Why a signature is refused, in AWS's words and, where a person can do something, in ours."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum, auto

from minicloud.domain.errors import InvalidRequest

TOKEN_REFUSED = (
    "The security token included in the request is invalid: a cloud's keys have none"
    " (unset AWS_SESSION_TOKEN)"
)
KEY_REFUSED = (
    "AWS was not able to validate the provided access credentials: this cloud's keys are others"
    " (minicloud env)"
)
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS"
    " Secret Access Key and signing method."
)
SKEW_MAX = timedelta(minutes=15)


class Reason(Enum):
    """What is wrong with it; each protocol has its own code for each."""

    MISSING = auto()
    INCOMPLETE = auto()
    UNKNOWN_KEY = auto()
    UNKNOWN_TOKEN = auto()
    MISMATCH = auto()
    SCOPE = auto()
    EXPIRED = auto()


class SignatureRefused(InvalidRequest):
    """The request is not of one who has the cloud's keys, or not of now."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(reason.name, message)
        self.reason = reason
