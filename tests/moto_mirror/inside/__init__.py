"""What runs in moto's environment, where there is no minicloud: a plugin of pytest's.

Its modules name each other relatively: there this package is known as ``inside``.
"""
