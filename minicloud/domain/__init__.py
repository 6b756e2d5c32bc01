"""What a cloud is: frozen values, state machines and pure rules.

Nothing here performs input or output, reads a clock or rolls dice: times and fresh ids come in as
arguments. May import the standard library alone.
"""
