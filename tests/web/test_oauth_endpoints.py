"""Revocation (RFC 7009) and introspection (RFC 7662): a form in, an answer out."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from tests.refresh.kit import (
    AUDIENCE,
    ISSUER,
    KEY,
    SECRET,
    Clock,
    Disturbed,
    make_rotator,
    make_validator,
    unavailable,
)

from jwtkit.errors import ConfigurationError, TokenRevokedError
from jwtkit.issuer import TokenIssuer
from jwtkit.jose import SigningKey
from jwtkit.rotator import AsyncRefreshRotator
from jwtkit.stores import AsyncMemorySessionStore, MemorySessionStore
from jwtkit.testing.strategies import hostile_tokens
from jwtkit.tokens import RFC9068
from jwtkit.validator import AsyncTokenValidator, TokenValidator
from jwtkit.web import introspection, introspection_async, revocation, revocation_async

INACTIVE = {"active": False}


class Service:
    """A rotator, and a validator that asks the store."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.memory = MemorySessionStore(clock=self.clock)
        self.store = Disturbed(self.memory)
        self.rotator = make_rotator(self.clock, store=self.store)
        self.validator = make_validator(self.clock, revocation=self.store)

    def revoke(self, token: object, *, client_id: str | None = "web", **form: str) -> Any:
        return revocation(self.rotator, {"token": token, **form}, client_id=client_id)  # type: ignore[dict-item]

    def introspect(self, token: object, *, client_id: str | None = "web", **form: str) -> Any:
        form = {"token": token, **form}  # type: ignore[dict-item]
        return introspection(self.rotator, self.validator, form, client_id=client_id)

    def shown(self, token: object, **options: Any) -> dict[str, Any]:
        """Return the body of an answer that says what a token is."""
        answer = self.introspect(token, **options)
        assert (answer.status, answer.media_type) == (200, "application/json")
        assert answer.header("Cache-Control") == "no-store"
        return dict(json.loads(json.dumps(dict(answer.body))))


@pytest.fixture
def service() -> Service:
    return Service()


def assert_error(answer: Any, status: int, error: str) -> None:
    assert (answer.status, answer.body["error"]) == (status, error)
    assert answer.body["error_description"] == answer.detail
    assert answer.header("Cache-Control") == "no-store"
    json.dumps(dict(answer.body))


# --- The request -------------------------------------------------------------------------------------

ENDPOINTS = {
    "revocation": lambda service, form: revocation(service.rotator, form, client_id="web"),
    "introspection": lambda service, form: introspection(
        service.rotator, service.validator, form, client_id="web"
    ),
}
FORMS = {
    "nothing": [],
    "no token": [("token_type_hint", "refresh_token")],
    "an empty token": [("token", "")],
    "two tokens": [("token", "a"), ("token", "b")],
    "the same token twice": [("token", "a"), ("token", "a")],
    "two hints": [("token", "a"), ("token_type_hint", "x"), ("token_type_hint", "y")],
    "bytes": [("token", b"a")],
    "a file": [("token", object())],
}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("form", FORMS)
def test_a_request_without_exactly_one_token_is_refused(service: Service, endpoint: str, form: str) -> None:
    """No parameter may be sent twice, and one without a value counts as left out (RFC 6749 §3.2)."""
    assert_error(ENDPOINTS[endpoint](service, FORMS[form]), 400, "invalid_request")
    assert set(service.store.calls) <= {"live_key_ids"}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(
    "more",
    [
        [],
        [("token_type_hint", "refresh_token")],
        [("token_type_hint", "access_token")],
        [("token_type_hint", "something else")],
        [("token_type_hint", "")],
        [("token_type_hint", ""), ("token_type_hint", "refresh_token")],
        [("client_id", "web"), ("client_id", "twice"), ("unknown", "")],
    ],
    ids=repr,
)
def test_what_else_a_form_holds_makes_no_difference(service: Service, endpoint: str, more: Any) -> None:
    """The hint may be wrong (RFC 7009 §2.1), and unknown parameters are passed over (RFC 6749 §3.2)."""
    pair = service.rotator.start("client-42", client_id="web")
    for token in (pair.access_token, pair.refresh_token):
        answer = ENDPOINTS[endpoint](service, [("token", token), *more])
        assert answer.status == 200
        assert dict(answer.body).get("active", True) is True


