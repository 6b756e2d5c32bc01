"""EC2 on the wire, one file a noun.

What a noun's answers need beside its own records is in ``surroundings``, of one moment and one
read of the store; how Describe calls choose by identifier, filter and page is in ``listing``.
"""
