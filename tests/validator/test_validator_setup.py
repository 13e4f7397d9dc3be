"""A validator that is set up wrongly cannot be made."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.tokens.kit import AUDIENCE, ISSUER, KEY, Keys, claims_with, sign, token_with
from tests.validator.faces import Sync

from jwtkit.errors import ConfigurationError, KeysUnavailableError
from jwtkit.jose import JWKSet, SigningKey
from jwtkit.keys import StaticKeyStore
from jwtkit.tokens import ACCESS_TOKEN, GENERIC
from jwtkit.validator import AsyncTokenValidator, TokenValidator, TrustedIssuer


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"issuer": None}, "say which one is expected"),
        ({"issuer": ""}, "issuer must be a non-empty string"),
        ({"audience": None}, "say which one is expected"),
        ({"audience": ()}, "audience must be a non-empty string or several"),
        ({"audience": 1}, "audience must be a non-empty string or several"),
        ({"profile": "ACCESS_TOKEN"}, "profile must be a jwtkit Profile"),
        ({"required_claims": "tenant"}, "required_claims must be several"),
        ({"required_claims": 1}, "required_claims must be several"),
        ({"required_claims": [1]}, "required_claims must be several claim names"),
        ({"checks": print}, "checks must be several"),
        ({"checks": [1]}, "checks must be callables"),
        ({"leeway": 30}, "leeway must be a datetime.timedelta"),
        ({"leeway": timedelta(seconds=-1)}, "leeway must not be negative"),
        ({"max_lifetime": 1}, "max_lifetime must be a datetime.timedelta"),
        ({"max_lifetime": timedelta(0)}, "max_lifetime must be positive"),
        ({"max_token_bytes": 0}, "max_token_bytes must be a positive number"),
        ({"max_token_bytes": True}, "max_token_bytes must be a positive number"),
        ({"max_token_bytes": 1e4}, "max_token_bytes must be a positive number"),
        ({"clock": 1_750_000_000}, "clock must be a callable"),
        ({"observer": 1}, "observer must have observe"),
        ({"observer": print}, "observer must have observe"),
        ({"revocation": 1}, "revocation must have status"),
        ({"revocation": print}, "revocation must have status"),
        ({"algorithms": 1}, "algorithms must be several names"),
        ({"algorithms": "HS256"}, "algorithms= takes several names"),
        ({"algorithms": []}, "algorithms= allows nothing"),
        ({"algorithms": ["none"]}, "no such signature algorithm"),
        ({"algorithms": [None]}, "no such signature algorithm"),
        ({"algorithms": ["ES256"]}, "algorithms= allows none of the keys, which are for HS256"),
        ({"keys": None}, "keys must be a SigningKey, a VerificationKey, a JWKSet or a key store"),
        ({"keys": "secret"}, "keys must be a SigningKey, a VerificationKey, a JWKSet or a key store"),
        ({"keys": StaticKeyStore}, "keys must be a SigningKey, a VerificationKey, a JWKSet or a key store"),
        ({"keys": [KEY]}, "keys must be a SigningKey, a VerificationKey, a JWKSet or a key store"),
        ({"keys": JWKSet()}, "the JWK Set holds no usable key"),
        ({"keys": Keys()}, "algorithms= allows none of the keys, which are for nothing"),
    ],
    ids=lambda value: ascii(value)[:50],
)
def test_a_wrong_setting_says_what_to_write(face: Sync, wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        face.make(**wrong)
    entry = {name: value for name, value in wrong.items() if name in TrustedIssuer.__dataclass_fields__}
    rest = {name: value for name, value in wrong.items() if name not in entry}
    with pytest.raises(ConfigurationError, match=words):
        face.trusting(TrustedIssuer(**{"issuer": ISSUER, "audience": AUDIENCE, "keys": KEY, **entry}), **rest)


@pytest.mark.parametrize(
    "keys",
    [
        KEY,
        KEY.verification_key,
        JWKSet([KEY.verification_key]),
        StaticKeyStore(KEY),
        StaticKeyStore(SigningKey.generate("HS256"), KEY.verification_key),
        Keys(KEY),
    ],
    ids=lambda keys: type(keys).__name__,
)
def test_keys_come_in_every_form(face: Sync, keys: Any) -> None:
    assert face.make(keys=keys).validate(token_with()).key_id == "main"


def test_a_store_that_hands_out_no_key_set_is_found_at_once(face: Sync) -> None:
    store = Keys(KEY)
    store.snapshot = {"keys": []}  # type: ignore[assignment]
    with pytest.raises(ConfigurationError, match=r"key_set\(\) returned dict, not a JWKSet"):
        face.make(keys=store)


def test_a_local_store_that_cannot_be_read_is_found_at_once(face: Sync) -> None:
    store = Keys(KEY)
    store.failure = KeysUnavailableError("the folder is gone")
    with pytest.raises(KeysUnavailableError):
        face.make(keys=store)


def test_what_a_validator_was_made_from_can_be_read(face: Sync) -> None:
    validator = face.make(algorithms=["HS256"], leeway=timedelta(seconds=5), audience=["a", AUDIENCE])
    real = getattr(validator, "real", validator)
    (entry,) = real.trusted
    assert (entry.issuer, entry.audience, entry.profile) == (ISSUER, ("a", AUDIENCE), ACCESS_TOKEN)
    assert entry.algorithms == ("HS256",)
    assert real.leeway == timedelta(seconds=5)
    assert real.asks_revocation is False
    assert repr(real) == f"{type(real).__name__}('{ISSUER}')"


def test_its_settings_may_be_generators_and_are_kept(face: Sync) -> None:
    validator = face.make(
        audience=(name for name in [AUDIENCE]),
        required_claims=(name for name in ["plan"]),
        checks=(check for check in [lambda claims: claims["plan"] and None]),
        algorithms=(name for name in ["HS256"]),
    )
    for _ in range(2):
        assert validator.validate(sign(claims_with(plan="gold")))


def test_issuer_and_audience_are_left_out_where_the_profile_has_none(face: Sync) -> None:
    validator = face.make(issuer=None, audience=None, profile=GENERIC)
    assert validator.validate(sign({"exp": claims_with()["exp"]}, typ="JWT"))


@pytest.mark.parametrize("kind", [TokenValidator, AsyncTokenValidator])
def test_options_are_given_by_name(kind: Any) -> None:
    with pytest.raises(TypeError):
        kind(ISSUER, AUDIENCE, KEY)


def test_the_steps_alone_know_no_sources() -> None:
    from jwtkit.validator.steps import Steps

    with pytest.raises(NotImplementedError):
        Steps(ISSUER, audience=AUDIENCE, keys=KEY)
