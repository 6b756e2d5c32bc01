"""What a cloud's machines are: containers, or made up."""

from __future__ import annotations

from enum import StrEnum

from minicloud.domain.errors import Conflict


class EngineKind(StrEnum):
    """The engine of a cloud, for as long as the cloud lives.

    ``simulated``: every machine, address and balancer is a record alone. All rules hold, every
    operation ends within milliseconds, and nothing can be connected to or run.
    """

    DOCKER = "docker"
    SIMULATED = "simulated"


def require_engine(cloud_name: str, its_engine: str, wanted: str) -> None:
    """``ResourceInUse`` where a cloud that exists would have to change its engine."""
    if its_engine != wanted:
        raise Conflict(
            "ResourceInUse",
            f"the engine of cloud {cloud_name} is {its_engine}, and stays so",
            f"take a new cloud (minicloud --cloud NAME up --engine {wanted}), or remove this one"
            f" first: minicloud --cloud {cloud_name} down --purge",
        )
