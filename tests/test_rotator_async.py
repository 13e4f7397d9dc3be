"""AsyncRefreshRotator: the same rules, awaited."""

from __future__ import annotations

import asyncio
import inspect
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.refresh.kit import AUDIENCE, ISSUER, KEY, SECRET, Clock, Recorder, make_rotator

from jwtkit.errors import (
    ConfigurationError,
    RefreshMismatchError,
    RefreshTokenInvalidError,
    RefreshTokenReusedError,
    RefreshTokenRevokedError,
    StoreUnavailableError,
)
from jwtkit.events import SessionEnded, SessionRefreshed, SessionStarted
from jwtkit.issuer import AsyncTokenIssuer, TokenIssuer
from jwtkit.refresh import Grant, RefreshPolicy, Session
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.rotator import AsyncRefreshRotator, RefreshRotator
from jwtkit.stores import AsyncMemorySessionStore, AsyncSQLiteSessionStore
from jwtkit.validator import AsyncTokenValidator, TokenValidator


class AwaitedSigner:
    """A key behind a network."""

    alg, kid = KEY.alg, KEY.kid

    def signer(self) -> Any:
        return self

    async def sign(self, signing_input: bytes) -> bytes:
        await asyncio.sleep(0)
        return KEY.sign(signing_input)


class Slow(AsyncMemorySessionStore):
    """Lets others run before every call."""

    async def _run(self, method: Any, /, *arguments: Any, **named: Any) -> Any:
        await asyncio.sleep(0)
        return await super()._run(method, *arguments, **named)


def make_async_rotator(clock: Clock, *, awaited: bool = False, **options: Any) -> AsyncRefreshRotator:
    issuer: TokenIssuer | AsyncTokenIssuer
    validator: TokenValidator | AsyncTokenValidator
    if awaited:
        issuer = AsyncTokenIssuer(ISSUER, audience=AUDIENCE, keys=AwaitedSigner(), clock=clock)
        validator = AsyncTokenValidator(ISSUER, audience=AUDIENCE, keys=KEY, clock=clock)
    else:
        issuer = TokenIssuer(ISSUER, audience=AUDIENCE, keys=KEY, clock=clock)
        validator = TokenValidator(ISSUER, audience=AUDIENCE, keys=KEY, clock=clock)
    return AsyncRefreshRotator(
        issuer, validator, **{"store": Slow(clock=clock), "secret": SECRET, "clock": clock, **options}
    )


@pytest.mark.parametrize("awaited", [False, True])
async def test_a_session_from_login_to_logout(awaited: bool) -> None:
    clock, recorder = Clock(), Recorder()
    rotator = make_async_rotator(clock, awaited=awaited, observer=recorder)
    epoch = await rotator.epoch("client-42")
    first = await rotator.start("client-42", scopes=["orders:read"], label="phone", epoch=epoch)
    clock.turn(days=1)
    second = await rotator.rotate(first.refresh_token, access_token=first.access_token)
    again = await rotator.rotate(first.refresh_token, access_token=first.access_token)
    assert again.refresh_token == second.refresh_token
    (session,) = await rotator.sessions("client-42")
    assert (session.id, session.label, session.generation) == (first.session_id, "phone", 1)
    assert await rotator.revoke(second.refresh_token) is True
    assert await rotator.revoke(second.refresh_token) is False
    with pytest.raises(RefreshTokenRevokedError):
        await rotator.rotate(second.refresh_token)
    clock.turn(days=2)
    assert await rotator.purge(older_than=timedelta(days=1)) == 1
    assert [type(event) for event in recorder.events] == [
        SessionStarted,
        SessionRefreshed,
        SessionRefreshed,
        SessionEnded,
    ]


async def test_every_refusal_is_the_same_as_in_the_sync_rotator() -> None:
    clock = Clock()
    rotator = make_async_rotator(clock)
    pair = await rotator.start("client-42", client_id="web")
    with pytest.raises(RefreshTokenInvalidError):
        await rotator.rotate("junk")
    with pytest.raises(RefreshMismatchError):
        await rotator.rotate(pair.refresh_token)
    with pytest.raises(RefreshMismatchError):
        await rotator.rotate(pair.refresh_token, access_token="junk", client_id="web")
    await rotator.rotate(pair.refresh_token, client_id="web")
    clock.turn(60)
    with pytest.raises(RefreshTokenReusedError):
        await rotator.rotate(pair.refresh_token, client_id="web")


