"""Turns what a validation found into a report of every check.

The verdict is the validation's own; this module judges nothing. It only says where on the way the
verdict fell, and reads what lies beyond for its hints, marked untrusted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jwtkit.errors import (
    AlgorithmNotAllowedError,
    ConfirmationError,
    Failure,
    InvalidSignatureError,
    JWTKitError,
    MalformedTokenError,
    TokenError,
    UnavailableError,
    UnknownIssuerError,
)
from jwtkit.jose import base64url, jws, strict_json
from jwtkit.tokens.checks import EXPIRED, find_failures
from jwtkit.tokens.claims import shown, shown_time
from jwtkit.tokens.policy import Policy
from jwtkit.tokens.profiles import normalise_type
from jwtkit.tokens.report import CheckResult, CheckStatus, ValidationReport
from jwtkit.validator.steps import Signed, Steps

__all__ = ["report"]

_PASSED, _FAILED, _SKIPPED = CheckStatus.PASSED, CheckStatus.FAILED, CheckStatus.SKIPPED
_NOT_REACHED = "an earlier check failed"


def report(
    steps: Steps[Any],
    token: str | bytes,
    *,
    signed: Signed | None,
    failures: list[Failure] | None,
    error: TokenError | UnavailableError | None,
    now: float,
    confirmation_ignored: bool,
) -> ValidationReport:
    """Return the report of a validation.

    Args:
        steps: The validator.
        token: What it was given.
        signed: The token, if its signature held.
        failures: What does not hold of its claims; None when a check of the caller's could not be made.
        error: What the validation raised, or None.
        now: The time it was made at.
        confirmation_ignored: Whether the caller took a bound token as a bearer token.
    """
    if signed is None:
        return ValidationReport(tuple(_unsigned_steps(steps, token, error or TokenError(), now)), error)
    anchor, binding, claims = signed
    # The failures begin with these; what the caller's own checks found comes after them.
    registered = find_failures(claims, binding.kind, anchor.policy, now, run_checks=False)
    rows = [*_signed_steps(steps, signed), *_claims(claims, anchor.policy, registered)]
    reached_end = not failures
    if failures is None:
        rows.append(_fell("checks", "your checks to be made", error or TokenError()))
        reached_end = False
    else:
        ran = all(failure.code == EXPIRED for failure in registered)
        rows += _own_checks(anchor.policy, failures[len(registered) :], ran=ran)
    rows += _last_steps(steps, claims, error, reached_end=reached_end, ignored=confirmation_ignored)
    return ValidationReport(tuple(rows), error)


def _signed_steps(steps: Steps[Any], signed: Signed) -> Iterator[CheckResult]:
    anchor, binding, claims = signed
    header, policy = binding.source.header, anchor.policy
    yield CheckResult("form", _PASSED, "a compact JWS")
    if len(steps.trusted) > 1:
        yield CheckResult("issuer", _PASSED, "one of the trusted issuers", shown(claims["iss"]))
    yield CheckResult("header", _PASSED, "a strict JSON object")
    yield CheckResult("alg", _PASSED, _algorithms(steps), header["alg"])
    yield CheckResult(
        "kid", _PASSED, "a key of the issuer", shown(header["kid"]) if "kid" in header else None
    )
    yield CheckResult("signature", _PASSED, "to hold over the bytes received")
    yield CheckResult("payload", _PASSED, "a strict JSON object")
    if binding.kind in policy.profile.types:
        yield CheckResult("typ", _PASSED, _expected_types(policy), binding.kind)


def _claims(claims: Mapping[str, Any], policy: Policy, failures: list[Failure]) -> Iterator[CheckResult]:
    yield from (_failed(failure) for failure in failures if _is_about_header(failure))
    left = [failure for failure in failures if not _is_about_header(failure)]
    for name, expected in _expectations(policy):
        failed = [failure for failure in left if failure.claim == name]
        left = [failure for failure in left if failure.claim != name]
        if failed:
            yield from map(_failed, failed)
        elif name in claims:
            yield CheckResult(name, _PASSED, expected, _shown(name, claims[name]))
        else:
            yield CheckResult(name, _SKIPPED, f"{expected}, if there")
    # Claims that should not be there at all.
    yield from map(_failed, left)


def _own_checks(policy: Policy, failures: list[Failure], *, ran: bool) -> Iterator[CheckResult]:
    yield from map(_failed, failures)
    names = [getattr(check, "__name__", type(check).__name__) for check in policy.checks]
    failed = {failure.claim for failure in failures}
    # A check may call its failure as it likes; then nobody can tell which of them held.
    known = ran and failed.issubset(names)
    for name in names:
        if name not in failed:
            yield CheckResult(name, _PASSED if known else _SKIPPED, "your check to hold")


def _last_steps(
    steps: Steps[Any],
    claims: Mapping[str, Any],
    error: JWTKitError | None,
    *,
    reached_end: bool,
    ignored: bool,
) -> Iterator[CheckResult]:
    """Say how the steps after the claims went; `reached_end` when all claims hold."""
    proof = "a proven key, if the token is bound to one"
    if isinstance(error, ConfirmationError):
        # It is told before expiry, so the claims need not all hold.
        reached_end = False
        yield CheckResult("confirmation", _FAILED, "a proven key", code=error.code, hint=error.hint)
    elif ignored and "cnf" in claims:
        yield CheckResult("confirmation", _SKIPPED, "a proven key, but unsafe_ignore_confirmation was given")
    else:
        yield CheckResult("confirmation", _PASSED if reached_end and "cnf" in claims else _SKIPPED, proof)
    if not steps.asks_revocation:
        yield CheckResult("revocation", _SKIPPED, "no revocation source was given")
    elif reached_end and error is not None:
        yield CheckResult("revocation", _FAILED, "the token to stand", str(error), error.code, error.hint)
    else:
        yield CheckResult("revocation", _PASSED if reached_end else _SKIPPED, "the token to stand")


def _unsigned_steps(
    steps: Steps[Any], token: str | bytes, error: JWTKitError, now: float
) -> Iterator[CheckResult]:
    """Say how far a token came whose signature did not hold, and what it claims to be."""
    try:
        header_segment, payload_segment, signature_segment, _ = steps.read(token)
    except MalformedTokenError:
        yield _fell("form", "a compact JWS", error)
        return
    yield CheckResult("form", _PASSED, "a compact JWS")
    claims = _peek(payload_segment)
    if len(steps.trusted) > 1:
        # The one thing read out of order: whose token it claims to be.
        if claims is None or isinstance(error, UnknownIssuerError):
            yield _fell("issuer", "one of the trusted issuers", error)
            return
        yield _untrusted("issuer", "one of the trusted issuers", claims["iss"], status=_PASSED)
    try:
        header = jws.parse_header(header_segment)
    except MalformedTokenError:
        yield _fell("header", "a strict JSON object", error)
        return
    yield CheckResult("header", _PASSED, "a strict JSON object")
    yield from _trust_steps(steps, header, signature_segment, error)
    yield from _near_misses(claims or {}, header.get("typ"), steps.policy_for(claims or {}), now)


def _trust_steps(
    steps: Steps[Any], header: Mapping[str, Any], signature_segment: bytes, error: JWTKitError
) -> Iterator[CheckResult]:
    place = _place(error, signature_segment)
    # Without keys nobody knows their algorithms.
    status = _SKIPPED if isinstance(error, UnavailableError) else _PASSED
    for name, expected, found in (
        ("alg", _algorithms(steps), header["alg"]),
        ("kid", "a key of the issuer", header.get("kid")),
        ("signature", "to hold over the bytes received", None),
        ("payload", "a strict JSON object", None),
    ):
        if name == place:
            yield _fell(name, expected, error, None if found is None else shown(found))
            status = _SKIPPED
        else:
            yield _untrusted(name, _NOT_REACHED if status is _SKIPPED else expected, found, status=status)


def _near_misses(
    claims: Mapping[str, Any], kind: str | None, policy: Policy, now: float
) -> Iterator[CheckResult]:
    """Say what would not hold of claims that anyone may have written."""
    failures = find_failures(claims, normalise_type(kind), policy, now, run_checks=False)
    of_header = next(filter(_is_about_header, failures), None)
    yield _untrusted("typ", _expected_types(policy), kind, of_header)
    near = {failure.claim: failure for failure in failures if failure is not of_header}
    for name, expected in _expectations(policy):
        failure = near.pop(name, None)
        if name in claims or failure:
            yield _untrusted(name, expected, claims.get(name), failure)
    for name, failure in near.items():
        yield _untrusted(name, failure.expected, claims.get(name), failure)


def _untrusted(
    name: str, expected: str, found: object, failure: Failure | None = None, *, status: CheckStatus = _SKIPPED
) -> CheckResult:
    text = None if found is None else _shown(name, found)
    code, hint = (failure.code, failure.hint) if failure else (None, None)
    return CheckResult(name, status, expected, text, code, hint, trusted=False)


def _is_about_header(failure: Failure) -> bool:
    # A claim may have the name of a header parameter, as Keycloak's typ does.
    return failure.code.startswith("header.")


def _place(error: JWTKitError, signature_segment: bytes) -> str:
    """Return the step at which a well-formed token without a good signature was refused."""
    if isinstance(error, AlgorithmNotAllowedError):
        return "alg"
    if isinstance(error, InvalidSignatureError):
        return "signature"
    if isinstance(error, MalformedTokenError):
        # The form and the header were read again just now, so it is one of the other two segments.
        try:
            base64url.decode(signature_segment)
        except MalformedTokenError:
            return "signature"
        return "payload"
    return "kid"


def _peek(payload_segment: bytes) -> dict[str, Any] | None:
    try:
        return strict_json.parse_object(base64url.decode(payload_segment))
    except MalformedTokenError:
        return None


def _expectations(policy: Policy) -> list[tuple[str, str]]:
    """Return each claim the policy looks at, and what it wants of it."""
    profile = policy.profile
    audiences = " or ".join(map(shown, sorted(policy.audiences)))
    wanted = {
        "iss": shown(policy.issuer) if policy.issuer else "a text",
        profile.subject_claim: "a text",
        profile.audience_claim: audiences or "a string or a list of strings",
        "exp": "a time still to come",
        "iat": "a time already past",
        "nbf": "a time already past",
        "jti": "a text",
    }
    wanted.update((name, "scopes") for name in profile.scope_claims)
    wanted.update((name, "a text") for name in (*profile.client_claims, "sid"))
    wanted["cnf"] = "an object"
    wanted.update((name, " or ".join(map(shown, values))) for name, values in profile.expected.items())
    for name in policy.required_claims:
        wanted.setdefault(name, "the claim to be there")
    return list(wanted.items())


def _expected_types(policy: Policy) -> str:
    return " or ".join("none" if kind is None else kind for kind in policy.profile.types)


def _algorithms(steps: Steps[Any]) -> str:
    named = {name for entry in steps.trusted for name in entry.algorithms or ()}
    return " or ".join(sorted(named)) or "what the keys are for"


def _shown(name: str, value: object) -> str:
    return shown_time(value) if name in ("exp", "iat", "nbf") else shown(value)


def _failed(failure: Failure) -> CheckResult:
    return CheckResult(failure.claim, _FAILED, failure.expected, failure.found, failure.code, failure.hint)


def _fell(name: str, expected: str, error: JWTKitError, found: str | None = None) -> CheckResult:
    return CheckResult(
        name, _FAILED, expected, found, error.code, error.hint or str(error), trusted=found is None
    )
