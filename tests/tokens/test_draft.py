"""Drafts: the claims of a token to be signed, and what a caller may not put among them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from tests.tokens.kit import ISSUER, THUMBPRINT, profile_with

from jwtkit.errors import ConfigurationError
from jwtkit.testing.strategies import json_claims, scopes, subjects
from jwtkit.tokens import ACCESS_TOKEN, EXTERNAL_ACCESS_TOKEN, ID_TOKEN, Profile
from jwtkit.tokens.claims import ISSUER_SET_CLAIMS, read_scopes
from jwtkit.tokens.draft import confirmation_claim, draft_claims, join_scopes


def draft(profile: Profile = ACCESS_TOKEN, **options: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = {
        "issuer": None, "subject": None, "audience": (), "scopes": (), "client_id": None, "session_id": None,
        "confirmation": None, "extra": None,
    }  # fmt: skip
    return draft_claims(profile, **{**nothing, **options})


def test_claims_are_written_in_a_stable_order() -> None:
    claims = draft(
        issuer=ISSUER,
        subject="client-42",
        audience=("a",),
        scopes=["read", "write", "read"],
        client_id="spa",
        session_id="s1",
        confirmation=THUMBPRINT,
        extra={"plan": "gold", "admin": None},
    )
    assert list(claims.items()) == [
        ("iss", ISSUER), ("sub", "client-42"), ("aud", "a"), ("scope", "read write"), ("client_id", "spa"),
        ("sid", "s1"), ("cnf", {"jkt": THUMBPRINT}), ("plan", "gold"), ("admin", None),
    ]  # fmt: skip


def test_what_is_not_given_is_not_written() -> None:
    assert draft() == {}
    assert draft(scopes=[], extra={}) == {}


def test_several_audiences_are_a_list() -> None:
    assert draft(audience=("a", "b")) == {"aud": ["a", "b"]}


def test_a_profile_says_where_things_are_written() -> None:
    profile = profile_with(
        subject_claim="uid", audience_claim="to", scope_claims=("scp", "roles"), client_claims=("azp", "cid")
    )
    written = draft(profile, subject="u", audience=("a",), scopes=["r"], client_id="c")
    assert written == {"uid": "u", "to": "a", "scp": "r", "azp": "c"}
    # The other places are no argument's, and left to the caller.
    assert draft(profile, extra={"roles": "x", "cid": "y"}) == {"roles": "x", "cid": "y"}


@pytest.mark.parametrize("option", ["scopes", "client_id"])
def test_a_profile_may_have_no_place(option: str) -> None:
    profile = profile_with(scope_claims=(), client_claims=())
    with pytest.raises(ConfigurationError, match="has no place for"):
        draft(profile, **{option: ["read"] if option == "scopes" else "spa"})
    with pytest.raises(ConfigurationError, match="a ID_TOKEN token has no place for scopes"):
        draft(ID_TOKEN, scopes=["openid"])


@pytest.mark.parametrize(
    "value", ["", 1, b"a", "a\n", "a" * 513, "\ud800", ["a"]], ids=lambda v: ascii(v)[:16]
)
@pytest.mark.parametrize("option", ["subject", "client_id", "session_id"])
def test_identifiers_are_short_texts(option: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"{option} must be a non-empty string of at most 512"):
        draft(**{option: value})


# --- further claims ----------------------------------------------------------------------------------


def test_the_registered_claims_are_the_issuers_own() -> None:
    assert {
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "scope",
        "client_id",
        "sid",
        "cnf",
    } == ISSUER_SET_CLAIMS


@pytest.mark.parametrize("name", sorted(ISSUER_SET_CLAIMS))
def test_a_caller_sets_no_claim_of_the_issuer(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name) as caught:
        draft(extra={"plan": "gold", name: None})
    assert caught.value.code == "issue.registered_claim"


@pytest.mark.parametrize("name", ["uid", "to", "scp", "azp"])
def test_nor_one_that_the_profile_writes(name: str) -> None:
    profile = profile_with(
        subject_claim="uid", audience_claim="to", scope_claims=("scp",), client_claims=("azp",)
    )
    with pytest.raises(ConfigurationError) as caught:
        draft(profile, scopes=["read"], extra={name: "admin"})
    assert caught.value.code == "issue.registered_claim"


def test_every_claim_that_is_the_issuers_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError, match=r"must not hold exp, iss, sub: "):
        draft(extra={"sub": 1, "iss": 1, "x": 1, "exp": 1})


@pytest.mark.parametrize("name", ["nonce", "at_hash", "events"])
def test_a_token_carries_no_mark_of_another_kind(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"a EXTERNAL_ACCESS_TOKEN token must not carry {name}"):
        draft(EXTERNAL_ACCESS_TOKEN, extra={name: "x"})


def test_a_claim_that_says_what_the_token_is_for_says_so() -> None:
    assert draft(EXTERNAL_ACCESS_TOKEN, extra={"token_use": "access"}) == {"token_use": "access"}
    for value in ("id", ["access"], None):
        with pytest.raises(
            ConfigurationError, match="token_use of a EXTERNAL_ACCESS_TOKEN token must be access"
        ):
            draft(EXTERNAL_ACCESS_TOKEN, extra={"token_use": value})


@pytest.mark.parametrize("extra", [[("plan", "gold")], "plan", 1, {"plan"}])
def test_further_claims_are_a_mapping(extra: Any) -> None:
    with pytest.raises(ConfigurationError, match="claims must be a mapping"):
        draft(extra=extra)


@given(subjects(), scopes(), json_claims())
def test_what_a_caller_gives_is_written_as_it_is(
    subject: str, names: list[str], extra: dict[str, Any]
) -> None:
    claims = draft(subject=subject, scopes=names, extra=extra)
    assert claims == {"sub": subject, **({"scope": " ".join(names)} if names else {}), **extra}


# --- scopes ------------------------------------------------------------------------------------------


@given(scopes())
def test_joined_scopes_are_read_back(names: list[str]) -> None:
    assert read_scopes(join_scopes(names)) == frozenset(names)
    assert join_scopes([*names, *names]) == " ".join(names)


@pytest.mark.parametrize("nothing", [(), [], set(), "", None])
def test_no_scopes_are_no_text(nothing: Any) -> None:
    assert join_scopes(nothing) == ""
    assert join_scopes(iter([""][:0])) == ""


@pytest.mark.parametrize("several", ["orders:read", b"orders:read", 1])
def test_scopes_are_several(several: Any) -> None:
    with pytest.raises(ConfigurationError):
        join_scopes(several)


@pytest.mark.parametrize("scope", ["", "a b", "a\tb", '"a"', "a\\b", "é", "a\n", 1, None, b"a"], ids=repr)
def test_a_scope_is_printable_ascii_without_spaces(scope: Any) -> None:
    with pytest.raises(ConfigurationError, match="a scope must be printable ASCII"):
        join_scopes(["read", scope])


# --- confirmation ------------------------------------------------------------------------------------


def test_a_confirmation_is_a_thumbprint_or_an_object_with_one() -> None:
    assert confirmation_claim(THUMBPRINT) == {"jkt": THUMBPRINT}
    given = {"x5t#S256": THUMBPRINT}
    assert confirmation_claim(given) == given
    assert confirmation_claim(given) is not given


@pytest.mark.parametrize(
    "wrong", ["", 1, {}, {"jwk": {}}, {"jkt": 1}, {"jkt": "a", "x5t#S256": "b"}, ["jkt"]], ids=repr
)
def test_a_confirmation_that_no_validator_could_compare_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="confirmation must be a thumbprint"):
        draft(confirmation=wrong)


def test_a_replaced_profile_drafts_as_it_says() -> None:
    assert draft(replace(ACCESS_TOKEN, subject_claim="uid"), subject="u") == {"uid": "u"}
