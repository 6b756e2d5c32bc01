"""Loops that keep the records and the world the same, whatever happens to either.

A controller takes no input: it is woken by time or by a signal, loads what is recorded and what is
there, plans (a pure function), and acts. It never touches what an operation has claimed. May
import ``services`` and below.
"""
