"""The process's entry. It imports next to nothing, so that Ctrl-C meets no traceback even here."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line that this process was given, and end the process."""
    try:
        from minicloud.cli.root import run

        status = run()
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)
