"""What can be asked of images."""

from __future__ import annotations

import pytest

from minicloud.domain.errors import Conflict, InvalidRequest, NotFound, Unavailable
from minicloud.domain.image import FLATTEN_AT_LAYERS, ImageState
from minicloud.domain.ledger import LedgerKind
from minicloud.domain.operation import OperationStatus
from minicloud.services.images import CopyRequest, ImageRequest
from tests.unit import invariants
from tests.unit.cloud import Cloud, Moment


@pytest.mark.parametrize(
    "name",
    ["ab", "x" * 129, " ab", "abc ", "a$(id)b", "a;b;c", "한국어", "a\nbc", "a{b}c", "a" * 10_000],
    ids=lambda name: ascii(name[:12]),
)
def test_names_that_aws_refuses_are_refused(cloud: Cloud, name: str) -> None:
    cloud.launch()
    with pytest.raises(InvalidRequest, match=r"InvalidAMIName\.Malformed"):
        cloud.images.create(ImageRequest("web", name))
    invariants.check(cloud)


def test_an_image_of_a_machine_can_be_launched_and_keeps_its_machine(cloud: Cloud) -> None:
    machine = cloud.launch()
    image_id = cloud.create_image("web", "golden (v1)")
    image = cloud.images.show("golden (v1)")
    assert (image.id, image.state) == (image_id, ImageState.AVAILABLE)
    assert image.source_instance_id == machine.id
    copy = cloud.launch("copy", image="golden (v1)")
    assert copy.image_id == image_id
    with pytest.raises(Conflict, match=r"InvalidAMIID\.InUse.*" + copy.id):
        cloud.images.delete(image_id)
    cloud.succeed(cloud.instances.terminate("copy"))
    cloud.succeed(cloud.images.delete(image_id))
    with pytest.raises(NotFound, match=r"InvalidAMIID\.NotFound"):
        cloud.images.show(image_id)
    assert cloud.instances.show("web") == machine
    invariants.check(cloud)


def test_a_name_is_free_again_only_when_its_image_is_gone(cloud: Cloud) -> None:
    cloud.launch()
    cloud.create_image("web", "golden")
    with pytest.raises(Conflict, match=r"InvalidAMIName\.Duplicate"):
        cloud.images.create(ImageRequest("web", "golden"))
    cloud.succeed(cloud.images.delete("golden"))
    cloud.create_image("web", "golden")
    invariants.check(cloud)


@pytest.mark.parametrize("reboot", [True, False])
def test_a_machine_is_shut_down_to_be_frozen_unless_asked_not_to(
    cloud: Cloud, reboot: bool
) -> None:
    machine = cloud.launch()
    was_up: list[bool] = []
    was_reached: list[str | None] = []

    def look() -> None:
        container = cloud.engine.container(machine.container_name)
        was_up.append(container is not None and container.is_up)
        was_reached.append(cloud.edge.target(machine.public_ip or ""))

    cloud.on_moment([Moment("freeze-disk", "started")], look)
    cloud.create_image("web", "golden", reboot=reboot)
    assert was_up == [not reboot]
    assert was_reached == [None if reboot else machine.private_ip]
    assert cloud.images.show("golden").without_reboot is not reboot
    invariants.check(cloud)


def test_an_image_is_flattened_before_the_engine_has_too_many_layers(cloud: Cloud) -> None:
    cloud.engine.set_layer_count(cloud.builder.reference("web"), FLATTEN_AT_LAYERS - 1)
    cloud.launch()
    cloud.create_image("web", "golden")
    assert cloud.images.show("golden").layer_count == 1


def test_volumes_that_a_freeze_loses_are_named(cloud: Cloud) -> None:
    cloud.engine.add_image(cloud.builder.reference("web"), volumes=("/data",))
    cloud.launch()
    cloud.create_image("web", "golden")
    assert cloud.images.show("golden").warnings == (
        "/data is a volume of the machine: its contents are not in the image",
    )


def test_what_ships_is_registered_once_for_each_content(cloud: Cloud) -> None:
    before = cloud.images.list_all(include_gone=True)
    cloud.build()
    assert cloud.images.list_all(include_gone=True) == before
    cloud.builder.edition += 1
    cloud.build()
    names = [image.name for image in cloud.images.list_all(include_gone=False)]
    assert sorted(names) == ["base", "web"]
    assert len(cloud.images.list_all(include_gone=True)) == 4
    invariants.check(cloud)


