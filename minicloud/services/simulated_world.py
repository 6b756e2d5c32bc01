"""What a simulated engine holds, made again from the records at the start of a server.

The engine is memory of the server that has ended; what the records say is there, is there again,
through the same port as everything. It is called before any operation goes on: those left
unfinished find what they had made, under their own label, and repeat the step they were in.
"""

from __future__ import annotations

from collections.abc import Sequence

from minicloud.domain import naming
from minicloud.domain.image import Image
from minicloud.domain.instance import Instance, InstanceState
from minicloud.domain.operation import Operation, OperationStatus, StepPhase
from minicloud.operations import copy_image, create_image, launch_instance, scale_up
from minicloud.operations.definition import World
from minicloud.operations.machine import container_spec
from minicloud.services.images import ImageService
from minicloud.services.operations import OperationService

_BUILT_WITHIN_S = 10.0
# By operation and member of its input: the step that makes what the member names.
_MADE_BY = {
    (launch_instance.KIND, "instance_id"): "create-container",
    (scale_up.KIND, "new_instance_id"): "create-new",
    (scale_up.KIND, "image_id"): "freeze-disk",
    (create_image.KIND, "image_id"): "freeze-disk",
    (copy_image.KIND, "image_id"): "copy-image",
}


def restore(world: World) -> None:
    """Make images, machines and balancers as the records have them; all else mends itself."""
    with world.store.read() as transaction:
        images = {image.id: image for image in transaction.images.all()}
        live = [instance for instance in transaction.instances.all() if instance.is_live]
        balancer_ids = [b.id for b in transaction.balancers.all() if b.is_serving]
        work = _Work(transaction.operations.unfinished())
    for recipe in world.builder.recipes():
        world.builder.ensure(recipe.name, lambda _progress: None)
    machines = [instance for instance in live if work.has_made(instance.id)]
    in_use = {instance.image_id for instance in machines}
    for image in images.values():
        if image.id in in_use or (image.is_live and work.has_made(image.id)):
            _restore_image(world, image, work)
    for instance in machines:
        _restore_machine(world, instance, images[instance.image_id], work)
    for balancer_id in balancer_ids:
        world.balancers.apply(balancer_id)


def build_once(images: ImageService, operations: OperationService) -> None:
    """Have what ships with minicloud on record, as it costs nothing; one that was deleted stays so.

    When this returns, it can be launched.
    """
    if not images.has_ever_built():
        for operation in images.build([]):
            operations.await_end(operation.id, _BUILT_WITHIN_S)


class _Work:
    """The unfinished operations, by the resources that their inputs name."""

    def __init__(self, unfinished: Sequence[Operation]) -> None:
        self._found = {
            named: (operation, key)
            for operation in unfinished
            for key, named in operation.input.items()
            if isinstance(named, str)
        }

    def operation_id(self, resource_id: str) -> str | None:
        """The operation under whose label the resource is found."""
        found = self._found.get(resource_id)
        return None if found is None else found[0].id

    def has_made(self, resource_id: str) -> bool:
        """Whether the resource is there: not one that is yet to be made, or was unmade."""
        if resource_id not in self._found:
            return True
        operation, key = self._found[resource_id]
        step = _MADE_BY.get((operation.kind, key))
        if step is None:
            return True
        return step in operation.steps and operation.steps[step].phase is not StepPhase.UNDONE

    def goes_back(self, resource_id: str) -> bool:
        """Whether what is done with the resource is being undone."""
        found = self._found.get(resource_id)
        return found is not None and found[0].status is OperationStatus.UNWINDING


def _restore_image(world: World, image: Image, work: _Work) -> None:
    if world.engine.image(image.reference) is not None:
        return
    # Every disk is empty, so any will do.
    source = world.builder.reference(world.builder.recipes()[0].name)
    own = naming.labels(world.cloud_id, image.id, work.operation_id(image.id))
    world.engine.copy_image(source, image.reference, own if image.recipe is None else {})


def _restore_machine(world: World, instance: Instance, image: Image, work: _Work) -> None:
    operation_id = work.operation_id(instance.id)
    world.engine.ensure_container(container_spec(world, instance, image.reference, operation_id))
    # One that is being started may have been journalled as started: its start is not repeated.
    is_starting = instance.state is InstanceState.PENDING and not work.goes_back(instance.id)
    if instance.state is InstanceState.RUNNING or is_starting:
        world.engine.ensure_started(instance.container_name)
