"""``minicloud instance``: inside a machine, and what its console says."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence

import click

from minicloud.cli.options import instance_argument
from minicloud.cli.session import Session, pass_session
from minicloud.domain.errors import InvalidRequest

_STDIN_MIB_MAX = 64
_MIB = 1024 * 1024


@click.command("exec", context_settings={"allow_interspersed_args": False})
@instance_argument
@click.argument("argv", metavar="COMMAND [ARGUMENT]...", nargs=-1, required=True)
@click.option("-n", "--no-stdin", is_flag=True, help="Leave standard input alone.")
@click.pass_context
def execute(context: click.Context, ref: str, argv: Sequence[str], no_stdin: bool) -> None:
    """Run a command as root inside a running instance.

    Its output comes as it is written, its exit code is ours. Standard input goes to it, unless that
    is a terminal; it is read to its end first.

    \b
    Examples:
      minicloud instance exec shop -- apt-get install -y redis-server
      minicloud instance exec shop -- sh -c 'echo hello > /var/www/html/index.html'
      tar c site | minicloud instance exec shop -- tar x -C /var/www/html
    """
    # Parsing stops at the instance's name, so the dashes that end the options come through.
    command = argv[1:] if argv[0] == "--" else argv
    if not command:
        raise click.UsageError("Missing argument 'COMMAND [ARGUMENT]...'.")
    stdin = b"" if no_stdin else _piped_input()
    session = context.ensure_object(Session)
    for piece in session.client.instances.exec(ref, command, stdin):
        if piece.exit_code is not None:
            context.exit(piece.exit_code)
        target = sys.stderr if piece.stream == "stderr" else sys.stdout
        target.buffer.write(piece.data)
        target.buffer.flush()


@click.command()
@instance_argument
@click.option("--tail", type=click.IntRange(0, 999_999), metavar="LINES", help="The last lines.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes.")
@pass_session
def logs(session: Session, ref: str, tail: int | None, follow: bool) -> None:
    """Print what an instance's init and services say.

    \b
    Examples:
      minicloud instance logs shop
      minicloud instance logs shop --tail 20 --follow
    """
    for piece in session.client.instances.logs(ref, tail=tail, follow=follow):
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()


def _piped_input() -> bytes:
    try:
        kind = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        # No standard input at all: closed, or not a file.
        return b""
    if not (stat.S_ISFIFO(kind) or stat.S_ISREG(kind) or stat.S_ISSOCK(kind)):
        return b""
    data = sys.stdin.buffer.read(_STDIN_MIB_MAX * _MIB + 1)
    if len(data) > _STDIN_MIB_MAX * _MIB:
        raise InvalidRequest(
            "InputTooLong",
            f"standard input has more than {_STDIN_MIB_MAX} MiB",
            "put it where the machine can fetch it, or send it in parts",
        )
    return data
