"""A balanced site: machines die, leave and join behind one address, and no visitor notices."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests

from minicloud.demos.stage import Stage
from minicloud.demos.visitors import Visitors

_TYPE = "t3.nano"
_SITE = "site"
_HEALTH = ("--interval", "5", "--timeout", "2", "--healthy-threshold", "2")
_SEEN_WITHIN_S = 60
_SHARE_TOLERANCE = 0.15
# A page that takes some seconds to come, so that there is something in flight to wait for.
_SLOW_S = 6
_SLOW_PAGE = (
    "dd if=/dev/zero of=/var/www/html/slow bs=1k count=120 2>/dev/null"
    " && echo 'limit_rate 20k;' > /etc/nginx/conf.d/slow.conf && nginx -s reload 2>/dev/null"
)


def run(stage: Stage) -> None:
    """Play the five parts."""
    url = _set_up(stage)
    with Visitors(url) as visitors:
        _spread(stage, visitors)
        _kill_one(stage, visitors)
        _drain_one(stage, visitors, url)
        _add_one(stage, visitors)
        _without_server(stage, visitors)
    _figures(stage, visitors)


def _set_up(stage: Stage) -> str:
    stage.act("A cloud of its own, three machines, and a balancer in front of them")
    stage.run("up", "--memory-overcommit", "3", with_json=False)
    stage.run("image", "build", with_json=False)
    stage.run("instance", "launch", "web", "--image", "web", "--type", _TYPE, "--count", "3")
    names = "web-1,web-2,web-3"
    made = stage.run("balancer", "create", _SITE, "--instances", names, *_HEALTH)
    url = str(made[0]["url"])
    stage.say(f"the site is at {url}")
    return url


def _spread(stage: Stage, visitors: Visitors) -> None:
    stage.act("1. Four visitors ask on and on: who answers?")
    since_s = time.monotonic()
    _watch(stage, visitors, 3)
    shares = visitors.shares(since_s)
    total = sum(shares.values())
    even = all(abs(n / total - 1 / 3) < _SHARE_TOLERANCE for n in shares.values())
    stage.check(
        "three machines share the requests evenly",
        passed=len(shares) == 3 and even,
        seen=_told(stage, shares),
    )


def _kill_one(stage: Stage, visitors: Visitors) -> None:
    stage.act("2. The web server of web-2 is killed; nobody tells the balancer")
    since_s = time.monotonic()
    stage.run("instance", "exec", "web-2", "--", "pkill", "-9", "nginx", with_json=False)
    took_s = _until(stage, visitors, lambda: _state(stage, "web-2") == "unhealthy")
    stage.check(
        "its own checks find it unhealthy",
        passed=took_s is not None,
        seen=_reason(stage, "web-2"),
    )
    left_out_s = time.monotonic()
    _watch(stage, visitors, 2)
    shares = visitors.shares(left_out_s)
    stage.check(
        "it is left out",
        passed=_hostname(stage, "web-2") not in shares and len(shares) == 2,
        seen=_told(stage, shares),
    )
    stage.check(
        "no request failed meanwhile",
        passed=visitors.failures(since_s) == 0,
        seen=f"{visitors.failures(since_s)} of {len(visitors.visits(since_s))}",
    )
    stage.run("instance", "exec", "web-2", "--", "service", "nginx", "start", with_json=False)
    back_s = _until(stage, visitors, lambda: _state(stage, "web-2") == "healthy")
    stage.check("it is back once it is well", passed=back_s is not None, seen="healthy")


def _drain_one(stage: Stage, visitors: Visitors, url: str) -> None:
    stage.act(f"3. web-3 leaves while a visitor waits for a page that takes {_SLOW_S} s")
    for name in ("web-1", "web-2", "web-3"):
        stage.ask("instance", "exec", name, "--", "sh", "-c", _SLOW_PAGE, with_json=False)
    since_s = time.monotonic()
    # As many as there are machines: one of them waits for web-3.
    with _slow_visitors(url, 3) as slow:
        time.sleep(1)
        stage.run("target-group", "deregister", _SITE, "web-3")
        gone_s = time.monotonic()
    stage.check(
        "every page that was on its way has arrived",
        passed=slow == [120 * 1024] * 3,
        seen=", ".join(f"{size // 1024} KiB" for size in slow),
    )
    _watch(stage, visitors, 2)
    stage.check(
        "web-3 gets nothing any more",
        passed=_hostname(stage, "web-3") not in visitors.shares(gone_s),
        seen=_told(stage, visitors.shares(gone_s)),
    )
    stage.check(
        "no request failed meanwhile",
        passed=visitors.failures(since_s) == 0,
        seen=f"{visitors.failures(since_s)} of {len(visitors.visits(since_s))}",
    )


def _add_one(stage: Stage, visitors: Visitors) -> None:
    stage.act("4. A fourth machine joins; the drained one is terminated")
    since_s = time.monotonic()
    stage.run("instance", "launch", "web-4", "--image", "web", "--type", _TYPE)
    stage.run("target-group", "register", _SITE, "web-4")
    joined_s = time.monotonic()
    stage.run("instance", "terminate", "web-3")
    _watch(stage, visitors, 2)
    stage.check(
        "it answers as soon as it has passed one check",
        passed=_hostname(stage, "web-4") in visitors.shares(joined_s),
        seen=_told(stage, visitors.shares(joined_s)),
    )
    stage.check(
        "no request failed meanwhile",
        passed=visitors.failures(since_s) == 0,
        seen=f"{visitors.failures(since_s)} of {len(visitors.visits(since_s))}",
    )


def _without_server(stage: Stage, visitors: Visitors) -> None:
    stage.act("5. minicloud's server is stopped: the balancer does not need it")
    since_s = time.monotonic()
    stage.run("down", with_json=False)
    time.sleep(2)
    visits = visitors.visits(since_s)
    stage.check(
        "the site goes on without it",
        passed=len(visits) > 0 and visitors.failures(since_s) == 0,
        seen=f"{len(visits)} requests, {visitors.failures(since_s)} failed",
    )


def _figures(stage: Stage, visitors: Visitors) -> None:
    stage.act("What the visitors saw, and what the balancer counted")
    visits = visitors.visits()
    durations = sorted(visit.duration_ms for visit in visits)
    stage.table(
        ("REQUESTS", "FAILED", "MEDIAN", "P99", "LONGEST"),
        [
            (
                str(len(visits)),
                str(visitors.failures()),
                f"{durations[len(durations) // 2]:.1f} ms",
                f"{durations[len(durations) * 99 // 100]:.1f} ms",
                f"{durations[-1]:.0f} ms",
            )
        ],
    )
    counted = stage.run("balancer", "metrics", _SITE)["balancer"]["requests"]
    stage.check(
        "the balancer has counted every one of them",
        passed=counted >= len(visits),
        seen=f"{counted} requests, with the slow pages",
    )
    stage.check(
        "no visitor has met a failure, from beginning to end",
        passed=visitors.failures() == 0,
        seen=f"{visitors.failures()} of {len(visits)}",
    )


@contextmanager
def _slow_visitors(url: str, count: int) -> Iterator[list[int]]:
    """Clients that wait for the slow page; how many bytes each had in the end."""
    sizes: list[int] = []

    def visit() -> None:
        try:
            sizes.append(len(requests.get(f"{url}slow", timeout=60).content))
        except requests.RequestException:
            sizes.append(0)

    threads = [threading.Thread(target=visit, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    yield sizes
    for thread in threads:
        thread.join()


def _until(stage: Stage, visitors: Visitors, is_so: Callable[[], bool]) -> float | None:
    """Watch the visitors until something is so; the seconds it took, None where it never was."""
    began_s = time.monotonic()
    while not is_so():
        if time.monotonic() - began_s > _SEEN_WITHIN_S:
            return None
        _watch(stage, visitors, 1)
    return time.monotonic() - began_s


def _watch(stage: Stage, visitors: Visitors, seconds: int) -> None:
    """Let time pass, and show each second who answers."""
    for _ in range(seconds):
        since_s = time.monotonic()
        time.sleep(1)
        stage.say(_told(stage, visitors.shares(since_s)))


def _told(stage: Stage, shares: dict[str, int]) -> str:
    names = {i["hostname"]: i["name"] for i in stage.ask("instance", "list")}
    parts = sorted((names.get(who, who), count) for who, count in shares.items())
    return "  ".join(f"{name} {count:3}" for name, count in parts)


def _hostname(stage: Stage, name: str) -> str:
    shown = stage.ask("instance", "show", name)
    return str(shown["hostname"])


def _health_of(stage: Stage, name: str) -> dict[str, Any]:
    targets = stage.ask("balancer", "health", _SITE)
    return next((t for t in targets if t["instance_name"] == name), {})


def _state(stage: Stage, name: str) -> str:
    return str(_health_of(stage, name).get("state", ""))


def _reason(stage: Stage, name: str) -> str:
    health = _health_of(stage, name)
    return f"{health.get('state')}, {health.get('reason')}"
