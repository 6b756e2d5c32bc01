"""The host's kernel: its tables, its tracked connections, its bridge."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from edge_agent import netlink
from edge_agent.ruleset import LOOPBACK, PUBLISHED, Back, Front, Settings

_TIMEOUT_S: Final = 20
_CUT_TRIES: Final = 3
_FIELD_PATTERN: Final = re.compile(r"\b(src|dst|sport|dport)=(\S+)")
_TCP: Final = "tcp"
_HALF_OPEN: Final = "SYN_SENT"


class KernelFailed(Exception):
    """A kernel tool failed; the message is its own."""


@dataclass(frozen=True)
class Cut:
    """The connections that came by ``front`` and went to ``back`` (None: wherever they went).

    ``half_open``: only those whose machine has not answered yet.
    """

    front: Front
    back: Back | None
    half_open: bool = False


@dataclass(frozen=True)
class Flow:
    """A tracked connection: as the client sees it, and the machine that answers."""

    source: tuple[IPv4Address, int]
    peer: tuple[IPv4Address, int]
    answers: tuple[IPv4Address, int]
    is_half_open: bool


def load(ruleset: str) -> None:
    """Load the text as one transaction: all of it, or none."""
    _run(["nft", "-f", "-"], ruleset)


def table_text(table: str) -> str | None:
    """The table as the kernel has it now, or None."""
    listed = _try(["nft", "list", "table", "ip", table])
    return listed.stdout if listed.returncode == 0 else None


def remove_table(table: str) -> None:
    """Delete the table if it is there."""
    _run(["nft", "-f", "-"], f"add table ip {table}\ndelete table ip {table}\n")


def set_route_localnet(bridge: str, enabled: bool) -> None:
    """Make the bridge carry 127.0.0.0/8, or not; nothing where it is so, or there is no bridge."""
    switch = Path("/proc/sys/net/ipv4/conf") / bridge / "route_localnet"
    try:
        if bool(int(switch.read_text())) != enabled:
            netlink.set_route_localnet(socket.if_nametoindex(bridge), enabled)
    except FileNotFoundError:
        return


def cut(settings: Settings, wanted: Cut) -> None:
    """Forget these connections, so that their next packet is led anew or refused.

    A client that only waits for data sends no next packet. Where its socket is on this kernel it
    is aborted; elsewhere (published) it learns of the cut when it next sends, as on AWS. One that
    is still connecting is left to try again: it lands on the machine that is current then.
    """
    selection = _selection(wanted)
    flows = list(_flows(selection))
    if settings.mode == LOOPBACK:
        for flow in flows:
            if not flow.is_half_open and not wanted.half_open:
                netlink.destroy_tcp_socket(flow.source, flow.peer)
    _forget(selection)
    waited_for = {flow.answers[0] for flow in flows if flow.is_half_open}
    if settings.mode == LOOPBACK and waited_for:
        try:
            index = socket.if_nametoindex(settings.bridge)
        except OSError:
            return  # the bridge is gone, and what waited there with it
        for address in waited_for:
            netlink.release_waiting_packets(index, address)


def _forget(selection: Sequence[str]) -> None:
    for _ in range(_CUT_TRIES):
        result = _try(["conntrack", "-D", *selection])
        # It stops half-way where an entry ends of itself meanwhile, and fails where it finds none.
        if "have been deleted" in result.stderr:
            return
    raise KernelFailed(f"conntrack: {result.stderr.strip()}")


def carried(settings: Settings) -> Iterator[tuple[Front, Back]]:
    """Where every tracked connection of this edge came by, and where it went."""
    if settings.mode != PUBLISHED:
        for flow in _flows(["-f", "ipv4", "--orig-dst", str(settings.public_block)]):
            yield Front(flow.peer[0], None), Back(flow.answers[0], None)
    for flow in _flows(["-f", "ipv4", "-p", _TCP, "--orig-dst", str(settings.front_ip)]):
        if flow.peer[1] in settings.host_ports:
            yield Front(*flow.peer), Back(*flow.answers)


def _selection(wanted: Cut) -> list[str]:
    chosen = ["-f", "ipv4", "--orig-dst", str(wanted.front.ip)]
    if wanted.front.port is not None or wanted.half_open:
        chosen += ["-p", _TCP]
    if wanted.front.port is not None:
        chosen += ["--orig-port-dst", str(wanted.front.port)]
    if wanted.back is not None:
        chosen += ["--reply-src", str(wanted.back.ip)]
        if wanted.back.port is not None:
            chosen += ["--reply-port-src", str(wanted.back.port)]
    if wanted.half_open:
        chosen += ["--state", _HALF_OPEN]
    return chosen


def _flows(selection: Sequence[str]) -> Iterator[Flow]:
    for line in _run(["conntrack", "-L", *selection]).splitlines():
        fields = _FIELD_PATTERN.findall(line)
        asked, answered = dict(fields[: len(fields) // 2]), dict(fields[len(fields) // 2 :])
        yield Flow(
            source=(IPv4Address(asked["src"]), int(asked.get("sport", 0))),
            peer=(IPv4Address(asked["dst"]), int(asked.get("dport", 0))),
            answers=(IPv4Address(answered["src"]), int(answered.get("sport", 0))),
            is_half_open=_HALF_OPEN in line,
        )


def _run(argv: Sequence[str], text: str = "") -> str:
    result = _try(argv, text)
    if result.returncode != 0:
        raise KernelFailed(f"{argv[0]}: {result.stderr.strip()}")
    return result.stdout


def _try(argv: Sequence[str], text: str = "") -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            argv, input=text, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise KernelFailed(f"{argv[0]}: no end after {_TIMEOUT_S} s") from error
