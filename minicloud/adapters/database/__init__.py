"""The store in SQLite, through SQLAlchemy Core and Alembic.

What belongs here: tables, their migrations, and the translation between rows and the domain's
frozen values (by pydantic, which knows dataclasses, dates and enums).

WAL with ``synchronous=FULL``: what a transaction wrote is on disk when it ends. Writers take
SQLite's lock at ``BEGIN IMMEDIATE``; deferred transactions failed 94% of the time under
contention, immediate ones never. Inside the one server process writers queue on a lock of ours,
since SQLite's own waiting polls.
"""
