"""Where a cloud keeps what it has on this machine.

One folder a cloud, for its owner alone: ``$MINICLOUD_HOME`` (or the platform's place for a
program's data) ``/clouds/NAME``. The server and the client both come here for the paths, so it
imports the standard library and ``domain.errors`` alone, and what is heavy only when needed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from minicloud.domain.errors import InvalidRequest

DEFAULT_CLOUD = "default"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
# The kernel's limit on a socket's path is 108 bytes on Linux and 104 on macOS, its NUL included.
_SOCKET_PATH_BYTES_MAX = 100


class CloudHome:
    """One cloud's folder and the files in it. Nothing is made before ``ensure``."""

    def __init__(self, name: str = DEFAULT_CLOUD) -> None:
        if not _NAME.fullmatch(name):
            from minicloud.domain.tags import shown

            raise InvalidRequest(
                "InvalidCloudName",
                f"{shown(name)} cannot be the name of a cloud",
                "use 1 to 32 lower-case letters, digits and hyphens, the first not a hyphen",
            )
        self.name = name
        self.root = _root()
        self.folder = self.root / "clouds" / name
        if len(os.fsencode(self.socket)) > _SOCKET_PATH_BYTES_MAX:
            raise InvalidRequest(
                "HomePathTooLong",
                f"the path of the cloud's socket has {len(os.fsencode(self.socket))} bytes,"
                f" {_SOCKET_PATH_BYTES_MAX} are possible",
                "set MINICLOUD_HOME to a shorter folder",
            )

    @property
    def socket(self) -> Path:
        """Where the server listens."""
        return self.folder / "server.sock"

    @property
    def lock(self) -> Path:
        """What the server holds locked for as long as it lives."""
        return self.folder / "server.lock"

    @property
    def launch_lock(self) -> Path:
        """What a client holds locked while it starts the server."""
        return self.folder / "launch.lock"

    @property
    def database(self) -> Path:
        """The cloud's records."""
        return self.folder / "state.db"

    @property
    def log(self) -> Path:
        """What the server has to say."""
        return self.folder / "server.log"

    def ensure(self) -> None:
        """Make the folder, for its owner alone; ``InvalidRequest`` where that is not possible."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
        except OSError as error:
            raise InvalidRequest(
                "HomeNotWritable",
                f"the folder {self.folder} cannot be used ({error.strerror})",
                "make it writable, or set MINICLOUD_HOME to another folder",
            ) from error


def _root() -> Path:
    chosen = os.environ.get("MINICLOUD_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("minicloud", appauthor=False)
