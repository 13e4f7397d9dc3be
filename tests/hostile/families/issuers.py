"""Two trusted issuers: their keys, audiences and algorithms are never pooled (RFC 8725 §3.8, §3.9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from tests.hostile.cases import (
    ACCEPTED,
    NOT_ALLOWED,
    UNKNOWN_ISSUER,
    UNKNOWN_KEY,
    WRONG_SIGNATURE,
    TokenCase,
    claim,
    malformed,
    with_claims,
)
from tests.hostile.forge import AUDIENCE, GONE, ISSUER, Forge, Party, party
from tests.hostile.primitives import json_bytes
from tests.hostile.settings import PARTNER, PARTNER_AUDIENCE, partner_algorithm

__all__ = ["cases"]

_POOLED: Final = "RFC 8725 §3.8: the keys belong to the issuer; nothing of one serves the other"
_PEEK: Final = "the unverified iss only picks the entry; an unknown one never causes a fetch"

_NO_ISSUERS: Final[Mapping[str, Any]] = {
    "missing": GONE,
    "null": None,
    "true": True,
    "number": 1,
    "empty": "",
    "list-of-both": [ISSUER, PARTNER],
    "list": [ISSUER],
    "object": {ISSUER: True},
    "slash": f"{ISSUER}/",
    "upper": ISSUER.upper(),
    "space": f"{ISSUER} ",
    "prefix": ISSUER[:-1],
    "joined": f"{ISSUER} {PARTNER}",
    "evil": "https://evil.test",
    "metadata": "http://169.254.169.254/",
    "file": "file:///etc/passwd",
    "dunder": "__class__",
    "none": "None",
    "thousand": "https://" + "x" * 1000,
}


def cases() -> Iterator[TokenCase]:
    """Every case of the family."""
    for name, value in _NO_ISSUERS.items():
        for by_stranger in (False, True):
            label = "forged" if by_stranger else "signed"
            yield with_claims(
                f"issuers.unknown.{name}.{label}",
                {"iss": value},
                UNKNOWN_ISSUER,
                _PEEK,
                setting="issuers",
                by_stranger=by_stranger,
            )
    make: Mapping[str, tuple[Any, Any]] = {
        "own": (_own, ACCEPTED),
        "partners-own": (partial(_partners, {}), ACCEPTED),
        "own-for-partners-audience": (partial(_ours, {"aud": PARTNER_AUDIENCE}), claim("aud", "mismatch")),
        "partners-for-own-audience": (partial(_partners, {"aud": AUDIENCE}), claim("aud", "mismatch")),
        "own-as-partner": (partial(_ours, {"iss": PARTNER, "aud": PARTNER_AUDIENCE}), NOT_ALLOWED),
        "own-as-partner-in-its-name": (_renamed, WRONG_SIGNATURE),
        "partner-as-own": (partial(_partners, {"iss": ISSUER, "aud": AUDIENCE}), NOT_ALLOWED),
        "partner-with-own-kid": (_partner_with_own_kid, UNKNOWN_KEY),
        "canary-issuer": (_canary, UNKNOWN_ISSUER),
        "iss-twice": (_twice, malformed("duplicate_name")),
        "iss-twice-forged": (partial(_twice, forged=True), malformed("duplicate_name")),
        "payload-no-json": (partial(_payload, b"{"), malformed("json")),
        "payload-list": (partial(_payload, b"[]"), malformed("json")),
        "payload-empty": (partial(_payload, b""), malformed("json")),
        "payload-nan": (partial(_payload, b'{"iss":NaN}'), malformed("json")),
        "payload-deep": (partial(_payload, b"[" * 9000), malformed("json")),
        "payload-utf-16": (partial(_payload, "{}".encode("utf-16")), malformed("json")),
        "payload-digits": (partial(_payload, b'{"iss":' + b"1" * 5000 + b"}"), malformed("json")),
        "payload-empty-object": (partial(_payload, b"{}"), UNKNOWN_ISSUER),
        "payload-no-base64": (_no_base64, malformed("base64")),
        "partner-forged": (partial(_partners, {}, forged=True), WRONG_SIGNATURE),
    }
    for name, (maker, expect) in make.items():
        yield TokenCase(name=f"issuers.{name}", make=maker, expect=expect, why=_POOLED, setting="issuers")


def _own(forge: Forge) -> str:
    return forge.token()


def _ours(changes: Mapping[str, Any], forge: Forge) -> str:
    return forge.token(claims=forge.claims(**changes))


def _partner(forge: Forge, label: str = "partner") -> Party:
    return party(partner_algorithm(forge.alg), label)


def _partners(changes: Mapping[str, Any], forge: Forge, *, forged: bool = False) -> str:
    honest = _partner(forge)
    claims = {"iss": PARTNER, "aud": PARTNER_AUDIENCE, **changes}
    header = forge.header(alg=honest.alg, kid=honest.kid)
    return forge.token(
        header, forge.claims(**claims), signer=_partner(forge, "stranger") if forged else honest
    )


def _renamed(forge: Forge) -> str:
    """Signed by us, under the partner's algorithm and key id."""
    honest = _partner(forge)
    claims = forge.claims(iss=PARTNER, aud=PARTNER_AUDIENCE)
    signing_input = forge.signing_input(forge.header(alg=honest.alg, kid=honest.kid), claims)
    return forge.resigned(*signing_input.split("."))


def _partner_with_own_kid(forge: Forge) -> str:
    honest = _partner(forge)
    header = forge.header(alg=honest.alg)
    return forge.token(header, forge.claims(iss=PARTNER, aud=PARTNER_AUDIENCE), signer=honest)


def _canary(forge: Forge) -> str:
    return forge.token(claims=forge.claims(iss=forge.canary))


def _twice(forge: Forge, *, forged: bool = False) -> str:
    right = json_bytes(forge.claims())
    body = right[:-1] + f',"iss":"{PARTNER}"}}'.encode()
    return forge.token(claims=body, signer=forge.stranger if forged else None)


def _payload(body: bytes, forge: Forge) -> str:
    return forge.token(claims=body)


def _no_base64(forge: Forge) -> str:
    header, payload, _ = forge.segments()
    return forge.resigned(header, f"{payload}=")
