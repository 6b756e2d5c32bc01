"""How targets are, as a table, watched or waited for."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import click

from minicloud.cli.errors import print_error
from minicloud.cli.output import Output, View
from minicloud.cli.table import Column, table_lines, terminal_width
from minicloud.cli.text import age_text, coloured, counted, has_colour, note, one_line, state_colour
from minicloud.domain.errors import Unavailable

if TYPE_CHECKING:
    from minicloud.client.balancer_shapes import Health, TargetHealthShape

Ask = Callable[[], "Health"]
_POLL_S = 1.0
_TIMEOUT_DEFAULT_S = 300.0
_NAMED_MAX = 5
_PASS, _FAIL = "✓", "✗"


class Attention(NamedTuple):
    """How a person looks: once, for ever, or until all is well."""

    is_watching: bool
    is_waiting: bool
    timeout_s: float


class HealthCalls(Protocol):
    """The calls of a noun that has targets."""

    def health(self, ref: str) -> Health:
        """How each target is."""

    def without_starting(self) -> HealthCalls:
        """The same, but that they never start a server."""


def with_attention(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--watch``, ``--wait`` and ``--timeout``: its ``attention``."""

    @click.option("-w", "--watch", is_flag=True, help="Show each change, until Ctrl-C.")
    @click.option("--wait", is_flag=True, help="Return once every target is healthy.")
    @click.option(
        "--timeout",
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        help=f"With --wait: for so long, then exit code 6; {_TIMEOUT_DEFAULT_S:g}.",
    )
    @functools.wraps(command)
    def wrapped(*args: Any, watch: bool, wait: bool, timeout: float | None, **options: Any) -> None:
        if watch and wait:
            raise click.UsageError("choose one of --watch and --wait")
        if timeout is not None and not wait:
            raise click.UsageError("--timeout goes with --wait")
        attention = Attention(watch, wait, _TIMEOUT_DEFAULT_S if timeout is None else timeout)
        command(*args, attention=attention, **options)

    return wrapped


def tell_health(output: Output, calls: HealthCalls, ref: str, attention: Attention) -> None:
    """Print how the targets of ``ref`` are, as a person chose to look."""
    again = calls.without_starting()
    if attention.is_watching:
        if output.is_quiet:
            raise click.UsageError("--watch shows how targets are: leave out -q")
        watch_health(output, lambda: calls.health(ref), lambda: again.health(ref))
    elif attention.is_waiting:
        show_health(
            output,
            await_healthy(
                output, lambda: calls.health(ref), lambda: again.health(ref), attention.timeout_s
            ),
        )
    else:
        show_health(output, calls.health(ref))


def show_health(output: Output, health: Health) -> None:
    """Print how targets are now."""
    output.show_list(health, _view(health))
    if not health and output.is_table and sys.stderr.isatty():
        note("no targets; register some: minicloud target-group register GROUP INSTANCE")


def watch_health(output: Output, ask_first: Ask, ask_again: Ask) -> None:
    """Show how targets are, live on a terminal, at each change of a state elsewhere; for ever."""
    health = ask_first()
    if output.is_table and sys.stdout.isatty():
        _watch_live(health, ask_again)
    else:
        _watch_changes(output, health, ask_again)


def await_healthy(output: Output, ask_first: Ask, ask_again: Ask, timeout_s: float) -> Health:
    """How targets are once all are healthy, those that leave apart.

    ``Unavailable`` (code ``TargetsNotHealthy``) where they are not in time.
    """
    deadline_s = time.monotonic() + timeout_s
    health, lost, told = ask_first(), None, ""
    while lost is not None or not _is_well(health):
        if time.monotonic() >= deadline_s:
            raise lost or _not_healthy(health, timeout_s)
        word = "waiting: " + (lost.message if lost else _unwell_text(health))
        if word != told and not output.is_quiet:
            note(word)
        told = word
        time.sleep(_POLL_S)
        try:
            health, lost = ask_again(), None
        except Unavailable as error:
            lost = error
    return health


