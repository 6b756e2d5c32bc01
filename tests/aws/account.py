"""What a user has of a live cloud: a shell after ``eval "$(minicloud env)"``, and AWS's clients."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.integration.live import LiveCloud, live_cloud

_BINARIES = Path(sys.executable).parent
_EVALUATED = ["sh", "-c", 'eval "$(minicloud env)" && exec env -0']
# Clients look every 15 s or more, which is right for a cloud far away.
QUICK = {"Delay": 1, "MaxAttempts": 60}


@dataclass(frozen=True)
class Account:
    """A live cloud; ``environment`` is all that its AWS clients are given to know of it."""

    live: LiveCloud
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        """Where AWS's clients find the cloud."""
        return self.environment["AWS_ENDPOINT_URL"]

    def client(self, service: str, **session: str) -> Any:
        """boto3's client, told of the cloud by the environment alone, or by a profile."""
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("AWS_")]:
                patch.delenv(name)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            # Errors are the test's to see at once.
            config = Config(retries={"total_max_attempts": 1})
            return boto3.Session(**session).client(service, config=config)

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a program in the user's shell; whatever comes of it."""
        return subprocess.run(
            argv, capture_output=True, text=True, check=False, env=dict(self.environment)
        )

    def ok(self, *argv: str) -> str:
        """Run a program that must succeed; its output."""
        done = self.run(*argv)
        assert done.returncode == 0, f"{argv}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def aws(self, *words: str) -> Any:
        """What the AWS CLI prints, read as JSON; nothing where it prints nothing."""
        told = self.ok("aws", *words)
        return json.loads(told) if told.strip() else None

    def image(self, recipe: str = "web") -> str:
        """The identifier of a shipped image."""
        return str(self.live.json("image", "show", recipe)["id"])

    def empty(self) -> None:
        """Take away all that is in the cloud, by its own command line."""
        remove = self.live.ok
        for balancer in self.live.json("balancer", "list"):
            if balancer["deletion_protection"]:
                remove("balancer", "modify", balancer["id"], "--no-deletion-protection")
            remove("balancer", "delete", balancer["id"])
        for group in self.live.json("target-group", "list"):
            remove("target-group", "delete", group["id"])
        for instance in self.live.json("instance", "list"):
            if instance["termination_protection"]:
                remove("instance", "protect", instance["id"], "--off")
            remove("instance", "terminate", instance["id"])
        for address in self.live.json("address", "list"):
            remove("address", "release", address["allocation_id"])
        for image in self.live.json("image", "list"):
            if image["recipe"] is None:
                remove("image", "delete", image["id"])


@contextmanager
def live_account() -> Iterator[Account]:
    """A cloud with the shipped images and its AWS account, taken away at the end."""
    with live_cloud() as live:
        nowhere = live.home / "aws"
        own = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        own |= {
            "MINICLOUD_HOME": str(live.home),
            "PATH": f"{_BINARIES}:{os.environ['PATH']}",
            # No file of the person who runs the tests is read or written.
            "AWS_CONFIG_FILE": str(nowhere / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(nowhere / "credentials"),
            "AWS_PAGER": "",
        }
        told = subprocess.run(_EVALUATED, env=own, capture_output=True, text=True, check=True)
        pairs = (line.partition("=") for line in told.stdout.split("\0") if line)
        yield Account(live, {name: value for name, _, value in pairs})


@contextmanager
def refused(code: str) -> Iterator[None]:
    """Hold what happens to be AWS's refusal of this code."""
    with pytest.raises(ClientError) as caught:
        yield
    assert caught.value.response["Error"]["Code"] == code


def ids(machines: Sequence[Mapping[str, Any]]) -> list[str]:
    """The identifiers of machines."""
    return [machine["InstanceId"] for machine in machines]


def headline(page: str) -> str:
    """Which machine says to have answered, on the page of the image ``web``."""
    found = re.search(r"<h1><code>(.*?)</code>", page)
    assert found, page
    return found[1]
