"""What every JWK has in common: which algorithm it is for, what it may be used for, its id (RFC 7517 §4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, Literal

from jwtkit.errors import ConfigurationError
from jwtkit.jose.algorithms import ALGORITHMS, Algorithm, algorithms_for

__all__ = [
    "MAX_KID_LENGTH",
    "check_kid",
    "check_use",
    "refuse_private_members",
    "require_mapping",
    "resolve_algorithms",
]

MAX_KID_LENGTH: Final = 512
_PRIVATE_NAMES: Final = frozenset[str]().union(*(row.key_type.private_names for row in ALGORITHMS.values()))


def check_kid(kid: object) -> str:
    """Return `kid` if it can be a key id: a non-empty string of at most 512 printable characters.

    Raises:
        ConfigurationError: ``key.kid``.
    """
    if (
        not isinstance(kid, str)
        or not 0 < len(kid) <= MAX_KID_LENGTH
        or any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in kid)
        or any(0xD800 <= ord(character) < 0xE000 for character in kid)
    ):
        raise ConfigurationError(
            f"a key id must be a string of 1 to {MAX_KID_LENGTH} characters without control characters",
            code="key.kid",
        )
    return kid


def check_use(jwk: Mapping[str, Any], operation: Literal["sign", "verify"]) -> None:
    """Honour ``use`` and ``key_ops`` (RFC 7517 §4.2, §4.3).

    Raises:
        ConfigurationError: ``key.use``: the JWK says it is for something else; ``key.malformed``: it says
            so in a form that is none.
    """
    if "use" in jwk and jwk["use"] != "sig":
        if not isinstance(jwk["use"], str):
            raise ConfigurationError("the JWK member 'use' must be a string", code="key.malformed")
        raise ConfigurationError("the JWK is not for signatures: its 'use' is not \"sig\"", code="key.use")
    if "key_ops" in jwk:
        operations = jwk["key_ops"]
        if (
            not isinstance(operations, list)
            or not all(isinstance(name, str) for name in operations)
            or len(set(operations)) != len(operations)
        ):
            raise ConfigurationError(
                "the JWK member 'key_ops' must be a list of different strings", code="key.malformed"
            )
        if operation not in operations:
            raise ConfigurationError(f"the JWK's 'key_ops' do not hold \"{operation}\"", code="key.use")


def require_mapping(jwk: object) -> None:
    """Refuse a JWK that is not a mapping.

    Raises:
        ConfigurationError: ``key.malformed``.
    """
    if not isinstance(jwk, Mapping):
        raise ConfigurationError(
            "a JWK must be a mapping of its members", code="key.malformed", hint="parse JSON text first"
        )


def refuse_private_members(jwk: Mapping[str, Any], algorithm: Algorithm) -> None:
    """Refuse a private JWK where a public one belongs: whoever sent it is handing out its private key.

    Raises:
        ConfigurationError: ``key.private``.
    """
    own = algorithm.key_type.private_names if algorithm.symmetric else frozenset[str]()
    if any(name in jwk for name in _PRIVATE_NAMES - own):
        raise ConfigurationError(
            "expected a public JWK, found private members",
            code="key.private",
            hint="publish SigningKey.from_jwk(...).verification_key.to_jwk() instead",
        )


def resolve_algorithms(
    jwk: Mapping[str, Any], algorithms: Collection[str] | None = None
) -> tuple[tuple[Algorithm, ...], bool]:
    """Say which algorithms a JWK is used with.

    Its own ``alg`` decides. Without one, EC and OKP keys have exactly one by their curve; an RSA key or a
    secret takes those of `algorithms` that fit, and an RSA key without `algorithms` takes RS256.

    Args:
        jwk: The JWK.
        algorithms: What the caller allows, or None for anything.

    Returns:
        The rows, one or more, and whether the JWK left the choice open.

    Raises:
        ConfigurationError: ``key.malformed``: ``kty``, ``crv`` or ``alg`` missing or of a wrong type;
            ``key.unsupported``: of a value without a row; ``key.algorithm``: ``alg`` does not fit the key
            or is not allowed, or is needed and absent.
    """
    for name in ("kty", "crv", "alg"):
        if name in jwk and not isinstance(jwk[name], str):
            raise ConfigurationError(f"the JWK member {name!r} must be a string", code="key.malformed")
    if "kty" not in jwk:
        raise ConfigurationError("the JWK has no 'kty'", code="key.malformed")
    fitting = algorithms_for(jwk["kty"], jwk.get("crv"))
    if not fitting:
        raise ConfigurationError("no signature algorithm uses this 'kty' and 'crv'", code="key.unsupported")
    if "alg" in jwk:
        return (_allowed(_named(jwk["alg"], fitting), algorithms),), False
    if fitting[0].curve is not None:
        return (_allowed(fitting[0], algorithms),), False
    if fitting[0].kty == "AKP":
        raise ConfigurationError("an AKP JWK must have 'alg' (RFC 9964 section 3)", code="key.malformed")
    chosen = tuple(row for row in fitting if (row.default if algorithms is None else row.name in algorithms))
    if not chosen:
        raise ConfigurationError(
            "the JWK has no 'alg' and none of the allowed algorithms fits it",
            code="key.algorithm",
            hint=f"give it one of {', '.join(row.name for row in fitting)}",
        )
    return chosen, algorithms is None


def _named(name: str, fitting: tuple[Algorithm, ...]) -> Algorithm:
    for row in fitting:
        if name in (row.name, row.alias):
            return row
    if name in ALGORITHMS:
        raise ConfigurationError(
            f"the JWK's 'alg' {name} is for keys of another 'kty' or 'crv'", code="key.algorithm"
        )
    raise ConfigurationError("the JWK's 'alg' is no supported signature algorithm", code="key.unsupported")


def _allowed(row: Algorithm, algorithms: Collection[str] | None) -> Algorithm:
    if algorithms is None or row.name in algorithms or (row.alias is not None and row.alias in algorithms):
        return row
    raise ConfigurationError(
        f"the key is for {row.name}, which is not among the allowed algorithms", code="key.algorithm"
    )
