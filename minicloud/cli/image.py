"""``minicloud image``: what machines are launched from."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from minicloud.cli.completion import complete_image, complete_recipe
from minicloud.cli.instance import tag_lines
from minicloud.cli.lazy import LazyGroup
from minicloud.cli.options import instance_argument, tag_option
from minicloud.cli.output import Details, Output, View, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.table import Column
from minicloud.cli.text import (
    coloured,
    note,
    short_time_text,
    size_text,
    state_colour,
    time_text,
    visible,
)
from minicloud.cli.waiting import Errand, wait_option
from minicloud.client.images import CopyRequest, ImageRequest

if TYPE_CHECKING:
    from minicloud.client.shapes import ImageShape

_SHORT_NAME = 8


@click.group(
    cls=LazyGroup,
    lazy={
        "build": "minicloud.cli.image:build",
        "create": "minicloud.cli.image:create",
        "copy": "minicloud.cli.image:copy",
        "list": "minicloud.cli.image:list_all",
        "show": "minicloud.cli.image:show",
        "delete": "minicloud.cli.image:delete",
    },
)
def image() -> None:
    """Images (AMIs): build those that ship, make your own, copy, delete."""


def _source(found: ImageShape) -> str:
    if found["recipe"]:
        return "ships with minicloud"
    return found["source_instance_id"] or "-"


def _details(found: ImageShape) -> Details:
    state = found["state"]
    return {
        "Name": visible(found["name"]),
        "Id": found["id"],
        "State": coloured(state, state_colour(state), sys.stdout),
        "Description": visible(found["description"]) or "-",
        "Made of": visible(_source(found)),
        "Without reboot": "yes" if found["without_reboot"] else "no",
        "Size": f"{size_text(found['size_bytes'])} in {found['layer_count']} layers",
        "Created": time_text(found["created_at"]),
        "Warnings": [visible(warning) for warning in found["warnings"]],
        "Tags": tag_lines(found["tags"]),
        "Docker image": visible(found["reference"]),
    }


VIEW = View(
    "id",
    (
        Column("NAME", lambda i: i["name"], shrinks_to=_SHORT_NAME),
        Column("ID", lambda i: i["id"]),
        Column("STATE", lambda i: i["state"], colour=state_colour, drops_at=3),
        Column("SIZE", lambda i: size_text(i["size_bytes"]), is_number=True, drops_at=4),
        Column("CREATED", lambda i: short_time_text(i["created_at"]), drops_at=2),
        Column("MADE-OF", _source, drops_at=1),
    ),
    _details,
)


@click.command("list")
@click.option("-a", "--all", "with_gone", is_flag=True, help="Deleted and failed ones, too.")
@with_output
@pass_session
def list_all(session: Session, output: Output, with_gone: bool) -> None:
    """List images.

    \b
    Examples:
      minicloud image list
      minicloud image list --query "[].{name: name, size: size_bytes}"
    """
    found = session.client.images.list(include_gone=with_gone)
    output.show_list(found, VIEW)
    if not found and output.is_table and sys.stderr.isatty():
        note("no images; build those that ship with minicloud: minicloud image build")


@click.command()
@click.argument("ref", metavar="IMAGE", shell_complete=complete_image)
@with_output
@pass_session
def show(session: Session, output: Output, ref: str) -> None:
    """Show all that is known of an image.

    \b
    Examples:
      minicloud image show web
    """
    output.show_one(session.client.images.show(ref), VIEW)


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=complete_recipe)
@wait_option
@with_output
@pass_session
def build(session: Session, output: Output, names: Sequence[str], wait: bool) -> None:
    """Build the images that ship with minicloud: those named, or all. Nothing is built twice.

    \b
    Examples:
      minicloud image build
      minicloud image build web
    """
    images = session.client.images
    operations = images.build(names)

    def tell() -> None:
        shipped = [found for found in images.list() if found["recipe"]]
        output.show_list([f for f in shipped if not names or f["recipe"] in names], VIEW)

    Errand(session, output, wait=wait).finish(operations, tell)


@click.command()
@instance_argument
@click.argument("name", metavar="NAME")
@click.option("--description", default="", metavar="TEXT", help="What it is for.")
@click.option(
    "--reboot/--no-reboot",
    default=True,
    help="Stop the machine meanwhile (the default), or freeze it while it works.",
)
@tag_option
@wait_option
@with_output
@pass_session
def create(session: Session, /, output: Output, wait: bool, **options: Any) -> None:
    """Make an image of an instance's disk.

    As on EC2 the machine is stopped meanwhile and started again. With --no-reboot it works on, and
    files that are being written may be caught half-way.

    \b
    Examples:
      minicloud image create shop shop-1.0
      minicloud image create shop shop-1.1 --no-reboot --description "before the sale"
    """
    images = session.client.images
    made = images.create(ImageRequest(instance=options.pop("ref"), **options))

    def tell() -> None:
        finished = images.show(made["images"][0]["id"])
        for warning in finished["warnings"]:
            note(f"warning: {warning}")
        output.show_list([finished], VIEW)

    Errand(session, output, wait=wait).finish(made["operations"], tell)


@click.command()
@click.argument("ref", metavar="IMAGE", shell_complete=complete_image)
@click.argument("name", metavar="NAME")
@click.option("--description", default="", metavar="TEXT", help="What it is for.")
@tag_option
@wait_option
@with_output
@pass_session
def copy(session: Session, /, output: Output, wait: bool, **options: Any) -> None:
    """Make a copy of an image, which stays when the first one is deleted.

    \b
    Examples:
      minicloud image copy shop-1.0 shop-kept
    """
    images = session.client.images
    made = images.copy(CopyRequest(image=options.pop("ref"), **options))

    def tell() -> None:
        output.show_list([images.show(made["images"][0]["id"])], VIEW)

    Errand(session, output, wait=wait).finish(made["operations"], tell)


@click.command()
@click.argument("refs", metavar="IMAGE...", nargs=-1, required=True, shell_complete=complete_image)
@wait_option
@with_output
@pass_session
def delete(session: Session, output: Output, refs: Sequence[str], wait: bool) -> None:
    """Delete images; refused while an instance needs one.

    \b
    Examples:
      minicloud image delete shop-1.0
    """
    images = session.client.images
    errand = Errand(session, output, wait=wait)
    errand.for_each(refs, images.show, images.delete, VIEW, gone="deleted")
