"""The stage: runs a demo's commands, tells what they do, keeps its checks, and clears up."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_CLI = "from minicloud.cli.main import main; main()"


@dataclass(frozen=True)
class Check:
    """Something the demo claims, and what was seen."""

    claim: str
    passed: bool
    seen: str


class CommandFailed(Exception):
    """A command of the demo ended with an error, which it has told already."""


class Stage:
    """One demo's cloud, its commands and its checks."""

    def __init__(self, cloud: str) -> None:
        self._cloud = cloud
        self._console = Console(highlight=False, soft_wrap=True)
        self._checks: list[Check] = []

    def perform(self, play: Callable[[Stage], None], *, keep: bool) -> int:
        """Play from a clean cloud to a table of checks; 0 where all passed."""
        began_s = time.monotonic()
        self._clear()
        try:
            play(self)
        except (CommandFailed, KeyboardInterrupt) as error:
            why = "interrupted" if isinstance(error, KeyboardInterrupt) else str(error)
            self.check("the demo runs to its end", passed=False, seen=why)
        finally:
            if keep:
                self._tell_what_is_kept()
            else:
                self.act("Nothing is left behind")
                self._clear()
        self._print_checks(time.monotonic() - began_s)
        return 0 if all(check.passed for check in self._checks) else 1

    def act(self, title: str) -> None:
        """Begin a part of the demo."""
        self._console.print(f"\n[bold cyan]{escape(title)}[/]")

    def say(self, text: str) -> None:
        """Tell what happens, or what was seen."""
        self._console.print(f"  {escape(text)}")

    def run(self, *words: str, with_json: bool = True) -> Any:
        """Run a command as a person would type it; its JSON, or its text without ``with_json``."""
        self._console.print(f"  [green]$ minicloud {escape(shlex.join(words))}[/]")
        return self.ask(*words, with_json=with_json)

    def ask(self, *words: str, with_json: bool = True) -> Any:
        """Run a command that only looks, without telling."""
        arguments = _with_json(words) if with_json else list(words)
        done = subprocess.run(
            [sys.executable, "-c", _CLI, "--cloud", self._cloud, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=False,
        )
        if done.returncode != 0:
            raise CommandFailed(f"minicloud {shlex.join(words)}: exit code {done.returncode}")
        text = done.stdout.decode("utf-8", "replace")
        return json.loads(text) if with_json else text

    def check(self, claim: str, *, passed: bool, seen: str) -> None:
        """Keep a claim and what was seen, and say so at once."""
        self._checks.append(Check(claim, passed, seen))
        mark = "[green]✔[/]" if passed else "[bold red]✘[/]"
        self._console.print(f"  {mark} {escape(claim)}: {escape(seen)}")

    def table(self, headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
        """Print a table."""
        table = Table(*headings, box=None, pad_edge=False, header_style="bold")
        for row in rows:
            table.add_row(*map(escape, row))
        self._console.print(table)

    def _clear(self) -> None:
        self.ask("down", "--purge", "--yes", with_json=False)

    def _tell_what_is_kept(self) -> None:
        self.act("Everything is left as it is")
        self.say(f"look around:     minicloud --cloud {self._cloud} instance list")
        self.say(f"take it away:    minicloud --cloud {self._cloud} down --purge")

    def _print_checks(self, duration_s: float) -> None:
        self.act("What was checked")
        rows = [
            ("passed" if check.passed else "FAILED", check.claim, check.seen)
            for check in self._checks
        ]
        table = Table("", "claim", "seen", box=None, pad_edge=False, header_style="bold")
        for verdict, claim, seen in rows:
            style = "green" if verdict == "passed" else "bold red"
            table.add_row(f"[{style}]{verdict}[/]", escape(claim), escape(seen))
        self._console.print(table)
        failed = sum(not check.passed for check in self._checks)
        self._console.print(
            f"\n{len(rows) - failed} passed, {failed} failed, in {duration_s:.0f} s"
        )


def _with_json(words: tuple[str, ...]) -> list[str]:
    """Ask for JSON, in front of a command that is handed on to a machine."""
    at = words.index("--") if "--" in words else len(words)
    return [*words[:at], "-o", "json", *words[at:]]
