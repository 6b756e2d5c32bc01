"""``minicloud rule``: which requests of a listener are treated otherwise."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from minicloud.cli.actions import action_lines, action_text, require_action, with_action
from minicloud.cli.completion import complete_rule
from minicloud.cli.conditions import (
    condition_lines,
    conditions_text,
    require_conditions,
    with_conditions,
)
from minicloud.cli.instance import tag_lines
from minicloud.cli.lazy import LazyGroup
from minicloud.cli.listener import listener_argument
from minicloud.cli.output import Details, Output, View, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.table import Column
from minicloud.cli.text import note, time_text, visible
from minicloud.cli.waiting import Errand, wait_option
from minicloud.client.rules import RuleRequest, RuleSettings

if TYPE_CHECKING:
    from minicloud.client.balancer_shapes import (
        ActionShape,
        ConditionShape,
        RuleShape,
        RulesShape,
    )

_SHORT = 8


@click.group(
    cls=LazyGroup,
    lazy={
        "create": "minicloud.cli.rule:create",
        "list": "minicloud.cli.rule:list_all",
        "show": "minicloud.cli.rule:show",
        "modify": "minicloud.cli.rule:modify",
        "delete": "minicloud.cli.rule:delete",
    },
)
def rule() -> None:
    """Rules: some requests of a listener are treated otherwise.

    A LISTENER is BALANCER:PORT, as web:80, or an id; a RULE is an id.
    """


def _details(found: RuleShape) -> Details:
    return {
        "Id": found["id"],
        "Listener": visible(f"{found['balancer_name']}:{found['port']} ({found['listener_id']})"),
        "Priority": str(found["priority"]),
        "If": condition_lines(found["conditions"]),
        "Then": action_lines(found["action"]),
        "Created": time_text(found["created_at"]),
        "Tags": tag_lines(found["tags"]),
    }


VIEW = View(
    "id",
    (
        Column("PRIORITY", lambda r: str(r["priority"]), is_number=True),
        Column("ID", lambda r: r["id"]),
        Column("IF", lambda r: conditions_text(r["conditions"]), shrinks_to=_SHORT),
        Column("THEN", lambda r: action_text(r["action"]), shrinks_to=_SHORT),
    ),
    _details,
)


@click.command("list")
@listener_argument
@with_output
@pass_session
def list_all(session: Session, output: Output, ref: str) -> None:
    """List the rules of a listener, the first to be tried first.

    \b
    Examples:
      minicloud rule list web:80
      minicloud rule list web:80 --query "[].{priority: priority, if: conditions}"
    """
    found = session.client.rules.list(ref)
    output.show_list(found, VIEW)
    if not found and output.is_table and sys.stderr.isatty():
        note("no rules: every request gets the listener's own action (minicloud listener show)")


@click.command()
@click.argument("ref", metavar="RULE", shell_complete=complete_rule)
@with_output
@pass_session
def show(session: Session, output: Output, ref: str) -> None:
    """Show all that is known of a rule.

    \b
    Examples:
      minicloud rule show rule-0a1b2c3d4e5f60718
    """
    output.show_one(session.client.rules.show(ref), VIEW)


@click.command()
@listener_argument
@click.option(
    "--priority", type=int, required=True, metavar="N", help="1-50000; the lowest is tried first."
)
@with_conditions
@with_action
@wait_option
@with_output
@pass_session
def create(
    session: Session,
    /,
    output: Output,
    action: ActionShape | None,
    conditions: list[ConditionShape],
    **options: Any,
) -> None:
    """Treat some requests of a listener otherwise.

    Different conditions must all hold; of several of one kind, one is enough. * and ? stand for
    anything and for one character. What a redirect's URL leaves out stays as the request has it.

    \b
    Examples:
      minicloud rule create web:80 --priority 10 --path '/img/*' --forward images
      minicloud rule create web:80 --priority 20 --host 'api.*' --method POST \\
        --forward blue=9 --forward green=1
      minicloud rule create web:80 --priority 30 --header 'user-agent: *curl*' \\
        --redirect https
      minicloud rule create web:80 --priority 40 --query-string beta=1 \\
        --source-ip 10.0.0.0/8 --fixed-response 403:no
    """
    wait = options.pop("wait")
    request = RuleRequest(
        listener=options.pop("ref"),
        action=require_action(action),
        conditions=require_conditions(conditions),
        **options,
    )
    _finish(session, output, session.client.rules.create(request), wait=wait)


@click.command()
@click.argument("ref", metavar="RULE", shell_complete=complete_rule)
@click.option("--priority", type=int, metavar="N", help="1-50000; the lowest is tried first.")
@with_conditions
@with_action
@wait_option
@with_output
@pass_session
def modify(
    session: Session,
    /,
    output: Output,
    action: ActionShape | None,
    conditions: list[ConditionShape],
    **options: Any,
) -> None:
    """Change a rule. Conditions that are given replace all that it had.

    \b
    Examples:
      minicloud rule modify rule-0a1b2c3d4e5f60718 --priority 5
      minicloud rule modify rule-0a1b2c3d4e5f60718 --path '/img/*' --forward green
    """
    wait, ref = options.pop("wait"), options.pop("ref")
    changes = RuleSettings(action=action, conditions=conditions or None, **options)
    if changes == RuleSettings():
        raise click.UsageError("say what to change")
    _finish(session, output, session.client.rules.modify(ref, changes), wait=wait)


@click.command()
@click.argument("refs", metavar="RULE...", nargs=-1, required=True, shell_complete=complete_rule)
@wait_option
@with_output
@pass_session
def delete(session: Session, output: Output, refs: Sequence[str], wait: bool) -> None:
    """Delete rules.

    \b
    Examples:
      minicloud rule delete rule-0a1b2c3d4e5f60718
      minicloud rule delete $(minicloud rule list web:80 -q)
    """
    rules = session.client.rules
    errand = Errand(session, output, wait=wait)
    errand.for_each(refs, rules.show, rules.delete, VIEW, gone="deleted")


def _finish(session: Session, output: Output, begun: RulesShape, *, wait: bool) -> None:
    rules = session.client.rules
    rule_id = begun["rules"][0]["id"]
    Errand(session, output, wait=wait).finish(
        begun["operations"], lambda: output.show_list([rules.show(rule_id)], VIEW)
    )
