"""Images: build what ships with minicloud, freeze a machine into one, list, delete."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from minicloud.domain import naming
from minicloud.domain.derived_ids import snapshot_id
from minicloud.domain.errors import Conflict, InvalidRequest, NotFound
from minicloud.domain.ids import IdKind, make_id
from minicloud.domain.image import Image, ImageState, validate_description, validate_image_name
from minicloud.domain.instance import Instance, InstanceState
from minicloud.domain.operation import Json, Operation
from minicloud.domain.resource_tags import ResourceTags
from minicloud.domain.tags import shown, validate_plain_tags
from minicloud.operations import (
    build_images,
    copy_image,
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
    """An image to be made of a machine. Without ``reboot`` its disk is frozen while in use.

    ``snapshot_tags`` are for the snapshot behind it.
    """

    instance: str
    name: str
    description: str = ""
    reboot: bool = True
    tags: Mapping[str, str] = field(default_factory=dict)
    snapshot_tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CopyRequest:
    """A copy of an image. A ``client_token`` used before gives the copy of then."""

    image: str
    name: str
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    snapshot_tags: Mapping[str, str] = field(default_factory=dict)
    client_token: str | None = None


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

    def has_ever_built(self) -> bool:
        """Whether what ships with minicloud is or was on record, or will be soon."""
        with self._world.store.read() as transaction:
            is_known = any(image.recipe is not None for image in transaction.images.all())
            unfinished = transaction.operations.unfinished()
        return is_known or any(operation.kind == build_images.KIND for operation in unfinished)

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
        _check(request)
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
            image = self._record(transaction, image_id, request, instance)
            made.append(image)
            if is_running:
                real_now = self._world.clock.real.now()
                membership.record_held(transaction, instance_id, operation_id, real_now)
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

    def _record(
        self, transaction: Transaction, image_id: str, request: ImageRequest, source: Instance
    ) -> Image:
        require_free_image_name(transaction, request.name)
        image = Image(
            id=image_id,
            name=request.name,
            reference=naming.image_reference(self._world.cloud_name, image_id),
            state=ImageState.PENDING,
            created_at=self._world.clock.now(),
            description=request.description,
            source_instance_id=source.id,
            without_reboot=source.state is InstanceState.RUNNING and not request.reboot,
            tags=dict(request.tags),
        )
        _add(transaction, image, request.snapshot_tags)
        return image

    def copy(self, request: CopyRequest) -> tuple[Image, list[Operation]]:
        """Make another image of an image's disk, with a life of its own."""
        _check(request)
        image_id = make_id(IdKind.IMAGE, secrets.token_hex(9))
        self._world.engine.ping()
        with self._world.store.write() as transaction:
            source = find_image(transaction, request.image)
            earlier = _copied_with(transaction, request, source)
            if earlier is not None:
                return earlier, []
            if source.state is not ImageState.AVAILABLE:
                raise Conflict(
                    "InvalidAMIID.Unavailable",
                    f"image {source.id} is {source.state}",
                    "wait until it is available: minicloud image list",
                )
            require_free_image_name(transaction, request.name)
            image = Image(
                id=image_id,
                name=request.name,
                reference=naming.image_reference(self._world.cloud_name, image_id),
                state=ImageState.PENDING,
                created_at=self._world.clock.now(),
                description=request.description,
                source_image_id=source.id,
                client_token=request.client_token,
                without_reboot=source.without_reboot,
                warnings=source.warnings,
                tags=dict(request.tags),
            )
            _add(transaction, image, request.snapshot_tags)
            operation = self._journal_copy(transaction, source, image)
        self._runner.launch(operation)
        return image, [operation]

    def _journal_copy(self, transaction: Transaction, source: Image, image: Image) -> Operation:
        what = {
            "image_id": image.id,
            "image_reference": image.reference,
            "source_reference": source.reference,
        }
        return self._runner.journal(
            transaction, copy_image.KIND, image.id, lambda _transaction, _id: what, [source.id]
        )

    def describe(self, ref: str, description: str) -> Image:
        """Give an image another description."""
        with self._world.store.write() as transaction:
            validate_description(description)
            image = replace(find_image(transaction, ref), description=description)
            transaction.images.save(image)
        return image

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


def _check(request: ImageRequest | CopyRequest) -> None:
    """Refuse a name, a description or tags that an image cannot have."""
    validate_image_name(request.name)
    validate_description(request.description)
    validate_plain_tags(request.tags)
    validate_plain_tags(request.snapshot_tags)


def _add(transaction: Transaction, image: Image, snapshot_tags: Mapping[str, str]) -> None:
    transaction.images.add(image)
    if snapshot_tags:
        transaction.resource_tags.add(ResourceTags(snapshot_id(image.id), dict(snapshot_tags)))


def _copied_with(transaction: Transaction, request: CopyRequest, source: Image) -> Image | None:
    """The copy that the request's token has made already."""
    token = request.client_token
    made = [i for i in transaction.images.all() if i.client_token == token and i.is_live]
    if token is None or not made:
        return None
    if (made[0].source_image_id, made[0].name) != (source.id, request.name):
        raise InvalidRequest(
            "IdempotentParameterMismatch",
            f"client token {shown(token)} was used for another copy",
            "use a fresh token for a different request",
        )
    return made[0]


def require_free_image_name(transaction: Transaction, name: str) -> None:
    """AWS's ``InvalidAMIName.Duplicate`` where an image has the name."""
    for known in transaction.images.all():
        if known.is_live and known.name == name:
            raise Conflict(
                "InvalidAMIName.Duplicate",
                f"image {known.id} is already called {shown(name)}",
                "choose another name, or delete that image",
            )
