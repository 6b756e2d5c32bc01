"""Two thousand requests of the AWS wire, of which most are wrong in some way."""

from __future__ import annotations

from minicloud.aws.registry import OPERATIONS
from tests.fuzz import wire

_SEED = 4
_REQUESTS = 2_000


def test_nothing_breaks_the_wire_and_no_refusal_changes_anything() -> None:
    tally = wire.run(_SEED, _REQUESTS)
    assert tally.requests == _REQUESTS
    asked = tally.accepted.keys() | tally.refused.keys()
    assert asked >= {operation.name for each in OPERATIONS.values() for operation in each}
    # Where all is refused, nothing is tried.
    changing = {o.name for each in OPERATIONS.values() for o in each if o.changes}
    assert len(changing & tally.accepted.keys()) > len(changing) * 0.75, changing - set(
        tally.accepted
    )
    assert tally.refused.total() > _REQUESTS / 4
