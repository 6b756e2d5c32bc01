"""What runs inside the edge container: it turns routes into an nftables table and keeps it there.

``ruleset`` is pure (routes in, text for ``nft`` out), ``kernel`` touches the host, ``memory`` keeps
the routes on disk, ``keeper`` is the first process and the only writer; the parent image's
``agent_pipe`` is what a ``docker exec`` runs to talk to it. The standard library alone: the image
holds nothing else.
"""
