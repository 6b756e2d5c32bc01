"""Recipes: what a manifest must say, in which order they come, and what changes their key."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import pytest

from minicloud.adapters.docker.images.host_apt import Mirror, mirror_from
from minicloud.adapters.docker.images.recipes import RecipeBook, shipped_images
from minicloud.adapters.docker.images.seal import seal_script
from minicloud.domain.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from pathlib import Path

ROOT = 'pull = "somewhere:1"\nsuite = "trixie"'


def write(folder: Path, name: str, origin: str, **files: str) -> Path:
    recipe = folder / name
    recipe.mkdir()
    (recipe / "manifest.toml").write_text(
        f'name = "{name}"\ndescription = "a test"\npublic = true\n{origin}\n'
    )
    for file, text in {"Dockerfile": "ARG PARENT\nFROM ${PARENT}\n", **files}.items():
        (recipe / file).write_text(text)
    return recipe


@pytest.fixture
def images(tmp_path: Path) -> Path:
    write(tmp_path, "zero", ROOT)
    write(tmp_path, "middle", 'parent = "zero"', motd="hello", other="there")
    write(tmp_path, "above", 'parent = "middle"')
    return tmp_path


def key(images: Path, name: str, architecture: str = "amd64") -> str:
    return RecipeBook(images).content_key(name, architecture)


def test_parents_come_first(images: Path) -> None:
    assert [entry.recipe.name for entry in RecipeBook(images).all()] == ["zero", "middle", "above"]
    lineage = RecipeBook(images).lineage("above")
    assert [entry.recipe.name for entry in lineage] == ["zero", "middle", "above"]


def test_a_manifest_is_read_whole(images: Path) -> None:
    zero, middle = RecipeBook(images).get("zero"), RecipeBook(images).get("middle")
    assert zero.recipe.parent is None
    assert zero.source is not None
    assert (zero.source.pull, zero.source.suite) == ("somewhere:1", "trixie")
    assert (middle.recipe.parent, middle.recipe.public, middle.source) == ("zero", True, None)


def test_an_unknown_recipe_is_not_found(images: Path) -> None:
    with pytest.raises(NotFound, match=r"InvalidAMIID\.NotFound") as caught:
        RecipeBook(images).lineage("nowhere")
    assert "zero, middle, above" in caught.value.resolution


def test_the_key_is_the_same_for_the_same_content(images: Path) -> None:
    before = key(images, "above")
    (images / "middle" / "motd").write_text("hello")
    (images / "middle" / "__pycache__").mkdir()
    (images / "middle" / "__pycache__" / "x.pyc").write_text("not content")
    (images / "middle" / "motd").chmod(0o600)
    assert key(images, "above") == before


@pytest.mark.parametrize("file", ["manifest.toml", "Dockerfile", "motd"])
def test_every_file_counts_in_the_key_and_in_the_children(images: Path, file: str) -> None:
    before = {name: key(images, name) for name in ("zero", "middle", "above")}
    with (images / "middle" / file).open("a") as opened:
        opened.write("\n# changed\n")
    assert key(images, "zero") == before["zero"]
    assert key(images, "middle") != before["middle"]
    assert key(images, "above") != before["above"]


def test_names_and_executable_bits_and_the_architecture_count(images: Path) -> None:
    keys = [key(images, "middle"), key(images, "middle", "arm64")]
    (images / "middle" / "motd").chmod(0o755)
    keys.append(key(images, "middle"))
    (images / "middle" / "motd").rename(images / "middle" / "issue")
    keys.append(key(images, "middle"))
    assert len(set(keys)) == 4


def test_contents_cannot_pass_from_one_file_to_the_next(images: Path) -> None:
    before = key(images, "middle")
    (images / "middle" / "motd").write_text("hellot")
    (images / "middle" / "other").write_text("here")
    assert key(images, "middle") != before


def test_the_build_context_does_not_depend_on_who_checked_out(images: Path) -> None:
    folder = RecipeBook(images).get("middle")
    before = folder.build_context().getvalue()
    (images / "middle" / "motd").touch()
    (images / "middle" / "motd").chmod(0o664)
    assert folder.build_context().getvalue() == before
    with tarfile.open(fileobj=folder.build_context()) as tar:
        assert tar.getnames() == ["Dockerfile", "manifest.toml", "motd", "other"]


@pytest.mark.parametrize(
    ("manifest", "complaint"),
    [
        ("name = ", "not TOML"),
        ('name = "bad"\npublic = true\nparent = "zero"', "lacks description"),
        ('name = "bad"\ndescription = "d"\npublic = true', "lacks pull, suite"),
        ('name = "bad"\ndescription = "d"\npublic = "yes"\nparent = "zero"', "true or false"),
        ('name = "bad"\ndescription = 7\npublic = true\nparent = "zero"', "text as description"),
        ('name = "bad"\ndescription = ""\npublic = true\nparent = "zero"', "text as description"),
        ('name = "good"\ndescription = "d"\npublic = true\nparent = "zero"', "calls itself 'good'"),
        (
            'name = "bad"\ndescription = "d"\npublic = true\nparent = "zero"\npull = "x"',
            "may not have pull",
        ),
        ('name = "bad"\ndescription = "d"\npublic = true\nparent = "none"', "unknown parent"),
        ('name = "bad"\ndescription = "d"\npublic = true\nparent = "bad"', "its own ancestor"),
    ],
)
def test_a_wrong_manifest_says_what_is_wrong(images: Path, manifest: str, complaint: str) -> None:
    write(images, "bad", "")
    (images / "bad" / "manifest.toml").write_text(manifest)
    with pytest.raises(Unavailable, match=complaint) as caught:
        RecipeBook(images)
    assert caught.value.code == "InvalidRecipe"
    assert "'bad'" in caught.value.message


def test_a_recipe_needs_a_dockerfile(images: Path) -> None:
    (write(images, "bad", 'parent = "zero"') / "Dockerfile").unlink()
    with pytest.raises(Unavailable, match="has no Dockerfile"):
        RecipeBook(images)


def test_the_shipped_recipes_are_sound() -> None:
    recipes = {entry.recipe.name: entry.recipe for entry in RecipeBook(shipped_images()).all()}
    assert recipes["root"].parent is None
    assert not recipes["root"].public
    assert (recipes["base"].parent, recipes["base"].public) == ("root", True)
    assert (recipes["web"].parent, recipes["web"].public) == ("base", True)


def test_the_seal_script_is_shipped() -> None:
    assert "/etc/machine-id" in seal_script()


def test_the_hosts_own_debian_mirror_is_used_for_another_suite() -> None:
    listing = (
        "http://elsewhere.test/apt/|Debian-like|Elsewhere|main|$(SIGNED_BY)\n"
        "http://mirror.test/debian/|Debian|Debian|main|/keys/archive.gpg\n"
        "http://mirror.test/debian/|Debian|Debian|contrib|/keys/other.gpg\n"
        "http://second.test/debian/|Debian|Debian|main|/keys/archive.gpg\n"
        "http://mirror.test/security/|Debian-Security|Debian|main|$(SIGNED_BY)\n"
    )
    assert mirror_from(listing, "trixie") == Mirror(
        (
            "deb http://mirror.test/debian/ trixie main",
            "deb http://mirror.test/debian/ trixie-updates main",
            "deb http://mirror.test/security/ trixie-security main",
        ),
        ("/keys/archive.gpg",),
    )


@pytest.mark.parametrize(
    "listing",
    ["", "file:/media/disc/|Debian|Debian|main|\n", "http://u.test/|Ubuntu|Ubuntu|main|\n"],
)
def test_a_host_without_a_debian_mirror_leaves_the_choice_to_the_tool(listing: str) -> None:
    assert mirror_from(listing, "trixie") == Mirror()
