"""One home for each outside library: here a port meets the world.

An adapter translates, it does not decide: no rule of the cloud lives here. Each has one translator
from its library's errors into ``domain.errors``, always ``raise … from``.
"""
