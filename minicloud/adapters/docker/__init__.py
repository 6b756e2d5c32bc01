"""The Docker engine behind ``ports.engine``: containers, images, networks, commands and events.

Speaks the Docker API through the SDK's low-level client alone, so that a call of the port costs
as few round trips as the engine allows, and so that remote engines, Docker Desktop and rootless
ones are all the same to it. May import ports, domain, ``docker`` and ``requests``. Every call runs
inside ``errors.translated()``: no error of the SDK leaves this package.
"""
