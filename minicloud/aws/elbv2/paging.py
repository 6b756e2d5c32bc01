"""ELBv2's pages: up to 400 records, 400 where nothing is said."""

from __future__ import annotations

from minicloud.aws.paging import Paging

_LARGEST = 400


def paging_of(operation: str) -> Paging:
    """How this operation pages."""
    return Paging(
        operation=operation,
        smallest=1,
        largest=_LARGEST,
        standard=_LARGEST,
        size_member="PageSize",
        token_member="Marker",
        size_error="ValidationError",
        token_error="ValidationError",
    )
