"""Policies: what a user writes becomes what the checks read, or an error that says what to write."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from datetime import timedelta
from typing import Any

import pytest
from tests.tokens.kit import AUDIENCE, ISSUER, policy_with

from jwtkit.errors import ConfigurationError
from jwtkit.tokens import ACCESS_TOKEN, EXTERNAL_ACCESS_TOKEN, GENERIC, SECURITY_EVENT
from jwtkit.tokens.policy import read_duration, read_names, read_several


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"issuer": None}, "say which one is expected"),
        ({"issuer": ""}, "issuer must be a non-empty string"),
        ({"issuer": 1}, "issuer must be a non-empty string"),
        ({"issuer": [ISSUER]}, "issuer must be a non-empty string"),
        ({"issuer": "a\n"}, "issuer must be a non-empty string"),
        ({"audience": None}, "say which one is expected"),
        ({"audience": ""}, "audience must be a non-empty string or several of them"),
        ({"audience": []}, "audience must be a non-empty string or several of them"),
        ({"audience": [AUDIENCE, ""]}, "audience must be a non-empty string or several of them"),
        ({"audience": [AUDIENCE, None]}, "audience must be a non-empty string or several of them"),
        ({"audience": b"orders-api"}, "audience must be a non-empty string or several of them"),
        ({"audience": 1}, "audience must be a non-empty string or several of them"),
        ({"profile": None}, "profile must be a jwtkit Profile"),
        ({"profile": "ACCESS_TOKEN"}, "profile must be a jwtkit Profile"),
        ({"required_claims": "tenant"}, "required_claims must be several"),
        ({"required_claims": 1}, "required_claims must be several"),
        ({"required_claims": None}, "required_claims must be several"),
        ({"required_claims": ["tenant", ""]}, "required_claims must be several claim names"),
        ({"required_claims": [b"tenant"]}, "required_claims must be several claim names"),
        ({"checks": len}, "checks must be several"),
        ({"checks": ["len"]}, "checks must be callables"),
        ({"checks": "len"}, "checks must be several"),
        ({"leeway": 30}, "leeway must be a datetime.timedelta"),
        ({"leeway": None}, "leeway must be a datetime.timedelta"),
        ({"leeway": timedelta(seconds=-1)}, "leeway must not be negative"),
        ({"max_lifetime": 600}, "max_lifetime must be a datetime.timedelta"),
        ({"max_lifetime": timedelta(0)}, "max_lifetime must be positive"),
        ({"max_lifetime": timedelta(microseconds=-1)}, "max_lifetime must be positive"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_policy_that_makes_no_sense_says_what_to_write(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        policy_with(**wrong)
    assert caught.value.code == "configuration"


def test_an_expectation_is_a_requirement() -> None:
    loose = policy_with(profile=GENERIC, issuer=None, audience=None)
    assert loose.required_claims == ("exp",)
    assert loose.audiences == frozenset()
    strict = policy_with(profile=GENERIC, required_claims=["exp", "email"])
    assert strict.required_claims == ("exp", "iss", "aud", "email")


def test_issuer_and_audience_may_be_left_out_only_where_the_profile_has_none() -> None:
    assert policy_with(profile=SECURITY_EVENT, audience=None).audiences == frozenset()
    with pytest.raises(ConfigurationError, match="SECURITY_EVENT tokens name their issuer"):
        policy_with(profile=SECURITY_EVENT, issuer=None)
    with pytest.raises(ConfigurationError, match="ACCESS_TOKEN tokens name their audience"):
        policy_with(audience=None)
    elsewhere = replace(EXTERNAL_ACCESS_TOKEN, audience_claim="resource", required_claims=("iss", "resource"))
    with pytest.raises(ConfigurationError, match="name their audience"):
        policy_with(profile=elsewhere, audience=None)


def test_the_shorter_of_two_lifetimes_counts() -> None:
    short = replace(ACCESS_TOKEN, max_lifetime=timedelta(minutes=10))
    assert policy_with(profile=short, max_lifetime=timedelta(hours=1)).max_lifetime == 600
    assert policy_with(profile=short, max_lifetime=timedelta(minutes=1)).max_lifetime == 60
    assert policy_with(max_lifetime=timedelta(hours=1)).max_lifetime == 3600


def test_leeway_may_be_nothing_or_less_than_a_second() -> None:
    assert policy_with(leeway=timedelta(0)).leeway == 0
    assert policy_with(leeway=timedelta(milliseconds=1)).leeway == 0.001


def test_several_audiences_and_generators_are_taken() -> None:
    policy = policy_with(
        audience=(name for name in ("a", "b", "a")),
        required_claims=(name for name in ("x",)),
        checks=(check for check in (len,)),
    )
    assert policy.audiences == {"a", "b"}
    assert "x" in policy.required_claims
    assert list(map(id, policy.checks)) == [id(len)]


def test_a_policy_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        policy_with().issuer = "https://evil.example"  # type: ignore[misc]
    assert not hasattr(policy_with(), "__dict__")


def test_identifiers_are_checked_wherever_the_profile_reads_them() -> None:
    assert policy_with().text_claims == ("sub", "jti", "client_id", "sid")
    entra = replace(EXTERNAL_ACCESS_TOKEN, subject_claim="oid")
    assert policy_with(profile=entra).text_claims == (
        "oid", "sub", "jti", "client_id", "azp", "appid", "cid", "sid",
    )  # fmt: skip


def test_names_are_read_once_each_in_order() -> None:
    assert read_names("a", what="audience") == ("a",)
    assert read_names(["b", "a", "b"], what="audience") == ("b", "a")
    assert set(read_names({"a", "b"}, what="audience")) == {"a", "b"}


def test_several_values_are_a_tuple() -> None:
    assert read_several([1, 2], what="checks") == (1, 2)
    assert read_several((), what="checks") == ()


def test_durations_are_seconds() -> None:
    assert read_duration(timedelta(minutes=15), what="lifetime") == 900
    assert read_duration(timedelta(0), what="leeway", zero=True) == 0
    assert read_duration(timedelta.max, what="lifetime") > 10**13
    with pytest.raises(ConfigurationError, match="lifetime must be positive"):
        read_duration(timedelta(0), what="lifetime")
