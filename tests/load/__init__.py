"""A client that loads a balancer and never asks twice, and what counts at the targets.

``python -m tests.load --url http://127.31.0.10/echo …`` keeps a fixed number of HTTP/1.1
connections open, sends requests over them at a steady rate, and reports every failure with its
time, method and id. It does what a client without retries sees: a connection that the server closes
unannounced fails the request that meets it, whether that was under way or yet to be sent.
"""
