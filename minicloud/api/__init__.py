"""The native API: JSON over HTTP on a UNIX domain socket, thin wrappers of the services.

A route reads its input by a typed model that takes no unknown field, calls one service, and
answers with a view. No rule of the cloud lives here. May import ``services`` and below.
"""