def test_a_mapping_is_a_form_too(service: Service) -> None:
    pair = service.rotator.start("client-42", client_id="web")
    assert introspection(
        service.rotator, service.validator, {"token": pair.refresh_token}, client_id="web"
    ).body["active"]


# --- Revocation --------------------------------------------------------------------------------------


@pytest.mark.parametrize("client_id", ["web", None])
def test_a_refresh_token_ends_its_session(service: Service, client_id: str | None) -> None:
    pair = service.rotator.start("client-42", client_id=client_id)
    for _ in range(2):  # the second time there is nothing left to end, which is no error
        answer = service.revoke(pair.refresh_token, client_id=client_id)
        assert (answer.status, dict(answer.body), answer.media_type) == (200, {}, "application/json")
        assert answer.header("Cache-Control") == "no-store"
        assert service.rotator.sessions("client-42") == []
    with pytest.raises(TokenRevokedError):
        service.validator.validate(pair.access_token)


@pytest.mark.parametrize("client_id", ["web", None])
def test_an_access_token_is_denied_and_its_session_goes_on(service: Service, client_id: str | None) -> None:
    pair = service.rotator.start("client-42", client_id=client_id)
    for _ in range(2):
        assert service.revoke(pair.access_token, client_id=client_id).status == 200
        with pytest.raises(TokenRevokedError):
            service.validator.validate(pair.access_token)
    service.validator.validate(service.rotator.rotate(pair.refresh_token, client_id=client_id).access_token)


@pytest.mark.parametrize(("owner", "caller"), [("web", "app"), ("web", None), (None, "web")])
def test_a_token_of_another_client_is_refused_and_stays_good(
    service: Service, owner: str | None, caller: str | None
) -> None:
    pair = service.rotator.start("client-42", client_id=owner)
    for token in (pair.refresh_token, pair.access_token):
        answer = service.revoke(token, client_id=caller)
        assert_error(answer, 400, "invalid_grant")
        assert "client-42" not in repr(answer)
        assert pair.session_id not in repr(answer)
    service.validator.validate(pair.access_token)
    service.rotator.rotate(pair.refresh_token, client_id=owner)


@given(hostile_tokens().filter(lambda token: isinstance(token, str) and token))
def test_unknown_tokens_are_answered_like_good_ones(token: str) -> None:
    """The client wanted it to be no good, and it is not (RFC 7009 §2.2)."""
    answer = Service().revoke(token)
    assert (answer.status, dict(answer.body)) == (200, {})


@pytest.mark.parametrize(("which", "call"), [("refresh_token", "read"), ("access_token", "deny")])
def test_an_outage_is_503_and_not_a_success(service: Service, which: str, call: str) -> None:
    """The client must take it that the token still exists (RFC 7009 §2.2.1)."""
    pair = service.rotator.start("client-42", client_id="web")
    service.store.before[call] = [unavailable]
    answer = service.revoke(getattr(pair, which))
    assert_error(answer, 503, "temporarily_unavailable")
    assert answer.header("Retry-After") == "1"
    assert service.revoke(getattr(pair, which)).status == 200


# --- Introspection -----------------------------------------------------------------------------------


def test_an_access_token_is_shown_with_the_members_of_the_rfc(service: Service) -> None:
    pair = service.rotator.start(
        "client-42", scopes=["orders:write", "orders:read"], client_id="web", claims={"plan": "gold"}
    )
    claims = service.validator.validate(pair.access_token).claims
    assert service.shown(pair.access_token) == {
        "active": True,
        "scope": "orders:read orders:write",
        "client_id": "web",
        "token_type": "Bearer",
        "exp": claims["exp"],
        "iat": claims["iat"],
        "sub": "client-42",
        "aud": AUDIENCE,
        "iss": ISSUER,
        "jti": claims["jti"],
    }


