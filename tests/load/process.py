"""Starting the load beside a test, and reading what it saw."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from tests.load.report import Report

_ROOT = Path(__file__).parents[2]


class LoadProcess:
    """A load that runs for as long as the context lasts, or until its own end.

    The context begins when all its connections are made. ``report`` is there when it has ended.
    """

    def __init__(self, url: str, name: str, *options: str) -> None:
        self._argv = [
            *(sys.executable, "-m", "tests.load", "--url", url, "--name", name),
            *options,
        ]
        self._process: subprocess.Popen[str] | None = None
        self._report: Report | None = None

    @property
    def report(self) -> Report:
        """What it saw."""
        if self._report is None:
            raise RuntimeError("the load has not ended")
        return self._report

    def __enter__(self) -> LoadProcess:
        """Begin."""
        self._process = subprocess.Popen(
            self._argv, cwd=_ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            raise RuntimeError(f"the load ended with status {self._process.wait()}: {self._argv}")
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Have it end, and take its report."""
        if self._report is None:
            self.end()
            self._take()

    def end(self) -> None:
        """Have it end soon, for who waits for it elsewhere."""
        assert self._process is not None
        self._process.terminate()

    def wait(self) -> Report:
        """Let it come to its own end."""
        self._take()
        return self.report

    def _take(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        output = self._process.stdout.read()
        if self._process.wait() != 0:
            raise RuntimeError(f"the load ended with status {self._process.returncode}")
        self._report = Report.from_json(json.loads(output))