def test_what_serves_minicloud_itself_is_built_when_it_is_needed() -> None:
    cloud = Cloud()
    edge, balancer = (cloud.builder.reference(name) for name in ("edge", "balancer"))
    # Without the edge nothing can be launched; without a balancer, much.
    cloud.succeed(cloud.images.build(["web"]))
    assert cloud.engine.image(edge) is not None
    assert cloud.engine.image(balancer) is None
    cloud.succeed(cloud.images.build(["balancer"]))
    assert cloud.engine.image(balancer) is not None
    assert {image.name for image in cloud.images.list_all(include_gone=True)} == {"web"}
    cloud.close()


def test_deleting_what_ships_leaves_the_engines_copy_to_the_other_clouds(cloud: Cloud) -> None:
    cloud.succeed(cloud.images.delete("web"))
    assert cloud.engine.image(cloud.builder.reference("web")) is not None
    kinds = [e.kind for e in cloud.ledger.entries()]
    assert LedgerKind.IMAGE_DELETED in kinds


def test_an_unknown_recipe_is_refused_with_those_there_are(cloud: Cloud) -> None:
    with pytest.raises(NotFound) as caught:
        cloud.images.build(["nope\x1b"])
    assert caught.value.code == "InvalidRecipe.NotFound"
    assert caught.value.resolution == "there are: base, web, edge, balancer"


def test_an_image_in_the_making_cannot_be_launched_from(cloud: Cloud) -> None:
    cloud.launch()
    refused: list[str] = []

    def try_it() -> None:
        with pytest.raises(Conflict) as caught:
            cloud.launch("copy", image="golden")
        refused.append(caught.value.code)

    cloud.on_moment([Moment("seal-image", "started")], try_it)
    cloud.create_image("web", "golden")
    assert refused == ["InvalidAMIID.Unavailable"]


def test_a_creation_that_fails_at_once_is_told_by_its_operation(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.launch()
    cloud.engine.fail_next("commit", Unavailable("EngineDiskFull", "the disk is full"))
    cloud.finish_at_once(monkeypatch)
    image, operation = cloud.images.create(ImageRequest("web", "golden"))
    ended = cloud.operations.show(operation.id)
    assert (image.state, ended.status) == (ImageState.PENDING, OperationStatus.FAILED)
    cloud.edge.fail_next("set_route", Unavailable("EdgeError", "no"))
    address, operation = cloud.addresses.allocate("front", {})
    assert (address.name, cloud.operations.show(operation.id).status) == ("front", "failed")
    invariants.check(cloud)


def test_a_name_taken_by_a_strangers_image_fails_the_creation_and_theirs_stays(
    cloud: Cloud,
) -> None:
    cloud.launch()
    taken: list[str] = []

    def take_the_name() -> None:
        taken.append(cloud.images.show("golden").reference)
        cloud.engine.add_image(taken[0])

    cloud.on_moment([Moment("freeze-disk", "started")], take_the_name)
    _, operation = cloud.images.create(ImageRequest("web", "golden"))
    ended = cloud.finish([operation])[0]
    assert ended.error is not None
    assert ended.error.code == "NameTaken"
    assert cloud.engine.image(taken[0]) is not None
    invariants.check(cloud)


def test_a_copy_is_another_image_of_the_same_disk(cloud: Cloud) -> None:
    cloud.launch()
    cloud.create_image("web", "golden")
    source = cloud.images.show("golden")
    copy, operations = cloud.images.copy(CopyRequest("golden", "silver", tags={"Name": "a; b"}))
    cloud.succeed(operations)
    made = cloud.images.show("silver")
    assert (made.id, made.source_image_id) == (copy.id, source.id)
    assert (made.size_bytes, made.layer_count) == (source.size_bytes, source.layer_count)
    cloud.succeed(cloud.images.delete("golden"))
    assert cloud.launch("other", image="silver").image_id == copy.id
    kinds = [entry.kind for entry in cloud.ledger.entries() if entry.resource_id == copy.id]
    assert kinds == [LedgerKind.IMAGE_CREATED]
    invariants.check(cloud)


def test_a_copy_that_fails_leaves_nothing(cloud: Cloud) -> None:
    cloud.launch()
    cloud.create_image("web", "golden")
    cloud.fail_at(Moment("copy-image", "acted"), Unavailable("EngineDiskFull", "full", "free it"))
    image, operations = cloud.images.copy(
        CopyRequest("golden", "silver", snapshot_tags={"disk": "1"})
    )
    (ended,) = cloud.finish(operations)
    assert ended.status is OperationStatus.FAILED
    assert cloud.rows("SELECT * FROM resource_tags") == []
    with pytest.raises(NotFound):
        cloud.images.show(image.id)
    invariants.check(cloud)
