"""The claims of a token about to be signed: what the issuer sets, what the caller may add."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from jwtkit.errors import ConfigurationError
from jwtkit.tokens.claims import ISSUER_SET_CLAIMS, confirmation_thumbprint, is_text
from jwtkit.tokens.profiles import Profile

__all__ = ["confirmation_claim", "draft_claims", "join_scopes"]

# scope-token of RFC 6749 §3.3: printable ASCII but space, quotation mark and backslash.
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def draft_claims(
    profile: Profile,
    *,
    issuer: str | None,
    subject: str | None,
    audience: tuple[str, ...],
    scopes: Iterable[str],
    client_id: str | None,
    session_id: str | None,
    confirmation: str | Mapping[str, Any] | None,
    extra: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return the claims of a new token, all but its id and times, in the order they are written.

    Raises:
        ConfigurationError: An argument is of a wrong form, ``extra`` holds a claim only the issuer
            sets, or what the profile requires is missing.
    """
    claims: dict[str, Any] = {}
    if issuer is not None:
        claims["iss"] = issuer
    if subject is not None:
        claims[profile.subject_claim] = _text(subject, "subject")
    if audience:
        claims[profile.audience_claim] = audience[0] if len(audience) == 1 else list(audience)
    scope = join_scopes(scopes)
    if scope:
        claims[_place(profile, profile.scope_claims, "scopes")] = scope
    if client_id is not None:
        claims[_place(profile, profile.client_claims, "a client_id")] = _text(client_id, "client_id")
    if session_id is not None:
        claims["sid"] = _text(session_id, "session_id")
    if confirmation is not None:
        claims["cnf"] = confirmation_claim(confirmation)
    if extra is not None:
        if not isinstance(extra, Mapping):
            raise ConfigurationError("claims must be a mapping of claim names to JSON values")
        _check_extra(profile, extra)
        claims.update(extra)
    return claims


def join_scopes(scopes: Iterable[str]) -> str:
    """Return scopes as one text, without repetitions (RFC 6749 §3.3).

    Raises:
        ConfigurationError: One is no scope token, or the argument is a single string.
    """
    if not scopes:
        return ""
    if isinstance(scopes, str) or not isinstance(scopes, Iterable):
        raise ConfigurationError('scopes must be several, such as ["orders:read"], not one string')
    names = tuple(scopes)
    if not all(isinstance(name, str) and _SCOPE.fullmatch(name) for name in names):
        raise ConfigurationError("a scope must be printable ASCII without spaces, quotes or backslashes")
    return " ".join(dict.fromkeys(names))


def confirmation_claim(confirmation: str | Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``cnf`` claim for a key thumbprint (``jkt``, RFC 9449 §6.1) or for a whole object.

    Raises:
        ConfigurationError: It names no thumbprint that a validator could compare.
    """
    claim = dict(confirmation) if isinstance(confirmation, Mapping) else {"jkt": confirmation}
    if confirmation_thumbprint(claim) is None:
        raise ConfigurationError('confirmation must be a thumbprint, or an object with "jkt" or "x5t#S256"')
    return claim


def _text(value: str, what: str) -> str:
    if not is_text(value):
        raise ConfigurationError(
            f"{what} must be a non-empty string of at most 512 characters without control characters"
        )
    return value


def _place(profile: Profile, names: tuple[str, ...], what: str) -> str:
    if not names:
        raise ConfigurationError(f"a {profile.name} token has no place for {what}")
    return names[0]


def _check_extra(profile: Profile, extra: Mapping[str, Any]) -> None:
    """Refuse what would override the issuer, and what a validator of the profile would refuse."""
    own = (
        profile.subject_claim,
        profile.audience_claim,
        *profile.scope_claims[:1],
        *profile.client_claims[:1],
    )
    taken = [name for name in extra if name in ISSUER_SET_CLAIMS or name in own]
    if taken:
        names = ", ".join(sorted(taken))
        raise ConfigurationError(
            f"claims= must not hold {names}: the issuer sets them from its named arguments",
            code="issue.registered_claim",
        )
    forbidden = [name for name in profile.forbidden_claims if name in extra]
    if forbidden:
        raise ConfigurationError(f"a {profile.name} token must not carry {', '.join(forbidden)}")
    for name, values in profile.expected.items():
        if name in extra and extra[name] not in values:
            raise ConfigurationError(f"{name} of a {profile.name} token must be {' or '.join(values)}")
