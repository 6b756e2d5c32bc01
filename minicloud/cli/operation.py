"""``minicloud operation``: what is under way, and what was."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from minicloud.cli.completion import complete_operation
from minicloud.cli.lazy import LazyGroup
from minicloud.cli.output import Details, Output, View, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.table import Column
from minicloud.cli.text import (
    coloured,
    duration_text,
    one_line,
    short_time_text,
    state_colour,
    time_text,
)
from minicloud.cli.waiting import Errand

if TYPE_CHECKING:
    from minicloud.client.shapes import ErrorShape, OperationShape, StepShape

_SHORT_SUBJECT = 12


@click.group(
    cls=LazyGroup,
    lazy={
        "list": "minicloud.cli.operation:list_recent",
        "show": "minicloud.cli.operation:show",
        "watch": "minicloud.cli.operation:watch",
    },
)
def operation() -> None:
    """Operations: they go on when their command is gone."""


def _took(begun: str | None, ended: str | None) -> str:
    if begun is None:
        return "-"
    until = datetime.fromisoformat(ended) if ended else datetime.now(UTC)
    return duration_text(max(0.0, (until - datetime.fromisoformat(begun)).total_seconds()))


def _error_lines(error: ErrorShape | None) -> list[str]:
    if error is None:
        return []
    return [one_line(f"{error['code']}: {error['message']}"), "→ " + one_line(error["resolution"])]


def _step_line(step: StepShape) -> str:
    phase = coloured(f"{step['phase']:<7}", state_colour(step["phase"]), sys.stdout)
    if step["phase"] == "waiting":
        return f"{phase}  {step['name']}"
    tries = f", try {step['attempts']}" if step["attempts"] > 1 else ""
    return f"{phase}  {step['name']} ({_took(step['started_at'], step['ended_at'])}{tries})"


def _details(found: OperationShape) -> Details:
    status = found["status"]
    return {
        "Id": found["id"],
        "Kind": found["kind"],
        "Status": coloured(status, state_colour(status), sys.stdout),
        "Subject": found["subject_id"],
        "Begun": time_text(found["created_at"]),
        "Ended": time_text(found["ended_at"]),
        "Took": _took(found["created_at"], found["ended_at"]),
        "Steps": [_step_line(step) for step in found["steps"]],
        "Now": one_line(found["message"]) or "-",
        "Waiting for": _error_lines(found["waiting_for"]),
        "Error": _error_lines(found["error"]),
        "Result": [one_line(f"{key} = {value}") for key, value in found["result"].items()],
    }


VIEW = View(
    "id",
    (
        Column("ID", lambda o: o["id"]),
        Column("KIND", lambda o: o["kind"]),
        Column("STATUS", lambda o: o["status"], colour=state_colour),
        Column("SUBJECT", lambda o: o["subject_id"], shrinks_to=_SHORT_SUBJECT, drops_at=3),
        Column("BEGUN", lambda o: short_time_text(o["created_at"]), drops_at=1),
        Column("TOOK", lambda o: _took(o["created_at"], o["ended_at"]), drops_at=2),
    ),
    _details,
)


@click.command("list")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many at most."
)
@with_output
@pass_session
def list_recent(session: Session, output: Output, limit: int) -> None:
    """List operations, the newest first.

    \b
    Examples:
      minicloud operation list
      minicloud operation list --query "[?status=='running'].id"
    """
    output.show_list(session.client.operations.list(limit), VIEW)


@click.command()
@click.argument("operation_id", metavar="OPERATION", shell_complete=complete_operation)
@with_output
@pass_session
def show(session: Session, output: Output, operation_id: str) -> None:
    """Show an operation, step by step.

    \b
    Examples:
      minicloud operation show op-0a1b2c3d4e5f60718
    """
    output.show_one(session.client.operations.show(operation_id), VIEW)


@click.command()
@click.argument("operation_id", metavar="OPERATION", shell_complete=complete_operation)
@with_output
@pass_session
def watch(session: Session, output: Output, operation_id: str) -> None:
    """Wait for an operation to end; ends with its error where it failed.

    \b
    Examples:
      minicloud operation watch op-0a1b2c3d4e5f60718
    """
    found = session.client.operations.show(operation_id)
    Errand(session, output, wait=True).finish(
        [found], lambda: output.show_one(session.client.operations.show(operation_id), VIEW)
    )
