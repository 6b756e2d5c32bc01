"""What a handler is, and how it is declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from minicloud.aws.backend import AwsBackend

Shape = Mapping[str, Any]
"""A structure of the model, by botocore's member names: aware datetimes, bytes for blobs, lists,
mappings. The serialiser takes nothing that the model has not; a member that is None is left out."""

Handler = Callable[[AwsBackend, Any], Shape]
"""From the parsed input (a TypedDict of the stubs; absent members are absent) to the output."""


@dataclass(frozen=True)
class Operation:
    """An action that is carried out.

    ``name`` is the model's. ``carried`` are the members of the input that are carried out, as
    dotted paths: ``TagSpecifications`` covers all below it, ``NetworkInterfaces.SubnetId`` that
    member of each item. ``checked`` are members of which some values are; the handler itself
    refuses any other, and the text tells people which (``{"Placement.Tenancy": "default"}``).
    Every other member is refused where a request has it. ``changes`` says that it changes anything,
    so that whoever only looks leaves it out. EC2's ``DryRun``, which ends before the handler, need
    not be declared.
    """

    name: str
    handler: Handler
    carried: frozenset[str] = frozenset()
    checked: Mapping[str, str] = field(default_factory=dict)
    changes: bool = False
