"""Certificates with ``cryptography``: the cloud's own authority, and a look into what is given.

Here belongs whatever knows X.509. It keeps nothing: the authority's key comes with each call. May
import ports, domain and ``cryptography``.
"""

from minicloud.adapters.certificates.authority import LocalAuthority

__all__ = ["LocalAuthority"]
