"""The Price List service on the wire: the shipped price books, as AWS's own documents.

``documents`` writes what is known of a type in a region as AWS does; ``products`` finds them.
"""
