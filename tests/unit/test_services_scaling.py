"""Scaling up: a better machine in the place, with the name and the addresses, of another."""

from __future__ import annotations

import pytest

from minicloud.domain.errors import CapacityExceeded, Conflict, InvalidRequest, MiniCloudError
from minicloud.domain.image import ImageState
from minicloud.domain.instance import InstanceState
from minicloud.domain.operation import OperationStatus
from minicloud.ports.engine import ExecResult
from minicloud.services.launching import LaunchRequest
from minicloud.services.scaling import ScaleUpRequest
from tests.unit import invariants
from tests.unit.cloud import Cloud, Moment
from tests.unit.scenario import SERVES_ON_80, serve

REQUEST = ScaleUpRequest("web", "t3.large")


def _with_addresses(cloud: Cloud) -> None:
    serve(cloud)
    request = LaunchRequest("web", "t3.micro", "web", tags={"team": "blue"})
    cloud.succeed(cloud.instances.launch(request)[1])
    for name in ("front", "back"):
        cloud.associate(cloud.allocate(name), "web")


def test_the_new_machine_has_name_tags_addresses_and_the_old_is_gone(cloud: Cloud) -> None:
    _with_addresses(cloud)
    old = cloud.instances.show("web")

    ended = cloud.scale_up("web")

    new = cloud.instances.show("web")
    assert new.id == ended.result["new_instance_id"] != old.id
    assert (new.type_name, dict(new.tags)) == ("t3.large", {"Name": "web", "team": "blue"})
    assert {a.instance_id for a in cloud.addresses.list_all()} == {new.id}
    for name in ("front", "back"):
        assert cloud.edge.target(cloud.addresses.show(name).public_ip) == new.private_ip
    gone = cloud.instances.show(old.id)
    assert gone.state is InstanceState.TERMINATED
    assert gone.name == ""
    assert cloud.images.show(ended.result["image_id"]).state is ImageState.AVAILABLE
    assert cloud.engine.limits(new.container_name).memory_mib == 8192
    invariants.check(cloud)


def test_the_downtime_is_from_the_shutdown_to_the_move(cloud: Cloud) -> None:
    _with_addresses(cloud)
    cloud.on_moment([Moment("create-new", "started")], lambda: cloud.clock.sleep(2.5))
    cloud.on_moment([Moment("seal-image", "started")], lambda: cloud.clock.sleep(60))
    ended = cloud.scale_up("web")
    assert 2500 <= ended.result["downtime_ms"] < 3000
    assert 0 < ended.result["cut_over_ms"] < 100


def test_without_reboot_the_old_serves_until_the_move(cloud: Cloud) -> None:
    _with_addresses(cloud)
    old = cloud.instances.show("web")
    front = cloud.addresses.show("front").public_ip
    seen: list[str | None] = []
    cloud.on_moment(
        [Moment("move-addresses", "started")], lambda: seen.append(cloud.edge.target(front))
    )
    cloud.scale_up("web", reboot=False)
    assert seen == [old.private_ip]
    invariants.check(cloud)


def test_a_new_machine_that_does_not_serve_is_taken_back_and_the_old_serves_again(
    cloud: Cloud,
) -> None:
    _with_addresses(cloud)
    before = invariants.snapshot(cloud)
    old = cloud.instances.show("web")
    cloud.engine.on_exec(
        lambda name, _argv, _stdin: ExecResult(0 if name == old.container_name else 1, SERVES_ON_80)
    )

    ended = cloud.finish(cloud.scaling.scale_up(REQUEST))[0]

    assert ended.status is OperationStatus.FAILED
    assert ended.error is not None
    assert ended.error.code == "ReplacementNotServing"
    assert "80" in ended.error.message
    assert invariants.snapshot(cloud) == before
    assert cloud.edge.target(cloud.addresses.show("front").public_ip) == old.private_ip
    invariants.check(cloud)


def test_the_new_machine_is_awaited_on_the_ports_of_the_old(cloud: Cloud) -> None:
    _with_addresses(cloud)
    asked: list[tuple[str, str]] = []

    def answer(name: str, argv: object, _stdin: bytes) -> ExecResult:
        asked.append((name, str(argv)))
        return ExecResult(0, SERVES_ON_80)

    cloud.engine.on_exec(answer)
    cloud.scale_up("web")
    assert asked[-1][0] == cloud.instances.show("web").container_name
    assert "0050" in asked[-1][1]


def test_what_cannot_be_scaled_is_refused_before_anything_happens(cloud: Cloud) -> None:
    _with_addresses(cloud)
    before = invariants.snapshot(cloud)
    for request, error, code in (
        (ScaleUpRequest("web", "t3.micro"), InvalidRequest, "InvalidParameterValue"),
        (ScaleUpRequest("web", "t9.huge"), InvalidRequest, "InvalidParameterValue"),
        (ScaleUpRequest("nope", "t3.large"), InvalidRequest, "InvalidInstanceID.NotFound"),
        (ScaleUpRequest("web", "r5.xlarge"), CapacityExceeded, "InsufficientInstanceCapacity"),
        (ScaleUpRequest("web", "t3.large", "web"), Conflict, "InvalidAMIName.Duplicate"),
        (ScaleUpRequest("web", "t3.large", "x"), InvalidRequest, "InvalidAMIName.Malformed"),
    ):
        with pytest.raises(error) as caught:
            cloud.scaling.scale_up(request)
        assert isinstance(caught.value, MiniCloudError)
        assert caught.value.code == code
    assert invariants.snapshot(cloud) == before
    cloud.stop("web")
    with pytest.raises(InvalidRequest, match="IncorrectInstanceState") as stopped:
        cloud.scaling.scale_up(REQUEST)
    assert "resize" in stopped.value.resolution
    invariants.check(cloud)


def test_a_machine_without_a_name_is_scaled_up_too(cloud: Cloud) -> None:
    made, operations = cloud.instances.launch(LaunchRequest("web", "t3.micro"))
    cloud.succeed(operations)
    ended = cloud.scale_up(made[0].id)
    assert cloud.instances.show(ended.result["new_instance_id"]).name == ""
    invariants.check(cloud)


def test_both_machines_need_room_at_once_only_without_reboot(cloud: Cloud) -> None:
    cloud.launch("web", "t3.large")
    request = ScaleUpRequest("web", "m5.xlarge", reboot=False)
    with pytest.raises(CapacityExceeded):
        cloud.scaling.scale_up(request)
    cloud.scale_up("web", "m5.xlarge")
    invariants.check(cloud)


def test_a_scale_up_can_follow_another(cloud: Cloud) -> None:
    _with_addresses(cloud)
    cloud.scale_up("web", "t3.small")
    cloud.scale_up("web", "t3.medium")
    assert cloud.instances.show("web").type_name == "t3.medium"
    invariants.check(cloud)
