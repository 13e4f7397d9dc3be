"""The checks on the claims of a correctly signed token, each written once (RFC 7519 §4.1).

`find_failures` is the hot path and the whole truth: validation, stale validation and inspection all
read its answer. It is straight code: a claim that holds costs one or two comparisons, and words are
only made for one that does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from jwtkit.errors import ClaimsError, ConfigurationError, Failure, UnavailableError
from jwtkit.tokens.claims import ABSENT, is_numeric_date, is_text, read_scopes, shown, shown_time
from jwtkit.tokens.hints import hint_for_text, hint_for_time
from jwtkit.tokens.policy import Policy
from jwtkit.tokens.profiles import profile_that_fits

__all__ = ["EXPIRED", "find_failures"]

EXPIRED: Final = "claim.exp.expired"
"""The code of the one failure that a refresh may waive."""

_SECONDS = "seconds since 1970 as a finite number"
_TEXT = "a non-empty string of at most 512 characters, none of them a control character"


def find_failures(
    claims: Mapping[str, Any],
    kind: str | None,
    policy: Policy,
    now: float,
    *,
    max_expired_for: float | None = None,
    run_checks: bool = True,
) -> list[Failure]:
    """Return every check that does not hold; an empty list for a token the policy accepts.

    Args:
        claims: The claims, after the signature has held.
        kind: The normalised ``typ`` of the header.
        policy: What must hold.
        now: Seconds since the epoch.
        max_expired_for: Seconds for which ``exp`` may lie in the past; None waives nothing.
        run_checks: Whether to run the policy's own checks too, once all others but expiry hold.
    """
    failures: list[Failure] = []
    profile = policy.profile
    if kind not in profile.types:
        failures.append(_wrong_type(claims, kind, policy))
    for name in policy.required_claims:
        if name not in claims:
            failures.append(_missing(name, claims, kind, policy, first=not failures))
    issuer = claims.get("iss", ABSENT)
    # Where no issuer is expected, null would equal that.
    if (issuer != policy.issuer and issuer is not ABSENT) or issuer is None:
        _check_issuer(issuer, policy, failures)
    audience = claims.get(profile.audience_claim, ABSENT)
    # Only a text is looked up: a list cannot be, and must be read with care.
    if audience is not ABSENT and (type(audience) is not str or audience not in policy.audiences):
        _check_audience(audience, policy, failures)
    for name in policy.text_claims:
        value = claims.get(name, ABSENT)
        if value is not ABSENT and not is_text(value):
            failures.append(_type(name, _TEXT, value))
    for name in profile.scope_claims:
        value = claims.get(name, ABSENT)
        if value is not ABSENT and type(value) is not str and read_scopes(value) is None:
            failures.append(_type(name, "a string of space separated scopes", value))
    _check_times(claims, policy, now, max_expired_for, failures)
    if not claims.keys().isdisjoint(policy.unusual_claims):
        _check_unusual(claims, policy, failures)
    # Expiry alone keeps no check from running: TokenExpiredError says that nothing else is wrong.
    if policy.checks and run_checks and all(failure.code == EXPIRED for failure in failures):
        _run_own_checks(claims, policy, failures)
    return failures


def _check_issuer(issuer: object, policy: Policy, failures: list[Failure]) -> None:
    if not is_text(issuer):
        failures.append(_type("iss", _TEXT, issuer))
    elif policy.issuer is not None:
        failures.append(_mismatch("iss", (policy.issuer,), issuer))


def _check_audience(audience: object, policy: Policy, failures: list[Failure]) -> None:
    members = [audience] if type(audience) is str else audience
    if type(members) is not list or not members or not all(type(member) is str for member in members):
        expected = "a string or a non-empty list of strings"
        failures.append(_type(policy.profile.audience_claim, expected, audience))
    elif policy.audiences and policy.audiences.isdisjoint(members):
        failures.append(_mismatch(policy.profile.audience_claim, sorted(policy.audiences), audience))


def _check_times(
    claims: Mapping[str, Any],
    policy: Policy,
    now: float,
    max_expired_for: float | None,
    failures: list[Failure],
) -> None:
    """Check ``exp``, ``iat`` and ``nbf`` (RFC 7519 §4.1.4 to §4.1.6).

    Claims are compared, never added to: an integer too large for a float raises in a sum.
    """
    expires = claims.get("exp", ABSENT)
    leeway = policy.leeway
    if expires is not ABSENT:
        if type(expires) is not int and not is_numeric_date(expires):
            failures.append(_type("exp", _SECONDS, expires))
            expires = ABSENT
        elif now - leeway >= expires:
            if max_expired_for is None:
                failures.append(_time(EXPIRED, "exp", "a time still to come", expires, now))
            elif now - max_expired_for > expires:
                failures.append(_time(EXPIRED, "exp", f"at most {max_expired_for:.0f} s ago", expires, now))
        elif expires > now + policy.max_lifetime:
            ahead = f"at most {policy.max_lifetime:.0f} s ahead"
            failures.append(_time("claim.exp.too_far", "exp", ahead, expires, now))
    elif max_expired_for is not None and "exp" not in policy.required_claims:
        # A token that never expires has no lifetime to waive.
        failures.append(Failure("claim.exp.missing", "exp", "the claim to be there"))
    issued = claims.get("iat", ABSENT)
    if issued is not ABSENT:
        if type(issued) is not int and not is_numeric_date(issued):
            failures.append(_type("iat", _SECONDS, issued))
        elif issued > now + leeway:
            failures.append(_time("claim.iat.early", "iat", "a time already past", issued, now))
        elif expires is not ABSENT and issued >= expires:
            failures.append(_time("claim.iat.order", "iat", "a time before exp", issued, now))
    if "nbf" in claims:
        starts = claims["nbf"]
        if not is_numeric_date(starts):
            failures.append(_type("nbf", _SECONDS, starts))
        elif starts > now + leeway:
            failures.append(_time("claim.nbf.early", "nbf", "a time already past", starts, now))


def _check_unusual(claims: Mapping[str, Any], policy: Policy, failures: list[Failure]) -> None:
    """Check the confirmation, and what the profile expects and forbids."""
    profile = policy.profile
    if "cnf" in claims and type(claims["cnf"]) is not dict:
        failures.append(_type("cnf", "an object (RFC 7800 §3.1)", claims["cnf"]))
    for name, values in profile.expected.items():
        if name in claims and not (type(claims[name]) is str and claims[name] in values):
            failures.append(_mismatch(name, values, claims[name], _fitting(claims, policy)))
    for name in profile.forbidden_claims:
        if name in claims:
            hint = _fitting(claims, policy)
            failures.append(Failure(f"claim.{name}.forbidden", name, "no such claim", "it", hint))


def _run_own_checks(claims: Mapping[str, Any], policy: Policy, failures: list[Failure]) -> None:
    """Run the caller's checks; whatever one does but return None refuses the token.

    Raises:
        ConfigurationError: A check returned neither None nor a `Failure`.
        UnavailableError: A check could not be made now.
    """
    read_only = MappingProxyType(dict(claims))
    for check in policy.checks:
        name = getattr(check, "__name__", type(check).__name__)
        try:
            answer: object = check(read_only)
        except ClaimsError as error:
            failures.extend(error.failures or [Failure(error.code, name, "the check to hold")])
        except UnavailableError:
            # What is down is ours: no reason to call the token bad.
            raise
        except Exception as error:
            # Fail closed: a check that subscripts a missing claim has found a token it cannot accept.
            found = f"it raised {type(error).__name__}"
            failures.append(Failure("check.failed", name, "the check to hold", found))
        else:
            if isinstance(answer, Failure):
                failures.append(answer)
            elif answer is not None:
                raise ConfigurationError(
                    f"the check {name} returned {type(answer).__name__}; return None or a Failure"
                )


def _missing(
    claim: str, claims: Mapping[str, Any], kind: str | None, policy: Policy, *, first: bool
) -> Failure:
    hint = None
    # What the profile itself requires may be missing because the token is of another kind; said once.
    if first and policy.profile.requires(claim):
        fitting = profile_that_fits(kind, claims)
        if fitting is not None and claims.keys() >= set(fitting.required_claims):
            hint = _fitting(claims, policy, kind)
    return Failure(f"claim.{claim}.missing", claim, "the claim to be there", hint=hint)


def _wrong_type(claims: Mapping[str, Any], kind: str | None, policy: Policy) -> Failure:
    accepted = " or ".join("none" if value is None else value for value in policy.profile.types)
    found = "none" if kind is None else shown(kind)
    return Failure("header.typ.mismatch", "typ", f"typ {accepted}", found, _fitting(claims, policy, kind))


def _fitting(claims: Mapping[str, Any], policy: Policy, kind: str | None = None) -> str | None:
    fitting = profile_that_fits(kind, claims)
    if fitting is None or fitting.name == policy.profile.name:
        return None
    if fitting.name == "ID_TOKEN":
        return "this looks like an ID token: send the access token, or validate with profile=ID_TOKEN"
    return f"profile={fitting.name} would fit this token"


def _type(claim: str, expected: str, found: object) -> Failure:
    return Failure(f"claim.{claim}.type", claim, expected, shown(found))


def _mismatch(
    claim: str, expected: tuple[str, ...] | list[str], found: object, hint: str | None = None
) -> Failure:
    wanted = " or ".join(ascii(value) for value in expected)
    candidates = found if isinstance(found, list) else [found]
    near = (hint_for_text(expected, candidate) for candidate in candidates)
    hint = hint or next((text for text in near if text), None)
    return Failure(f"claim.{claim}.mismatch", claim, wanted, shown(found), hint)


def _time(code: str, claim: str, expected: str, found: float, now: float) -> Failure:
    return Failure(code, claim, expected, shown_time(found), hint_for_time(claim, found, now))
