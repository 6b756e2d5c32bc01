"""What can be asked of listeners and rules."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from minicloud.domain import listener as listener_rules
from minicloud.domain.action import FixedResponseAction, RedirectAction
from minicloud.domain.balancer import BalancerType
from minicloud.domain.errors import MiniCloudError, Unavailable
from minicloud.domain.listener import ListenerProtocol, TlsPolicy
from minicloud.domain.operation import Operation, OperationStatus
from minicloud.domain.rule import HostCondition, PathCondition
from minicloud.domain.target_group import GroupProtocol
from minicloud.services.balancers import CreateBalancer, Front
from minicloud.services.listeners import CreateListener, ModifyListener
from minicloud.services.rules import CreateRule, ModifyRule
from minicloud.services.target_groups import CreateTargetGroup
from tests.unit import invariants
from tests.unit.balancing_scenarios import balanced, forward
from tests.unit.cloud import Cloud
from tests.unit.conftest import MakeCloud

NO = FixedResponseAction(404, body="no")
IMAGES = [PathCondition(("/img/*",))]


def _furnished(cloud: Cloud) -> None:
    """Two application balancers, a network one, groups that fit and that do not, a certificate."""
    balanced(cloud)
    cloud.balance("beside", "web")
    network = CreateBalancer("data", BalancerType.NETWORK, front=Front(("web",), 5432))
    cloud.succeed(cloud.balancers.create(network)[1])
    cloud.target_groups.create(CreateTargetGroup("free"))
    cloud.target_groups.create(CreateTargetGroup("tcp", GroupProtocol.TCP))
    cloud.certificates.create("shop", ["shop.example"])
    cloud.succeed(cloud.rules.create(CreateRule("front:80", 10, IMAGES, NO))[1])
    cloud.succeed(cloud.rules.create(CreateRule("front:80", 20, IMAGES, NO))[1])


@pytest.fixture
def furnished(make_cloud: MakeCloud) -> Cloud:
    return make_cloud(_furnished)


def _told(cloud: Cloud, name: str = "front") -> dict[str, Any]:
    told = cloud.plane.seen()[cloud.balancers.show(name).container_name]
    assert told is not None
    return told


def _listen(port: int = 81, **changes: Any) -> Callable[[Cloud], Any]:
    wanted = {"balancer": "front", "port": port, "action": NO, **changes}
    return lambda cloud: cloud.listeners.create(CreateListener(**wanted))


def _modify(ref: str = "front:80", **changes: Any) -> Callable[[Cloud], Any]:
    return lambda cloud: cloud.listeners.modify(ref, ModifyListener(**changes))


def _rule(priority: int = 5, **changes: Any) -> Callable[[Cloud], Any]:
    wanted = {"listener": "front:80", "conditions": IMAGES, "action": NO, **changes}
    return lambda cloud: cloud.rules.create(CreateRule(priority=priority, **wanted))


def _modify_first_rule(**changes: Any) -> Callable[[Cloud], Any]:
    return lambda cloud: cloud.rules.modify(
        cloud.rules.list("front:80")[0].id, ModifyRule(**changes)
    )


HTTPS = ListenerProtocol.HTTPS


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (_listen(balancer="none"), "LoadBalancerNotFound"),
        (_listen(80), "DuplicateListener"),
        (_listen(0), "InvalidParameterValue"),
        (_listen(action=forward("none")), "TargetGroupNotFound"),
        (_listen(action=forward("beside")), "TargetGroupAssociationLimit"),
        (_listen(action=forward("tcp")), "InvalidConfigurationRequest"),
        (_listen(protocol=HTTPS), "CertificateNotFound"),
        (_listen(protocol=HTTPS, certificate="none"), "CertificateNotFound"),
        (_listen(certificate="shop"), "ValidationError"),
        (
            _listen(protocol=ListenerProtocol.TCP, action=forward("front")),
            "UnsupportedProtocol",
        ),
        (_listen(protocol=ListenerProtocol.TCP), "UnsupportedProtocol"),
        (_listen(balancer="data", action=forward("free")), "InvalidConfigurationRequest"),
        (_listen(balancer="data"), "InvalidConfigurationRequest"),
        (
            _listen(balancer="data", protocol=ListenerProtocol.HTTP),
            "UnsupportedProtocol",
        ),
        (_listen(tags={"aws:a": "b"}), "InvalidParameterValue"),
        (lambda cloud: cloud.listeners.show("front:81"), "ListenerNotFound"),
        (lambda cloud: cloud.listeners.show("front"), "ListenerNotFound"),
        (lambda cloud: cloud.listeners.show("lsn-" + "0" * 17), "ListenerNotFound"),
        (lambda cloud: cloud.listeners.show("none:80"), "LoadBalancerNotFound"),
        (lambda cloud: cloud.listeners.list("none"), "LoadBalancerNotFound"),
        (lambda cloud: cloud.listeners.delete("front:81"), "ListenerNotFound"),
        (_modify(protocol=HTTPS), "CertificateNotFound"),
        (_modify(certificate="shop"), "ValidationError"),
        (_modify(protocol=ListenerProtocol.TCP), "UnsupportedProtocol"),
        (_modify("data:5432", action=NO), "InvalidConfigurationRequest"),
        (_modify(action=forward("beside")), "TargetGroupAssociationLimit"),
        (_rule(10), "PriorityInUse"),
        (_rule(0), "InvalidParameterValue"),
        (_rule(listener="front:81"), "ListenerNotFound"),
        (_rule(conditions=[]), "InvalidConfigurationRequest"),
        (_rule(listener="data:5432", action=forward("tcp")), "InvalidConfigurationRequest"),
        (_rule(action=forward("beside")), "TargetGroupAssociationLimit"),
        (_rule(action=forward("none")), "TargetGroupNotFound"),
        (_modify_first_rule(priority=20), "PriorityInUse"),
        (_modify_first_rule(action=forward("tcp")), "InvalidConfigurationRequest"),
        (lambda cloud: cloud.rules.show("none"), "RuleNotFound"),
        (lambda cloud: cloud.rules.delete("rule-" + "0" * 17), "RuleNotFound"),
        (lambda cloud: cloud.rules.set_priorities({}), "ValidationError"),
        (
            lambda cloud: cloud.rules.set_priorities({cloud.rules.list("front:80")[0].id: 20}),
            "PriorityInUse",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    furnished: Cloud, ask: Callable[[Cloud], Any], code: str
) -> None:
    before = invariants.snapshot(furnished)
    with pytest.raises(MiniCloudError) as caught:
        ask(furnished)
    assert caught.value.code == code
    invariants.check(furnished)
    assert invariants.snapshot(furnished) == before


def test_a_balancer_has_as_many_listeners_and_rules_as_the_limits_allow(
    furnished: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert listener_rules.LISTENERS_PER_BALANCER_MAX == 50
    monkeypatch.setattr("minicloud.services.listeners.LISTENERS_PER_BALANCER_MAX", 2)
    monkeypatch.setattr("minicloud.services.rules.RULES_PER_BALANCER_MAX", 2)
    furnished.succeed(_listen(81)(furnished)[1])
    with pytest.raises(MiniCloudError, match="TooManyListeners"):
        _listen(82)(furnished)
    # Rules are counted over all listeners of the balancer.
    with pytest.raises(MiniCloudError, match="TooManyRules"):
        _rule(listener="front:81")(furnished)
    invariants.check(furnished)


def test_a_redirect_to_the_very_same_url_is_refused() -> None:
    assert RedirectAction(302, path="/elsewhere").status == 302
    for status in (301, 302):
        with pytest.raises(MiniCloudError, match="InvalidLoadBalancerAction"):
            RedirectAction(status)


# Listeners.


def test_a_listener_is_opened_changed_and_closed(furnished: Cloud) -> None:
    made, operations = _listen(8443, protocol=HTTPS, certificate="shop")(furnished)
    furnished.succeed(operations)
    assert made == furnished.listeners.show("front:8443")
    assert made.tls_policy is TlsPolicy.TLS12_13
    told = _told(furnished)
    assert [c["id"] for c in told["certificates"]] == [made.certificate_id]
    assert [listener["port"] for listener in told["listeners"]] == [80, 8443]

    plain, operations = _modify("front:8443", port=8080, protocol=ListenerProtocol.HTTP)(furnished)
    furnished.succeed(operations)
    assert (plain.id, plain.port, plain.certificate_id) == (made.id, 8080, None)
    assert _told(furnished)["certificates"] == []
    furnished.succeed(furnished.listeners.delete(made.id))
    assert [listener.port for listener in furnished.listeners.list("front")] == [80]
    invariants.check(furnished)


def test_a_listeners_rules_go_with_it(furnished: Cloud) -> None:
    furnished.succeed(furnished.listeners.delete("front:80"))
    assert invariants.records_of(furnished).rules == []
    assert _told(furnished)["listeners"] == []
    furnished.target_groups.delete("front")
    invariants.check(furnished)


def test_a_change_to_what_is_so_already_needs_no_operation(furnished: Cloud) -> None:
    told = len(furnished.plane.calls)
    assert _modify(port=80, action=forward("front"))(furnished)[1] == []
    assert _modify_first_rule(priority=10, conditions=IMAGES)(furnished)[1] == []
    assert len(furnished.plane.calls) == told


def test_a_group_is_named_by_its_name_and_kept_by_its_identifier(furnished: Cloud) -> None:
    made, operations = _listen(81, action=forward("free", "front"))(furnished)
    furnished.succeed(operations)
    ids = [furnished.target_groups.show(name).id for name in ("free", "front")]
    assert [group.group_id for group in made.action.groups] == ids
    invariants.check(furnished)


def test_a_listener_that_the_balancer_refuses_is_put_back_and_keeps_nothing_from_it(
    furnished: Cloud,
) -> None:
    before = invariants.snapshot(furnished)
    furnished.plane.fail_next("apply", Unavailable("BalancerFailed", "nginx: [emerg] no"))
    ended = furnished.finish(
        _modify(protocol=HTTPS, certificate="shop", action=RedirectAction(port="1"))(furnished)[1]
    )[0]
    assert ended.status is OperationStatus.FAILED
    assert invariants.snapshot(furnished) == before
    furnished.stop("web")
    invariants.check(furnished)


def test_what_a_change_lets_go_is_kept_until_the_change_is_through(furnished: Cloud) -> None:
    furnished.succeed(_listen(443, protocol=HTTPS, certificate="shop")(furnished)[1])
    furnished.succeed(_modify(action=forward("free"))(furnished)[1])
    delete_group = partial(furnished.target_groups.delete, "free")
    delete_certificate = partial(furnished.certificates.delete, "shop")
    attach = partial(_listen(99, balancer="beside", action=forward("free")), furnished)

    def refusals(change: Callable[[], list[Operation]], takes: list[Callable[[], Any]]) -> set[str]:
        """What those hear who would take, while the balancer is told, what a change lets go."""
        heard = set()

        def try_to_take(method: str) -> None:
            for take in takes if method == "apply" else []:
                with pytest.raises(MiniCloudError) as caught:
                    take()
                heard.add(caught.value.code)

        furnished.plane.on_call = try_to_take
        furnished.succeed(change())
        furnished.plane.on_call = lambda _method: None
        return heard

    modify = partial(_modify(action=NO), furnished)
    assert refusals(lambda: modify()[1], [delete_group, attach]) == {"OperationInProgress"}
    close = partial(furnished.listeners.delete, "front:443")
    assert refusals(close, [delete_certificate]) == {"OperationInProgress"}
    furnished.succeed(attach()[1])
    delete_certificate()
    invariants.check(furnished)


def test_changes_of_different_things_run_side_by_side(furnished: Cloud) -> None:
    furnished.plane.fail_next("apply", Unavailable("EngineUnreachable", ""))
    asked = [
        *_listen(81)(furnished)[1],
        *_listen(82)(furnished)[1],
        *_rule(5)(furnished)[1],
        *_rule(6)(furnished)[1],
        *furnished.listeners.delete("beside:80"),
    ]
    furnished.finish(asked)
    furnished.succeed(asked[1:])
    invariants.check(furnished)


def test_what_an_operation_is_at_is_not_changed_by_another(furnished: Cloud) -> None:
    listener = furnished.listeners.show("front:80")
    with furnished.store.write() as transaction:
        transaction.claims.take([listener.id], "op-other")
    for ask in (_modify(port=81), _rule(), lambda cloud: cloud.balancers.delete("front")):
        with pytest.raises(MiniCloudError, match="OperationInProgress"):
            ask(furnished)


# Rules.


def test_rules_are_told_in_the_order_of_their_priorities(furnished: Cloud) -> None:
    made, operations = _rule(15, conditions=[HostCondition(("a.example",))])(furnished)
    furnished.succeed(operations)
    assert [rule.priority for rule in furnished.rules.list("front:80")] == [10, 15, 20]
    told = _told(furnished)["listeners"][0]["rules"]
    assert [rule["priority"] for rule in told] == [10, 15, 20]
    furnished.succeed(furnished.rules.delete(made.id))
    furnished.succeed(_modify_first_rule(priority=30, tags={"a": "b"})(furnished)[1])
    assert [rule.priority for rule in furnished.rules.list("front:80")] == [20, 30]
    invariants.check(furnished)


def test_two_rules_change_places_in_one_request(furnished: Cloud) -> None:
    first, second = furnished.rules.list("front:80")
    rules, operations = furnished.rules.set_priorities({first.id: 20, second.id: 10})
    assert [(rule.id, rule.priority) for rule in rules] == [(second.id, 10), (first.id, 20)]
    assert len(furnished.succeed(operations)) == 1
    invariants.check(furnished)


def test_priorities_of_different_listeners_are_not_set_together(furnished: Cloud) -> None:
    furnished.succeed(_listen(81)(furnished)[1])
    other, operations = _rule(listener="front:81")(furnished)
    furnished.succeed(operations)
    first = furnished.rules.list("front:80")[0]
    with pytest.raises(MiniCloudError, match="ValidationError"):
        furnished.rules.set_priorities({first.id: 1, other.id: 2})
