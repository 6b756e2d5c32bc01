"""``minicloud up``, ``down`` and ``status``: the cloud itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

import click

from minicloud.cli.clock import clock_text
from minicloud.cli.consent import require_consent, what_it_has
from minicloud.cli.output import Details, Output, View, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.text import coloured, counted, memory_text, note, time_text, visible
from minicloud.client.failures import from_record
from minicloud.client.launcher import await_end
from minicloud.client.transport import is_answering
from minicloud.domain.errors import Unavailable

if TYPE_CHECKING:
    from minicloud.client.shapes import AwsEndpointShape, EngineShape, StatusShape
    from minicloud.home import CloudHome

_DAMAGED_CODES = frozenset({"ServerDied", "StoreDamaged"})


@click.command()
@click.option(
    "--cpu-overcommit", type=float, metavar="X", help="vCPUs to give for each that there is."
)
@click.option("--memory-overcommit", type=float, metavar="X", help="The same for memory.")
@click.option("--address-limit", type=int, metavar="N", help="How many Elastic IPs there may be.")
@click.option(
    "--region", metavar="REGION", help="The AWS region that it plays; only while it is empty."
)
@click.option(
    "--simulated-clock",
    is_flag=True,
    help="Give it a clock that can be moved, if nothing has happened in it yet.",
)
@click.option(
    "--engine",
    type=click.Choice(["docker", "simulated"]),
    help="What a new cloud is on; docker by default.",
)
@with_output
@pass_session
def up(
    session: Session,
    /,
    output: Output,
    simulated_clock: bool,
    engine: str | None,
    **settings: Any,
) -> None:
    """Start the cloud's server, and change its settings. Other commands start it, too.

    The settings are kept. By default 4 vCPUs are given for each of the host's and 1 MiB for each
    MiB, 5 Elastic IPs can be allocated, as on EC2, and the cloud plays the region us-east-1.

    On the simulated engine nothing runs and nothing can be connected to; all else is as on Docker,
    needs no Docker, and is done within milliseconds: for tests of code that calls AWS.

    \b
    Examples:
      minicloud up
      minicloud up --cpu-overcommit 8 --address-limit 20
      minicloud --cloud seoul up --region ap-northeast-2
      minicloud --cloud trial up --simulated-clock    # then: minicloud clock --help
      minicloud --cloud dry up --engine simulated
    """
    if engine is not None:
        _be_on(engine, session)
    if simulated_clock:
        session.client.clock.simulate()
    if any(value is not None for value in settings.values()):
        session.client.cloud.change_settings(**settings)
    found = session.client.cloud.status()
    engine_error = found["engine"]["error"]
    if engine_error is not None:
        raise from_record(engine_error)
    output.show_one(_as_shown(found), _RUNNING_VIEW)


@click.command()
@with_output
@pass_session
def status(session: Session, output: Output) -> None:
    """Show how the cloud stands. It starts nothing. With -q, "running" or "stopped" alone.

    Budgets, where there are any, are held against this month's bill.

    \b
    Examples:
      minicloud status
      minicloud status --query capacity
      minicloud status --query "budgets[?alert].name"
    """
    if is_answering(session.home.socket):
        shown = _as_shown(session.client.cloud.status())
        budgets = [] if output.is_quiet else session.client.budgets.list()
        output.show_one({**shown, "budgets": budgets}, _STATUS_VIEW)
        return
    at_rest = {
        "state": "stopped",
        "cloud": {"name": session.home.name},
        "server": {"home": str(session.home.folder)},
    }
    output.show_one(at_rest, _STOPPED_VIEW)


@click.command()
@click.option(
    "--purge", is_flag=True, help="Remove all that the cloud has: machines, images, records."
)
@click.option("--images", "with_images", is_flag=True, help="With --purge: also what was built.")
@click.option("-y", "--yes", is_flag=True, help="With --purge: do not ask.")
@pass_session
def down(session: Session, purge: bool, with_images: bool, yes: bool) -> None:
    """Stop the cloud's server. Its machines and addresses go on without it, until --purge.

    \b
    Examples:
      minicloud down
      minicloud --cloud trial down --purge
      minicloud down --purge --images --yes
    """
    if purge:
        _purge(session, with_images=with_images, is_sure=yes)
    elif with_images or yes:
        raise click.UsageError("--images and --yes go with --purge")
    elif not is_answering(session.home.socket):
        note(f"cloud {session.home.name} is not running")
    else:
        _stop(session)


def _be_on(engine: str, session: Session) -> None:
    from minicloud.domain.engine_kind import require_engine

    session.choose_engine(engine)
    cloud = session.client.cloud.status()["cloud"]
    require_engine(cloud["name"], cloud["engine"], engine)


def _as_shown(found: StatusShape) -> dict[str, Any]:
    return {"state": "running", **found}


def _stop(session: Session) -> None:
    status = session.client.cloud.status()
    session.client.cloud.shutdown()
    await_end(status["server"]["pid"])
    name = session.home.name
    note(f"the server of cloud {name} has stopped")
    running = status["counts"]["instances"].get("running", 0)
    if running and status["cloud"]["engine"] != "simulated":
        machines = "1 machine keeps" if running == 1 else f"{running} machines keep"
        note(f"{machines} running and can be reached as before")
        note(f"remove all of it: minicloud --cloud {name} down --purge")


def _purge(session: Session, *, with_images: bool, is_sure: bool) -> None:
    home = session.home
    if not home.folder.exists():
        note(f"there is no cloud {home.name}: nothing to remove")
        return
    status = _status_for_purge(session)
    note(_what_goes(status, home, with_images=with_images))
    if not is_sure:
        require_consent()
    for message in session.client.cloud.purge(images=with_images):
        note(message)
    await_end(status["server"]["pid"])
    _remove_folder(home)
    note(f"cloud {home.name} is gone")


def _status_for_purge(session: Session) -> StatusShape:
    try:
        return session.client.cloud.status()
    except Unavailable as error:
        if error.code not in _DAMAGED_CODES:
            raise
        home = session.home
        raise Unavailable(
            "CloudDamaged",
            f"what cloud {home.name} has cannot be told: {error.message}",
            f"remove it by hand: docker rm -fv $(docker ps -aqf name=^minicloud-{home.name}-);"
            f" docker network rm minicloud-{home.name}; rm -r {home.folder}",
        ) from error


def _what_goes(status: StatusShape, home: CloudHome, *, with_images: bool) -> str:
    built = ", and the images built for every cloud" if with_images else ""
    what = f"{what_it_has(status)}, {home.folder}{built}"
    return f"this removes cloud {home.name} for good: {what}"


def _remove_folder(home: CloudHome) -> None:
    import shutil

    shutil.rmtree(home.folder)


def _stopped_details(at_rest: dict[str, Any]) -> Details:
    return {
        "Cloud": at_rest["cloud"]["name"],
        "State": coloured("stopped", "yellow", sys.stdout) + " (start it: minicloud up)",
        "Home": visible(at_rest["server"]["home"]),
    }


def _running_details(status: StatusShape) -> Details:
    server, settings, counts = status["server"], status["settings"], status["counts"]
    is_simulated, place = status["cloud"]["engine"] == "simulated", status["cloud"]["place"]
    reach = "simulated" if is_simulated else status["cloud"]["edge_mode"]
    machines = ", ".join(f"{n} {state}" for state, n in sorted(counts["instances"].items()))
    return {
        "Cloud": f"{status['cloud']['name']} ({status['cloud']['id']})",
        "State": coloured("running", "green", sys.stdout),
        "Server": f"process {server['pid']}, {server['version']},"
        f" since {time_text(server['started_at'])}",
        "Home": visible(server["home"]),
        "Log": visible(server["log"]),
        **({"Clock": clock_text(status["clock"])} if status["clock"]["simulated"] else {}),
        "AWS endpoint": _endpoint_lines(status["aws"]),
        "Region": settings["region"],
        "Engine": _simulated_lines() if is_simulated else _engine_lines(status["engine"]),
        "Network": "not made yet" if place is None else f"172.31.{place * 16}.0/20, {reach}",
        "Capacity": _capacity_lines(status),
        "Instances": machines or "0",
        "Images": str(counts["images"]),
        "Addresses": f"{counts['addresses']} of {settings['address_limit']}",
        "Load balancers": str(counts["balancers"]),
        "Operations under way": str(counts["operations_running"]),
    }


def _endpoint_lines(endpoint: AwsEndpointShape) -> list[str]:
    error = endpoint["error"]
    if error is not None:
        wrong = coloured("not listening", "red", sys.stdout) + visible(f": {error['message']}")
        return [wrong, f"→ {visible(error['resolution'])}"]
    return [f"{endpoint['url']} (its keys: minicloud env)"]


def _status_details(status: dict[str, Any]) -> Details:
    details = _running_details(cast("StatusShape", status))
    if not status["budgets"]:
        return details
    from minicloud.cli.budget import budget_line

    return {**details, "Budgets": [budget_line(budget) for budget in status["budgets"]]}


def _simulated_lines() -> list[str]:
    return [
        coloured("simulated", "yellow", sys.stdout),
        "nothing runs in it, and nothing can be connected to",
    ]


def _engine_lines(engine: EngineShape) -> list[str]:
    error = engine["error"]
    if error is not None:
        wrong = coloured("unreachable", "red", sys.stdout) + visible(f": {error['message']}")
        return [wrong, f"→ {visible(error['resolution'])}"]
    return [
        visible(f"Docker {engine['version']} on {engine['operating_system']}"),
        f"{counted(engine['cpu_count'], 'CPU')}, {memory_text(engine['memory_mib'])}",
    ]


def _capacity_lines(status: StatusShape) -> list[str]:
    capacity, settings = status["capacity"], status["settings"]
    if capacity is None:
        return []
    memory_used = memory_text(capacity["memory_mib_used"])
    return [
        f"{capacity['vcpus_used']} of {capacity['vcpus_limit']} vCPUs given"
        f" (overcommit {settings['cpu_overcommit']:g})",
        f"{memory_used} of {memory_text(capacity['memory_mib_limit'])} given"
        f" (overcommit {settings['memory_overcommit']:g})",
    ]


_RUNNING_VIEW = View("state", (), _running_details)
_STATUS_VIEW = View("state", (), _status_details)
_STOPPED_VIEW = View("state", (), _stopped_details)
