"""Completion: the script for a shell, and what it asks for while a person types.

What is asked for must come at once or not at all: no server is started for it, and no error told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import click

from minicloud.client import Client
from minicloud.domain.errors import MiniCloudError
from minicloud.domain.tags import is_name
from minicloud.home import DEFAULT_CLOUD, CloudHome

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Completer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]


def _completer(words: Callable[[Client], Iterable[tuple[str, str]]]) -> Completer:
    def complete(
        context: click.Context, _parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        chosen = context.find_root().params.get("cloud") or DEFAULT_CLOUD
        try:
            found = [*words(Client.connect(CloudHome(chosen), start=False))]
        except MiniCloudError:
            return []
        return [CompletionItem(w, help=h) for w, h in found if w and w.startswith(incomplete)]

    return complete


def _typed(name: str, resource_id: str, all_names: list[str]) -> str:
    """What a person types for a resource: its name where that is plain and means it alone.

    AWS's clients may call things by any text, which a shell must never be given to run.
    """
    return name if is_name(name) and all_names.count(name) == 1 else resource_id


def _instance_words(client: Client) -> list[tuple[str, str]]:
    machines = client.instances.list()
    names = [i["name"] for i in machines]
    return [(_typed(i["name"], i["id"], names), i["state"]) for i in machines]


def _address_words(client: Client) -> list[tuple[str, str]]:
    addresses = client.addresses.list()
    names = [a["name"] for a in addresses]
    return [(_typed(a["name"], a["allocation_id"], names), a["public_ip"]) for a in addresses]


complete_instance = _completer(_instance_words)
complete_image = _completer(lambda client: [(i["name"], i["id"]) for i in client.images.list()])
complete_address = _completer(_address_words)
complete_type = _completer(
    lambda client: [(t["name"], f"{t['vcpus']} vCPU") for t in client.cloud.instance_types()]
)
complete_recipe = _completer(
    lambda client: [(r["name"], r["description"]) for r in client.images.recipes()]
)
complete_operation = _completer(
    lambda client: [(o["id"], o["kind"]) for o in client.operations.list()]
)
complete_balancer = _completer(
    lambda client: [(b["name"], b["url"] or b["state"]) for b in client.balancers.list()]
)
complete_group = _completer(
    lambda client: [
        (g["name"], f"{g['protocol']}:{g['port']}") for g in client.target_groups.list()
    ]
)
complete_listener = _completer(
    lambda client: [
        (f"{b['name']}:{listener['port']}", listener["protocol"])
        for b in client.balancers.list()
        for listener in b["listeners"]
    ]
)
complete_rule = _completer(
    lambda client: [
        (rule["id"], f"{b['name']}:{listener['port']} {rule['priority']}")
        for b in client.balancers.list()
        for listener in b["listeners"]
        for rule in client.rules.list(listener["id"])
    ]
)
complete_certificate = _completer(
    lambda client: [(c["name"], ", ".join(c["domains"])) for c in client.certificates.list()]
)
complete_reservation = _completer(
    lambda client: [(r["id"], f"{r['count']} × {r['type']}") for r in client.reservations.list()]
)
complete_budget = _completer(
    lambda client: [(b["name"], f"{b['monthly_usd']} a month") for b in client.budgets.list()]
)


def _chooser(words: Mapping[str, str]) -> Completer:
    def complete(
        _context: click.Context, _parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(w, help=h) for w, h in words.items() if w.startswith(incomplete)]

    return complete


complete_time_step = _chooser(
    {"1h": "an hour", "1d": "a day", "30d": "30 days", "1mo": "a month", "1y": "a year"}
)
complete_speed = _chooser(
    {"60x": "a minute is an hour", "3600x": "a second is an hour", "86400x": "a second is a day"}
)


def complete_instances(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The last of names that are joined by commas."""
    from click.shell_completion import CompletionItem

    before, comma, last = incomplete.rpartition(",")
    found = complete_instance(context, parameter, last)
    return [CompletionItem(before + comma + item.value, help=item.help) for item in found]


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script that completes commands and names.

    \b
    Examples:
      eval "$(minicloud completion bash)"         # in ~/.bashrc
      eval "$(minicloud completion zsh)"          # in ~/.zshrc
      minicloud completion fish > ~/.config/fish/completions/minicloud.fish
    """
    from click.shell_completion import get_completion_class

    chosen = get_completion_class(shell)
    if chosen is None:
        raise click.BadParameter(f"no completion for {shell}")
    script = chosen(context.find_root().command, {}, "minicloud", "_MINICLOUD_COMPLETE")
    click.echo(script.source())
