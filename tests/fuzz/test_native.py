"""Every route of the native API under requests made of its document."""

from __future__ import annotations

from tests.fuzz import native

_EXAMPLES_OF_EACH = 6
_NEVER_ACCEPTED_MAX = 25


def test_every_route_answers_as_its_document_says() -> None:
    tally = native.run(_EXAMPLES_OF_EACH)
    asked = tally.accepted.keys() | tally.refused.keys()
    assert len(asked) > 80
    assert len(asked - tally.accepted.keys()) < _NEVER_ACCEPTED_MAX, asked - tally.accepted.keys()
