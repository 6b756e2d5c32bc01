"""The bill: from the ledger and a price book to line items, exactly.

Money is counted in whole millionths of a millionth of a dollar (``money``), time in whole seconds:
the fraction of a second of a ledger entry's time is cut off when it is read, and nowhere else.
A line's amount is rounded once, when the line is made; a total is a sum of lines.

``price`` and ``price_book`` are what things cost on which day, ``price_file`` reads a book from its
TOML text. ``reservation``, ``offering`` and ``exchange`` are reserved instances. ``period`` is what
a bill is of. The meters (``instances``, ``addresses`` with ``automatic``, ``images``,
``balancers``, ``capacity``) turn entries into measured use, ``tally`` adds that up, ``bill`` runs
them all over one stream of entries. Machines share reservations: a ``run`` is of a ``family``,
whose slots of the clock ``matching`` hands out, and whose use a ``window`` adds up. ``forecast``
and ``budget`` look at a month's bill, ``focus`` with ``focus_charge`` and ``focus_terms`` writes
one in the FinOps open format.
"""
