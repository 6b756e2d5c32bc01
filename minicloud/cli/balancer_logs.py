"""``minicloud balancer logs``: a line a request."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from minicloud.cli.options import balancer_argument
from minicloud.cli.output import Output, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.text import coloured, size_text, time_text, visible

if TYPE_CHECKING:
    from minicloud.client import Client

_TARGET = re.compile(r"([^/:]+):\d+")
_TAIL_DEFAULT, _TAIL_MAX = 100, 999_999
_CLIENT_WIDTH, _NAME_WIDTH, _TIME_WIDTH = 15, 12, 11
_CLASS_COLOURS = {"2": "green", "3": "cyan", "4": "yellow", "5": "red"}


@click.command()
@balancer_argument
@click.option(
    "--tail",
    type=click.IntRange(0, _TAIL_MAX),
    default=_TAIL_DEFAULT,
    show_default=True,
    metavar="LINES",
    help="The last lines.",
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes.")
@with_output
@pass_session
def logs(session: Session, output: Output, ref: str, tail: int, follow: bool) -> None:
    """Print a line for each request.

    When, from where, the status, how long it took, the instance that answered ("-": the balancer
    itself), and what was asked. With -o json a JSON object a line, with -q the target alone.

    \b
    Examples:
      minicloud balancer logs web
      minicloud balancer logs web --tail 0 --follow
      minicloud balancer logs web -o json --query "[path, status, request_s]"
    """
    names = _Names(session.client)
    for line in session.client.balancers.logs(ref, tail=tail, follow=follow):
        _print_entry(output, names, line)
        if follow:
            sys.stdout.flush()


def _print_entry(output: Output, names: _Names, line: bytes) -> None:
    text = line.decode(errors="backslashreplace")
    try:
        entry = json.loads(text)
    except ValueError:
        entry = None
    if not isinstance(entry, dict):
        # A line that was cut off, as by a full disk, hides none of the others.
        if output.is_table:
            click.echo(visible(text))
        return
    if output.is_quiet:
        click.echo(visible(_last_target(entry) or "-"))
    elif output.is_table:
        click.echo(entry_text(entry, names.of(_last_target(entry))))
    else:
        output.show_next(entry)


def entry_text(entry: dict[str, Any], target: str) -> str:
    """A request for people; ``target`` is the name of what answered."""
    status = str(entry.get("status") or "-")
    words = [
        _at(entry.get("time")),
        f"{_address(entry.get('client')):<{_CLIENT_WIDTH}}",
        status,
        f"{_took(entry.get('request_s')):>{_TIME_WIDTH}}",
        f"{target:<{_NAME_WIDTH}}",
        _asked(entry),
    ]
    shown = [visible(word) for word in words]
    shown[2] = coloured(shown[2], _CLASS_COLOURS.get(status[:1]), sys.stdout)
    if entry.get("error"):
        shown.append(coloured(visible(str(entry["error"])), "red", sys.stdout))
    return "  ".join(shown)


def _last_target(entry: dict[str, Any]) -> str:
    """Where the request was answered, if anywhere: the last of those that it was tried at."""
    return str(entry.get("target_address") or "").rpartition(", ")[2]


class _Names:
    """Instances' names by private address, asked for anew where a stranger is met."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._names: dict[str, str] = {}

    def of(self, target: str) -> str:
        """What to call a target of the log, ``172.31.0.10:80``."""
        found = _TARGET.fullmatch(target)
        if found is None:
            return target or "-"
        if found[1] not in self._names:
            for machine in self._client.instances.list(include_terminated=True):
                self._names[machine["private_ip"]] = machine["name"] or machine["id"]
        return self._names.setdefault(found[1], found[1])


def _at(time: Any) -> str:
    if isinstance(time, int | float):
        return time_text(datetime.fromtimestamp(time, UTC).isoformat())
    return time_text(str(time)) if time else "-"


def _address(client: Any) -> str:
    """Without the port, which tells people nothing."""
    address, colon, port = str(client or "-").rpartition(":")
    return address if colon and port.isdigit() else address + colon + port


def _took(request_s: Any) -> str:
    try:
        return f"{float(request_s) * 1000:.1f} ms"
    except (TypeError, ValueError):
        return "-"


def _asked(entry: dict[str, Any]) -> str:
    if entry.get("method"):
        return f"{entry['method']} {entry.get('path') or ''}".rstrip()
    sent, received = (size_text(_count(entry.get(f"{way}_bytes"))) for way in ("sent", "received"))
    return f"{entry.get('protocol') or '-'} {sent} sent, {received} received"


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0
