"""The token cache: whatever it remembers, a validator answers as it would without it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tokens.kit import (
    ABSENT,
    AUDIENCE,
    ISSUER,
    KEY,
    NOW,
    STRANGERS_KEY,
    THUMBPRINT,
    Keys,
    claims_with,
    compact,
    profile_with,
    sign,
    token_with,
)
from tests.validator.corpus import CORPUS
from tests.validator.faces import Sync

from jwtkit.errors import (
    ClaimsError,
    ConfigurationError,
    ConfirmationError,
    InvalidSignatureError,
    JWTKitError,
    KeysUnavailableError,
    StoreUnavailableError,
    TokenExpiredError,
    TokenRevokedError,
    UnknownKeyError,
)
from jwtkit.jose import JWKSet, SigningKey
from jwtkit.revocation import RevocationStatus
from jwtkit.testing import ManualClock
from jwtkit.tokens import GENERIC
from jwtkit.validator import TokenCache, TokenValidator, TrustedIssuer


def refusal(validator: Any, token: Any, **options: Any) -> JWTKitError:
    with pytest.raises(JWTKitError) as caught:
        validator.validate(token, **options)
    return caught.value


# --- what is kept ------------------------------------------------------------------------------------


def test_an_accepted_token_is_kept_and_read_again(face: Sync) -> None:
    cache = TokenCache()
    validator = face.make(cache=cache)
    first = validator.validate(token_with(scope="a"))
    assert len(cache) == 1
    again = validator.validate(token_with(scope="a"))
    assert (again.claims, again.header, again.key_id) == (first.claims, first.header, first.key_id)
    assert validator.validate(token_with(scope="a").encode()).scopes == {"a"}
    assert len(cache) == 1
    assert repr(cache) == "TokenCache(max_entries=10000, 1 kept)"


@pytest.mark.parametrize("checks", [[], [lambda _: None]], ids=["", "with a check"])
def test_a_hit_verifies_no_signature(face: Sync, checks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    validator = face.make(cache=TokenCache(), checks=checks)
    validator.validate(token_with())
    real = getattr(validator, "real", validator)
    monkeypatch.setattr(type(real), "_authenticate", lambda *_: pytest.fail("validated in full"))
    assert validator.validate(token_with()).subject == "client-42"


def test_refused_tokens_are_not_kept(face: Sync) -> None:
    cache = TokenCache()
    validator = face.make(cache=cache)
    plain = face.make()
    refused = [token for token in CORPUS.values() if not plain.inspect(token).ok]
    assert len(refused) > 40
    for token in refused:
        refusal(validator, token)
    assert len(cache) == 0


@pytest.mark.parametrize(
    ("token", "options"),
    [
        (token_with(note="n" * 4000), {}),
        (token_with(cnf={"jkt": THUMBPRINT}), {"confirmation": THUMBPRINT}),
        (token_with(cnf={"jkt": THUMBPRINT}), {"unsafe_ignore_confirmation": True}),
        (compact({"alg": "HS256", "typ": "at+jwt", "kid": "main", "x": []}), {}),
    ],
    ids=["over 4 KiB", "bound", "bound, ignored", "header that could be changed"],
)
def test_some_tokens_are_never_kept(face: Sync, token: str, options: dict[str, Any]) -> None:
    cache = TokenCache()
    validator = face.make(cache=cache)
    assert validator.validate(token, **options)
    assert len(cache) == 0


def test_a_token_of_exactly_4_kib_is_the_longest_kept(face: Sync) -> None:
    headers = [{"alg": "HS256", "typ": "at+jwt", "kid": "main", "x": "x" * pad} for pad in range(3)]
    sizes = range(2700, 2900)
    tokens = [compact(header, claims_with(note="n" * size)) for header in headers for size in sizes]
    by_length = {len(token): token for token in tokens}
    lengths = sorted(length for length in by_length if abs(length - 4096) < 3)
    assert 4096 in lengths
    assert lengths[-1] > 4096
    for length in lengths:
        cache = TokenCache()
        face.make(cache=cache).validate(by_length[length])
        assert len(cache) == (length <= 4096)


def test_inspecting_and_stale_tokens_neither_fill_nor_read_it(face: Sync) -> None:
    cache = TokenCache()
    clock = ManualClock(NOW)
    validator = face.make(cache=cache, clock=clock)
    assert validator.inspect(token_with()).ok
    assert validator.validate_except_lifetime(token_with())
    assert len(cache) == 0
    validator.validate(token_with())
    clock.advance(2000)
    assert not validator.inspect(token_with()).ok
    assert validator.validate_except_lifetime(token_with()).expired
    assert len(cache) == 1


def test_the_oldest_goes_first(face: Sync) -> None:
    cache = TokenCache(max_entries=2)
    validator = face.make(cache=cache)
    for number in range(50):
        assert validator.validate(token_with(jti=str(number))).id == str(number)
        assert len(cache) <= 2
    assert validator.validate(token_with(jti="0")).id == "0"


def test_no_token_is_kept_by_its_text() -> None:
    cache = TokenCache()
    Sync().make(cache=cache).validate(token_with())
    assert all(len(key) == 32 and key not in token_with().encode() for key in cache._entries)


# --- what is asked anew ------------------------------------------------------------------------------


def test_a_kept_token_expires_and_ages_as_any_other(face: Sync) -> None:
    clock = ManualClock(NOW)
    validator = face.make(cache=TokenCache(), clock=clock)
    token = token_with(nbf=NOW)
    validator.validate(token)
    clock.set(NOW + 900 + 30 - 0.001)
    assert validator.validate(token)
    clock.set(NOW + 900 + 30)
    assert type(refusal(validator, token)) is TokenExpiredError
    # Time may also go back, and then a token may not be valid yet.
    clock.set(NOW)
    assert validator.validate(token)
    clock.set(NOW - 31)
    assert refusal(validator, token).code == "claim.iat.early"


@pytest.mark.parametrize(
    ("times", "first", "last"),
    [
        ({"iat": NOW}, NOW - 30, NOW + 929),
        ({"iat": NOW, "nbf": NOW - 100}, NOW - 30, NOW + 929),
        ({"iat": NOW - 100, "nbf": NOW}, NOW - 30, NOW + 929),
        ({"iat": ABSENT, "nbf": NOW}, NOW - 30, NOW + 929),
        ({"iat": ABSENT, "exp": ABSENT}, -30, 10**12),
        ({"iat": ABSENT, "exp": ABSENT, "nbf": 0}, -30, 10**12),
        ({"iat": 0, "exp": ABSENT}, -30, 10**12),
        ({"iat": -(10**400), "nbf": -(10**400), "exp": ABSENT}, -30, 10**12),
    ],
)
def test_a_hit_is_good_from_the_first_moment_to_the_last(times: Any, first: int, last: int) -> None:
    """Never longer than the times allow, and for no shorter: a cache that forgets early is none."""
    cache = TokenCache()
    validator = Sync().make(cache=cache, profile=profile_with(required_claims=("sub",)))
    token = sign(claims_with(**times), typ="own+jwt")
    validator.validate(token)
    for now in (first, last):
        assert cache.find(token, now) is not None
    for now in (first - 1, last + 1):
        if now < 10**12:
            assert cache.find(token, now) is None
            assert len(cache) == 0
            validator.validate(token)


def test_a_kept_token_that_now_reaches_too_far_ahead_is_refused(face: Sync) -> None:
    clock = ManualClock(NOW)
    validator = face.make(
        cache=TokenCache(), clock=clock, max_lifetime=timedelta(seconds=900), leeway=timedelta(60)
    )
    validator.validate(token_with())
    clock.advance(-1)
    assert refusal(validator, token_with()).code == "claim.exp.too_far"


def test_a_token_without_times_is_kept_for_as_long_as_its_keys(face: Sync) -> None:
    cache, clock = TokenCache(), ManualClock(NOW)
    validator = face.make(cache=cache, clock=clock, profile=profile_with(required_claims=("sub",)))
    token = sign({"iss": ISSUER, "aud": AUDIENCE, "sub": "a", "iat": -(10**400)}, typ="own+jwt")
    validator.validate(token)
    clock.set(253_402_300_799)
    assert validator.validate(token).subject == "a"
    assert len(cache) == 1


def test_a_kept_token_of_a_removed_key_is_refused_at_once(face: Sync) -> None:
    other = SigningKey.generate("HS256", kid="other")
    store = Keys(KEY, other)
    cache = TokenCache()
    validator = face.make(cache=cache, keys=store)
    validator.validate(token_with())
    store.snapshot = JWKSet([other.verification_key])
    assert type(refusal(validator, token_with())) is UnknownKeyError
    assert len(cache) == 0


@pytest.mark.parametrize("failure", [OSError("down"), KeysUnavailableError("down")])
def test_a_kept_token_is_not_good_while_the_keys_cannot_be_had(face: Sync, failure: Exception) -> None:
    store = Keys(KEY)
    validator = face.make(cache=TokenCache(), keys=store)
    validator.validate(token_with())
    store.failure = failure
    assert type(refusal(validator, token_with())) is KeysUnavailableError
    store.failure = None
    assert validator.validate(token_with())


def test_revocation_is_asked_about_a_kept_token(face: Sync) -> None:
    source = face.source(RevocationStatus.ACTIVE)
    cache = TokenCache()
    validator = face.make(cache=cache, revocation=source)
    validator.validate(token_with())
    validator.validate(token_with())
    assert len(source.queries) == 2
    assert source.queries[0] == source.queries[1]
    source.answer = RevocationStatus.SESSION_ENDED
    assert type(refusal(validator, token_with())) is TokenRevokedError
    source.answer = OSError()
    assert type(refusal(validator, token_with())) is StoreUnavailableError


def test_checks_of_ones_own_are_made_again(face: Sync) -> None:
    plans = {"gold"}

    def plan(claims: Any) -> None:
        assert claims["plan"] in plans

    validator = face.make(cache=TokenCache(), checks=[plan])
    validator.validate(token_with(plan="gold"))
    validator.validate(token_with(plan="gold"))
    plans.clear()
    assert refusal(validator, token_with(plan="gold")).code == "check.failed"


def test_a_proof_is_judged_in_full(face: Sync) -> None:
    validator = face.make(cache=TokenCache())
    validator.validate(token_with())
    error = refusal(validator, token_with(), confirmation=THUMBPRINT)
    assert (type(error), error.code) == (ConfirmationError, "token.confirmation_missing")
    assert validator.validate(token_with(), unsafe_ignore_confirmation=True)


def test_what_a_reader_changes_the_next_one_does_not_see(face: Sync) -> None:
    validator = face.make(cache=TokenCache())
    token = token_with(roles=["reader"], nested={"a": [1]})
    for _ in range(3):
        claims = validator.validate(token).claims
        assert (claims["roles"], claims["nested"]) == (["reader"], {"a": [1]})
        claims["roles"].append("admin")
        claims["nested"]["a"].clear()


def test_an_altered_token_is_another_token(face: Sync) -> None:
    validator = face.make(cache=TokenCache())
    token = token_with()
    validator.validate(token)
    assert type(refusal(validator, sign(claims_with(), key=STRANGERS_KEY))) is InvalidSignatureError
    for text in (token + "=", token[:-1], " " + token, token.swapcase(), ""):
        refusal(validator, text)


def test_entries_of_several_issuers_are_kept_apart(face: Sync) -> None:
    other = "https://other.example"
    validator = face.trusting(
        TrustedIssuer(ISSUER, audience=AUDIENCE, keys=KEY),
        TrustedIssuer(other, audience="x", keys=KEY, profile=GENERIC),
        cache=TokenCache(),
    )
    generic = sign(claims_with(iss=other, aud="x"), typ="JWT")
    for _ in range(2):
        assert validator.validate(token_with()).issuer == ISSUER
        assert validator.validate(generic).issuer == other
        assert type(refusal(validator, sign(claims_with(), typ="JWT"))) is ClaimsError


# --- the same answer with and without ----------------------------------------------------------------

MOVES = st.one_of(
    st.tuples(st.just("validate"), st.sampled_from(sorted(CORPUS))),
    st.tuples(st.just("clock"), st.integers(NOW - 100, NOW + 1000)),
    st.tuples(st.just("keys"), st.booleans()),
)


@given(st.lists(MOVES, max_size=30), st.integers(1, 4))
def test_a_validator_answers_as_it_would_without_a_cache(moves: list[tuple[str, Any]], size: int) -> None:
    both, none = JWKSet([KEY.verification_key]), JWKSet([SigningKey.generate("HS256").verification_key])
    store, clock = Keys(KEY), ManualClock(NOW)
    plain = TokenValidator(ISSUER, audience=AUDIENCE, keys=store, clock=clock)
    cached = TokenValidator(
        ISSUER, audience=AUDIENCE, keys=store, clock=clock, cache=TokenCache(max_entries=size)
    )
    for move, value in moves:
        if move == "clock":
            clock.set(value)
        elif move == "keys":
            store.snapshot = both if value else none
        else:
            answers: list[Any] = []
            for validator in (plain, cached, cached):
                try:
                    answers.append(dict(validator.validate(CORPUS[value]).claims))
                except JWTKitError as error:
                    answers.append((type(error), error.code, str(error)))
            assert answers[0] == answers[1] == answers[2]


def test_threads_share_it() -> None:
    cache = TokenCache(max_entries=3)
    validator = Sync().make(cache=cache)
    tokens = [token_with(jti=str(number)) for number in range(6)]

    def work(number: int) -> None:
        for turn in range(200):
            which = (number + turn) % 6
            assert validator.validate(tokens[which]).id == str(which)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert len(cache) <= 3


# --- setting it up -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, -1, True, 1.5, None, "10"])
def test_it_has_room_for_at_least_one(size: Any) -> None:
    with pytest.raises(ConfigurationError, match="max_entries must be a positive number"):
        TokenCache(max_entries=size)


def test_it_belongs_to_one_validator(face: Sync) -> None:
    cache = TokenCache()
    face.make(cache=cache)
    entry = TrustedIssuer(ISSUER, audience="a", keys=KEY)
    with pytest.raises(ConfigurationError, match="belongs to one validator"):
        face.make(cache=cache)
    with pytest.raises(ConfigurationError, match="belongs to one validator"):
        face.trusting(entry, cache=cache)


def test_a_validator_that_could_not_be_made_did_not_take_it(face: Sync) -> None:
    cache = TokenCache()
    with pytest.raises(ConfigurationError):
        face.make(cache=cache, clock=1)
    assert face.make(cache=cache).validate(token_with())


@pytest.mark.parametrize("cache", [{}, True, TokenCache])
def test_nothing_else_is_a_cache(face: Sync, cache: Any) -> None:
    with pytest.raises(ConfigurationError, match="cache must be a TokenCache"):
        face.make(cache=cache)
