"""Signatures that are cut, padded, swapped, flipped or made over something else (RFC 7515 §5.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from tests.hostile.cases import ACCEPTED, WRONG_SIGNATURE, TokenCase, malformed
from tests.hostile.forge import GONE, SUBJECT, Forge
from tests.hostile.primitives import b64, from_b64, json_bytes, octets

__all__ = ["cases"]

_LENGTH: Final = "RFC 7518 §3.2 to §3.5, RFC 8032 §5.1.7, FIPS 204 §7.2: a signature has one length"
_EXACT: Final = "RFC 7515 §5.2: over the ASCII bytes header.payload, as received"
_BITS: Final = "every bit of a signature counts"

_Change = Callable[[bytes], bytes]

_LENGTHS: Final[Mapping[str, _Change]] = {
    "first-byte": lambda signature: signature[:1],
    "8-bytes": lambda signature: signature[:8],
    "16-bytes": lambda signature: signature[:16],
    "half": lambda signature: signature[: len(signature) // 2],
    "second-half": lambda signature: signature[len(signature) // 2 :],
    "three-quarters": lambda signature: signature[: len(signature) * 3 // 4],
    "without-8": lambda signature: signature[:-8],
    "without-2": lambda signature: signature[:-2],
    "without-last": lambda signature: signature[:-1],
    "without-first": lambda signature: signature[1:],
    "nul-after": lambda signature: signature + b"\0",
    "nul-before": lambda signature: b"\0" + signature,
    "nuls-around": lambda signature: b"\0" + signature + b"\0",
    "ff-after": lambda signature: signature + b"\xff",
    "one-before": lambda signature: b"\1" + signature,
    "16-after": lambda signature: signature + bytes(16),
    "newline-after": lambda signature: signature + b"\n",
    "twice": lambda signature: signature * 2,
    "text": lambda signature: b64(signature).encode(),
    "hexadecimal": lambda signature: signature.hex().encode(),
    "pem": lambda signature: b"-----BEGIN SIGNATURE-----\n" + signature,
    "json": lambda signature: json_bytes({"signature": b64(signature)}),
    "5000-after": lambda signature: signature + bytes(5000),
}
_CONTENTS: Final[Mapping[str, _Change]] = {
    "zeros": lambda signature: bytes(len(signature)),
    "ones": lambda signature: b"\1" * len(signature),
    "ff": lambda signature: b"\xff" * len(signature),
    "7f": lambda signature: b"\x7f" * len(signature),
    "80-first": lambda signature: b"\x80" + bytes(len(signature) - 1),
    "one-last": lambda signature: bytes(len(signature) - 1) + b"\1",
    "one-first": lambda signature: b"\1" + bytes(len(signature) - 1),
    "random": lambda signature: octets("random signature", len(signature)),
    "ascii": lambda signature: (b"signature" * len(signature))[: len(signature)],
    "reversed": lambda signature: signature[::-1],
    "inverted": lambda signature: bytes(byte ^ 0xFF for byte in signature),
    "halves-swapped": lambda signature: signature[len(signature) // 2 :] + signature[: len(signature) // 2],
    "rotated": lambda signature: signature[1:] + signature[:1],
    "first-half-zero": lambda signature: bytes(len(signature) // 2) + signature[len(signature) // 2 :],
    "second-half-zero": lambda signature: signature[: len(signature) // 2] + bytes(-(-len(signature) // 2)),
    "first-half-twice": lambda signature: (signature[: len(signature) // 2] * 3)[: len(signature)],
}
_SIZES: Final = (
    1,
    2,
    16,
    20,
    31,
    32,
    33,
    48,
    63,
    64,
    65,
    71,
    72,
    96,
    114,
    128,
    132,
    255,
    256,
    257,
    384,
    512,
    2419,
    2420,
    2421,
)
_BIT_PLACES: Final = (
    0.0,
    0.05,
    0.1,
    0.2,
    0.25,
    0.3,
    0.4,
    0.499,
    0.5,
    0.51,
    0.6,
    0.7,
    0.75,
    0.8,
    0.9,
    0.95,
    0.99,
    1.0,
)


def cases() -> Iterator[TokenCase]:
    """Every case of the family."""
    for name, change in _LENGTHS.items():
        make = partial(_changed, change)
        yield TokenCase(name=f"signature.length.{name}", make=make, expect=WRONG_SIGNATURE, why=_LENGTH)
    for size in _SIZES:
        for name, byte in (("zeros", b"\0"), ("ff", b"\xff")):
            make = partial(_fixed, byte * size)
            yield TokenCase(
                name=f"signature.size-{size}.{name}", make=make, expect=WRONG_SIGNATURE, why=_LENGTH
            )
    for name, change in _CONTENTS.items():
        make = partial(_changed, change)
        yield TokenCase(name=f"signature.content.{name}", make=make, expect=WRONG_SIGNATURE, why=_EXACT)
    for place in _BIT_PLACES:
        for bit in (0, 3, 7):
            make = partial(_changed, partial(_flipped, place, bit))
            yield TokenCase(name=f"signature.bit.{place}-{bit}", make=make, expect=WRONG_SIGNATURE, why=_BITS)
    for name, make_token in _OVER_OTHERS.items():
        yield TokenCase(name=f"signature.over.{name}", make=make_token, expect=WRONG_SIGNATURE, why=_EXACT)
    for name, body in _FORGED_CLAIMS.items():
        make = partial(_claims_swapped, body)
        yield TokenCase(
            name=f"signature.claims-swapped.{name}", make=make, expect=WRONG_SIGNATURE, why=_EXACT
        )
    yield TokenCase(
        name="signature.over-long",
        make=partial(_fixed, bytes(20_000)),
        expect=malformed("too_large"),
        why=_LENGTH,
    )
    for name, good in {
        "itself": _right,
        "again": _right,
        "bytes": _as_bytes,
        "unordered": _unordered,
    }.items():
        yield TokenCase(name=f"signature.good.{name}", make=good, expect=ACCEPTED, why=_EXACT)


def _changed(change: _Change, forge: Forge) -> str:
    header, payload, signature = forge.segments()
    return f"{header}.{payload}.{b64(change(from_b64(signature)))}"


def _fixed(signature: bytes, forge: Forge) -> str:
    return forge.with_signature(signature)


def _flipped(place: float, bit: int, signature: bytes) -> bytes:
    index = int(place * (len(signature) - 1))
    return signature[:index] + bytes([signature[index] ^ 1 << bit]) + signature[index + 1 :]


def _right(forge: Forge) -> str:
    return forge.token()


def _as_bytes(forge: Forge) -> bytes:
    return forge.token().encode()


def _unordered(forge: Forge) -> str:
    header = dict(reversed(forge.header().items()))
    return forge.token(header, dict(reversed(forge.claims().items())))


def _over(text: Callable[[Forge, str, str], str | bytes], forge: Forge) -> str:
    """A right token, with the owner's signature over another text."""
    header, payload = forge.signing_input().split(".")
    data = text(forge, header, payload)
    return forge.with_signature(forge.owner.sign(data if isinstance(data, bytes) else data.encode()))


