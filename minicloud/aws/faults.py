"""From an error to what a client of a protocol is told.

Services raise ``MiniCloudError`` with AWS's own codes. What differs between AWS's protocols is told
here: all of them answer 400 to what a caller can mend, where our native API says 404 or 409, and
each has a code of its own for an invalid value and for what does not answer.
"""

from __future__ import annotations

from collections.abc import Mapping

from minicloud.aws.failures import AwsFailure
from minicloud.aws.protocols.families import Family
from minicloud.aws.protocols.protocol import Fault
from minicloud.aws.signature.refusal import Reason, SignatureRefused
from minicloud.domain.errors import InvalidRequest, MiniCloudError, Unavailable

_BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN, _DEFECT, _UNAVAILABLE = 400, 401, 403, 500, 503
# AWS's own list of server errors has it, and clients try again later.
_SERVER_CODES = frozenset({"InsufficientInstanceCapacity"})
_OWN_WORDS: Mapping[Family, Mapping[str, str]] = {
    Family.EC2: {
        "AmbiguousName": "InvalidParameterValue",
        "NameTaken": "InvalidParameterValue",
        "ValidationError": "InvalidParameterValue",
    },
    Family.QUERY: {
        "InvalidParameterValue": "ValidationError",
        "InvalidParameterCombination": "ValidationError",
        "MissingParameter": "ValidationError",
        "OperationInProgress": "ResourceInUse",
        "TagLimitExceeded": "TooManyTags",
    },
    Family.JSON: {
        "InvalidParameterValue": "ValidationException",
        "InvalidParameterCombination": "ValidationException",
        "MissingParameter": "ValidationException",
        "ValidationError": "ValidationException",
    },
}
_UNAVAILABLE_CODE = {
    Family.EC2: "Unavailable",
    Family.QUERY: "ServiceUnavailable",
    Family.JSON: "ServiceUnavailableException",
}
_DEFECT_CODE = {
    Family.EC2: "InternalError",
    Family.QUERY: "InternalFailure",
    Family.JSON: "InternalFailure",
}
_SIGNATURE_CODES: Mapping[Family, Mapping[Reason, tuple[str, int]]] = {
    Family.EC2: {
        Reason.MISSING: ("MissingAuthenticationToken", _FORBIDDEN),
        Reason.INCOMPLETE: ("IncompleteSignature", _BAD_REQUEST),
        Reason.UNKNOWN_KEY: ("AuthFailure", _UNAUTHORIZED),
        Reason.UNKNOWN_TOKEN: ("AuthFailure", _UNAUTHORIZED),
        Reason.MISMATCH: ("SignatureDoesNotMatch", _FORBIDDEN),
        Reason.SCOPE: ("AuthFailure", _UNAUTHORIZED),
        Reason.EXPIRED: ("RequestExpired", _BAD_REQUEST),
    },
    Family.QUERY: {
        Reason.MISSING: ("MissingAuthenticationToken", _FORBIDDEN),
        Reason.INCOMPLETE: ("IncompleteSignature", _BAD_REQUEST),
        Reason.UNKNOWN_KEY: ("InvalidClientTokenId", _FORBIDDEN),
        Reason.UNKNOWN_TOKEN: ("InvalidClientTokenId", _FORBIDDEN),
        Reason.MISMATCH: ("SignatureDoesNotMatch", _FORBIDDEN),
        Reason.SCOPE: ("SignatureDoesNotMatch", _FORBIDDEN),
        Reason.EXPIRED: ("RequestExpired", _BAD_REQUEST),
    },
    Family.JSON: {
        Reason.MISSING: ("MissingAuthenticationTokenException", _BAD_REQUEST),
        Reason.INCOMPLETE: ("IncompleteSignatureException", _BAD_REQUEST),
        Reason.UNKNOWN_KEY: ("UnrecognizedClientException", _BAD_REQUEST),
        Reason.UNKNOWN_TOKEN: ("UnrecognizedClientException", _BAD_REQUEST),
        Reason.MISMATCH: ("InvalidSignatureException", _BAD_REQUEST),
        Reason.SCOPE: ("InvalidSignatureException", _BAD_REQUEST),
        Reason.EXPIRED: ("RequestExpired", _BAD_REQUEST),
    },
}


def fault_of(error: MiniCloudError, family: Family) -> Fault:
    """What a client of this protocol is told of a refusal or failure."""
    if isinstance(error, SignatureRefused):
        code, status = _SIGNATURE_CODES[family][error.reason]
        return Fault(code, error.message, status)
    code = _OWN_WORDS[family].get(error.code, error.code)
    if isinstance(error, AwsFailure):
        return Fault(code, error.message, error.status)
    if isinstance(error, Unavailable):
        # Our code says which part failed, and the resolution what to do; AWS's has neither.
        said = f"{error.code}: {error.message}; {error.resolution}"
        return Fault(_UNAVAILABLE_CODE[family], said, _UNAVAILABLE)
    if error.code in _SERVER_CODES:
        return Fault(code, error.message, _DEFECT)
    is_mendable = isinstance(error, InvalidRequest) or error.http_status < _DEFECT
    return Fault(code, error.message, _BAD_REQUEST if is_mendable else _DEFECT)


def defect(family: Family) -> Fault:
    """What a client is told of a defect of ours: nothing but that there is one."""
    return Fault(
        _DEFECT_CODE[family],
        "minicloud met something it did not expect; see the server's log (minicloud status names"
        " it), and please report it",
        _DEFECT,
    )
