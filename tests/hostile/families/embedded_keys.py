"""Tokens that bring their own key, or say where to fetch it: never read, never fetched (RFC 8725 §3.10).

Signed by the owner such a header changes nothing (RFC 7515 §4: what is not understood is ignored); signed
by a stranger it helps nothing, whatever the ``kid``.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from tests.hostile.cases import ACCEPTED, UNKNOWN_KEY, WRONG_SIGNATURE, TokenCase
from tests.hostile.forge import GONE, Forge, party
from tests.hostile.primitives import b64

__all__ = ["cases", "certificate"]

_EMBEDDED: Final = "RFC 8725 §3.10, RFC 7515 §4.1.3; CVE-2018-0114, CVE-2026-27962, CVE-2026-34240"
_FETCHED: Final = "RFC 8725 §3.10, RFC 7515 §4.1.2, §4.1.5: never fetched"
_CHAIN: Final = "RFC 7515 §4.1.6 to §4.1.8: a chain or fingerprint in a header makes no trust"

_Value = Callable[[Forge], Any]


@cache
def certificate() -> bytes:
    """A stranger's self-signed certificate, as DER."""
    key = party("ES256", "stranger").private
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "orders.example")])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start.replace(year=2036))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def _der_text(_: Forge) -> str:
    import base64

    return base64.b64encode(certificate()).decode()


_JWK: Final[Mapping[str, _Value]] = {
    "strangers": lambda forge: forge.stranger.jwk(),
    "strangers-bare": lambda forge: {
        n: v for n, v in forge.stranger.jwk().items() if n not in ("kid", "alg", "use")
    },
    "strangers-with-owners-kid": lambda forge: {**forge.stranger.jwk(), "kid": forge.owner.kid},
    "strangers-as-list": lambda forge: [forge.stranger.jwk()],
    "strangers-as-set": lambda forge: {"keys": [forge.stranger.jwk()]},
    "owners": lambda forge: (
        forge.owner.jwk() if not forge.symmetric else {"kty": "oct", "kid": forge.owner.kid}
    ),
    "empty-secret": lambda _: {"kty": "oct", "k": ""},
    "short-secret": lambda _: {"kty": "oct", "k": "AA", "alg": "HS256"},
    "exponent-one": lambda _: {"kty": "RSA", "n": b64(b"\xc5" * 256), "e": "AQ"},
    "neutral-point": lambda _: {"kty": "OKP", "crv": "Ed25519", "x": b64(b"\1" + bytes(31))},
    "empty": lambda _: {},
    "null": lambda _: None,
    "string": lambda _: "owner",
    "true": lambda _: True,
    "number": lambda _: 7,
    "deep": lambda _: {"a": {"b": {"c": {"d": []}}}},
}
_ADDRESSES: Final[Mapping[str, _Value]] = {
    "canary": lambda forge: f"{forge.canary}jwks.json",
    "canary-after-at": lambda forge: forge.canary.replace("http://", "http://orders.example@"),
    "canary-before-at": lambda forge: f"{forge.canary}@orders.example/jwks",
    "canary-fragment": lambda forge: f"{forge.canary}#https://orders.example/jwks",
    "canary-query": lambda forge: f"{forge.canary}?next=https://orders.example/jwks",
    "canary-path": lambda forge: f"{forge.canary}https://orders.example/jwks",
    "canary-upper": lambda forge: forge.canary.replace("http", "HTTP"),
    "canary-no-scheme": lambda forge: forge.canary.removeprefix("http:"),
    "canary-tab": lambda forge: forge.canary.replace("://", ":\t//"),
    "canary-list": lambda forge: [forge.canary],
    "metadata-service": lambda _: "http://169.254.169.254/latest/meta-data/",
    "localhost-redis": lambda _: "redis://127.0.0.1:6379/0",
    "gopher": lambda _: "gopher://127.0.0.1:70/_x",
    "file": lambda _: "file:///etc/passwd",
    "data": lambda forge: 'data:application/json,{"keys":[]}',
    "null": lambda _: None,
    "number": lambda _: 1,
    "object": lambda forge: {"url": forge.canary},
}
_CERTIFICATES: Final[Mapping[str, _Value]] = {
    "strangers": lambda forge: [_der_text(forge)],
    "twice": lambda forge: [_der_text(forge)] * 2,
    "string": _der_text,
    "empty-list": lambda _: [],
    "junk": lambda _: ["AAAA"],
    "numbers": lambda _: [1, 2],
    "null": lambda _: None,
}
_FINGERPRINTS: Final[Mapping[str, _Value]] = {
    "strangers": lambda _: b64(hashlib.sha256(certificate()).digest()),
    "sha1": lambda _: b64(hashlib.sha1(certificate(), usedforsecurity=False).digest()),
    "empty": lambda _: "",
    "null": lambda _: None,
    "list": lambda _: [],
}


