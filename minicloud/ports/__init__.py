"""What the inside asks of the outside world, as Protocols and plain frozen values.

A port is written in the words of the domain and says what must be true when a call returns; how it
becomes true is an adapter's business. May import ``domain`` and the standard library alone.
"""
