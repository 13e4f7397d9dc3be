"""The checks on claims: every code, every boundary, and all failures at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.tokens.kit import (
    ABSENT,
    AUDIENCE,
    ISSUER,
    NOW,
    claims_with,
    codes,
    failures_of,
    policy_with,
    profile_with,
)

from jwtkit.errors import (
    ClaimsError,
    ConfigurationError,
    Failure,
    KeysUnavailableError,
    StoreUnavailableError,
    TokenRevokedError,
)
from jwtkit.testing.strategies import json_values
from jwtkit.tokens import EXTERNAL_ACCESS_TOKEN, GENERIC
from jwtkit.tokens.checks import EXPIRED, find_failures

HUGE = 10**400


def found_in(**changes: Any) -> list[str]:
    return codes(failures_of(claims_with(**changes)))


def test_good_claims_have_no_failure() -> None:
    assert failures_of(claims_with()) == []


# --- identifiers -------------------------------------------------------------------------------------

NO_TEXT: list[Any] = [None, "", 1, True, [], ["client-42"], {}, "a\n", "\0", "a" * 513]


@pytest.mark.parametrize("value", NO_TEXT, ids=lambda value: ascii(value)[:20])
@pytest.mark.parametrize("name", ["iss", "sub", "jti", "client_id", "sid"])
def test_an_identifier_is_a_short_text(name: str, value: Any) -> None:
    (failure,) = failures_of(claims_with(**{name: value}))
    assert failure.code == f"claim.{name}.type"
    assert failure.claim == name
    assert "non-empty string of at most 512 characters" in failure.expected


@pytest.mark.parametrize("value", NO_TEXT, ids=lambda value: ascii(value)[:20])
def test_an_issuer_is_a_text_even_where_none_is_expected(value: Any) -> None:
    claims = {"iss": value, "exp": NOW + 1}
    assert codes(failures_of(claims, "jwt", issuer=None, audience=None, profile=GENERIC)) == [
        "claim.iss.type"
    ]
    claims = {"iss": "anyone", "exp": NOW + 1}
    assert failures_of(claims, "jwt", issuer=None, audience=None, profile=GENERIC) == []


@pytest.mark.parametrize(
    "issuer", [f"{ISSUER}/", ISSUER.upper(), f" {ISSUER}", "https://evil.example", ISSUER[:-1]]
)
def test_the_issuer_is_compared_exactly(issuer: str) -> None:
    (failure,) = failures_of(claims_with(iss=issuer))
    assert failure.code == "claim.iss.mismatch"
    assert failure.expected == repr(ISSUER)
    assert failure.found == repr(issuer)


# --- audience ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("audience", [AUDIENCE, [AUDIENCE], ["other", AUDIENCE], [AUDIENCE] * 1000])
def test_one_expected_audience_is_enough(audience: Any) -> None:
    assert found_in(aud=audience) == []
    assert codes(failures_of(claims_with(aud=audience), audience=["another", AUDIENCE])) == []


@pytest.mark.parametrize(
    "audience", ["other", "", f"{AUDIENCE}/", ["other"], ["", "x"], [f"x{n}" for n in range(1000)]]
)
def test_the_audience_is_compared_exactly(audience: Any) -> None:
    (failure,) = failures_of(claims_with(aud=audience), audience=["b", AUDIENCE])
    assert failure.code == "claim.aud.mismatch"
    assert failure.expected == f"'b' or {AUDIENCE!r}"


@pytest.mark.parametrize(
    "audience", [None, [], [1], [AUDIENCE, 1], [AUDIENCE, None], [[AUDIENCE]], {}, {AUDIENCE: 1}, 1, True]
)
def test_an_audience_is_a_text_or_a_list_of_texts(audience: Any) -> None:
    (failure,) = failures_of(claims_with(aud=audience))
    assert failure.code == "claim.aud.type"
    assert failure.expected == "a string or a non-empty list of strings"
    # Also where nobody expects one.
    loose = failures_of({"aud": audience, "exp": NOW + 1}, None, issuer=None, audience=None, profile=GENERIC)
    assert codes(loose) == ["claim.aud.type"]


def test_any_audience_will_do_where_none_is_expected() -> None:
    for audience in ("a", ["a", "b"], ""):
        claims = {"aud": audience, "exp": NOW + 1}
        assert failures_of(claims, None, issuer=None, audience=None, profile=GENERIC) == []


# --- scopes and confirmation -------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, 1, True, {}, [1], ["a", None]])
def test_scopes_are_a_text_or_a_list_of_texts(value: Any) -> None:
    (failure,) = failures_of(claims_with(scope=value))
    assert failure.code == "claim.scope.type"
    external = failures_of(claims_with(scope="a", scp=value), "jwt", profile=EXTERNAL_ACCESS_TOKEN)
    assert codes(external) == ["claim.scp.type"]


@pytest.mark.parametrize("value", ["", "a b", [], ["a", "b"]])
def test_scopes_may_be_none_one_or_many(value: Any) -> None:
    assert found_in(scope=value) == []


@pytest.mark.parametrize("value", [None, "a", 1, [], [{}]])
def test_a_confirmation_is_an_object(value: Any) -> None:
    (failure,) = failures_of(claims_with(cnf=value))
    assert failure.code == "claim.cnf.type"
    assert failure.expected == "an object (RFC 7800 §3.1)"
    assert found_in(cnf={}) == []


# --- presence ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "iat", "jti", "tenant"])
def test_a_required_claim_must_be_there(name: str) -> None:
    claims = claims_with(tenant="t")
    del claims[name]
    (failure,) = failures_of(claims, required_claims=["tenant"])
    assert failure == Failure(f"claim.{name}.missing", name, "the claim to be there")


def test_a_required_claim_may_be_anything_even_null() -> None:
    nothings: list[Any] = [None, False, 0, "", []]
    for value in nothings:
        assert failures_of(claims_with(tenant=value), required_claims=["tenant"]) == []


def test_what_other_profile_would_fit_is_said_once() -> None:
    failures = failures_of({"exp": NOW + 1}, None, profile=EXTERNAL_ACCESS_TOKEN)
    assert codes(failures) == ["claim.iss.missing", "claim.sub.missing", "claim.aud.missing"]
    assert [failure.hint for failure in failures] == ["profile=GENERIC would fit this token", None, None]


@pytest.mark.parametrize(
    ("claims", "kind"),
    [
        (claims_with(sub=ABSENT, scope="a"), "jwt"),  # a broken access token
        (claims_with(sub=ABSENT, nonce="n"), "jwt"),  # a broken ID token: it fits nothing
        ({"iss": ISSUER, "aud": AUDIENCE, "sub": "a"}, "jwt"),  # nothing to fit: GENERIC wants exp
    ],
)
def test_no_profile_is_named_that_would_not_fit_either(claims: dict[str, Any], kind: str) -> None:
    failures = failures_of(claims, kind, profile=EXTERNAL_ACCESS_TOKEN)
    missing = [failure for failure in failures if failure.code.endswith(".missing")]
    assert missing
    assert {failure.hint for failure in missing} == {None}


# --- times -------------------------------------------------------------------------------------------

LEEWAY = timedelta(seconds=30)
TICK = math.ulp(float(NOW))


@pytest.mark.parametrize(
    ("exp", "now", "expired"),
    [
        (NOW, NOW + 30, True),
        (NOW, NOW + 30 - TICK, False),
        (NOW, NOW + 30 + TICK, True),
        (float(NOW), NOW + 30, True),
        (NOW + 0.5, NOW + 30.5, True),
        (NOW + 0.5, NOW + 30.5 - TICK, False),
        (NOW, NOW - 100, False),
    ],
)
def test_a_token_expires_exactly_when_exp_and_leeway_are_over(exp: float, now: float, expired: bool) -> None:
    found = codes(failures_of(claims_with(exp=exp, iat=NOW - 900), now=now, leeway=LEEWAY))
    assert found == ([EXPIRED] if expired else [])


def test_without_leeway_a_token_expires_at_exp() -> None:
    assert codes(failures_of(claims_with(exp=NOW, iat=NOW - 1))) == [EXPIRED]
    assert codes(failures_of(claims_with(exp=NOW, iat=NOW - 1), now=NOW - TICK)) == []


@pytest.mark.parametrize(("name", "code"), [("iat", "claim.iat.early"), ("nbf", "claim.nbf.early")])
def test_a_token_is_early_only_beyond_the_leeway(name: str, code: str) -> None:
    for value, expected in ((NOW + 30, []), (NOW + 30 + TICK, [code]), (NOW + 31, [code]), (NOW, [])):
        assert codes(failures_of(claims_with(**{name: value}), leeway=LEEWAY)) == expected


def test_exp_lies_no_further_ahead_than_allowed() -> None:
    longest = timedelta(hours=1)
    assert failures_of(claims_with(exp=NOW + 3600), max_lifetime=longest) == []
    (failure,) = failures_of(claims_with(exp=NOW + 3600 + TICK), max_lifetime=longest)
    assert failure.code == "claim.exp.too_far"
    assert failure.expected == "at most 3600 s ahead"


@pytest.mark.parametrize(
    ("iat", "expected"), [(NOW + 10, []), (NOW + 20, ["claim.iat.order"]), (NOW + 25, ["claim.iat.order"])]
)
def test_a_token_is_issued_before_it_expires(iat: int, expected: list[str]) -> None:
    assert codes(failures_of(claims_with(exp=NOW + 20, iat=iat), leeway=LEEWAY)) == expected


@pytest.mark.parametrize("value", [None, True, False, "1750000000", [NOW], {}], ids=str)
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
def test_a_time_is_a_number(name: str, value: Any) -> None:
    (failure,) = failures_of(claims_with(**{name: value}))
    assert failure.code == f"claim.{name}.type"
    assert failure.expected == "seconds since 1970 as a finite number"


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "exp", "iat", "nbf", "jti", "scope", "cnf"])
def test_a_failure_shows_the_claim_and_what_was_found(name: str) -> None:
    (failure,) = failures_of(claims_with(**{name: True}))
    assert (failure.code, failure.claim, failure.found) == (f"claim.{name}.type", name, "True")


@pytest.mark.parametrize(
    ("changes", "waived", "name"),
    [
        ({"exp": NOW - 60, "iat": NOW - 90}, None, "exp"),
        ({"exp": NOW - 60, "iat": NOW - 90}, 10.0, "exp"),
        ({"exp": NOW + 10**10}, None, "exp"),
        ({"iat": NOW + 60}, None, "iat"),
        ({"iat": NOW + 1000}, None, "iat"),
        ({"nbf": NOW + 60}, None, "nbf"),
    ],
)
def test_a_time_that_fails_is_shown_with_its_claim(
    changes: dict[str, int], waived: float | None, name: str
) -> None:
    (failure,) = failures_of(claims_with(**changes), max_expired_for=waived)
    assert failure.claim == name
    assert failure.found is not None
    assert failure.found.startswith(f"{changes[name]} (")


def test_the_kinds_accepted_are_named() -> None:
    (failure,) = failures_of(claims_with(), "dpop+jwt")
    assert (failure.expected, failure.found) == ("typ at+jwt", "'dpop+jwt'")
    profile = profile_with(types=("own+jwt", None))
    (failure,) = failures_of(claims_with(), "dpop+jwt", profile=profile)
    assert failure.expected == "typ own+jwt or none"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"exp": HUGE}, ["claim.exp.too_far"]),
        ({"exp": 1e308}, ["claim.exp.too_far"]),
        ({"exp": -HUGE}, [EXPIRED, "claim.iat.order"]),
        ({"exp": -1e308}, [EXPIRED, "claim.iat.order"]),
        ({"exp": -HUGE, "iat": -2 * HUGE}, [EXPIRED]),
        ({"iat": HUGE}, ["claim.iat.early"]),
        ({"iat": -HUGE}, []),
        ({"iat": -1}, []),
        ({"iat": 1e308}, ["claim.iat.early"]),
        ({"nbf": HUGE}, ["claim.nbf.early"]),
        ({"nbf": -HUGE}, []),
        ({"nbf": 1e308}, ["claim.nbf.early"]),
        ({"exp": 0}, [EXPIRED, "claim.iat.order"]),
        ({"exp": NOW + 900.5, "iat": NOW - 0.5, "nbf": NOW - 0.25}, []),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_numbers_of_any_size_are_judged_and_never_raise(changes: dict[str, Any], expected: list[str]) -> None:
    assert found_in(**changes) == expected
    assert codes(failures_of(claims_with(**changes), max_expired_for=86400.0)) == expected


# --- waiving expiry ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "leeway", "expected"),
    [
        (-1, 0, []),
        (0, 0, []),
        (100, 0, []),
        (100 + TICK, 0, [EXPIRED]),
        (101, 0, [EXPIRED]),
        # Within the leeway a token has not expired, however little is waived.
        (101, 102, []),
        (102, 102, [EXPIRED]),
    ],
)
def test_expiry_is_waived_for_so_long_and_no_longer(age: float, leeway: int, expected: list[str]) -> None:
    claims = claims_with(exp=NOW - 10, iat=NOW - 900)
    now = NOW - 10 + age
    failures = failures_of(claims, now=now, leeway=timedelta(seconds=leeway), max_expired_for=100.0)
    assert codes(failures) == expected
    assert all(failure.expected == "at most 100 s ago" for failure in failures)


def test_a_token_without_exp_has_no_lifetime_to_waive() -> None:
    profile = profile_with(types=(None,), required_claims=("sub",))
    claims = claims_with(exp=ABSENT)
    assert failures_of(claims, None, profile=profile) == []
    (failure,) = failures_of(claims, None, profile=profile, max_expired_for=100.0)
    assert failure == Failure("claim.exp.missing", "exp", "the claim to be there")
    # Said once where it is required anyway.
    assert codes(failures_of(claims, max_expired_for=100.0)) == ["claim.exp.missing"]


@pytest.mark.parametrize("exp", [None, "1", True])
def test_a_malformed_exp_is_never_waived(exp: Any) -> None:
    assert codes(failures_of(claims_with(exp=exp), max_expired_for=1e9)) == ["claim.exp.type"]


# --- all of them -------------------------------------------------------------------------------------


def test_every_failure_is_collected_in_the_order_of_the_checks() -> None:
    claims = {
        "iss": "https://evil.example", "sub": "", "aud": [], "exp": NOW - 1, "iat": NOW + 900, "nbf": "soon",
        "scope": 1, "cnf": 1, "sid": None,
    }  # fmt: skip
    assert codes(failures_of(claims, "jwt", required_claims=["tenant"])) == [
        "header.typ.mismatch",
        "claim.jti.missing",
        "claim.tenant.missing",
        "claim.iss.mismatch",
        "claim.aud.type",
        "claim.sub.type",
        "claim.sid.type",
        "claim.scope.type",
        "claim.exp.expired",
        "claim.iat.early",
        "claim.nbf.type",
        "claim.cnf.type",
    ]


NAMES = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "scope",
    "client_id",
    "sid",
    "cnf",
    "typ",
    "token_use",
]
TIMES = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([HUGE, -HUGE])


@given(
    st.dictionaries(st.sampled_from(NAMES), json_values() | TIMES | st.integers(NOW - 100, NOW + 100)),
    st.none() | st.text(max_size=8) | st.sampled_from(["jwt", "at+jwt"]),
    st.sampled_from([None, 0.0, 86400.0]),
)
@example({"exp": -HUGE, "iat": HUGE, "nbf": HUGE}, None, 0.0)
def test_whatever_claims_say_they_are_judged(
    claims: dict[str, Any], kind: str | None, waiver: float | None
) -> None:
    for profile in (EXTERNAL_ACCESS_TOKEN, GENERIC):
        policy = policy_with(profile=profile)
        failures = find_failures(claims, kind, policy, NOW, max_expired_for=waiver)
        assert all(isinstance(failure, Failure) for failure in failures)
        for failure in failures:
            assert str(failure).isprintable()
            assert len(str(failure)) < 400


# --- checks of one's own -----------------------------------------------------------------------------


def gold_only(claims: Mapping[str, Any]) -> Failure | None:
    if claims["plan"] == "gold":
        return None
    return Failure("claim.plan.mismatch", "plan", "gold", "another one", "upgrade")


def test_a_check_that_returns_none_holds() -> None:
    assert failures_of(claims_with(plan="gold"), checks=[gold_only]) == []


def test_a_check_returns_its_failure() -> None:
    (failure,) = failures_of(claims_with(plan="tin"), checks=[gold_only])
    assert failure == Failure("claim.plan.mismatch", "plan", "gold", "another one", "upgrade")


def test_a_check_that_subscripts_a_missing_claim_refuses_the_token() -> None:
    (failure,) = failures_of(claims_with(), checks=[gold_only])
    assert failure == Failure("check.failed", "gold_only", "the check to hold", "it raised KeyError")


@pytest.mark.parametrize(
    "error", [RuntimeError("secret"), TokenRevokedError("secret"), ConfigurationError("secret")]
)
def test_a_check_that_raises_refuses_the_token_and_its_words_stay_inside(error: Exception) -> None:
    def strict(_: Mapping[str, Any]) -> None:
        raise error

    (failure,) = failures_of(claims_with(), checks=[strict])
    assert failure.code == "check.failed"
    assert failure.found == f"it raised {type(error).__name__}"
    assert "secret" not in str(failure)


def test_a_check_may_raise_its_failures() -> None:
    two = [Failure("a.b", "a", "x"), Failure("c.d", "c", "y")]

    def strict(_: Mapping[str, Any]) -> None:
        raise ClaimsError(failures=two)

    def bare(_: Mapping[str, Any]) -> None:
        raise ClaimsError("no", code="orders.refused")

    assert failures_of(claims_with(), checks=[strict]) == two
    assert failures_of(claims_with(), checks=[bare]) == [
        Failure("orders.refused", "bare", "the check to hold")
    ]


@pytest.mark.parametrize("error", [StoreUnavailableError("down"), KeysUnavailableError("down")])
def test_an_outage_inside_a_check_is_no_fault_of_the_token(error: Exception) -> None:
    def ask(_: Mapping[str, Any]) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        failures_of(claims_with(), checks=[ask])
    assert caught.value is error


@pytest.mark.parametrize("answer", [True, False, 0, "no", [], Failure])
def test_a_check_that_answers_anything_else_is_misconfigured(answer: Any) -> None:
    with pytest.raises(ConfigurationError, match="the check <lambda> returned") as caught:
        failures_of(claims_with(), checks=[lambda _: answer])
    assert "return None or a Failure" in str(caught.value)


def test_every_check_runs_and_each_failure_counts() -> None:
    def first(_: Mapping[str, Any]) -> Failure:
        return Failure("a.a", "a", "x")

    class Second:
        def __call__(self, _: Mapping[str, Any]) -> Failure | None:
            raise LookupError

    failures = failures_of(claims_with(), checks=[first, Second(), partial(gold_only)])
    assert [(failure.code, failure.claim) for failure in failures] == [
        ("a.a", "a"), ("check.failed", "Second"), ("check.failed", "partial"),
    ]  # fmt: skip


def test_a_check_sees_read_only_claims() -> None:
    claims = claims_with(plan="tin")

    def meddler(seen: Mapping[str, Any]) -> None:
        assert dict(seen) == claims
        seen["plan"] = "gold"  # type: ignore[index]

    (failure,) = failures_of(claims, checks=[meddler])
    assert failure.found == "it raised TypeError"
    assert claims["plan"] == "tin"


def test_checks_run_only_on_claims_that_hold_but_for_expiry() -> None:
    calls: list[str] = []

    def note(claims: Mapping[str, Any]) -> Failure | None:
        calls.append(claims["jti"])
        return gold_only(claims)

    assert codes(failures_of(claims_with(jti="a", aud="x", plan="tin"), checks=[note])) == [
        "claim.aud.mismatch"
    ]
    assert calls == []
    expired = claims_with(jti="b", exp=NOW - 1, iat=NOW - 2, plan="tin")
    assert codes(failures_of(expired, checks=[note])) == [EXPIRED, "claim.plan.mismatch"]
    assert calls == ["b"]
    assert codes(find_failures(expired, "at+jwt", policy_with(checks=[note]), NOW, run_checks=False)) == [
        EXPIRED
    ]
    assert calls == ["b"]
