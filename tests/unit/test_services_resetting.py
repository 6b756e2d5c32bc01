"""Emptying a cloud: everything goes but the cloud itself, also what comes to the tables later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from minicloud.adapters.database import emptying, tables
from minicloud.adapters.database.store import DatabaseTransaction
from minicloud.domain import naming
from minicloud.domain.errors import Conflict
from minicloud.domain.operation import OperationStatus
from minicloud.services.resetting import ResetService
from tests.unit import invariants
from tests.unit.cloud import Cloud, Moment
from tests.unit.conftest import MakeCloud
from tests.unit.scenarios import RESET
from tests.unit.stores import CLOUD_ID

_OF_THE_OPERATION = {tables.operations, tables.operation_steps}


def _row_counts(cloud: Cloud) -> dict[str, int]:
    with cloud.store.read() as transaction:
        assert isinstance(transaction, DatabaseTransaction)
        return {
            table.name: transaction._connection.execute(
                select(func.count()).select_from(table)
            ).scalar_one()
            for table in tables.metadata.sorted_tables
        }


def _itself(cloud: Cloud) -> dict[str, Any]:
    """What a reset leaves alone."""
    with cloud.store.read() as transaction:
        return {
            "cloud": transaction.cloud(),
            "settings": transaction.settings(),
            "clock": transaction.clock_settings(),
            "endpoint": transaction.aws_endpoint(),
            "authority": transaction.certificate_authority(),
            "built": [i for i in transaction.images.all() if i.recipe is not None],
        }


def test_every_table_is_emptied_but_those_of_the_cloud_itself(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(RESET.prepare)
    cloud.certificates.create("site", ["example.test"])
    before = _itself(cloud)
    full = {name for name, count in _row_counts(cloud).items() if count}
    assert {"instances", "targets", "ledger", "leases", "operations", "certificates"} <= full
    cloud.succeed(cloud.resetting.reset())

    assert _itself(cloud) == before
    kept = {table.name for table in emptying.KEPT}
    left = {name for name, count in _row_counts(cloud).items() if count} - kept
    assert left == {"images", *(table.name for table in _OF_THE_OPERATION)}
    assert kept == {
        "cloud",
        "settings",
        "clock_settings",
        "aws_endpoints",
        "certificate_authorities",
        "lease_cursors",
    }


def test_the_engine_keeps_nothing_of_it(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(RESET.prepare)
    gone = next(i for i in cloud.instances.list_all(include_terminated=True) if not i.is_live)
    cloud.engine.add_leftover(
        gone.container_name, "minicloud/web:1", naming.labels(CLOUD_ID, gone.id)
    )
    cloud.engine.add_stranger("theirs")
    cloud.succeed(cloud.resetting.reset())
    assert invariants.containers_of(cloud) == {}
    assert cloud.engine.container(gone.container_name) is None
    assert cloud.engine.container("theirs") is not None
    assert cloud.plane.seen() == {}
    assert cloud.edge.seen() == {}
    assert [r for i in cloud.engine.images({}) for r in i.references if "/ami:" in r] == []
    invariants.check(cloud)


def test_it_can_be_used_at_once_and_gives_no_address_again(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(RESET.prepare)
    before = {instance.private_ip for instance in cloud.instances.list_all(include_terminated=True)}
    cloud.resetting.reset()
    machine = cloud.launch("web")
    assert machine.private_ip not in before
    cloud.finish(cloud.operations.list_recent(10))
    invariants.check(cloud)


def test_the_ledger_is_append_only_afterwards_as_before(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(RESET.prepare)
    cloud.succeed(cloud.resetting.reset())
    cloud.launch("web")
    triggers = cloud.rows("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
    assert triggers == [("ledger_no_delete",), ("ledger_no_update",)]


def test_tags_on_what_ships_go(cloud: Cloud) -> None:
    image = cloud.images.show("web")
    cloud.tags.create([image.id], {"team": "a"})
    assert cloud.images.show("web").tags == {"team": "a"}
    cloud.succeed(cloud.resetting.reset())
    assert cloud.images.show("web").tags == {}


def test_what_is_under_way_is_waited_for(cloud: Cloud) -> None:
    cloud.launch("web")
    cloud.instances.stop("web")
    cloud.succeed(cloud.resetting.reset())
    assert cloud.instances.list_all(include_terminated=True) == []
    invariants.check(cloud)


def test_what_does_not_end_is_told_and_nothing_changes(cloud: Cloud) -> None:
    cloud.launch("web")
    cloud.kill_at(Moment("withdraw-addresses", "started"))
    cloud.instances.terminate("web")
    cloud.await_death()
    impatient = ResetService(cloud.world, cloud.runner, cloud.operations, quiet_within_s=0)
    with pytest.raises(Conflict, match="terminate-instance") as refused:
        impatient.reset()
    assert refused.value.code == "OperationInProgress"
    assert [i.name for i in cloud.instances.list_all(include_terminated=True)] == ["web"]
    cloud.restart()


def test_the_reconcilers_hands_are_waited_for(cloud: Cloud) -> None:
    cloud.launch("web")
    with cloud.store.write() as transaction:
        transaction.claims.take(["i-1"], "reconciler")
    impatient = ResetService(cloud.world, cloud.runner, cloud.operations, quiet_within_s=0)
    with pytest.raises(Conflict, match="a correction"):
        impatient.reset()
    with cloud.store.write() as transaction:
        transaction.claims.release("reconciler")
    cloud.succeed(impatient.reset())


def test_the_meter_writes_nothing_of_what_has_gone(cloud: Cloud) -> None:
    cloud.launch("web")
    usage = cloud.engine.usage

    def reset_meanwhile(names: Any) -> Any:
        read = usage(names)
        cloud.succeed(cloud.resetting.reset())
        return read

    cloud.engine.usage = reset_meanwhile  # type: ignore[method-assign]
    cloud.meter.measure_once()
    with cloud.store.read() as transaction:
        assert transaction.usage_hours.readings() == {}
        assert transaction.usage_hours.of_instances(cloud.clock.now() - timedelta(days=1)) == []


def test_a_reset_is_the_only_operation_that_a_new_cloud_tells_of(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(RESET.prepare)
    cloud.succeed(cloud.resetting.reset())
    told = cloud.operations.list_recent(10)
    assert [(o.kind, o.status) for o in told] == [("reset-cloud", OperationStatus.SUCCEEDED)]
