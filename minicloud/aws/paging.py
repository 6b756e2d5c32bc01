"""Answers in pages: how many a request may ask for, and the token that leads to the next page.

A token says behind which record the next page begins, and is signed by the cloud, so that no other
text is taken for one. It is good for this operation alone, and stays good when records go.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from minicloud.aws.backend import AwsBackend
from minicloud.aws.failures import AwsFailure

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """A page of records; no ``next_token`` is the last page's."""

    records: Sequence[T]
    next_token: str | None


@dataclass(frozen=True)
class Paging:
    """How one operation pages.

    The smallest and largest page that may be asked for, the page where none is (None: all), and
    what its members and errors are called, as most of EC2's are unless said otherwise.
    """

    operation: str
    smallest: int
    largest: int
    standard: int | None = None
    size_member: str = "MaxResults"
    token_member: str = "NextToken"
    size_error: str = "InvalidParameterValue"
    token_error: str = "InvalidNextToken"

    def page(
        self,
        backend: AwsBackend,
        request: Mapping[str, Any],
        records: Sequence[T],
        key: Callable[[T], str],
    ) -> Page[T]:
        """The page of ``records`` that ``request`` asks for; ``key`` is a record's identifier."""
        size = self._size(request)
        token = request.get(self.token_member)
        first = 0 if not token else self._first(backend, token, records, key)
        chosen = records[first:] if size is None else records[first : first + size]
        if not chosen or first + len(chosen) >= len(records):
            return Page(chosen, None)
        return Page(chosen, self._token(backend, first + len(chosen), key(chosen[-1])))

    def _size(self, request: Mapping[str, Any]) -> int | None:
        size: int | None = request.get(self.size_member)
        if size is None:
            return self.standard
        name = self.size_member[0].lower() + self.size_member[1:]
        if size < self.smallest:
            raise AwsFailure(
                self.size_error,
                f"Value ( {size} ) for parameter {name} is invalid."
                f" Expecting a value greater than {self.smallest - 1}.",
            )
        if size > self.largest:
            raise AwsFailure(
                self.size_error,
                f"Value ( {size} ) for parameter {name} is invalid."
                f" Expecting a value smaller than {self.largest + 1}.",
            )
        return size

    def _token(self, backend: AwsBackend, position: int, last_key: str) -> str:
        content = json.dumps([self.operation, position, last_key], separators=(",", ":"))
        signed = f"{backend.signed(content)}{content}"
        return base64.urlsafe_b64encode(signed.encode()).decode()

    def _first(
        self, backend: AwsBackend, token: str, records: Sequence[T], key: Callable[[T], str]
    ) -> int:
        operation, position, last_key = self._opened(backend, token)
        if operation != self.operation:
            raise self._bad_token()
        for index, record in enumerate(records):
            if key(record) == last_key:
                return index + 1
        return min(position, len(records))

    def _opened(self, backend: AwsBackend, token: str) -> tuple[str, int, str]:
        try:
            signed = base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
        except ValueError as error:
            raise self._bad_token() from error
        signature, content = signed[:32], signed[32:]
        if not hmac.compare_digest(signature.encode(), backend.signed(content).encode()):
            raise self._bad_token()
        operation, position, last_key = json.loads(content)
        return operation, position, last_key

    def _bad_token(self) -> AwsFailure:
        return AwsFailure(self.token_error, f"The specified {self.token_member} is not valid.")
