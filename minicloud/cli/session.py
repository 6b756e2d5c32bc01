"""What every command is given: the cloud that was chosen, and a client of it."""

from __future__ import annotations

from functools import cached_property

import click

from minicloud.client import Client
from minicloud.home import CloudHome


class Session:
    """One call of the command line. Nothing is looked at before it is needed."""

    def __init__(self, cloud: str) -> None:
        self._cloud = cloud
        self._engine: str | None = None

    @cached_property
    def home(self) -> CloudHome:
        """Where the cloud keeps what it has."""
        return CloudHome(self._cloud)

    @cached_property
    def client(self) -> Client:
        """A client that starts the cloud's server where none runs."""
        return Client.connect(self.home, engine=self._engine)

    def choose_engine(self, engine: str) -> None:
        """Let the cloud be made on this engine, if it is new; said before the client is used."""
        self._engine = engine


pass_session = click.make_pass_decorator(Session)
