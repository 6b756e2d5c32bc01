"""GetCallerIdentity: the account of AWS's own examples, and its owner."""

from __future__ import annotations

from typing import Any

from minicloud.aws.backend import AwsBackend
from minicloud.aws.operation import Operation, Shape
from minicloud.domain.arn import ACCOUNT_ID, Arn


def get_caller_identity(_backend: AwsBackend, _request: Any) -> Shape:
    """The owner, as AWS tells an account's own: the user's id is the account's."""
    return {"UserId": ACCOUNT_ID, "Account": ACCOUNT_ID, "Arn": str(Arn("iam", "", "root"))}


OPERATIONS = (Operation("GetCallerIdentity", get_caller_identity),)