def _watch_live(health: Health, ask_again: Ask) -> None:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(highlight=False, no_color=not has_colour(sys.stdout))
    trouble: list[str] = []
    with Live(console=console, auto_refresh=False) as live:
        while True:
            lines = table_lines(_view(health).columns, health, terminal_width())
            live.update(Text.from_ansi("\n".join([*lines, *trouble])), refresh=True)
            time.sleep(_POLL_S)
            try:
                health, trouble = ask_again(), []
            except Unavailable as error:
                # Whoever watches wants to see it come back, too.
                said = one_line(f"{error.code}: {error.message}")
                trouble = ["", coloured(said, "red", sys.stdout)]


def _watch_changes(output: Output, health: Health, ask_again: Ask) -> None:
    seen, trouble = None, ""
    while True:
        states = [(t["target_id"], t["state"], t["reason"]) for t in health]
        if states != seen:
            _print_block(output, health, is_first=seen is None)
            seen = states
        time.sleep(_POLL_S)
        try:
            health, trouble = ask_again(), ""
        except Unavailable as error:
            if error.message != trouble:
                print_error(error)
            trouble = error.message


def _print_block(output: Output, health: Health, *, is_first: bool) -> None:
    if output.is_table:
        at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        click.echo(at if is_first else f"\n{at}")
        output.show_list(health, _view(health))
        sys.stdout.flush()
    else:
        output.show_next(health)


def _view(health: Health) -> View:
    has_groups = len({target["group_id"] for target in health}) > 1
    return View("target_id", _COLUMNS if has_groups else _COLUMNS[1:])


def _since(target: TargetHealthShape) -> str:
    if target["since"] is None:
        return "-"
    return age_text((datetime.now(UTC) - datetime.fromisoformat(target["since"])).total_seconds())


def _checks(target: TargetHealthShape) -> str:
    """The oldest first, as one reads; of the newest, why it failed."""
    checks = target["checks"]
    marks = " ".join(_PASS if check["passed"] else _FAIL for check in reversed(checks))
    if not checks:
        return "-"
    return marks if checks[0]["passed"] else f"{marks} {checks[0]['detail']}"


def _checks_colour(text: str) -> str | None:
    if text == "-":
        return None
    # Only behind a failure stands a word.
    return "green" if text.endswith(_PASS) else "red"


def _name(target: TargetHealthShape) -> str:
    return target["instance_name"] or target["instance_id"]


def _is_well(health: Health) -> bool:
    staying = [target for target in health if target["state"] != "draining"]
    return bool(staying) and all(target["state"] == "healthy" for target in staying)


def _unwell(health: Health) -> list[TargetHealthShape]:
    return [target for target in health if target["state"] not in {"healthy", "draining"}]


def _unwell_text(health: Health) -> str:
    unwell = _unwell(health)
    if not unwell:
        return "no target is registered"
    return _joined(
        f"{_name(t)}:{t['port']} is {t['state']}" + (f" ({t['reason']})" if t["reason"] else "")
        for t in unwell
    )


def _joined(words: Iterable[str]) -> str:
    first, *_ = every = [*words]
    more = len(every) - _NAMED_MAX
    return ", ".join([first, *every[1:_NAMED_MAX]]) + (f" and {more} more" if more > 0 else "")


def _not_healthy(health: Health, timeout_s: float) -> Unavailable:
    if not _unwell(health):
        return Unavailable(
            "TargetsNotHealthy",
            f"after {timeout_s:g} s no target is registered",
            "register some: minicloud target-group register GROUP INSTANCE",
        )
    count = counted(len(_unwell(health)), "target is", "targets are")
    return Unavailable(
        "TargetsNotHealthy",
        f"after {timeout_s:g} s {count} not healthy: {_unwell_text(health)}",
        "see their last checks: the same command without --wait",
    )


_COLUMNS = (
    Column("GROUP", lambda t: t["group_name"] or t["group_id"], shrinks_to=5),
    Column("TARGET", _name, shrinks_to=8),
    Column("PORT", lambda t: str(t["port"]), is_number=True, drops_at=1),
    Column("STATE", lambda t: t["state"], colour=state_colour),
    Column("REASON", lambda t: t["reason"] or "-", shrinks_to=20, drops_at=5),
    Column("SINCE", _since, is_number=True, drops_at=3),
    Column("IN-FLIGHT", lambda t: str(t["in_flight"]), is_number=True, drops_at=4),
    Column("LAST-CHECKS", _checks, shrinks_to=11, drops_at=2, colour=_checks_colour),
)
