"""Claims at the validator: boundaries of time, clocks, proofs of possession, how failures become errors."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from tests.refresh.kit import Recorder
from tests.tokens.kit import ABSENT, KEY, NOW, THUMBPRINT, claims_with, codes, sign, token_with
from tests.validator.faces import Sync

from jwtkit.errors import (
    ClaimsError,
    ConfigurationError,
    ConfirmationError,
    Failure,
    StoreUnavailableError,
    TokenError,
    TokenExpiredError,
)
from jwtkit.testing import ManualClock
from jwtkit.validator import TokenCache

# A tick of the clock: the smallest step that a float near now can make.
TICK = math.ulp(float(NOW))


class Clock:
    """Seconds as they are, to the last bit."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds


def refusal(validator: Any, token: str, **options: Any) -> TokenError:
    with pytest.raises(TokenError) as caught:
        validator.validate(token, **options)
    report = validator.inspect(token, **options)
    assert (type(report.error), report.error.code) == (type(caught.value), caught.value.code)
    return caught.value


# --- time --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("leeway", [0, 30, 300])
def test_a_token_expires_exactly_when_exp_and_leeway_are_over(face: Sync, leeway: int) -> None:
    clock = Clock(NOW)
    validator = face.make(clock=clock, leeway=timedelta(seconds=leeway))
    token = token_with(exp=NOW + 900)
    clock.seconds = NOW + 900 + leeway - TICK
    assert validator.validate(token)
    assert validator.validate_except_lifetime(token).expired is False
    clock.seconds = NOW + 900 + leeway
    error = refusal(validator, token)
    assert type(error) is TokenExpiredError
    assert error.code == "claim.exp.expired"
    assert codes(error.failures) == ["claim.exp.expired"]
    assert validator.validate_except_lifetime(token).expired is True


@pytest.mark.parametrize(("name", "code"), [("iat", "claim.iat.early"), ("nbf", "claim.nbf.early")])
def test_a_token_of_the_future_is_accepted_within_the_leeway(face: Sync, name: str, code: str) -> None:
    clock = Clock(NOW)
    validator = face.make(clock=clock)
    token = token_with(**{name: NOW + 30})
    assert validator.validate(token)
    clock.seconds = NOW - TICK
    error = refusal(validator, token)
    assert type(error) is ClaimsError
    assert error.code == code


def test_thirty_seconds_of_leeway_are_given_unless_others_are_asked_for(face: Sync) -> None:
    assert face.make().validate(token_with(exp=NOW - 29, iat=NOW - 900))
    assert (
        type(refusal(face.make(leeway=timedelta(0)), token_with(exp=NOW, iat=NOW - 900))) is TokenExpiredError
    )


def test_exp_lies_at_most_ten_years_ahead_or_as_far_as_asked_for(face: Sync) -> None:
    ten_years = 3653 * 86400
    assert face.make().validate(token_with(exp=NOW + ten_years))
    assert refusal(face.make(), token_with(exp=NOW + ten_years + 1)).code == "claim.exp.too_far"
    short = face.make(max_lifetime=timedelta(hours=1))
    assert short.validate(token_with(exp=NOW + 3600))
    error = refusal(short, token_with(exp=NOW + 3601))
    assert type(error) is ClaimsError
    assert error.code == "claim.exp.too_far"
    with pytest.raises(ClaimsError):
        short.validate_except_lifetime(token_with(exp=NOW + 3601))


def test_without_a_clock_time_time_is_looked_up_at_each_call(face: Sync) -> None:
    validator = face.wrap(face.validator("https://orders.example", audience="orders-api", keys=KEY))
    token = token_with()
    with time_machine.travel(NOW, tick=False):
        assert validator.validate(token)
        assert validator.inspect(token).ok
    with time_machine.travel(NOW + 3600, tick=False):
        assert type(refusal(validator, token)) is TokenExpiredError
        assert validator.validate_except_lifetime(token).expired


def test_a_patched_time_time_is_followed_too(face: Sync, monkeypatch: pytest.MonkeyPatch) -> None:
    validator = face.wrap(face.validator("https://orders.example", audience="orders-api", keys=KEY))
    for seconds, expired in ((NOW, False), (NOW + 1000, True)):
        monkeypatch.setattr("time.time", lambda at=seconds: float(at))
        assert validator.validate_except_lifetime(token_with()).expired is expired


def test_a_clock_is_asked_once_for_each_validation(face: Sync) -> None:
    asked: list[None] = []

    def clock() -> float:
        asked.append(None)
        return NOW

    validator = face.make(clock=clock)
    validator.validate(token_with())
    validator.validate_except_lifetime(token_with())
    validator.inspect(token_with())
    assert len(asked) == 3


