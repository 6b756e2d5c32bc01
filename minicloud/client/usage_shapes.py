"""The JSON of what was measured. Times are ISO 8601 in UTC, an hour is named by its beginning."""

from __future__ import annotations

from typing import TypedDict


class InstanceHourShape(TypedDict):
    """What was measured of a machine in an hour; see ``minicloud.domain.metering``."""

    instance_id: str
    hour_at: str
    type: str
    measured_s: float
    cpu_s: float
    cpu_percent_mean: float
    cpu_percent_max: float
    memory_mib_mean: float
    memory_mib_max: float


class BalancerHourShape(TypedDict):
    """What was measured of a balancer in an hour. ``capacity_by``: the dimension that its units
    come of; None where nothing was used.
    """

    balancer_id: str
    hour_at: str
    requests: int
    new_connections: int
    active_connections_mean: float
    processed_bytes: int
    rule_evaluations: int
    capacity_units: float
    capacity_by: str | None
    in_ledger: bool
