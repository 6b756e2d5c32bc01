"""The doctor's rules, on machines that exist only as facts."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from minicloud.cli import doctor as command
from minicloud.cli.session import Session
from minicloud.doctor import checks, installer, probe, processes, remedy, starter
from minicloud.doctor.checks import Finding, Status
from minicloud.doctor.facts import (
    EngineFacts,
    EngineKind,
    EngineSilence,
    Facts,
    FolderFacts,
    HostFacts,
)
from minicloud.doctor.installer import Outcome
from minicloud.doctor.remedy import Remedy
from minicloud.doctor.starter import EnginePlaces
from minicloud.domain.errors import Unavailable

HOST = HostFacts("Linux", (3, 11, 7), True, "debian")
HOME = FolderFacts(Path("/home/ada/c"), Path("/home/ada/c/server.sock"), True, 50_000)
ENGINE = EngineFacts(
    host="unix:///var/run/docker.sock",
    kind=EngineKind.LOCAL,
    version="20.10.24+dfsg1",
    operating_system="Debian",
    os_type="linux",
    cpu_count=2,
    memory_mib=8192,
    cgroup_version="2",
    storage_driver="overlay2",
    data_root="/var/lib/docker",
    data_root_free_mib=50_000,
    limits_memory=True,
    limits_swap=True,
    limits_cpu=True,
    limits_processes=True,
    bridge_networks=True,
    forwards_packets=True,
)
SILENCE = EngineSilence("unix:///var/run/docker.sock", "No such file or directory")
INFO = {
    "ServerVersion": "27.1.1",
    "OperatingSystem": "Debian",
    "OSType": "linux",
    "DockerRootDir": "/",
    "MemTotal": 4 << 30,
    "NCPU": 4,
    "MemoryLimit": True,
    "Plugins": {"Network": ["bridge", "host"]},
}
SOCKET_URL = "http+docker://localhost"


def finding(engine: EngineFacts, check: str) -> Finding:
    return next(found for found in checks.examine_engine(engine) if found.check == check)


def test_a_fit_machine_has_no_complaint() -> None:
    findings = checks.examine(Facts(HOST, HOME, ENGINE))
    assert {found.status for found in findings} == {Status.OK}
    assert checks.is_usable(findings)


@pytest.mark.parametrize(
    ("version", "status"),
    [((3, 10, 9), Status.FAILED), ((3, 11, 0), Status.OK), ((4, 0, 0), Status.OK)],
)
def test_python_version(version: tuple[int, int, int], status: Status) -> None:
    assert checks.check_python(version).status is status


def test_a_home_that_cannot_be_written_fails() -> None:
    found = checks.check_home(replace(HOME, writable=False))
    assert found.status is Status.FAILED
    assert "MINICLOUD_HOME" in found.advice


@pytest.mark.parametrize(("length", "status"), [(103, Status.OK), (104, Status.FAILED)])
def test_socket_path_is_measured_in_bytes(length: int, status: Status) -> None:
    path = Path("/" + "é" * ((length - 1) // 2) + "x" * ((length - 1) % 2))
    assert checks.check_socket_path(replace(HOME, socket_path=path)).status is status


@pytest.mark.parametrize(
    ("free_mib", "status"), [(99, Status.FAILED), (100, Status.WARNING), (1024, Status.OK)]
)
def test_home_disk(free_mib: int, status: Status) -> None:
    found = checks.check_home_disk(replace(HOME, free_mib=free_mib))
    assert (found.status, bool(found.advice)) == (status, status is not Status.OK)


@pytest.mark.parametrize(
    ("version", "status"),
    [
        ("20.10.24+dfsg1", Status.OK),
        ("19.03.15", Status.FAILED),
        ("28.2.2-rc.1", Status.OK),
        ("20.9.0", Status.FAILED),
        ("dev", Status.FAILED),
        ("", Status.FAILED),
    ],
)
def test_engine_version(version: str, status: Status) -> None:
    assert finding(replace(ENGINE, version=version), "docker engine").status is status


def test_windows_containers_fail() -> None:
    assert finding(replace(ENGINE, os_type="windows"), "docker engine").status is Status.FAILED


@pytest.mark.parametrize("kind", [EngineKind.DESKTOP, EngineKind.ROOTLESS, EngineKind.REMOTE])
def test_an_engine_elsewhere_is_usable_and_noted(kind: EngineKind) -> None:
    findings = checks.examine(Facts(HOST, HOME, replace(ENGINE, kind=kind)))
    assert checks.is_usable(findings)
    assert any(found.status is Status.WARNING and kind in found.found for found in findings)


def test_an_invisible_engine_disk_is_no_complaint() -> None:
    found = finding(replace(ENGINE, data_root_free_mib=None), "engine disk")
    assert (found.status, found.advice) == (Status.OK, "")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"limits_memory": False}, Status.FAILED),
        ({"limits_cpu": False}, Status.FAILED),
        ({"limits_swap": False}, Status.WARNING),
        ({"limits_processes": False}, Status.WARNING),
    ],
)
def test_limits(change: dict[str, bool], status: Status) -> None:
    found = finding(replace(ENGINE, **change), "limits")  # type: ignore[arg-type]
    assert found.status is status
    assert found.advice


@pytest.mark.parametrize(
    ("check", "engine", "status"),
    [
        ("storage driver", replace(ENGINE, storage_driver="vfs"), Status.WARNING),
        ("cgroup", replace(ENGINE, cgroup_version=""), Status.WARNING),
        ("networks", replace(ENGINE, bridge_networks=False), Status.FAILED),
        ("networks", replace(ENGINE, forwards_packets=False), Status.WARNING),
        ("capacity", replace(ENGINE, memory_mib=400), Status.FAILED),
        ("capacity", replace(ENGINE, memory_mib=1500), Status.WARNING),
        ("engine disk", replace(ENGINE, data_root_free_mib=900), Status.FAILED),
    ],
)
def test_other_engine_checks(check: str, engine: EngineFacts, status: Status) -> None:
    assert finding(engine, check).status is status


def test_silence_leads_to_the_shortest_way_out() -> None:
    assert "doctor --fix" in checks.describe_silence(SILENCE).advice
    denied = replace(SILENCE, permission_denied=True)
    assert "docker group" in checks.describe_silence(denied).advice
    colima = replace(SILENCE, other_sockets=(Path("/u/.colima/default/docker.sock"),))
    assert "DOCKER_HOST=unix:///u/.colima" in checks.describe_silence(colima).advice


@pytest.mark.parametrize(
    ("base_url", "info", "kind"),
    [
        (SOCKET_URL, INFO, EngineKind.LOCAL),
        (SOCKET_URL, {**INFO, "OperatingSystem": "Docker Desktop"}, EngineKind.DESKTOP),
        (SOCKET_URL, {**INFO, "SecurityOptions": ["name=rootless"]}, EngineKind.ROOTLESS),
        ("http://10.0.0.9:2375", INFO, EngineKind.REMOTE),
        ("http+docker://ssh", INFO, EngineKind.REMOTE),
    ],
)
def test_an_engine_is_described_from_its_own_words(
    base_url: str, info: dict[str, object], kind: EngineKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.system", lambda: "Linux")
    engine = probe.describe_engine("somewhere", base_url, info)
    assert (engine.kind, engine.memory_mib, engine.bridge_networks) == (kind, 4096, True)
    assert (engine.limits_memory, engine.limits_cpu) == (True, False)
    on_our_disk = kind in {EngineKind.LOCAL, EngineKind.ROOTLESS}
    assert (engine.data_root_free_mib is not None) is on_our_disk


def test_the_engine_is_sought_where_the_sdk_seeks_it(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": "colima"}))
    configured = {"DOCKER_CONFIG": str(tmp_path)}
    assert probe.engine_host({"HOME": str(tmp_path)}) == probe.DEFAULT_HOST
    assert probe.engine_host(configured) == "context colima"
    assert probe.engine_host({**configured, "DOCKER_CONTEXT": "default"}) == probe.DEFAULT_HOST
    assert probe.engine_host({**configured, "DOCKER_HOST": "tcp://h:1"}) == "tcp://h:1"


def test_distribution_is_read_from_os_release(tmp_path: Path) -> None:
    release = tmp_path / "os-release"
    release.write_text('NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n\n# no pair\n')
    assert probe.look_at_host(release).is_debian_family
    release.write_text("ID=fedora\n")
    assert not probe.look_at_host(release).is_debian_family
    assert probe.look_at_host(tmp_path / "missing").distribution == ""


def test_a_home_still_to_be_made_is_judged_by_the_folder_above(tmp_path: Path) -> None:
    facts = probe.look_at_folder(tmp_path / "a" / "b", tmp_path / "s")
    assert facts.writable
    assert facts.free_mib > 0
    blocked = tmp_path / "file"
    blocked.touch()
    assert not probe.look_at_folder(blocked / "home", tmp_path / "s").writable


def test_remedy_fits_the_machine() -> None:
    assert remedy.choose(Facts(HOST, HOME, ENGINE)) is Remedy.NOTHING
    assert remedy.choose(Facts(HOST, HOME, SILENCE)) is Remedy.DAEMON
    with_systemd = replace(HOST, systemd_runs=True)
    assert remedy.choose(Facts(with_systemd, HOME, SILENCE)) is Remedy.SYSTEMD


@pytest.mark.parametrize(
    ("host", "silence", "advice"),
    [
        (replace(HOST, is_root=False), SILENCE, "sudo apt-get install docker.io"),
        (replace(HOST, system="Darwin", distribution=""), SILENCE, "Docker Desktop"),
        (replace(HOST, distribution="fedora"), SILENCE, "systemctl enable --now docker"),
        (replace(HOST, system="Windows"), SILENCE, "WSL 2"),
        (HOST, replace(SILENCE, host="tcp://h:2375"), "start the engine at tcp://h:2375"),
        (HOST, replace(SILENCE, permission_denied=True), "usermod -aG docker"),
    ],
)
def test_elsewhere_a_person_is_told_and_nothing_is_changed(
    host: HostFacts, silence: EngineSilence, advice: str
) -> None:
    with pytest.raises(Unavailable, match="nothing was changed") as caught:
        remedy.choose(Facts(host, HOME, silence))
    assert caught.value.code == "EngineNotFixable"
    assert advice in caught.value.resolution


class Apt:
    """Answers commands from a script: the first word pair of a command to its exit codes."""

    def __init__(self, known: bool, installs: Sequence[int], updates: int = 0) -> None:
        self.known = known
        self.installs = list(installs)
        self.updates = updates
        self.commands: list[str] = []

    def __call__(self, argv: Sequence[str]) -> Outcome:
        words = [word for word in argv if word in {"policy", "update", "install", "--configure"}]
        self.commands += words
        if words == ["policy"]:
            return Outcome(0, f"Candidate: {'20.10' if self.known else '(none)'}")
        if words == ["install"]:
            return Outcome(self.installs.pop(0), "E: no such mirror")
        return Outcome(self.updates, "W: a source is broken")


@pytest.mark.parametrize(
    ("apt", "commands"),
    [
        (Apt(True, [0]), ["policy", "install"]),
        (Apt(False, [0]), ["policy", "update", "install"]),
        (Apt(False, [0], updates=100), ["policy", "update", "install"]),
        (Apt(True, [100, 0]), ["policy", "install", "--configure", "update", "install"]),
    ],
)
def test_packages_are_installed_with_no_more_updates_than_needed(
    apt: Apt, commands: list[str]
) -> None:
    installer.install(lambda _: None, apt)
    assert apt.commands == commands


def test_failing_apt_shows_its_last_lines() -> None:
    lines: list[str] = []
    with pytest.raises(Unavailable) as caught:
        installer.install(lines.append, Apt(True, [100, 100]))
    assert caught.value.code == "EngineInstallFailed"
    assert "  E: no such mirror" in lines


@pytest.fixture
def places(tmp_path: Path) -> EnginePlaces:
    (tmp_path / "exec" / "containerd").mkdir(parents=True)
    return EnginePlaces(
        socket=tmp_path / "docker.sock",
        pid_file=tmp_path / "docker.pid",
        exec_root=tmp_path / "exec",
        log_file=tmp_path / "log",
        lock_file=tmp_path / "lock",
        system_containerd_socket=tmp_path / "containerd.sock",
    )


@pytest.mark.parametrize(
    "text",
    [
        # The tests' own process has another number each time: two collections must be the same.
        pytest.param(str(os.getpid()), id="ours"),
        "999999999",
        "",
        "not a pid",
    ],
)
def test_stale_pid_files_are_removed(places: EnginePlaces, text: str) -> None:
    lines: list[str] = []
    places.pid_file.write_text(text)
    places.containerd_pid_file.write_text(text)
    starter.remove_stale(places, lines.append)
    assert not places.pid_file.exists()
    assert not places.containerd_pid_file.exists()
    assert len(lines) == 2


@pytest.mark.parametrize(("folder", "stays"), [("exec", True), ("exec2", False)])
def test_a_living_containerd_of_this_engine_keeps_its_pid_file(
    places: EnginePlaces, folder: str, stays: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = places.exec_root.with_name(folder) / "containerd" / "containerd.toml"
    monkeypatch.setattr(processes, "is_alive", lambda _: True)
    monkeypatch.setattr(
        processes, "command_line", lambda _: ("/usr/bin/containerd", "--config", str(config))
    )
    places.containerd_pid_file.write_text("42")
    starter.remove_stale(places, lambda _: None)
    assert places.containerd_pid_file.exists() is stays


@pytest.mark.parametrize(
    ("arguments", "ours"),
    [(("--pidfile", "{}"), True), (("--pidfile={}",), True), (("-p", "/else"), False), ((), False)],
)
def test_a_dockerd_is_known_by_its_pid_file(
    places: EnginePlaces,
    arguments: tuple[str, ...],
    ours: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    argv = ("dockerd", *(word.format(places.pid_file) for word in arguments))
    monkeypatch.setattr(processes, "find", lambda _: iter([42]))
    monkeypatch.setattr(processes, "command_line", lambda _: argv)
    assert starter.find_daemon(places) == (42 if ours else None)
    assert starter.find_daemon(EnginePlaces()) == (None if arguments else 42)


def test_the_command_prints_json_and_exits_by_usability(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_gather", lambda _session: Facts(HOST, HOME, ENGINE))
    result = CliRunner().invoke(command.doctor, ["-o", "json"], obj=Session("default"))
    assert result.exit_code == 0
    assert json.loads(result.stdout)["usable"] is True
    monkeypatch.setattr(command, "_gather", lambda _session: Facts(HOST, HOME, SILENCE))
    result = CliRunner().invoke(command.doctor, ["-o", "json"], obj=Session("default"))
    assert result.exit_code == command.EXIT_UNUSABLE
    assert json.loads(result.stdout)["findings"][-1]["status"] == "failed"


def test_the_table_fits_80_columns_without_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    long = Facts(HOST, HOME, replace(SILENCE, detail="x" * 200))
    monkeypatch.setattr(command, "_gather", lambda _session: long)
    monkeypatch.setenv("COLUMNS", "200")
    result = CliRunner().invoke(command.doctor, obj=Session("default"))
    assert max(map(len, result.stdout.splitlines())) <= command.TABLE_WIDTH
    assert "\x1b" not in result.stdout
    assert result.stdout.count("x") >= 200


def test_fix_reports_on_stderr_and_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    engines: list[EngineFacts | EngineSilence] = [SILENCE, ENGINE]
    monkeypatch.setattr(command, "_gather", lambda _session: Facts(HOST, HOME, engines.pop(0)))
    monkeypatch.setattr(remedy, "apply", lambda chosen, report: report(f"did {chosen.name}"))
    result = CliRunner().invoke(command.doctor, ["--fix", "-o", "json"], obj=Session("default"))
    assert result.exit_code == 0
    assert result.stderr == "did DAEMON\n"
    assert json.loads(result.stdout)["usable"] is True


@pytest.mark.parametrize(
    ("mounts", "commands"),
    [
        ("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n", 0),
        ("cgroup /sys/fs/cgroup/cpu cgroup rw 0 0\n", 0),
        ("proc /proc proc rw 0 0\n", 1),
    ],
)
def test_cgroups_are_mounted_where_nobody_did(
    mounts: str, commands: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "mounts"
    table.write_text(mounts)
    ran: list[Sequence[str]] = []

    def run(argv: Sequence[str]) -> Outcome:
        ran.append(argv)
        return Outcome(32, "mount: denied")

    monkeypatch.setattr(installer, "run", run)
    lines: list[str] = []
    remedy.ensure_cgroups(lines.append, table)
    assert len(ran) == commands
    assert ("  mount: denied" in lines) is bool(commands)
