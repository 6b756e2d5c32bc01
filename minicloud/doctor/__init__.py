"""Is this machine fit to run minicloud, and if not, what makes it so.

Three kinds of code, kept apart: ``probe`` gathers facts and changes nothing, ``checks`` are pure
functions from facts to findings, and what changes the machine is behind ``remedy`` alone
(``installer``, ``starter``). ``processes`` reads ``/proc`` for all of them.

May import ``domain`` and ``adapters.docker``.
Nothing here prints: progress goes to a callback, the outcome is a return value or an error.
"""
