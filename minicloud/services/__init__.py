"""What a user can ask of a cloud, one file a noun.

A service checks a request against the records, in the transaction that journals the operation, and
hands the work to the runner; what needs one step alone it does itself. Services know nothing of
HTTP, of AWS's wire or of a terminal. May import ``operations`` and below.
"""
