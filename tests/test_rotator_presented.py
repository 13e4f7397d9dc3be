"""revoke(), revoke_token() and introspect(): what is done with a token apart from trading it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.refresh.kit import (
    AUDIENCE,
    ISSUER,
    KEY,
    SECRET,
    Clock,
    Disturbed,
    Recorder,
    Untouchable,
    make_rotator,
    make_validator,
    unavailable,
)

from jwtkit.errors import (
    ConfigurationError,
    RefreshMismatchError,
    RefreshTokenReusedError,
    StoreUnavailableError,
    TokenRevokedError,
)
from jwtkit.events import RefreshRefused
from jwtkit.issuer import TokenIssuer
from jwtkit.jose import SigningKey
from jwtkit.refresh import RefreshPolicy, RotationSecret, Session
from jwtkit.rotator import AsyncRefreshRotator, RefreshRotator
from jwtkit.stores import AsyncMemorySessionStore, MemorySessionStore
from jwtkit.validator import TokenValidator

BOUND = {"client_id": "web", "tenant": "acme", "confirmation": "thumbprint"}
WINDOW = timedelta(seconds=30)


class Service:
    """A rotator and a validator over one store that can be disturbed."""

    def __init__(self, **options: Any) -> None:
        self.clock, self.recorder = Clock(), Recorder()
        self.memory = MemorySessionStore(clock=self.clock)
        self.store = Disturbed(self.memory)
        self.options = {"store": self.store, "observer": self.recorder, "revocation": self.memory, **options}
        self.rotator = make_rotator(self.clock, **self.options)
        self.validator = make_validator(self.clock, revocation=self.memory)

    def introspect(self, refresh_token: str) -> Session | None:
        """Assert that nothing is written, and nothing told, by it."""
        rows, events = self.rows(), list(self.recorder.events)
        self.store.calls.clear()
        session = self.rotator.introspect(refresh_token)
        assert self.store.calls == ["read"]
        assert (self.rows(), self.recorder.events) == (rows, events)
        return session

    def rows(self) -> list[Any]:
        return [snapshot.family for snapshot in self.memory.list_subject(ISSUER, "client-42")]


@pytest.fixture
def service() -> Service:
    return Service()


class TestRevokeByClient:
    """A refresh token of another client is refused (RFC 7009 §2.1)."""

    @pytest.mark.parametrize("owner", ["web", None])
    def test_its_own_client_ends_the_session(self, service: Service, owner: str | None) -> None:
        pair = service.rotator.start("client-42", client_id=owner)
        assert service.rotator.revoke(pair.refresh_token, client_id=owner) is True
        assert service.rotator.sessions("client-42") == []
        assert service.rotator.revoke(pair.refresh_token, client_id=owner) is False

    @pytest.mark.parametrize(("owner", "caller"), [("web", "app"), ("web", None), (None, "web"), ("web", "")])
    def test_another_client_does_not(self, service: Service, owner: str | None, caller: str | None) -> None:
        pair = service.rotator.start("client-42", client_id=owner)
        with pytest.raises(RefreshMismatchError) as caught:
            service.rotator.revoke(pair.refresh_token, client_id=caller)
        assert caught.value.code == "refresh.mismatch"
        (refused,) = service.recorder.of(RefreshRefused)
        assert (refused.session_id, refused.subject, refused.detail) == (
            pair.session_id,
            "client-42",
            "client",
        )
        service.rotator.rotate(pair.refresh_token, client_id=owner)

    def test_left_out_the_session_ends_whoever_asks(self, service: Service) -> None:
        pair = service.rotator.start("client-42", **BOUND)
        assert service.rotator.revoke(pair.refresh_token) is True

    def test_what_is_no_session_is_nobody_s(self, service: Service) -> None:
        pair = make_rotator(service.clock).start("client-42", client_id="web")
        assert service.rotator.revoke(pair.refresh_token, client_id="app") is False
        assert service.rotator.revoke("junk", client_id="app") is False


class TestRevokeToken:
    """One access token is denied, and its session goes on."""

    def test_validators_refuse_it_and_no_other(self, service: Service) -> None:
        pair = service.rotator.start("client-42")
        assert service.rotator.revoke_token(pair.access_token) is True
        with pytest.raises(TokenRevokedError):
            service.validator.validate(pair.access_token)
        # A second time is no error, and denies nothing that was not denied.
        assert service.rotator.revoke_token(pair.access_token) is False
        after = service.rotator.rotate(pair.refresh_token)
        service.validator.validate(after.access_token)

    def test_a_refresh_refuses_it_for_as_long_as_it_would_take_it(self, service: Service) -> None:
        """And no longer: the store need not keep what nothing takes any more."""
        pair = service.rotator.start("client-42")
        service.rotator.revoke_token(pair.access_token)
        leeway = service.validator.leeway
        service.clock.turn(seconds=15 * 60 + 14 * 86400 + leeway.total_seconds() - 0.001)
        (denied,) = service.memory._denials.values()
        assert denied == round(service.clock() * 1000) + 1
        assert service.memory.status(_asked_for(service, pair.access_token)).value == "token_denied"

    @pytest.mark.parametrize("client_id", ["web", None])
    def test_its_own_client_may(self, service: Service, client_id: str | None) -> None:
        pair = service.rotator.start("client-42", client_id=client_id)
        assert service.rotator.revoke_token(pair.access_token, client_id=client_id) is True

    @pytest.mark.parametrize(("owner", "caller"), [("web", "app"), ("web", None), (None, "web")])
    def test_another_client_may_not(self, service: Service, owner: str | None, caller: str | None) -> None:
        pair = service.rotator.start("client-42", client_id=owner)
        with pytest.raises(RefreshMismatchError) as caught:
            service.rotator.revoke_token(pair.access_token, client_id=caller)
        assert caught.value.code == "refresh.mismatch"
        assert [event.session_id for event in service.recorder.of(RefreshRefused)] == [pair.session_id]
        service.validator.validate(pair.access_token)

    def test_one_bound_to_a_key_is_denied_without_its_proof(self, service: Service) -> None:
        pair = service.rotator.start("client-42", confirmation="thumbprint")
        assert service.rotator.revoke_token(pair.access_token) is True
        with pytest.raises(TokenRevokedError):
            service.validator.validate(pair.access_token, confirmation="thumbprint")

    def test_what_is_no_good_token_is_no_error(self, service: Service) -> None:
        pair = service.rotator.start("client-42")
        strangers = make_rotator(service.clock, key=SigningKey.generate("HS256")).start("client-42")
        for text in ("junk", b"", pair.refresh_token, strangers.access_token, pair.access_token[:-4]):
            assert service.rotator.revoke_token(text) is False
        service.clock.turn(days=15)
        assert service.rotator.revoke_token(pair.access_token) is False
        assert service.memory._denials == {}

    def test_a_token_of_another_trusted_issuer_is_not_ours_to_deny(self) -> None:
        """Its id would be denied under our name, where nobody looks for it."""
        from jwtkit.validator import TrustedIssuer

        clock, store = Clock(), MemorySessionStore()
        other = TokenIssuer("https://other.example", audience=AUDIENCE, keys=KEY, clock=clock)
        both = TokenValidator.trusting(
            *(TrustedIssuer(name, audience=AUDIENCE, keys=KEY) for name in (ISSUER, "https://other.example")),
            clock=clock,
        )
        issuer = TokenIssuer(ISSUER, audience=AUDIENCE, keys=KEY, clock=clock)
        rotator = RefreshRotator(issuer, both, store=store, secret=SECRET, clock=clock)
        assert rotator.revoke_token(other.issue("client-42").token) is False
        assert rotator.revoke_token(issuer.issue("client-42").token) is True

    def test_a_store_that_is_down_is_no_success(self, service: Service) -> None:
        pair = service.rotator.start("client-42")
        service.store.before["deny"] = [unavailable]
        with pytest.raises(StoreUnavailableError):
            service.rotator.revoke_token(pair.access_token)


def _asked_for(service: Service, access_token: str) -> Any:
    from jwtkit.dangerous import decode_unverified
    from jwtkit.revocation import RevocationQuery

    claims = decode_unverified(access_token).claims
    # Without the session, which is over by then.
    return RevocationQuery(issuer=ISSUER, id=claims["jti"], subject="client-42", epoch=claims["rte"])


class TestIntrospect:
    """Whether a refresh token is good is said without a write."""

    def test_the_live_token_shows_its_session(self, service: Service) -> None:
        pair = service.rotator.start("client-42", scopes=["orders:read"], claims={"plan": "gold"}, **BOUND)
        for generation in range(3):
            session = service.introspect(pair.refresh_token)
            assert session is not None
            assert session == service.rotator.sessions("client-42")[0]
            assert (session.id, session.generation) == (pair.session_id, generation)
            service.clock.turn(60)
            pair = service.rotator.rotate(pair.refresh_token, **BOUND)

    def test_one_that_would_be_answered_again_is_good(self, service: Service) -> None:
        first = service.rotator.start("client-42")
        service.rotator.rotate(first.refresh_token)
        service.clock.turn(WINDOW.total_seconds() - 0.001)
        assert service.introspect(first.refresh_token) is not None
        service.clock.turn(0.001)
        assert service.introspect(first.refresh_token) is None

    def test_a_reused_one_is_not_and_its_session_goes_on(self, service: Service) -> None:
        """Whoever asks about an old token is not told, and logs nobody out."""
        first = service.rotator.start("client-42")
        second = service.rotator.rotate(first.refresh_token)
        service.clock.turn(minutes=1)
        assert service.introspect(first.refresh_token) is None
        assert service.introspect(second.refresh_token) is not None

    def test_trading_it_still_ends_the_session(self, service: Service) -> None:
        first = service.rotator.start("client-42")
        second = service.rotator.rotate(first.refresh_token)
        service.clock.turn(minutes=1)
        service.introspect(first.refresh_token)
        with pytest.raises(RefreshTokenReusedError):
            service.rotator.rotate(first.refresh_token)
        assert service.introspect(second.refresh_token) is None

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda service, pair: service.rotator.revoke(pair.refresh_token),
            lambda service, pair: service.rotator.revoke_all(),
            lambda service, pair: service.clock.turn(days=14),
            lambda service, pair: service.clock.turn(days=90),
            lambda service, pair: (service.clock.turn(days=30), service.rotator.purge()),
        ],
        ids=["revoked", "logged out", "idle", "absolute expiry", "removed"],
    )
    def test_no_good_is_none(self, service: Service, spoil: Callable[[Service, Any], object]) -> None:
        pair = service.rotator.start("client-42")
        spoil(service, pair)
        assert service.rotator.introspect(pair.refresh_token) is None

    @pytest.mark.parametrize("text", ["", "junk", b"jkr_", "jkr_" + "A" * 124, None, 7])
    def test_what_is_no_refresh_token_never_reaches_the_store(self, text: Any) -> None:
        assert make_rotator(Clock(), store=Untouchable()).introspect(text) is None

    def test_one_past_its_absolute_expiry_never_reaches_the_store(self) -> None:
        clock = Clock()
        pair = make_rotator(clock).start("client-42")
        clock.turn(days=90)
        assert make_rotator(clock, store=Untouchable()).introspect(pair.refresh_token) is None

    def test_a_store_behind_its_token_cannot_say(self, service: Service) -> None:
        """It was asked twice, and the answer is an outage; not that the token is no good."""
        pair = make_rotator(service.clock).start("client-42")
        service.store.calls.clear()
        with pytest.raises(StoreUnavailableError) as caught:
            service.rotator.introspect(pair.refresh_token)
        assert caught.value.code == "store.behind"
        assert service.store.calls == ["read", "read"]

    def test_a_row_of_a_newer_secret_cannot_be_judged(self, service: Service) -> None:
        newer = RotationSecret.generate()
        pair = service.rotator.start("client-42")
        make_rotator(service.clock, store=service.memory, secret=newer.accepting(SECRET)).rotate(
            pair.refresh_token
        )
        with pytest.raises(StoreUnavailableError) as caught:
            service.rotator.introspect(pair.refresh_token)
        assert caught.value.code == "rotation_secret.unknown"

    def test_the_wrong_secret_says_so_before_it_calls_every_token_forged(self, service: Service) -> None:
        pair = service.rotator.start("client-42")
        service.store.before["live_key_ids"] = [unavailable]
        wrong = make_rotator(service.clock, store=service.store, secret=RotationSecret.generate())
        with pytest.raises(ConfigurationError) as caught:
            wrong.introspect(pair.refresh_token)
        assert caught.value.code == "rotation_secret.unknown"

    def test_without_rotation(self, service: Service) -> None:
        rotator = make_rotator(service.clock, policy=RefreshPolicy(rotate=False))
        pair = rotator.start("client-42")
        assert rotator.introspect(pair.refresh_token) is not None


def test_the_async_rotator_does_the_same() -> None:
    async def use() -> None:
        clock = Clock()
        rotator = AsyncRefreshRotator(
            TokenIssuer(ISSUER, audience=AUDIENCE, keys=KEY, clock=clock),
            make_validator(clock),
            store=AsyncMemorySessionStore(clock=clock),
            secret=SECRET,
            clock=clock,
        )
        assert rotator.issuer == ISSUER
        pair = await rotator.start("client-42", client_id="web")
        session = await rotator.introspect(pair.refresh_token)
        assert session is not None
        assert session.id == pair.session_id
        assert await rotator.revoke_token(pair.access_token, client_id="web") is True
        for revoke in (rotator.revoke, rotator.revoke_token):
            token = pair.refresh_token if revoke == rotator.revoke else pair.access_token
            with pytest.raises(RefreshMismatchError):
                await revoke(token, client_id="app")
        assert await rotator.revoke(pair.refresh_token, client_id="web") is True
        assert await rotator.introspect(pair.refresh_token) is None

    asyncio.run(use())


def test_a_rotator_names_its_issuer() -> None:
    assert make_rotator(Clock()).issuer == ISSUER
