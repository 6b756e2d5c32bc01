"""A pytest plugin for moto's own suite: its mock becomes a cloud of minicloud's.

It runs in moto's environment, where there is no minicloud. moto's server mode already sends every
client to an endpoint; what is added here is a cloud that is emptied before each test, its images in
the place of moto's, a true clock for signatures, and a record of what was refused.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Generator, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from botocore.handlers import BUILTIN_HANDLERS

from . import requests
from .api import reset_cloud, settle_cloud
from .network import StandIns

_REFUSED_FROM = 300
_LOOKS = ("Describe", "Get")
# What a cloud on the simulated engine puts among the tags of everything.
_OWN_TAGS = "aws:minicloud:"


class Mirror:
    """Records each test's outcome as a line of JSON in the file ``MIRROR_RESULTS`` names."""

    def __init__(self, results: Path) -> None:
        self._results = results
        self._refusals: list[dict[str, str]] = []
        self._stand_ins = StandIns()
        BUILTIN_HANDLERS.append(("after-call", self._note_refusal))
        BUILTIN_HANDLERS.append(("after-call", _without_own_tags))
        BUILTIN_HANDLERS.append(("after-call", _settled))
        BUILTIN_HANDLERS.append(("before-call.ec2", self._stand_ins.answer))
        BUILTIN_HANDLERS.extend(requests.HANDLERS)

    def _note_refusal(self, http_response: Any, parsed: Any, model: Any, **_rest: Any) -> None:
        if http_response.status_code >= _REFUSED_FROM:
            error = parsed.get("Error", {})
            self._refusals.append(
                {
                    "operation": f"{model.service_model.service_name}:{model.name}",
                    "code": error.get("Code", ""),
                    "message": error.get("Message", ""),
                }
            )

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Begin each test with nothing refused and nothing stood in for."""
        self._refusals.clear()
        self._stand_ins.begin(item.nodeid)
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Write down how a test ended."""
        report = yield
        if report.when == "call" or report.outcome != "passed":
            line = {
                "test": item.nodeid.removeprefix("tests/"),
                "outcome": report.outcome,
                "error": "" if call.excinfo is None else call.excinfo.exconly()[:2000],
                "raised": _raised(call),
                "refusals": list(self._refusals),
                "stand_ins": self._stand_ins.used,
            }
            with self._results.open("a") as file:
                file.write(json.dumps(line) + "\n")
        return report


def _without_own_tags(parsed: Any, **_rest: Any) -> None:
    """Take minicloud's own tags out of an answer, in place."""
    if isinstance(parsed, dict):
        for value in parsed.values():
            _without_own_tags(value)
    elif isinstance(parsed, list):
        parsed[:] = [item for item in parsed if not _is_own_tag(item)]
        for item in parsed:
            _without_own_tags(item)


def _settled(model: Any, **_rest: Any) -> None:
    """Let a change have ended before the test asks what has come of it."""
    if not model.name.startswith(_LOOKS):
        settle_cloud()


def _is_own_tag(item: Any) -> bool:
    return isinstance(item, dict) and str(item.get("Key", "")).startswith(_OWN_TAGS)


def _raised(call: pytest.CallInfo[None]) -> dict[str, str] | None:
    """The AWS error that a test did not expect."""
    error = None if call.excinfo is None else call.excinfo.value
    response = getattr(error, "response", None)
    if not isinstance(response, dict) or "Error" not in response:
        return None
    return {"code": response["Error"]["Code"], "message": response["Error"]["Message"]}


def pytest_configure(config: pytest.Config) -> None:
    """Send moto's mock to the cloud, before its tests are imported."""
    core = importlib.import_module("moto.core.models")
    settings = importlib.import_module("moto.core.config").default_user_config
    settings["core"]["mock_credentials"] = False
    core.ServerModeMockAWS.reset = lambda _mock: None
    core.ServerModeMockAWS._enable_patching = _emptied_first(
        core.ServerModeMockAWS._enable_patching
    )
    _sign_by_the_true_clock()
    config.pluginmanager.register(Mirror(Path(os.environ["MIRROR_RESULTS"])))
    _take_our_images()


def _sign_by_the_true_clock() -> None:
    """A test may freeze the clock years ago: such a signature has expired."""
    real = importlib.import_module("freezegun.api").real_datetime
    auth: Any = importlib.import_module("botocore.auth")
    auth.get_current_datetime = lambda remove_tzinfo=True: (
        real.now(UTC).replace(tzinfo=None) if remove_tzinfo else real.now(UTC)
    )


def _emptied_first(enable: Any) -> Any:
    def emptied(mock: Any, reset: bool = True) -> None:
        if reset:
            reset_cloud()
        enable(mock, reset)

    return emptied


def _take_our_images() -> None:
    """moto's tests launch images of moto's catalogue: they are given the cloud's."""
    reset_cloud()
    ec2 = importlib.import_module("boto3").client("ec2")
    first, second, *_ = sorted(image["ImageId"] for image in ec2.describe_images()["Images"])
    tests: Any = importlib.import_module("tests")
    tests.EXAMPLE_AMI_ID, tests.EXAMPLE_AMI_ID2 = first, second
