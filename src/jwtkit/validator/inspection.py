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
    StoreUnavailableError,
    TokenError,
    TokenRevokedError,
    UnavailableError,
    UnknownIssuerError,
)
from jwtkit.jose import base64url, jws, strict_json
from jwtkit.tokens.checks import find_failures
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
    failures: list[Failure],
    error: TokenError | UnavailableError | None,
    now: float,
) -> ValidationReport:
    """Return the report of a validation.

    Args:
        steps: The validator.
        token: What it was given.
        signed: The token, if its signature held.
        failures: What does not hold of its claims.
        error: What the validation raised, or None.
        now: The time it was made at.
    """
    if signed is not None:
        anchor, _, claims = signed
        checks = [*_signed_steps(steps, signed), *_claims(claims, anchor.policy, failures)]
        return ValidationReport((*checks, *_last_steps(steps, signed, error)), error)
    return ValidationReport(tuple(_unsigned_steps(steps, token, error or TokenError(), now)), error)


def _signed_steps(steps: Steps[Any], signed: Signed) -> Iterator[CheckResult]:
    anchor, binding, claims = signed
    header, policy = binding.source.header, anchor.policy
    yield CheckResult("form", _PASSED, "a compact JWS")
    yield CheckResult("header", _PASSED, "a strict JSON object")
    if len(steps.trusted) > 1:
        yield CheckResult("issuer", _PASSED, "one of the trusted issuers", shown(claims["iss"]))
    yield CheckResult("alg", _PASSED, _algorithms(steps), header["alg"])
    yield CheckResult(
        "kid", _PASSED, "a key of the issuer", shown(header["kid"]) if "kid" in header else None
    )
    yield CheckResult("signature", _PASSED, "to hold over the bytes received")
    yield CheckResult("payload", _PASSED, "a strict JSON object")
    if binding.kind in policy.profile.types:
        yield CheckResult("typ", _PASSED, _expected_types(policy), binding.kind)


def _claims(claims: Mapping[str, Any], policy: Policy, failures: list[Failure]) -> Iterator[CheckResult]:
    about_claims = [failure for failure in failures if not failure.code.startswith("header.")]
    yield from (_failed(failure) for failure in failures if failure.code.startswith("header."))
    for name, expected in _expectations(policy):
        failed = [failure for failure in about_claims if failure.claim == name]
        if failed:
            yield from map(_failed, failed)
        elif name in claims:
            yield CheckResult(name, _PASSED, expected, _shown(name, claims[name]))
        else:
            yield CheckResult(name, _SKIPPED, f"{expected}, if there")
    named = {name for name, _ in _expectations(policy)}
    own = [failure for failure in about_claims if failure.claim not in named]
    yield from map(_failed, own)
    for check in policy.checks:
        name = getattr(check, "__name__", type(check).__name__)
        if name not in {failure.claim for failure in own}:
            yield CheckResult(name, _SKIPPED if failures else _PASSED, "your check to hold")


def _last_steps(steps: Steps[Any], signed: Signed, error: JWTKitError | None) -> Iterator[CheckResult]:
    if isinstance(error, ConfirmationError):
        yield CheckResult("confirmation", _FAILED, "a proven key", code=error.code, hint=error.hint)
    else:
        status = _PASSED if "cnf" in signed[2] and error is None else _SKIPPED
        yield CheckResult("confirmation", status, "a proven key, if the token is bound to one")
    if not steps.asks_revocation:
        yield CheckResult("revocation", _SKIPPED, "no revocation source was given")
    elif isinstance(error, TokenRevokedError | StoreUnavailableError):
        yield CheckResult("revocation", _FAILED, "the token to stand", str(error), error.code, error.hint)
    else:
        yield CheckResult("revocation", _PASSED if error is None else _SKIPPED, "the token to stand")


def _unsigned_steps(
    steps: Steps[Any], token: str | bytes, error: JWTKitError, now: float
) -> Iterator[CheckResult]:
    """Say how far a token came whose signature did not hold, and what it claims to be."""
    try:
        header_segment, payload_segment, _, _ = steps.read(token)
    except MalformedTokenError:
        yield _fell("form", "a compact JWS", error)
        return
    yield CheckResult("form", _PASSED, "a compact JWS")
    try:
        header = jws.parse_header(header_segment)
    except MalformedTokenError:
        yield _fell("header", "a strict JSON object", error)
        return
    yield CheckResult("header", _PASSED, "a strict JSON object")
    claims = _peek(payload_segment)
    if isinstance(error, UnknownIssuerError):
        yield _fell("issuer", "one of the trusted issuers", error)
        return
    place = _place(error)
    rows = (
        ("alg", _algorithms(steps), header["alg"]),
        ("kid", "a key of the issuer", header.get("kid")),
        ("signature", "to hold over the bytes received", None),
        ("payload", "a strict JSON object", None),
    )
    reached = True
    for name, expected, found in rows:
        text = None if found is None else shown(found)
        if name == place:
            yield _fell(name, expected, error, text)
            reached = False
        elif reached:
            yield CheckResult(name, _PASSED, expected, text, trusted=False)
        else:
            yield CheckResult(name, _SKIPPED, _NOT_REACHED, text, trusted=False)
    policy = steps.policy_for(claims)
    if policy is None:
        return
    kind = normalise_type(header.get("typ"))
    near = {failure.claim: failure for failure in find_failures(claims, kind, policy, now, run_checks=False)}
    yield _untrusted("typ", _expected_types(policy), header.get("typ"), near)
    for name, expected in _expectations(policy):
        if name in claims or name in near:
            yield _untrusted(name, expected, claims.get(name), near)


def _untrusted(name: str, expected: str, found: object, near: Mapping[str, Failure]) -> CheckResult:
    failure = near.get(name)
    text = None if found is None else _shown(name, found)
    hint = failure.hint if failure else None
    return CheckResult(name, _SKIPPED, expected, text, failure.code if failure else None, hint, trusted=False)


def _place(error: JWTKitError) -> str:
    """Return the step at which a well-formed token without a good signature was refused."""
    if isinstance(error, AlgorithmNotAllowedError):
        return "alg"
    if isinstance(error, InvalidSignatureError):
        return "signature"
    if isinstance(error, MalformedTokenError):
        # The form and the header were read again just now, so it is one of the other two segments.
        return "payload" if error.code in ("token.json", "token.duplicate_name") else "signature"
    return "kid"


def _peek(payload_segment: bytes) -> dict[str, Any]:
    try:
        return strict_json.parse_object(base64url.decode(payload_segment))
    except MalformedTokenError:
        return {}


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