async def test_everyone_may_be_logged_out() -> None:
    rotator = make_async_rotator(Clock())
    pair = await rotator.start("client-42", tenant="acme")
    assert await rotator.revoke_session(pair.session_id, subject="client-43") is False
    assert await rotator.revoke_session(pair.session_id, subject="client-42") is True
    for revoke in (
        lambda: rotator.revoke_subject("client-42"),
        lambda: rotator.revoke_tenant("acme"),
        rotator.revoke_all,
    ):
        pair = await rotator.start("client-42", tenant="acme")
        assert await revoke() > 0
        with pytest.raises(RefreshTokenRevokedError):
            await rotator.rotate(pair.refresh_token, tenant="acme")


async def test_everything_said_at_login_and_at_refresh_counts() -> None:
    clock = Clock()
    store = AsyncMemorySessionStore(clock=clock)
    rotator = make_async_rotator(clock, store=store)
    context: dict[str, Any] = {"client_id": "web", "tenant": "acme", "confirmation": "thumbprint"}
    pair = await rotator.start(
        "client-42", scopes=["orders:read", "orders:write"], claims={"plan": "gold"}, **context
    )
    row = (await store.read(pair.session_id)).family
    assert row is not None
    assert (row.scopes, row.claims) == ("orders:read orders:write", '{"plan":"gold"}')
    assert (row.client_id, row.tenant, row.confirmation) == ("web", "acme", "thumbprint")
    for name in context:
        with pytest.raises(RefreshMismatchError):
            await rotator.rotate(pair.refresh_token, **{**context, name: "another"})
    pair = await rotator.rotate(pair.refresh_token, scopes=["orders:read"], **context)
    assert pair.as_response()["scope"] == "orders:read"
    assert await rotator.revoke_session(pair.session_id) is True
    row = (await store.read(pair.session_id)).family
    assert row is not None
    assert row.end_reason == "revoked"


@pytest.mark.parametrize("scope", ["subject", "tenant", "all"])
async def test_an_epoch_read_before_a_logout_is_refused(scope: str) -> None:
    rotator = make_async_rotator(Clock())
    epoch = await rotator.epoch("client-42", "acme")
    revoke: dict[str, Any] = {
        "subject": lambda: rotator.revoke_subject("client-42"),
        "tenant": lambda: rotator.revoke_tenant("acme"),
        "all": rotator.revoke_all,
    }
    await revoke[scope]()
    assert await rotator.epoch("client-42", "acme") > epoch
    with pytest.raises(RefreshTokenRevokedError):
        await rotator.start("client-42", tenant="acme", epoch=epoch)


async def test_a_thousand_are_purged_at_once_unless_told_otherwise() -> None:
    class Counting(AsyncMemorySessionStore):
        limits: list[int] = []

        async def purge(self, before: int, *, limit: int) -> int:
            self.limits.append(limit)
            return await super().purge(before, limit=limit)

    store = Counting()
    await make_async_rotator(Clock(), store=store).purge()
    assert store.limits == [1000]


async def test_tasks_that_race_with_one_token_get_one_successor() -> None:
    rotator = make_async_rotator(Clock(), awaited=True)
    token = (await rotator.start("client-42")).refresh_token
    for _ in range(10):
        answers = await asyncio.gather(*(rotator.rotate(token) for _ in range(6)))
        assert len({pair.refresh_token for pair in answers}) == 1
        assert sum(not pair.retried for pair in answers) == 1
        token = answers[0].refresh_token


async def test_a_refresh_that_was_cancelled_may_be_tried_again() -> None:
    rotator = make_async_rotator(Clock(), awaited=True)
    token = (await rotator.start("client-42")).refresh_token
    for turns in range(8):
        task = asyncio.create_task(rotator.rotate(token))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await rotator.rotate(token)
    assert len(await rotator.sessions("client-42")) == 1


