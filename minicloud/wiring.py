"""Which adapters a cloud is on: those of a Docker engine, or those of a world that is not there.

Beside ``server`` the only place that knows adapters. What a cloud does not need is not imported: a
simulated one starts without Docker's library.
"""

from __future__ import annotations

from dataclasses import dataclass

from minicloud.domain import naming
from minicloud.domain.engine_kind import EngineKind
from minicloud.ports.balancer_plane import BalancerPlane
from minicloud.ports.clock import Clock
from minicloud.ports.edge import Edge
from minicloud.ports.engine import Engine
from minicloud.ports.host_ports import HostPorts
from minicloud.ports.image_builder import ImageBuilder
from minicloud.ports.store import CloudRecord


@dataclass(frozen=True)
class Adapters:
    """The data plane of one cloud."""

    engine: Engine
    builder: ImageBuilder
    edge: Edge
    balancers: BalancerPlane
    host_ports: HostPorts


def adapters_of(cloud: CloudRecord, real_clock: Clock) -> Adapters:
    """The adapters of the engine that the cloud was made for."""
    if cloud.engine is EngineKind.SIMULATED:
        return _simulated(real_clock)
    return _docker(cloud)


def _simulated(real_clock: Clock) -> Adapters:
    from minicloud.adapters import simulated
    from minicloud.adapters.docker.images.recipes import RecipeBook, shipped_images

    engine = simulated.SimulatedEngine(real_clock)
    recipes = [folder.recipe for folder in RecipeBook(shipped_images()).all()]
    return Adapters(
        engine,
        simulated.SimulatedImageBuilder(engine, recipes),
        simulated.SimulatedEdge(),
        simulated.SimulatedBalancerPlane(engine, real_clock),
        simulated.SimulatedHostPorts(),
    )


def _docker(cloud: CloudRecord) -> Adapters:
    from minicloud.adapters.docker.connection import connect_late
    from minicloud.adapters.docker.engine import DockerEngine
    from minicloud.adapters.docker.images.builder import DockerImageBuilder
    from minicloud.adapters.edge import DockerEdge
    from minicloud.adapters.host.listening_ports import KernelPorts
    from minicloud.adapters.nginx import DockerBalancerPlane

    client = connect_late()
    return Adapters(
        DockerEngine(client),
        DockerImageBuilder(client),
        DockerEdge(client, naming.container_name(cloud.name, "edge")),
        DockerBalancerPlane(client),
        KernelPorts(),
    )
