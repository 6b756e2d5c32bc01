"""The edge on nftables: a public address is one rule of kernel NAT.

Here belongs what makes the edge container, talks to it and finds out how clients reach it. The
rules themselves are rendered and kept by the container's own agent (``images/edge/edge_agent``),
which holds every value to its type again: the server is not trusted to write kernel rules.

Two modes, one mechanism. LOOPBACK (the engine shares this kernel and its network): the container
has the host's network and ``NET_ADMIN`` alone, and an address is an IP of 127.0.0.0/8. PUBLISHED
(Docker Desktop, rootless, remote): it sits on the cloud's bridge and Docker publishes the block of
host ports. Which one is found by asking: a container with the engine's host network reports its
boot id and network namespace, and they are ours or not.

Measured on two cores that others used too: 94% to 104% of the direct rate (Docker's own published
port: 32% to 35%); a route moves in 20 ms at the median, 16 ms of them the kernel's transaction
(p99 30 ms in the quietest of five runs of 1,000, else 55, 71, 77 and 301 ms); of 2.48 million fresh
connections over those 5,000 moves none was refused. 1,000 rules instead of 6 double the time.
"""

from minicloud.adapters.edge.adapter import DockerEdge

__all__ = ["DockerEdge"]
