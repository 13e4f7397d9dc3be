"""Key stores: asked once for an unknown key, followed when they change, and never a bad token when down."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.tokens.kit import (
    AUDIENCE,
    ISSUER,
    KEY,
    STRANGERS_KEY,
    AwaitedKeys,
    Keys,
    RemoteKeys,
    claims_with,
    compact,
    sign,
    token_with,
)
from tests.validator.faces import Sync

from jwtkit.errors import (
    AlgorithmNotAllowedError,
    ConfigurationError,
    InvalidSignatureError,
    JWTKitError,
    KeysUnavailableError,
    UnknownKeyError,
)
from jwtkit.jose import JWKSet, SigningKey
from jwtkit.validator import AsyncTokenValidator, TokenValidator

NEW = SigningKey.generate("HS256", kid="new")
BOTH = JWKSet([KEY.verification_key, NEW.verification_key])
WAYS = pytest.mark.parametrize("way", ["validate", "validate_except_lifetime", "inspect"])


def outcome(validator: Any, way: str, token: str) -> JWTKitError | None:
    """Return what a token was refused with, however it was asked about."""
    try:
        answer = getattr(validator, way)(token)
    except JWTKitError as error:
        return error
    return answer.error if way == "inspect" else None


# --- unknown keys ------------------------------------------------------------------------------------


@WAYS
def test_a_store_is_asked_once_for_an_unknown_key(face: Sync, way: str) -> None:
    store = face.remote(KEY, found=BOTH)
    validator = face.make(keys=store)
    assert outcome(validator, way, sign(claims_with(), key=NEW)) is None
    assert store.refreshed == ["new"]
    assert outcome(validator, way, sign(claims_with(), key=NEW)) is None
    assert store.refreshed == ["new"]


@WAYS
def test_a_key_that_is_still_absent_is_unknown(face: Sync, way: str) -> None:
    store = face.remote(KEY)
    error = outcome(face.make(keys=store), way, sign(claims_with(), key=NEW))
    assert type(error) is UnknownKeyError
    assert error.code == "token.unknown_key"
    assert store.refreshed == ["new"]


@WAYS
@pytest.mark.parametrize(
    "failure", [OSError("http://user:hunter2@keys.example"), KeysUnavailableError("hunter2?"), TimeoutError()]
)
def test_a_store_that_could_not_look_is_our_outage(face: Sync, way: str, failure: Exception) -> None:
    store = face.remote(KEY)
    store.refresh_failure = failure
    error = outcome(face.make(keys=store), way, sign(claims_with(), key=NEW))
    assert type(error) is KeysUnavailableError
    assert (error.code, error.http_status) == ("keys.unavailable", 503)
    if isinstance(failure, KeysUnavailableError):
        assert error is failure
    else:
        assert str(error) == f"the key store raised {type(failure).__name__}"
        assert error.__cause__ is failure
    assert store.refreshed == ["new"]


@WAYS
def test_a_found_key_does_not_make_the_signature_good(face: Sync, way: str) -> None:
    strangers = SigningKey.generate("HS256", kid="new")
    store = face.remote(KEY, found=BOTH)
    error = outcome(face.make(keys=store), way, sign(claims_with(), key=strangers))
    assert type(error) is InvalidSignatureError


@pytest.mark.parametrize("kind", ["good", "forged", "wrong algorithm", "malformed", "no kid"])
def test_nothing_else_makes_a_store_look(face: Sync, kind: str) -> None:
    store = face.remote(KEY, SigningKey.generate("HS256", kid="second"), found=BOTH)
    text = {
        "good": token_with(),
        "forged": sign(claims_with(), key=STRANGERS_KEY),
        "wrong algorithm": compact({"alg": "ES256", "kid": "new"}),
        "malformed": compact({"alg": "HS256", "kid": 1}),
        "no kid": compact({"alg": "HS256", "typ": "at+jwt"}),
    }[kind]
    outcome(face.make(keys=store), "validate", text)
    assert store.refreshed == []


def test_a_store_that_cannot_learn_is_not_asked_to(face: Sync) -> None:
    error = outcome(face.make(keys=Keys(KEY)), "validate", sign(claims_with(), key=NEW))
    assert type(error) is UnknownKeyError


def test_a_remote_store_may_be_empty_at_first(face: Sync) -> None:
    store = face.remote(found=JWKSet([KEY.verification_key]))
    validator = face.make(keys=store, algorithms=["HS256"])
    assert validator.validate(token_with())
    assert store.refreshed == ["main"]


def test_without_algorithms_a_remote_store_must_have_been_filled_to_know_them(face: Sync) -> None:
    store = face.remote(found=JWKSet([KEY.verification_key]))
    error = outcome(face.make(keys=store), "validate", token_with())
    assert type(error) is AlgorithmNotAllowedError


# --- outages -----------------------------------------------------------------------------------------


@WAYS
@pytest.mark.parametrize(
    "failure", [OSError("hunter2"), KeysUnavailableError("no keys yet"), ZeroDivisionError("hunter2")]
)
def test_keys_that_cannot_be_had_are_our_outage(face: Sync, way: str, failure: Exception) -> None:
    store = face.remote(KEY)
    validator = face.make(keys=store)
    assert outcome(validator, way, token_with()) is None
    store.failure = failure
    for text in (token_with(), sign(claims_with(), key=STRANGERS_KEY), sign(claims_with(), key=NEW)):
        error = outcome(validator, way, text)
        assert type(error) is KeysUnavailableError
        assert "hunter2" not in str(error)
        assert error.http_status == 503
    store.failure = None
    assert outcome(validator, way, token_with()) is None


@WAYS
@pytest.mark.parametrize("rubbish", [None, [], KEY, {"keys": []}])
def test_a_store_that_hands_out_something_else_is_our_outage(face: Sync, way: str, rubbish: Any) -> None:
    store = face.remote(KEY)
    validator = face.make(keys=store)
    store.snapshot = rubbish
    error = outcome(validator, way, token_with())
    assert type(error) is KeysUnavailableError
    assert str(error) == f"the key store returned {type(rubbish).__name__}, not a JWKSet"


def test_the_process_may_still_be_interrupted_while_a_store_looks(face: Sync) -> None:
    store = face.remote(KEY)
    store.refresh_failure = KeyboardInterrupt()  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        face.make(keys=store).validate(sign(claims_with(), key=NEW))


# --- rotation ----------------------------------------------------------------------------------------


@WAYS
def test_a_removed_key_is_refused_at_once(face: Sync, way: str) -> None:
    store = Keys(KEY, NEW)
    validator = face.make(keys=store)
    for key in (KEY, NEW):
        assert outcome(validator, way, sign(claims_with(), key=key)) is None
    store.snapshot = JWKSet([NEW.verification_key])
    assert type(outcome(validator, way, token_with())) is UnknownKeyError
    assert outcome(validator, way, sign(claims_with(), key=NEW)) is None
    store.snapshot = BOTH
    assert outcome(validator, way, token_with()) is None


def test_a_replaced_key_of_the_same_id_is_not_confused_with_the_old(face: Sync) -> None:
    store = Keys(KEY)
    validator = face.make(keys=store)
    assert validator.validate(token_with())
    store.snapshot = JWKSet([STRANGERS_KEY.verification_key])
    assert type(outcome(validator, "validate", token_with())) is InvalidSignatureError
    assert validator.validate(sign(claims_with(), key=STRANGERS_KEY))


def test_a_restriction_of_algorithms_outlives_a_change_of_keys(face: Sync) -> None:
    first, second = SigningKey.generate("ES256", kid="1"), SigningKey.generate("Ed25519", kid="2")
    store = Keys(first)
    validator = face.make(keys=store, algorithms=["ES256"])
    store.snapshot = JWKSet([first.verification_key, second.verification_key])
    assert validator.validate(sign(claims_with(), key=first))
    error = outcome(validator, "validate", sign(claims_with(), key=second))
    assert type(error) is AlgorithmNotAllowedError


# --- what is learned of headers ----------------------------------------------------------------------


def learned(validator: Any) -> dict[bytes, Any]:
    """Return the headers a validator keeps: a private matter, looked into to see that it is bounded."""
    real = getattr(validator, "real", validator)
    bindings: dict[bytes, Any] = real._sole._learned.bindings
    return bindings


def test_a_header_is_kept_only_after_a_good_signature(face: Sync) -> None:
    validator = face.make()
    for text in (sign(claims_with(), key=STRANGERS_KEY), compact({"alg": "none"}), "a.b.c", "", None):
        outcome(validator, "validate", text)  # type: ignore[arg-type]
    assert learned(validator) == {}
    validator.validate(token_with())
    assert list(learned(validator)) == [token_with().split(".")[0].encode()]


@pytest.mark.parametrize("way", ["inspect", "validate_except_lifetime"])
def test_only_validate_keeps_headers(face: Sync, way: str) -> None:
    """What an operator looks into, or a refresh brings along, is not what requests bring."""
    validator = face.make()
    assert getattr(validator, way)(token_with())
    assert learned(validator) == {}
    validator.validate(token_with())
    assert getattr(validator, way)(token_with())
    assert len(learned(validator)) == 1


def test_the_number_of_kept_headers_is_bounded(face: Sync) -> None:
    validator = face.make()
    for number in range(200):
        validator.validate(compact({"alg": "HS256", "typ": "at+jwt", "kid": "main", "n": number}))
        assert len(learned(validator)) <= 64
    assert validator.validate(token_with())


def test_headers_of_more_than_512_characters_are_not_kept(face: Sync) -> None:
    header = {"alg": "HS256", "typ": "at+jwt", "kid": "main", "pad": ""}
    room = 384 - len(json.dumps(header))
    for length, kept in ((room, 1), (room + 1, 0), (room + 200, 0)):
        validator = face.make()
        token = compact({**header, "pad": "p" * length})
        assert (len(token.split(".")[0]) <= 512) is bool(kept)
        for _ in range(2):
            assert validator.validate(token).header["pad"] == "p" * length
            assert len(learned(validator)) == kept


@pytest.mark.parametrize("value", [[1], {"a": 1}, [], {}])
def test_a_header_that_could_be_changed_is_read_anew(face: Sync, value: Any) -> None:
    validator = face.make()
    text = compact({"alg": "HS256", "typ": "at+jwt", "kid": "main", "x": value})
    seen = validator.validate(text).header["x"]
    seen.clear()
    seen.update(a=2) if isinstance(seen, dict) else seen.append(2)
    assert validator.validate(text).header["x"] == value
    assert learned(validator) == {}


def test_the_same_header_means_the_same_in_any_thread() -> None:
    store = Keys(KEY, NEW)
    validator = TokenValidator(ISSUER, audience=AUDIENCE, keys=store, max_token_bytes=4000)
    now = int(time.time())
    snapshots = [BOTH, JWKSet([NEW.verification_key, KEY.verification_key])]
    texts = [(sign(claims_with(exp=now + 600, iat=now), key=key), key.kid) for key in (KEY, NEW)]
    forged = sign(claims_with(exp=now + 600, iat=now), key=STRANGERS_KEY)

    def work(number: int) -> None:
        for turn in range(100):
            store.snapshot = snapshots[turn % 2]
            text, kid = texts[(number + turn) % 2]
            assert validator.validate(text).key_id == kid
            with pytest.raises(InvalidSignatureError):
                validator.validate(forged)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))


# --- which stores a validator takes ------------------------------------------------------------------


class Blocking(RemoteKeys):
    blocking = True


class Unmarked:
    """A store that does not say whether it waits."""

    def __init__(self, key: SigningKey) -> None:
        self.snapshot = JWKSet([key.verification_key])

    def key_set(self) -> JWKSet:
        return self.snapshot

    def refresh(self, kid: str, /) -> None: ...


class UnmarkedAwaited(Unmarked):
    async def refresh(self, kid: str, /) -> None:  # type: ignore[override]
        ...


def test_a_sync_validator_takes_no_awaited_store() -> None:
    with pytest.raises(ConfigurationError, match="needs an AsyncTokenValidator"):
        TokenValidator(ISSUER, audience=AUDIENCE, keys=AwaitedKeys(KEY))


@pytest.mark.parametrize("store", [Blocking, Unmarked])
def test_an_async_validator_takes_no_store_that_would_block(store: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"{store.__name__} would block the event loop"):
        AsyncTokenValidator(ISSUER, audience=AUDIENCE, keys=store(KEY))


@pytest.mark.parametrize("store", [RemoteKeys, AwaitedKeys, UnmarkedAwaited, Keys])
def test_an_async_validator_takes_stores_that_await_or_never_wait(store: Any) -> None:
    assert AsyncTokenValidator(ISSUER, audience=AUDIENCE, keys=store(KEY))


async def test_an_async_validator_asks_a_sync_store_that_never_waits() -> None:
    store = RemoteKeys(KEY, found=BOTH)
    now = int(time.time())
    validator = AsyncTokenValidator(ISSUER, audience=AUDIENCE, keys=store)
    token = await validator.validate(sign(claims_with(exp=now + 600, iat=now), key=NEW))
    assert token.key_id == "new"
    assert store.refreshed == ["new"]


@pytest.mark.parametrize(
    ("store", "blocking"), [(Keys, False), (RemoteKeys, False), (Blocking, True), (Unmarked, True)]
)
def test_a_sync_validator_says_whether_it_may_wait(store: Any, blocking: bool) -> None:
    assert TokenValidator(ISSUER, audience=AUDIENCE, keys=store(KEY)).blocking is blocking
