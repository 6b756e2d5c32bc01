"""What is said to a request that does not fit its model, in each protocol's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from minicloud.aws.failures import AwsFailure
from minicloud.domain.tags import shown

_ENUM_SHOWN_MAX = 20


class Complaints(Protocol):
    """A protocol's words. ``path`` is the member's dotted name as the request has it."""

    def unknown(self, path: str) -> AwsFailure:
        """The model has no such member."""

    def wrong_type(self, path: str, value: str, expected: str) -> AwsFailure:
        """The value cannot be read as ``expected``: "an integer"."""

    def missing(self, path: str) -> AwsFailure:
        """A member that is required is not there."""

    def out_of_range(
        self, path: str, value: float, smallest: int | None, largest: int | None
    ) -> AwsFailure:
        """The number, or the length, is not from ``smallest`` to ``largest``."""

    def not_among(self, path: str, value: str, values: Sequence[str]) -> AwsFailure:
        """The value is none of those that the model knows."""

    def unsupported(self, path: str) -> AwsFailure:
        """AWS has this member, and minicloud does not carry it out."""


class Ec2Complaints:
    """EC2's: the page "Error codes for the Amazon EC2 API"."""

    def unknown(self, path: str) -> AwsFailure:
        """The model has no such member."""
        return AwsFailure("UnknownParameter", f"The parameter {shown(path, 80)} is not recognized")

    def wrong_type(self, path: str, value: str, expected: str) -> AwsFailure:
        """The value cannot be read as what is expected."""
        return self._invalid(path, shown(value), f"Expecting {expected}.")

    def missing(self, path: str) -> AwsFailure:
        """A member that is required is not there."""
        return AwsFailure("MissingParameter", f"The request must contain the parameter {path}")

    def out_of_range(
        self, path: str, value: float, smallest: int | None, largest: int | None
    ) -> AwsFailure:
        """The number, or the length, is not in the model's range."""
        if smallest is not None and value < smallest:
            return self._invalid(path, str(value), f"Expecting at least {smallest}.")
        return self._invalid(path, str(value), f"Expecting at most {largest}.")

    def not_among(self, path: str, value: str, values: Sequence[str]) -> AwsFailure:
        """The value is none of those that the model knows."""
        return self._invalid(path, shown(value), f"Expecting {_some_of(values)}.")

    def unsupported(self, path: str) -> AwsFailure:
        """AWS has this member, and minicloud does not carry it out."""
        return AwsFailure(
            "UnsupportedOperation", f"The parameter {path} is not supported by minicloud."
        )

    def _invalid(self, path: str, value: str, why: str) -> AwsFailure:
        return AwsFailure(
            "InvalidParameterValue", f"Value ( {value} ) for parameter {path} is invalid. {why}"
        )


class ValidationComplaints:
    """Those of services that validate by their model: query's ``ValidationError``, JSON's."""

    def __init__(self, code: str, type_code: str) -> None:
        self._code = code
        self._type_code = type_code

    def unknown(self, path: str) -> AwsFailure:
        """The model has no such member."""
        return AwsFailure(self._code, f"The parameter {shown(path, 80)} is not recognized")

    def wrong_type(self, path: str, value: str, expected: str) -> AwsFailure:
        """The value cannot be read as what is expected."""
        return AwsFailure(
            self._type_code, f"Value {shown(value)} at {path} cannot be read as {expected}"
        )

    def missing(self, path: str) -> AwsFailure:
        """A member that is required is not there."""
        return self._failed("null", path, "Member must not be null")

    def out_of_range(
        self, path: str, value: float, smallest: int | None, largest: int | None
    ) -> AwsFailure:
        """The number, or the length, is not in the model's range."""
        rule = (
            f"greater than or equal to {smallest}"
            if smallest is not None and value < smallest
            else f"less than or equal to {largest}"
        )
        return self._failed(f"'{value}'", path, f"Member must have value or length {rule}")

    def not_among(self, path: str, value: str, values: Sequence[str]) -> AwsFailure:
        """The value is none of those that the model knows."""
        return self._failed(
            shown(value), path, f"Member must satisfy enum value set: [{_some_of(values)}]"
        )

    def unsupported(self, path: str) -> AwsFailure:
        """AWS has this member, and minicloud does not carry it out."""
        return AwsFailure(self._code, f"The parameter {path} is not supported by minicloud.")

    def _failed(self, value: str, path: str, rule: str) -> AwsFailure:
        return AwsFailure(
            self._code,
            f"1 validation error detected: Value {value} at '{path}' failed to satisfy constraint:"
            f" {rule}",
        )


def _some_of(values: Sequence[str]) -> str:
    more = ", …" if len(values) > _ENUM_SHOWN_MAX else ""
    return ", ".join(values[:_ENUM_SHOWN_MAX]) + more
