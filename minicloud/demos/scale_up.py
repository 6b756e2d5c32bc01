"""The main job: a web server launched, imaged, given an Elastic IP, and scaled up under traffic."""

from __future__ import annotations

import time
from typing import Any

import requests

from minicloud.demos.stage import Stage
from minicloud.demos.traffic import Seen, Traffic

_ANSWER_WITHIN_S = 15
_PAGE = "<h1>Spring sale</h1>"
_SMALL, _LARGE = "t3.micro", "t3.large"
_LARGE_MEMORY_MIB = 8 * 1024
# Where a learner's engine has little memory, the limits are still true and still hold; there is
# only no room for every machine to use all of its own at once.
_OVERCOMMIT_BELOW_MIB = 12 * 1024
_LIMIT_FILES = {
    "1": ("memory/memory.limit_in_bytes", "cpu/cpu.cfs_quota_us"),
    "2": ("memory.max", "cpu.max"),
}
_CPU_PERIOD_US = 100_000


def run(stage: Stage) -> None:
    """Play the four parts."""
    _set_up(stage)
    _launch_and_restart(stage)
    address = _image_and_address(stage)
    _scale_up(stage, address)
    _ledger(stage)


def _set_up(stage: Stage) -> None:
    stage.act("A cloud of its own, and the images that ship with minicloud")
    stage.run("up", with_json=False)
    stage.run("image", "build", with_json=False)
    status = stage.ask("status")
    memory_mib = status["engine"]["memory_mib"]
    if memory_mib < _OVERCOMMIT_BELOW_MIB:
        stage.say(f"this engine has {memory_mib} MiB: let more be given than it has")
        stage.run("up", "--memory-overcommit", "3", with_json=False)


def _launch_and_restart(stage: Stage) -> None:
    stage.act(f"1. A {_SMALL} from the image web; stopped and started")
    stage.run("instance", "launch", "shop", "--image", "web", "--type", _SMALL)
    before = _show(stage, "shop")
    url = _url_of(before)
    page = _page(url)
    stage.check(
        "its page is seen through its public address",
        passed=before["hostname"] in page,
        seen=f"{url} says {before['hostname']}",
    )
    stage.run("instance", "exec", "shop", "--", "touch", "/root/kept", with_json=False)
    stage.run("instance", "stop", "shop")
    stage.run("instance", "start", "shop")
    after = _show(stage, "shop")
    stage.check(
        "stop and start change the public address",
        passed=after["public_ip"] not in {before["public_ip"], None},
        seen=f"{before['public_ip']} → {after['public_ip']}",
    )
    stage.check(
        "the private address stays",
        passed=after["private_ip"] == before["private_ip"],
        seen=after["private_ip"],
    )
    found = stage.ask("instance", "exec", "shop", "--", "ls", "/root/kept", with_json=False)
    stage.check("the disk stays", passed=found.strip() == "/root/kept", seen=found.strip())
    stage.check(
        "its web server comes back by itself",
        passed=after["hostname"] in _page(_url_of(after)),
        seen=_url_of(after),
    )


def _image_and_address(stage: Stage) -> dict[str, Any]:
    stage.act("2. An Elastic IP, a changed page, an image of it, a second machine from the image")
    stage.run("address", "allocate", "front")
    stage.run("address", "associate", "front", "shop")
    address: dict[str, Any] = stage.ask("address", "show", "front")
    write = f'echo "{_PAGE}" > /var/www/html/index.html'
    stage.run("instance", "exec", "shop", "--", "sh", "-c", write, with_json=False)
    stage.check(
        "the changed page is seen at the Elastic IP",
        passed=_PAGE in _page(_url_of(address)),
        seen=_url_of(address),
    )
    stage.run("image", "create", "shop", "shop-1.0")
    stage.run("instance", "launch", "copy", "--image", "shop-1.0", "--type", _SMALL)
    copy_url = _url_of(_show(stage, "copy"))
    stage.check(
        "a second machine from the image shows it too",
        passed=_PAGE in _page(copy_url),
        seen=copy_url,
    )
    stage.run("instance", "terminate", "copy")
    return address