def test_what_an_access_token_does_not_say_is_left_out(service: Service) -> None:
    shown = service.shown(service.rotator.start("client-42").access_token)
    assert set(shown) == {"active", "token_type", "exp", "iat", "sub", "aud", "iss", "jti"}


def test_one_bound_to_a_key_is_shown_with_its_key(service: Service) -> None:
    """The resource server must check the proof itself (RFC 9449 §6.2), so it is told what to check."""
    shown = service.shown(service.rotator.start("client-42", confirmation="thumbprint").access_token)
    assert shown["active"] is True
    assert shown["token_type"] == "DPoP"
    assert shown["cnf"] == {"jkt": "thumbprint"}


def test_one_bound_to_a_certificate_is_a_bearer_token_still(service: Service) -> None:
    """RFC 8705 §3 leaves the token type alone."""
    issuer = TokenIssuer(ISSUER, audience=AUDIENCE, keys=KEY, clock=service.clock)
    token = issuer.issue("client-42", confirmation={"x5t#S256": "thumbprint"}).token
    shown = service.shown(token)
    assert (shown["token_type"], shown["cnf"]) == ("Bearer", {"x5t#S256": "thumbprint"})


def test_a_refresh_token_is_shown_to_its_client(service: Service) -> None:
    pair = service.rotator.start("client-42", scopes=["orders:write", "orders:read"], client_id="web")
    assert service.shown(pair.refresh_token) == {
        "active": True,
        "scope": "orders:read orders:write",
        "client_id": "web",
        "exp": int(service.clock()) + 14 * 86400,
        "sub": "client-42",
        "iss": ISSUER,
    }
    service.clock.turn(days=13)
    for _ in range(6):
        pair = service.rotator.rotate(pair.refresh_token, client_id="web")
        service.clock.turn(days=12)
    pair = service.rotator.rotate(pair.refresh_token, client_id="web")
    # No longer the idle expiry, but the absolute one.
    (session,) = service.rotator.sessions("client-42")
    assert service.shown(pair.refresh_token)["exp"] == int(session.absolute_expires_at.timestamp())


def test_a_refresh_token_bound_to_a_key_is_shown_with_it(service: Service) -> None:
    """RFC 9449 §6.2."""
    shown = service.shown(service.rotator.start("client-42", confirmation="thumbprint").refresh_token)
    assert shown["cnf"] == {"jkt": "thumbprint"}


def test_a_refresh_token_of_no_client_is_shown_to_every_caller(service: Service) -> None:
    pair = service.rotator.start("client-42")
    assert service.shown(pair.refresh_token, client_id="anybody") == {
        "active": True,
        "exp": int(service.clock()) + 14 * 86400,
        "sub": "client-42",
        "iss": ISSUER,
    }


def test_a_refresh_token_of_another_client_is_inactive(service: Service) -> None:
    """And an access token is not: whoever is sent one has to know."""
    pair = service.rotator.start("client-42", client_id="web")
    assert service.shown(pair.refresh_token, client_id="api") == INACTIVE
    assert service.shown(pair.access_token, client_id="api")["active"] is True


def test_whatever_is_no_good_is_inactive_and_nothing_says_why(service: Service) -> None:
    superseded = service.rotator.start("client-42", client_id="web")
    live = service.rotator.rotate(superseded.refresh_token, client_id="web")
    revoked = service.rotator.start("client-42", client_id="web")
    service.rotator.revoke(revoked.refresh_token)
    strangers = make_rotator(service.clock, key=SigningKey.generate("HS256")).start("client-42")
    service.clock.turn(seconds=60)
    for token in (
        superseded.refresh_token,
        revoked.refresh_token,
        revoked.access_token,
        strangers.access_token,
        live.refresh_token[:-1] + ("A" if live.refresh_token[-1] != "A" else "B"),
        live.access_token + "A",
    ):
        assert service.shown(token) == INACTIVE
    # None of these questions has ended a session: reuse is found where a token is traded.
    assert service.shown(live.refresh_token)["active"] is True
    service.clock.turn(days=15)
    assert service.shown(live.refresh_token) == service.shown(live.access_token) == INACTIVE


