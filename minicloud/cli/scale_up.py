"""``minicloud scale-up``: a better machine in the place of one that serves."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from minicloud.cli import operation
from minicloud.cli.options import instance_argument, type_option
from minicloud.cli.output import Details, Output, View, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.text import coloured, visible
from minicloud.cli.waiting import Errand, wait_option

if TYPE_CHECKING:
    from minicloud.client.shapes import OperationShape


def _details(done: OperationShape) -> Details:
    result = done["result"]
    return {
        "Scaled up": coloured(f"{result['from_type']} → {result['to_type']}", "green", sys.stdout),
        "New instance": result["new_instance_id"],
        "Old instance": f"{result['old_instance_id']} (terminated)",
        "Image": result["image_id"],
        "Addresses moved": visible(", ".join(result["addresses"])) or "-",
        "Downtime": f"{result['downtime_ms']:.0f} ms",
        "Operation": done["id"],
    }


@click.command("scale-up")
@instance_argument
@type_option
@click.option("--image-name", metavar="NAME", help="What to call the image that is made.")
@click.option(
    "--reboot/--no-reboot",
    default=True,
    help="Stop the old machine first (the default), or let it serve on: what is written to it"
    " after the image was made is lost.",
)
@wait_option
@with_output
@pass_session
def scale_up(session: Session, /, output: Output, wait: bool, **options: Any) -> None:
    """Replace an instance by a larger one, addresses and all.

    An image is made of it and a new machine launched from that, with its disk and its name. Once
    the new one serves, the Elastic IPs are moved and the old machine is terminated; where it does
    not serve, all is undone. With -q, the id of the operation is printed.

    \b
    Examples:
      minicloud scale-up shop --type t3.large
      minicloud scale-up shop --type m5.large --image-name shop-before -o json
    """
    ref, type_name = options.pop("ref"), options.pop("type_name")
    begun = session.client.instances.scale_up(ref, type_name, **options)

    def tell() -> None:
        for one in begun:
            ended = session.client.operations.show(one["id"])
            output.show_one(ended, View(operation.VIEW.id_key, operation.VIEW.columns, _details))

    Errand(session, output, wait=wait).finish(begun, tell)
