"""One engine, one image and one world for each file; every test starts without routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import docker
import pytest

from minicloud.ports.edge import EdgeMode
from tests.integration.edge.world import edge_world, images

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.edge.world import EdgeWorld


@pytest.fixture(scope="package")
def client() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    with images(client):
        yield client
    client.close()


@pytest.fixture(scope="module")
def loopback_world(client: docker.DockerClient) -> Iterator[EdgeWorld]:
    with edge_world(client, None) as world:
        if world.mode is not EdgeMode.LOOPBACK:
            pytest.skip("the engine does not share this network")
        yield world


@pytest.fixture
def world(loopback_world: EdgeWorld) -> EdgeWorld:
    loopback_world.edge.ensure(loopback_world.spec)
    loopback_world.edge.replace_routes([])
    return loopback_world
