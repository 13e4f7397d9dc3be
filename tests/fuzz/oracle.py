"""A second reader, slow and plain: what design and RFCs say of a token, written without a line of jwtkit.

It judges what the default validator of the hostile corpus judges: one key, one issuer, one audience, an
access token. Where the two disagree, one of them is wrong.
"""

from __future__ import annotations

import base64
import hmac
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from tests.hostile.forge import AUDIENCE, ISSUER, NOW, Forge, Party

__all__ = ["RefusedError", "read"]

_LEEWAY: Final = 30
_TEN_YEARS: Final = 3653 * 86400
_LONGEST: Final = 16384
_LONGEST_HEADER: Final = 4096
_DEEPEST: Final = 32
_MOST_DIGITS: Final = 4300
_SIZES: Final = {"HS256": 32, "RS256": 256, "PS256": 256, "ES256": 64, "Ed25519": 64, "ML-DSA-44": 2420}


class RefusedError(Exception):
    """The token is not to be believed, and why."""


def read(token: str, forge: Forge) -> tuple[dict[str, Any], bool]:
    """Return the claims of a token that is good, and whether only its expiry is not.

    Raises:
        RefusedError: Anything else is wrong with it.
    """
    _need(len(token) <= _LONGEST, "too long")
    _need(token.isascii(), "not ASCII")
    segments = token.split(".")
    _need(len(segments) == 3, "not three segments")
    _need(bool(segments[0]) and bool(segments[2]), "an empty segment")
    _need(len(segments[0]) <= _LONGEST_HEADER, "a long header")
    header = _object(_bytes(segments[0]))
    _check_header(header, forge)
    _need(_holds(forge.owner, ".".join(segments[:2]).encode(), _bytes(segments[2])), "the signature")
    claims = _object(_bytes(segments[1]))
    _need(_kind(header.get("typ")) == "at+jwt", "typ")
    return claims, _check_claims(claims)


def _need(holds: bool, what: str) -> None:
    if not holds:
        raise RefusedError(what)


def _bytes(text: str) -> bytes:
    _need(re.fullmatch(r"[A-Za-z0-9_-]*", text) is not None and len(text) % 4 != 1, "base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    _need(base64.urlsafe_b64encode(data).decode().rstrip("=") == text, "not canonical")
    return data


def _object(data: bytes) -> dict[str, Any]:
    try:
        text = data.decode("utf-8")
        value = json.loads(
            text, object_pairs_hook=_members, parse_int=_whole, parse_float=_real, parse_constant=_constant
        )
        _need(_depth_and_text(value) <= _DEEPEST, "too deep")
    except (ValueError, RecursionError) as error:
        raise RefusedError("JSON") from error
    _need(isinstance(value, dict), "not an object")
    found: dict[str, Any] = value
    return found


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _need(len({name for name, _ in pairs}) == len(pairs), "a name twice")
    return dict(pairs)


def _whole(text: str) -> int:
    _need(len(text.lstrip("-")) <= _MOST_DIGITS, "too many digits")
    return int(text)


def _real(text: str) -> float:
    _need(len(text) <= _MOST_DIGITS and math.isfinite(float(text)), "not finite")
    return float(text)


def _constant(_: str) -> NoReturn:
    raise RefusedError("NaN or Infinity")


def _depth_and_text(value: Any) -> int:
    """How deep it nests; every string in it must have a UTF-8 form."""
    if isinstance(value, str):
        value.encode("utf-8")
        return 0
    if not isinstance(value, dict | list):
        return 0
    return 1 + max((_depth_and_text(member) for member in _inside(value)), default=0)


def _inside(value: dict[str, Any] | list[Any]) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value
        yield from value.values()
    else:
        yield from value


def _check_header(header: Mapping[str, Any], forge: Forge) -> None:
    for name in ("crit", "b64", "zip", "enc"):
        _need(name not in header, name)
    for name in ("kid", "typ", "cty"):
        _need(isinstance(header.get(name, ""), str), name)
    aliases = {"Ed25519": ("Ed25519", "EdDSA")}
    alg = header.get("alg")
    _need(isinstance(alg, str) and alg in aliases.get(forge.alg, (forge.alg,)), "alg")
    _need(header.get("kid", forge.owner.kid) == forge.owner.kid, "kid")


def _kind(typ: str | None) -> str | None:
    lowered = None if typ is None else typ.lower()
    shortened = "" if lowered is None else lowered.removeprefix("application/")
    return lowered if "/" in shortened else shortened


def _holds(owner: Party, data: bytes, signature: bytes) -> bool:
    if len(signature) != _SIZES[owner.alg]:
        return False
    if owner.alg == "HS256":
        return hmac.compare_digest(hmac.digest(owner.private, data, "sha256"), signature)
    sha256 = hashes.SHA256()
    public = owner.public
    ways: Mapping[str, Callable[[], object]] = {
        "RS256": lambda: public.verify(signature, data, padding.PKCS1v15(), sha256),
        "PS256": lambda: public.verify(signature, data, padding.PSS(padding.MGF1(sha256), 32), sha256),
        "ES256": lambda: public.verify(_der(signature), data, ec.ECDSA(sha256)),
        "Ed25519": lambda: public.verify(signature, data),
        "ML-DSA-44": lambda: public.verify(signature, data),
    }
    try:
        ways[owner.alg]()
    except InvalidSignature:
        return False
    return True


def _der(signature: bytes) -> bytes:
    return encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))


def _check_claims(claims: Mapping[str, Any]) -> bool:
    """Return whether it has expired; everything else about the claims must hold."""
    for name in ("iss", "sub", "aud", "exp", "iat", "jti"):
        _need(name in claims, f"{name} missing")
    for name in ("iss", "sub", "jti", "client_id", "sid"):
        _need(name not in claims or _identifier(claims[name]), name)
    _need(claims["iss"] == ISSUER, "iss")
    audience = [claims["aud"]] if isinstance(claims["aud"], str) else claims["aud"]
    _need(isinstance(audience, list) and all(isinstance(member, str) for member in audience), "aud type")
    _need(AUDIENCE in audience, "aud")
    scope = claims.get("scope", "")
    _need(
        isinstance(scope, str) or (isinstance(scope, list) and all(isinstance(one, str) for one in scope)),
        "scope",
    )
    _need("cnf" not in claims, "bound to a key")
    for name in ("exp", "iat", "nbf"):
        value = claims.get(name, 0)
        _need(isinstance(value, int | float) and not isinstance(value, bool), f"{name} type")
    _need(claims["exp"] <= NOW + _TEN_YEARS, "exp too far")
    _need(claims["iat"] <= NOW + _LEEWAY, "iat in the future")
    _need(claims["iat"] < claims["exp"], "iat not before exp")
    _need(claims.get("nbf", 0) <= NOW + _LEEWAY, "nbf in the future")
    return bool(claims["exp"] <= NOW - _LEEWAY)


def _identifier(value: Any) -> bool:
    if not isinstance(value, str) or not 0 < len(value) <= 512:
        return False
    return not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in value)