@given(hostile_tokens().filter(lambda token: isinstance(token, str) and token))
def test_whatever_is_asked_about_has_an_answer(token: str) -> None:
    assert Service().shown(token) == INACTIVE


@pytest.mark.parametrize("which", ["refresh_token", "access_token"])
def test_an_outage_is_503_and_not_inactive(service: Service, which: str) -> None:
    """A resource server that is told inactive would log its user out."""
    pair = service.rotator.start("client-42", client_id="web")
    service.store.before = {"read": [unavailable], "status": [unavailable]}
    answer = service.introspect(getattr(pair, which))
    assert_error(answer, 503, "temporarily_unavailable")
    assert answer.header("Retry-After") == "1"
    assert "active" not in answer.body


def test_who_is_nobody_may_not_ask(service: Service) -> None:
    """Or tokens could be tried here (RFC 7662 §2.1 and §4)."""
    pair = service.rotator.start("client-42")
    service.store.calls.clear()
    for form in ({"token": pair.refresh_token}, {}):
        answer = introspection(service.rotator, service.validator, form, client_id=None)
        assert_error(answer, 401, "invalid_client")
        assert answer.header("WWW-Authenticate") == "Bearer"
    assert service.store.calls == []


# --- Awaited -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("awaited", [False, True])
async def test_awaited(awaited: bool) -> None:
    """One rotator and validator or the other, the answers are the same."""
    clock = Clock()
    rotator: Any = make_rotator(clock)
    validator: Any = make_validator(clock)
    if awaited:
        issuer = TokenIssuer(ISSUER, audience=AUDIENCE, keys=KEY, clock=clock)
        store = AsyncMemorySessionStore(clock=clock)
        rotator = AsyncRefreshRotator(issuer, validator, store=store, secret=SECRET, clock=clock)
        validator = AsyncTokenValidator(ISSUER, audience=AUDIENCE, keys=KEY, clock=clock)
    started = rotator.start("client-42", client_id="web")
    pair = await started if awaited else started
    for token in (pair.refresh_token, pair.access_token):
        answer = await introspection_async(rotator, validator, [("token", token)], client_id="web")
        assert answer.body["active"] is True
        assert (await revocation_async(rotator, [("token", token)], client_id="app")).status == 400
        assert (await revocation_async(rotator, [("token", token)], client_id="web")).status == 200
    answer = await introspection_async(rotator, validator, [("token", pair.refresh_token)], client_id="web")
    assert dict(answer.body) == INACTIVE


def test_a_sync_answer_from_an_async_rotator_is_a_mistake_of_the_service() -> None:
    clock = Clock()
    issuer = TokenIssuer(ISSUER, audience=AUDIENCE, keys=KEY, clock=clock)

    class Slow(AsyncMemorySessionStore):
        async def _run(self, method: Any, /, *arguments: Any, **named: Any) -> Any:
            await asyncio.sleep(0)
            return await super()._run(method, *arguments, **named)

    rotator = AsyncRefreshRotator(
        issuer, make_validator(clock), store=Slow(clock=clock), secret=SECRET, clock=clock
    )
    token = make_rotator(clock).start("client-42").refresh_token
    with pytest.raises(ConfigurationError) as caught:
        revocation(rotator, {"token": token}, client_id=None)
    assert caught.value.code == "rotator.awaited"


def test_a_profile_that_requires_a_client_shows_it() -> None:
    clock = Clock()
    issuer = TokenIssuer(ISSUER, audience=AUDIENCE, keys=KEY, profile=RFC9068, clock=clock)
    validator = TokenValidator(ISSUER, audience=AUDIENCE, keys=KEY, profile=RFC9068, clock=clock)
    token = issuer.issue("client-42", client_id="web").token
    answer = introspection(make_rotator(clock), validator, {"token": token}, client_id="api")
    assert answer.body["client_id"] == "web"
