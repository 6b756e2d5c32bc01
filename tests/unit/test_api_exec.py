"""What may be handed to a command in an instance."""

from __future__ import annotations

import json

import pytest

from tests.unit.app_transport import app_transport
from tests.unit.cloud import Cloud


@pytest.mark.parametrize("text", ["YQ", "YQ=", "Y Q=", "ÙÛ", "日本", "\u0000"])
def test_input_that_is_not_base64_is_refused(cloud: Cloud, text: str) -> None:
    cloud.launch("web")
    body = json.dumps({"argv": ["cat"], "stdin_base64": text}).encode()
    answer = app_transport(cloud).ask("POST", "/instances/web/exec", body)
    assert answer.status == 400
    assert json.loads(answer.body())["error"]["message"] == "stdin_base64 is not base64"
