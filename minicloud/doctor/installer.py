"""Installs the engine's packages with apt, and shows what apt said where it fails."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from minicloud.domain.errors import Unavailable

Report = Callable[[str], None]
PACKAGES = ("docker.io", "iptables", "ca-certificates")
APT_TIMEOUT_S = 1800
TAIL_LINES = 15
_APT_OPTIONS = ("-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3")


@dataclass(frozen=True)
class Outcome:
    """How a command ended, with all it printed."""

    exit_code: int
    output: str


Run = Callable[[Sequence[str]], Outcome]


def run(argv: Sequence[str]) -> Outcome:
    """Run a command without a terminal, asking nobody anything.

    Its output goes through a file: a service that a package starts would keep a pipe open for ever.
    """
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    with tempfile.TemporaryFile() as output:
        try:
            code = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                timeout=APT_TIMEOUT_S,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired as error:
            raise Unavailable(
                "CommandTimeout",
                f"`{' '.join(argv)}` did not end within {APT_TIMEOUT_S} s",
                "run it by hand to see where it stops",
            ) from error
        output.seek(0)
        return Outcome(code, output.read().decode(errors="replace"))


def install(report: Report, run_command: Run = run) -> None:
    """Install Docker from the distribution.

    The package lists are fetched only where they do not know Docker or proved too old. A dpkg that
    was killed in the middle of its work is brought to an end first. Raises ``Unavailable``
    (``EngineInstallFailed``) after reporting apt's last lines.
    """
    updated = False
    if not _is_known("docker.io", run_command):
        _update(report, run_command)
        updated = True
    report(f"installing {', '.join(PACKAGES)} with apt-get (a minute or two)")
    outcome = _install_packages(run_command)
    if outcome.exit_code and not updated:
        report("that failed: finishing interrupted work, fetching new lists, trying once more")
        run_command(("dpkg", "--configure", "-a"))
        _update(report, run_command)
        outcome = _install_packages(run_command)
    if outcome.exit_code:
        _report_tail(outcome, report)
        raise Unavailable(
            "EngineInstallFailed",
            f"apt-get could not install docker.io (exit code {outcome.exit_code})",
            "its last words are above; mend that (network, mirror, disk), or run "
            "`apt-get install docker.io` by hand, then `minicloud doctor --fix` again",
        )


def _is_known(package: str, run_command: Run) -> bool:
    policy = run_command(("apt-cache", "policy", package)).output
    return "Candidate:" in policy and "Candidate: (none)" not in policy


def _update(report: Report, run_command: Run) -> None:
    report("fetching package lists (apt-get update)")
    outcome = run_command(("apt-get", *_APT_OPTIONS, "update"))
    if outcome.exit_code:
        # One broken source must not stop us: the package may come from another.
        report(f"apt-get update failed (exit code {outcome.exit_code}), going on without:")
        _report_tail(outcome, report)


def _install_packages(run_command: Run) -> Outcome:
    flags = ("--yes", "--quiet", "--no-install-recommends", "--fix-broken")
    return run_command(("apt-get", *_APT_OPTIONS, "install", *flags, *PACKAGES))


def _report_tail(outcome: Outcome, report: Report) -> None:
    for line in outcome.output.splitlines()[-TAIL_LINES:]:
        report(f"  {line}")
