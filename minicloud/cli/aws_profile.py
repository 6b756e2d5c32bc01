"""AWS's own profile files: one profile written or taken out, all else left byte for byte.

Python's configparser would drop comments and order, so sections are changed as lines. Settings of
the profile that are not ours (``output = json``) stay, too. Format: the AWS CLI user guide,
"Configuration and credential file settings".
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from minicloud.domain.errors import InvalidRequest
from minicloud.domain.tags import shown

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SECTION = re.compile(r"\s*\[\s*([^\]]*?)\s*\]\s*(?:[#;].*)?")
_SETTING = re.compile(r"([A-Za-z0-9_]+)\s*[=:]")
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700


def require_profile_name(name: str) -> None:
    """Refuse a name that would need quotes in the files or in a shell, and the one of all others.

    A person's own ``default`` profile is not for us to point at a toy.
    """
    if name == "default" or not _NAME.fullmatch(name):
        raise InvalidRequest(
            "InvalidParameterValue",
            f"{shown(name)} cannot be a profile's name here",
            "use letters, digits, dots, underscores and hyphens; and leave your default alone",
        )


@dataclass(frozen=True)
class AwsFiles:
    """The two files in which profiles are kept."""

    config: Path
    credentials: Path

    @classmethod
    def of(cls, environment: Mapping[str, str], home: Path) -> AwsFiles:
        """The files that AWS's clients read in this environment."""

        def place(variable: str, usual: str) -> Path:
            chosen = environment.get(variable)
            return Path(chosen).expanduser() if chosen else home / ".aws" / usual

        return cls(
            place("AWS_CONFIG_FILE", "config"), place("AWS_SHARED_CREDENTIALS_FILE", "credentials")
        )

    def __str__(self) -> str:
        """Their paths, for a sentence."""
        return f"{self.config} and {self.credentials}"

    def write(self, name: str, settings: Mapping[str, str], keys: Mapping[str, str]) -> None:
        """Set these of the profile's settings and keys."""
        # Both are read before either is written: what cannot be read changes nothing.
        credentials = _with_settings(_lines(self.credentials), name, keys)
        config = _with_settings(_lines(self.config), f"profile {name}", settings)
        _rewrite(self.credentials, credentials)
        _rewrite(self.config, config)

    def remove(self, name: str) -> bool:
        """Take the profile out of both files; whether it was there."""
        was_there = False
        for path, heading in ((self.config, f"profile {name}"), (self.credentials, name)):
            lines = _lines(path)
            kept = _without(lines, heading)
            if kept != lines:
                _rewrite(path, kept)
                was_there = True
        return was_there


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines(keepends=True)
    except FileNotFoundError:
        return []
    except UnicodeDecodeError as error:
        raise InvalidRequest(
            "InvalidParameterValue", f"{path} is not UTF-8", "mend or move the file, and try again"
        ) from error


def _bounds(lines: list[str], heading: str) -> tuple[int, int] | None:
    """Where the section begins, and where the next does."""
    begin = None
    for number, line in enumerate(lines):
        found = _SECTION.fullmatch(line.rstrip("\r\n"))
        if found is None:
            continue
        if begin is not None:
            return begin, number
        if " ".join(found[1].replace('"', "").split()) == heading:
            begin = number
    return None if begin is None else (begin, len(lines))


def _with_settings(lines: list[str], heading: str, values: Mapping[str, str]) -> list[str]:
    ours = [f"{key} = {value}\n" for key, value in values.items()]
    bounds = _bounds(lines, heading)
    if bounds is None:
        before = [*lines]
        if before and not before[-1].endswith("\n"):
            before[-1] += "\n"
        return [*before, *(["\n"] if before else []), f"[{heading}]\n", *ours]
    begin, end = bounds
    kept = []
    for line in lines[begin + 1 : end]:
        found = _SETTING.match(line)
        if found is None or found[1] not in values:
            kept.append(line)
    opening = lines[begin] if lines[begin].endswith("\n") else lines[begin] + "\n"
    return [*lines[:begin], opening, *ours, *kept, *lines[end:]]


def _without(lines: list[str], heading: str) -> list[str]:
    bounds = _bounds(lines, heading)
    if bounds is None:
        return lines
    begin, end = bounds
    # The blank line that parts it from what is before it goes with it, if nothing comes after.
    is_last = end == len(lines)
    first = begin - 1 if is_last and begin and not lines[begin - 1].strip() else begin
    return lines[:first] + lines[end:]


def _rewrite(path: Path, lines: list[str]) -> None:
    """Put the file in place whole, for its owner alone."""
    # A link stays one: people keep these files elsewhere.
    target = path.resolve()
    target.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
            os.fchmod(file.fileno(), _FILE_MODE)
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
