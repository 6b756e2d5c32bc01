"""One way, or several, to bring about every operation there is: what the generic tests go through.

``prepare`` makes the world in which it is asked for; ``ask`` asks. A scenario without ``ask``ing
for more than one operation exercises exactly the steps of its definition.
"""

from __future__ import annotations

from collections.abc import Callable

from minicloud.domain.operation import Operation
from minicloud.services.images import CopyRequest, ImageRequest
from minicloud.services.launching import LaunchRequest
from minicloud.services.scaling import ScaleUpRequest
from tests.unit.balancing_scenarios import BALANCING, balanced_with_address
from tests.unit.cloud import Cloud
from tests.unit.scenario import Scenario, serve


def _one(cloud: Cloud) -> None:
    serve(cloud)
    cloud.launch()


def _one_with_address(cloud: Cloud) -> None:
    _one(cloud)
    cloud.associate(cloud.allocate("front"), "web")


def _one_stopped(cloud: Cloud) -> None:
    _one(cloud)
    cloud.stop("web")


def _one_stopped_with_address(cloud: Cloud) -> None:
    _one_with_address(cloud)
    cloud.stop("web")


def _one_and_a_free_address(cloud: Cloud) -> None:
    _one(cloud)
    cloud.allocate("front")


def _one_stopped_and_a_free_address(cloud: Cloud) -> None:
    _one_stopped(cloud)
    cloud.allocate("front")


def _two_with_an_address_on_one(cloud: Cloud) -> None:
    _one_with_address(cloud)
    cloud.launch("other")


def _two_with_an_address_on_one_stopped(cloud: Cloud) -> None:
    _two_with_an_address_on_one(cloud)
    cloud.stop("web")


def _one_with_two_addresses(cloud: Cloud) -> None:
    _one_with_address(cloud)
    cloud.associate(cloud.allocate("back"), "web")


def _one_with_address_and_a_free_one(cloud: Cloud) -> None:
    _one_with_address(cloud)
    cloud.allocate("back")


def _one_image_of_its_own(cloud: Cloud) -> None:
    _one(cloud)
    cloud.create_image("web", "golden")


def _all_there_is(cloud: Cloud) -> None:
    balanced_with_address(cloud)
    cloud.launch("beside")
    cloud.create_image("beside", "golden")
    cloud.succeed(cloud.instances.terminate("beside"))


def _newer_recipes(cloud: Cloud) -> None:
    _one(cloud)
    cloud.builder.edition += 1


def _scale(*, reboot: bool) -> Callable[[Cloud], list[Operation]]:
    return lambda cloud: cloud.scaling.scale_up(
        ScaleUpRequest("web", "t3.large", "frozen", reboot=reboot)
    )


def _image(*, reboot: bool) -> Callable[[Cloud], list[Operation]]:
    return lambda cloud: [cloud.images.create(ImageRequest("web", "golden", reboot=reboot))[1]]


def _associate(instance: str) -> Callable[[Cloud], list[Operation]]:
    return lambda cloud: cloud.addresses.associate("front", instance, reassociation_allowed=True)


def _disassociate(cloud: Cloud) -> list[Operation]:
    return cloud.addresses.disassociate("front")


MACHINES = (
    Scenario(
        "launch",
        "launch-instance",
        lambda _cloud: None,
        lambda cloud: cloud.instances.launch(LaunchRequest("web", "t3.micro", "web"))[1],
    ),
    Scenario("start", "start-instance", _one_stopped, lambda cloud: cloud.instances.start("web")),
    Scenario(
        "start-with-address",
        "start-instance",
        _one_stopped_with_address,
        lambda cloud: cloud.instances.start("web"),
    ),
    Scenario("stop", "stop-instance", _one, lambda cloud: cloud.instances.stop("web")),
    Scenario(
        "stop-with-address",
        "stop-instance",
        _one_with_address,
        lambda cloud: cloud.instances.stop("web"),
    ),
    Scenario("reboot", "reboot-instance", _one, lambda cloud: cloud.instances.reboot("web")),
    Scenario(
        "resize",
        "resize-instance",
        _one_stopped,
        lambda cloud: cloud.instances.resize("web", "t3.large"),
    ),
    Scenario(
        "terminate", "terminate-instance", _one, lambda cloud: cloud.instances.terminate("web")
    ),
    Scenario(
        "terminate-with-address",
        "terminate-instance",
        _one_with_address,
        lambda cloud: cloud.instances.terminate("web"),
    ),
    Scenario(
        "terminate-stopped",
        "terminate-instance",
        _one_stopped_with_address,
        lambda cloud: cloud.instances.terminate("web"),
    ),
    Scenario("build", "build-images", _newer_recipes, lambda cloud: cloud.images.build([])),
    Scenario("image", "create-image", _one_with_address, _image(reboot=True)),
    Scenario("image-without-reboot", "create-image", _one, _image(reboot=False)),
    Scenario("image-of-stopped", "create-image", _one_stopped, _image(reboot=True)),
    Scenario(
        "copy-image",
        "copy-image",
        _one_image_of_its_own,
        lambda cloud: cloud.images.copy(CopyRequest("golden", "silver"))[1],
    ),
    Scenario(
        "delete-image",
        "delete-image",
        _one_image_of_its_own,
        lambda cloud: cloud.images.delete("golden"),
    ),
    Scenario(
        "allocate",
        "allocate-address",
        _one,
        lambda cloud: [cloud.addresses.allocate("front", {})[1]],
    ),
    Scenario("associate", "associate-address", _one_and_a_free_address, _associate("web")),
    Scenario(
        "associate-stopped",
        "associate-address",
        _one_stopped_and_a_free_address,
        _associate("web"),
    ),
    Scenario("move-address", "associate-address", _two_with_an_address_on_one, _associate("other")),
    Scenario(
        "move-address-from-stopped",
        "associate-address",
        _two_with_an_address_on_one_stopped,
        _associate("other"),
    ),
    Scenario(
        "take-the-place-of-an-address",
        "associate-address",
        _one_with_address_and_a_free_one,
        lambda cloud: cloud.addresses.associate(
            "back", "web", reassociation_allowed=False, takes_all_places=True
        ),
    ),
    Scenario("disassociate", "disassociate-address", _one_with_address, _disassociate),
    Scenario(
        "disassociate-stopped", "disassociate-address", _one_stopped_with_address, _disassociate
    ),
    Scenario(
        "disassociate-one-of-two", "disassociate-address", _one_with_two_addresses, _disassociate
    ),
    Scenario(
        "release",
        "release-address",
        _one_and_a_free_address,
        lambda cloud: cloud.addresses.release("front"),
    ),
    Scenario("scale-up", "scale-up", _one_with_two_addresses, _scale(reboot=True)),
    Scenario("scale-up-own-address", "scale-up", _one, _scale(reboot=True)),
    Scenario("scale-up-without-reboot", "scale-up", _one_with_address, _scale(reboot=False)),
    Scenario("scale-up-without-reboot-own-address", "scale-up", _one, _scale(reboot=False)),
)
RESET = Scenario("reset", "reset-cloud", _all_there_is, lambda cloud: cloud.resetting.reset())
SCENARIOS = (*MACHINES, *BALANCING, RESET)
UNDOABLE = tuple(scenario for scenario in SCENARIOS if scenario.undoable_steps)
