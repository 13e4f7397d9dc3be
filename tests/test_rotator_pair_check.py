"""rotate(access_token=…): the access token must be the session's, and good in everything but its lifetime."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.refresh.kit import AUDIENCE, ISSUER, KEY, SECRET, Clock, make_rotator, make_validator, unavailable
from tests.test_rotator import BOUND, Service

from jwtkit.errors import (
    ClaimsError,
    KeysUnavailableError,
    MalformedTokenError,
    RefreshMismatchError,
    RefreshTokenRevokedError,
    StoreUnavailableError,
    TokenError,
    TokenExpiredError,
    TokenRevokedError,
    UnknownIssuerError,
)
from jwtkit.events import RefreshRefused
from jwtkit.issuer import TokenIssuer
from jwtkit.jose import SigningKey
from jwtkit.refresh import RefreshPolicy, TokenPair
from jwtkit.rotator import RefreshRotator
from jwtkit.stores import MemorySessionStore
from jwtkit.tokens import EXTERNAL_ACCESS_TOKEN, RFC9068
from jwtkit.validator import TokenValidator, TrustedIssuer


@pytest.fixture
def service() -> Service:
    return Service()


def forged(service: Service, pair: TokenPair, **changes: Any) -> str:
    """Return an access token of our own key that says what it should not."""
    claims = {"rtg": 0, "rte": 0}
    arguments: dict[str, Any] = {
        "subject": "client-42",
        "session_id": pair.session_id,
        "client_id": "web",
        "confirmation": "thumbprint",
        "claims": claims,
        **changes,
    }
    issuer = TokenIssuer(ISSUER, audience=AUDIENCE, keys=KEY, clock=service.clock)
    return issuer.issue(**arguments).token


def mismatched(service: Service, pair: TokenPair, access_token: Any, **context: Any) -> RefreshMismatchError:
    context = context or BOUND
    with pytest.raises(RefreshMismatchError) as caught:
        service.rotator.rotate(pair.refresh_token, access_token=access_token, **context)
    assert caught.value.code == "refresh.mismatch"
    return caught.value


def test_an_expired_access_token_is_what_a_refresh_is_for(service: Service) -> None:
    pair = service.rotator.start("client-42", **BOUND)
    service.clock.turn(days=13)
    with pytest.raises(TokenExpiredError):
        service.validator.validate(pair.access_token, confirmation="thumbprint")
    service.rotator.rotate(pair.refresh_token, access_token=pair.access_token, **BOUND)


def test_one_expired_for_longer_than_a_session_may_idle_is_not(service: Service) -> None:
    first = service.rotator.start("client-42", **BOUND)
    pair = first
    for _ in range(3):
        service.clock.turn(days=7)
        pair = service.rotator.rotate(pair.refresh_token, **BOUND)
    error = mismatched(service, pair, first.access_token)
    assert isinstance(error.__cause__, TokenExpiredError)


def test_an_older_access_token_of_the_session_will_do(service: Service) -> None:
    first = service.rotator.start("client-42", **BOUND)
    second = service.rotator.rotate(first.refresh_token, **BOUND)
    service.rotator.rotate(second.refresh_token, access_token=first.access_token, **BOUND)


def test_a_newer_one_will_not(service: Service) -> None:
    first = service.rotator.start("client-42", **BOUND)
    second = service.rotator.rotate(first.refresh_token, **BOUND)
    mismatched(service, first, second.access_token)


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"subject": "client-43"}, "access token: subject"),
        ({"session_id": "other"}, "access token: session"),
        ({"session_id": None}, "access token: session"),
        ({"client_id": "mobile"}, "access token: client"),
        ({"client_id": None}, "access token: client"),
        ({"confirmation": None}, "access token: claim.cnf"),
        ({"claims": {}}, "access token: generation"),
        ({"claims": {"rtg": "0"}}, "access token: generation"),
        ({"claims": {"rtg": True}}, "access token: generation"),
        ({"claims": {"rtg": 0.0}}, "access token: generation"),
        ({"claims": {"rtg": 1}}, "access token: generation"),
    ],
    ids=str,
)
def test_a_token_of_ours_that_is_not_this_sessions(service: Service, changes: Any, detail: str) -> None:
    pair = service.rotator.start("client-42", **BOUND)
    mismatched(service, pair, forged(service, pair, **changes))
    (event,) = service.recorder.of(RefreshRefused)
    assert event.code == "refresh.mismatch"
    assert event.session_id == pair.session_id
    if not detail.endswith("cnf"):
        assert event.detail == detail
    service.rotator.rotate(pair.refresh_token, access_token=pair.access_token, **BOUND)


def test_the_access_token_of_another_session(service: Service) -> None:
    one = service.rotator.start("client-42", **BOUND)
    two = service.rotator.start("client-42", **BOUND)
    mismatched(service, one, two.access_token)


@pytest.mark.parametrize("junk", ["", "junk", b"\xff", 7, "a.b.c", "x" * 20_000])
def test_junk_in_place_of_an_access_token(service: Service, junk: Any) -> None:
    pair = service.rotator.start("client-42", **BOUND)
    error = mismatched(service, pair, junk)
    assert isinstance(error.__cause__, MalformedTokenError)
    (event,) = service.recorder.of(RefreshRefused)
    assert event.detail == f"access token: {error.__cause__.code}"


def test_a_forged_access_token_leaves_the_store_in_peace(service: Service) -> None:
    pair = service.rotator.start("client-42", **BOUND)
    other = make_rotator(service.clock, key=SigningKey.generate("HS256")).start("client-42", **BOUND)
    service.store.calls.clear()
    error = mismatched(service, pair, other.access_token)
    assert isinstance(error.__cause__, TokenError)
    assert service.store.calls == []
    service.rotator.rotate(pair.refresh_token, access_token=pair.access_token, **BOUND)


@pytest.mark.parametrize("context", [{**BOUND, "confirmation": None}, {**BOUND, "confirmation": "other"}])
def test_the_proven_key_must_be_the_access_tokens(service: Service, context: Any) -> None:
    pair = service.rotator.start("client-42", **BOUND)
    mismatched(service, pair, pair.access_token, **context)


def test_the_policy_may_demand_it() -> None:
    service = Service(policy=RefreshPolicy(require_access_token=True))
    pair = service.rotator.start("client-42", **BOUND)
    service.store.calls.clear()
    mismatched(service, pair, None)
    assert service.store.calls == []
    (event,) = service.recorder.of(RefreshRefused)
    assert (event.session_id, event.detail) == (pair.session_id, "no access token was presented")
    service.rotator.rotate(pair.refresh_token, access_token=pair.access_token, **BOUND)


def test_with_the_profile_of_rfc_9068() -> None:
    clock = Clock()
    rotator = RefreshRotator(
        TokenIssuer(ISSUER, audience=AUDIENCE, keys=KEY, profile=RFC9068, clock=clock),
        TokenValidator(ISSUER, audience=AUDIENCE, keys=KEY, profile=RFC9068, clock=clock),
        store=MemorySessionStore(clock=clock),
        secret=SECRET,
        clock=clock,
    )
    pair = rotator.start("client-42", client_id="web")
    rotator.rotate(pair.refresh_token, access_token=pair.access_token, client_id="web")


def test_a_token_of_another_issuer_that_the_validator_trusts() -> None:
    clock, key = Clock(), SigningKey.generate("HS256")
    validator = TokenValidator.trusting(
        TrustedIssuer(ISSUER, audience=AUDIENCE, keys=KEY),
        TrustedIssuer("https://b.example", audience=AUDIENCE, keys=key, profile=EXTERNAL_ACCESS_TOKEN),
        clock=clock,
    )
    rotator = RefreshRotator(
        TokenIssuer(ISSUER, audience=AUDIENCE, keys=KEY, clock=clock),
        validator,
        store=MemorySessionStore(clock=clock),
        secret=SECRET,
        clock=clock,
    )
    pair = rotator.start("client-42")
    foreign = TokenIssuer("https://b.example", audience=AUDIENCE, keys=key, clock=clock).issue(
        "client-42", session_id=pair.session_id, claims={"rtg": 0}
    )
    with pytest.raises(RefreshMismatchError) as caught:
        rotator.rotate(pair.refresh_token, access_token=foreign.token)
    assert isinstance(caught.value.__cause__, UnknownIssuerError)
    rotator.rotate(pair.refresh_token, access_token=pair.access_token)


class TestAValidatorThatAsksTheStore:
    """revocation= must not stand in the way of a live session's refresh."""

    def make(self, **options: Any) -> tuple[Clock, MemorySessionStore, RefreshRotator]:
        clock = Clock()
        store = MemorySessionStore(clock=clock)
        return clock, store, make_rotator(clock, store=store, revocation=store, **options)

    def test_a_live_session_refreshes_long_after_its_access_token_expired(self) -> None:
        clock, _, rotator = self.make()
        pair = rotator.start("client-42")
        for _ in range(10):
            clock.turn(days=8)
            pair = rotator.rotate(pair.refresh_token, access_token=pair.access_token)

    def test_a_retry_presents_the_older_access_token(self) -> None:
        _, _, rotator = self.make()
        first = rotator.start("client-42")
        rotator.rotate(first.refresh_token, access_token=first.access_token)
        assert rotator.rotate(first.refresh_token, access_token=first.access_token).retried

    def test_a_login_after_a_logout_of_all_sessions(self) -> None:
        clock, _, rotator = self.make()
        rotator.revoke_subject("client-42")
        clock.turn(-3600)
        pair = rotator.start("client-42")
        rotator.rotate(pair.refresh_token, access_token=pair.access_token)

    def test_an_ended_session_does_not(self) -> None:
        _, _, rotator = self.make()
        pair = rotator.start("client-42")
        rotator.revoke(pair.refresh_token)
        with pytest.raises(RefreshMismatchError) as caught:
            rotator.rotate(pair.refresh_token, access_token=pair.access_token)
        assert isinstance(caught.value.__cause__, TokenRevokedError)
        with pytest.raises(RefreshTokenRevokedError):
            rotator.rotate(pair.refresh_token)

    def test_a_store_that_is_down_is_an_outage_and_no_mismatch(self) -> None:
        service = Service()
        rotator = service.again(revocation=service.store)
        pair = rotator.start("client-42")
        service.store.before["status"] = [unavailable]
        with pytest.raises(StoreUnavailableError):
            rotator.rotate(pair.refresh_token, access_token=pair.access_token)


