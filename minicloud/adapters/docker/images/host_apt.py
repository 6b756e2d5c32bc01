"""What the host's own apt says about where Debian comes from."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import Final

_FIELDS: Final = "$(REPO_URI)|$(LABEL)|$(ORIGIN)|$(COMPONENT)|$(SIGNED_BY)"
_COMPONENT: Final = "main"
_QUERY_TIMEOUT_S: Final = 30


@dataclass(frozen=True)
class Mirror:
    """``sources.list`` lines for a suite, and the keyrings that vouch for them.

    Both are empty where the host does not say, which leaves the choice to the bootstrap tool.
    """

    lines: tuple[str, ...] = ()
    keyrings: tuple[str, ...] = ()


def mirror_of_host(suite: str) -> Mirror:
    """The mirror that the host uses, for a Debian suite other than its own, too.

    apt itself is asked: it knows every format of its sources, and tells Debian's own repositories
    from the many that call their suites after Debian's.
    """
    try:
        listed = subprocess.run(
            ["apt-get", "indextargets", "--format", _FIELDS, "Created-By: Packages"],
            capture_output=True,
            text=True,
            check=True,
            timeout=_QUERY_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError):
        return Mirror()
    return mirror_from(listed.stdout, suite)


def mirror_from(listing: str, suite: str) -> Mirror:
    """The mirror that a listing of apt's index targets names; the first of a kind wins."""
    uris: dict[str, str] = {}
    keyrings: list[str] = []
    for line in listing.splitlines():
        uri, label, origin, component, keyring = line.split("|")
        if origin != "Debian" or component != _COMPONENT or not uri.startswith("http"):
            continue
        uris.setdefault(label, uri)
        # An apt that does not know the field gives its name back.
        if keyring.startswith("/") and keyring not in keyrings:
            keyrings.append(keyring)
    if "Debian" not in uris:
        return Mirror()
    lines = [f"deb {uris['Debian']} {name} {_COMPONENT}" for name in (suite, f"{suite}-updates")]
    if "Debian-Security" in uris:
        lines.append(f"deb {uris['Debian-Security']} {suite}-security {_COMPONENT}")
    return Mirror(tuple(lines), tuple(keyrings))
