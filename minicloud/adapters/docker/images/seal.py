"""The script that makes a machine's disk fit to launch others from."""

from __future__ import annotations

from importlib.resources import files


def seal_script() -> str:
    """The text for ``Engine.seal``: clears identity, keys, first-boot state and stale locks."""
    return files(__package__).joinpath("seal.sh").read_text(encoding="utf-8")
