"""A world that is not there: an engine, an edge, balancers and images in memory.

What belongs here: adapters that keep every rule of the real ones (one suite of contract tests runs
against both) and do nothing else. Time does not pass in them, a machine runs nothing, and nobody
can connect to anything. A cloud on them needs no Docker and ends every operation in milliseconds.

Nothing of it is on disk: at the start of a server ``services.simulated_world`` makes it again from
the cloud's records. ``tests/fakes`` are these, with the means to make them fail.
"""

from minicloud.adapters.simulated.balancer_plane import SimulatedBalancerPlane
from minicloud.adapters.simulated.builder import SimulatedImageBuilder
from minicloud.adapters.simulated.edge import SimulatedEdge
from minicloud.adapters.simulated.engine import SimulatedEngine
from minicloud.adapters.simulated.host_ports import SimulatedHostPorts

__all__ = [
    "SimulatedBalancerPlane",
    "SimulatedEdge",
    "SimulatedEngine",
    "SimulatedHostPorts",
    "SimulatedImageBuilder",
]
