"""``minicloud clock``: the time by which a cloud's ledger and bill go, and moving it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from minicloud.cli.completion import complete_speed, complete_time_step
from minicloud.cli.lazy import LazyGroup
from minicloud.cli.output import Details, Output, View, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.text import duration_text, time_text

if TYPE_CHECKING:
    from minicloud.client.shapes import ClockShape

_SPEED = re.compile(r"([0-9]{1,9})x?")


@click.group(
    cls=LazyGroup,
    lazy={
        "show": "minicloud.cli.clock:show",
        "advance": "minicloud.cli.clock:advance",
        "speed": "minicloud.cli.clock:set_speed",
        "reset": "minicloud.cli.clock:reset",
    },
)
def clock() -> None:
    """The cloud's clock. One that is simulated can be moved, to see the bill of a year at once.

    A cloud has a simulated clock if it was made with `minicloud up --simulated-clock`. Its ledger,
    its prices and its bill go by that clock. What runs goes on in real time: machines, health
    checks, drains, certificates, and how long an operation took. It never goes back.
    """


def clock_text(found: ClockShape) -> str:
    """``simulated: 2027-01-01 00:00:00Z, 60 times as fast as the real time``."""
    if not found["simulated"]:
        return "the real time"
    return f"simulated: {time_text(found['now'])}, {_pace_text(found)}"


def _pace_text(found: ClockShape) -> str:
    speed = found["speed"]
    return "as fast as the real time" if speed == 1 else f"{speed} times as fast as the real time"


def _details(found: ClockShape) -> Details:
    if not found["simulated"]:
        return {"Clock": "the real time, which nobody can move", "Now": time_text(found["now"])}
    return {
        "Clock": "simulated",
        "Now": time_text(found["now"]),
        "Pace": _pace_text(found),
        "Real time": time_text(found["real_now"]),
        "Ahead by": duration_text(found["ahead_s"]),
    }


_VIEW = View("now", (), _details)


@click.command()
@with_output
@pass_session
def show(session: Session, output: Output) -> None:
    """Show what the clock shows, how fast it goes on, and the real time. With -q, its time alone.

    \b
    Examples:
      minicloud clock show
      minicloud clock show --query now
    """
    output.show_one(session.client.clock.show(), _VIEW)


@click.command()
@click.argument("by", metavar="STEP", shell_complete=complete_time_step)
@with_output
@pass_session
def advance(session: Session, output: Output, by: str) -> None:
    """Move the clock ahead: 90s, 1h30m, 30d, 2w, 1mo, 1y or 1y6mo.

    A month (mo) leads to the same day and time of the next one, UTC, or to its last day where it is
    shorter; a year (y) is 12 months. What runs now is billed as if it had run all the while. What
    is under way is not hurried: an operation goes on, and a drain gets its whole time.

    \b
    Examples:
      minicloud clock advance 30d
      minicloud clock advance 8h30m
      minicloud clock advance 1y
    """
    output.show_one(session.client.clock.advance(by), _VIEW)


def _speed(_context: click.Context, _argument: click.Parameter, text: str) -> int:
    match = _SPEED.fullmatch(text)
    if match is None:
        raise click.BadParameter("write a whole number of times, as 60x")
    return int(match[1])


@click.command("speed")
@click.argument("speed", metavar="SPEED", callback=_speed, shell_complete=complete_speed)
@with_output
@pass_session
def set_speed(session: Session, output: Output, speed: int) -> None:
    """Let the clock go on 1 to 100000 times as fast as the real time.

    At 60x a minute is an hour, at 86400x a second is a day. A machine's start, or a drain, takes as
    long as ever in real time, and so a while by this clock; to have a round figure in the bill,
    advance it instead.

    \b
    Examples:
      minicloud clock speed 60x
      minicloud clock speed 86400x
    """
    output.show_one(session.client.clock.set_speed(speed), _VIEW)


@click.command()
@with_output
@pass_session
def reset(session: Session, output: Output) -> None:
    """Let the clock go on as fast as the real time. It stays as far ahead as it is.

    \b
    Examples:
      minicloud clock reset
    """
    output.show_one(session.client.clock.reset(), _VIEW)
