"""What the engine's objects are called and labelled.

Names derive from identifiers that are journalled first, so a repeated create meets its own work.
Labels are identity alone and never change; whoever finds one knows whose it is.
"""

from __future__ import annotations

CLOUD_LABEL = "minicloud.cloud"
RESOURCE_LABEL = "minicloud.resource"
OPERATION_LABEL = "minicloud.operation"


def container_name(cloud_name: str, resource_id: str) -> str:
    """The container of a machine, or of a part of the cloud itself (``edge``)."""
    return f"minicloud-{cloud_name}-{resource_id}"


def network_name(cloud_name: str) -> str:
    """The cloud's network."""
    return f"minicloud-{cloud_name}"


def bridge_name(cloud_id: str) -> str:
    """The network's bridge on the engine's host; Linux allows 15 characters."""
    return "mc" + cloud_id.partition("-")[2][:10]


def edge_table_name(cloud_id: str) -> str:
    """The packet filter's table of the cloud's addresses."""
    return "minicloud_" + cloud_id.partition("-")[2]


def image_reference(cloud_name: str, image_id: str) -> str:
    """The engine's name for an image made of a machine."""
    return f"minicloud-{cloud_name}/ami:{image_id}"


def labels(cloud_id: str, resource_id: str, operation_id: str | None = None) -> dict[str, str]:
    """The identity of an object."""
    identity = {CLOUD_LABEL: cloud_id, RESOURCE_LABEL: resource_id}
    return identity if operation_id is None else {**identity, OPERATION_LABEL: operation_id}
