"""JSON Web Signatures in compact form: split, choose the key, verify; and sign (RFC 7515 §3.1, §5)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Protocol

from jwtkit.errors import (
    AlgorithmNotAllowedError,
    ConfigurationError,
    InvalidSignatureError,
    MalformedTokenError,
    UnknownKeyError,
)
from jwtkit.jose import base64url, strict_json
from jwtkit.jose.algorithms import ALGORITHMS, algorithm_named
from jwtkit.jose.jwk_set import JWKSet
from jwtkit.jose.signing_key import SigningKey
from jwtkit.jose.verification_key import VerificationKey

__all__ = [
    "MAX_HEADER_BYTES",
    "MAX_TOKEN_BYTES",
    "VerifiedJWS",
    "parse_header",
    "read_algorithms",
    "select_key",
    "sign_compact",
    "split_compact",
    "verify_compact",
]

MAX_TOKEN_BYTES: Final = 16384
MAX_HEADER_BYTES: Final = 4096

# Header parameters that change what the signature covers or means, and what they are refused as.
_REFUSED: Final = {
    "crit": ("token.critical", "the header has 'crit'; no extension is understood (RFC 7515 section 4.1.11)"),
    "b64": ("token.b64", "the header has 'b64'; unencoded payloads are not supported (RFC 7797)"),
    "zip": ("token.zip", "the header has 'zip'; compressed tokens are not supported"),
    "enc": ("token.encrypted", "the token is encrypted (JWE); only signed tokens are supported"),
}
_STRINGS: Final = ("kid", "typ", "cty")
# Keys in a header are whatever the sender likes them to be (RFC 8725 §3.5): never read, never written.
_NEVER_WRITTEN: Final = frozenset({*_REFUSED, "jwk", "jku", "x5c", "x5u", "x5t", "x5t#S256"})


class _Signer(Protocol):
    @property
    def alg(self) -> str: ...

    @property
    def kid(self) -> str: ...

    def sign(self, signing_input: bytes, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class VerifiedJWS:
    """A JWS whose signature holds.

    Attributes:
        header: The protected header, read-only.
        payload: The bytes that were signed, as they are.
        key_id: The id of the key that verified it, also where the header names none.
    """

    header: Mapping[str, Any]
    payload: bytes
    key_id: str


def read_algorithms(algorithms: Iterable[str]) -> tuple[str, ...]:
    """Return the algorithm names a caller allows, each once, in the order given.

    Raises:
        ConfigurationError: ``key.algorithm``: a single string, no name at all, or a name that is none.
    """
    if isinstance(algorithms, str):
        raise ConfigurationError(
            "algorithms= takes several names, not one string",
            code="key.algorithm",
            hint=f"write algorithms=({algorithms!r},)" if algorithms in ALGORITHMS else None,
        )
    if not isinstance(algorithms, Iterable):
        raise ConfigurationError("algorithms= takes several algorithm names", code="key.algorithm")
    names = tuple(dict.fromkeys(algorithm_named(name).name for name in algorithms))
    if not names:
        raise ConfigurationError(
            "algorithms= allows nothing; leave it out to allow what the keys are for", code="key.algorithm"
        )
    return names


def split_compact(text: str | bytes, *, max_bytes: int | None = None) -> tuple[bytes, bytes, bytes, bytes]:
    """Split a compact JWS at its two dots; nothing is decoded (RFC 7515 §5.2 step 1).

    Args:
        text: What was handed over as a token.
        max_bytes: The longest text to look at; None where the caller has seen to that.

    Returns:
        The header, payload and signature segments, and the signing input: the very bytes received up to
        the second dot.

    Raises:
        MalformedTokenError: ``token.type``: neither str nor bytes; ``token.too_large``, at a cost that does
            not grow with the text; ``token.ascii``; ``token.segments``: not exactly two dots, or no header
            or signature.
    """
    if not isinstance(text, (str, bytes)):
        raise MalformedTokenError("a token must be str or bytes", code="token.type")
    if max_bytes is not None and len(text) > max_bytes:
        raise MalformedTokenError(f"the token is longer than {max_bytes} bytes", code="token.too_large")
    if not text.isascii():
        raise MalformedTokenError("a token consists of ASCII characters", code="token.ascii")
    data = text.encode("ascii") if isinstance(text, str) else text
    signing_input, _, signature = data.rpartition(b".")
    header, dot, payload = signing_input.partition(b".")
    if not dot or payload.find(b".") >= 0:
        raise MalformedTokenError(
            "expected three segments: header.payload.signature",
            code="token.segments",
            hint="five segments are an encrypted token (JWE), which is not supported"
            if data.count(b".") == 4
            else None,
        )
    if not header or not signature:
        raise MalformedTokenError("the header and the signature must not be empty", code="token.segments")
    return header, payload, signature, signing_input


def parse_header(segment: bytes) -> dict[str, Any]:
    """Read a protected header (RFC 7515 §4).

    Returns:
        Its parameters; ``alg`` is a non-empty string, ``kid``, ``typ`` and ``cty`` are strings where
        present, and nothing else in it means anything to jwtkit.

    Raises:
        MalformedTokenError: ``token.base64``, ``token.json``, ``token.duplicate_name``;
            ``token.too_large``: over 4096 bytes; ``token.header``: a parameter of a wrong type;
            ``token.critical``, ``token.b64``, ``token.zip``, ``token.encrypted``.
    """
    if len(segment) > MAX_HEADER_BYTES:
        raise MalformedTokenError(
            f"the header is longer than {MAX_HEADER_BYTES} bytes", code="token.too_large"
        )
    header = strict_json.parse_object(base64url.decode(segment))
    for name, (code, message) in _REFUSED.items():
        if name in header:
            raise MalformedTokenError(message, code=code)
    alg = header.get("alg")
    if not isinstance(alg, str) or not alg:
        raise MalformedTokenError("the header must have 'alg', a non-empty string", code="token.header")
    for name in _STRINGS:
        if name in header and not isinstance(header[name], str):
            raise MalformedTokenError(f"the header's {name!r} must be a string", code="token.header")
    return header


def select_key(
    header: Mapping[str, Any], keys: JWKSet, algorithms: Collection[str] | None = None
) -> VerificationKey:
    """Choose the one key a token may be verified with: exact algorithm, exact key id.

    The header only picks among keys that are already bound to their algorithm; it never decides how one
    is used (RFC 8725 §3.1).

    Args:
        header: As `parse_header` returns it.
        keys: The keys believed; where `algorithms` is given, already restricted to them.
        algorithms: What the caller allows. Says which error is right when the set has no key for an
            allowed algorithm yet: the key is unknown, and a remote set may be asked for it.

    Raises:
        AlgorithmNotAllowedError: The header's ``alg`` is not among `algorithms`, or, when that is None,
            not one the keys are for.
        UnknownKeyError: None has its ``kid``; or it has no ``kid``, and the set not exactly one key.
    """
    alg, kid = header["alg"], header.get("kid")
    allowed = keys.algorithms if algorithms is None else algorithms
    if alg not in allowed:
        name = alg if alg in ALGORITHMS else "an unknown algorithm"
        listed = ", ".join(sorted(allowed)) or "none"
        raise AlgorithmNotAllowedError(f"the token is signed with {name}; allowed: {listed}")
    key = keys.find(alg, kid)
    if key is not None:
        return key
    if alg not in keys.algorithms:
        raise UnknownKeyError(f"there is no {alg} key to verify the token with")
    if kid is None:
        raise UnknownKeyError(
            f"the token names no key (kid), and there is more than one for {alg}",
            hint="have the issuer write kid into the header",
        )
    raise UnknownKeyError(f"no {alg} key has the key id the token names")


def verify_compact(
    text: str | bytes,
    keys: JWKSet | VerificationKey | SigningKey,
    *,
    algorithms: Iterable[str] | None = None,
    max_bytes: int = MAX_TOKEN_BYTES,
) -> VerifiedJWS:
    """Verify a compact JWS over the exact bytes received (RFC 7515 §5.2).

    Args:
        text: The JWS.
        keys: Whom to believe: a key, or a set of keys.
        algorithms: Allow only these; every algorithm the keys are for when None.
        max_bytes: The longest text to look at.

    Returns:
        Header and payload. What the payload means is the caller's business.

    Raises:
        MalformedTokenError: Not a compact JWS; see `split_compact`, `parse_header`.
        AlgorithmNotAllowedError: Signed with an algorithm that is not allowed.
        UnknownKeyError: Signed with a key that is not among `keys`.
        InvalidSignatureError: The signature does not hold.
        ConfigurationError: ``jwks.type``: `keys` is none; ``key.algorithm``: `algorithms` names none.
    """
    if isinstance(keys, SigningKey):
        keys = keys.verification_key
    trusted = keys if isinstance(keys, JWKSet) else JWKSet((keys,))
    if algorithms is not None:
        algorithms = read_algorithms(algorithms)
        trusted = trusted.restricted_to(algorithms)
    header_segment, payload_segment, signature_segment, signing_input = split_compact(
        text, max_bytes=max_bytes
    )
    header = parse_header(header_segment)
    key = select_key(header, trusted, algorithms)
    if not key.verify(signing_input, base64url.decode(signature_segment)):
        raise InvalidSignatureError("the signature does not hold")
    return VerifiedJWS(MappingProxyType(header), base64url.decode(payload_segment), key.kid)


def sign_compact(payload: bytes, key: _Signer, *, header: Mapping[str, Any] | None = None) -> str:
    """Sign bytes as a compact JWS (RFC 7515 §5.1).

    Args:
        payload: What to sign.
        key: A `SigningKey`, or anything with ``alg``, ``kid`` and ``sign``.
        header: More header parameters, such as ``typ``; ``alg`` and ``kid`` come from the key.

    Returns:
        The JWS.

    Raises:
        ConfigurationError: ``jws.payload``: not bytes; ``jws.header``: a parameter that contradicts the
            key, that jwtkit refuses to read or of a wrong type, or over 4096 bytes in all;
            ``claims.json``: not JSON.
        KeysUnavailableError: The signer cannot be reached.
    """
    if not isinstance(payload, bytes):
        raise ConfigurationError("the payload must be bytes", code="jws.payload")
    own = {"alg": key.alg, "kid": key.kid}
    if header is not None and not isinstance(header, Mapping):
        raise ConfigurationError("the header must be a mapping", code="jws.header")
    given = dict(header or {})
    for name, value in given.items():
        if name in _NEVER_WRITTEN:
            raise ConfigurationError(f"the header may not hold {name!r}", code="jws.header")
        if name in own and value != own[name]:
            raise ConfigurationError(
                f"the header's {name!r} is the key's own and may not be another", code="jws.header"
            )
        if name in _STRINGS and not isinstance(value, str):
            raise ConfigurationError(f"the header's {name!r} must be a string", code="jws.header")
    segment = base64url.encode(strict_json.dump_object({**given, **own}))
    if len(segment) > MAX_HEADER_BYTES:
        raise ConfigurationError(f"the header is longer than {MAX_HEADER_BYTES} bytes", code="jws.header")
    signing_input = f"{segment}.{base64url.encode(payload)}"
    return f"{signing_input}.{base64url.encode(key.sign(signing_input.encode('ascii')))}"
