"""Durable work of more than one step: one file an operation, and the runner that carries it out.

An operation's file reads as a table of steps. Each step says what it *does* (outside any
transaction, and safe to do again), what it *records* (in one transaction with the journal's
``done``) and, up to the point of no return, how it is *undone*. The law, with its reasons:

1. One transaction journals the operation and claims its resources before the engine is touched:
   two operations never have their hands on one machine.
2. Ids, names and addresses are chosen in that transaction, so a step that is done again after a
   crash finds what it made the first time.
3. A crash leaves a step ``started`` and not ``done``; the server does it again when it is back.
4. Where a step fails before the point of no return, the steps begun so far are undone, last first.
   After it the operation only goes forward.
5. Where no engine answers, nobody has failed: the operation waits, says so, and goes on.

May import ``ports`` and ``domain``.
"""
