"""The one error that reaches the server."""

from __future__ import annotations

from typing import Final

INVALID_DOCUMENT: Final = "InvalidDocument"
INVALID_REQUEST: Final = "InvalidBalancerRequest"
CONFIGURATION_REFUSED: Final = "ConfigurationRefused"
PORT_TAKEN: Final = "ListenerPortTaken"
FAILED: Final = "BalancerFailed"


class Refused(Exception):
    """A request that was not done, with the code the server passes on; nothing has changed."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
