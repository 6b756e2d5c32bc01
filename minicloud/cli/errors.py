"""How a command ends that could not do what it was asked: two lines and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from minicloud.cli.text import coloured, one_line
from minicloud.domain.errors import InvalidRequest, MiniCloudError

_USAGE_LENGTH_MAX = 300


class Interrupted(MiniCloudError):
    """The person pressed Ctrl-C; what the server has begun goes on."""

    exit_code = 130


def print_error(error: MiniCloudError) -> None:
    """What is wrong, and what to do."""
    wrong = one_line(f"error: {error.code}: {error.message}")
    to_do = one_line(error.resolution) or "see: minicloud --help"
    click.echo(coloured(wrong, "red", sys.stderr), err=True)
    click.echo(f"  → {to_do}", err=True)


def usage_error(error: click.ClickException) -> InvalidRequest:
    """What click could not make sense of, as an error of ours."""
    context = getattr(error, "ctx", None)
    command = "minicloud" if context is None else context.command_path
    message = one_line(error.format_message(), _USAGE_LENGTH_MAX)
    return InvalidRequest("InvalidUsage", message, f"see: {command} --help")


def end_with(errors: Sequence[MiniCloudError]) -> None:
    """Where there are errors, print all and end with the exit code of the first."""
    for error in errors:
        print_error(error)
    if errors:
        raise click.exceptions.Exit(errors[0].exit_code)
