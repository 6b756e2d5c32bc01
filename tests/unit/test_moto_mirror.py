"""What the mirror of moto's tests makes of their text and of how they end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.moto_mirror.adaptations import in_one_region
from tests.moto_mirror.expectations import compare
from tests.moto_mirror.verdicts import DIFFERS, PASSED, verdict_of

_OF_ONE = """\
@mock_aws
def test_one():
    client = boto3.client("ec2", region_name="eu-west-1")
    assert client.zone == "eu-west-1a"
"""
_OF_TWO = """\
def test_two():
    copy("us-west-1", "eu-west-1")
"""


def test_a_test_in_one_other_region_is_run_in_the_clouds() -> None:
    assert in_one_region(_OF_ONE) == _OF_ONE.replace("eu-west-1", "us-east-1")
    assert in_one_region(_OF_TWO) == _OF_TWO
    assert in_one_region(_OF_ONE + _OF_TWO).endswith(_OF_TWO)


def _refused(operation: str, code: str, message: str = "") -> dict[str, str]:
    return {"operation": operation, "code": code, "message": message}


_NO_SUCH_ACTION = _refused("ec2:CreateVpc", "InvalidAction")
_NO_SUCH_PARAMETER = _refused(
    "ec2:RunInstances",
    "UnsupportedOperation",
    "The value 'true' of the parameter Monitoring.Enabled is not supported by minicloud.",
)
_ELSEWHERE = _refused(
    "ec2:RunInstances", "AuthFailure", "not eu-west-1: this cloud is in us-east-1"
)
_AS_ON_AWS = _refused("ec2:RunInstances", "InvalidAMIID.NotFound", "The image id does not exist")


@pytest.mark.parametrize(
    ("refusals", "is_raised", "verdict"),
    [
        ([_NO_SUCH_ACTION], True, "operation ec2:CreateVpc"),
        ([_NO_SUCH_PARAMETER], True, "parameter ec2:RunInstances Monitoring.Enabled"),
        ([_ELSEWHERE], True, "region another one is needed"),
        ([_AS_ON_AWS], True, "differs"),
        ([], False, "differs"),
        # The test has gone on from the first, and ended in the last.
        ([_NO_SUCH_ACTION, _AS_ON_AWS], True, "differs"),
        ([_NO_SUCH_ACTION, _AS_ON_AWS], False, "operation ec2:CreateVpc"),
    ],
)
def test_a_verdict_is_what_was_refused_on_purpose(
    refusals: list[dict[str, str]], is_raised: bool, verdict: str
) -> None:
    raised = {"code": "any"} if is_raised else None
    result: dict[str, Any] = {"outcome": "failed", "raised": raised, "refusals": refusals}
    assert str(verdict_of(result)) == verdict
    assert verdict_of({**result, "outcome": "passed"}) == PASSED
    assert verdict_of({**result, "outcome": "skipped"}).kind == "internals"


def test_what_is_not_written_down_is_told() -> None:
    known = "test_ec2/test_tags.py::test_invalid_id"
    as_written = compare({known: DIFFERS})
    assert as_written.is_clean
    told = compare({known: PASSED, "test_ec2/test_tags.py::test_new": DIFFERS})
    assert not told.is_clean
    assert told.pass_now == [known]
    assert told.fail_now == told.unexplained == ["test_ec2/test_tags.py::test_new"]
