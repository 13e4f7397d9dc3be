"""Keys that do not change, what `keys=` accepts, and the protocols a store has to keep."""

from __future__ import annotations

from typing import Any

import pytest
from tests.tokens.kit import AwaitedKeys, Keys, RemoteKeys

from jwtkit.errors import ConfigurationError
from jwtkit.jose import JWKSet, SigningKey, VerificationKey
from jwtkit.keys import Refreshable, Signer, SigningKeyStore, StaticKeyStore, VerificationKeyStore
from jwtkit.keys.static import signing_store, verification_store

FIRST = SigningKey.generate("ES256", kid="1")
SECOND = SigningKey.generate("ES256", kid="2")
SECRET = SigningKey.generate("HS256", kid="1")


# --- StaticKeyStore ----------------------------------------------------------------------------------


def test_it_signs_with_one_key_and_believes_them_all() -> None:
    store = StaticKeyStore(FIRST, SECOND.verification_key)
    assert store.signer() is FIRST
    assert list(store.key_set()) == [FIRST.verification_key, SECOND.verification_key]
    assert store.key_set() is store.key_set()
    assert list(StaticKeyStore(FIRST).key_set()) == [FIRST.verification_key]


def test_the_same_key_twice_counts_once() -> None:
    assert len(StaticKeyStore(FIRST, FIRST.verification_key, FIRST.verification_key).key_set()) == 1


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ((FIRST.verification_key,), "the first key must be a SigningKey"),
        ((None,), "the first key must be a SigningKey"),
        ((FIRST, SECOND), "further keys must be VerificationKeys"),
        ((FIRST, None), "further keys must be VerificationKeys"),
        ((FIRST, JWKSet([SECOND.verification_key])), "further keys must be VerificationKeys"),
    ],
)
def test_other_things_are_no_keys(keys: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        StaticKeyStore(*keys)


def test_contradictions_are_fatal() -> None:
    with pytest.raises(ConfigurationError) as caught:
        StaticKeyStore(FIRST, SigningKey.generate("ES256", kid="1").verification_key)
    assert caught.value.code == "jwks.conflict"
    with pytest.raises(ConfigurationError) as caught:
        StaticKeyStore(FIRST, SECRET.verification_key)
    assert caught.value.code == "jwks.mixed"


def test_its_repr_shows_key_ids_only() -> None:
    assert repr(StaticKeyStore(FIRST, SECOND.verification_key)) == "StaticKeyStore('1', 2 to verify)"


# --- keys= -------------------------------------------------------------------------------------------


def test_an_issuer_takes_whatever_signs() -> None:
    store = StaticKeyStore(FIRST)
    assert signing_store(FIRST).signer() is FIRST
    assert signing_store(store) is store


def test_a_validator_takes_whatever_verifies() -> None:
    store, key_set = Keys(FIRST), JWKSet([FIRST.verification_key])
    assert verification_store(store) is store
    for keys in (FIRST, FIRST.verification_key, key_set):
        made = verification_store(keys)
        assert list(made.key_set()) == [FIRST.verification_key]
        assert made.key_set() is made.key_set()
        assert verification_store(made) is made
    assert verification_store(key_set).key_set() is key_set


@pytest.mark.parametrize(
    "keys", [None, 1, "key", b"key", {"keys": []}, [FIRST], (), object(), SigningKey, Keys]
)
def test_neither_takes_anything_else(keys: Any) -> None:
    for read in (signing_store, verification_store):
        with pytest.raises(ConfigurationError, match="keys must be a SigningKey"):
            read(keys)


@pytest.mark.parametrize("keys", [FIRST.verification_key, JWKSet([FIRST.verification_key])])
def test_what_only_verifies_does_not_sign(keys: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"a {type(keys).__name__} cannot sign"):
        signing_store(keys)


def test_a_store_that_only_verifies_does_not_sign() -> None:
    with pytest.raises(ConfigurationError, match=r"a key store with signer\(\)"):
        signing_store(Keys(FIRST))


@pytest.mark.parametrize("keys", [JWKSet(), JWKSet.parse('{"keys": [{"kty": "unheard of"}]}')])
def test_a_set_that_verifies_nothing_is_refused(keys: JWKSet) -> None:
    with pytest.raises(ConfigurationError, match=r"holds no usable key: see its \.skipped"):
        verification_store(keys)


# --- the protocols -----------------------------------------------------------------------------------


def test_what_there_is_keeps_the_protocols() -> None:
    assert isinstance(FIRST, Signer)
    assert isinstance(StaticKeyStore(FIRST), SigningKeyStore)
    assert isinstance(StaticKeyStore(FIRST), VerificationKeyStore)
    assert not isinstance(StaticKeyStore(FIRST), Refreshable)
    assert not isinstance(FIRST.verification_key, Signer)
    assert type(FIRST.verification_key) is VerificationKey
    for store in (RemoteKeys(FIRST), AwaitedKeys(FIRST)):
        assert isinstance(store, VerificationKeyStore)
        assert isinstance(store, Refreshable)
    assert not isinstance(Keys(FIRST), Refreshable)
