"""How the agent in a balancer's container is reached, and what its failings mean."""

from __future__ import annotations

from typing import Final

from minicloud.adapters.docker.agent_channel import AgentKind
from minicloud.domain.errors import Conflict, MiniCloudError, Unavailable

AGENT_COMMAND: Final = ("python3", "-m", "balancer_agent")


def unreachable(container_name: str, detail: str) -> MiniCloudError:
    """The error where a balancer's container, or the agent in it, does not answer."""
    return Unavailable(
        "BalancerUnreachable",
        f"the balancer {container_name} does not answer ({detail})",
        "the server makes it anew within seconds; if it does not, `docker logs` of it says more",
    )


def failed(message: str) -> MiniCloudError:
    """The error where it answers that it cannot."""
    return Unavailable(
        "BalancerFailed", message, "it goes on as it was; `docker logs` of the balancer says more"
    )


def _refusal(code: str, message: str) -> MiniCloudError:
    if code == "ListenerPortTaken":
        return Conflict(code, message, "choose another port for the listener")
    return failed(message)


AGENT: Final = AgentKind((*AGENT_COMMAND, "pipe"), unreachable, _refusal)
