"""One generation: an nginx with its folder, its sockets and what is known of it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from balancer_agent.children import Child, Children, Launch
from balancer_agent.control import (
    NOTHING_COUNTED,
    Control,
    Counted,
    HttpControl,
    LineControl,
    NoAnswer,
)
from balancer_agent.document import APPLICATION, Certificate, Document
from balancer_agent.refusal import CONFIGURATION_REFUSED, FAILED, Refused

_NGINX: Final = "/usr/sbin/nginx"
_TEST_TIMEOUT_S: Final = 15.0
_START_TIMEOUT_S: Final = 15.0
_LOOK_INTERVAL_S: Final = 0.01
_WORKERS_MAX: Final = 4
_WORKERS_GROUP: Final = "www-data"
_COMPLAINTS: Final = "complaints.log"
_MESSAGE_MAX: Final = 500
_GRAVE: Final = re.compile(r"\[(?:emerg|alert)\] (?:\d+#\d+: )?(.+)")


class Phase(StrEnum):
    """Where a generation stands."""

    SERVING = "serving"
    RETIRING = "retiring"
    ENDING = "ending"


@dataclass(frozen=True)
class Structure:
    """What an nginx is started with, and cannot change while it runs."""

    type: str
    configuration: str
    certificates: tuple[Certificate, ...]
    doors: tuple[tuple[int, str], ...]
    idle_timeout_s: int

    @classmethod
    def of(cls, configuration: str, document: Document) -> Structure:
        """The structure that this document and its rendered configuration come to."""
        return cls(
            type=document.type,
            configuration=configuration,
            certificates=document.certificates,
            doors=tuple(
                sorted((listener.port, listener.protocol) for listener in document.listeners)
            ),
            idle_timeout_s=document.idle_timeout_s,
        )

    @property
    def ports(self) -> frozenset[int]:
        """What it listens on."""
        return frozenset(port for port, _ in self.doors)


@dataclass(eq=False)
class Generation:
    """An nginx. ``sockets`` by port; a generation that replaces a dead one has the dead one's.

    ``counted``: what it said last. ``is_silent``: it did not answer when it was spoken to.
    """

    number: int
    structure: Structure
    folder: Path
    sockets: dict[int, socket.socket]
    phase: Phase = Phase.SERVING
    since: float = field(default_factory=time.time)
    counted: Counted = NOTHING_COUNTED
    child: Child | None = None
    is_silent: bool = False

    @property
    def control(self) -> Control:
        """The way to speak with it."""
        path = self.folder / "control.sock"
        return HttpControl(path) if self.structure.type == APPLICATION else LineControl(path)

    @property
    def serves(self) -> bool:
        """Whether it can go on as the one that serves."""
        return self.is_up and not self.is_silent

    @property
    def is_up(self) -> bool:
        """Whether its first process lives."""
        return self.child is not None and self.child.is_alive

    def write(self) -> None:
        """Make its folder. The workers' user may pass through; keys are for root alone."""
        discard_folder(self.folder)
        self.folder.mkdir(parents=True)
        for folder in (self.folder.parent, self.folder):
            folder.chmod(0o711)
        _write(self.folder / "nginx.conf", self.structure.configuration)
        for certificate in self.structure.certificates:
            _write(self.folder / f"{certificate.id}.pem", certificate.chain_pem)
            _write(self.folder / f"{certificate.id}.key", certificate.key_pem)

    async def test(self, children: Children) -> None:
        """Have nginx judge its configuration; ``Refused`` (``ConfigurationRefused``) if it says no.

        With its sockets, so that it need not open any to find out whether it could.
        """
        child = self._start(children, "-t")
        try:
            status = await asyncio.wait_for(asyncio.shield(child.ended), _TEST_TIMEOUT_S)
        except TimeoutError as error:
            child.kill()
            raise Refused(CONFIGURATION_REFUSED, "nginx -t does not come to an end") from error
        if status != 0:
            raise Refused(CONFIGURATION_REFUSED, self._complaint())

    async def launch(self, children: Children, state: bytes) -> None:
        """Start it and give it its state; when this returns it serves by it.

        The state also lies in its folder: where it inherits sockets at which clients wait, its
        first request may come before the agent does.
        """
        _write(self.folder / "state.json", state.decode("ascii"))
        _let_workers_read(self.folder / "state.json")
        self.child = self._start(children)
        deadline_s = time.monotonic() + _START_TIMEOUT_S
        while True:
            try:
                return await self.control.tell(state)
            except NoAnswer as error:
                if not self.is_up:
                    message = f"nginx ended as it began: {self._complaint()}"
                    raise Refused(FAILED, message) from error
                if time.monotonic() > deadline_s:
                    raise Refused(FAILED, f"nginx does not come up: {error}") from error
            await asyncio.sleep(_LOOK_INTERVAL_S)

    async def count(self) -> Counted:
        """Ask what it counts, and remember; ``NoAnswer`` where it does not say."""
        self.counted = await self.control.counted()
        return self.counted

    def signal(self, number: signal.Signals) -> None:
        """Signal its first process, or what that has left behind."""
        if self.child is not None:
            self.child.signal(number)

    @contextmanager
    def halted(self) -> Iterator[None]:
        """Hold its workers still for a moment, in which a socket of theirs is not what it was.

        Between its end as a listener and what comes after, they would find it broken thousands of
        times a second, and say so.
        """
        workers = self.child.left_behind() if self.child is not None else []
        try:
            _signal_each(workers, signal.SIGSTOP)
            yield
        finally:
            _signal_each(workers, signal.SIGCONT)

    def kill(self) -> None:
        """End all of it now."""
        if self.child is not None:
            self.child.kill()

    async def gone(self) -> None:
        """Wait until none of its processes is left."""
        if self.child is None:
            return
        await asyncio.shield(self.child.ended)
        while self.child.left_behind():
            await asyncio.sleep(0.2)

    def _start(self, children: Children, *options: str) -> Child:
        descriptors = [held.fileno() for held in self.sockets.values()]
        inherited = "".join(f"{descriptor};" for descriptor in descriptors)
        with (self.folder / _COMPLAINTS).open("wb") as complaints:
            try:
                return children.start(
                    Launch(
                        argv=(
                            _NGINX,
                            *("-p", f"{self.folder}/", "-c", "nginx.conf", "-e", "stderr"),
                            *("-g", f"worker_processes {_workers()};"),
                            *options,
                        ),
                        folder=self.folder,
                        environment=_environment(inherited),
                        descriptors=descriptors,
                        complaints=complaints,
                    )
                )
            except OSError as error:
                raise Refused(FAILED, f"nginx cannot be started: {error}") from error

    def _complaint(self) -> str:
        """The line in which nginx says what is wrong."""
        text = (self.folder / _COMPLAINTS).read_text(errors="replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        grave = [match[1] for line in lines if (match := _GRAVE.search(line))]
        return ([*lines[-1:], *grave[-1:]] or ["nginx does not say why"])[-1][:_MESSAGE_MAX]


def _signal_each(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _environment(inherited: str) -> Mapping[str, str]:
    base = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
    return {**base, "NGINX": inherited} if inherited else base


def _workers() -> int:
    """One a processor, but a few at the most: the machines behind it need some, too."""
    return min(os.cpu_count() or 1, _WORKERS_MAX)


def _let_workers_read(path: Path) -> None:
    """njs reads it in a worker: nothing of its own runs in the master."""
    shutil.chown(path, group=_WORKERS_GROUP)
    path.chmod(0o640)


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - of a descriptor
        file.write(text)


def discard_folder(folder: Path) -> None:
    """Remove a generation's folder.

    What the workers' user owns in it is taken back first: root without CAP_DAC_OVERRIDE may not
    look into another's folder.
    """
    if not folder.exists():
        return
    pending = [folder]
    while pending:
        current = pending.pop()
        os.chown(current, os.geteuid(), os.getegid())
        with os.scandir(current) as entries:
            pending += [Path(entry) for entry in entries if entry.is_dir(follow_symlinks=False)]
    shutil.rmtree(folder)
