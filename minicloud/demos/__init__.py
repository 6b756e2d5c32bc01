"""Scenarios that a person can watch: each does what it tells, and checks what it did.

A demo works as a user would: every command it prints is the command it runs, as a process of its
own, against a cloud of its own. It ends in a table of checks. May import ``client`` at the most;
the commands need not even that.
"""
