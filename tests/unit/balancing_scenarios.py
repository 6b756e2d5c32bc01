"""The scenarios of balancers, and of machines that are in a target group."""

from __future__ import annotations

from collections.abc import Callable

from minicloud.domain.action import FixedResponseAction, ForwardAction, WeightedGroup
from minicloud.domain.balancer import ForwardedForMode
from minicloud.domain.operation import Operation
from minicloud.domain.rule import PathCondition
from minicloud.services.balancers import CreateBalancer, Front, ModifyBalancer
from minicloud.services.images import ImageRequest
from minicloud.services.listeners import CreateListener, ModifyListener
from minicloud.services.rules import CreateRule, ModifyRule
from minicloud.services.scaling import ScaleUpRequest
from minicloud.services.target_groups import (
    CreateTargetGroup,
    GroupSettings,
    ModifyTargetGroup,
    TargetRef,
)
from tests.unit.cloud import Cloud
from tests.unit.scenario import Scenario, serve

Ask = Callable[[Cloud], list[Operation]]


def _two(cloud: Cloud) -> None:
    serve(cloud)
    cloud.launch("web")
    cloud.launch("other")


def balanced(cloud: Cloud) -> None:
    """Two machines, each registered on a port or two, behind a balancer."""
    _two(cloud)
    cloud.balance("front", "web", "other")
    cloud.succeed(cloud.target_groups.register("front", [TargetRef("web", 8080)]))


def balanced_with_address(cloud: Cloud) -> None:
    balanced(cloud)
    cloud.associate(cloud.allocate("door"), "web")


def _balanced_and_one_beside(cloud: Cloud) -> None:
    balanced(cloud)
    cloud.launch("third")


def _balanced_and_a_stopped_one_beside(cloud: Cloud) -> None:
    _balanced_and_one_beside(cloud)
    cloud.stop("third")


def _balanced_one_stopped(cloud: Cloud) -> None:
    balanced(cloud)
    cloud.stop("web")


def _balanced_by_rules(cloud: Cloud) -> None:
    balanced(cloud)
    cloud.target_groups.create(CreateTargetGroup("images"))
    cloud.succeed(create_rule(cloud))


def forward(*groups: str) -> ForwardAction:
    return ForwardAction(tuple(WeightedGroup(group) for group in groups))


def _create_balancer(front: Front | None) -> Ask:
    return lambda cloud: cloud.balancers.create(CreateBalancer("front", front=front))[1]


def _create_listener(cloud: Cloud) -> list[Operation]:
    request = CreateListener("front", 8080, FixedResponseAction(404))
    return cloud.listeners.create(request)[1]


def _modify_listener(cloud: Cloud) -> list[Operation]:
    return cloud.listeners.modify("front:80", ModifyListener(port=81, action=forward("images")))[1]


def create_rule(cloud: Cloud) -> list[Operation]:
    """Begin to send some paths to the same group by a rule."""
    request = CreateRule("front:80", 10, [PathCondition(("/img/*",))], forward("front"))
    return cloud.rules.create(request)[1]


def _modify_rule(cloud: Cloud) -> list[Operation]:
    rule = cloud.rules.list("front:80")[0]
    return cloud.rules.modify(rule.id, ModifyRule(priority=5, action=forward("images", "front")))[1]


def _delete_rule(cloud: Cloud) -> list[Operation]:
    return cloud.rules.delete(cloud.rules.list("front:80")[0].id)


def _modify_group(cloud: Cloud) -> list[Operation]:
    request = ModifyTargetGroup(GroupSettings(stickiness_s=60))
    return cloud.target_groups.modify("front", request)[1]


def _modify_balancer(cloud: Cloud) -> list[Operation]:
    request = ModifyBalancer(idle_timeout_s=10, forwarded_for=ForwardedForMode.REMOVE)
    return cloud.balancers.modify("front", request)[1]


def _register(instance: str) -> Ask:
    return lambda cloud: cloud.target_groups.register("front", [TargetRef(instance)])


def _deregister(*instances: str) -> Ask:
    refs = [TargetRef(instance) for instance in instances]
    return lambda cloud: cloud.target_groups.deregister("front", refs)


def _image(*, reboot: bool) -> Ask:
    return lambda cloud: [cloud.images.create(ImageRequest("web", "golden", reboot=reboot))[1]]


def _scale(*, reboot: bool) -> Ask:
    return lambda cloud: cloud.scaling.scale_up(
        ScaleUpRequest("web", "t3.large", "frozen", reboot=reboot)
    )


CONFIGURE = "configure-balancer"
IN_A_GROUP = (
    Scenario(
        "start-in-group",
        "start-instance",
        _balanced_one_stopped,
        lambda cloud: cloud.instances.start("web"),
    ),
    Scenario(
        "stop-in-group",
        "stop-instance",
        balanced_with_address,
        lambda cloud: cloud.instances.stop("web"),
    ),
    Scenario(
        "reboot-in-group",
        "reboot-instance",
        balanced,
        lambda cloud: cloud.instances.reboot("web"),
    ),
    Scenario(
        "terminate-in-group",
        "terminate-instance",
        balanced_with_address,
        lambda cloud: cloud.instances.terminate("web"),
    ),
    Scenario(
        "terminate-stopped-in-group",
        "terminate-instance",
        _balanced_one_stopped,
        lambda cloud: cloud.instances.terminate("web"),
    ),
    Scenario("image-in-group", "create-image", balanced, _image(reboot=True)),
    Scenario("image-without-reboot-in-group", "create-image", balanced, _image(reboot=False)),
    Scenario(
        "image-of-stopped-in-group", "create-image", _balanced_one_stopped, _image(reboot=True)
    ),
    Scenario("scale-up-in-group", "scale-up", balanced, _scale(reboot=True)),
    Scenario(
        "scale-up-without-reboot-in-group",
        "scale-up",
        balanced_with_address,
        _scale(reboot=False),
    ),
)
BALANCING = (
    Scenario(
        "create-balancer",
        "create-balancer",
        _two,
        _create_balancer(Front(("web", "other"), group_name="machines")),
    ),
    Scenario("create-bare-balancer", "create-balancer", _two, _create_balancer(None)),
    Scenario(
        "delete-balancer",
        "delete-balancer",
        _balanced_by_rules,
        lambda cloud: cloud.balancers.delete("front"),
    ),
    Scenario("create-listener", CONFIGURE, balanced, _create_listener),
    Scenario("modify-listener", CONFIGURE, _balanced_by_rules, _modify_listener),
    Scenario(
        "delete-listener",
        CONFIGURE,
        _balanced_by_rules,
        lambda cloud: cloud.listeners.delete("front:80"),
    ),
    Scenario("create-rule", CONFIGURE, balanced, create_rule),
    Scenario("modify-rule", CONFIGURE, _balanced_by_rules, _modify_rule),
    Scenario("delete-rule", CONFIGURE, _balanced_by_rules, _delete_rule),
    Scenario("modify-group", CONFIGURE, balanced, _modify_group),
    Scenario("modify-balancer", CONFIGURE, balanced, _modify_balancer),
    Scenario("register", "register-targets", _balanced_and_one_beside, _register("third")),
    Scenario(
        "register-stopped",
        "register-targets",
        _balanced_and_a_stopped_one_beside,
        _register("third"),
    ),
    Scenario("deregister", "deregister-targets", balanced, _deregister("web")),
    Scenario("deregister-all", "deregister-targets", balanced, _deregister("web", "other")),
    Scenario("deregister-stopped", "deregister-targets", _balanced_one_stopped, _deregister("web")),
    *IN_A_GROUP,
)
