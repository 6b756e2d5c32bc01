"""``mmdebstrap``: a Debian root filesystem from the packages themselves."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
from collections import deque
from pathlib import Path
from threading import Thread
from typing import IO, TYPE_CHECKING, Final, Self

from minicloud.adapters.docker.images.failures import OUTPUT_LINES
from minicloud.adapters.docker.images.host_apt import mirror_of_host
from minicloud.domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

_TOOL: Final = "mmdebstrap"
_PACKAGES: Final = (_TOOL, "debian-archive-keyring")
_BLOCK_BYTES: Final = 1 << 20
_END_TIMEOUT_S: Final = 30
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}
"""The kernel's words for machines, in the engine's."""

_LEFT_OUT: Final = ("doc", "groff", "info", "lintian", "locale", "man")
"""What Debian's own slim images leave out of /usr/share."""


class Bootstrap:
    """One run of the tool, as a context: however it is left, nothing of it stays on the host.

    ``Unavailable`` (code ``BootstrapFailed``) where the tool is missing, cannot work or fails.
    """

    def __init__(self, suite: str, architecture: str, tell: Callable[[str], None]) -> None:
        self._suite = suite
        self._architecture = architecture
        self._tell = tell
        self._output: deque[str] = deque(maxlen=OUTPUT_LINES)

    def __enter__(self) -> Self:
        _check_architecture(self._architecture)
        _ensure_tool(self._tell)
        self._folder = tempfile.TemporaryDirectory(
            prefix="minicloud-bootstrap-", ignore_cleanup_errors=True
        )
        # apt inside works as a user of its own, who has to get through.
        Path(self._folder.name).chmod(0o755)
        self._process = subprocess.Popen(
            self._command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "TMPDIR": self._folder.name},
        )
        self._listener = Thread(target=self._listen, args=(self._process.stderr,), daemon=True)
        self._listener.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._listener.join(_END_TIMEOUT_S)
        self._folder.cleanup()

    def archive(self) -> Iterator[bytes]:
        """The root filesystem as a tar archive. Raises before the first block or before the end,
        so that no consumer takes half an archive for a whole one.
        """
        output = self._process.stdout
        if output is None:
            raise AssertionError("the process was started with a pipe")
        first = output.read(_BLOCK_BYTES)
        if not first:
            self._check_end()
        return self._blocks(first, output)

    def _blocks(self, first: bytes, output: IO[bytes]) -> Iterator[bytes]:
        block = first
        while block:
            yield block
            block = output.read(_BLOCK_BYTES)
        self._check_end()

    def _check_end(self) -> None:
        exit_code = self._process.wait()
        self._listener.join(_END_TIMEOUT_S)
        if exit_code != 0:
            said = "\n".join(self._output)
            raise _failed(
                f"{_TOOL} ended with {exit_code}\n{said}",
                "check that this machine reaches its Debian mirror, then try again",
            )

    def _listen(self, stream: IO[bytes]) -> None:
        for line in stream:
            text = line.decode(errors="replace").strip()
            self._output.append(text)
            if text.startswith("I: "):
                self._tell(text.removeprefix("I: "))

    def _command(self) -> list[str]:
        mirror = mirror_of_host(self._suite)
        return [
            _TOOL,
            "--variant=minbase",
            "--format=tar",
            "--include=ca-certificates",
            *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _LEFT_OUT),
            "--dpkgopt=path-include=/usr/share/doc/*/copyright",
            *(f"--keyring={keyring}" for keyring in mirror.keyrings),
            self._suite,
            "-",
            *mirror.lines,
        ]


def _check_architecture(wanted: str) -> None:
    own = _ARCHITECTURES.get(platform.machine(), platform.machine())
    if own != wanted:
        raise _failed(
            f"a {own} host cannot bootstrap Debian for a {wanted} engine",
            "give the engine access to a registry (`docker pull debian:trixie-slim` on its host)",
        )


def _ensure_tool(tell: Callable[[str], None]) -> None:
    if shutil.which(_TOOL):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise _failed(
            f"{_TOOL} is not installed",
            f"give the engine access to a registry, or install {_TOOL} "
            f"(on Debian and Ubuntu: `sudo apt-get install {' '.join(_PACKAGES)}`)",
        )
    tell(f"installing {_TOOL}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", *_PACKAGES]):
        done = subprocess.run(
            ["apt-get", "-q", *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        if done.returncode != 0:
            raise _failed(
                f"{_TOOL} cannot be installed ({done.stderr.strip()})",
                f"install {_TOOL} by hand, or give the engine access to a registry",
            )


def _failed(what: str, resolution: str) -> Unavailable:
    return Unavailable("BootstrapFailed", what, resolution)
