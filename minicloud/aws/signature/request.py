"""A request as it was signed: the bytes that came, before anything is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl, quote

Pairs = list[tuple[str, str]]
_UNRESERVED = "-_.~"
_FIELDS_MAX = 10_000


@dataclass(frozen=True)
class SignedRequest:
    """``path`` and ``query`` as they came, still encoded; header names in lower case."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes

    @cached_property
    def query_pairs(self) -> Pairs:
        """The query's fields, decoded; ``ValueError`` where it is none."""
        return pairs_of(self.query)

    def header(self, name: str) -> str | None:
        """A header's value; several of one name are joined, as proxies may."""
        values = [value.strip() for key, value in self.headers if key == name]
        return ",".join(values) if values else None

    @property
    def host(self) -> str:
        """The host and port that the client meant."""
        return self.header("host") or ""


def pairs_of(text: str) -> Pairs:
    """A form's fields in their order; ``ValueError`` where it is none, or has too many."""
    return parse_qsl(
        text,
        keep_blank_values=True,
        strict_parsing=bool(text),
        errors="strict",
        max_num_fields=_FIELDS_MAX,
    )


def encoded(text: str, safe: str = "") -> str:
    """Percent-encoded as AWS's signatures have it: everything but ``A-Za-z0-9-_.~``."""
    return quote(text, safe=_UNRESERVED + safe)


def canonical_query(pairs: Pairs) -> str:
    """Fields in the order of their encoded names and values."""
    return "&".join(
        f"{key}={value}" for key, value in sorted((encoded(k), encoded(v)) for k, v in pairs)
    )


def canonical_path(path: str) -> str:
    """The path with its dots resolved, encoded once more."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in {"", "."}:
            parts.append(part)
    is_folder = path.endswith("/") and bool(parts)
    return encoded(f"/{'/'.join(parts)}{'/' if is_folder else ''}", safe="/")
