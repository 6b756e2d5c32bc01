"""The client: one attribute a noun."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.client.addresses import AddressCalls
from minicloud.client.cloud import CloudCalls
from minicloud.client.images import ImageCalls
from minicloud.client.instances import InstanceCalls
from minicloud.client.operations import OperationCalls
from minicloud.client.transport import Transport

if TYPE_CHECKING:
    from minicloud.home import CloudHome


class Client:
    """Everything that can be asked of one cloud. May be used by several threads.

    Every call raises an error of ``minicloud.domain.errors`` where it fails.
    """

    def __init__(self, transport: Transport) -> None:
        self.cloud = CloudCalls(transport)
        self.instances = InstanceCalls(transport)
        self.images = ImageCalls(transport)
        self.addresses = AddressCalls(transport)
        self.operations = OperationCalls(transport)

    @classmethod
    def connect(cls, home: CloudHome, *, start: bool = True) -> Client:
        """A client of the cloud of this home, whose server is started as soon as it is needed.

        With ``start`` false a cloud that has no server answers ``Unavailable`` (code
        ``ServerNotRunning``).
        """

        def start_server() -> None:
            from minicloud.client import launcher

            launcher.start_server(home)

        return cls(Transport(home.socket, start_server if start else None))
