"""The balancers on nginx: a container each, whose agent runs nginx and makes the health checks.

Here belongs what makes such a container, talks to its agent, and renders what nginx is told. Two
texts leave this package, and they are kept apart. The *configuration* is structure: ports,
protocols, certificates' identifiers, a timeout; it is rendered of numbers and choices that were
checked one by one, and no name, path, header or body of a user's can be in it. The *document* is
everything else, as JSON, which the agent (``images/balancer/balancer_agent``) holds to its form
again and nginx's Lua code reads as data, never as code or configuration.

A balancer serves on, checks on and remembers all of this when the server is dead.
"""

from minicloud.adapters.nginx.adapter import DockerBalancerPlane

__all__ = ["DockerBalancerPlane"]
