"""The command line: click commands, one file a noun, and what prints for them.

A thin client: whatever is decided is decided by the server. Standard output is data and nothing
else; progress, notes and errors go to standard error. May import ``client``, ``home``,
``domain.errors``, ``domain.tags``, and lazily ``demos`` and ``doctor``.

``minicloud instance list`` must start within a few dozen milliseconds, so a command's module is
imported when the command is called, and rich, PyYAML, JMESPath and the like inside the function
that needs them; ``tests/unit/test_cli_startup.py`` holds this.
"""
