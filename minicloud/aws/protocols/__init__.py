"""The wire's protocols, driven by botocore's models: requests in, answers and errors out.

``model`` reads what botocore ships, and is its only home. ``ec2``, ``query`` and ``json_target``
are the protocols; each says how its requests are read, its answers written and its errors told.
They are made of the rest, where each shape of a model is compiled once into a closure: ``form``,
``form_parsing`` and ``json_parsing`` read, ``xml`` and ``json_writing`` write. A further protocol
(CBOR, say) is one more file beside them and a line in ``families``.
"""
