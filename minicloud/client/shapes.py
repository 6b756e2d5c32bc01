"""What the server answers with, for type checkers alone; times are ISO 8601 text, UTC.

Imported under ``TYPE_CHECKING`` only: at run time an answer is the plain JSON that came.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, TypedDict


class ErrorShape(TypedDict):
    """Why something failed, or what it waits for."""

    code: str
    message: str
    resolution: str


class EndpointShape(TypedDict):
    """Where ``port`` of a machine is reached from this computer."""

    port: int
    host: str
    host_port: int
    url: str


class StateReasonShape(TypedDict):
    """Why an instance is in its state."""

    code: str
    message: str


class InstanceShape(TypedDict):
    """An instance."""

    id: str
    name: str
    image_id: str
    image_name: str
    type: str
    vcpus: int
    memory_mib: int
    state: str
    state_code: int
    state_reason: StateReasonShape | None
    state_changed_at: str | None
    private_ip: str
    public_ip: str | None
    endpoints: list[EndpointShape]
    elastic: bool
    hostname: str
    zone: str
    launched_at: str
    termination_protection: bool
    tags: dict[str, str]
    container_name: str
    simulated: bool
    operation_id: str | None


class ImageShape(TypedDict):
    """An image."""

    id: str
    name: str
    description: str
    state: str
    size_bytes: int
    layer_count: int
    recipe: str | None
    source_instance_id: str | None
    created_at: str
    without_reboot: bool
    warnings: list[str]
    tags: dict[str, str]
    reference: str


class RecipeShape(TypedDict):
    """An image that ships with minicloud; only ``public`` ones can be launched."""

    name: str
    description: str
    parent: str | None
    public: bool
    built: bool


class AddressShape(TypedDict):
    """An Elastic IP."""

    allocation_id: str
    name: str
    public_ip: str
    association_id: str | None
    instance_id: str | None
    instance_name: str
    endpoints: list[EndpointShape]
    allocated_at: str
    associated_at: str | None
    tags: dict[str, str]


class TypeShape(TypedDict):
    """An instance type."""

    name: str
    family: str
    vcpus: int
    memory_mib: int
    burstable: bool
    architecture: str
    processor: str
    process_limit: int


class StepShape(TypedDict):
    """One step of an operation."""

    name: str
    phase: Literal["waiting", "started", "done", "undone"]
    started_at: str | None
    ended_at: str | None
    attempts: int
    output: dict[str, Any]


class OperationShape(TypedDict):
    """An operation. ``fraction``, 0 to 1, is of the step that it is in."""

    id: str
    kind: str
    status: Literal["running", "unwinding", "succeeded", "failed"]
    subject_id: str
    created_at: str
    ended_at: str | None
    steps: list[StepShape]
    result: dict[str, Any]
    error: ErrorShape | None
    waiting_for: ErrorShape | None
    version: int
    message: str
    fraction: float | None


class LedgerEntryShape(TypedDict):
    """A line of the ledger."""

    sequence: int
    at: str
    kind: str
    resource_id: str
    facts: dict[str, str]
    operation_id: str | None
    simulated: bool


class UsageShape(TypedDict):
    """A stretch of use; one that goes on has no end and lasts until now."""

    resource_id: str
    name: str
    what: str
    detail: str
    started_at: str
    ended_at: str | None
    duration_s: float


class CloudShape(TypedDict):
    """The cloud itself; no place until the engine has given it one."""

    id: str
    name: str
    place: int | None
    edge_mode: str | None
    engine: str


class ServerShape(TypedDict):
    """The server's process."""

    pid: int
    version: str
    started_at: str
    home: str
    log: str


class EngineShape(TypedDict, total=False):
    """The Docker engine; what it has is known only while it is ``reachable``."""

    reachable: bool
    error: ErrorShape | None
    version: str
    operating_system: str
    cpu_count: int
    memory_mib: int


class SettingsShape(TypedDict):
    """The cloud's settings."""

    cpu_overcommit: float
    memory_overcommit: float
    address_limit: int
    region: str


class AwsEndpointShape(TypedDict):
    """Where AWS clients reach the cloud; where they do not (yet), ``error`` says why."""

    url: str | None
    error: ErrorShape | None


class AwsAccessShape(AwsEndpointShape):
    """All that an AWS client needs, the secret key too."""

    region: str
    access_key_id: str
    secret_access_key: str


class CapacityShape(TypedDict):
    """What the machines take of what may be given."""

    vcpus_used: int
    vcpus_limit: int
    memory_mib_used: int
    memory_mib_limit: int


class CountsShape(TypedDict):
    """How much there is; ``instances`` by state."""

    instances: dict[str, int]
    images: int
    addresses: int
    balancers: int
    operations_running: int


class ClockShape(TypedDict):
    """What the cloud's clock shows, and how many times as fast as the real time it goes on."""

    simulated: bool
    now: str
    speed: int
    real_now: str
    ahead_s: float


class StatusShape(TypedDict):
    """How the cloud stands."""

    cloud: CloudShape
    server: ServerShape
    engine: EngineShape
    aws: AwsEndpointShape
    settings: SettingsShape
    capacity: CapacityShape | None
    clock: ClockShape
    counts: CountsShape


class OperationsShape(TypedDict):
    """What was set going; nothing where there was nothing to do."""

    operations: list[OperationShape]


class LaunchedShape(OperationsShape):
    """The answer to a launch."""

    instances: list[InstanceShape]


class ImagingShape(OperationsShape):
    """The answer to the making of an image."""

    images: list[ImageShape]


class AllocatedShape(OperationsShape):
    """The answer to an allocation."""

    addresses: list[AddressShape]


# Names of their own, since a class whose method is called ``list`` cannot say ``list[…]``.
Instances: TypeAlias = list[InstanceShape]
Images: TypeAlias = list[ImageShape]
Recipes: TypeAlias = list[RecipeShape]
Addresses: TypeAlias = list[AddressShape]
Operations: TypeAlias = list[OperationShape]
