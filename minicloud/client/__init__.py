"""The client of the native API: what the CLI, the demos and anyone's script speak through.

``transport`` is HTTP over the cloud's socket, ``launcher`` starts a server where none runs,
``failures`` turns what the server says into the one tree of errors, ``shapes`` types its answers,
and there is one file a noun for the calls. May import ``domain.errors``, ``domain.tags``, ``home``
and the standard library: ``minicloud instance list`` starts through here, so what is imported is
counted in milliseconds.
"""

from minicloud.client.client import Client

__all__ = ["Client"]
