"""Rules: which requests of a listener are treated otherwise."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from minicloud.domain.action import Action
from minicloud.domain.balancer import Balancer, BalancerType
from minicloud.domain.errors import CapacityExceeded, Conflict, InvalidRequest
from minicloud.domain.ids import IdKind, make_id
from minicloud.domain.rule import RULES_PER_BALANCER_MAX, Condition, Rule
from minicloud.domain.tags import validate_plain_tags
from minicloud.operations import balancer_records
from minicloud.operations.balancer_records import require_balancer
from minicloud.operations.configure_balancer import RecordKind
from minicloud.operations.definition import World
from minicloud.ports.store import Transaction
from minicloud.services.configuring import (
    Change,
    Configuring,
    Locate,
    Operations,
    require_unclaimed,
)
from minicloud.services.forwarding import resolved_action
from minicloud.services.resolve import find_listener, find_rule


@dataclass(frozen=True)
class CreateRule:
    """A rule to be made; the groups of ``action`` may be names."""

    listener: str
    priority: int
    conditions: Sequence[Condition]
    action: Action
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ModifyRule:
    """What to change of a rule; None: nothing. ``tags`` are all of them."""

    priority: int | None = None
    conditions: Sequence[Condition] | None = None
    action: Action | None = None
    tags: Mapping[str, str] | None = None


class RuleService:
    """Everything that can be asked of rules."""

    def __init__(self, world: World, configuring: Configuring) -> None:
        self._world = world
        self._configuring = configuring

    def create(self, request: CreateRule) -> tuple[Rule, Operations]:
        """Add a rule; ``PriorityInUse`` where the listener has one of this priority."""
        tags = validate_plain_tags(request.tags)
        made: list[Rule] = []

        def edit(change: Change) -> None:
            transaction = change.transaction
            listener = find_listener(transaction, request.listener)
            # One that is being made or changed could be put back as it was, or away.
            require_unclaimed(transaction, listener.id)
            balancer = require_balancer(transaction, listener.balancer_id)
            _require_room(transaction, balancer)
            rule = Rule(
                id=make_id(IdKind.RULE, secrets.token_hex(9)),
                listener_id=listener.id,
                priority=request.priority,
                conditions=tuple(request.conditions),
                action=resolved_action(transaction, balancer, request.action),
                created_at=self._world.clock.now(),
                tags=tags,
            )
            change.add(RecordKind.RULE, rule)
            _require_distinct(transaction, listener.id)
            made.append(rule)

        operations = self._configuring.change(
            lambda transaction: find_listener(transaction, request.listener).balancer_id, edit
        )
        return made[0], operations

    def list(self, listener_ref: str) -> list[Rule]:
        """A listener's rules, the first to be tried first."""
        with self._world.store.read() as transaction:
            listener = find_listener(transaction, listener_ref)
            return balancer_records.rules_of(transaction, [listener.id])

    def show(self, ref: str) -> Rule:
        """The rule of this id."""
        with self._world.store.read() as transaction:
            return find_rule(transaction, ref)

    def modify(self, ref: str, request: ModifyRule) -> tuple[Rule, Operations]:
        """Change a rule."""
        rule = self.show(ref)
        tags = None if request.tags is None else validate_plain_tags(request.tags)
        made = [rule]

        def edit(change: Change) -> None:
            after = _modified(change.transaction, find_rule(change.transaction, rule.id), request)
            made[0] = after if tags is None else replace(after, tags=tags)
            change.save(RecordKind.RULE, made[0])
            _require_distinct(change.transaction, rule.listener_id)

        operations = self._configuring.change(_follower(rule.id), edit)
        return made[0], operations

    def set_priorities(self, priorities: Mapping[str, int]) -> tuple[Sequence[Rule], Operations]:
        """Give rules of one listener other priorities, all at once, so that two can change places.

        The answer: the listener's rules in their new order.
        """
        if not priorities:
            raise InvalidRequest("ValidationError", "no rule is named", "name a rule or more")
        listener_ids = {self.show(ref).listener_id for ref in priorities}
        if len(listener_ids) != 1:
            raise InvalidRequest(
                "ValidationError",
                "the rules are of several listeners, whose priorities have nothing to do with each"
                " other",
                "set the priorities of one listener's rules at a time",
            )
        listener_id = listener_ids.pop()

        def edit(change: Change) -> None:
            for ref, priority in priorities.items():
                rule = find_rule(change.transaction, ref)
                change.save(RecordKind.RULE, replace(rule, priority=priority))
            _require_distinct(change.transaction, listener_id)

        operations = self._configuring.change(_follower(next(iter(priorities))), edit)
        return self.list(listener_id), operations

    def delete(self, ref: str) -> Operations:
        """Delete a rule; what it fitted is the next one's, or the listener's own action's."""
        rule_id = self.show(ref).id
        return self._configuring.change(
            _follower(rule_id), lambda change: change.remove(RecordKind.RULE, rule_id)
        )


def _modified(transaction: Transaction, before: Rule, request: ModifyRule) -> Rule:
    action = before.action
    if request.action is not None:
        listener = find_listener(transaction, before.listener_id)
        balancer = require_balancer(transaction, listener.balancer_id)
        action = resolved_action(transaction, balancer, request.action)
    return replace(
        before,
        priority=before.priority if request.priority is None else request.priority,
        conditions=before.conditions if request.conditions is None else tuple(request.conditions),
        action=action,
    )


def _require_room(transaction: Transaction, balancer: Balancer) -> None:
    if balancer.type is BalancerType.NETWORK:
        raise InvalidRequest(
            "InvalidConfigurationRequest",
            f"balancer {balancer.name} carries TCP, of which rules know nothing",
            "rules are for HTTP and HTTPS listeners",
        )
    listener_ids = [each.id for each in balancer_records.listeners_of(transaction, balancer.id)]
    count = len(balancer_records.rules_of(transaction, listener_ids))
    if count >= RULES_PER_BALANCER_MAX:
        raise CapacityExceeded(
            "TooManyRules",
            f"balancer {balancer.name} has {count} rules, which is the limit",
            "delete one: minicloud rule delete RULE",
        )


def _require_distinct(transaction: Transaction, listener_id: str) -> None:
    """``PriorityInUse`` where two rules of the listener have one priority."""
    by_priority: dict[int, str] = {}
    for rule in balancer_records.rules_of(transaction, [listener_id]):
        other_id = by_priority.setdefault(rule.priority, rule.id)
        if other_id != rule.id:
            raise Conflict(
                "PriorityInUse",
                f"{other_id} and {rule.id} would both have the priority {rule.priority}",
                "choose another priority, or let the two change places in one request",
            )


def _follower(rule_id: str) -> Locate:
    def locate(transaction: Transaction) -> str:
        rule = find_rule(transaction, rule_id)
        return find_listener(transaction, rule.listener_id).balancer_id

    return locate
