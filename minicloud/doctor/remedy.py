"""What ``--fix`` does where no engine answers: choose (pure), then carry it out.

Only root on Debian and Ubuntu is served by changing the machine. Everywhere else nothing is
changed, and the person is told exactly what to do.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from minicloud.doctor import installer, starter
from minicloud.doctor.facts import EngineFacts, EngineSilence, Facts, HostFacts
from minicloud.doctor.probe import DEFAULT_HOST
from minicloud.doctor.starter import EnginePlaces
from minicloud.domain.errors import Unavailable

Report = Callable[[str], None]
_LOCAL_HOSTS = {DEFAULT_HOST, "unix:///run/docker.sock"}


class Remedy(StrEnum):
    """What will be done."""

    NOTHING = "an engine answers"
    SYSTEMD = "install if needed, systemctl enable --now docker"
    DAEMON = "install if needed, start dockerd"


def choose(facts: Facts) -> Remedy:
    """Decide what to do; ``Unavailable`` (``EngineNotFixable``) says what a person must do."""
    if isinstance(facts.engine, EngineFacts):
        return Remedy.NOTHING
    by_hand = _what_a_person_must_do(facts.host, facts.engine)
    if by_hand:
        raise Unavailable(
            "EngineNotFixable",
            f"no Docker engine answers at {facts.engine.host} ({facts.engine.detail}), and "
            "this is not ours to mend: nothing was changed",
            by_hand,
        )
    return Remedy.SYSTEMD if facts.host.systemd_runs else Remedy.DAEMON


def apply(remedy: Remedy, report: Report, places: EnginePlaces | None = None) -> None:
    """Carry the remedy out and return once an engine answers."""
    if remedy is Remedy.NOTHING:
        return
    places = places or EnginePlaces()
    with starter.exclusive(places.lock_file, report):
        if starter.answers(places):
            return
        if starter.find_program(places.program) is None:
            installer.install(report)
        if remedy is Remedy.SYSTEMD:
            _start_service(report)
            starter.wait_for_answer(places)
        else:
            ensure_cgroups(report)
            starter.ensure_running(places, report)


def _what_a_person_must_do(host: HostFacts, silence: EngineSilence) -> str:
    obstacles = (
        (
            silence.host not in _LOCAL_HOSTS,
            f"start the engine at {silence.host}, or unset DOCKER_HOST and DOCKER_CONTEXT "
            "to use this machine's own",
        ),
        (
            host.system == "Darwin",
            "install and start Docker Desktop, or `brew install colima docker && colima start`",
        ),
        (
            host.system != "Linux",
            "run minicloud on Linux, macOS or WSL 2 with a Docker engine",
        ),
        (
            silence.permission_denied,
            "run `sudo usermod -aG docker $USER` and log in again",
        ),
        (
            not host.is_debian_family,
            "install Docker with your distribution's package manager, then start it as root "
            "(`systemctl enable --now docker`)",
        ),
        (
            not host.is_root,
            "run `sudo apt-get install docker.io && sudo systemctl enable --now docker "
            "&& sudo usermod -aG docker $USER`, then log in again",
        ),
    )
    return next((advice for stands, advice in obstacles if stands), "")


def _start_service(report: Report) -> None:
    report("systemctl enable --now docker")
    outcome = installer.run(("systemctl", "enable", "--now", "docker"))
    if outcome.exit_code == 0:
        return
    journal = installer.run(("journalctl", "--unit=docker", "--lines=15", "--no-pager"))
    for line in (outcome.output + journal.output).splitlines():
        report(f"  {line}")
    raise Unavailable(
        "EngineStartFailed",
        f"systemd could not start docker (exit code {outcome.exit_code})",
        "its last words are above; mend that and run `minicloud doctor --fix` again",
    )


def ensure_cgroups(report: Report, mounts: Path = Path("/proc/self/mounts")) -> None:
    """Without systemd nobody may have mounted the cgroups, and dockerd dies without them."""
    kinds = {line.split()[2] for line in mounts.read_text().splitlines()}
    if kinds & {"cgroup", "cgroup2"}:
        return
    report("mounting cgroup2 at /sys/fs/cgroup")
    outcome = installer.run(("mount", "-t", "cgroup2", "none", "/sys/fs/cgroup"))
    if outcome.exit_code:
        report(f"  {outcome.output.strip()}")
