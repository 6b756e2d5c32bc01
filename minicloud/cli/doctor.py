"""``minicloud doctor``: is this machine fit, and with ``--fix``, make it so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from minicloud.cli.session import Session, pass_session

if TYPE_CHECKING:
    from minicloud.doctor.checks import Finding
    from minicloud.doctor.facts import Facts

TABLE_WIDTH = 80
EXIT_UNUSABLE = 1
_COLOURS = {"ok": "green", "warning": "yellow", "failed": "bold red"}


@click.command()
@click.option("--fix", is_flag=True, help="Install and start a Docker engine where none answers.")
@click.option(
    "-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True
)
@pass_session
@click.pass_context
def doctor(context: click.Context, session: Session, fix: bool, output: str) -> None:
    """Check that this machine can run minicloud, and say what to do where it cannot.

    Exits 0 if minicloud can run here (warnings may stand), 1 if a check failed. --fix changes the
    machine only as root on Debian and Ubuntu; elsewhere it prints what to do.

    \b
    Examples:
      minicloud doctor
      minicloud doctor --fix
      minicloud doctor -o json
    """
    from minicloud.doctor.checks import examine, is_usable

    facts = _gather(session)
    if fix and _mend(facts):
        facts = _gather(session)
    findings = examine(facts)
    if output == "json":
        _print_json(findings, is_usable(findings))
    else:
        _print_table(findings)
    if not is_usable(findings):
        context.exit(EXIT_UNUSABLE)


def _gather(session: Session) -> Facts:
    from minicloud.doctor.probe import gather

    return gather(session.home.folder, session.home.socket)


def _mend(facts: Facts) -> bool:
    """Carry out what helps; whether anything was done."""
    from minicloud.doctor import remedy

    chosen = remedy.choose(facts)
    if chosen is remedy.Remedy.NOTHING:
        return False
    with _progress() as report:
        remedy.apply(chosen, report)
    return True


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Lines on stderr as they come; on a terminal, the one at work has a spinner."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        yield lambda line: click.echo(line, err=True)
        return
    with console.status("looking at the Docker engine") as status:

        def report(line: str) -> None:
            console.print(Text(line, style="dim"))
            status.update(Text(line))

        yield report


def _print_json(findings: Sequence[Finding], usable: bool) -> None:
    document = {"usable": usable, "findings": [asdict(finding) for finding in findings]}
    click.echo(json.dumps(document, indent=2))


def _print_table(findings: Sequence[Finding]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("check", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("found, and what to do", overflow="fold")
    for finding in findings:
        told = Text(finding.found)
        if finding.advice:
            told.append(f"\n→ {finding.advice}")
        status = Text(finding.status, style=_COLOURS[finding.status])
        table.add_row(finding.check, status, told)
    console.width = min(console.width, TABLE_WIDTH)
    console.print(table)
