"""Headers that would change what the signature covers: ``crit``, ``b64``, ``zip``, ``cty``, encryption."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from tests.hostile.cases import ACCEPTED, Expectation, TokenCase, claims, malformed, with_header
from tests.hostile.forge import GONE, Forge
from tests.hostile.primitives import b64, json_bytes

__all__ = ["cases"]

_CRIT: Final = (
    "RFC 7515 §4.1.11: an extension that is not understood MUST be refused; CVE-2025-59420, CVE-2026-32597"
)
_B64: Final = "RFC 7797 §6: unencoded payloads, if supported, only by agreement; here never; CVE-2026-48525"
_ZIP: Final = "RFC 7516 §4.1.3 defines zip for JWE only; CVE-2024-28102, CVE-2024-33664"
_CTY: Final = "RFC 7519 §5.2: cty JWT says that the payload is a token; claims are a JSON object"
_JWE: Final = "RFC 7516 §9: five segments, or enc, are a JWE; CVE-2022-3102"

_CRITICAL: Final[Mapping[str, Any]] = {
    "unknown": ["http://example.com/UNDEFINED"],
    "exp": ["exp"],
    "alg": ["alg"],
    "kid": ["kid"],
    "typ": ["typ"],
    "crit": ["crit"],
    "b64": ["b64"],
    "several": ["exp", "b64", "cnf"],
    "twice": ["exp", "exp"],
    "empty": [],
    "empty-name": [""],
    "numbers": [1],
    "nulls": [None],
    "nested": [["exp"]],
    "string": "exp",
    "empty-string": "",
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "object": {"exp": True},
    "empty-object": {},
    "many": ["x"] * 500,
}
_ANY: Final[Mapping[str, Any]] = {
    "true": True,
    "false": False,
    "null": None,
    "zero": 0,
    "string": "false",
    "list": [],
    "object": {},
}
_COMPRESSIONS: Final[Mapping[str, Any]] = {
    "DEF": "DEF",
    "def": "def",
    "GZIP": "GZIP",
    "none": "none",
    "empty": "",
    "null": None,
    "false": False,
    "list": ["DEF"],
}


def _deflated(data: bytes) -> bytes:
    press = zlib.compressobj(9, zlib.DEFLATED, -15)
    return press.compress(data) + press.flush()


def _inflatable(forge: Forge) -> bytes:
    return _deflated(json_bytes(forge.claims()))


def _bomb(_: Forge) -> bytes:
    """Ten megabytes of spaces in ten kilobytes."""
    return _deflated(b'{"sub":"' + b" " * 10_000_000 + b'"}')


def _signed_with(header: Mapping[str, Any], payload: Callable[[Forge], bytes], forge: Forge) -> str:
    return forge.token(forge.header(**header), payload(forge))


def cases() -> Iterator[TokenCase]:
    """Every case of the family."""
    for name, value in _CRITICAL.items():
        yield with_header(f"crit.{name}", {"crit": value}, malformed("critical"), _CRIT)
        yield with_header(
            f"crit.{name}.forged", {"crit": value}, malformed("critical"), _CRIT, by_stranger=True
        )
        extended = {"crit": value, "http://example.com/UNDEFINED": True, "exp": 4_000_000_000, "b64": False}
        yield with_header(f"crit.{name}.with-its-parameters", extended, malformed("critical"), _CRIT)
    for name, value in _ANY.items():
        yield with_header(f"b64.{name}", {"b64": value}, malformed("b64"), _B64)
    for number, (name, payload) in enumerate(_UNENCODED.items()):
        for header in ({"b64": False}, {"b64": False, "crit": ["b64"]}):
            dotted = name == "with-dot"
            expect = malformed("segments") if dotted else malformed("critical" if "crit" in header else "b64")
            make = partial(_unencoded, header, payload)
            crit = "critical" if "crit" in header else "plain"
            yield TokenCase(name=f"b64.unencoded.{number}-{name}.{crit}", make=make, expect=expect, why=_B64)
    for name, value in _COMPRESSIONS.items():
        yield with_header(f"zip.{name}", {"zip": value}, malformed("zip"), _ZIP)
    for name, body in {"inflatable": _inflatable, "bomb": _bomb}.items():
        make = partial(_signed_with, {"zip": "DEF"}, body)
        yield TokenCase(name=f"zip.{name}", make=make, expect=malformed("zip"), why=_ZIP, setting="roomy")
        unsaid = partial(_signed_with, {}, body)
        yield TokenCase(
            name=f"zip.{name}.unsaid", make=unsaid, expect=malformed("json"), why=_ZIP, setting="roomy"
        )
    yield from _content_types()
    yield from _encrypted()


_NOTHING_THERE: Final = claims(
    *(f"claim.{name}.missing" for name in ("iss", "sub", "aud", "exp", "iat", "jti"))
)
_UNENCODED: Final[Mapping[str, str]] = {
    "text": "$02",
    "with-dot": "$.02",
    "empty": "",
    "json": '{"sub":"admin"}',
    "base64": "e30",
}


def _unencoded(header: Mapping[str, Any], payload: str, forge: Forge) -> str:
    """RFC 7797 §3: the payload as it is, and the signature over it."""
    return forge.resigned(b64(json_bytes(forge.header(**header))), payload)


def _content_types() -> Iterator[TokenCase]:
    for name in ("JWT", "jwt", "application/jwt", "json", "application/json", "text/html", "", "x" * 300):
        label = name[:20] or "empty"
        yield with_header(
            f"cty.{label}", {"cty": name}, ACCEPTED, "RFC 7515 §4.1.10: cty is the application's"
        )
    for name, value in {"null": None, "list": ["JWT"], "number": 1, "true": True, "object": {}}.items():
        yield with_header(
            f"cty.type.{name}", {"cty": value}, malformed("header"), "RFC 7515 §4.1.10: a string"
        )
    nested: Mapping[str, tuple[Callable[[Forge], bytes], Expectation]] = {
        "token": (lambda forge: forge.token().encode(), malformed("json")),
        "token-quoted": (lambda forge: json_bytes(forge.token()), malformed("json")),
        "token-in-list": (lambda forge: json_bytes([forge.token()]), malformed("json")),
        "strangers-token": (lambda forge: forge.token(signer=forge.stranger).encode(), malformed("json")),
        "unsecured": (lambda forge: f"{forge.signing_input({'alg': 'none'})}.".encode(), malformed("json")),
        "twice": (lambda forge: forge.token(claims=forge.token().encode()).encode(), malformed("json")),
        "json-serialisation": (_flattened, _NOTHING_THERE),
    }
    for name, (payload, expect) in nested.items():
        for cty in ("JWT", GONE):
            label = "unsaid" if cty is GONE else "said"
            make = partial(_signed_with, {"cty": cty}, payload)
            yield TokenCase(name=f"cty.nested.{name}.{label}", make=make, expect=expect, why=_CTY)


def _flattened(forge: Forge) -> bytes:
    header, payload, signature = forge.segments()
    return json_bytes({"protected": header, "payload": payload, "signature": signature})


def _encrypted() -> Iterator[TokenCase]:
    for enc in ("A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512", "none", "", None, 0, []):
        yield with_header(f"jwe.enc.{enc!r}", {"enc": enc}, malformed("encrypted"), _JWE)
    for alg in ("dir", "RSA1_5", "RSA-OAEP", "RSA-OAEP-256", "A128KW", "ECDH-ES", "PBES2-HS256+A128KW"):
        header = {"alg": alg, "enc": "A128GCM", "p2c": 2**31, "p2s": "AA", "epk": {}, "zip": "DEF"}
        five = partial(_segments, header, 5)
        yield TokenCase(
            name=f"jwe.{alg}.five", make=five, expect=malformed("segments"), why=f"{_JWE}; CVE-2023-6681"
        )
        three = partial(_segments, {**header, "zip": GONE}, 3)
        yield TokenCase(name=f"jwe.{alg}.three", make=three, expect=malformed("encrypted"), why=_JWE)
    for name, value in {
        "p2c": 2**31,
        "p2s": "AA",
        "epk": {"kty": "EC"},
        "apu": "AA",
        "iv": "AA",
        "tag": "AA",
    }.items():
        yield with_header(
            f"jwe.parameter.{name}", {name: value}, ACCEPTED, "RFC 7515 §4: not understood, so ignored"
        )


def _segments(header: Mapping[str, Any], count: int, forge: Forge) -> str:
    return ".".join([b64(json_bytes(forge.header(**header))), *["AAAAAAAAAAAAAAAAAAAAAA"] * (count - 1)])