# --- several failures --------------------------------------------------------------------------------


def test_expiry_with_any_other_failure_is_no_mere_expiry(face: Sync) -> None:
    error = refusal(face.make(), token_with(exp=NOW - 60, aud="x"))
    assert type(error) is ClaimsError
    assert codes(error.failures) == ["claim.aud.mismatch", "claim.exp.expired", "claim.iat.order"]
    assert error.code == "claim.aud.mismatch"


def test_required_claims_are_added_to_the_profiles(face: Sync) -> None:
    validator = face.make(required_claims=["tenant", "exp"])
    assert validator.validate(token_with(tenant=None))
    assert refusal(validator, token_with()).code == "claim.tenant.missing"
    assert refusal(validator, token_with(tenant=1, jti=ABSENT)).code == "claim.jti.missing"


def test_a_check_of_ones_own_makes_an_expired_token_more_than_expired(face: Sync) -> None:
    validator = face.make(
        checks=[lambda claims: Failure("plan.tin", "plan", "gold") if claims["plan"] == "tin" else None]
    )
    expired = {"exp": NOW - 60, "iat": NOW - 90}
    assert type(refusal(validator, token_with(plan="gold", **expired))) is TokenExpiredError
    error = refusal(validator, token_with(plan="tin", **expired))
    assert type(error) is ClaimsError
    assert codes(error.failures) == ["claim.exp.expired", "plan.tin"]


def test_a_check_that_cannot_be_made_is_our_outage(face: Sync) -> None:
    def ask(_: Any) -> None:
        raise StoreUnavailableError("the tenants cannot be read")

    validator = face.make(checks=[ask])
    for way in ("validate", "validate_except_lifetime"):
        with pytest.raises(StoreUnavailableError):
            getattr(validator, way)(token_with())
    report = validator.inspect(token_with())
    assert type(report.error) is StoreUnavailableError
    assert report["checks"].status.value == "failed"


def test_a_check_that_answers_rubbish_is_told_to_its_author(face: Sync) -> None:
    validator = face.make(checks=[lambda _: True])
    for way in ("validate", "validate_except_lifetime", "inspect"):
        with pytest.raises(ConfigurationError):
            getattr(validator, way)(token_with())


# --- confirmation ------------------------------------------------------------------------------------

BOUND = token_with(cnf={"jkt": THUMBPRINT})
CERTIFIED = token_with(cnf={"x5t#S256": THUMBPRINT})
OTHER = "another-thumbprint"


@pytest.mark.parametrize(
    ("token", "options", "code"),
    [
        (token_with(), {}, None),
        (token_with(), {"unsafe_ignore_confirmation": True}, None),
        (token_with(), {"confirmation": THUMBPRINT}, "token.confirmation_missing"),
        (BOUND, {}, "token.confirmation_required"),
        (BOUND, {"confirmation": None}, "token.confirmation_required"),
        (BOUND, {"confirmation": THUMBPRINT}, None),
        (BOUND, {"confirmation": OTHER}, "token.confirmation_mismatch"),
        (BOUND, {"confirmation": ""}, "token.confirmation_mismatch"),
        (BOUND, {"confirmation": THUMBPRINT.encode()}, "token.confirmation_mismatch"),
        (BOUND, {"confirmation": [THUMBPRINT]}, "token.confirmation_mismatch"),
        (BOUND, {"confirmation": THUMBPRINT.lower()}, "token.confirmation_mismatch"),
        (BOUND, {"confirmation": False}, "token.confirmation_mismatch"),
        (BOUND, {"unsafe_ignore_confirmation": True}, None),
        (CERTIFIED, {}, "token.confirmation_required"),
        (CERTIFIED, {"confirmation": THUMBPRINT}, None),
        (CERTIFIED, {"confirmation": OTHER}, "token.confirmation_mismatch"),
        (token_with(cnf={}), {}, "token.confirmation_required"),
        (token_with(cnf={}), {"confirmation": THUMBPRINT}, "token.confirmation_missing"),
        (token_with(cnf={}), {"unsafe_ignore_confirmation": True}, None),
        (token_with(cnf={"jwk": {"kty": "EC"}}), {"confirmation": THUMBPRINT}, "token.confirmation_missing"),
        (
            token_with(cnf={"jkt": THUMBPRINT, "x5t#S256": THUMBPRINT}),
            {"confirmation": THUMBPRINT},
            "token.confirmation_missing",
        ),
        (token_with(cnf={"jkt": [THUMBPRINT]}), {"confirmation": THUMBPRINT}, "token.confirmation_missing"),
        (token_with(cnf={"jkt": ""}), {"confirmation": ""}, "token.confirmation_missing"),
    ],
)
def test_a_bound_token_needs_its_proof(
    face: Sync, token: str, options: dict[str, Any], code: str | None
) -> None:
    validator = face.make()
    if code is None:
        assert validator.validate(token, **options).subject == "client-42"
        assert validator.validate_except_lifetime(token, **options).subject == "client-42"
        assert validator.inspect(token, **options).ok
        return
    error = refusal(validator, token, **options)
    assert type(error) is ConfirmationError
    assert error.code == code
    assert THUMBPRINT not in str(error)
    with pytest.raises(ConfirmationError) as caught:
        validator.validate_except_lifetime(token, **options)
    assert caught.value.code == code


