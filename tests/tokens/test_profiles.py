"""Profiles: what each kind of token must be, and that none passes as another."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from datetime import timedelta
from typing import Any

import pytest
from tests.tokens.kit import (
    ABSENT,
    AUDIENCE,
    ISSUER,
    NOW,
    claims_with,
    codes,
    profile_with,
    sign,
    validator_with,
)

from jwtkit.errors import ClaimsError, ConfigurationError
from jwtkit.tokens import (
    ACCESS_TOKEN,
    EXTERNAL_ACCESS_TOKEN,
    GENERIC,
    ID_TOKEN,
    RFC9068,
    SECURITY_EVENT,
    Profile,
)
from jwtkit.tokens.profiles import PROFILES, normalise_type, profile_that_fits

# --- typ ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        (None, None),
        ("", ""),
        ("JWT", "jwt"),
        ("at+jwt", "at+jwt"),
        ("AT+JWT", "at+jwt"),
        ("application/at+jwt", "at+jwt"),
        ("Application/AT+JWT", "at+jwt"),
        ("application/", ""),
        ("application/a/at+jwt", "application/a/at+jwt"),
        ("application//at+jwt", "application//at+jwt"),
        ("application/application/at+jwt", "application/application/at+jwt"),
        ("text/at+jwt", "text/at+jwt"),
        (" at+jwt", " at+jwt"),
        ("at+jwt;charset=utf-8", "at+jwt;charset=utf-8"),
    ],
)
def test_typ_is_compared_without_case_and_without_application(
    written: str | None, compared: str | None
) -> None:
    assert normalise_type(written) == compared


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "APPLICATION/At+Jwt"])
def test_every_spelling_of_typ_is_accepted(typ: str) -> None:
    assert validator_with().validate(sign(claims_with(), typ=typ)).subject == "client-42"


@pytest.mark.parametrize(
    "typ", [ABSENT, "", "JWT", "at+jwt ", "application/x/at+jwt", "at jwt", "logout+jwt"]
)
def test_every_other_typ_is_refused(typ: Any) -> None:
    with pytest.raises(ClaimsError) as caught:
        validator_with().validate(sign(claims_with(), typ=typ))
    assert codes(caught.value.failures) == ["header.typ.mismatch"]
    assert caught.value.failures[0].found == ("none" if typ is ABSENT else repr(typ.lower()))


# --- what each profile asks for ----------------------------------------------------------------------

# A token as each kind really looks: typ, and claims beside those of `claims_with`.
REAL: dict[str, tuple[Any, dict[str, Any]]] = {
    "ACCESS_TOKEN": ("at+jwt", claims_with(scope="orders:read")),
    "RFC9068": ("at+jwt", claims_with(scope="orders:read", client_id="spa")),
    "EXTERNAL_ACCESS_TOKEN": ("JWT", claims_with(scope="orders:read", azp="spa", jti=ABSENT)),
    "ID_TOKEN": ("JWT", claims_with(nonce="n-0S6", at_hash="MTIzNDU2Nzg5MDEyMzQ1Ng", azp="spa", jti=ABSENT)),
    "SECURITY_EVENT": (
        "secevent+jwt",
        {"iss": ISSUER, "iat": NOW, "jti": "e1", "aud": AUDIENCE, "events": {"urn:example:logout": {}}},
    ),
    "GENERIC": ("JWT", {"iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 900, "email": "a@b.example"}),
}
BY_NAME = {profile.name: profile for profile in PROFILES}
REQUIRED = [(profile.name, claim) for profile in PROFILES for claim in profile.required_claims]


def refusal(name: str, token: str) -> ClaimsError:
    with pytest.raises(ClaimsError) as caught:
        validator_with(profile=BY_NAME[name]).validate(token)
    return caught.value


def test_every_profile_has_a_token_here() -> None:
    assert REAL.keys() == BY_NAME.keys()
    assert len(PROFILES) == 6


@pytest.mark.parametrize("name", REAL)
def test_each_profile_accepts_its_own_tokens(name: str) -> None:
    typ, claims = REAL[name]
    assert validator_with(profile=BY_NAME[name]).validate(sign(claims, typ=typ)).claims == claims


@pytest.mark.parametrize(("name", "claim"), REQUIRED)
def test_each_required_claim_is_required(name: str, claim: str) -> None:
    typ, claims = REAL[name]
    error = refusal(name, sign({key: value for key, value in claims.items() if key != claim}, typ=typ))
    assert codes(error.failures) == [f"claim.{claim}.missing"]
    assert error.failures[0].claim == claim
    assert error.failures[0].found is None


TYP = "header.typ.mismatch"
AS_ID = "this looks like an ID token: send the access token, or validate with profile=ID_TOKEN"
FITS = "profile={} would fit this token"

# Every token at the validator of every other profile: the first code and the hint; None where it is accepted.
CONFUSIONS: dict[tuple[str, str], tuple[str, str] | None] = {
    ("ACCESS_TOKEN", "RFC9068"): ("claim.client_id.missing", FITS.format("ACCESS_TOKEN")),
    ("ACCESS_TOKEN", "EXTERNAL_ACCESS_TOKEN"): None,  # an identity provider may send just that
    ("ACCESS_TOKEN", "ID_TOKEN"): (TYP, FITS.format("ACCESS_TOKEN")),
    ("ACCESS_TOKEN", "SECURITY_EVENT"): (TYP, FITS.format("ACCESS_TOKEN")),
    ("ACCESS_TOKEN", "GENERIC"): (TYP, FITS.format("ACCESS_TOKEN")),
    ("RFC9068", "ACCESS_TOKEN"): None,  # it is one, and says more
    ("RFC9068", "EXTERNAL_ACCESS_TOKEN"): None,
    ("RFC9068", "ID_TOKEN"): (TYP, FITS.format("RFC9068")),
    ("RFC9068", "SECURITY_EVENT"): (TYP, FITS.format("RFC9068")),
    ("RFC9068", "GENERIC"): (TYP, FITS.format("RFC9068")),
    ("EXTERNAL_ACCESS_TOKEN", "ACCESS_TOKEN"): (TYP, FITS.format("EXTERNAL_ACCESS_TOKEN")),
    ("EXTERNAL_ACCESS_TOKEN", "RFC9068"): (TYP, FITS.format("EXTERNAL_ACCESS_TOKEN")),
    ("EXTERNAL_ACCESS_TOKEN", "ID_TOKEN"): ("claim.scope.forbidden", FITS.format("EXTERNAL_ACCESS_TOKEN")),
    ("EXTERNAL_ACCESS_TOKEN", "SECURITY_EVENT"): (TYP, FITS.format("EXTERNAL_ACCESS_TOKEN")),
    ("EXTERNAL_ACCESS_TOKEN", "GENERIC"): None,  # which asks for nothing but an expiry
    ("ID_TOKEN", "ACCESS_TOKEN"): (TYP, AS_ID),
    ("ID_TOKEN", "RFC9068"): (TYP, AS_ID),
    ("ID_TOKEN", "EXTERNAL_ACCESS_TOKEN"): ("claim.nonce.forbidden", AS_ID),
    ("ID_TOKEN", "SECURITY_EVENT"): (TYP, AS_ID),
    ("ID_TOKEN", "GENERIC"): None,
    ("SECURITY_EVENT", "ACCESS_TOKEN"): (TYP, FITS.format("SECURITY_EVENT")),
    ("SECURITY_EVENT", "RFC9068"): (TYP, FITS.format("SECURITY_EVENT")),
    ("SECURITY_EVENT", "EXTERNAL_ACCESS_TOKEN"): (TYP, FITS.format("SECURITY_EVENT")),
    ("SECURITY_EVENT", "ID_TOKEN"): (TYP, FITS.format("SECURITY_EVENT")),
    ("SECURITY_EVENT", "GENERIC"): (TYP, FITS.format("SECURITY_EVENT")),
    ("GENERIC", "ACCESS_TOKEN"): (TYP, FITS.format("GENERIC")),
    ("GENERIC", "RFC9068"): (TYP, FITS.format("GENERIC")),
    ("GENERIC", "EXTERNAL_ACCESS_TOKEN"): ("claim.sub.missing", FITS.format("GENERIC")),
    ("GENERIC", "ID_TOKEN"): ("claim.sub.missing", FITS.format("GENERIC")),
    ("GENERIC", "SECURITY_EVENT"): (TYP, FITS.format("GENERIC")),
}


def test_every_pair_of_profiles_is_in_the_matrix() -> None:
    assert CONFUSIONS.keys() == {(token, other) for token in REAL for other in REAL if token != other}


@pytest.mark.parametrize(("token", "validator"), CONFUSIONS)
def test_one_kind_of_token_does_not_pass_as_another(token: str, validator: str) -> None:
    typ, claims = REAL[token]
    expected = CONFUSIONS[token, validator]
    if expected is None:
        assert validator_with(profile=BY_NAME[validator]).validate(sign(claims, typ=typ)).claims == claims
        return
    error = refusal(validator, sign(claims, typ=typ))
    assert (error.code, error.hint) == expected
    assert error.failures[0].hint == error.hint


# --- ID tokens among the access tokens of identity providers -----------------------------------------


@pytest.mark.parametrize("mark", ["nonce", "at_hash", "c_hash", "s_hash"])
def test_an_external_access_token_has_no_mark_of_an_id_token(mark: str) -> None:
    error = refusal("EXTERNAL_ACCESS_TOKEN", sign(claims_with(**{mark: "x"}), typ="JWT"))
    assert codes(error.failures) == [f"claim.{mark}.forbidden"]
    assert error.hint == AS_ID


@pytest.mark.parametrize(
    ("profile", "claim", "good", "bad"),
    [
        ("EXTERNAL_ACCESS_TOKEN", "token_use", ["access"], ["id", "ACCESS", "", None, 1, ["access"], True]),
        ("EXTERNAL_ACCESS_TOKEN", "typ", ["Bearer", "DPoP"], ["ID", "Refresh", "bearer", None, {}]),
        ("ID_TOKEN", "token_use", ["id"], ["access", None]),
        ("ID_TOKEN", "typ", ["ID"], ["Bearer", 0]),
    ],
)
def test_claims_that_say_what_a_token_is_for_must_say_so(
    profile: str, claim: str, good: list[str], bad: list[Any]
) -> None:
    for value in good:
        validator_with(profile=BY_NAME[profile]).validate(sign(claims_with(**{claim: value}), typ="JWT"))
    for value in bad:
        error = refusal(profile, sign(claims_with(**{claim: value}), typ="JWT"))
        assert codes(error.failures) == [f"claim.{claim}.mismatch"]


def test_a_claim_that_names_another_kind_of_token_names_its_profile() -> None:
    error = refusal("EXTERNAL_ACCESS_TOKEN", sign(claims_with(typ="ID", nonce="n"), typ="JWT"))
    assert codes(error.failures) == ["claim.typ.mismatch", "claim.nonce.forbidden"]
    assert {failure.hint for failure in error.failures} == {AS_ID}


@pytest.mark.parametrize("profile", [EXTERNAL_ACCESS_TOKEN, ID_TOKEN])
def test_a_security_event_sent_as_jwt_is_none_of_them(profile: Profile) -> None:
    error = refusal(profile.name, sign(claims_with(events={}), typ="JWT"))
    assert codes(error.failures) == ["claim.events.forbidden"]


@pytest.mark.parametrize("claim", ["scope", "scp"])
def test_an_access_token_is_no_proof_of_who_logged_in(claim: str) -> None:
    error = refusal("ID_TOKEN", sign(claims_with(**{claim: "orders:read"}), typ="JWT"))
    assert codes(error.failures) == [f"claim.{claim}.forbidden"]
    assert error.hint == FITS.format("EXTERNAL_ACCESS_TOKEN")


@pytest.mark.parametrize(
    ("typ", "extra", "scopes", "client"),
    [
        (ABSENT, {"scp": ["a", "b"], "appid": "entra"}, {"a", "b"}, "entra"),
        ("JWT", {"scope": "a b", "azp": "keycloak", "typ": "Bearer"}, {"a", "b"}, "keycloak"),
        ("at+jwt", {"scp": "a b", "cid": "okta"}, {"a", "b"}, "okta"),
        ("JWT", {"scope": "a", "client_id": "cognito", "token_use": "access"}, {"a"}, "cognito"),
        ("JWT", {"scope": "a", "scp": ["b"], "client_id": "first", "azp": "second"}, {"a"}, "first"),
    ],
)
def test_scopes_and_client_are_read_where_providers_write_them(
    typ: Any, extra: dict[str, Any], scopes: set[str], client: str
) -> None:
    token = validator_with(profile=EXTERNAL_ACCESS_TOKEN).validate(sign(claims_with(**extra), typ=typ))
    assert token.scopes == scopes
    assert token.client_id == client


def test_a_security_event_need_not_expire_but_may() -> None:
    typ, claims = REAL["SECURITY_EVENT"]
    validator = validator_with(profile=SECURITY_EVENT)
    assert "exp" not in validator.validate(sign(claims, typ=typ)).claims
    error = refusal("SECURITY_EVENT", sign({**claims, "iat": NOW - 90, "exp": NOW - 60}, typ=typ))
    assert error.code == "claim.exp.expired"


def test_a_generic_token_needs_no_issuer_and_no_audience() -> None:
    validator = validator_with(issuer=None, audience=None, profile=GENERIC)
    assert validator.validate(sign({"exp": NOW + 1}, typ=ABSENT)).claims == {"exp": NOW + 1}


# --- profiles of one's own ---------------------------------------------------------------------------


def test_a_profile_says_where_the_subject_and_the_audience_are_read() -> None:
    profile = replace(EXTERNAL_ACCESS_TOKEN, name="ENTRA", subject_claim="oid", audience_claim="resource")
    read = {"oid": "0f1", "resource": [AUDIENCE, "b"], "aud": "of another kind"}
    token = validator_with(profile=profile).validate(sign(claims_with(**read), typ="JWT"))
    assert token.subject == "0f1"
    assert token.audience == (AUDIENCE, "b")
    for changes, code in (
        ({"resource": ABSENT}, "claim.resource.missing"),
        ({"resource": "b"}, "claim.resource.mismatch"),
        ({"resource": []}, "claim.resource.type"),
        ({"oid": ""}, "claim.oid.type"),
        ({"sub": 42}, "claim.sub.type"),
    ):
        with pytest.raises(ClaimsError) as caught:
            validator_with(profile=profile).validate(sign(claims_with(**read | changes), typ="JWT"))
        assert codes(caught.value.failures) == [code]


def test_a_profile_may_bound_the_lifetime() -> None:
    profile = replace(ACCESS_TOKEN, max_lifetime=timedelta(minutes=10))
    validator_with(profile=profile).validate(sign(claims_with(exp=NOW + 600)))
    with pytest.raises(ClaimsError) as caught:
        validator_with(profile=profile).validate(sign(claims_with(exp=NOW + 601)))
    assert caught.value.code == "claim.exp.too_far"


def test_what_a_profile_was_made_from_can_be_changed_without_changing_it() -> None:
    required, values = ["exp"], ["access"]
    profile = profile_with(required_claims=required, expected={"use": values}, types=["JWT", None])
    required.append("sub")
    values.append("id")
    assert profile.required_claims == ("exp",)
    assert profile.expected == {"use": ("access",)}
    assert profile.types == ("jwt", None)
    assert profile.requires("exp")
    assert not profile.requires("sub")
    with pytest.raises(TypeError):
        profile.expected["use"] = ()  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        profile.name = "ANOTHER"  # type: ignore[misc]


def test_a_profile_is_made_by_name_and_holds_nothing_else() -> None:
    with pytest.raises(TypeError):
        Profile("OWN", ("own+jwt",), ("exp",))  # type: ignore[call-arg]
    assert not hasattr(profile_with(), "__dict__")


def test_equal_profiles_are_one_in_a_set() -> None:
    assert len({profile_with(expected={"use": ("a",)}), profile_with(expected={"use": ("a",)})}) == 1
    assert profile_with(expected={"use": ("a",)}) != profile_with(expected={"use": ("b",)})
    assert len(set(PROFILES)) == len(PROFILES)
    assert replace(ACCESS_TOKEN) == ACCESS_TOKEN
    assert len(set(map(hash, PROFILES))) == len(PROFILES)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": None},
        {"subject_claim": None},
        {"audience_claim": ""},
        {"types": ()},
        {"types": "at+jwt"},
        {"types": None},
        {"types": (1,)},
        {"types": ("",)},
        {"required_claims": "exp"},
        {"required_claims": 1},
        {"required_claims": ("exp", None)},
        {"forbidden_claims": "nonce"},
        {"forbidden_claims": (1,)},
        {"scope_claims": "scope"},
        {"scope_claims": ("",)},
        {"client_claims": "azp"},
        {"client_claims": None},
        {"expected": {"use": "access"}},
        {"expected": {"use": ()}},
        {"expected": {"use": (1,)}},
        {"expected": {"": ("a",)}},
        {"expected": None},
        {"expected": [("use", ("a",))]},
        {"max_lifetime": timedelta(0)},
        {"max_lifetime": timedelta(seconds=-1)},
        {"max_lifetime": 600},
    ],
    ids=str,
)
def test_a_profile_that_makes_no_sense_cannot_be_made(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        profile_with(**wrong)
    assert caught.value.code == "configuration"
    assert next(iter(wrong)) in str(caught.value)


# --- which profile would fit -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "claims", "profile"),
    [
        ("secevent+jwt", {}, SECURITY_EVENT),
        ("at+jwt", {}, ACCESS_TOKEN),
        ("at+jwt", {"client_id": 1}, RFC9068),
        ("logout+jwt", {"sub": "a"}, None),
        ("jwt", {"nonce": 1}, ID_TOKEN),
        (None, {"auth_time": 1}, ID_TOKEN),
        (None, {"token_use": "id"}, ID_TOKEN),
        (None, {"typ": "ID"}, ID_TOKEN),
        (None, {"typ": ["ID"]}, GENERIC),
        ("jwt", {"sub": 1, "aud": 1, "scp": 1}, EXTERNAL_ACCESS_TOKEN),
        # An access token that lacks what every access token has is no reason to look less closely.
        ("jwt", {"sub": 1, "scope": 1}, None),
        ("jwt", {"aud": 1, "azp": 1}, None),
        ("jwt", {"sub": 1, "aud": 1}, GENERIC),
        (None, {}, GENERIC),
    ],
)
def test_the_profile_that_would_fit_is_found_from_what_a_token_looks_like(
    kind: str | None, claims: dict[str, Any], profile: Profile | None
) -> None:
    assert profile_that_fits(kind, claims) is profile
