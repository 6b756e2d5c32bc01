"""A hundred thousand requests of the AWS wire that no client would make, on every processor."""

from __future__ import annotations

import os
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.fuzz import wire
from tests.soak.rows import Finding

_REQUESTS = 100_000
_OF_ONE_TASK = 2_500
_FIRST_SEED = 1_000


def findings(share: float) -> list[Finding]:
    """No failure of ours, no answer that botocore cannot read, nothing changed by a refusal."""
    tasks = max(1, round(_REQUESTS * share / _OF_ONE_TASK))
    began_s = time.monotonic()
    with ProcessPoolExecutor(os.cpu_count()) as processes:
        seeds = range(_FIRST_SEED, _FIRST_SEED + tasks)
        tallies = list(processes.map(partial(wire.run, count=_OF_ONE_TASK), seeds))
    requests = sum(tally.requests for tally in tallies)
    accepted = sum(tally.accepted.total() for tally in tallies)
    refused = sum(tally.refused.total() for tally in tallies)
    slowest_s = max(tally.slowest_s for tally in tallies)
    took_s = time.monotonic() - began_s
    return [
        Finding("fuzzed requests of the AWS wire", f"{requests:,} in {took_s:.0f} s", "100,000"),
        Finding("of these and of looks around, carried out", f"{accepted:,}"),
        Finding("… and refused, with nothing changed", f"{refused:,}"),
        Finding("slowest answer", f"{slowest_s * 1000:.0f} ms"),
    ]
