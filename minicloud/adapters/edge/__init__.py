"""The edge on nftables: a public address is one entry of a kernel NAT map.

Here belongs what makes the edge container, talks to it and finds out how clients reach it. The
rules themselves are rendered and kept by the container's own agent (``images/edge/edge_agent``),
which holds every value to its type again: the server is not trusted to write kernel rules.

Two modes, one mechanism. LOOPBACK (the engine shares this kernel and its network): the container
has the host's network and ``NET_ADMIN`` alone, and an address is an IP of 127.0.0.0/8. PUBLISHED
(Docker Desktop, rootless, remote): it sits on the cloud's bridge and Docker publishes the block of
host ports. Which one is found by asking: a container with the engine's host network reports its
boot id and network namespace, and they are ours or not.

The channel is a ``docker exec`` that stays open: no container IP is needed, so that it works on
every engine, and an exec for each call would cost its start.
"""

from minicloud.adapters.edge.adapter import DockerEdge

__all__ = ["DockerEdge"]
