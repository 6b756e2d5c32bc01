"""The images that ship with minicloud, behind ``ports.image_builder``.

``recipes`` reads the folders under ``images/`` and keys them by content; ``builder`` turns them
into images of the engine; ``root_filesystem`` gets the Debian that the first of them stands on,
``host_apt`` asks the host which mirror to get it from; ``seal`` is the script that makes a
machine's disk fit to be launched from. May import ports, domain, the rest of ``adapters.docker``,
``docker`` and ``requests``.

Measured on two cores with Docker 20.10: root bootstrapped in 15 s, base 6 s, web 3 s; a machine's
nginx answers 0.27 s after the start call (0.22 s of it is the engine's), a stop takes 0.14 s.
"""
