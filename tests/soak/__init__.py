"""What takes long to prove: a balancer under millions of requests, what deaths cost, a fuzzed wire.

``python -m tests.soak [--share F] [NAME …]`` (``make soak``). Each part asserts what must hold, and
returns rows of what was measured. ``--share 0.01`` makes every part a hundredth as long.
"""
