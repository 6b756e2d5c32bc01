"""AWS's own clients, unchanged, against a live cloud on real containers.

``account`` is how a test has them: the environment that ``eval "$(minicloud env)"`` leaves, boto3
and the AWS CLI as a user's scripts call them. Clients that take long to install are in
``tests/clients``.
"""
