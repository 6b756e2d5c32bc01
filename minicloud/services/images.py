"""Images: build what ships with minicloud, freeze a machine into one, list, delete."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from minicloud.domain import naming
from minicloud.domain.errors import Conflict, NotFound
from minicloud.domain.ids import IdKind, make_id
from minicloud.domain.image import Image, ImageState, validate_image_name
from minicloud.domain.instance import InstanceState
from minicloud.domain.operation import Json, Operation
from minicloud.domain.tags import shown, validate_tags
from minicloud.operations import (
    build_images,
    create_image,
    delete_image,
    machine,
    membership,
)
from minicloud.operations.definition import World
from minicloud.operations.runner import Runner
from minicloud.ports.image_builder import Recipe
from minicloud.ports.store import Transaction
from minicloud.services.infrastructure import EDGE_RECIPE
from minicloud.services.resolve import find_image, find_instance


@dataclass(frozen=True)
class ImageRequest:
    """An image to be made of a machine. Without ``reboot`` its disk is frozen while in use."""

    instance: str
    name: str
    description: str = ""
    reboot: bool = True
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RecipeStatus:
    """A recipe, and whether the engine has its present content."""

    recipe: Recipe
    is_built: bool


class ImageService:
    """Everything that can be asked of images."""

    def __init__(self, world: World, runner: Runner) -> None:
        self._world = world
        self._runner = runner

    def recipes(self) -> list[RecipeStatus]:
        """What ships with minicloud."""
        builder, engine = self._world.builder, self._world.engine
        return [
            RecipeStatus(recipe, engine.image(builder.reference(recipe.name)) is not None)
            for recipe in builder.recipes()
        ]

    def build(self, names: Sequence[str]) -> list[Operation]:
        """Build these recipes, or all of them; what is built already is only registered."""
        known = {recipe.name: recipe for recipe in self._world.builder.recipes()}
        for name in names:
            if name not in known:
                raise NotFound(
                    "InvalidRecipe.NotFound",
                    f"there is no recipe {shown(name)}",
                    f"there are: {', '.join(known)}",
                )
        # The edge carries the addresses: without it nothing can be launched.
        wanted = [n for n in known if not names or n in names or n == EDGE_RECIPE]
        self._world.engine.ping()
        image_ids = {
            name: make_id(IdKind.IMAGE, secrets.token_hex(9))
            for name in wanted
            if known[name].public
        }
        return [
            self._runner.submit(
                build_images.KIND,
                "recipes",
                lambda _transaction, _operation_id: {"names": wanted, "image_ids": image_ids},
            )
        ]

    def create(self, request: ImageRequest) -> tuple[Image, Operation]:
        """Freeze a machine's disk into an image."""
        name = validate_image_name(request.name)
        tags = validate_tags(request.tags)
        with self._world.store.read() as transaction:
            instance_id = find_instance(transaction, request.instance).id
        image_id = make_id(IdKind.IMAGE, secrets.token_hex(9))
        made: list[Image] = []

        def begin(transaction: Transaction, operation_id: str) -> Json:
            instance = machine.require_instance(transaction, instance_id)
            instance.require_state(
                "make an image of it", InstanceState.RUNNING, InstanceState.STOPPED
            )
            is_running = instance.state is InstanceState.RUNNING
            require_free_image_name(transaction, name)
            image = Image(
                id=image_id,
                name=name,
                reference=naming.image_reference(self._world.cloud_name, image_id),
                state=ImageState.PENDING,
                created_at=self._world.clock.now(),
                description=request.description,
                source_instance_id=instance_id,
                without_reboot=is_running and not request.reboot,
                tags=tags,
            )
            transaction.images.add(image)
            made.append(image)
            if is_running:
                membership.record_held(transaction, instance_id, operation_id, image.created_at)
            return {
                "instance_id": instance_id,
                "image_id": image_id,
                "image_reference": image.reference,
                "was_running": is_running,
                "must_reboot": is_running and request.reboot,
            }

        self._world.engine.ping()
        operation = self._runner.submit(create_image.KIND, image_id, begin, [instance_id])
        # As it was then: by now the operation may have failed, and the record with it.
        return made[0], operation

    def list_all(self, *, include_gone: bool) -> Sequence[Image]:
        """Every image, oldest first."""
        with self._world.store.read() as transaction:
            everything = transaction.images.all()
        return [image for image in everything if include_gone or image.is_live]

    def show(self, ref: str) -> Image:
        """The image of this id or name."""
        with self._world.store.read() as transaction:
            return find_image(transaction, ref)

    def delete(self, ref: str) -> list[Operation]:
        """Deregister an image; refused while a machine was launched from it and still exists."""
        image_id = self.show(ref).id

        def begin(transaction: Transaction, _operation_id: str) -> Json:
            image = find_image(transaction, image_id)
            instances = transaction.instances.all()
            users = [i.id for i in instances if i.is_live and i.image_id == image_id]
            if users:
                raise Conflict(
                    "InvalidAMIID.InUse",
                    f"image {image_id} is the disk of {', '.join(users[:5])}",
                    "terminate what was launched from it first",
                )
            return {
                "image_id": image_id,
                "image_reference": image.reference,
                "is_own": image.recipe is None,
            }

        self._world.engine.ping()
        return [self._runner.submit(delete_image.KIND, image_id, begin)]


def require_free_image_name(transaction: Transaction, name: str) -> None:
    """AWS's ``InvalidAMIName.Duplicate`` where an image has the name."""
    for known in transaction.images.all():
        if known.is_live and known.name == name:
            raise Conflict(
                "InvalidAMIName.Duplicate",
                f"image {known.id} is already called {shown(name)}",
                "choose another name, or delete that image",
            )
