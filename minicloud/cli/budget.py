"""``minicloud budget``: an amount for each month, and an alert when it goes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from minicloud.cli.completion import complete_budget
from minicloud.cli.lazy import LazyGroup
from minicloud.cli.money import region_option, usd_text
from minicloud.cli.output import Details, Output, View, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.table import Column
from minicloud.cli.text import coloured, note, time_text, visible
from minicloud.client.budgets import BudgetRequest

if TYPE_CHECKING:
    from minicloud.client.budget_shapes import BudgetShape, ThresholdShape

_SHORT = 8
_PASSED, _WITHIN, _UNKNOWN = "alert", "ok", "unknown"
_COLOURS = {_PASSED: "red", _WITHIN: "green", _UNKNOWN: "yellow"}


@click.group(
    cls=LazyGroup,
    lazy={
        "create": "minicloud.cli.budget:create",
        "list": "minicloud.cli.budget:list_all",
        "show": "minicloud.cli.budget:show",
        "delete": "minicloud.cli.budget:delete",
    },
)
def budget() -> None:
    """Budgets: an amount for each month (UTC), and from which share of it on you are told.

    They are held against the month's bill when they are looked at, here and in `minicloud status`.
    """


@click.command()
@click.argument("name", metavar="NAME")
@click.option("--monthly", required=True, metavar="USD", help="The amount, as 10 or 12.50.")
@click.option(
    "--notify",
    multiple=True,
    metavar="SHARE",
    help="Alert above this share of it: 80% (of what is spent), or forecast:100%. Repeatable.",
)
@region_option
@with_output
@pass_session
def create(session: Session, /, output: Output, **options: Any) -> None:
    """Make a budget of what everything here may cost in a month.

    \b
    Examples:
      minicloud budget create all --monthly 10 --notify 80%
      minicloud budget create all --monthly 10 --notify 80% --notify forecast:100%
    """
    made = session.client.budgets.create(BudgetRequest(**options))
    output.show_one(made, _VIEW)


@click.command("list")
@with_output
@pass_session
def list_all(session: Session, output: Output) -> None:
    """List the budgets, and how much of each is spent this month.

    \b
    Examples:
      minicloud budget list
      minicloud budget list --query "[?alert].name"
    """
    found = session.client.budgets.list()
    output.show_list(found, _VIEW)
    if not found and output.is_table and sys.stderr.isatty():
        note("no budgets; make one: minicloud budget create all --monthly 10 --notify 80%")


@click.command()
@click.argument("name", metavar="NAME", shell_complete=complete_budget)
@with_output
@pass_session
def show(session: Session, output: Output, name: str) -> None:
    """Show a budget: what is spent, what the month will cost, which thresholds are passed.

    \b
    Example:
      minicloud budget show all
    """
    output.show_one(session.client.budgets.show(name), _VIEW)


@click.command()
@click.argument("name", metavar="NAME", shell_complete=complete_budget)
@pass_session
def delete(session: Session, name: str) -> None:
    """Forget a budget.

    \b
    Example:
      minicloud budget delete all
    """
    session.client.budgets.delete(name)


def budget_line(found: BudgetShape) -> str:
    """A budget on one line, for the status of a cloud."""
    word = coloured(_state(found), _COLOURS[_state(found)], sys.stdout)
    text = f"{visible(found['name'])}: {_spent(found)} of {usd_text(found['monthly_usd'])}"
    if found["spent_percent"] is not None:
        text += f" ({found['spent_percent']}%)"
    passed = _texts(found, is_passed=True)
    return f"{text}, {word}" + (f": above {passed}" if passed else "")


def _state(found: BudgetShape) -> str:
    if found["error"] is not None:
        return _UNKNOWN
    return _PASSED if found["alert"] else _WITHIN


def _spent(found: BudgetShape) -> str:
    return "-" if found["spent_usd"] is None else usd_text(found["spent_usd"])


def _forecast(found: BudgetShape) -> str:
    return "-" if found["forecast_usd"] is None else usd_text(found["forecast_usd"])


def _percent(found: BudgetShape) -> str:
    return "-" if found["spent_percent"] is None else f"{found['spent_percent']}%"


def _texts(found: BudgetShape, *, is_passed: bool) -> str:
    return ", ".join(each["text"] for each in found["thresholds"] if each["passed"] == is_passed)


def _threshold(threshold: ThresholdShape) -> str:
    return f"{threshold['text']}, passed" if threshold["passed"] else threshold["text"]


def _details(found: BudgetShape) -> Details:
    error = found["error"]
    wrong = (
        [] if error is None else [visible(error["message"]), f"→ {visible(error['resolution'])}"]
    )
    return {
        "Name": found["name"],
        "Amount": f"{found['currency']} {usd_text(found['monthly_usd'])} a month (UTC),"
        f" at the prices of {visible(found['region'])}",
        "Made": time_text(found["created_at"]),
        "Spent": f"{_spent(found)} ({_percent(found)})",
        "Forecast": f"{_forecast(found)}, an estimate: as if all went on as it is",
        "Thresholds": [_threshold(each) for each in found["thresholds"]],
        "State": coloured(_state(found), _COLOURS[_state(found)], sys.stdout),
        **({"No bill": wrong} if wrong else {}),
    }


_VIEW = View(
    "name",
    (
        Column("NAME", lambda b: b["name"], shrinks_to=_SHORT),
        Column("MONTHLY", lambda b: usd_text(b["monthly_usd"]), is_number=True),
        Column("SPENT", _spent, is_number=True),
        Column("", _percent, is_number=True),
        Column("FORECAST", _forecast, is_number=True, drops_at=1),
        Column("STATE", _state, colour=_COLOURS.get),
        Column("PASSED", lambda b: _texts(b, is_passed=True), shrinks_to=_SHORT),
    ),
    _details,
)
