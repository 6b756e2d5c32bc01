"""What can be asked of target groups."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from minicloud.domain import target_group
from minicloud.domain.errors import (
    CapacityExceeded,
    Conflict,
    EngineUnreachable,
    InvalidRequest,
    MiniCloudError,
    NotFound,
)
from minicloud.domain.health_check import CheckProtocol
from minicloud.domain.target import TargetState
from minicloud.domain.target_group import Algorithm, GroupProtocol
from minicloud.ports.balancer_plane import TargetMode
from minicloud.services.rules import ModifyRule
from minicloud.services.target_groups import (
    TRAFFIC_PORT,
    CreateTargetGroup,
    GroupSettings,
    HealthCheckChange,
    ModifyTargetGroup,
    TargetRef,
)
from tests.unit import invariants
from tests.unit.balancing_scenarios import balanced, create_rule, forward
from tests.unit.cloud import Cloud
from tests.unit.conftest import MakeCloud


def _refused(cloud: Cloud, ask: Callable[[Cloud], object]) -> MiniCloudError:
    before = invariants.snapshot(cloud)
    with pytest.raises(MiniCloudError) as caught:
        ask(cloud)
    invariants.check(cloud)
    assert invariants.snapshot(cloud) == before
    return caught.value


def _modes(cloud: Cloud) -> dict[str, TargetMode]:
    return cloud.plane.modes(cloud.balancers.show("front").container_name)


def test_a_group_has_awss_defaults_where_nothing_is_said(cloud: Cloud) -> None:
    group = cloud.target_groups.create(CreateTargetGroup("web"))
    check = group.health_check
    assert (check.path, check.matcher, check.interval_s, check.timeout_s) == ("/", "200", 30, 5)
    assert (check.healthy_threshold, check.unhealthy_threshold, check.port) == (5, 2, None)
    assert (group.port, group.protocol, group.algorithm) == (
        80,
        GroupProtocol.HTTP,
        Algorithm.ROUND_ROBIN,
    )
    assert (group.deregistration_delay_s, group.stickiness_s, group.slow_start_s) == (300, 0, 0)
    tcp = cloud.target_groups.create(CreateTargetGroup("db", GroupProtocol.TCP, 5432))
    assert tcp.health_check.protocol is CheckProtocol.TCP
    assert cloud.target_groups.list_all() == [group, tcp]
    assert cloud.target_groups.show(group.id) == cloud.target_groups.show("web") == group
    invariants.check(cloud)


def _create(**changes: object) -> Callable[[Cloud], object]:
    wanted = {"name": "new", **changes}
    return lambda cloud: cloud.target_groups.create(CreateTargetGroup(**wanted))  # type: ignore[arg-type]


def _modify(settings: GroupSettings) -> Callable[[Cloud], object]:
    return lambda cloud: cloud.target_groups.modify("front", ModifyTargetGroup(settings))


def _register(ref: str, *targets: TargetRef) -> Callable[[Cloud], object]:
    return lambda cloud: cloud.target_groups.register(ref, targets)


def _deregister(ref: str, *targets: TargetRef) -> Callable[[Cloud], object]:
    return lambda cloud: cloud.target_groups.deregister(ref, targets)


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (_create(name="a b"), "ValidationError"),
        (_create(name="front"), "DuplicateTargetGroupName"),
        (_create(port=0), "InvalidParameterValue"),
        (_create(settings=GroupSettings(deregistration_delay_s=3601)), "InvalidParameterValue"),
        (
            _create(
                settings=GroupSettings(
                    slow_start_s=30, algorithm=Algorithm.LEAST_OUTSTANDING_REQUESTS
                )
            ),
            "InvalidConfigurationRequest",
        ),
        (
            _create(protocol=GroupProtocol.TCP, settings=GroupSettings(stickiness_s=5)),
            "InvalidConfigurationRequest",
        ),
        (_modify(GroupSettings(HealthCheckChange(timeout_s=30))), "InvalidParameterValue"),
        (_modify(GroupSettings(HealthCheckChange(path="x"))), "InvalidParameterValue"),
        (
            _modify(GroupSettings(HealthCheckChange(CheckProtocol.TCP))),
            "InvalidConfigurationRequest",
        ),
        (lambda cloud: cloud.target_groups.show("none"), "TargetGroupNotFound"),
        (lambda cloud: cloud.target_groups.delete("none"), "TargetGroupNotFound"),
        (lambda cloud: cloud.target_groups.health("none"), "TargetGroupNotFound"),
        (lambda cloud: cloud.target_groups.delete("front"), "ResourceInUse"),
        (_register("none", TargetRef("web")), "TargetGroupNotFound"),
        (_register("front"), "ValidationError"),
        (_register("front", TargetRef("nobody")), "InvalidInstanceID.NotFound"),
        (_register("front", TargetRef("web", 0)), "InvalidParameterValue"),
        (_register("front", TargetRef("web", 65536)), "InvalidParameterValue"),
        (_deregister("none", TargetRef("web")), "TargetGroupNotFound"),
        (_deregister("front"), "ValidationError"),
        (_deregister("front", TargetRef("nobody")), "InvalidInstanceID.NotFound"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    make_cloud: MakeCloud, ask: Callable[[Cloud], object], code: str
) -> None:
    assert _refused(make_cloud(balanced), ask).code == code


def test_a_register_with_one_bad_target_registers_none(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    cloud.launch("third")
    ask = _register("front", TargetRef("third"), TargetRef("nobody"))
    assert isinstance(_refused(cloud, ask), NotFound)


def test_there_are_as_many_groups_as_the_limit_allows(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minicloud.services.target_groups.GROUPS_MAX", 2)
    cloud.target_groups.create(CreateTargetGroup("a"))
    cloud.target_groups.create(CreateTargetGroup("b"))
    error = _refused(cloud, _create())
    assert isinstance(error, CapacityExceeded)
    assert error.code == "TooManyTargetGroups"


def test_a_balancer_has_as_many_targets_as_the_limit_allows(
    make_cloud: MakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(target_group, "TARGETS_PER_BALANCER_MAX", 4)
    cloud = make_cloud(balanced)
    cloud.register("front", "web")
    cloud.succeed(cloud.target_groups.register("front", [TargetRef("other", 1)]))
    assert _refused(cloud, _register("front", TargetRef("other", 2))).code == "TooManyTargets"
    # What a second group brings counts too.
    cloud.target_groups.create(CreateTargetGroup("more"))
    cloud.target_groups.register("more", [TargetRef("web")])
    cloud.succeed(create_rule(cloud))
    rule = cloud.rules.list("front:80")[0]
    error = _refused(
        cloud, lambda cloud: cloud.rules.modify(rule.id, ModifyRule(action=forward("more")))
    )
    assert error.code == "TooManyTargets"


# Settings.


def test_a_change_of_settings_is_followed(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    settings = GroupSettings(HealthCheckChange(port=8081, path="/up"), stickiness_s=60)
    changed, operations = cloud.target_groups.modify("front", ModifyTargetGroup(settings))
    assert (changed.health_check.port, changed.stickiness_s) == (8081, 60)
    cloud.succeed(operations)
    back = GroupSettings(HealthCheckChange(port=TRAFFIC_PORT))
    changed, operations = cloud.target_groups.modify("front", ModifyTargetGroup(back))
    assert (changed.health_check.port, changed.health_check.path) == (None, "/up")
    cloud.succeed(operations)
    invariants.check(cloud)


def test_the_duration_of_stickiness_that_is_off_is_kept(cloud: Cloud) -> None:
    cloud.target_groups.create(CreateTargetGroup("web"))
    settings = GroupSettings(kept_stickiness_s=60)
    group, _ = cloud.target_groups.modify("web", ModifyTargetGroup(settings))
    assert (group.stickiness_s, group.kept_stickiness_s) == (0, 60)
    refused = _modify_web(GroupSettings(kept_stickiness_s=0))
    assert _refused(cloud, refused).code == "InvalidParameterValue"


def _modify_web(settings: GroupSettings) -> Callable[[Cloud], object]:
    return lambda cloud: cloud.target_groups.modify("web", ModifyTargetGroup(settings))


def test_a_tcp_check_may_take_as_long_as_its_interval(cloud: Cloud) -> None:
    check = HealthCheckChange(interval_s=10, timeout_s=10)
    wanted = CreateTargetGroup("db", GroupProtocol.TCP, settings=GroupSettings(check))
    assert cloud.target_groups.create(wanted).health_check.timeout_s == 10
    assert _refused(cloud, _create(settings=GroupSettings(check))).code == "InvalidParameterValue"


def test_what_changes_nothing_needs_no_operation(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    told = len(cloud.plane.calls)
    assert cloud.target_groups.modify("front", ModifyTargetGroup())[1] == []
    changed, operations = cloud.target_groups.modify("front", ModifyTargetGroup(tags={"a": "b"}))
    assert (changed.tags, operations) == ({"a": "b"}, [])
    cloud.target_groups.create(CreateTargetGroup("unused"))
    settings = GroupSettings(deregistration_delay_s=5)
    changed, operations = cloud.target_groups.modify("unused", ModifyTargetGroup(settings))
    assert (changed.deregistration_delay_s, operations) == (5, [])
    assert len(cloud.plane.calls) == told
    invariants.check(cloud)


# Members.


def test_a_group_that_nobody_uses_takes_members_without_an_operation(cloud: Cloud) -> None:
    cloud.launch("web")
    cloud.target_groups.create(CreateTargetGroup("later"))
    assert cloud.target_groups.register("later", [TargetRef("web")]) == []
    (health,) = cloud.target_groups.health("later")
    assert (health.state, health.reason) == (TargetState.UNUSED, "Target.NotInUse")
    cloud.engine.vanish()
    assert cloud.target_groups.deregister("later", [TargetRef("web")]) == []
    cloud.engine.come_back()
    assert cloud.target_groups.health("later") == []
    assert cloud.target_groups.delete("later") == []
    invariants.check(cloud)


def test_what_is_registered_is_not_registered_again(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    before = invariants.snapshot(cloud)
    assert cloud.target_groups.register("front", [TargetRef("web"), TargetRef("web", 8080)]) == []
    assert invariants.snapshot(cloud) == before


def test_a_machine_can_be_in_a_group_with_several_ports(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    cloud.succeed(cloud.target_groups.register("front", [TargetRef("other", 9000)]))
    ports = sorted(target.port for target in invariants.records_of(cloud).targets)
    assert ports == [80, 80, 8080, 9000]
    cloud.succeed(cloud.target_groups.deregister("front", [TargetRef("other", 9000)]))
    cloud.deregister("front", "web")
    assert [target.port for target in invariants.records_of(cloud).targets] == [80]
    invariants.check(cloud)


def test_to_deregister_what_is_not_registered_is_no_error(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    cloud.launch("third")
    assert cloud.target_groups.deregister("front", [TargetRef("third"), TargetRef("web", 1)]) == []
    invariants.check(cloud)


def test_a_machine_that_is_gone_cannot_be_registered(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    third = cloud.launch("third")
    cloud.succeed(cloud.instances.terminate("third"))
    error = _refused(cloud, _register("front", TargetRef(third.id)))
    assert isinstance(error, InvalidRequest)
    assert error.code == "InvalidTarget"


def test_a_stopped_machine_is_taken_and_unused_until_it_runs(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    third = cloud.launch("third")
    cloud.stop("third")
    cloud.register("front", "third")
    health = {h.target_id: h for h in cloud.target_groups.health("front")}
    target = f"{cloud.target_groups.show('front').id}/{third.id}:80"
    assert (health[target].state, health[target].reason) == (
        TargetState.UNUSED,
        "Target.InvalidState",
    )
    assert health[target].description == "the instance is stopped"
    cloud.start("third")
    assert _modes(cloud)[target] is TargetMode.ACTIVE
    health = {h.target_id: h for h in cloud.target_groups.health("front")}
    assert health[target].state is TargetState.HEALTHY
    invariants.check(cloud)


def test_without_an_engine_members_of_a_group_in_use_stay(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    cloud.launch("third")
    before = invariants.snapshot(cloud)
    cloud.engine.vanish()
    for ask in (_register("front", TargetRef("third")), _deregister("front", TargetRef("web"))):
        with pytest.raises(EngineUnreachable):
            ask(cloud)
    cloud.engine.come_back()
    assert invariants.snapshot(cloud) == before


def test_a_new_target_is_reported_before_its_balancer_knows_it(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    cloud.launch("third")
    seen: list[list[TargetState]] = []

    def look(method: str) -> None:
        if method == "apply":
            seen.append([h.state for h in cloud.target_groups.health("front")])

    cloud.plane.on_call = look
    cloud.register("front", "third")
    assert seen == [[TargetState.HEALTHY] * 3 + [TargetState.INITIAL]]


def test_a_group_that_an_operation_is_at_is_not_touched(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    cloud.target_groups.create(CreateTargetGroup("back"))
    group_id = cloud.target_groups.show("back").id
    with cloud.store.write() as transaction:
        transaction.claims.take([group_id], "op-other")
    for ask in (
        lambda: cloud.target_groups.delete("back"),
        lambda: cloud.target_groups.modify(
            "back", ModifyTargetGroup(GroupSettings(deregistration_delay_s=1))
        ),
    ):
        with pytest.raises(Conflict, match="OperationInProgress"):
            ask()
