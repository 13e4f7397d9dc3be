"""What a hostile case is: a name, how to make it, what must become of it, and why."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from types import EllipsisType
from typing import Any, Final

from tests.hostile.forge import ALGORITHMS, Forge, Party

from jwtkit.errors import (
    AlgorithmNotAllowedError,
    ClaimsError,
    ConfigurationError,
    ConfirmationError,
    InvalidSignatureError,
    JWTKitError,
    MalformedTokenError,
    TokenExpiredError,
    UnknownIssuerError,
    UnknownKeyError,
)

__all__ = [
    "ACCEPTED",
    "ASYMMETRIC",
    "EXPIRED",
    "NOT_ALLOWED",
    "UNKNOWN_ISSUER",
    "UNKNOWN_KEY",
    "WRONG_SIGNATURE",
    "Expectation",
    "KeyCase",
    "Refusal",
    "SetCase",
    "TokenCase",
    "claim",
    "claims",
    "malformed",
    "proof",
    "refused_key",
    "with_claims",
    "with_header",
    "with_parts",
]

ASYMMETRIC: Final = tuple(alg for alg in ALGORITHMS if alg != "HS256")


@dataclass(frozen=True, slots=True)
class Refusal:
    """The exact error expected.

    Attributes:
        error: Its class; a subclass will not do.
        code: Its stable code.
        failures: For a `ClaimsError`, the code of every check that fails, in order; None where several
            readings of the rules agree on the first only.
    """

    error: type[JWTKitError]
    code: str
    failures: tuple[str, ...] | None = None


ACCEPTED: Final = None
Expectation = Refusal | None
"""The refusal a case must meet, or ACCEPTED where a strict reader must not be stricter."""

NOT_ALLOWED: Final = Refusal(AlgorithmNotAllowedError, "token.algorithm_not_allowed")
UNKNOWN_KEY: Final = Refusal(UnknownKeyError, "token.unknown_key")
UNKNOWN_ISSUER: Final = Refusal(UnknownIssuerError, "token.unknown_issuer")
WRONG_SIGNATURE: Final = Refusal(InvalidSignatureError, "token.signature")
EXPIRED: Final = Refusal(TokenExpiredError, "claim.exp.expired", ("claim.exp.expired",))


def malformed(kind: str) -> Refusal:
    """The text is not a token: ``token.<kind>``."""
    return Refusal(MalformedTokenError, f"token.{kind}")


def claims(*codes: str) -> Refusal:
    """The signature holds, and exactly these checks fail."""
    return Refusal(ClaimsError, codes[0], codes)


def claim(name: str, kind: str) -> Refusal:
    """The signature holds, and one check of one claim fails."""
    return claims(f"claim.{name}.{kind}")


def proof(kind: str) -> Refusal:
    """All holds but the proof of possession."""
    return Refusal(ConfirmationError, f"token.confirmation_{kind}")


def refused_key(kind: str) -> Refusal:
    """A key, or a set of keys, is not taken."""
    return Refusal(ConfigurationError, kind if "." in kind else f"key.{kind}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCase:
    """Something that arrives where a token is expected.

    Attributes:
        name: Unique, such as ``kid.path.dev-null``.
        make: Makes it for one algorithm.
        expect: What must become of it.
        why: The section or advisory that says so.
        algorithms: The algorithms it makes sense for.
        setting: Which validator meets it (see `settings`).
        options: How that is called: ``confirmation``, ``unsafe_ignore_confirmation``.
        stale: What `validate_except_lifetime` makes of it, where that does not follow from `expect`.
    """

    name: str
    make: Callable[[Forge], object]
    expect: Expectation
    why: str
    algorithms: Collection[str] = ALGORITHMS
    setting: str = "sole"
    options: Mapping[str, Any] | None = None
    stale: Expectation | EllipsisType = ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCase:
    """Something that is loaded as a key, or as what a validator is set up with.

    Attributes:
        name: Unique.
        load: Loads it.
        expect: What must become of it.
        why: The section or advisory that says so.
        secrets: Texts that may appear in no message and no `repr`.
    """

    name: str
    load: Callable[[], object]
    expect: Expectation
    why: str
    secrets: tuple[str | bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCase:
    """A JWK Set document from somebody else.

    Attributes:
        name: Unique.
        document: The text, or the mapping parsed from it.
        kept: The key ids, with their algorithms, that may be used; all others may not.
        skipped: The index and code of each entry that is reported as not used.
        expect: The refusal, where it is no JWK Set at all.
        why: The section or advisory that says so.
        algorithms: What the reader allows, or None.
        poison: Tokens that must not be believed by the set.
    """

    name: str
    document: object
    why: str
    kept: tuple[tuple[str, str], ...] = ()
    skipped: tuple[tuple[int, str], ...] = ()
    expect: Expectation = ACCEPTED
    algorithms: tuple[str, ...] | None = None
    poison: tuple[str, ...] = ()


def _make_token(
    header: Mapping[str, Any] | bytes | None,
    claims_: Mapping[str, Any] | bytes | None,
    by_stranger: bool,
    forge: Forge,
) -> str:
    signer: Party | None = forge.stranger if by_stranger else None
    return forge.token(
        header if isinstance(header, bytes | None) else forge.header(**header),
        claims_ if isinstance(claims_, bytes | None) else forge.claims(**claims_),
        signer=signer,
    )


def with_parts(
    name: str,
    header: Mapping[str, Any] | bytes | None,
    claims_: Mapping[str, Any] | bytes | None,
    expect: Expectation,
    why: str,
    *,
    by_stranger: bool = False,
    **fields: Any,
) -> TokenCase:
    """A case of a token with changed (or raw) header and claims, really signed."""
    make = partial(_make_token, header, claims_, by_stranger)
    return TokenCase(name=name, make=make, expect=expect, why=why, **fields)


def with_header(
    name: str, header: Mapping[str, Any] | bytes, expect: Expectation, why: str, **fields: Any
) -> TokenCase:
    """A case of a token with another header, really signed."""
    return with_parts(name, header, None, expect, why, **fields)


def with_claims(
    name: str, claims_: Mapping[str, Any] | bytes, expect: Expectation, why: str, **fields: Any
) -> TokenCase:
    """A case of a token with other claims, really signed."""
    return with_parts(name, None, claims_, expect, why, **fields)
