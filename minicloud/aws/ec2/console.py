"""The machine's console, as its engine has recorded it."""

from __future__ import annotations

import base64
from contextlib import closing
from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.ec2.named_instances import named_instance
from minicloud.aws.ec2.surroundings import Surroundings
from minicloud.aws.operation import Operation, Shape
from minicloud.domain.instance import InstanceState

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import GetConsoleOutputRequestTypeDef

# EC2 keeps the last 64 KiB. So many bytes have no more lines than that, either.
_BYTES_MAX = 64 * 1024
_WITHOUT_CONSOLE = {
    InstanceState.PENDING,
    InstanceState.SHUTTING_DOWN,
    InstanceState.TERMINATED,
}


def get_console_output(backend: AwsBackend, request: GetConsoleOutputRequestTypeDef) -> Shape:
    """The last 64 KiB of what the machine has said; the latest at any time."""
    around = Surroundings.of(backend)
    instance = named_instance(backend, around, request["InstanceId"])
    said: Shape = {"InstanceId": instance.id, "Timestamp": backend.clock.now()}
    if instance.state in _WITHOUT_CONSOLE:
        return said
    output = b""
    with closing(backend.instances.logs(instance.id, _BYTES_MAX, follow=False)) as console:
        for piece in console:
            output = (output + piece)[-_BYTES_MAX:]
    return {**said, "Output": base64.b64encode(output).decode()}


OPERATIONS = (
    # What is told is always the latest there is.
    Operation("GetConsoleOutput", get_console_output, carried=frozenset({"InstanceId", "Latest"})),
)