def _scale_up(stage: Stage, address: dict[str, Any]) -> None:
    stage.act(f"3. Scaled up to {_LARGE} while a client keeps asking at the Elastic IP")
    old = _show(stage, "shop")
    with Traffic(_url_of(address)) as traffic:
        time.sleep(0.5)
        operation = stage.run("scale-up", "shop", "--type", _LARGE)
        time.sleep(1)
    result = _first(operation)["result"]
    _tell_traffic(stage, traffic.seen(), result["downtime_ms"])
    new = _show(stage, "shop")
    stage.check(
        "the name and the Elastic IP lead to the new machine",
        passed=new["id"] == result["new_instance_id"]
        and new["public_ip"] == address["public_ip"]
        and _PAGE in _page(_url_of(address)),
        seen=f"{old['id']} → {new['id']}, {new['type']}",
    )
    gone = _show(stage, old["id"])
    stage.check("the old one is gone", passed=gone["state"] == "terminated", seen=gone["state"])
    _check_limits(stage)


def _check_limits(stage: Stage) -> None:
    files = _LIMIT_FILES[stage.ask("status")["engine"]["cgroup_version"]]
    paths = [f"/sys/fs/cgroup/{file}" for file in files]
    read = stage.run("instance", "exec", "shop", "--", "cat", *paths, with_json=False).split()
    memory_mib, vcpus = int(read[0]) // 1024**2, int(read[1]) / _CPU_PERIOD_US
    stage.check(
        "the new limits are in force inside the machine",
        passed=(memory_mib, vcpus) == (_LARGE_MEMORY_MIB, 2),
        seen=f"{memory_mib} MiB, {vcpus:g} vCPUs",
    )


def _tell_traffic(stage: Stage, seen: Seen, downtime_ms: float) -> None:
    stage.say(f"the client made {seen.requests} requests; {seen.failures} failed")
    stage.say(f"its longest wait between two answers was {seen.longest_gap_ms:.0f} ms")
    stage.say(f"the operation itself measured a downtime of {downtime_ms:.0f} ms")
    stage.check(
        "the client was served again after the move",
        passed=seen.requests - seen.failures > 0 and seen.longest_gap_ms < _ANSWER_WITHIN_S * 1000,
        seen=f"{seen.requests} requests, {seen.failures} failed, gap {seen.longest_gap_ms:.0f} ms",
    )


def _ledger(stage: Stage) -> None:
    stage.act("4. The ledger: what ran for how long")
    usage = stage.run("ledger", "usage")
    stage.table(
        ("RESOURCE", "NAME", "WHAT", "DETAIL", "SECONDS"),
        [
            (
                stretch["resource_id"],
                stretch["name"],
                stretch["what"],
                stretch["detail"],
                f"{stretch['duration_s']:.1f}" + ("" if stretch["ended_at"] else " …"),
            )
            for stretch in usage
        ],
    )
    running = [s for s in usage if s["what"] == "instance running"]
    stage.check(
        "the ledger has every stretch that a machine ran",
        passed=len(running) == 4,
        seen=f"{len(running)} stretches: shop twice, its copy, the larger one",
    )


def _show(stage: Stage, ref: str) -> dict[str, Any]:
    shown: dict[str, Any] = _first(stage.ask("instance", "show", ref))
    return shown


def _first(answer: Any) -> Any:
    return answer[0] if isinstance(answer, list) else answer


def _url_of(resource: dict[str, Any]) -> str:
    return str(next(e["url"] for e in _first(resource)["endpoints"] if e["port"] == 80))


def _page(url: str) -> str:
    """The page, asked for until it answers or time is up; then what went wrong, as text."""
    until_s = time.monotonic() + _ANSWER_WITHIN_S
    while True:
        try:
            answer = requests.get(url, timeout=2)
            answer.raise_for_status()
        except requests.RequestException as error:
            if time.monotonic() > until_s:
                return f"(no page: {error})"
            time.sleep(0.05)
        else:
            return answer.text
