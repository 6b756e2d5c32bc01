"""Reset cloud: what the emptied records told of is taken away from the engine.

The records go in the transaction that journals the operation, and what they named is its input: a
server that is killed meanwhile is followed by one that takes the rest away. New machines may come
at once, since no identifier, name or address of those that go is given again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from minicloud.domain import naming
from minicloud.domain.operation import Json, OperationStatus
from minicloud.operations.definition import Definition, Run, Step
from minicloud.ports.store import Transaction

KIND = "reset-cloud"
SUBJECT = "cloud"
_PARALLEL_REMOVALS = 8


def empty_records(transaction: Transaction) -> Json:
    """Empty the records; the operation's input, which names what they told of.

    And what an earlier reset has failed to take away.
    """
    failed = [
        operation.input
        for operation in transaction.operations.all()
        if operation.kind == KIND and operation.status is OperationStatus.FAILED
    ]
    instances = transaction.instances.all()
    images = transaction.images.all()
    balancers = transaction.balancers.all()
    public_ips = {address.public_ip for address in transaction.addresses.all()}
    public_ips |= {balancer.public_ip for balancer in balancers}
    public_ips |= {i.public_ip for i in instances if i.public_ip is not None}
    told: Json = {
        "public_ips": sorted(public_ips),
        "balancer_ids": [balancer.id for balancer in balancers],
        # Those that are gone, too: something of them may have been left behind.
        "instance_ids": [instance.id for instance in instances],
        "image_ids": [image.id for image in images if image.recipe is None],
    }
    transaction.empty()
    return {
        key: [*found, *(left for each in failed for left in each[key])]
        for key, found in told.items()
    }


def _withdraw(run: Run) -> Json:
    for public_ip in run.input["public_ips"]:
        run.world.router.remove_route(public_ip)
    return {}


def _remove_balancers(run: Run) -> Json:
    _at_once(run.world.balancers.take_away, run.input["balancer_ids"])
    return {}


def _remove_machines(run: Run) -> Json:
    doomed = frozenset(run.input["instance_ids"])
    found = run.world.engine.containers({naming.CLOUD_LABEL: run.world.cloud_id})
    names = [c.name for c in found if c.labels.get(naming.RESOURCE_LABEL) in doomed]
    _at_once(run.world.engine.ensure_removed, names)
    return {}


def _remove_images(run: Run) -> Json:
    doomed = frozenset(run.input["image_ids"])
    for image in run.world.engine.images({naming.CLOUD_LABEL: run.world.cloud_id}):
        if image.labels.get(naming.RESOURCE_LABEL) in doomed:
            for reference in image.references or (image.engine_id,):
                run.world.engine.ensure_image_removed(reference)
    return {}


def _at_once(remove: Callable[[str], None], items: Iterable[str]) -> None:
    with ThreadPoolExecutor(_PARALLEL_REMOVALS) as threads:
        for _ in threads.map(remove, items):
            pass


RESET_CLOUD = Definition(
    kind=KIND,
    steps=(
        Step("withdraw-addresses", _withdraw),
        Step("remove-balancers", _remove_balancers),
        Step("remove-machines", _remove_machines),
        Step("remove-images", _remove_images),
    ),
    point_of_no_return="withdraw-addresses",
)
