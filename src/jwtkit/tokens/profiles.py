"""Profiles: what kind of token is expected, so that one kind never passes as another (RFC 8725 §3.11-12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from jwtkit.errors import ConfigurationError

__all__ = [
    "ACCESS_TOKEN",
    "EXTERNAL_ACCESS_TOKEN",
    "GENERIC",
    "ID_TOKEN",
    "PROFILES",
    "RFC9068",
    "SECURITY_EVENT",
    "Profile",
    "normalise_type",
    "profile_that_fits",
]


def normalise_type(value: str | None) -> str | None:
    """Return a ``typ`` for comparison: without case and ``application/`` (RFC 7515 §4.1.9)."""
    if value is None:
        return None
    lowered = value.lower()
    # The prefix may be left out only where no other slash follows.
    if lowered.startswith("application/") and "/" not in lowered[12:]:
        return lowered[12:]
    return lowered


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One kind of token. Use `dataclasses.replace` to make a stricter or a looser one.

    Attributes:
        name: What reports and hints call it.
        types: Accepted ``typ`` header values; None stands for an absent one. An issuer writes the first,
            and no ``typ`` where that is None.
        required_claims: Claims that must be there.
        expected: For a claim that is there, the values it may have.
        forbidden_claims: Claims that betray another kind of token.
        subject_claim: Where the subject is read.
        audience_claim: Where the audience is read.
        scope_claims: Where scopes are read; the first one present counts.
        client_claims: Where the client id is read; the first one present counts.
        max_lifetime: How far ahead ``exp`` may lie, or None to leave that to the validator.
    """

    name: str
    types: tuple[str | None, ...]
    required_claims: tuple[str, ...]
    expected: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    forbidden_claims: tuple[str, ...] = ()
    subject_claim: str = "sub"
    audience_claim: str = "aud"
    scope_claims: tuple[str, ...] = ("scope",)
    client_claims: tuple[str, ...] = ("client_id",)
    max_lifetime: timedelta | None = None

    def __post_init__(self) -> None:
        for name in ("name", "subject_claim", "audience_claim"):
            if not _is_name(getattr(self, name)):
                raise ConfigurationError(f"{name} must be a non-empty string")
        types = _several(self.types)
        if not types or not all(kind is None or _is_name(kind) for kind in types):
            raise ConfigurationError('types must be a tuple of accepted typ values, such as ("at+jwt",)')
        object.__setattr__(self, "types", tuple(normalise_type(kind) for kind in types))
        for name in ("required_claims", "forbidden_claims", "scope_claims", "client_claims"):
            names = _several(getattr(self, name))
            if names is None or not all(map(_is_name, names)):
                raise ConfigurationError(f'{name} must be a tuple of claim names, such as ("sub",)')
            object.__setattr__(self, name, names)
        expected = _accepted_values(self.expected)
        if expected is None:
            raise ConfigurationError('expected must map a claim to a tuple of values, such as ("access",)')
        object.__setattr__(self, "expected", MappingProxyType(expected))
        longest = self.max_lifetime
        if longest is not None and not (isinstance(longest, timedelta) and longest > timedelta(0)):
            raise ConfigurationError("max_lifetime must be a positive datetime.timedelta, or None")

    def __hash__(self) -> int:
        return hash((self.name, self.types, self.required_claims))

    def requires(self, claim: str) -> bool:
        """Say whether a token of this profile must carry `claim`."""
        return claim in self.required_claims


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _several(values: object) -> tuple[Any, ...] | None:
    """Return several values as a tuple; None for what is no iterable, or a single string."""
    return tuple(values) if isinstance(values, Iterable) and not isinstance(values, str) else None


def _accepted_values(expected: object) -> dict[str, tuple[str, ...]] | None:
    if not isinstance(expected, Mapping):
        return None
    accepted: dict[str, tuple[str, ...]] = {}
    for claim, several in expected.items():
        values = _several(several)
        if not _is_name(claim) or not values or not all(map(_is_name, values)):
            return None
        accepted[claim] = values
    return accepted


ACCESS_TOKEN = Profile(
    name="ACCESS_TOKEN", types=("at+jwt",), required_claims=("iss", "sub", "aud", "exp", "iat", "jti")
)
"""jwtkit's own access tokens."""

RFC9068 = Profile(
    name="RFC9068",
    types=("at+jwt",),
    required_claims=("iss", "sub", "aud", "exp", "iat", "jti", "client_id"),
)
"""Access tokens by RFC 9068 §2.2."""

EXTERNAL_ACCESS_TOKEN = Profile(
    name="EXTERNAL_ACCESS_TOKEN",
    types=("jwt", "at+jwt", None),
    required_claims=("iss", "sub", "aud", "exp"),
    # Cognito says what a token is for in token_use, Keycloak in a claim named typ.
    expected={"token_use": ("access",), "typ": ("Bearer", "DPoP")},
    # What only an ID token (OpenID Connect Core §2, §3.3.2.11) or a security event carries.
    forbidden_claims=("nonce", "at_hash", "c_hash", "s_hash", "events"),
    scope_claims=("scope", "scp"),
    client_claims=("client_id", "azp", "appid", "cid"),
)
"""Access tokens as identity providers really send them; refuses their ID tokens."""

ID_TOKEN = Profile(
    name="ID_TOKEN",
    types=("jwt", None),
    required_claims=("iss", "sub", "aud", "exp", "iat"),
    expected={"token_use": ("id",), "typ": ("ID",)},
    # What only an access token carries, and a security event.
    forbidden_claims=("scope", "scp", "events"),
    scope_claims=(),
    client_claims=("azp",),
)
"""OpenID Connect ID tokens (Core §2): for the client that asked for them, never for an API."""

SECURITY_EVENT = Profile(
    name="SECURITY_EVENT",
    types=("secevent+jwt",),
    required_claims=("iss", "iat", "jti", "events"),
)
"""Security event tokens (RFC 8417 §2); they do not expire."""

GENERIC = Profile(name="GENERIC", types=("jwt", None), required_claims=("exp",))
"""Any other JWT, such as a link in an e-mail; it must still expire.

It says nothing of what the token is for: give it an audience that no other kind of token shares.
"""

PROFILES: tuple[Profile, ...] = (
    ACCESS_TOKEN,
    RFC9068,
    EXTERNAL_ACCESS_TOKEN,
    ID_TOKEN,
    SECURITY_EVENT,
    GENERIC,
)
"""Every profile jwtkit defines."""

_ID_TOKEN_SIGNS = frozenset({"nonce", "at_hash", "c_hash", "s_hash", "auth_time"})
_ACCESS_TOKEN_SIGNS = frozenset({"scope", "scp", "client_id", "azp", "appid", "cid"})


def profile_that_fits(kind: str | None, claims: Mapping[str, Any]) -> Profile | None:
    """Return the profile a token of that normalised ``typ`` and these claims seems to be of, for a hint."""
    if kind == "secevent+jwt":
        return SECURITY_EVENT
    if kind == "at+jwt":
        return RFC9068 if "client_id" in claims else ACCESS_TOKEN
    if kind not in ("jwt", None):
        return None
    if claims.keys() & _ID_TOKEN_SIGNS or claims.get("token_use") == "id" or claims.get("typ") == "ID":
        return ID_TOKEN
    if claims.keys() & _ACCESS_TOKEN_SIGNS:
        # An access token that lacks these fits no profile: never advise to take it as something looser.
        return EXTERNAL_ACCESS_TOKEN if "sub" in claims and "aud" in claims else None
    return GENERIC