@pytest.mark.parametrize("cnf", [None, "x", THUMBPRINT, 1, [], True])
def test_a_malformed_confirmation_is_refused_even_when_none_is_asked_for(face: Sync, cnf: Any) -> None:
    for options in ({}, {"confirmation": THUMBPRINT}, {"unsafe_ignore_confirmation": True}):
        assert refusal(face.make(), token_with(cnf=cnf), **options).code == "claim.cnf.type"


def test_failing_claims_are_told_before_a_missing_proof_and_expiry_after_it(face: Sync) -> None:
    validator = face.make()
    assert refusal(validator, token_with(cnf={"jkt": THUMBPRINT}, aud="x")).code == "claim.aud.mismatch"
    expired = token_with(cnf={"jkt": THUMBPRINT}, exp=NOW - 60, iat=NOW - 90)
    assert refusal(validator, expired).code == "token.confirmation_required"
    assert type(refusal(validator, expired, confirmation=THUMBPRINT)) is TokenExpiredError


@pytest.mark.parametrize("method", ["validate", "validate_except_lifetime", "inspect"])
@pytest.mark.parametrize("proof", [THUMBPRINT, OTHER, ""])
@pytest.mark.parametrize("token", [BOUND, token_with(), "no token"], ids=["bound", "unbound", "junk"])
def test_a_proof_and_the_word_to_ignore_it_are_not_taken_together(
    face: Sync, method: str, proof: str, token: str
) -> None:
    """Whatever the token is, also one that the cache knows: the caller is wrong, and no observer is told."""
    observer = Recorder()
    validator = face.make(observer=observer, cache=TokenCache())
    validator.validate(token_with())
    with pytest.raises(ConfigurationError) as caught:
        getattr(validator, method)(token, confirmation=proof, unsafe_ignore_confirmation=True)
    assert type(caught.value) is ConfigurationError
    assert caught.value.code == "validator.confirmation"
    assert THUMBPRINT not in str(caught.value)
    assert observer.events == []


def test_the_refusal_names_the_way_out(face: Sync) -> None:
    error = refusal(face.make(), BOUND)
    assert error.hint == "unsafe_ignore_confirmation=True takes it as a bearer token"


# --- staleness ---------------------------------------------------------------------------------------


def test_a_day_is_waived_unless_another_time_is_asked_for(face: Sync) -> None:
    clock = Clock(NOW + 900 + 86400)
    validator = face.make(clock=clock)
    assert validator.validate_except_lifetime(token_with()).expired
    clock.seconds += TICK
    with pytest.raises(TokenExpiredError) as caught:
        validator.validate_except_lifetime(token_with())
    assert caught.value.failures[0].expected == "at most 86400 s ago"
    assert validator.validate_except_lifetime(token_with(), max_expired_for=timedelta(days=2)).expired


def test_nothing_need_be_waived(face: Sync) -> None:
    nothing = {"max_expired_for": timedelta(0)}
    clock = ManualClock(NOW + 900)
    validator = face.make(clock=clock)
    # Within the leeway it has not expired.
    assert validator.validate_except_lifetime(token_with(), **nothing).expired is False
    clock.advance(30)
    with pytest.raises(TokenExpiredError):
        validator.validate_except_lifetime(token_with(), **nothing)


@pytest.mark.parametrize("wrong", [60, None, timedelta(seconds=-1)])
def test_what_is_waived_is_a_duration(face: Sync, wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="max_expired_for must"):
        face.make().validate_except_lifetime(token_with(), max_expired_for=wrong)


def test_a_stale_token_reads_as_a_verified_one(face: Sync) -> None:
    token = face.make().validate_except_lifetime(sign(claims_with(exp=NOW - 60, iat=NOW - 90)))
    assert (token.subject, token.id, token.expired) == ("client-42", "t1", True)
