"""What the fuzzer throws at whom, and what must hold; run by the tests too, so that none goes stale.

Random bytes die at base64, so the bytes are the decoded parts: a first byte that says how the rest becomes
a token, and the parts beside each other. What is signed anew is judged by the second reader as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import Any, Final

from tests.fuzz import oracle
from tests.hostile import corpus
from tests.hostile.forge import AUDIENCE, ISSUER, NOW, Forge
from tests.hostile.primitives import b64, from_b64

from jwtkit import TokenValidator
from jwtkit.errors import ConfigurationError, MalformedTokenError, RefreshTokenInvalidError, TokenError
from jwtkit.jose import JWKSet, SigningKey, VerificationKey, base64url, strict_json
from jwtkit.refresh import token_text
from jwtkit.refresh.rotation_keys import TAG_SIZE, RotationKeys

__all__ = ["DICTIONARY", "TARGETS", "seeds"]

_FORGE: Final = Forge("HS256")
_SEPARATOR: Final = b"\xff"
"""Between header and payload: a byte that no UTF-8 text holds."""

DICTIONARY: Final = (
    *(
        '"alg"',
        '"none"',
        '"HS256"',
        '"kid"',
        '"typ"',
        '"at+jwt"',
        '"crit"',
        '"b64"',
        '"zip"',
        '"enc"',
        '"jwk"',
        '"jku"',
    ),
    *(
        '"iss"',
        '"sub"',
        '"aud"',
        '"exp"',
        '"iat"',
        '"nbf"',
        '"jti"',
        '"cnf"',
        '"keys"',
        '"kty"',
        '"oct"',
        '"RSA"',
    ),
    *(
        '"OKP"',
        '"AKP"',
        '"EC"',
        '"crv"',
        '"P-256"',
        '"Ed25519"',
        '"n"',
        '"e"',
        '"x"',
        '"y"',
        '"pub"',
        '"use"',
        '"sig"',
    ),
    *(
        "NaN",
        "Infinity",
        "1e400",
        "\\ud800",
        "\\u0000",
        "null",
        "true",
        "[[[[[[[[",
        '{"":',
        "jkr_",
        "Bearer ",
        "..",
        "AQAB",
    ),
)


@cache
def _validator() -> TokenValidator:
    return TokenValidator(ISSUER, audience=AUDIENCE, keys=_FORGE.owner.key(), clock=lambda: float(NOW))


def _token(data: bytes) -> str | bytes:
    """The bytes as they are, or as the parts of a token that is signed well, badly or not at all."""
    kind, rest = data[:1], data[1:]
    if kind == b"r":
        return rest
    if kind == b"t":
        return rest.decode("utf-8", "surrogateescape")
    header, _, payload = rest.partition(_SEPARATOR)
    signing_input = f"{b64(header)}.{b64(payload)}"
    signature = {
        b"s": _FORGE.stranger.sign(signing_input.encode()),
        b"u": payload[:40],
    }.get(kind) or _FORGE.owner.sign(signing_input.encode())
    return f"{signing_input}.{b64(signature)}"


def _expected(token: str | bytes) -> dict[str, Any] | None:
    try:
        text = token.decode("ascii") if isinstance(token, bytes) else token
        claims, expired = oracle.read(text, _FORGE)
    except (oracle.RefusedError, UnicodeDecodeError):
        return None
    return None if expired else claims


def _parser(data: bytes) -> None:
    """Validation accepts what the second reader accepts, and raises nothing but a `TokenError`."""
    token = _token(data)
    expected = _expected(token)
    try:
        claims: dict[str, Any] | None = dict(_validator().validate(token).claims)
    except TokenError:
        claims = None
    assert claims == expected
    _strict_parts(data[1:])


def _strict_parts(data: bytes) -> None:
    """What base64url reads, it writes again; what strict JSON reads, it writes and reads again."""
    with suppress(MalformedTokenError):
        assert base64url.encode(base64url.decode(data)).encode() == data
    try:
        members = strict_json.parse_object(data)
    except MalformedTokenError:
        return
    assert strict_json.parse_object(strict_json.dump_object(members)) == members


def _inspect(data: bytes) -> None:
    """Inspection never raises, says what validation says, and can be printed."""
    token = _token(data)
    report = _validator().inspect(token)
    refusal = None
    try:
        _validator().validate(token)
    except TokenError as error:
        refusal = error
    assert (type(report.error), str(report.error)) == (type(refusal), str(refusal))
    assert report.ok == (refusal is None)
    assert str(report)
    assert repr(report)


def _key_sets(data: bytes) -> None:
    """A JWK Set is read or refused with a `ConfigurationError`; what is kept survives writing and reading."""
    try:
        held = JWKSet.parse(data)
    except ConfigurationError:
        held = JWKSet()
    if len(held) and not held.symmetric:
        assert JWKSet.parse(held.to_json()).keys == held.keys
    for key in held:
        assert held.find(key.alg, key.kid) is key
        assert key.verify(b"signing input", data[:64]) is False
    try:
        jwk = strict_json.parse_object(data)
    except MalformedTokenError:
        return
    loads: tuple[Callable[[dict[str, Any]], object], ...] = (VerificationKey.from_jwk, SigningKey.from_jwk)
    for load in loads:
        try:
            assert repr(load(jwk))
        except ConfigurationError:
            continue


@cache
def _rotation_keys() -> RotationKeys:
    return RotationKeys([b"f" * 32, b"g" * 32], ISSUER)


def _refresh(data: bytes) -> None:
    """A refresh token is read or refused with one error; what is read is written as the very same text."""
    keys = _rotation_keys()
    kind, rest = data[:1], data[1:]
    texts: list[object] = [rest, rest.decode("utf-8", "surrogateescape"), f"jkr_{b64(rest)}"]
    if kind == b"m":
        # With a tag that is right: now what it says is read as well.
        core = (b"\1" + bytes.fromhex(keys.current.key_id) + rest).ljust(77, b"\0")[:77]
        texts.append(f"jkr_{b64(core + keys.current.tag(core)[:TAG_SIZE])}")
    for text in texts:
        try:
            token = token_text.parse(text, keys)
        except RefreshTokenInvalidError:
            continue
        written = token_text.encode(token, keys)
        assert written == (text.decode() if isinstance(text, bytes) else text)


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "parser": _parser,
    "jwks": _key_sets,
    "refresh": _refresh,
    "inspect": _inspect,
}


def seeds(target: str) -> Iterator[bytes]:
    """What the fuzzer begins with: the hostile corpus, in the target's form."""
    if target == "jwks":
        for set_case in corpus.set_cases("key_sets"):
            if isinstance(set_case.document, bytes) and len(set_case.document) < 4000:
                yield set_case.document
    elif target == "refresh":
        yield from (b"m" + bytes(72), b"m" + b"\xff" * 72, b"jkr_", b"r" + b"jkr_" + b"A" * 124)
    else:
        yield from _token_seeds()


def _token_seeds() -> Iterator[bytes]:
    for family in (
        "algorithms",
        "extensions",
        "kinds",
        "json",
        "times",
        "identifiers",
        "confirmation",
        "form",
    ):
        for case in corpus.token_cases(family):
            token = case.make(_FORGE) if _FORGE.alg in case.algorithms and case.setting == "sole" else None
            if not isinstance(token, str) or not token.isascii() or len(token) > 4000:
                continue
            segments = token.split(".")
            try:
                header, payload = (from_b64(segment) for segment in segments[:2])
            except ValueError:
                yield b"t" + token.encode()
            else:
                yield b"o" + header + _SEPARATOR + payload
