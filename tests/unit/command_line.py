"""Running command lines in this process, against canned answers."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import pytest

from minicloud.cli.root import run
from tests.unit.canned import CannedTransport, client_of


@dataclass(frozen=True)
class Outcome:
    """What a command line came to."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def error_lines(self) -> list[str]:
        """What was told on standard error, but for notes and progress before it."""
        lines = self.stderr.splitlines()
        first = next((i for i, line in enumerate(lines) if "error: " in line), len(lines))
        return lines[first:]


class CommandLine:
    """Command lines, and the server that they believe in."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.server = CannedTransport({})
        monkeypatch.setattr("minicloud.client.Client.connect", client_of(self.server))

    def __call__(self, *arguments: str) -> Outcome:
        """Run a command line."""
        self._capsys.readouterr()
        exit_code = run([*arguments])
        captured = self._capsys.readouterr()
        return Outcome(exit_code, captured.out, captured.err)

    def on_terminal(self, columns: int = 80) -> None:
        """Make both streams terminals of this width."""
        self._monkeypatch.setenv("COLUMNS", str(columns))
        self._monkeypatch.setenv("TERM", "xterm")
        self._monkeypatch.delenv("NO_COLOR", raising=False)
        for stream in (sys.stdout, sys.stderr):
            self._monkeypatch.setattr(stream, "isatty", lambda: True)