def test_keys_that_cannot_be_had_are_an_outage_and_no_mismatch() -> None:
    key_set = make_validator(Clock()).trusted[0].keys.key_set()  # type: ignore[union-attr]

    class Keys:
        up = True

        def key_set(self) -> Any:
            if not self.up:
                raise OSError("no route")
            return key_set

        def refresh(self, kid: str) -> None:
            raise OSError("no route")

    clock, keys = Clock(), Keys()
    rotator = RefreshRotator(
        TokenIssuer(ISSUER, audience=AUDIENCE, keys=KEY, clock=clock),
        TokenValidator(ISSUER, audience=AUDIENCE, keys=keys, clock=clock),
        store=MemorySessionStore(clock=clock),
        secret=SECRET,
        clock=clock,
    )
    pair = rotator.start("client-42")
    keys.up = False
    with pytest.raises(KeysUnavailableError):
        rotator.rotate(pair.refresh_token, access_token=pair.access_token)
    keys.up = True
    assert not rotator.rotate(pair.refresh_token, access_token=pair.access_token).retried


def test_a_claim_the_validator_requires_is_required_of_the_pair_as_well(service: Service) -> None:
    pair = service.rotator.start("client-42", **BOUND)
    validator = TokenValidator(
        ISSUER, audience=AUDIENCE, keys=KEY, clock=service.clock, required_claims=["plan"]
    )
    rotator = RefreshRotator(
        TokenIssuer(ISSUER, audience=AUDIENCE, keys=KEY, clock=service.clock, lifetime=timedelta(minutes=1)),
        validator,
        store=service.memory,
        secret=SECRET,
        clock=service.clock,
    )
    with pytest.raises(RefreshMismatchError) as caught:
        rotator.rotate(pair.refresh_token, access_token=pair.access_token, **BOUND)
    assert isinstance(caught.value.__cause__, ClaimsError)


@pytest.mark.parametrize("checked", [True, False], ids=["secret known", "secret yet to be checked"])
@pytest.mark.parametrize("paired", [True, False])
def test_all_that_is_presented_counts_in_every_refresh(service: Service, checked: bool, paired: bool) -> None:
    """Also in the first one after a start at which the store was down."""
    pair = service.rotator.start("client-42", scopes=["orders:read", "orders:write"], **BOUND)
    other = service.rotator.start("client-42", **BOUND)

    def started() -> None:
        if not checked:
            service.store.before["live_key_ids"] = [unavailable]
        service.rotator = service.again()

    started()
    mismatched(service, pair, other.access_token)
    started()
    mismatched(service, pair, pair.access_token, client_id="another")
    started()
    access_token = pair.access_token if paired else None
    next_pair = service.rotator.rotate(
        pair.refresh_token, access_token=access_token, scopes=["orders:read"], **BOUND
    )
    token = service.validator.validate(next_pair.access_token, confirmation="thumbprint")
    assert token.scopes == {"orders:read"}
