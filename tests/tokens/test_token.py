"""Tokens as types: what they read, what they refuse to be, and what they never show."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest
from tests.tokens.kit import (
    AUDIENCE,
    ISSUER,
    KEY,
    NOW,
    THUMBPRINT,
    claims_with,
    profile_with,
    sign,
    validator_with,
)

from jwtkit.errors import ClaimsError, InsufficientScopeError
from jwtkit.testing import verified_token
from jwtkit.tokens import ACCESS_TOKEN, EXTERNAL_ACCESS_TOKEN, IssuedToken, StaleToken, VerifiedToken
from jwtkit.tokens.token import Source, seal_stale, seal_verified

EVERYTHING = claims_with(
    scope="orders:read orders:write", client_id="spa", sid="s1", cnf={"jkt": THUMBPRINT}, plan="gold"
)
SOURCE = Source(MappingProxyType({"alg": "HS256", "kid": "k"}), "k", ACCESS_TOKEN)
PROOF: dict[str, Any] = {"confirmation": THUMBPRINT}


def verified(claims: Mapping[str, Any] = EVERYTHING) -> VerifiedToken:
    return seal_verified(dict(claims), SOURCE)


def stale(claims: Mapping[str, Any] = EVERYTHING, *, expired: bool = True) -> StaleToken:
    return seal_stale(dict(claims), SOURCE, expired=expired)


BOTH = pytest.mark.parametrize("make", [verified, stale])


# --- reading -----------------------------------------------------------------------------------------


def test_a_verified_token_reads_every_claim_of_the_token_it_was_made_from() -> None:
    text = sign(EVERYTHING)
    validator = validator_with()
    for token in (validator.validate(text, **PROOF), validator.validate_except_lifetime(text, **PROOF)):
        assert token.claims == EVERYTHING
        assert token.header == {"alg": "HS256", "typ": "at+jwt", "kid": "main"}
        assert token.issuer == ISSUER
        assert token.subject == "client-42"
        assert token.audience == (AUDIENCE,)
        assert token.expires_at == datetime.fromtimestamp(NOW + 900, UTC)
        assert token.issued_at == datetime.fromtimestamp(NOW, UTC)
        assert token.id == "t1"
        assert token.scopes == {"orders:read", "orders:write"}
        assert token.client_id == "spa"
        assert token.session_id == "s1"
        assert token.confirmation == THUMBPRINT
        assert token.algorithm == "HS256"
        assert token.key_id == KEY.kid


@BOTH
@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("issuer", "iss"),
        ("subject", "sub"),
        ("audience", "aud"),
        ("expires_at", "exp"),
        ("issued_at", "iat"),
        ("id", "jti"),
        ("client_id", "client_id"),
        ("session_id", "sid"),
        ("confirmation", "cnf"),
    ],
)
def test_what_is_absent_raises_and_is_never_none(make: Any, name: str, claim: str) -> None:
    token = make({key: value for key, value in EVERYTHING.items() if key != claim})
    with pytest.raises(ClaimsError) as caught:
        getattr(token, name)
    assert caught.value.code == f"claim.{claim}.missing"
    assert [failure.claim for failure in caught.value.failures] == [claim]
    assert caught.value.http_status == 401


@BOTH
def test_no_scopes_are_an_empty_set(make: Any) -> None:
    assert make(claims_with()).scopes == frozenset()
    assert make(claims_with(scope="")).scopes == frozenset()
    # Only reachable where nobody checked: a test's own token.
    assert make(claims_with(scope=1)).scopes == frozenset()


@BOTH
def test_several_audiences_are_read_as_written(make: Any) -> None:
    assert make(claims_with(aud=["b", "a", "b"])).audience == ("b", "a", "b")


@BOTH
@pytest.mark.parametrize("cnf", [{}, {"jwk": {}}, {"jkt": "a", "x5t#S256": "b"}])
def test_a_confirmation_of_another_kind_is_not_read_as_a_thumbprint(make: Any, cnf: dict[str, Any]) -> None:
    with pytest.raises(ClaimsError) as caught:
        make(claims_with(cnf=cnf)).confirmation  # noqa: B018
    assert caught.value.code == "claim.cnf.unsupported"
    assert [failure.claim for failure in caught.value.failures] == ["cnf"]


def test_the_profile_says_where_things_are_read() -> None:
    source = Source(MappingProxyType({"alg": "HS256"}), "k", EXTERNAL_ACCESS_TOKEN)
    token = seal_verified({"scp": ["a", "b"], "azp": "spa"}, source)
    assert token.scopes == {"a", "b"}
    assert token.client_id == "spa"
    with pytest.raises(ClaimsError) as caught:
        seal_verified({}, source).client_id  # noqa: B018
    assert caught.value.code == "claim.client_id.missing"
    nowhere = Source(source.header, "k", profile_with(client_claims=(), scope_claims=()))
    assert seal_verified({"scope": "a"}, nowhere).scopes == frozenset()
    with pytest.raises(ClaimsError):
        seal_verified({"client_id": "spa"}, nowhere).session_id  # noqa: B018
    assert seal_verified({"client_id": "spa"}, nowhere).client_id == "spa"


def test_a_stale_token_says_whether_it_expired() -> None:
    assert stale(expired=True).expired is True
    assert stale(expired=False).expired is False
    assert not hasattr(verified(), "expired")


# --- scopes ------------------------------------------------------------------------------------------


@BOTH
def test_required_scopes_must_all_be_there(make: Any) -> None:
    token = make()
    token.require_scopes()
    token.require_scopes("orders:read")
    token.require_scopes("orders:read", "orders:write")
    with pytest.raises(InsufficientScopeError) as caught:
        token.require_scopes("orders:read", "orders:delete", "admin")
    error = caught.value
    assert error.code == "token.insufficient_scope"
    assert error.http_status == 403
    assert error.required == {"orders:read", "orders:delete", "admin"}
    assert error.granted == {"orders:read", "orders:write"}
    assert str(error) == "the token lacks the scope: admin orders:delete"


def test_two_scopes_in_one_text_are_no_scope() -> None:
    with pytest.raises(InsufficientScopeError):
        verified().require_scopes("orders:read orders:write")


# --- claims_as ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Customer:
    plan: str
    seats: int

    @classmethod
    def read(cls, claims: Mapping[str, Any]) -> Customer:
        return cls(plan=claims["plan"], seats=claims["seats"])


@BOTH
def test_claims_are_read_as_a_dataclass(make: Any) -> None:
    assert make({**EVERYTHING, "seats": 5}).claims_as(Customer.read) == Customer("gold", 5)


@BOTH
def test_claims_are_read_as_a_pydantic_model(make: Any) -> None:
    pydantic = pytest.importorskip("pydantic")
    model = pydantic.create_model("Customer", plan=(str, ...), seats=(int, 1))
    assert make().claims_as(model.model_validate).plan == "gold"
    with pytest.raises(ClaimsError) as caught:
        make({**EVERYTHING, "seats": "hunter2"}).claims_as(model.model_validate)
    assert caught.value.code == "claims.reader"
    assert isinstance(caught.value.__cause__, pydantic.ValidationError)
    assert "hunter2" not in str(caught.value)
    assert "ValidationError" in str(caught.value)


@BOTH
@pytest.mark.parametrize("error", [KeyError("hunter2"), RuntimeError("hunter2"), ClaimsError("hunter2")])
def test_what_a_reader_raises_refuses_the_token(make: Any, error: Exception) -> None:
    def read_plan(_: Mapping[str, Any]) -> str:
        raise error

    with pytest.raises(ClaimsError) as caught:
        make().claims_as(read_plan)
    assert caught.value.code == "claims.reader"
    assert [failure.claim for failure in caught.value.failures] == ["claims"]
    assert caught.value.__cause__ is error
    assert "read_plan can read, found it raised" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_reader_may_be_any_callable_and_cannot_change_the_claims() -> None:
    class Meddler:
        def __call__(self, claims: Mapping[str, Any]) -> None:
            claims["plan"] = "platinum"  # type: ignore[index]

    token = verified()
    with pytest.raises(ClaimsError, match="Meddler"):
        token.claims_as(Meddler())
    assert token.claims["plan"] == "gold"


# --- what they refuse --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [VerifiedToken, StaleToken])
def test_only_a_validator_makes_them(kind: Any) -> None:
    for arguments in ((), (EVERYTHING,), (EVERYTHING, SOURCE)):
        with pytest.raises(TypeError):
            kind(*arguments)
    with pytest.raises(TypeError, match="made by a TokenValidator"):
        kind()


def test_a_stale_token_is_no_verified_token() -> None:
    assert not issubclass(StaleToken, VerifiedToken)
    assert not issubclass(VerifiedToken, StaleToken)
    assert not isinstance(stale(), VerifiedToken)
    assert type(verified_token()) is VerifiedToken


PUBLIC = [
    "algorithm", "audience", "claims", "client_id", "confirmation", "expires_at", "header", "id", "issued_at",
    "issuer", "key_id", "scopes", "session_id", "subject",
]  # fmt: skip


@BOTH
def test_nothing_of_them_can_be_changed(make: Any) -> None:
    token = make()
    for name in [*PUBLIC, "expired", "anything"]:
        with pytest.raises(AttributeError):
            setattr(token, name, "admin")
        with pytest.raises(AttributeError):
            delattr(token, name)
    with pytest.raises(TypeError):
        token.claims["sub"] = "admin"
    with pytest.raises(TypeError):
        token.header["alg"] = "none"
    assert not hasattr(token, "__dict__")


@BOTH
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_they_cannot_be_pickled(make: Any, protocol: int) -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(make(), protocol)


@BOTH
def test_a_copy_is_the_token_itself(make: Any) -> None:
    token = make()
    assert copy.copy(token) is copy.deepcopy(token) is token


@BOTH
def test_they_show_names_only(make: Any) -> None:
    token = make({**EVERYTHING, "a\nb\x1b№": "hunter2"})
    for text in (repr(token), str(token), f"{token}"):
        assert text.isascii()
        assert text.isprintable()
        assert "profile ACCESS_TOKEN: a\\nb" in text
        for value in ("client-42", "hunter2", "gold", THUMBPRINT, ISSUER, "orders:read"):
            assert value not in text
    with pytest.raises(TypeError):
        json.dumps(token)


@BOTH
def test_they_say_their_kind_and_profile(make: Any) -> None:
    token = make({"sub": "client-42", "aud": "orders-api"})
    assert repr(token) == f"<{type(token).__name__} of profile ACCESS_TOKEN: aud, sub>"


def test_two_tokens_are_never_equal_by_what_they_say() -> None:
    assert verified() != verified()
    assert verified() != verified(claims_with())


# --- IssuedToken -------------------------------------------------------------------------------------

ISSUED = IssuedToken("a.b.secret", id="t1", expires_at=NOW + 900, expires_in=900)


def test_an_issued_token_says_when_it_expires() -> None:
    issued = IssuedToken("a.b.secret", id="t1", expires_at=NOW + 900, expires_in=900)
    assert issued.token == "a.b.secret"
    assert issued.id == "t1"
    assert issued.expires_in == 900
    assert issued.expires_at == datetime.fromtimestamp(NOW + 900, UTC)


def test_an_issued_token_without_expiry_raises_rather_than_saying_none() -> None:
    endless = IssuedToken("a.b.secret", id="t1", expires_at=None, expires_in=None)
    for name in ("expires_at", "expires_in"):
        with pytest.raises(ClaimsError) as caught:
            getattr(endless, name)
        assert caught.value.code == "claim.exp.missing"


def test_an_issued_token_goes_nowhere_by_accident() -> None:
    for text in (repr(ISSUED), str(ISSUED), f"{ISSUED}", f"{[ISSUED]}"):
        assert "<IssuedToken t1>" in text
        assert "secret" not in text
    with pytest.raises(TypeError):
        json.dumps({"token": ISSUED})
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(ISSUED, protocol)
    with pytest.raises(TypeError):
        vars(ISSUED)
    with pytest.raises(TypeError):
        iter(ISSUED)  # type: ignore[call-overload]


@pytest.mark.parametrize("name", ["token", "id", "expires_at", "expires_in", "anything"])
def test_an_issued_token_cannot_be_changed(name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(ISSUED, name, "another")


# --- verified_token() for tests ----------------------------------------------------------------------


def test_a_test_may_have_any_token_it_likes() -> None:
    token = verified_token(
        "client-7",
        scopes=["a"],
        claims={"iss": "https://b.example", "plan": "gold"},
        issuer="https://a.example",
        audience=("x", "y"),
        client_id="spa",
        session_id="s",
        confirmation=THUMBPRINT,
        algorithm="RS256",
        key_id="k",
    )
    assert (token.subject, token.issuer, token.audience) == ("client-7", "https://b.example", ("x", "y"))
    assert (token.client_id, token.session_id, token.confirmation) == ("spa", "s", THUMBPRINT)
    assert (token.algorithm, token.key_id, token.header["typ"]) == ("RS256", "k", "at+jwt")
    assert token.scopes == {"a"}
    assert token.claims["plan"] == "gold"
    assert (token.expires_at - token.issued_at).total_seconds() == 900


def test_a_test_token_of_an_untyped_profile_is_untyped() -> None:
    token = verified_token(None, profile=profile_with(types=(None,)))
    assert token.header == {"alg": "ES256", "kid": "test-key"}
    with pytest.raises(ClaimsError):
        token.subject  # noqa: B018
