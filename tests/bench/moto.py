"""moto's server in a virtual environment of its own, so that nothing of it is installed with us."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.aws_wire import Wire

_FOLDER = Path(__file__).resolve().parents[2] / ".venv-bench"
_KEYS = ("AKIAIOSFODNN7EXAMPLE", "any")


@contextmanager
def moto_server() -> Iterator[tuple[Wire, int]]:
    """A server of moto's that has just been started, and its process; it may not answer yet."""
    program = _installed()
    port = _free_port()
    arguments = [str(program), "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    )
    try:
        yield Wire(f"http://127.0.0.1:{port}", *_KEYS), process.pid
    finally:
        process.terminate()
        process.wait()


def _installed() -> Path:
    program = _FOLDER / "bin" / "moto_server"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(_FOLDER)], check=True)
        pip = [str(_FOLDER / "bin" / "python"), "-m", "pip", "install", "--quiet", "moto[server]"]
        subprocess.run(pip, check=True)
    return program


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
