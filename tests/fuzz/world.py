"""A cloud that has one of everything, so that requests have something to name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from minicloud.domain.action import FixedResponseAction
from minicloud.domain.rule import PathCondition
from minicloud.services.balancers import Front
from minicloud.services.budgets import BudgetRequest
from minicloud.services.prices import BookChoice
from minicloud.services.rules import CreateRule
from tests.unit.cloud import Cloud, prepared
from tests.unit.invariants import records_of


@contextmanager
def furnished_cloud() -> Iterator[Cloud]:
    """A cloud that has one of everything, and in which every operation ends within its request."""
    cloud = Cloud(prepared(_furnish))
    try:
        with pytest.MonkeyPatch.context() as patch:
            cloud.finish_at_once(patch)
            yield cloud
    finally:
        cloud.close()


def live_references(cloud: Cloud) -> dict[str, list[str]]:
    """Names and identifiers of what the cloud has, by the noun of their kind."""
    records = records_of(cloud)
    with cloud.store.read() as transaction:
        operations = [operation.id for operation in transaction.operations.all()]
        reservations = [reservation.id for reservation in transaction.reservations.all()]
    return {
        "instance": [instance.name or instance.id for instance in records.instances],
        "image": [image.id for image in records.images],
        "address": [address.allocation_id for address in records.addresses],
        "balancer": [balancer.name for balancer in records.balancers],
        "target-group": [group.name for group in records.groups],
        "listener": [listener.id for listener in records.listeners],
        "rule": [rule.id for rule in records.rules],
        "operation": operations[:3],
        "reservation": reservations,
        "certificate": ["site"],
        "budget": ["spending"],
    }


def _furnish(cloud: Cloud) -> None:
    """Machines in several states, addresses, an image, a balancer with a certificate at hand."""
    first = cloud.launch("web-1")
    second = cloud.launch("web-2")
    cloud.stop(cloud.launch("resting").id)
    cloud.associate(cloud.allocate("front"), first)
    cloud.allocate("spare")
    cloud.create_image(second.id, "golden")
    cloud.certificates.create("site", ["site.example"])
    cloud.budgets.create(BudgetRequest("spending", "10"))
    cloud.reservations.buy(BookChoice(), "t3.micro:1y:no-upfront:convertible", 1)
    cloud.balance("front", first.id, second.id, front=Front(instances=(first.id, second.id)))
    listener = cloud.listeners.list("front")[0]
    rule = CreateRule(listener.id, 5, (PathCondition(("/a/*",)),), FixedResponseAction(404))
    cloud.succeed(cloud.rules.create(rule)[1])