def _combined(forge: Forge) -> dict[str, Any]:
    """All of them at once: whichever a reader prefers."""
    return {
        "jwk": forge.stranger.jwk(),
        "jku": f"{forge.canary}jwks.json",
        "x5u": f"{forge.canary}cert.pem",
        "x5c": [_der_text(forge)],
        "x5t": b64(hashlib.sha1(certificate(), usedforsecurity=False).digest()),
        "x5t#S256": b64(hashlib.sha256(certificate()).digest()),
    }


def cases() -> Iterator[TokenCase]:
    """Every case of the family."""
    families = (
        ("jwk", _JWK, _EMBEDDED),
        ("jku", _ADDRESSES, _FETCHED),
        ("x5u", _ADDRESSES, _FETCHED),
        ("x5c", _CERTIFICATES, _CHAIN),
        ("x5t", _FINGERPRINTS, _CHAIN),
        ("x5t#S256", _FINGERPRINTS, _CHAIN),
    )
    for parameter, values, why in families:
        for name, value in values.items():
            yield from _four(f"{parameter}.{name}", partial(_single, parameter, value), why)
    yield from _four("all-at-once", _combined, _EMBEDDED)
    for parameter in ("issuer_url", "jwks_uri", "key", "pem", "public_key", "secret", "k", "keys", "n", "x5"):
        yield from _four(f"other.{parameter}", partial(_single, parameter, _canary_and_key), _EMBEDDED)


def _single(parameter: str, value: _Value, forge: Forge) -> dict[str, Any]:
    return {parameter: value(forge)}


def _canary_and_key(forge: Forge) -> dict[str, Any]:
    return {"uri": forge.canary, "jwk": forge.stranger.jwk()}


def _four(name: str, extra: Callable[[Forge], dict[str, Any]], why: str) -> Iterator[TokenCase]:
    """The header by the owner, and by a stranger with the owner's kid, with their own, and with none."""
    yield TokenCase(
        name=f"{name}.by-the-owner",
        make=partial(_by_owner, extra),
        expect=ACCEPTED,
        why=f"{why}; RFC 7515 §4: a parameter that is not understood is ignored",
    )
    for kid, expect in (("owners", WRONG_SIGNATURE), ("own", UNKNOWN_KEY), ("no", WRONG_SIGNATURE)):
        make = partial(_by_stranger, extra, kid)
        yield TokenCase(name=f"{name}.by-a-stranger-with-{kid}-kid", make=make, expect=expect, why=why)


def _by_owner(extra: Callable[[Forge], dict[str, Any]], forge: Forge) -> str:
    return forge.token({**forge.header(), **extra(forge)})


def _by_stranger(extra: Callable[[Forge], dict[str, Any]], kid: str, forge: Forge) -> str:
    kids = {"owners": forge.owner.kid, "own": forge.stranger.kid, "no": GONE}
    return forge.token({**forge.header(kid=kids[kid]), **extra(forge)}, signer=forge.stranger)
