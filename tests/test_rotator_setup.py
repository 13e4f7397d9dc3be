"""A rotator says at construction what does not fit together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.refresh.kit import (
    AUDIENCE,
    ISSUER,
    KEY,
    KEYS,
    NOW,
    SECRET,
    Clock,
    Disturbed,
    first_generation,
    foreign_failure,
    make_rotator,
    unavailable,
)

from jwtkit.errors import ConfigurationError, ContentionError, StoreUnavailableError
from jwtkit.issuer import AsyncTokenIssuer, TokenIssuer
from jwtkit.jose import JWKSet, SigningKey
from jwtkit.keys import StaticKeyStore
from jwtkit.refresh import RotationSecret
from jwtkit.rotator import AsyncRefreshRotator, RefreshRotator
from jwtkit.stores import AsyncMemorySessionStore, MemorySessionStore
from jwtkit.tokens import GENERIC, RFC9068, SECURITY_EVENT
from jwtkit.validator import AsyncTokenValidator, TokenValidator, TrustedIssuer


def busy() -> None:
    raise ContentionError("others write")


def parts(**changes: Any) -> dict[str, Any]:
    return {
        "issuer": TokenIssuer(ISSUER, audience=AUDIENCE, keys=KEY),
        "validator": TokenValidator(ISSUER, audience=AUDIENCE, keys=KEY),
        "store": MemorySessionStore(),
        "secret": SECRET,
        **changes,
    }


def refused(code: str, *, kind: Any = RefreshRotator, **changes: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        kind(**parts(**changes))
    assert caught.value.code == code


def test_parts_that_fit_make_a_rotator() -> None:
    assert repr(RefreshRotator(**parts())) == f"RefreshRotator({ISSUER!r})"
    rotator = AsyncRefreshRotator(**parts(store=AsyncMemorySessionStore()))
    assert repr(rotator) == f"AsyncRefreshRotator({ISSUER!r})"


def test_another_issuer() -> None:
    refused("rotator.issuer", validator=TokenValidator("https://b.example", audience=AUDIENCE, keys=KEY))


def test_another_audience() -> None:
    refused("rotator.audience", validator=TokenValidator(ISSUER, audience="billing", keys=KEY))


def test_one_audience_in_common_is_enough() -> None:
    RefreshRotator(**parts(validator=TokenValidator(ISSUER, audience=["billing", AUDIENCE], keys=KEY)))


def test_another_profile() -> None:
    refused("rotator.profile", validator=TokenValidator(ISSUER, audience=AUDIENCE, keys=KEY, profile=RFC9068))


def test_another_key() -> None:
    other = SigningKey.generate("HS256")
    refused("rotator.keys", validator=TokenValidator(ISSUER, audience=AUDIENCE, keys=other))


def test_a_key_that_is_one_of_several() -> None:
    key, other = SigningKey.generate("ES256"), SigningKey.generate("ES256")
    keys = StaticKeyStore(other, key.verification_key)
    RefreshRotator(
        TokenIssuer(ISSUER, audience=AUDIENCE, keys=key),
        TokenValidator(ISSUER, audience=AUDIENCE, keys=keys),
        store=MemorySessionStore(),
        secret=SECRET,
    )


def test_keys_that_may_change_are_not_compared() -> None:
    class Learning:
        def key_set(self) -> Any:
            return learned

        def refresh(self, kid: str) -> None:
            """Learn nothing."""

    learned = JWKSet([SigningKey.generate("HS256").verification_key])
    RefreshRotator(**parts(validator=TokenValidator(ISSUER, audience=AUDIENCE, keys=Learning())))


def test_one_of_several_trusted_issuers() -> None:
    validator = TokenValidator.trusting(
        TrustedIssuer("https://b.example", audience="billing", keys=SigningKey.generate("HS256")),
        TrustedIssuer(ISSUER, audience=AUDIENCE, keys=KEY),
    )
    RefreshRotator(**parts(validator=validator))


def test_tokens_that_name_no_issuer_or_never_expire() -> None:
    issuer = TokenIssuer(None, audience=None, keys=KEY, profile=GENERIC)
    refused("rotator.issuer", issuer=issuer)
    issuer = TokenIssuer(ISSUER, audience=AUDIENCE, keys=KEY, lifetime=None, profile=SECURITY_EVENT)
    refused("rotator.issuer", issuer=issuer)


def test_an_audience_nobody_asks_for() -> None:
    issuer = TokenIssuer(ISSUER, audience=None, keys=KEY, profile=GENERIC)
    RefreshRotator(
        **parts(issuer=issuer, validator=TokenValidator(ISSUER, audience=None, keys=KEY, profile=GENERIC))
    )
    issuer = TokenIssuer(ISSUER, audience=AUDIENCE, keys=KEY, profile=GENERIC)
    RefreshRotator(
        **parts(issuer=issuer, validator=TokenValidator(ISSUER, audience=None, keys=KEY, profile=GENERIC))
    )


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("issuer", "https://orders.example", "rotator.parts"),
        ("validator", None, "rotator.parts"),
        ("secret", SECRET.to_text(), "rotator.secret"),
        ("policy", {"idle": 1}, "rotator.policy"),
        ("grant", {"scopes": []}, "rotator.grant"),
        ("observer", print, "rotator.observer"),
        ("clock", 1_750_000_000, "rotator.clock"),
        ("store", None, "rotator.store"),
        ("store", {}, "rotator.store"),
    ],
)
def test_a_part_of_the_wrong_kind(name: str, value: object, code: str) -> None:
    refused(code, **{name: value})
    changes = {"store": AsyncMemorySessionStore(), name: value}
    refused(code, kind=AsyncRefreshRotator, **changes)


def test_a_store_class_in_place_of_a_store() -> None:
    refused("rotator.store", store=MemorySessionStore)


def test_a_sync_rotator_takes_nothing_that_is_awaited() -> None:
    async def grant(session: object) -> None:
        """Refuse everyone."""

    class Keys:
        def signer(self) -> Any:
            raise NotImplementedError

    refused("rotator.store", store=AsyncMemorySessionStore())
    refused("rotator.grant", grant=grant)
    refused("rotator.parts", issuer=AsyncTokenIssuer(ISSUER, audience=AUDIENCE, keys=Keys()))
    refused("rotator.parts", validator=AsyncTokenValidator(ISSUER, audience=AUDIENCE, keys=KEY))


def test_an_async_rotator_takes_nothing_that_blocks() -> None:
    class Blocking(MemorySessionStore):
        blocking = True

    refused("rotator.store", kind=AsyncRefreshRotator)
    validator = TokenValidator(ISSUER, audience=AUDIENCE, keys=KEY, revocation=Blocking())
    refused("rotator.parts", kind=AsyncRefreshRotator, store=AsyncMemorySessionStore(), validator=validator)


class TestTheSecretThatSessionsWereMadeWith:
    """A service started with the wrong rotation secret would log everybody out."""

    def test_a_start_without_it_is_refused(self) -> None:
        clock = Clock()
        store = MemorySessionStore(clock=clock)
        make_rotator(clock, store=store).start("client-42")
        with pytest.raises(ConfigurationError) as caught:
            make_rotator(clock, store=store, secret=RotationSecret.generate())
        assert caught.value.code == "rotation_secret.unknown"
        assert SECRET.key_id in str(caught.value)

    def test_a_secret_that_accepts_it_starts(self) -> None:
        clock = Clock()
        store = MemorySessionStore(clock=clock)
        make_rotator(clock, store=store).start("client-42")
        make_rotator(clock, store=store, secret=RotationSecret.generate().accepting(SECRET))

    def test_sessions_of_another_issuer_do_not_matter(self) -> None:
        clock = Clock()
        store = MemorySessionStore(clock=clock)
        make_rotator(clock, store=store).start("client-42")
        make_rotator(clock, store=store, secret=RotationSecret.generate(), issuer="https://b.example")

    def test_sessions_that_are_over_do_not_matter(self) -> None:
        clock = Clock()
        store = MemorySessionStore(clock=clock)
        make_rotator(clock, store=store).start("client-42")
        clock.turn(days=15)
        make_rotator(clock, store=store, secret=RotationSecret.generate())

    @pytest.mark.parametrize("failure", [unavailable, foreign_failure])
    def test_a_store_that_is_down_is_asked_again_before_a_token_is_judged(self, failure: Any) -> None:
        clock = Clock()
        store = Disturbed(MemorySessionStore(clock=clock))
        pair = make_rotator(clock, store=store).start("client-42")
        store.before["live_key_ids"] = [failure] * 3
        rotator = make_rotator(clock, store=store, secret=RotationSecret.generate())
        for call in (rotator.rotate, rotator.revoke):
            with pytest.raises(StoreUnavailableError):
                call(pair.refresh_token)
        for call in (rotator.rotate, rotator.revoke, rotator.start):
            with pytest.raises(ConfigurationError) as caught:
                call(pair.refresh_token)
            assert caught.value.code == "rotation_secret.unknown"

    def test_a_store_that_is_back_lets_the_first_call_through(self) -> None:
        clock = Clock()
        store = Disturbed(MemorySessionStore(clock=clock))
        pair = make_rotator(clock, store=store).start("client-42")
        for failure in (unavailable, busy):
            store.before["live_key_ids"] = [failure]
            pair = make_rotator(clock, store=store).rotate(pair.refresh_token)
            assert not pair.retried

    def test_it_is_asked_only_once(self) -> None:
        clock = Clock()
        store = Disturbed(MemorySessionStore(clock=clock))
        rotator = make_rotator(clock, store=store)
        pair = rotator.start("client-42")
        rotator.revoke(rotator.rotate(pair.refresh_token).refresh_token)
        assert store.calls.count("live_key_ids") == 1

    def test_a_store_without_such_a_record_is_not_asked(self) -> None:
        class Forgetful(MemorySessionStore):
            live_key_ids = None  # type: ignore[assignment]

        make_rotator(Clock(), store=Forgetful()).start("client-42")

    def test_nor_is_one_that_lacks_the_method(self) -> None:
        class Bare:
            def __init__(self) -> None:
                self.inner = MemorySessionStore()

            def __getattr__(self, name: str) -> Any:
                if name == "live_key_ids":
                    raise AttributeError(name)
                return getattr(self.inner, name)

        make_rotator(Clock(), store=Bare()).start("client-42")

    async def test_nor_is_an_async_one_without_it(self) -> None:
        class Forgetful(AsyncMemorySessionStore):
            live_key_ids = None  # type: ignore[assignment]

        await AsyncRefreshRotator(**parts(store=Forgetful())).start("client-42")

    def test_a_record_that_is_awaited_is_seen_at_construction(self) -> None:
        class Mixed(MemorySessionStore):
            async def live_key_ids(self, issuer: str) -> frozenset[str]:  # type: ignore[override]
                return frozenset()

        refused("rotator.store", store=Mixed())

    async def test_an_async_rotator_asks_at_its_first_call(self) -> None:
        store = AsyncMemorySessionStore()
        right = AsyncRefreshRotator(**parts(store=store))
        pair = await right.start("client-42")
        wrong = AsyncRefreshRotator(**parts(store=store, secret=RotationSecret.generate()))
        with pytest.raises(ConfigurationError) as caught:
            await wrong.rotate(pair.refresh_token)
        assert caught.value.code == "rotation_secret.unknown"
        with pytest.raises(ConfigurationError):
            await wrong.check_secret()
        await right.check_secret()

    async def test_an_async_start_with_the_right_one_may_be_checked_first(self) -> None:
        await AsyncRefreshRotator(**parts(store=AsyncMemorySessionStore())).check_secret()


def test_the_kit_makes_rows_as_the_rotator_does() -> None:
    """The tests of the table would mean nothing if their rows differed from real ones."""
    store = MemorySessionStore(clock=Clock())
    rotator = make_rotator(Clock(), store=store)
    pair = rotator.start("client-42", client_id="web", tenant="acme", confirmation="thumbprint")
    real = store.read(pair.session_id).family
    made, token = first_generation()
    assert real is not None
    assert real.created_at == made.created_at == NOW
    assert real.absolute_expires_at == made.absolute_expires_at
    assert (real.version, real.key_id, real.nonce) == (made.version, made.key_id, made.nonce)
    assert token.key_id == KEYS.current.key_id


def test_lifetimes_come_from_the_issuer() -> None:
    pair = make_rotator(Clock(), lifetime=timedelta(minutes=5)).start("client-42")
    assert pair.expires_in == 300
    assert pair.refresh_expires_in == 14 * 86_400
