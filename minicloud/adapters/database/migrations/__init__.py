"""Alembic's environment and every change of the tables since the first release."""
