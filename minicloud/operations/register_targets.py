"""Register targets: machines are members of a group from now on, and are asked whether they serve.

That they are members was recorded with the operation; it only makes it so. A machine gets its first
request once it has passed a check; the operation waits for the first check alone, passed or not.
Claims none: what becomes of a target meanwhile (it is deregistered, its machine is terminated) is
in the records, which every step reads anew.
"""

from __future__ import annotations

from minicloud.domain.operation import Json
from minicloud.operations.definition import Definition, Run, Step

KIND = "register-targets"


def _apply(run: Run) -> Json:
    run.world.balancers.apply(run.input["balancer_id"])
    return {}


def _await_first_checks(run: Run) -> Json:
    run.world.balancers.await_first_checks(run.input["target_ids"], run)
    return {}


REGISTER_TARGETS = Definition(
    kind=KIND,
    steps=(
        Step("apply", _apply),
        Step("await-first-checks", _await_first_checks),
    ),
    point_of_no_return="apply",
    claims_subject=False,
)
