"""moto's own tests, run against minicloud: a mirror of how AWS behaves that others have made.

``python -m tests.moto_mirror`` fetches moto's sources (a pinned version, by its hash) and an
environment for them into a cache outside this tree, starts a cloud on the simulated engine, and
runs the test files of the nouns that minicloud has. Nothing of moto's is committed here.

How a test may end is written down. ``expected.toml`` is made by ``--write``: every test that does
not pass, by file and by what it was refused on purpose. ``differences.toml`` is written by hand:
tests that were refused nothing and still do not pass, each with why. A test that passed and fails
now, one that has no reason, and one that passes and is written down as failing end the run as
failed.

What is changed of moto's tests on their way, since it is not their subject, is in ``adaptations``
(their text) and ``inside`` (the plugin that runs in moto's environment).
"""
