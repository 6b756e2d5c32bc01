"""The folders under ``images/``: what they say, and the key of what they hold. No engine here."""

from __future__ import annotations

import hashlib
import io
import tarfile
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from minicloud.domain.errors import NotFound, Unavailable
from minicloud.ports.image_builder import Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

MANIFEST: Final = "manifest.toml"
DOCKERFILE: Final = "Dockerfile"
_TEXT_FIELDS: Final = ("name", "description", "parent", "pull", "suite")
_NOT_CONTENT: Final = frozenset({"__pycache__", ".DS_Store", ".mypy_cache", ".ruff_cache"})


@dataclass(frozen=True)
class Source:
    """Where a recipe without a parent gets its root filesystem."""

    pull: str
    suite: str


@dataclass(frozen=True)
class RecipeFolder:
    """A recipe with its folder. ``source`` is set where it has no parent, and only there."""

    recipe: Recipe
    path: Path
    source: Source | None

    def contents(self) -> Mapping[str, tuple[int, bytes]]:
        """Every file's mode and bytes, by its path inside the folder, sorted.

        Of the mode only the executable bit counts: the rest is the umask of whoever checked out.
        """
        found = {}
        for path in self.path.rglob("*"):
            name = path.relative_to(self.path)
            if path.is_file() and not _NOT_CONTENT.intersection(name.parts):
                mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
                found[name.as_posix()] = (mode, path.read_bytes())
        return dict(sorted(found.items()))

    def build_context(self) -> io.BytesIO:
        """The folder as a tar archive that is the same for the same contents."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for name, (mode, data) in self.contents().items():
                entry = tarfile.TarInfo(name)
                entry.mode, entry.size = mode, len(data)
                tar.addfile(entry, io.BytesIO(data))
        archive.seek(0)
        return archive


def shipped_images() -> Path:
    """The recipes' folder: inside the package in a wheel, beside it in a checkout."""
    package = Path(str(files("minicloud")))
    in_wheel = package / "_images"
    return in_wheel if in_wheel.is_dir() else package.parent / "images"


class RecipeBook:
    """All recipes of one folder. ``Unavailable`` (code ``InvalidRecipe``) where one is wrong."""

    def __init__(self, folder: Path) -> None:
        read = (_read(path.parent) for path in sorted(folder.glob(f"*/{MANIFEST}")))
        by_name = {entry.recipe.name: entry for entry in read}
        self._folders: dict[str, RecipeFolder] = {}
        for name in by_name:
            self._admit(name, by_name, ())

    def _admit(
        self, name: str, by_name: Mapping[str, RecipeFolder], children: tuple[str, ...]
    ) -> None:
        """Take the recipe in after its parents, so that the order is a building order."""
        if name in self._folders:
            return
        if name in children:
            raise _invalid(name, f"is its own ancestor ({' from '.join((*children, name))})")
        if name not in by_name:
            raise _invalid(children[-1], f"has an unknown parent, {name!r}")
        parent = by_name[name].recipe.parent
        if parent is not None:
            self._admit(parent, by_name, (*children, name))
        self._folders[name] = by_name[name]

    def all(self) -> tuple[RecipeFolder, ...]:
        """Every recipe, parents first."""
        return tuple(self._folders.values())

    def get(self, name: str) -> RecipeFolder:
        """The recipe of this name; ``NotFound`` (code ``InvalidAMIID.NotFound``) if none is."""
        if name not in self._folders:
            raise NotFound(
                "InvalidAMIID.NotFound",
                f"no image called {name!r} ships with minicloud",
                f"choose one of {', '.join(self._folders)}",
            )
        return self._folders[name]

    def lineage(self, name: str) -> tuple[RecipeFolder, ...]:
        """The recipe and all it stands on, the root first."""
        folder = self.get(name)
        if folder.recipe.parent is None:
            return (folder,)
        return (*self.lineage(folder.recipe.parent), folder)

    def content_key(self, name: str, architecture: str) -> str:
        """A hash (64 hex digits) of all that makes the image, its parents' contents included."""
        key = ""
        for folder in self.lineage(name):
            digest = hashlib.sha256()
            digest.update(f"{architecture}\n{key}\n".encode())
            for file, (mode, data) in folder.contents().items():
                digest.update(f"{file!r} {mode:o} {len(data)}\n".encode())
                digest.update(data)
            key = digest.hexdigest()
        return key


def _read(path: Path) -> RecipeFolder:
    try:
        manifest = tomllib.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _invalid(path.name, f"has a manifest that is not TOML ({error})") from error
    _check(path, manifest)
    source = None if "parent" in manifest else Source(manifest["pull"], manifest["suite"])
    recipe = Recipe(
        name=manifest["name"],
        description=manifest["description"],
        parent=manifest.get("parent"),
        public=manifest["public"],
    )
    return RecipeFolder(recipe, path, source)


def _check(path: Path, manifest: Mapping[str, object]) -> None:
    origin = {"parent"} if "parent" in manifest else {"pull", "suite"}
    wanted = {"name", "description", "public"} | origin
    if missing := sorted(wanted - manifest.keys()):
        raise _invalid(path.name, f"lacks {', '.join(missing)} in its manifest")
    if surplus := sorted(manifest.keys() - wanted):
        raise _invalid(path.name, f"may not have {', '.join(surplus)} in its manifest")
    for field in _TEXT_FIELDS:
        value = manifest.get(field, "-")
        if not isinstance(value, str) or not value:
            raise _invalid(path.name, f"needs text as {field}, not {value!r}")
    if not isinstance(manifest["public"], bool):
        raise _invalid(path.name, f"needs true or false as public, not {manifest['public']!r}")
    if manifest["name"] != path.name:
        raise _invalid(path.name, f"calls itself {manifest['name']!r} in its manifest")
    if not (path / DOCKERFILE).is_file():
        raise _invalid(path.name, f"has no {DOCKERFILE}")


def _invalid(name: str, what: str) -> Unavailable:
    return Unavailable(
        "InvalidRecipe",
        f"the image recipe {name!r} {what}",
        "correct it, or install minicloud again",
    )
