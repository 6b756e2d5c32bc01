"""Rules of listeners. A listener's default rule is its own action, and has no record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from minicloud.aws.backend import AwsBackend
from minicloud.aws.changing import settled
from minicloud.aws.elbv2.actions import CHECKED_TYPES, action_from, action_shapes, carried_below
from minicloud.aws.elbv2.conditions import CARRIED, condition_shape, conditions_from
from minicloud.aws.elbv2.paging import paging_of
from minicloud.aws.elbv2.records import Records
from minicloud.aws.elbv2.tags import tags_given
from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Operation, Shape
from minicloud.domain.errors import Conflict
from minicloud.domain.listener import Listener
from minicloud.domain.rule import Rule
from minicloud.services.rules import CreateRule, ModifyRule

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import (
        CreateRuleInputTypeDef,
        DeleteRuleInputTypeDef,
        DescribeRulesInputTypeDef,
        ModifyRuleInputTypeDef,
        SetRulePrioritiesInputTypeDef,
    )

_PAGING = paging_of("DescribeRules")
_DEFAULT_PRIORITY = "default"
# A rule, or the listener whose default rule it is.
_AnyRule: TypeAlias = Rule | Listener


def create_rule(backend: AwsBackend, request: CreateRuleInputTypeDef) -> Shape:
    """Treat some requests of a listener otherwise, from when this returns."""
    records = Records.of(backend)
    wanted = CreateRule(
        listener=records.listener(request["ListenerArn"]).id,
        priority=request["Priority"],
        conditions=conditions_from(request["Conditions"]),
        action=action_from(records, request["Actions"]),
        tags=tags_given(request.get("Tags")),
    )
    with _awss_words():
        rule = settled(backend, lambda: backend.rules.create(wanted))
    return {"Rules": [rule_shape(rule, Records.of(backend))]}


def describe_rules(backend: AwsBackend, request: DescribeRulesInputTypeDef) -> Shape:
    """A listener's rules, the first to be tried first, its default rule last; or those of ARNs."""
    records = Records.of(backend)
    listener_arn, arns = request.get("ListenerArn"), request.get("RuleArns")
    if bool(listener_arn) == bool(arns):
        raise AwsFailure(
            "ValidationError", "You must specify either listener rule ARNs or a listener ARN"
        )
    chosen: list[_AnyRule]
    if listener_arn:
        listener = records.listener(listener_arn)
        chosen = [*records.rules_of(listener), listener]
    else:
        chosen = list({arn: _any_rule(records, arn) for arn in arns or ()}.values())
    page = _PAGING.page(backend, request, chosen, lambda rule: rule.id)
    return {
        "Rules": [rule_shape(rule, records) for rule in page.records],
        "NextMarker": page.next_token,
    }


def modify_rule(backend: AwsBackend, request: ModifyRuleInputTypeDef) -> Shape:
    """Change what a rule does, or for which requests."""
    records = Records.of(backend)
    rule = _own_rule(records, request["RuleArn"], "modified")
    conditions, actions = request.get("Conditions"), request.get("Actions")
    if not conditions and not actions:
        raise AwsFailure("ValidationError", "Either conditions or actions must be specified")
    changes = ModifyRule(
        conditions=conditions_from(conditions) if conditions else None,
        action=action_from(records, actions) if actions else None,
    )
    changed = settled(backend, lambda: backend.rules.modify(rule.id, changes))
    return {"Rules": [rule_shape(changed, Records.of(backend))]}


def delete_rule(backend: AwsBackend, request: DeleteRuleInputTypeDef) -> Shape:
    """Delete a rule."""
    rule = _own_rule(Records.of(backend), request["RuleArn"], "deleted")
    settled(backend, lambda: (None, backend.rules.delete(rule.id)))
    return {}


def set_rule_priorities(backend: AwsBackend, request: SetRulePrioritiesInputTypeDef) -> Shape:
    """Give rules of one listener other priorities, all at once."""
    records = Records.of(backend)
    priorities: dict[str, int] = {}
    for pair in request["RulePriorities"]:
        if "RuleArn" not in pair or "Priority" not in pair:
            raise AwsFailure("ValidationError", "A rule ARN and a priority must be specified")
        rule = _own_rule(records, pair["RuleArn"], "reprioritized")
        if rule.id in priorities:
            raise AwsFailure("ValidationError", f"Rule '{pair['RuleArn']}' is specified twice")
        if pair["Priority"] in priorities.values():
            raise AwsFailure(
                "ValidationError", f"Priority '{pair['Priority']}' was provided multiple times"
            )
        priorities[rule.id] = pair["Priority"]
    with _awss_words():
        changed = _in_order(backend, priorities)
    records = Records.of(backend)
    return {"Rules": [rule_shape(rule, records) for rule in changed if rule.id in priorities]}


@contextmanager
def _awss_words() -> Iterator[None]:
    """Services name the two rules of one priority, by names that the wire has not."""
    try:
        yield
    except Conflict as error:
        if error.code != "PriorityInUse":
            raise
        raise AwsFailure(error.code, "The specified priority is in use.") from error


def rule_shape(rule: _AnyRule, records: Records) -> Shape:
    """A rule as answers have it."""
    if isinstance(rule, Listener):
        return {
            "RuleArn": records.default_rule_arn(rule),
            "Priority": _DEFAULT_PRIORITY,
            "Conditions": [],
            "Actions": action_shapes(rule.action, records),
            "IsDefault": True,
        }
    return {
        "RuleArn": records.rule_arn(rule),
        "Priority": str(rule.priority),
        "Conditions": [condition_shape(condition) for condition in rule.conditions],
        "Actions": action_shapes(rule.action, records),
        "IsDefault": False,
    }


def _in_order(backend: AwsBackend, priorities: dict[str, int]) -> Sequence[Rule]:
    return settled(backend, lambda: backend.rules.set_priorities(priorities))


def _any_rule(records: Records, arn: str) -> _AnyRule:
    return records.listener_of_default_rule(arn) or records.rule(arn)


def _own_rule(records: Records, arn: str, done: str) -> Rule:
    """The rule of this ARN; ``OperationNotPermitted`` for a default rule."""
    if records.listener_of_default_rule(arn) is not None:
        raise AwsFailure("OperationNotPermitted", f"Default rule '{arn}' cannot be {done}")
    return records.rule(arn)


_CARRIED = CARRIED | carried_below("Actions")
_CHECKED = {"Actions.Type": CHECKED_TYPES}
OPERATIONS = (
    Operation(
        "CreateRule",
        create_rule,
        carried=_CARRIED | {"ListenerArn", "Priority", "Tags"},
        checked=_CHECKED,
        changes=True,
    ),
    Operation(
        "DescribeRules",
        describe_rules,
        carried=frozenset({"ListenerArn", "RuleArns", "Marker", "PageSize"}),
    ),
    Operation(
        "ModifyRule",
        modify_rule,
        carried=_CARRIED | {"RuleArn"},
        checked=_CHECKED,
        changes=True,
    ),
    Operation("DeleteRule", delete_rule, carried=frozenset({"RuleArn"}), changes=True),
    Operation(
        "SetRulePriorities",
        set_rule_priorities,
        carried=frozenset({"RulePriorities"}),
        changes=True,
    ),
)
