"""What can be asked of balancers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from minicloud.domain.balancer import (
    BALANCERS_MAX,
    BalancerState,
    BalancerType,
    ForwardedForMode,
)
from minicloud.domain.errors import (
    CapacityExceeded,
    Conflict,
    EngineUnreachable,
    InvalidRequest,
    MiniCloudError,
    NotFound,
    Unavailable,
)
from minicloud.domain.health_check import CheckProtocol
from minicloud.domain.ledger import LedgerKind
from minicloud.domain.listener import ListenerProtocol
from minicloud.domain.operation import OperationStatus
from minicloud.domain.target import TargetState
from minicloud.domain.target_group import Algorithm, GroupProtocol
from minicloud.services.balancers import CreateBalancer, Front, ModifyBalancer
from minicloud.services.target_groups import (
    CreateTargetGroup,
    GroupSettings,
    HealthCheckChange,
    TargetRef,
)
from tests.unit import invariants
from tests.unit.balancing_scenarios import balanced
from tests.unit.cloud import Cloud, Moment
from tests.unit.conftest import MakeCloud


def _refused(cloud: Cloud, request: CreateBalancer) -> MiniCloudError:
    """The error that a request is refused with, which changes nothing."""
    before = invariants.snapshot(cloud)
    with pytest.raises(MiniCloudError) as caught:
        cloud.balancers.create(request)
    invariants.check(cloud)
    assert invariants.snapshot(cloud) == before
    return caught.value


def test_the_short_form_makes_all_that_requests_need(cloud: Cloud) -> None:
    one, other = cloud.launch("web-1"), cloud.launch("web-2")
    settings = GroupSettings(
        HealthCheckChange(path="/index.html", interval_s=10),
        algorithm=Algorithm.LEAST_OUTSTANDING_REQUESTS,
        deregistration_delay_s=20,
    )
    front = Front(("web-1", other.id), port=8080, target_port=81, settings=settings)
    balancer = cloud.balance("shop", front=front)

    assert balancer.state is BalancerState.ACTIVE
    assert cloud.edge.target(balancer.public_ip) == balancer.private_ip
    group = cloud.target_groups.show("shop")
    assert (group.port, group.protocol) == (81, GroupProtocol.HTTP)
    assert (group.health_check.path, group.health_check.interval_s) == ("/index.html", 10)
    assert group.health_check.timeout_s == 5
    assert (group.algorithm, group.deregistration_delay_s) == (settings.algorithm, 20)
    (listener,) = cloud.listeners.list("shop")
    assert (listener.port, listener.protocol) == (8080, ListenerProtocol.HTTP)
    health = cloud.balancers.health("shop")
    assert [h.state for h in health] == [TargetState.HEALTHY] * 2
    assert {h.target_id for h in health} == {f"{group.id}/{i.id}:81" for i in (one, other)}
    assert health[0].checks
    invariants.check(cloud)


def test_a_network_balancer_carries_tcp(cloud: Cloud) -> None:
    cloud.launch("db")
    request = CreateBalancer("data", BalancerType.NETWORK, front=Front(("db",), 5432))
    cloud.succeed(cloud.balancers.create(request)[1])
    assert cloud.listeners.show("data:5432").protocol is ListenerProtocol.TCP
    group = cloud.target_groups.show("data")
    assert (group.protocol, group.health_check.protocol) == (GroupProtocol.TCP, CheckProtocol.TCP)
    invariants.check(cloud)


def test_a_balancer_is_told_in_the_ledger_and_counted(cloud: Cloud) -> None:
    balancer = cloud.balance("shop")
    assert cloud.clouds.status().balancer_count == 1
    cloud.clock.sleep(60)
    cloud.succeed(cloud.balancers.delete("shop"))
    assert cloud.clouds.status().balancer_count == 0
    told = [e for e in cloud.ledger.entries() if e.resource_id == balancer.id]
    assert [(e.kind, dict(e.facts)) for e in told] == [
        (LedgerKind.BALANCER_CREATED, {"name": "shop", "type": "application"}),
        (LedgerKind.BALANCER_DELETED, {"name": "shop", "type": "application"}),
    ]
    (stretch,) = [u for u in cloud.ledger.usage() if u.what == "balancer"]
    assert stretch.detail == "shop"
    assert 60 <= stretch.duration_s(cloud.clock.now()) < 61


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (CreateBalancer("-shop"), "ValidationError"),
        (CreateBalancer("shop", idle_timeout_s=0), "InvalidParameterValue"),
        (CreateBalancer("front"), "DuplicateLoadBalancerName"),
        (CreateBalancer("shop", front=Front(group_name="front")), "DuplicateTargetGroupName"),
        (CreateBalancer("shop", front=Front(("nobody",))), "InvalidInstanceID.NotFound"),
        (CreateBalancer("shop", front=Front(port=0)), "InvalidParameterValue"),
        (CreateBalancer("shop", front=Front(("web",), target_port=0)), "InvalidParameterValue"),
        (
            CreateBalancer("shop", front=Front(protocol=ListenerProtocol.HTTPS)),
            "CertificateNotFound",
        ),
        (
            CreateBalancer(
                "shop", front=Front(protocol=ListenerProtocol.HTTPS, certificate="none")
            ),
            "CertificateNotFound",
        ),
        (CreateBalancer("shop", front=Front(certificate="none")), "CertificateNotFound"),
        (
            CreateBalancer("shop", front=Front(protocol=ListenerProtocol.TCP)),
            "UnsupportedProtocol",
        ),
        (
            CreateBalancer(
                "shop", BalancerType.NETWORK, front=Front(protocol=ListenerProtocol.HTTP)
            ),
            "UnsupportedProtocol",
        ),
        (
            CreateBalancer("shop", front=Front(settings=GroupSettings(stickiness_s=-1))),
            "InvalidParameterValue",
        ),
        (CreateBalancer("shop", tags={"aws:x": "y"}), "InvalidParameterValue"),
    ],
)
def test_what_cannot_be_made_is_refused_and_changes_nothing(
    make_cloud: MakeCloud, request_: CreateBalancer, code: str
) -> None:
    assert _refused(make_cloud(balanced), request_).code == code


def test_there_are_as_many_balancers_as_the_limit_allows(cloud: Cloud) -> None:
    for number in range(BALANCERS_MAX):
        cloud.succeed(cloud.balancers.create(CreateBalancer(f"b{number}"))[1])
    error = _refused(cloud, CreateBalancer("more"))
    assert isinstance(error, CapacityExceeded)
    assert error.code == "TooManyLoadBalancers"
    # The limit is of each type.
    cloud.succeed(cloud.balancers.create(CreateBalancer("more", BalancerType.NETWORK))[1])


def test_without_its_image_no_balancer_is_begun_and_it_is_said_what_to_do(cloud: Cloud) -> None:
    cloud.engine.ensure_image_removed(cloud.builder.reference("balancer"))
    error = _refused(cloud, CreateBalancer("shop"))
    assert error.code == "BalancerImageMissing"
    assert "minicloud image build balancer" in error.resolution


def test_without_an_engine_nothing_is_begun(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    before = invariants.snapshot(cloud)
    cloud.engine.vanish()
    with pytest.raises(EngineUnreachable):
        cloud.balancers.create(CreateBalancer("shop"))
    with pytest.raises(EngineUnreachable):
        cloud.balancers.delete("front")
    with pytest.raises(EngineUnreachable):
        cloud.balancers.modify("front", ModifyBalancer(idle_timeout_s=9))
    cloud.engine.come_back()
    assert invariants.snapshot(cloud) == before


def test_a_balancer_that_cannot_be_made_leaves_nothing(cloud: Cloud) -> None:
    cloud.launch("web")
    before = invariants.snapshot(cloud)
    cloud.plane.fail_next("ensure", Unavailable("BalancerUnreachable", "it does not come up"))
    request = CreateBalancer("shop", front=Front(("web",)))
    ended = cloud.finish(cloud.balancers.create(request)[1])[0]
    assert ended.error is not None
    assert ended.error.code == "BalancerUnreachable"
    invariants.check(cloud)
    assert invariants.snapshot(cloud) == before


def test_targets_that_are_not_checked_in_time_hold_nothing_up(cloud: Cloud) -> None:
    cloud.launch("web")
    cloud.plane.answer = lambda _target: None
    cloud.plane.on_call = lambda method: cloud.clock.sleep(3) if method == "status" else None
    began_at = cloud.clock.now()
    balancer = cloud.balance("shop", "web")
    assert balancer.state is BalancerState.ACTIVE
    assert 7 <= (cloud.clock.now() - began_at).total_seconds() < 20
    assert cloud.balancers.health("shop")[0].state is TargetState.INITIAL


def test_a_target_that_fails_its_first_check_is_waited_for_no_longer(cloud: Cloud) -> None:
    cloud.launch("web")
    cloud.plane.answer = lambda _target: (TargetState.INITIAL, "Elb.InitialHealthChecking")
    cloud.balance("shop", "web")
    assert cloud.plane.calls.count("status") == 1


def test_a_balancer_is_found_by_id_and_by_names_that_look_like_one(cloud: Cloud) -> None:
    made = cloud.balance("lb-1")
    assert cloud.balancers.show("lb-1") == cloud.balancers.show(made.id) == made
    for ref in ("lb-2", "lb-" + "0" * 17, "", "nobody"):
        with pytest.raises(NotFound, match="LoadBalancerNotFound"):
            cloud.balancers.show(ref)


# Changes.


def test_settings_are_changed_and_followed(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    request = ModifyBalancer(7, http2=False, forwarded_for=ForwardedForMode.PRESERVE)
    changed, operations = cloud.balancers.modify("front", request)
    assert (changed.idle_timeout_s, changed.http2) == (7, False)
    cloud.succeed(operations)
    told = cloud.plane.seen()[changed.container_name]
    assert told is not None
    assert (told["idle_timeout_s"], told["xff"]) == (7, "preserve")
    assert cloud.balancers.modify("front", request)[1] == []
    invariants.check(cloud)


def test_protection_and_tags_are_no_business_of_the_balancer(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    request = ModifyBalancer(deletion_protection=True, tags={"team": "blue"})
    changed, operations = cloud.balancers.modify("front", request)
    assert operations == []
    assert (changed.deletion_protection, changed.tags) == (True, {"team": "blue"})
    with pytest.raises(InvalidRequest, match="OperationNotPermitted"):
        cloud.balancers.delete("front")
    assert cloud.balancers.show("front").state is BalancerState.ACTIVE
    assert cloud.keeper.keep_once() == []
    cloud.balancers.modify("front", ModifyBalancer(deletion_protection=False))
    cloud.succeed(cloud.balancers.delete("front"))
    invariants.check(cloud)


def test_what_a_balancer_refuses_is_put_back(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    before = invariants.snapshot(cloud)
    cloud.plane.fail_next("apply", Unavailable("BalancerFailed", "nginx: [emerg] no"))
    ended = cloud.finish(cloud.balancers.modify("front", ModifyBalancer(idle_timeout_s=9))[1])[0]
    assert ended.status is OperationStatus.FAILED
    assert ended.error is not None
    assert "nginx" in ended.error.message
    assert invariants.snapshot(cloud) == before
    invariants.check(cloud)


@pytest.mark.parametrize("state", [BalancerState.PROVISIONING, BalancerState.DELETING])
def test_a_balancer_that_is_not_active_is_not_changed(
    make_cloud: MakeCloud, state: BalancerState
) -> None:
    cloud = make_cloud(balanced)
    with cloud.store.write() as transaction:
        transaction.balancers.save(replace(cloud.balancers.show("front"), state=state))
    with pytest.raises(Conflict, match="OperationInProgress"):
        cloud.balancers.modify("front", ModifyBalancer(idle_timeout_s=9))


# Its end.


def test_groups_and_their_targets_outlive_a_balancer(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    cloud.succeed(cloud.balancers.delete("front"))
    with pytest.raises(NotFound):
        cloud.balancers.show("front")
    health = cloud.target_groups.health("front")
    assert {h.state for h in health} == {TargetState.UNUSED}
    assert {h.reason for h in health} == {"Target.NotInUse"}
    assert len(health) == 3
    invariants.check(cloud)
    cloud.target_groups.create(CreateTargetGroup("back"))
    cloud.balance("front", front=Front(("web",), group_name="again"))
    invariants.check(cloud)


def test_a_deletion_that_failed_can_be_asked_for_again(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    cloud.plane.fail_next("remove", Unavailable("EngineError", "no"), 50)
    ended = cloud.finish(cloud.balancers.delete("front"))[0]
    assert ended.status is OperationStatus.FAILED
    assert cloud.balancers.show("front").state is BalancerState.DELETING
    cloud.plane.forget_failures()
    cloud.succeed(cloud.balancers.delete("front"))
    invariants.check(cloud)


def test_a_balancer_on_its_way_out_is_told_nothing_and_not_made_again(
    make_cloud: MakeCloud,
) -> None:
    cloud = make_cloud(balanced)
    balancer_id = cloud.balancers.show("front").id
    moments = [Moment("remove-container", "started"), Moment("remove-container", "acted")]
    cloud.on_moment(moments, lambda: _tell(cloud, balancer_id))
    applied = cloud.plane.calls.count("apply")
    cloud.succeed(cloud.balancers.delete("front"))
    assert cloud.plane.calls.count("apply") == applied
    assert cloud.plane.seen() == {}
    invariants.check(cloud)


def _tell(cloud: Cloud, balancer_id: str) -> None:
    cloud.fleet.bring_up(balancer_id)
    cloud.fleet.apply(balancer_id)


def test_a_balancer_that_serves_is_not_given_up_for_a_defect_in_waiting_for_its_targets(
    cloud: Cloud,
) -> None:
    cloud.launch("web")
    cloud.plane.fail_next("status", RuntimeError("a defect"))
    request = CreateBalancer("shop", front=Front(("web",)))
    ended = cloud.finish(cloud.balancers.create(request)[1])[0]
    assert ended.status is OperationStatus.FAILED
    assert cloud.balancers.show("shop").state is BalancerState.ACTIVE
    invariants.check(cloud)


def test_targets_that_drain_are_let_go_with_their_balancer(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    target = cloud.balancers.health("front")[0].target_id
    cloud.plane.carry(target, 1)
    asked = cloud.target_groups.deregister("front", [TargetRef("web"), TargetRef("other")])
    cloud.wait_until(lambda: "in_flight" in cloud.plane.calls, lambda: None)
    cloud.succeed(cloud.balancers.delete("front"))
    cloud.succeed(asked)
    assert invariants.records_of(cloud).targets == []
    invariants.check(cloud)


# Asking it.


def test_figures_and_logs_come_from_the_balancer_itself(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    cloud.plane.count(cloud.balancers.show("front").container_name, requests=3)
    assert cloud.balancers.metrics("front")["counters"]["requests"] == 3
    assert list(cloud.balancers.logs("front", 2, follow=False)) == [b'{"status":200}\n'] * 2
    cloud.plane.kill(cloud.balancers.show("front").container_name)
    for ask in (cloud.balancers.metrics, cloud.balancers.health):
        with pytest.raises(Unavailable, match="BalancerUnreachable"):
            ask("front")
