"""The console, as boto3 asks for it."""

from __future__ import annotations

import base64
from typing import Any

from tests.unit.aws_client import aws
from tests.unit.aws_ec2 import refused
from tests.unit.cloud import Cloud

NOBODY = "i-0123456789abcdef0"


def test_the_console_is_the_machines_own(cloud: Cloud) -> None:
    wire = aws(cloud)
    ec2: Any = wire.client("ec2")
    machine = cloud.launch()
    cloud.engine.write_console(machine.container_name, b"x" * 70_000)
    cloud.engine.write_console(machine.container_name, "booted ☃\n".encode())
    told = ec2.get_console_output(InstanceId=machine.id, Latest=True)
    said = told["Output"]
    assert said.endswith("booted ☃\n")
    assert len(said.encode()) == 64 * 1024
    assert base64.b64encode(b"booted") not in wire.answers[-1].body
    cloud.succeed(cloud.instances.terminate(machine.id))
    assert "Output" not in ec2.get_console_output(InstanceId=machine.id)
    refused(ec2.get_console_output, "InvalidInstanceID.NotFound", InstanceId=NOBODY)
