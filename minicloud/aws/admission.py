"""What is not carried out is refused before a handler runs; nothing is accepted and ignored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Operation
from minicloud.aws.protocols.complaints import Complaints

_DRY_RUN = "DryRun"


def admit(operation: Operation, request: Mapping[str, Any], complaints: Complaints) -> None:
    """Refuse a request that has a member of which the operation carries out nothing."""
    known = operation.carried | operation.checked.keys()
    for path in _present(request, "", known):
        if path != _DRY_RUN:
            raise complaints.unsupported(path)


def end_dry_run(request: Mapping[str, Any]) -> None:
    """End EC2's dry run of a request that has been admitted, with its own failure.

    What a service alone would find out (a missing instance) a dry run does not tell, nor does AWS.
    """
    if request.get(_DRY_RUN):
        raise AwsFailure(
            "DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412
        )


def _present(value: Any, path: str, known: frozenset[str]) -> Iterator[str]:
    """The paths of the members that a request has and that nothing known covers."""
    if isinstance(value, Mapping):
        for name, below in value.items():
            inner = f"{path}.{name}" if path else name
            if inner not in known:
                if any(each.startswith(f"{inner}.") for each in known):
                    yield from _present(below, inner, known)
                else:
                    yield inner
    elif isinstance(value, list):
        for item in value:
            yield from _present(item, path, known)
    else:
        yield path
