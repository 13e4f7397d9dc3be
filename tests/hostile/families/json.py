"""Strict JSON, in the header before the signature and in the payload after it (RFC 8259, RFC 7515 §4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from tests.hostile.cases import ACCEPTED, Expectation, TokenCase, claim, malformed
from tests.hostile.forge import Forge
from tests.hostile.json_documents import GOOD_DOCUMENTS, WRAPPINGS
from tests.hostile.json_values import BAD_VALUES, DUPLICATES, GOOD_VALUES
from tests.hostile.primitives import json_bytes

__all__ = ["cases"]

_STRICT: Final = (
    "RFC 8259 §8.1, RFC 7493 §2: one reading or none; CVE-2020-10735 (digits), CVE-2017-12635 (names)"
)
_UNIQUE: Final = "RFC 7515 §4, RFC 7519 §4: names MUST be unique, or the last one wins: here unique"
_JSON: Final = "RFC 8259: this is JSON, however it looks"
_LONGEST_HEADER: Final = 4096 * 3 // 4
_ROOMY: Final = 8_000
_Write = Callable[[Forge, bytes], bytes]


def cases() -> Iterator[TokenCase]:
    """Every case of the family."""
    for place in ("payload", "header"):
        for name, value in BAD_VALUES.items():
            text = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
            yield _value(place, f"bad.{name}", text, malformed("json"), _STRICT)
        for name, value in DUPLICATES.items():
            yield _value(place, f"twice.{name}", value.encode(), malformed("duplicate_name"), _UNIQUE)
        for name, value in GOOD_VALUES.items():
            yield _value(place, f"good.{name}", value.encode(), ACCEPTED, _JSON)
        for name, wrap in WRAPPINGS.items():
            kind = "segments" if (place, name) == ("header", "empty") else "json"
            yield _document(place, f"document.{name}", wrap, malformed(kind), _STRICT)
        for name, wrap in GOOD_DOCUMENTS.items():
            yield _document(place, f"good-document.{name}", wrap, ACCEPTED, _JSON)
    yield from _members_twice()
    yield from _odd_names()


def _value(place: str, name: str, text: bytes, expect: Expectation, why: str) -> TokenCase:
    """A member more, under a name of its own."""
    if place == "header" and len(text) > _LONGEST_HEADER - 200:
        expect = malformed("too_large")
    setting = "roomy" if len(text) > _ROOMY else "sole"
    make = partial(_with_member, place, text)
    return TokenCase(name=f"json.{place}.{name}", make=make, expect=expect, why=why, setting=setting)


def _with_member(place: str, text: bytes, forge: Forge) -> str:
    right = json_bytes(forge.claims() if place == "payload" else forge.header())
    # Behind what is right, or before it: a reader that stops early must not have seen enough.
    body = b'{"x":' + text + b"," + right[1:] if len(text) % 2 else right[:-1] + b',"x":' + text + b"}"
    return forge.token(claims=body) if place == "payload" else forge.token(body)


def _document(
    place: str, name: str, wrap: Callable[[bytes], bytes], expect: Expectation, why: str
) -> TokenCase:
    make = partial(_wrapped, place, wrap)
    return TokenCase(name=f"json.{place}.{name}", make=make, expect=expect, why=why)


def _wrapped(place: str, wrap: Callable[[bytes], bytes], forge: Forge) -> str:
    if place == "payload":
        return forge.token(claims=wrap(json_bytes(forge.claims())))
    return forge.token(wrap(json_bytes(forge.header())))


def _members_twice() -> Iterator[TokenCase]:
    """The members that matter, given twice: the same, another first, another last, and escaped."""
    others = {
        "iss": '"https://evil.example"',
        "sub": '"admin"',
        "aud": '["x"]',
        "exp": "4000000000",
        "iat": "0",
        "nbf": "0",
        "jti": '"x"',
        "scope": '"admin"',
        "cnf": "{}",
        "note": "null",
        "": "1",
    }
    for name, other in others.items():
        yield from _twice("payload", name, other)
    for name, other in {
        "alg": '"none"',
        "kid": '"x"',
        "typ": '"JWT"',
        "cty": '"x"',
        "crit": "[]",
        "jwk": "{}",
    }.items():
        yield from _twice("header", name, other)


def _twice(place: str, name: str, other: str) -> Iterator[TokenCase]:
    escaped = "".join(f"\\u{ord(character):04x}" for character in name)
    for variant, members in {
        "other-last": f'"{name}":{{own}},"{name}":{other}',
        "other-first": f'"{name}":{other},"{name}":{{own}}',
        "same": f'"{name}":{{own}},"{name}":{{own}}',
        "escaped": f'"{name}":{{own}},"{escaped}":{other}',
        "escaped-both": f'"{escaped}":{{own}},"{escaped}":{other}',
        "thrice": f'"{name}":{{own}},"{name}":{other},"{name}":{{own}}',
    }.items():
        yield TokenCase(
            name=f"json.{place}.member-twice.{name or 'empty'}.{variant}",
            make=partial(_with_pair, place, name, members),
            expect=malformed("duplicate_name"),
            why=_UNIQUE,
        )


def _with_pair(place: str, name: str, members: str, forge: Forge) -> str:
    right = forge.claims() if place == "payload" else forge.header()
    own = json_bytes(right.pop(name, 1)).decode()
    body = f"{json_bytes(right).decode()[:-1]},{members.replace('{own}', own)}}}".encode()
    return forge.token(claims=body) if place == "payload" else forge.token(body)


def _odd_names() -> Iterator[TokenCase]:
    """Names that are nearly a claim's are other names: they neither collide nor stand in."""
    for claim_name in ("iss", "sub", "aud", "exp", "iat", "jti"):
        for variant in (
            claim_name.upper(),
            f" {claim_name}",
            f"{claim_name} ",
            f"{claim_name}\0",
            f"\ufeff{claim_name}",
        ):
            label = f"{claim_name}.{ascii(variant)[1:-1].replace(' ', '_')}"
            beside = partial(_with_names, claim_name, variant, True)
            why = "RFC 7519 §4: claim names are case-sensitive strings"
            yield TokenCase(name=f"json.name.{label}.beside", make=beside, expect=ACCEPTED, why=why)
            instead = partial(_with_names, claim_name, variant, False)
            missing = claim(claim_name, "missing")
            yield TokenCase(name=f"json.name.{label}.instead", make=instead, expect=missing, why=why)


def _with_names(claim_name: str, variant: str, keep: bool, forge: Forge) -> str:
    body = forge.claims()
    value = body[claim_name] if keep else body.pop(claim_name)
    return forge.token(claims={**body, variant: value})
