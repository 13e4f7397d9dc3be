"""Several trusted issuers: everything is held for each of them alone, and an unknown one costs nothing."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import timedelta
from typing import Any

import pytest
from tests.tokens.kit import ABSENT, NOW, Keys, claims_with, codes, compact, sign
from tests.validator.faces import Sync

from jwtkit.errors import (
    AlgorithmNotAllowedError,
    ClaimsError,
    ConfigurationError,
    Failure,
    InvalidSignatureError,
    KeysUnavailableError,
    MalformedTokenError,
    TokenError,
    UnknownIssuerError,
    UnknownKeyError,
)
from jwtkit.jose import JWKSet, SigningKey
from jwtkit.tokens import EXTERNAL_ACCESS_TOKEN, GENERIC
from jwtkit.validator import TrustedIssuer

A, B = "https://a.example", "https://b.example"
KEY_A, KEY_B = SigningKey.generate("ES256", kid="same"), SigningKey.generate("ES256", kid="same")
SECRET = SigningKey.generate("HS256", kid="same")


def token(issuer: Any, key: SigningKey, typ: Any = "at+jwt", **changes: Any) -> str:
    return sign(claims_with(iss=issuer, **changes), key=key, typ=typ)


def of(issuer: str, keys: Any, **options: Any) -> TrustedIssuer:
    return TrustedIssuer(issuer, **{"audience": "orders-api", "keys": keys, **options})


def code_of(validator: Any, text: Any) -> tuple[type, str]:
    with pytest.raises(TokenError) as caught:
        validator.validate(text)
    report = validator.inspect(text)
    assert (type(report.error), report.error.code) == (type(caught.value), caught.value.code)
    return type(caught.value), caught.value.code


def test_each_issuers_own_tokens_are_accepted(face: Sync) -> None:
    validator = face.trusting(of(A, KEY_A), of(B, KEY_B))
    assert validator.validate(token(A, KEY_A)).issuer == A
    assert validator.validate(token(B, KEY_B)).issuer == B
    assert validator.validate_except_lifetime(token(B, KEY_B, exp=NOW - 60, iat=NOW - 90)).issuer == B


def test_a_key_of_one_issuer_signs_for_no_other(face: Sync) -> None:
    validator = face.trusting(of(A, KEY_A), of(B, KEY_B))
    # In either order: what was learned of one issuer's header says nothing of the other's.
    assert validator.validate(token(B, KEY_B))
    assert code_of(validator, token(A, KEY_B)) == (InvalidSignatureError, "token.signature")
    assert validator.validate(token(A, KEY_A))
    assert code_of(validator, token(B, KEY_A)) == (InvalidSignatureError, "token.signature")


def test_kids_are_looked_up_with_the_issuer_only(face: Sync) -> None:
    other = SigningKey.generate("ES256", kid="other")
    validator = face.trusting(of(A, KEY_A), of(B, other))
    assert code_of(validator, token(A, other)) == (UnknownKeyError, "token.unknown_key")


def test_one_key_may_serve_two_issuers(face: Sync) -> None:
    validator = face.trusting(of(A, KEY_A, audience="a"), of(B, KEY_A, audience="b"))
    assert validator.validate(token(A, KEY_A, aud="a")).audience == ("a",)
    assert code_of(validator, token(B, KEY_A, aud="a")) == (ClaimsError, "claim.aud.mismatch")


def test_algorithms_are_not_pooled(face: Sync) -> None:
    validator = face.trusting(of(A, SECRET), of(B, KEY_B))
    expected = (AlgorithmNotAllowedError, "token.algorithm_not_allowed")
    assert validator.validate(token(A, SECRET))
    assert code_of(validator, token(B, SECRET)) == expected
    assert code_of(validator, token(A, KEY_B)) == expected


def test_audiences_profiles_checks_and_lifetimes_are_not_pooled(face: Sync) -> None:
    def refuse(_: Any) -> Failure:
        return Failure("b.refused", "b", "another token")

    validator = face.trusting(
        of(A, KEY_A, audience="a", required_claims=["tenant"], max_lifetime=timedelta(seconds=10)),
        of(B, KEY_B, audience="b", profile=EXTERNAL_ACCESS_TOKEN, checks=[refuse]),
    )

    def failed(text: str) -> list[str]:
        with pytest.raises(ClaimsError) as caught:
            validator.validate(text)
        return codes(caught.value.failures)

    assert validator.validate(token(A, KEY_A, aud="a", tenant="t", exp=NOW + 10))
    assert failed(token(A, KEY_A, "JWT", aud="b")) == [
        "header.typ.mismatch",
        "claim.tenant.missing",
        "claim.aud.mismatch",
        "claim.exp.too_far",
    ]
    assert failed(token(B, KEY_B, "JWT", aud="a")) == ["claim.aud.mismatch"]
    assert failed(token(B, KEY_B, "JWT", aud="b")) == ["b.refused"]


@pytest.mark.parametrize(
    "issuer",
    ["https://c.example", f"{A}/", "HTTPS://A.EXAMPLE", "", None, 1, True, [A], {A: 1}, ABSENT],
    ids=str,
)
def test_an_unknown_issuer_is_refused_and_no_store_is_asked(face: Sync, issuer: Any) -> None:
    stores = Keys(KEY_A), face.remote(KEY_B)
    validator = face.trusting(of(A, stores[0]), of(B, stores[1]))
    asked = stores[0].asked, stores[1].asked
    assert code_of(validator, token(issuer, KEY_A)) == (UnknownIssuerError, "token.unknown_issuer")
    assert (stores[0].asked, stores[1].asked) == asked
    assert stores[1].refreshed == []


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"{", "token.json"),
        (b"[]", "token.json"),
        (b"\xff", "token.json"),
        (b'{"iss":"a","iss":"b"}', "token.duplicate_name"),
    ],
)
def test_a_payload_that_cannot_be_peeked_at_is_malformed_and_no_store_is_asked(
    face: Sync, payload: bytes, code: str
) -> None:
    stores = Keys(KEY_A), face.remote(KEY_B)
    validator = face.trusting(of(A, stores[0]), of(B, stores[1]))
    asked = stores[0].asked, stores[1].asked
    text = compact({"alg": "ES256", "kid": "same"}, payload, key=KEY_A)
    assert code_of(validator, text) == (MalformedTokenError, code)
    signing_input, _, signature = text.rpartition(".")
    assert code_of(validator, f"{signing_input}=.{signature}") == (MalformedTokenError, "token.base64")
    assert (stores[0].asked, stores[1].asked) == asked


def test_only_the_named_issuers_store_is_asked_for_an_unknown_key(face: Sync) -> None:
    new = SigningKey.generate("ES256", kid="new")
    a, b = face.remote(KEY_A, found=JWKSet([new.verification_key])), face.remote(KEY_B)
    validator = face.trusting(of(A, a), of(B, b))
    asked = b.asked
    assert validator.validate(token(A, new)).key_id == "new"
    assert (a.refreshed, b.refreshed, b.asked) == (["new"], [], asked)


def test_one_issuers_outage_is_no_other_issuers(face: Sync) -> None:
    a = face.remote(KEY_A)
    validator = face.trusting(of(A, a), of(B, KEY_B))
    a.failure = OSError("down")
    with pytest.raises(KeysUnavailableError):
        validator.validate(token(A, KEY_A))
    assert validator.validate(token(B, KEY_B))


def test_one_trusted_issuer_is_judged_after_its_signature(face: Sync) -> None:
    validator = face.trusting(of(A, KEY_A))
    assert validator.validate(token(A, KEY_A))
    assert code_of(validator, token(B, KEY_B)) == (InvalidSignatureError, "token.signature")
    assert code_of(validator, token(B, KEY_A)) == (ClaimsError, "claim.iss.mismatch")


def test_an_entry_serves_several_validators(face: Sync) -> None:
    entry = of(A, KEY_A)
    for validator in (face.trusting(entry), face.trusting(entry, of(B, KEY_B))):
        assert validator.validate(token(A, KEY_A))


@pytest.mark.parametrize(
    "trusted",
    [
        (),
        (None,),
        (A, B),
        (of(A, KEY_A), B),
        (of(A, KEY_A), of(A, KEY_B)),
        (of(A, KEY_A), TrustedIssuer(None, audience=None, keys=KEY_B, profile=GENERIC)),
    ],
    ids=["none", "null", "names", "entry and name", "the same twice", "one without a name"],
)
def test_trusting_needs_entries_of_different_names(face: Sync, trusted: Any) -> None:
    with pytest.raises(ConfigurationError):
        face.trusting(*trusted)


def test_a_single_entry_needs_no_name(face: Sync) -> None:
    validator = face.trusting(TrustedIssuer(None, audience=None, keys=KEY_A, profile=GENERIC))
    assert validator.validate(sign({"exp": NOW + 1}, key=KEY_A, typ="JWT"))


def test_an_entry_shows_no_keys() -> None:
    entry = of(A, SECRET)
    assert "keys" not in repr(entry)
    assert not hasattr(entry, "__dict__")
    with pytest.raises(FrozenInstanceError):
        entry.keys = KEY_B  # type: ignore[misc]
    assert repr(entry).startswith("TrustedIssuer(issuer='https://a.example', audience=('orders-api',)")