@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_the_grant_callable_may_be_either(kind: str) -> None:
    def grant(session: Session) -> Grant | None:
        return Grant(scopes=["orders:read"]) if session.subject == "client-42" else None

    async def awaited_grant(session: Session) -> Grant | None:
        await asyncio.sleep(0)
        return grant(session)

    rotator = make_async_rotator(Clock(), grant=grant if kind == "sync" else awaited_grant)
    pair = await rotator.start("client-42")
    assert pair.as_response()["scope"] == "orders:read"
    await rotator.rotate(pair.refresh_token)
    with pytest.raises(RefreshTokenRevokedError):
        await rotator.start("client-43")


async def test_a_foreign_exception_of_a_store_is_an_outage() -> None:
    class Failing(AsyncMemorySessionStore):
        async def read(self, session_id: str, /) -> Any:
            raise OSError("postgresql://app:hunter2@db is down")

    rotator = make_async_rotator(Clock(), store=Failing())
    pair = await rotator.start("client-42")
    with pytest.raises(StoreUnavailableError) as caught:
        await rotator.rotate(pair.refresh_token)
    assert "hunter2" not in str(caught.value)


async def test_over_sqlite(tmp_path: Path) -> None:
    clock = Clock()
    store = AsyncSQLiteSessionStore(tmp_path / "sessions.db", clock=clock)
    rotator = make_async_rotator(clock, store=store, policy=RefreshPolicy(max_sessions=1))
    first = await rotator.start("client-42")
    second = await rotator.start("client-42")
    with pytest.raises(RefreshTokenRevokedError):
        await rotator.rotate(first.refresh_token)
    await rotator.rotate(second.refresh_token, access_token=second.access_token)
    closing = getattr(store, "aclose", None) or store.close
    await closing()


def test_a_sync_rotator_that_meets_something_awaited_says_so() -> None:
    """A coroutine that only looks like a plain function cannot be seen at construction."""
    sleeping = asyncio.sleep(0)

    class Sly:
        def __await__(self) -> Any:
            return sleeping.__await__()

    clock = Clock()
    rotator = make_rotator(clock, grant=lambda session: Sly())
    with pytest.raises(ConfigurationError) as caught:
        rotator.start("client-42")
    assert caught.value.code == "rotator.awaited"


def test_the_two_rotators_offer_the_same() -> None:
    def public(kind: type) -> dict[str, str]:
        return {
            name: str(inspect.signature(method)).split(" -> ")[0]
            for name, method in vars(kind).items()
            if not name.startswith("_") and callable(method)
        }

    waited = public(AsyncRefreshRotator)
    assert waited.pop("check_secret") == "(self)"
    assert waited == public(RefreshRotator)


async def test_addresses_and_pages_are_passed_on() -> None:
    clock = Clock()
    rotator = make_async_rotator(clock)
    pairs = []
    for number in range(3):
        pairs.append(await rotator.start("client-42", address=f"192.0.2.{number}"))
        clock.turn(1)
    assert [session.address for session in await rotator.sessions("client-42")] == [
        "192.0.2.2",
        "192.0.2.1",
        "192.0.2.0",
    ]
    page = await rotator.sessions("client-42", limit=1, offset=1)
    assert [session.address for session in page] == ["192.0.2.1"]
    assert len(await rotator.sessions("client-42", offset=1)) == 2
    await rotator.rotate(pairs[1].refresh_token, address="198.51.100.7")
    [session] = await rotator.sessions("client-42", limit=1, offset=1)
    assert session.address == "198.51.100.7"


@pytest.mark.parametrize("awaited", [False, True])
async def test_an_access_token_is_denied_for_as_long_as_a_refresh_takes_it(awaited: bool) -> None:
    """Two days after its expiry it still goes with a refresh, so it can still be denied."""
    clock = Clock()
    store = AsyncMemorySessionStore(clock=clock)
    rotator = make_async_rotator(clock, awaited=awaited, store=store)
    pair = await rotator.start("client-42")
    clock.turn(days=2)
    assert await rotator.revoke_token(pair.access_token)
    token = TokenValidator(ISSUER, audience=AUDIENCE, keys=KEY, clock=clock).validate_except_lifetime(
        pair.access_token, max_expired_for=timedelta(days=3)
    )
    status = await store.status(RevocationQuery(issuer=ISSUER, id=token.id, subject="client-42"))
    assert status is RevocationStatus.TOKEN_DENIED
