"""``minicloud instance``: the commands that change machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from minicloud.cli.completion import complete_image
from minicloud.cli.instance import VIEW
from minicloud.cli.options import (
    instance_argument,
    instances_argument,
    tag_option,
    tags_argument,
    type_option,
)
from minicloud.cli.output import Output, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.waiting import Errand, wait_option
from minicloud.client.instances import LaunchRequest


@click.command()
@click.argument("name", required=False)
@click.option(
    "-i", "--image", required=True, shell_complete=complete_image, help="An image's name or id."
)
@type_option
@click.option("--count", type=click.IntRange(min=1), default=1, help="How many, all or none.")
@tag_option
@click.option("--client-token", metavar="TEXT", help="Asked twice with it, it is launched once.")
@click.option("--termination-protection", is_flag=True, help="Refuse to terminate it.")
@wait_option
@with_output
@pass_session
def launch(session: Session, /, output: Output, wait: bool, **options: Any) -> None:
    """Launch instances of an image.

    With --count above 1 names are numbered: web-1, web-2 …

    \b
    Examples:
      minicloud instance launch shop --image web --type t3.micro
      minicloud instance launch web --image web --type t3.small --count 3 --tag team=blue
    """
    request = LaunchRequest(type=options.pop("type_name"), **options)
    instances = session.client.instances
    launched = instances.launch(request)

    def tell() -> None:
        output.show_list([instances.show(machine["id"]) for machine in launched["instances"]], VIEW)

    Errand(session, output, wait=wait).finish(launched["operations"], tell)


@click.command()
@instances_argument
@wait_option
@with_output
@pass_session
def start(session: Session, output: Output, refs: Sequence[str], wait: bool) -> None:
    """Start stopped instances.

    Each gets a new public address, unless it has an Elastic IP.

    \b
    Examples:
      minicloud instance start shop
      minicloud instance start web-1 web-2
    """
    instances = session.client.instances
    errand = Errand(session, output, wait=wait)
    errand.for_each(refs, instances.show, instances.start, VIEW)


@click.command()
@instances_argument
@wait_option
@with_output
@pass_session
def stop(session: Session, output: Output, refs: Sequence[str], wait: bool) -> None:
    """Stop instances.

    Disk and private address stay. The public address goes, unless it is an Elastic IP.

    \b
    Examples:
      minicloud instance stop shop
      minicloud instance stop $(minicloud instance list -q)
    """
    instances = session.client.instances
    Errand(session, output, wait=wait).for_each(refs, instances.show, instances.stop, VIEW)


@click.command()
@instances_argument
@wait_option
@with_output
@pass_session
def reboot(session: Session, output: Output, refs: Sequence[str], wait: bool) -> None:
    """Reboot running instances; their addresses stay.

    \b
    Examples:
      minicloud instance reboot shop
    """
    instances = session.client.instances
    errand = Errand(session, output, wait=wait)
    errand.for_each(refs, instances.show, instances.reboot, VIEW)


@click.command()
@instances_argument
@wait_option
@with_output
@pass_session
def terminate(session: Session, output: Output, refs: Sequence[str], wait: bool) -> None:
    """End instances for good, and their disks with them.

    \b
    Examples:
      minicloud instance terminate shop
      minicloud instance terminate web-1 web-2 --no-wait
    """
    instances = session.client.instances
    errand = Errand(session, output, wait=wait)
    errand.for_each(refs, instances.show, instances.terminate, VIEW)


@click.command()
@instances_argument
@type_option
@wait_option
@with_output
@pass_session
def resize(
    session: Session, output: Output, refs: Sequence[str], type_name: str, wait: bool
) -> None:
    """Change the type of stopped instances.

    For one that runs there is: minicloud scale-up.

    \b
    Examples:
      minicloud instance resize shop --type t3.large
    """
    instances = session.client.instances
    errand = Errand(session, output, wait=wait)
    errand.for_each(refs, instances.show, lambda ref: instances.resize(ref, type_name), VIEW)


@click.command()
@instances_argument
@click.option("--on/--off", "is_protected", default=True, help="On is the default.")
@with_output
@pass_session
def protect(session: Session, output: Output, refs: Sequence[str], is_protected: bool) -> None:
    """Refuse, or with --off allow, the termination of instances.

    \b
    Examples:
      minicloud instance protect shop
      minicloud instance protect shop --off
    """
    instances = session.client.instances
    found = [instances.show(ref)["id"] for ref in refs]
    changed = [instances.modify(id_, termination_protection=is_protected) for id_ in found]
    output.show_list(changed, VIEW)


@click.command()
@instance_argument
@tags_argument
@click.option("--remove", multiple=True, metavar="KEY", help="Take this tag away; repeatable.")
@with_output
@pass_session
def tag(
    session: Session, output: Output, ref: str, tags: dict[str, str], remove: Sequence[str]
) -> None:
    """Set and remove tags of an instance; the tag Name is its name.

    \b
    Examples:
      minicloud instance tag shop team=blue
      minicloud instance tag shop Name=front --remove team
    """
    instances = session.client.instances
    found = instances.show(ref)
    kept = {key: value for key, value in found["tags"].items() if key not in remove}
    output.show_one(instances.modify(found["id"], tags={**kept, **tags}), VIEW)
