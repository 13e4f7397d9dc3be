"""validate_except_lifetime accepts exactly when every check but expiry passes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st
from tests.tokens.kit import (
    ABSENT,
    AUDIENCE,
    KEY,
    NOW,
    STRANGERS_KEY,
    THUMBPRINT,
    claims_with,
    compact,
    validator_with,
)

from jwtkit.errors import Failure, TokenError, TokenExpiredError
from jwtkit.jose import SigningKey
from jwtkit.testing import ManualClock

LEEWAY = 30
HEADER = {"alg": "HS256", "typ": "at+jwt", "kid": "main"}
DEFECTIVE_CLAIMS: dict[str, list[Any]] = {
    "iss": ["https://evil.example", None, "", 1, ABSENT, ["https://orders.example"]],
    "sub": ["", None, 1, ABSENT, "a\n"],
    "aud": ["other", [], [1], None, ABSENT],
    "jti": ["", 1, ABSENT],
    "iat": [NOW + 10_000, 10**400, "1", True, ABSENT, 1e308],
    "nbf": [NOW + 10_000, 10**400, "1", None, False],
    "scope": [1, [1], None],
    "client_id": [1, "", None],
    "sid": ["", []],
    "cnf": [None, 1, {}, {"jkt": "another"}, {"jkt": THUMBPRINT, "x5t#S256": THUMBPRINT}],
    "tenant": [ABSENT],
    "plan": ["tin", ABSENT],
}
GOOD = {"tenant": "t", "plan": "gold", "scope": "a", "sid": "s"}
HEADER_DEFECTS: list[dict[str, Any]] = [
    {"typ": "JWT"},
    {"typ": "x"},
    {"alg": "none"},
    {"alg": "ES256"},
    {"kid": "x"},
    {"kid": 1},
    {"crit": []},
]
SIGNING_DEFECTS = [STRANGERS_KEY, SigningKey.generate("HS256")]


def raised_by(call: Any, *arguments: Any, **options: Any) -> TokenError | None:
    try:
        call(*arguments, **options)
    except TokenError as error:
        return error
    return None


def gold_only(claims: Any) -> Failure | None:
    return None if claims["plan"] == "gold" else Failure("plan.tin", "plan", "gold")


@st.composite
def defects(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any], SigningKey]:
    """Claims, header and key of a token with any combination of defects, most often none."""
    names = draw(st.just([]) | st.lists(st.sampled_from(sorted(DEFECTIVE_CLAIMS)), unique=True, max_size=2))
    claims = {name: draw(st.sampled_from(DEFECTIVE_CLAIMS[name])) for name in names}
    header = draw(st.sampled_from([{}] * 20 + HEADER_DEFECTS))
    key = draw(st.sampled_from([KEY] * 10 + SIGNING_DEFECTS))
    return claims, header, key


LIFETIMES = st.integers(-200_000, 100_000) | st.sampled_from([0, -LEEWAY, 1 - LEEWAY, -86_400, -86_401])
ODD_EXP = st.sampled_from([ABSENT, None, True, "1", 10**400, -(10**400), 1e308, -1e308])


@given(
    defects(),
    LIFETIMES | LIFETIMES | ODD_EXP,
    st.sampled_from([0, 60, 86_400, 10**7]),
    st.sampled_from([{}, {"confirmation": THUMBPRINT}, {"unsafe_ignore_confirmation": True}]),
    st.sampled_from([0.0, 0.5, 0.999]),
)
def test_it_accepts_iff_everything_but_expiry_passes(
    defective: tuple[dict[str, Any], dict[str, Any], SigningKey],
    remaining: Any,
    waived: int,
    options: dict[str, Any],
    fraction: float,
) -> None:
    changes, header_changes, key = defective
    is_number = type(remaining) is int and abs(remaining) < 10**9
    exp = NOW + remaining if is_number else remaining
    claims = claims_with(**{**GOOD, "iat": NOW - 300_000, "exp": exp} | changes)
    token = compact({**HEADER, **header_changes}, claims, key=key)
    clock = ManualClock(NOW + fraction)
    validator = validator_with(clock=clock, required_claims=["tenant"], checks=[gold_only])

    refusal = raised_by(validator.validate, token, **options)
    mere_expiry = type(refusal) is TokenExpiredError
    age = clock() - exp if mere_expiry else 0
    expected = refusal is None or (mere_expiry and age <= waived)
    stale_refusal = raised_by(
        validator.validate_except_lifetime, token, max_expired_for=timedelta(seconds=waived), **options
    )
    accepted = stale_refusal is None
    event(f"validate: {'accepts' if refusal is None else type(refusal).__name__}; stale: {accepted}")
    assert accepted is expected
    if stale_refusal is not None:
        # Every other defect is told as validate tells it.
        assert type(stale_refusal) is type(refusal)

    # And, told without validate: no token with any defect but expiry is ever accepted.
    sound = not header_changes and key is KEY and _claims_hold(changes, options)
    if accepted:
        assert sound


def _claims_hold(changes: dict[str, Any], options: dict[str, Any]) -> bool:
    if options.get("confirmation") and "cnf" not in changes:
        return False
    if options.get("unsafe_ignore_confirmation"):
        changes = {name: value for name, value in changes.items() if name != "cnf" or type(value) is not dict}
    return not changes


@given(LIFETIMES, st.sampled_from([0, 60, 86_400]))
def test_a_sound_token_is_accepted_for_exactly_so_long(remaining: int, waived: int) -> None:
    token = compact(HEADER, claims_with(iat=NOW - 300_000, exp=NOW + remaining))
    validator = validator_with(audience=AUDIENCE)
    within = -remaining < LEEWAY or -remaining <= waived
    try:
        stale = validator.validate_except_lifetime(token, max_expired_for=timedelta(seconds=waived))
    except TokenExpiredError:
        assert not within
    else:
        assert within
        assert stale.expired is (-remaining >= LEEWAY)
