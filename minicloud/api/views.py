"""How records look to a client: plain JSON, times in ISO 8601, UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from minicloud.domain.address import Address
from minicloud.domain.catalog import InstanceType, instance_type
from minicloud.domain.image import Image
from minicloud.domain.instance import Instance
from minicloud.domain.ledger import LedgerEntry, Usage
from minicloud.domain.network import Place
from minicloud.domain.operation import Operation
from minicloud.operations.progress import Progress
from minicloud.services.clock import ClockReading

View = dict[str, Any]
_HTTP_PORTS = {80: "http", 8080: "http", 443: "https"}
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Surroundings:
    """What a view of one record needs of the others."""

    place: Place | None
    edge_is_loopback: bool
    is_simulated: bool
    addresses: Sequence[Address]
    image_names: Mapping[str, str]
    instance_names: Mapping[str, str]
    operation_of: Mapping[str, str]


def instance_view(instance: Instance, around: Surroundings) -> View:
    """An instance, with every URL that leads to it."""
    its_type = instance_type(instance.type_name)
    elastic = [a for a in around.addresses if a.instance_id == instance.id]
    elastic.sort(key=lambda a: (str(a.associated_at), a.allocation_id))
    public_ip = elastic[0].public_ip if elastic else instance.public_ip
    slot = elastic[0].slot if elastic else instance.public_slot
    reason = instance.state_reason
    return {
        "id": instance.id,
        "name": instance.name,
        "image_id": instance.image_id,
        "image_name": around.image_names.get(instance.image_id, ""),
        "type": instance.type_name,
        "vcpus": its_type.vcpus,
        "memory_mib": its_type.memory_mib,
        "state": instance.state.value,
        "state_code": instance.state.code,
        "state_reason": None if reason is None else asdict(reason),
        "state_changed_at": _text(instance.state_changed_at),
        "private_ip": instance.private_ip,
        "public_ip": public_ip,
        "endpoints": endpoints(around, public_ip, slot),
        "elastic": bool(elastic),
        "hostname": instance.hostname,
        "zone": instance.zone,
        "launched_at": _text(instance.launched_at),
        "termination_protection": instance.termination_protection,
        "tags": dict(instance.tags),
        "container_name": instance.container_name,
        "simulated": around.is_simulated,
        "operation_id": around.operation_of.get(instance.id),
    }


def address_view(address: Address, around: Surroundings) -> View:
    """An Elastic IP."""
    return {
        "allocation_id": address.allocation_id,
        "name": address.name,
        "public_ip": address.public_ip,
        "association_id": address.association_id,
        "instance_id": address.instance_id,
        "instance_name": around.instance_names.get(address.instance_id or "", ""),
        "endpoints": endpoints(around, address.public_ip, address.slot),
        "allocated_at": _text(address.allocated_at),
        "associated_at": _text(address.associated_at),
        "tags": dict(address.tags),
    }


def endpoints(around: Surroundings, public_ip: str | None, slot: int | None) -> list[View]:
    """Where a client on this machine reaches an address, the best way first.

    Nowhere, in a simulated cloud.
    """
    if public_ip is None or slot is None or around.place is None or around.is_simulated:
        return []
    host_ports = around.place.host_ports(slot)
    found = []
    if around.edge_is_loopback:
        found += [_endpoint(port, public_ip, port) for port in host_ports.values()]
    found += [_endpoint(port, "127.0.0.1", host_port) for host_port, port in host_ports.items()]
    return sorted(found, key=lambda e: (e["port"] != 80, e["port"], e["host"] == "127.0.0.1"))


def _endpoint(port: int, host: str, host_port: int) -> View:
    scheme = _HTTP_PORTS.get(port)
    authority = host if _DEFAULT_PORTS.get(scheme or "") == host_port else f"{host}:{host_port}"
    url = authority if scheme is None else f"{scheme}://{authority}/"
    return {"port": port, "host": host, "host_port": host_port, "url": url}


def image_view(image: Image) -> View:
    """An image."""
    return {
        "id": image.id,
        "name": image.name,
        "description": image.description,
        "state": image.state.value,
        "size_bytes": image.size_bytes,
        "layer_count": image.layer_count,
        "recipe": image.recipe,
        "source_instance_id": image.source_instance_id,
        "created_at": _text(image.created_at),
        "without_reboot": image.without_reboot,
        "warnings": list(image.warnings),
        "tags": dict(image.tags),
        "reference": image.reference,
    }


def type_view(its_type: InstanceType) -> View:
    """An instance type."""
    return {
        **asdict(its_type),
        "family": its_type.family,
        "process_limit": its_type.process_limit,
    }


def operation_view(operation: Operation, progress: Progress) -> View:
    """An operation: its whole plan, and what the journal has of each step."""
    steps = []
    for name in operation.step_names:
        record = operation.steps.get(name)
        steps.append(
            {
                "name": name,
                "phase": "waiting" if record is None else record.phase.value,
                "started_at": None if record is None else _text(record.started_at),
                "ended_at": None if record is None else _text(record.ended_at),
                "attempts": 0 if record is None else record.attempts,
                "output": {} if record is None else record.output,
            }
        )
    return {
        "id": operation.id,
        "kind": operation.kind,
        "status": operation.status.value,
        "subject_id": operation.subject_id,
        "created_at": _text(operation.created_at),
        "ended_at": _text(operation.ended_at),
        "steps": steps,
        "result": operation.result,
        "error": None if operation.error is None else asdict(operation.error),
        "waiting_for": None if operation.waiting_for is None else asdict(operation.waiting_for),
        "version": progress.version,
        "message": progress.message,
        "fraction": progress.fraction,
    }


def clock_view(reading: ClockReading) -> View:
    """What the cloud's clock shows; ``ahead_s``: by how many seconds that is later than it is."""
    return {
        "simulated": reading.is_simulated,
        "now": _text(reading.now),
        "speed": reading.speed,
        "real_now": _text(reading.real_now),
        "ahead_s": (reading.now - reading.real_now).total_seconds(),
    }


def ledger_view(entry: LedgerEntry) -> View:
    """A ledger entry."""
    return {
        "sequence": entry.sequence,
        "at": _text(entry.at),
        "kind": entry.kind.value,
        "resource_id": entry.resource_id,
        "facts": dict(entry.facts),
        "operation_id": entry.operation_id,
        "simulated": entry.simulated,
    }


def usage_view(stretch: Usage, names: Mapping[str, str], now: datetime) -> View:
    """A stretch of use."""
    return {
        "resource_id": stretch.resource_id,
        "name": names.get(stretch.resource_id, ""),
        "what": stretch.what,
        "detail": stretch.detail,
        "started_at": _text(stretch.started_at),
        "ended_at": _text(stretch.ended_at),
        "duration_s": round(stretch.duration_s(now), 3),
    }


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