_OVER_OTHERS: Final[Mapping[str, Callable[[Forge], str]]] = {
    name: partial(_over, text)
    for name, text in {
        "nothing": lambda _, __, ___: b"",
        "header": lambda _, header, __: header,
        "header-dot": lambda _, header, __: f"{header}.",
        "payload": lambda _, __, payload: payload,
        "dot-payload": lambda _, __, payload: f".{payload}",
        "swapped": lambda _, header, payload: f"{payload}.{header}",
        "no-dot": lambda _, header, payload: header + payload,
        "two-dots": lambda _, header, payload: f"{header}..{payload}",
        "dot-after": lambda _, header, payload: f"{header}.{payload}.",
        "newline-after": lambda _, header, payload: f"{header}.{payload}\n",
        "nul-after": lambda _, header, payload: f"{header}.{payload}\0",
        "padded": lambda _, header, payload: f"{header}=.{payload}=",
        "lower": lambda _, header, payload: f"{header}.{payload}".lower(),
        "utf-16": lambda _, header, payload: f"{header}.{payload}".encode("utf-16-le"),
        "decoded": lambda _, header, payload: from_b64(header) + b"." + from_b64(payload),
        "decoded-payload": lambda _, __, payload: from_b64(payload),
        "unencoded-payload": lambda _, header, payload: header.encode() + b"." + from_b64(payload),
        "other-subject": lambda forge, _, __: forge.signing_input(None, forge.claims(sub="other")),
        "other-kid": lambda forge, _, __: forge.signing_input(forge.header(kid="x")),
        "without-typ": lambda forge, _, __: forge.signing_input(forge.header(typ=GONE)),
        "respaced-claims": lambda forge, header, _: f"{header}.{b64(b' ' + json_bytes(forge.claims()))}",
        "reordered-claims": lambda forge, header, _: (
            f"{header}.{b64(json_bytes(dict(sorted(forge.claims().items()))))}"
        ),
        "empty-claims": lambda _, header, __: f"{header}.e30",
    }.items()
}
_FORGED_CLAIMS: Final[Mapping[str, Mapping[str, object]]] = {
    "subject": {"sub": "admin"},
    "scope": {"scope": "admin"},
    "expiry": {"exp": 4_000_000_000},
    "no-expiry": {"exp": GONE},
    "audience": {"aud": ["orders-api", "admin-api"]},
    "issuer": {"iss": "https://evil.example"},
    "confirmation": {"cnf": {"jkt": "x"}},
    "one-more": {"admin": True},
    "same-subject": {"sub": f"{SUBJECT} "},
}


def _claims_swapped(body: Mapping[str, object], forge: Forge) -> str:
    header, _, signature = forge.segments()
    return f"{header}.{b64(json_bytes(forge.claims(**body)))}.{signature}"
