"""``minicloud address``: Elastic IPs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from minicloud.cli.completion import complete_address, complete_instance
from minicloud.cli.instance import endpoint_lines, tag_lines
from minicloud.cli.lazy import LazyGroup
from minicloud.cli.options import address_argument, tag_option
from minicloud.cli.output import Details, Output, View, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.table import Column
from minicloud.cli.text import note, time_text, visible
from minicloud.cli.waiting import Errand, wait_option

if TYPE_CHECKING:
    from minicloud.client.shapes import AddressShape

_SHORT_NAME = 8
_HTTP_PORT = 80


@click.group(
    cls=LazyGroup,
    lazy={
        "allocate": "minicloud.cli.address:allocate",
        "list": "minicloud.cli.address:list_all",
        "show": "minicloud.cli.address:show",
        "associate": "minicloud.cli.address:associate",
        "disassociate": "minicloud.cli.address:disassociate",
        "release": "minicloud.cli.address:release",
    },
)
def address() -> None:
    """Elastic IPs: they stay while the machine behind them changes.

    An ADDRESS is a name, an allocation id or the public IP itself.
    """


def _url(found: AddressShape) -> str:
    urls = [e["url"] for e in found["endpoints"] if e["port"] == _HTTP_PORT]
    return urls[0] if urls else "-"


def _instance(found: AddressShape) -> str:
    return found["instance_name"] or found["instance_id"] or "-"


def _details(found: AddressShape) -> Details:
    behind = found["instance_id"]
    name = visible(found["instance_name"])
    return {
        "Name": visible(found["name"]) or "-",
        "Public IP": found["public_ip"],
        "Allocation id": found["allocation_id"],
        "Instance": "-" if behind is None else f"{name} ({behind})" if name else behind,
        "Association id": found["association_id"] or "-",
        "Open": endpoint_lines(found["endpoints"]),
        "Allocated": time_text(found["allocated_at"]),
        "Associated": time_text(found["associated_at"]),
        "Tags": tag_lines(found["tags"]),
    }


VIEW = View(
    "allocation_id",
    (
        Column("NAME", lambda a: a["name"] or "-", shrinks_to=_SHORT_NAME),
        Column("PUBLIC-IP", lambda a: a["public_ip"]),
        Column("INSTANCE", _instance, shrinks_to=_SHORT_NAME),
        Column("URL", _url, drops_at=2),
        Column("ALLOCATION-ID", lambda a: a["allocation_id"], drops_at=1),
    ),
    _details,
)


@click.command("list")
@with_output
@pass_session
def list_all(session: Session, output: Output) -> None:
    """List Elastic IPs.

    \b
    Examples:
      minicloud address list
      minicloud address list --query "[?instance_id==null].public_ip"
    """
    found = session.client.addresses.list()
    output.show_list(found, VIEW)
    if not found and output.is_table and sys.stderr.isatty():
        note("no addresses; allocate one: minicloud address allocate NAME")


@click.command()
@address_argument
@with_output
@pass_session
def show(session: Session, output: Output, ref: str) -> None:
    """Show all that is known of an Elastic IP, with its URLs.

    \b
    Examples:
      minicloud address show front
      minicloud address show 127.31.0.10
    """
    output.show_one(session.client.addresses.show(ref), VIEW)


@click.command()
@click.argument("name", required=False)
@tag_option
@wait_option
@with_output
@pass_session
def allocate(
    session: Session, output: Output, name: str | None, tags: dict[str, str], wait: bool
) -> None:
    """Allocate an Elastic IP; it is billed until it is released, used or not.

    \b
    Examples:
      minicloud address allocate front
    """
    addresses = session.client.addresses
    allocated = addresses.allocate(name, tags)
    allocation_id = allocated["addresses"][0]["allocation_id"]
    Errand(session, output, wait=wait).finish(
        allocated["operations"],
        lambda: output.show_list([addresses.show(allocation_id)], VIEW),
    )


@click.command()
@address_argument
@click.argument("instance", metavar="INSTANCE", shell_complete=complete_instance)
@click.option(
    "--allow-reassociation/--no-reassociation",
    default=True,
    help="Take it from another instance (the default), or refuse.",
)
@wait_option
@with_output
@pass_session
def associate(session: Session, /, output: Output, wait: bool, **options: Any) -> None:
    """Lead an Elastic IP to an instance.

    When it returns, no new connection reaches the machine that was behind it before.

    \b
    Examples:
      minicloud address associate front shop
      minicloud address associate 127.31.0.10 i-0a1b2c3d4e5f60718 --no-reassociation
    """
    addresses = session.client.addresses
    ref, instance = options.pop("ref"), options.pop("instance")
    operations = addresses.associate(ref, instance, **options)
    Errand(session, output, wait=wait).finish(
        operations, lambda: output.show_list([addresses.show(ref)], VIEW)
    )


@click.command()
@address_argument
@wait_option
@with_output
@pass_session
def disassociate(session: Session, output: Output, ref: str, wait: bool) -> None:
    """Lead an Elastic IP nowhere; it stays yours.

    \b
    Examples:
      minicloud address disassociate front
    """
    addresses = session.client.addresses
    Errand(session, output, wait=wait).finish(
        addresses.disassociate(ref), lambda: output.show_list([addresses.show(ref)], VIEW)
    )


@click.command()
@click.argument(
    "refs", metavar="ADDRESS...", nargs=-1, required=True, shell_complete=complete_address
)
@wait_option
@with_output
@pass_session
def release(session: Session, output: Output, refs: Sequence[str], wait: bool) -> None:
    """Give Elastic IPs back; refused while one leads to an instance.

    \b
    Examples:
      minicloud address release front
    """
    addresses = session.client.addresses
    errand = Errand(session, output, wait=wait)
    errand.for_each(refs, addresses.show, addresses.release, VIEW, gone="released")
