"""The policy a validator applies to one issuer's tokens: frozen, complete, checked when it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from jwtkit.errors import ConfigurationError, Failure
from jwtkit.tokens.claims import is_text
from jwtkit.tokens.profiles import Profile

__all__ = ["Check", "Policy", "read_duration", "read_names", "read_several"]

T = TypeVar("T")

Check = Callable[[Mapping[str, Any]], Failure | None]
"""A check of one's own: returns None when it holds, a `Failure` when it does not.

It is given the read-only claims, after the signature and all registered claims but perhaps ``exp`` have
held. An exception it raises refuses the token, as a missing claim it subscripts does; only an
`UnavailableError` is passed on, since what is down is no fault of the token.
"""


def read_names(value: str | Iterable[str], *, what: str) -> tuple[str, ...]:
    """Return one name or several as a tuple without repetitions.

    Raises:
        ConfigurationError: It is neither, it is empty, or a name is no text.
    """
    try:
        names = (value,) if isinstance(value, str) else tuple(dict.fromkeys(value))
    except TypeError:
        names = ()
    if not names or not all(is_text(name) for name in names):
        raise ConfigurationError(f"{what} must be a non-empty string or several of them")
    return names


def read_several(values: Iterable[T], *, what: str) -> tuple[T, ...]:
    """Return several values as a tuple.

    Raises:
        ConfigurationError: They are one string, or not several at all.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ConfigurationError(f"{what} must be several: write a tuple, such as (first, second)")
    return tuple(values)


def read_duration(value: timedelta, *, what: str, zero: bool = False) -> float:
    """Return a positive (with `zero`, non-negative) duration in seconds.

    Raises:
        ConfigurationError: It is not a timedelta, or out of range.
    """
    if not isinstance(value, timedelta):
        raise ConfigurationError(f"{what} must be a datetime.timedelta, such as timedelta(minutes=15)")
    if value < timedelta(0) or (not zero and not value):
        raise ConfigurationError(f"{what} must {'not be negative' if zero else 'be positive'}")
    return value.total_seconds()


@dataclass(frozen=True, slots=True)
class Policy:
    """What every token of one issuer must satisfy, in the form the checks read.

    Attributes:
        issuer: The ``iss`` it must have, or None where the profile does not require one.
        audiences: It must name one of these; empty where the profile does not require an audience.
        profile: The kind of token.
        required_claims: The profile's and the caller's.
        checks: The caller's own checks.
        leeway: Seconds of clock difference tolerated.
        max_lifetime: Seconds from now that ``exp`` may lie ahead.
        text_claims: Claims that are identifiers where they are there, beside ``iss``.
        unusual_claims: Claims that are looked at only where they are there, which is seldom.
    """

    issuer: str | None
    audiences: frozenset[str]
    profile: Profile
    required_claims: tuple[str, ...]
    checks: tuple[Check, ...]
    leeway: float
    max_lifetime: float
    text_claims: tuple[str, ...]
    unusual_claims: frozenset[str]

    @classmethod
    def make(
        cls,
        issuer: str | None,
        *,
        audience: str | Iterable[str] | None,
        profile: Profile,
        required_claims: Iterable[str] = (),
        checks: Iterable[Check] = (),
        leeway: timedelta,
        max_lifetime: timedelta,
    ) -> Policy:
        """Make a policy from what a user writes.

        Raises:
            ConfigurationError: Something is missing, empty or of a wrong type; says what to write.
        """
        if not isinstance(profile, Profile):
            raise ConfigurationError("profile must be a jwtkit Profile, such as ACCESS_TOKEN")
        if issuer is None and profile.requires("iss"):
            raise ConfigurationError(f"{profile.name} tokens name their issuer: say which one is expected")
        if issuer is not None and not is_text(issuer):
            raise ConfigurationError("issuer must be a non-empty string, such as https://orders.example")
        if audience is None and profile.requires(profile.audience_claim):
            raise ConfigurationError(f"{profile.name} tokens name their audience: say which one is expected")
        names = () if audience is None else read_names(audience, what="audience")
        required = list(profile.required_claims)
        extra = read_several(required_claims, what="required_claims")
        if not all(is_text(name) for name in extra):
            raise ConfigurationError('required_claims must be several claim names, such as ("tenant",)')
        # An expectation is a requirement.
        required += ["iss"] if issuer is not None else []
        required += [profile.audience_claim] if names else []
        own_checks = read_several(checks, what="checks")
        if not all(callable(check) for check in own_checks):
            raise ConfigurationError("checks must be callables taking the claims")
        ahead = read_duration(max_lifetime, what="max_lifetime")
        if profile.max_lifetime is not None:
            ahead = min(ahead, profile.max_lifetime.total_seconds())
        return cls(
            issuer=issuer,
            audiences=frozenset(names),
            profile=profile,
            required_claims=tuple(dict.fromkeys([*required, *extra])),
            checks=own_checks,
            leeway=read_duration(leeway, what="leeway", zero=True),
            max_lifetime=ahead,
            text_claims=tuple(
                dict.fromkeys((profile.subject_claim, "sub", "jti", *profile.client_claims, "sid"))
            ),
            unusual_claims=frozenset({"cnf", *profile.expected, *profile.forbidden_claims}),
        )
