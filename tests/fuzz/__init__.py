"""Requests that no client would make: the AWS wire by botocore's models, the native API by its own.

Everything is deterministic by its seed but for the clouds' identifiers. What must hold of every
answer is in ``verdict``; what a cloud must hold to when all is over is ``tests.unit.invariants``.
``make test`` runs a few thousand requests, ``make soak`` a hundred thousand.
"""
