"""The coverage table: made of the declarations, and held to them."""

from __future__ import annotations

from typing import Any

import pytest

from minicloud.aws import coverage
from minicloud.aws.backend import AwsBackend
from minicloud.aws.operation import Operation, Shape


def _nothing(_backend: AwsBackend, _request: Any) -> Shape:
    return {}


_ALLOCATE = Operation(
    "AllocateAddress", _nothing, frozenset({"TagSpecifications.Tags.Key"}), {"Domain": "vpc | x"}
)


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "OPERATIONS", {"ec2": (_ALLOCATE,)})


def _declare(monkeypatch: pytest.MonkeyPatch, *operations: Operation) -> None:
    monkeypatch.setattr(coverage, "OPERATIONS", {"ec2": operations})


@pytest.mark.usefixtures("declared")
def test_the_table_says_what_is_carried_out_and_what_refused() -> None:
    text = coverage.table()
    assert "## ec2: 1 of " in text
    [row] = [line for line in text.splitlines() if line.startswith("| `")]
    assert row.startswith(
        "| `AllocateAddress` | TagSpecifications.Tags.Key | Domain: vpc \\| x | Address, "
    )
    assert "DryRun" not in row


@pytest.mark.usefixtures("declared")
def test_a_table_of_other_declarations_is_not_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = coverage.table()
    assert coverage.is_up_to_date(kept)
    assert coverage.is_up_to_date(kept.replace("Address, ", "SomethingNewer, Address, "))
    assert not coverage.is_up_to_date(kept.replace("TagSpecifications.Tags.Key", "Tags"))
    _declare(monkeypatch, _ALLOCATE, Operation("DescribeRegions", _nothing))
    assert not coverage.is_up_to_date(kept)


def test_a_declaration_of_what_the_model_has_not_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    _declare(monkeypatch, _ALLOCATE)
    assert coverage.misnamed() == []
    wrong = Operation("DescribeRegions", _nothing, frozenset({"RegionName", "Filters.Names"}))
    _declare(monkeypatch, _ALLOCATE, _ALLOCATE, wrong)
    assert coverage.misnamed() == [
        "ec2: AllocateAddress twice",
        "ec2: DescribeRegions has no Filters.Names",
        "ec2: DescribeRegions has no RegionName",
    ]


def test_every_declaration_names_what_the_model_has() -> None:
    assert coverage.misnamed() == []
