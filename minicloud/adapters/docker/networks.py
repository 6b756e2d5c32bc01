"""Bridge networks."""

from __future__ import annotations

import time
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, Final

from docker.errors import APIError
from docker.errors import NotFound as Missing
from docker.types import IPAMConfig, IPAMPool

from minicloud.adapters.docker.errors import explanation, from_answer, translated
from minicloud.adapters.docker.translation import carries
from minicloud.domain.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import docker

    from minicloud.ports.engine import NetworkSpec

_BRIDGE_OPTION: Final = "com.docker.network.bridge.name"
_TWIN_TIMEOUT_S: Final = 5
_POLL_S: Final = 0.02
_NAME_TEXTS: Final = ("already exists", "same bridge name")
_SUBNET_TEXTS: Final = ("pool overlaps", "overlapping ipv4", "conflicts with network")


class Networks:
    """The network half of the port."""

    def __init__(self, api: docker.APIClient) -> None:
        self._api = api

    def ensure(self, spec: NetworkSpec) -> None:
        """Make, or adopt what an earlier try made; see the port."""
        deadline_s = time.monotonic() + _TWIN_TIMEOUT_S
        with translated():
            while True:
                try:
                    self._create(spec)
                    return
                except APIError as error:
                    # One look for both questions, or what appears between two is judged wrongly.
                    listed: list[Mapping[str, Any]] = self._api.networks()
                    if _is_ours_there(spec, listed, error):
                        return
                    is_making = _is_twin_in_the_making(spec, listed, error)
                    if not is_making or time.monotonic() > deadline_s:
                        raise _refusal(spec, error) from error
                time.sleep(_POLL_S)

    def _create(self, spec: NetworkSpec) -> None:
        pool = IPAMPool(subnet=spec.subnet, gateway=spec.gateway)
        self._api.create_network(
            spec.name,
            driver="bridge",
            options={_BRIDGE_OPTION: spec.bridge},
            ipam=IPAMConfig(pool_configs=[pool]),
            check_duplicate=True,
            labels=dict(spec.labels),
        )

    def remove(self, name: str) -> None:
        """Remove it if it is there; see the port."""
        with translated():
            try:
                self._api.remove_network(name)
            except Missing:
                return
            except APIError as error:
                if "active endpoints" not in explanation(error).lower():
                    raise
                raise Conflict(
                    "DependencyViolation",
                    f"the network {name} has machines on it",
                    "terminate them first",
                ) from error


def _is_ours_there(spec: NetworkSpec, listed: Sequence[Mapping[str, Any]], error: APIError) -> bool:
    existing = next((network for network in listed if network["Name"] == spec.name), None)
    if existing is None:
        return False
    has_labels = carries(existing.get("Labels") or {}, spec.labels)
    if has_labels and _subnets(existing) == {spec.subnet}:
        return True
    raise Conflict(
        "NameTaken",
        f"a network called {spec.name} exists and is not ours",
        f"remove it (`docker network rm {spec.name}`), then try again",
    ) from error


def _is_twin_in_the_making(
    spec: NetworkSpec, listed: Sequence[Mapping[str, Any]], error: APIError
) -> bool:
    """Whether the subnet is held by no network that can be seen, so by one being made.

    The engine's own check for a twin's name is a race. The one for the subnet is not, and it
    refuses the later of two callers before the earlier's network is listed.
    """
    if _says(error, _NAME_TEXTS) or not _says(error, _SUBNET_TEXTS):
        return False
    wanted = ip_network(spec.subnet)
    return not any(
        ip_network(subnet, strict=False).overlaps(wanted)
        for network in listed
        for subnet in _subnets(network)
    )


def _refusal(spec: NetworkSpec, error: APIError) -> Exception:
    if _says(error, _NAME_TEXTS):
        return Conflict(
            "NameTaken",
            f"another network uses the name {spec.name} or the bridge {spec.bridge}",
            "find it with `docker network inspect` and remove it, then try again",
        )
    if _says(error, _SUBNET_TEXTS):
        return Conflict(
            "SubnetTaken",
            f"the addresses {spec.subnet} are in use by another network of this engine",
            "choose another subnet, or remove the other network (`docker network ls`)",
        )
    return from_answer(error)


def _says(error: APIError, signs: tuple[str, ...]) -> bool:
    text = explanation(error).lower()
    return any(sign in text for sign in signs)


def _subnets(network: Mapping[str, Any]) -> set[str]:
    pools = (network.get("IPAM") or {}).get("Config") or ()
    return {pool["Subnet"] for pool in pools if pool.get("Subnet")}
