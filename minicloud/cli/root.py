"""The root of all commands, and what happens to everything that they raise."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

import click

from minicloud.cli.errors import Interrupted, print_error, usage_error
from minicloud.cli.lazy import LazyGroup
from minicloud.cli.session import Session
from minicloud.domain.errors import MiniCloudError
from minicloud.home import DEFAULT_CLOUD

# As click ends where it meets the same before us.
_EXIT_BROKEN_PIPE = 1

_EPILOG = """\b
Exit codes:
  0 done                       4 not in this state, or taken
  1 internal error             5 no capacity, or a limit reached
  2 bad request or usage       6 engine or server unavailable
  3 no such thing            130 interrupted

\b
Examples:
  minicloud image build
  minicloud instance launch shop --image web --type t3.micro
  minicloud scale-up shop --type t3.large
  minicloud balancer create web --instances web-1,web-2"""


@click.group(
    "minicloud",
    cls=LazyGroup,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
    lazy={
        "up": "minicloud.cli.cloud:up",
        "down": "minicloud.cli.cloud:down",
        "status": "minicloud.cli.cloud:status",
        "reset": "minicloud.cli.reset:reset",
        "env": "minicloud.cli.aws_endpoint:env",
        "doctor": "minicloud.cli.doctor:doctor",
        "instance": "minicloud.cli.instance:instance",
        "image": "minicloud.cli.image:image",
        "address": "minicloud.cli.address:address",
        "balancer": "minicloud.cli.balancer:balancer",
        "target-group": "minicloud.cli.target_group:target_group",
        "listener": "minicloud.cli.listener:listener",
        "rule": "minicloud.cli.rule:rule",
        "certificate": "minicloud.cli.certificate:certificate",
        "scale-up": "minicloud.cli.scale_up:scale_up",
        "operation": "minicloud.cli.operation:operation",
        "clock": "minicloud.cli.clock:clock",
        "ledger": "minicloud.cli.ledger:ledger",
        "bill": "minicloud.cli.bill:bill",
        "budget": "minicloud.cli.budget:budget",
        "price": "minicloud.cli.price:price",
        "reservation": "minicloud.cli.reservation:reservation",
        "demo": "minicloud.cli.demo:demo",
        "completion": "minicloud.cli.completion:completion",
    },
)
@click.option(
    "--cloud",
    default=DEFAULT_CLOUD,
    envvar="MINICLOUD_CLOUD",
    show_default=True,
    help="Which cloud; also MINICLOUD_CLOUD.",
)
@click.version_option(package_name="minicloud", message="%(prog)s %(version)s")
@click.pass_context
def root(context: click.Context, cloud: str) -> None:
    """EC2 on a laptop, for real: machines, images, Elastic IPs, load balancers, in Docker."""
    context.obj = Session(cloud)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, tell what went wrong, and return the exit code."""
    _prepare_streams()
    try:
        returned = root.main(arguments, prog_name="minicloud", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_output()
        return _EXIT_BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 (the last place where a defect can be told kindly)
        return _told(_as_minicloud_error(error))
    return returned if isinstance(returned, int) else 0


def _prepare_streams() -> None:
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            # The caller closed it; left so, its number would go to the next socket we open.
            nowhere = os.fdopen(os.open(os.devnull, os.O_RDWR), "rb+", buffering=0)
            setattr(sys, name, io.TextIOWrapper(nowhere, encoding="utf-8", write_through=True))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Not every terminal can show every name; that is no reason to fail.
            stream.reconfigure(errors="backslashreplace")


def _as_minicloud_error(error: Exception) -> MiniCloudError:
    if isinstance(error, MiniCloudError):
        return error
    if isinstance(error, click.Abort):
        return Interrupted("Interrupted", "interrupted", "nothing more was done")
    if isinstance(error, click.ClickException):
        return usage_error(error)
    if isinstance(error, OSError):
        _forget_output()
        return _system_error(error)
    return _defect(error)


def _told(error: MiniCloudError) -> int:
    if os.environ.get("MINICLOUD_DEBUG"):
        import traceback

        traceback.print_exception(error)
    print_error(error)
    return error.exit_code


def _forget_output() -> None:
    # Else the interpreter tries to flush it once more on its way out, and complains.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _system_error(error: OSError) -> MiniCloudError:
    where = f" ({error.filename})" if error.filename else ""
    said = MiniCloudError(
        "SystemError",
        f"{error.strerror or error}{where}",
        "see whether the disk has room and the file can be written to; details: MINICLOUD_DEBUG=1",
    )
    said.__cause__ = error
    return said


def _defect(error: Exception) -> MiniCloudError:
    said = MiniCloudError(
        "InternalError",
        f"minicloud met something it did not expect ({type(error).__name__}: {error})",
        "please report it; MINICLOUD_DEBUG=1 shows the details",
    )
    said.__cause__ = error
    return said
