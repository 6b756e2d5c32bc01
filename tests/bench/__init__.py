"""Speeds as ratios to a floor measured in the same run: never asserted, always printed.

``python -m tests.bench [NAME …]`` (``make bench``). One file a question; each returns rows. The
rounds of ours and of the floor alternate, so that a busy moment of the machine hits both.
"""
