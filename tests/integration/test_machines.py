"""A machine is one: its limits hold, its identity is its own, what is installed comes back."""

from __future__ import annotations

import threading

import pytest

from tests.integration.live import LiveCloud, url_of

_BURN = "for i in 1 2 3; do timeout 3 sh -c 'while :; do :; done' & done; wait"
_CPU_TIME = (
    "cat /sys/fs/cgroup/cpuacct/cpuacct.usage 2>/dev/null"
    " || awk '/^usage_usec/{print $2*1000}' /sys/fs/cgroup/cpu.stat"
)


def test_hostname_init_and_address_are_a_machines_own(cloud: LiveCloud) -> None:
    shown = cloud.launch("plain")
    assert cloud.inside("plain", "hostname") == shown["hostname"]
    assert shown["hostname"] == "ip-" + shown["private_ip"].replace(".", "-")
    assert cloud.inside("plain", "cat", "/proc/1/comm") == "init"
    assert shown["private_ip"] in cloud.inside("plain", "hostname", "-I").split()


def test_memory_beyond_the_types_is_refused_by_the_kernel(cloud: LiveCloud) -> None:
    cloud.launch("hungry")
    held, too_much = 150 * 1024**2, 900 * 1024**2
    eat = "x=$(head -c {bytes} /dev/zero | tr '\\0' a); echo ${{#x}}"
    assert cloud.inside("hungry", "sh", "-c", eat.format(bytes=held)) == str(held)
    killed = cloud.cli("instance", "exec", "hungry", "--", "sh", "-c", eat.format(bytes=too_much))
    assert killed.returncode == 137, "900 MiB were held in a machine of 512 MiB"
    assert cloud.show("hungry")["state"] == "running"


def test_processor_time_is_held_to_the_types_vcpus(cloud: LiveCloud) -> None:
    cloud.launch("busy", type_name="t2.nano")
    before_ns = int(cloud.inside("busy", "sh", "-c", _CPU_TIME))
    cloud.inside("busy", "sh", "-c", _BURN)
    used_s = (int(cloud.inside("busy", "sh", "-c", _CPU_TIME)) - before_ns) / 1e9
    # Three loops of 3 s each on one vCPU: about 3 s of processor time, not 6 or 9.
    assert 1 < used_s < 4.2


def test_processes_are_held_to_the_types_limit(cloud: LiveCloud) -> None:
    cloud.launch("many", type_name="t2.nano")
    fork = "i=0; while [ $i -lt 1200 ]; do sleep 8 & i=$((i+1)); done"
    refused = cloud.cli("instance", "exec", "many", "--", "sh", "-c", fork)
    assert "Cannot fork" in refused.stderr
    assert cloud.show("many")["state"] == "running"


def test_what_apt_installs_comes_back_after_a_stop_and_in_an_image(cloud: LiveCloud) -> None:
    first = cloud.launch("origin")
    cloud.inside("origin", "sh", "-c", "apt-get update -q && apt-get install -qy nginx-light")
    assert "nginx" in cloud.page(url_of(first))
    cloud.ok("instance", "stop", "origin")
    cloud.ok("instance", "start", "origin")
    assert "nginx" in cloud.page(url_of(cloud.show("origin")))
    cloud.ok("image", "create", "origin", "with-nginx")
    copy = cloud.launch("copy", image="with-nginx")
    assert "nginx" in cloud.page(url_of(copy))
    assert cloud.inside("copy", "cat", "/etc/machine-id") != cloud.inside(
        "origin", "cat", "/etc/machine-id"
    )
    cloud.ok("instance", "terminate", "copy")
    cloud.ok("image", "delete", "with-nginx")


def test_a_resized_machine_has_its_new_types_limits(cloud: LiveCloud) -> None:
    cloud.launch("small")
    running = cloud.cli("instance", "resize", "small", "--type", "t3.small")
    assert running.returncode == 4
    assert "IncorrectInstanceState" in running.stderr
    cloud.ok("instance", "stop", "small")
    cloud.ok("instance", "resize", "small", "--type", "t3.small")
    cloud.ok("instance", "start", "small")
    read = "cd /sys/fs/cgroup; cat memory.max 2>/dev/null || cat memory/memory.limit_in_bytes"
    assert int(cloud.inside("small", "sh", "-c", read)) == 2 * 1024**3


def test_a_reboot_keeps_everything_but_the_uptime(cloud: LiveCloud) -> None:
    before = cloud.launch("steady")
    cloud.inside("steady", "touch", "/root/kept", "/run/forgotten")
    cloud.ok("instance", "reboot", "steady")
    after = cloud.show("steady")
    assert {k: after[k] for k in ("state", "public_ip", "private_ip")} == {
        k: before[k] for k in ("state", "public_ip", "private_ip")
    }
    assert cloud.inside("steady", "ls", "/root") == "kept"
    assert cloud.cli("instance", "exec", "steady", "--", "ls", "/run/forgotten").returncode != 0


def test_two_machines_reach_each_other(cloud: LiveCloud) -> None:
    web, other = cloud.launch("server", image="web"), cloud.launch("client", image="web")
    probe = "exec 3<>/dev/tcp/{host}/{port} && echo open"
    reached = cloud.eventually(
        lambda: (
            "open"
            in cloud.cli(
                *("instance", "exec", "client", "--", "bash", "-c"),
                probe.format(host=web["private_ip"], port=80),
            ).stdout
        ),
        "one machine to reach the other",
    )
    assert reached
    assert other["private_ip"] != web["private_ip"]


def test_the_console_tells_of_the_boot_and_exec_passes_input_and_exit_codes(
    cloud: LiveCloud,
) -> None:
    cloud.launch("talker")
    assert cloud.cli("instance", "exec", "talker", "--", "sh", "-c", "exit 42").returncode == 42
    echoed = cloud.cli("instance", "exec", "talker", "--", "cat", stdin="안녕\n")
    assert echoed.stdout == "안녕\n"
    split = cloud.cli("instance", "exec", "talker", "--", "sh", "-c", "echo out; echo err >&2")
    assert (split.stdout, split.stderr) == ("out\n", "err\n")
    assert cloud.cli("instance", "logs", "talker").returncode == 0


@pytest.mark.parametrize("count", [32])
def test_many_command_lines_at_once(cloud: LiveCloud, count: int) -> None:
    results: list[int] = []

    def launch(number: int) -> None:
        words = ("instance", "launch", f"crowd-{number}", "--image", "base", "--type", "t2.nano")
        results.append(cloud.cli(*words).returncode)

    threads = [threading.Thread(target=launch, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    listed = cloud.json("instance", "list")
    assert results == [0] * count
    assert len({i["private_ip"] for i in listed}) == count
    assert len({i["public_ip"] for i in listed}) == count
