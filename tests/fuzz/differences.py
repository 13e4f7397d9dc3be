"""Where jwtkit accepts what a peer refuses: every such difference, and why it is right."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.hostile.primitives import from_b64

__all__ = ["DIFFERENCES", "Difference", "row_for"]

_KEYS_IN_HEADERS: Final = ("jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256")
_KNOWN_TO_JOSERFC: Final = frozenset({"alg", "kid", "typ", "cty", "crit", *_KEYS_IN_HEADERS})
_JOSERFC_HEADER_SIZE: Final = 512


@dataclass(frozen=True, slots=True)
class Difference:
    """One row.

    Attributes:
        peer: Who refuses.
        error: What it raises.
        cases: The cases of the hostile corpus it shows in, as patterns of names.
        when: What such a token looks like: its header segment, header and claims.
        why: Why accepting is right.
    """

    peer: str
    error: str
    cases: tuple[str, ...]
    when: Callable[[str, dict[str, Any], dict[str, Any]], bool]
    why: str


DIFFERENCES: Final = (
    Difference(
        "joserfc",
        "UnsupportedHeaderError",
        (
            "other.*.by-the-owner",
            "jwe.parameter.*",
            "cnf.in-the-header",
            "form.size.16383",
            "form.size.16384",
            "json.header.good.*",
        ),
        lambda _, header, __: bool(header.keys() - _KNOWN_TO_JOSERFC),
        "RFC 7515 §4: parameters that are not understood MUST be ignored, unless crit names them; "
        "nothing else in a header means anything to jwtkit",
    ),
    Difference(
        "joserfc",
        "ExceededSizeError",
        (
            "jwk.*.by-the-owner",
            "x5c.*.by-the-owner",
            "all-at-once.by-the-owner",
            "other.*.by-the-owner",
            "json.header.good.*",
            "json.header.good-document.many-spaces",
        ),
        lambda segment, _, __: len(segment) > _JOSERFC_HEADER_SIZE,
        "joserfc reads headers up to 512 bytes, jwtkit up to 4096: a certificate chain in a header is legal "
        "(RFC 7515 §4.1.6), and goes unread",
    ),
    Difference(
        "joserfc",
        "InvalidHeaderValueError",
        tuple(f"{name}.*.by-the-owner" for name in _KEYS_IN_HEADERS),
        lambda _, header, __: not header.keys().isdisjoint(_KEYS_IN_HEADERS),
        "joserfc checks the form of keys and addresses in a header; jwtkit never reads them "
        "(RFC 8725 §3.10), so what they look like cannot matter",
    ),
    Difference(
        "PyJWT",
        "ExpiredSignatureError",
        ("time.exp.edge.last-moment",),
        lambda _, __, claims: claims["exp"] != int(claims["exp"]),
        "PyJWT cuts exp to whole seconds; a NumericDate may have a fraction (RFC 7519 §2), and the token "
        "lives to the end of it",
    ),
)
"""The table. A row that no case of the corpus shows fails a test, as does a difference without a row."""


def row_for(peer: str, error: str, token: str) -> Difference | None:
    """The row that explains why a peer refuses this token, which was accepted here."""
    segments = token.split(".")
    header, claims = (json.loads(from_b64(segment)) for segment in segments[:2])
    for row in DIFFERENCES:
        if (row.peer, row.error) == (peer, error) and row.when(segments[0], header, claims):
            return row
    return None
