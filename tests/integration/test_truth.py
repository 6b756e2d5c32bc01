"""What happens behind our back ends in a true state and a clear word; bad requests do nothing."""

from __future__ import annotations

import pytest

from minicloud.adapters.docker.connection import connect
from minicloud.adapters.edge import DockerEdge
from tests.integration.live import LiveCloud, refuses, url_of

HOSTILE = (
    "$(reboot)",
    "; rm -rf /",
    "../../etc/passwd",
    "{{7*7}}",
    "a" * 10_000,
    "😀",
    "\u202egnp.exe",
    "name\nwith lines",
    "-rf",
    "",
)


def state_of(cloud: LiveCloud, ref: str) -> str:
    return str(cloud.show(ref)["state"])


def test_when_a_launch_or_a_move_returns_the_address_leads_there(cloud: LiveCloud) -> None:
    edge = DockerEdge(connect(), "minicloud-default-edge")

    def targets() -> dict[str, str | None]:
        return {route.public_ip: route.target_ip for route in edge.routes()}

    # The second: what a server mends when it starts must not stand in for what a launch does.
    first, second = cloud.launch("first"), cloud.launch("second")
    assert targets()[second["public_ip"]] == second["private_ip"]
    cloud.ok("address", "allocate", "moving")
    public_ip = cloud.json("address", "show", "moving")["public_ip"]
    assert targets()[public_ip] is None
    for machine in (second, first):
        cloud.ok("address", "associate", "moving", machine["id"])
        assert targets()[public_ip] == machine["private_ip"]
    cloud.ok("address", "disassociate", "moving")
    assert targets()[public_ip] is None
    cloud.ok("address", "release", "moving")
    assert public_ip not in targets()


def test_a_killed_container_is_a_stopped_machine(cloud: LiveCloud) -> None:
    shown = cloud.launch("victim", image="web")
    url = url_of(shown)
    cloud.engine.ensure_stopped(shown["container_name"], 0)
    cloud.eventually(lambda: state_of(cloud, "victim") == "stopped", "the death to be seen")
    after = cloud.show("victim")
    assert after["state_reason"]["code"] in {
        "Server.InternalError",
        "Client.InstanceInitiatedShutdown",
    }
    assert after["public_ip"] is None
    assert refuses(url)
    cloud.ok("instance", "start", "victim")
    assert shown["hostname"] in cloud.page(url_of(cloud.show("victim")))


def test_a_removed_container_is_a_terminated_machine(cloud: LiveCloud) -> None:
    shown = cloud.launch("lost")
    cloud.engine.ensure_removed(shown["container_name"])
    cloud.eventually(lambda: state_of(cloud, shown["id"]) == "terminated", "the loss to be seen")
    assert "removed outside" in cloud.show(shown["id"])["state_reason"]["message"]


def test_a_container_started_behind_our_back_is_a_running_machine(cloud: LiveCloud) -> None:
    shown = cloud.launch("sleeper", image="web")
    cloud.ok("instance", "stop", "sleeper")
    cloud.engine.ensure_started(shown["container_name"])
    cloud.eventually(lambda: state_of(cloud, "sleeper") == "running", "the start to be seen")
    assert shown["hostname"] in cloud.page(url_of(cloud.show("sleeper")))


def test_poweroff_inside_stops_and_reboot_inside_reboots(cloud: LiveCloud) -> None:
    cloud.launch("inner")
    cloud.cli("instance", "exec", "inner", "--", "poweroff")
    cloud.eventually(lambda: state_of(cloud, "inner") == "stopped", "the power to be off")
    assert cloud.show("inner")["state_reason"]["code"] == "Client.InstanceInitiatedShutdown"
    cloud.ok("instance", "start", "inner")
    cloud.inside("inner", "touch", "/run/before-reboot")
    cloud.cli("instance", "exec", "inner", "--", "reboot")
    cloud.eventually(
        lambda: (
            cloud.cli("instance", "exec", "inner", "--", "ls", "/run/before-reboot").returncode == 2
        ),
        "the machine to be up again",
    )
    assert state_of(cloud, "inner") == "running"


def test_machines_and_addresses_serve_on_without_a_server(cloud: LiveCloud) -> None:
    shown = cloud.launch("steady", image="web")
    assert shown["hostname"] in cloud.page(url_of(shown))
    cloud.ok("down")
    assert shown["hostname"] in cloud.page(url_of(shown))
    assert state_of(cloud, "steady") == "running"


def test_what_dies_while_no_server_runs_is_recorded_with_its_own_time(cloud: LiveCloud) -> None:
    shown = cloud.launch("unseen")
    cloud.ok("down")
    died = cloud.engine.ensure_stopped(shown["container_name"], 0)
    cloud.ok("up")
    cloud.eventually(lambda: state_of(cloud, "unseen") == "stopped", "the death to be found")
    (stretch,) = [
        s
        for s in cloud.json("ledger", "usage")
        if s["resource_id"] == shown["id"] and s["what"] == "instance running"
    ]
    assert died.finished_at is not None
    assert abs(stretch["duration_s"]) < 60
    assert stretch["ended_at"][:19] == died.finished_at.isoformat()[:19]


def test_a_name_that_is_taken_is_refused(cloud: LiveCloud) -> None:
    first = cloud.launch("known")
    assert first["container_name"].startswith("minicloud-default-i-")
    again = cloud.cli("instance", "launch", "known", "--image", "base", "--type", "t3.nano")
    assert again.returncode == 4
    assert "InvalidInstanceName.Duplicate" in again.stderr
    assert len(cloud.json("instance", "list")) == 1


def test_a_strangers_container_is_never_taken_for_ours(cloud: LiveCloud) -> None:
    image = cloud.json("image", "show", "base")["reference"]
    stranger = connect().containers.create(image, name="minicloud-other-edge")
    words = ("--cloud", "other", "instance", "launch", "m", "--image", "base", "--type", "t3.nano")
    try:
        cloud.ok("--cloud", "other", "image", "build")
        refused = cloud.cli(*words)
        assert refused.returncode == 4
        assert "NameTaken" in refused.stderr
        stranger.reload()
        assert stranger.status == "created"
        assert cloud.json("--cloud", "other", "instance", "list") == []
        stranger.remove()
        cloud.ok(*words)
    finally:
        cloud.ok("--cloud", "other", "down", "--purge", "--yes")


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: repr(name[:12]))
def test_hostile_names_are_refused_in_one_line(cloud: LiveCloud, name: str) -> None:
    for words in (
        ("instance", "launch", "--image", "base", "--type", "t3.nano", "--", name),
        ("instance", "show", "--", name),
        ("address", "allocate", "--", name),
        ("image", "show", "--", name),
    ):
        refused = cloud.cli(*words)
        assert refused.returncode in {2, 3}, words
        assert "Traceback" not in refused.stderr
        assert len(refused.stderr) < 600
        assert refused.stdout == ""
    assert cloud.json("instance", "list") == []
    assert cloud.json("address", "list") == []


def test_a_host_cannot_be_given_away_twice(cloud: LiveCloud) -> None:
    cloud.ok("up", "--memory-overcommit", "0.1")
    refused = cloud.cli("instance", "launch", "big", "--image", "base", "--type", "t3.large")
    cloud.ok("up", "--memory-overcommit", "1")
    assert refused.returncode == 5
    assert "InsufficientInstanceCapacity" in refused.stderr
    assert "8192 MiB" in refused.stderr
    wide = cloud.cli("instance", "launch", "wide", "--image", "base", "--type", "m5.8xlarge")
    assert wide.returncode == 5
    assert "32 vCPUs" in wide.stderr
