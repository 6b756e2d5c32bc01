"""Who asks: the signatures that AWS's clients make, verified with the cloud's own keys.

``v4`` is what every SDK signs with today, in a header or in the query of a presigned URL; ``v2`` is
what Libcloud signs with unless told otherwise. A request is verified whole, its body too, before a
byte of it is parsed. Comparisons take the same time whatever differs.
"""
