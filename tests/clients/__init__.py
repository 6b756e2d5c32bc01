"""Clients of AWS that take long to install: Ansible, Apache Libcloud, JavaScript, Terraform.

Not in ``make test``: ``make test-clients`` makes a virtual environment for them (``.venv-clients``)
and runs these tests in it. What a machine does not have, Terraform or Node.js, is skipped with a
word. Nothing here talks to another machine once it is installed.
"""
