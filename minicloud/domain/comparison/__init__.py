"""What it would have cost otherwise: comparisons, all of them billed by the bill's own rules.

Every alternative is a history: a list of ledger entries that tells what would have happened. The
bill of that history is its cost, made by ``billing.bill.compute_bill`` as the true bill is, so that
the minimum of a start, price cuts, hours and rounding cannot differ from it. Nothing here computes
money in a second way; ``costs`` is such a bill, and its parts.

The fleet's part: ``fleet`` reads the ledger into runs and writes runs back as entries, ``nights``
are the hours in which machines would be off, ``reservation_choice`` is how many reservations pay
off, ``right_size`` which type holds what was measured, ``machines`` what each machine could save,
and ``alternatives`` puts them side by side.

The visitors' part: ``demand`` is a curve of visitors, ``demand_shapes`` and ``demand_file`` are
where one comes from, ``elastic_fleet`` decides when machines start and stop, and ``scaling`` puts
fixed and elastic fleets side by side. It is all deterministic: the same curve, the same answer.
"""
