"""What a balancer remembers over its own restart: small files, each always whole."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


class Memory:
    """A folder of JSON files: written aside, flushed to the disk, then renamed into place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._saved: dict[str, str] = {}

    def load(self, name: str) -> dict[str, Any]:
        """What was saved last under this name; empty at the first start.

        What cannot be read is put aside as ``NAME.broken``: the server tells everything anew, and
        a balancer that does not start would tell nobody anything.
        """
        path = self._folder / name
        try:
            found = json.loads(path.read_bytes())
        except FileNotFoundError:
            return {}
        except (ValueError, RecursionError):
            path.replace(path.with_name(f"{name}.broken"))
            return {}
        return found if isinstance(found, dict) else {}

    def save(self, name: str, content: dict[str, Any]) -> None:
        """Put it on the disk; when this returns it is there. The files hold keys: 0600.

        What was saved last and has not changed is not written again.
        """
        text = json.dumps(content, separators=(",", ":"))
        if self._saved.get(name) == text:
            return
        path = self._folder / name
        aside = path.with_name(f"{name}.new")
        aside.unlink(missing_ok=True)
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123 - of a descriptor
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._saved[name] = text
