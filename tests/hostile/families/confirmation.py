"""Tokens bound to a key (``cnf``) as bearer tokens, and the reverse (RFC 7800, RFC 9449, RFC 8705)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.hostile.cases import ACCEPTED, Expectation, TokenCase, claim, proof, with_claims
from tests.hostile.forge import GONE, Forge

__all__ = ["cases"]

_BOUND: Final = "RFC 7800 §3, RFC 9449 §7.1: a bound token without the proof is stolen until shown otherwise"
_OBJECT: Final = "RFC 7800 §3.1: cnf is a JSON object"
_PROVEN: Final = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
_OTHER: Final = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"

_NOT_OBJECTS: Final[Mapping[str, Any]] = {
    "null": None,
    "true": True,
    "false": False,
    "number": 1,
    "string": _PROVEN,
    "empty-string": "",
    "list": [{"jkt": _PROVEN}],
    "empty-list": [],
}
_MATCHING: Final[Mapping[str, Any]] = {
    "jkt": {"jkt": _PROVEN},
    "x5t": {"x5t#S256": _PROVEN},
    "jkt-and-kid": {"jkt": _PROVEN, "kid": "x"},
}
_OTHERS: Final[Mapping[str, Any]] = {
    "other": {"jkt": _OTHER},
    "x5t-other": {"x5t#S256": _OTHER},
    "lower": {"jkt": _PROVEN.lower()},
    "padded": {"jkt": f"{_PROVEN}="},
    "prefix": {"jkt": _PROVEN[:-1]},
    "space": {"jkt": f"{_PROVEN} "},
    "letter": {"jkt": "0"},
}
_UNUSABLE: Final[Mapping[str, Any]] = {
    "empty": {},
    "kid": {"kid": _PROVEN},
    "jwk": {"jwk": {"kty": "oct", "k": "AA"}},
    "jku": {"jku": "https://evil.test/", "kid": "x"},
    "jkt-null": {"jkt": None},
    "jkt-true": {"jkt": True},
    "jkt-list": {"jkt": [_PROVEN]},
    "jkt-object": {"jkt": {"value": _PROVEN}},
    "jkt-empty": {"jkt": ""},
    "jkt-newline": {"jkt": f"{_PROVEN}\n"},
    "both": {"jkt": _PROVEN, "x5t#S256": _PROVEN},
    "both-one-other": {"jkt": _PROVEN, "x5t#S256": _OTHER},
    "upper-name": {"JKT": _PROVEN},
    "x5t-sha1": {"x5t": _PROVEN},
    "nested": {"cnf": {"jkt": _PROVEN}},
}


def cases() -> Iterator[TokenCase]:
    """Every case of the family."""
    given = {"confirmation": _PROVEN}
    ignored = {"unsafe_ignore_confirmation": True}
    for name, value in _NOT_OBJECTS.items():
        for label, options in {"bearer": None, "proven": given, "ignored": ignored}.items():
            yield with_claims(
                f"cnf.type.{name}.{label}", {"cnf": value}, claim("cnf", "type"), _OBJECT, options=options
            )
    groups: tuple[tuple[str, Mapping[str, Any], Expectation], ...] = (
        ("matching", _MATCHING, ACCEPTED),
        ("other", _OTHERS, proof("mismatch")),
        ("unusable", _UNUSABLE, proof("missing")),
    )
    for group, values, expect in groups:
        for name, value in values.items():
            body = {"cnf": value}
            yield with_claims(f"cnf.{group}.{name}.bearer", body, proof("required"), _BOUND)
            yield with_claims(f"cnf.{group}.{name}.proven", body, expect, _BOUND, options=given)
            yield with_claims(
                f"cnf.{group}.{name}.ignored", body, ACCEPTED, "its unsafe_ name says so", options=ignored
            )
    unbound = {"cnf": GONE}
    yield with_claims("cnf.absent.bearer", unbound, ACCEPTED, _BOUND)
    why = "a proof was made, and the token is bound to nothing: RFC 9449 §7.1"
    yield with_claims("cnf.absent.proven", unbound, proof("missing"), why, options=given)
    for name, text in {
        "empty": "",
        "space": " ",
        "none": "None",
        "padded": f"{_PROVEN}=",
        "newline": f"{_PROVEN}\n",
    }.items():
        options = {"confirmation": text}
        yield with_claims(
            f"cnf.proof.{name}", {"cnf": {"jkt": _PROVEN}}, proof("mismatch"), _BOUND, options=options
        )
        same = {"cnf": {"jkt": text}}
        expect = proof("missing") if text in ("", f"{_PROVEN}\n") else ACCEPTED
        yield with_claims(
            f"cnf.proof.{name}.echoed", same, expect, "the thumbprint is compared exactly", options=options
        )
    for name, value in {"jkt": _PROVEN, "confirmation": {"jkt": _PROVEN}, "CNF": {"jkt": _PROVEN}}.items():
        yield with_claims(f"cnf.claim-name.{name}", {name: value}, proof("missing"), _BOUND, options=given)
    yield TokenCase(
        name="cnf.in-the-header", make=_in_header, expect=ACCEPTED, why="RFC 7800 §3.1: cnf is a claim"
    )


def _in_header(forge: Forge) -> str:
    return forge.token({**forge.header(), "cnf": {"jkt": _PROVEN}})
