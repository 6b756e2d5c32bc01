"""EC2 on a laptop, for real: instances, images and addresses as Docker objects.

The packages, from the bottom up, and what each may import, are held by import-linter (see
``[tool.importlinter]`` in ``pyproject.toml``):

``domain`` → ``ports`` → ``operations`` → ``services`` → ``controllers`` / ``api`` / ``aws`` →
``server``;
``adapters`` implement ``ports``; ``cli`` and ``demos`` know only ``client``.
"""
