"""The load as a process of its own: two lines of JSON on its output, ``ready`` and the report.

SIGTERM ends it early; the report comes all the same.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import signal
import sys
from urllib.parse import urlsplit

from tests.load.client import Load, Plan
from tests.load.guard import NotHere, ensure_local


def main(words: list[str]) -> int:
    """Run one plan."""
    plan = _plan(words)
    try:
        ensure_local(plan.address)
    except NotHere as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    load = Load(plan, lambda: print(json.dumps({"ready": True}), flush=True))
    signal.signal(signal.SIGTERM, lambda _number, _frame: load.stop())
    # Nothing here makes cycles, and a collection would be felt as a slow answer.
    gc.disable()
    print(json.dumps(load.run().to_json()), flush=True)
    return 0


def _plan(words: list[str]) -> Plan:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--url", required=True, help="http://IPV4[:PORT]/PATH")
    parser.add_argument("--name", required=True, help="what ids begin with")
    parser.add_argument("--rate", type=int, default=2000, help="requests a second, all in all")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--requests", type=int, help="end after so many")
    parser.add_argument("--seconds", type=float, help="end after so long")
    parser.add_argument("--timeout", type=float, default=10.0, help="of a request, in seconds")
    parser.add_argument(
        "--slow-ms", type=float, default=100.0, help="list answers slower than this"
    )
    parser.add_argument("--any-body", action="store_true", help="do not expect the id as the body")
    chosen = parser.parse_args(words)
    url = urlsplit(chosen.url)
    if url.scheme != "http" or url.hostname is None or url.query:
        parser.error(f"{chosen.url}: not http://IPV4[:PORT]/PATH")
    return Plan(
        address=url.hostname,
        port=url.port or 80,
        name=chosen.name,
        path=url.path or "/",
        rate_per_s=chosen.rate,
        connections=chosen.connections,
        requests=chosen.requests or math.inf,
        duration_s=chosen.seconds or math.inf,
        timeout_s=chosen.timeout,
        slow_s=chosen.slow_ms / 1000,
        echo=not chosen.any_body,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
