"""What only the wire refuses, with AWS's own code; all else raises the domain's errors."""

from __future__ import annotations

from minicloud.domain.errors import InvalidRequest


class AwsFailure(InvalidRequest):
    """What only the wire knows: a code of AWS's, its message, and its HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code, message)
        self.status = status


def unsupported(what: str) -> AwsFailure:
    """EC2's words for what a cloud does not carry out."""
    return AwsFailure("UnsupportedOperation", f"{what} is not supported by minicloud.")
