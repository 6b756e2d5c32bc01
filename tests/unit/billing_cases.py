"""How a hand-computed case is written down and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from minicloud.domain.billing.bill import compute_bill
from minicloud.domain.billing.line import Line
from minicloud.domain.billing.money import exact_text
from minicloud.domain.billing.period import Period
from minicloud.domain.billing.reserved import View
from minicloud.domain.ledger import LedgerEntry
from tests.unit.billing_book import BOOK


@dataclass(frozen=True)
class Case:
    """A history, a period, and the lines that must come of it, with the arithmetic that says why.

    A line is ``rule resource [part] amount [est]``, in the order of a bill.
    """

    name: str
    entries: Sequence[LedgerEntry]
    period: Period
    because: str
    lines: Sequence[str]
    view: View = View.UNBLENDED


def check(case: Case) -> None:
    """The lines are these and no others, and the total is their sum."""
    bill = compute_bill(case.entries, BOOK, case.period, case.view)
    assert [said(line) for line in bill.lines] == list(case.lines), case.because
    amounts = [Decimal(line.removesuffix(" est").split()[-1]) for line in case.lines]
    assert bill.total == sum(amounts)
    again = compute_bill(iter(case.entries), BOOK, case.period, case.view)
    assert [said(line) for line in again.lines] == [said(line) for line in bill.lines]


def said(line: Line) -> str:
    """A line in a few words."""
    what = line.what
    words = [what.rule.title, what.resource_id, what.part, exact_text(line.amount)]
    return " ".join([word for word in words if word] + ["est"] * line.is_estimated)
