"""Sessions and refresh tokens, as a type checker sees them. Checked by `make types`, never run."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, assert_type

from jwtkit import (
    AsyncRefreshRotator,
    AsyncTokenValidator,
    Grant,
    RefreshPolicy,
    RefreshRotator,
    RotationSecret,
    Session,
    SigningKey,
    TokenAuthority,
    TokenIssuer,
    TokenPair,
    TokenValidator,
)
from jwtkit.events import Event, Observer
from jwtkit.revocation import RevocationQuery, RevocationSource, RevocationStatus
from jwtkit.stores import AsyncSQLiteSessionStore, MemorySessionStore, SQLiteSessionStore
from jwtkit.web import Answer, introspection, introspection_async, revocation, revocation_async


class Watcher:
    """An observer is whatever has the method."""

    def observe(self, event: Event, /) -> None:
        """Take note."""


def grant_now(session: Session) -> Grant | None:
    """Say what the subject may do now."""
    if session.subject == "disabled":
        return None
    return Grant(scopes=session.scopes, claims={"plan": "gold"})


def secrets() -> None:
    """Every way to a rotation secret."""
    secret = RotationSecret.generate()
    assert_type(secret, RotationSecret)
    assert_type(secret.to_text(), str)
    assert_type(RotationSecret.from_text("current", "previous"), RotationSecret)
    assert_type(RotationSecret.from_file("rotation.secret", create=True), RotationSecret)
    assert_type(RotationSecret.from_env(), RotationSecret)


def rotating(issuer: TokenIssuer, validator: TokenValidator) -> None:
    """A rotator over a sync store."""
    observer: Observer = Watcher()
    rotator = RefreshRotator(
        issuer,
        validator,
        store=MemorySessionStore(),
        secret=RotationSecret.generate(),
        policy=RefreshPolicy(idle=timedelta(days=7), require_access_token=True, max_sessions=5),
        grant=grant_now,
        observer=observer,
    )
    pair = rotator.start(
        "client-42", scopes=["orders:read"], claims={"plan": "gold"}, label="Firefox on Linux"
    )
    assert_type(pair, TokenPair)
    assert_type(pair.access_token, str)
    assert_type(pair.refresh_token, str)
    assert_type(pair.expires_in, int)
    assert_type(pair.session_id, str)
    assert_type(pair.retried, bool)
    assert_type(pair.as_response(), dict[str, Any])
    assert_type(rotator.rotate(pair.refresh_token, access_token=pair.access_token), TokenPair)
    sessions = rotator.sessions("client-42")
    assert_type(sessions, list[Session])
    assert_type(sessions[0].scopes, frozenset[str])
    assert_type(sessions[0].created_at, datetime)
    assert_type(sessions[0].address, str | None)
    rotator.sessions("client-42", limit=20, offset=40)
    rotator.rotate(pair.refresh_token, address="198.51.100.7")
    assert_type(rotator.introspect(pair.refresh_token), Session | None)
    rotator.revoke(pair.refresh_token)
    rotator.revoke(pair.refresh_token, client_id="web")
    assert_type(rotator.revoke_token(pair.access_token, client_id=None), bool)
    rotator.revoke_session(pair.session_id)
    rotator.revoke_subject("client-42")
    rotator.revoke_all()


async def awaiting(issuer: TokenIssuer, validator: TokenValidator) -> None:
    """A rotator over an async store."""
    rotator = AsyncRefreshRotator(
        issuer, validator, store=AsyncSQLiteSessionStore("sessions.db"), secret=RotationSecret.generate()
    )
    pair = await rotator.start("client-42")
    assert_type(pair, TokenPair)
    assert_type(await rotator.rotate(pair.refresh_token), TokenPair)
    assert_type(await rotator.sessions("client-42"), list[Session])
    await rotator.revoke(pair.refresh_token)
    assert_type(await rotator.introspect(pair.refresh_token), Session | None)
    assert_type(await revocation_async(rotator, [("token", "")], client_id=None), Answer)


def endpoints(rotator: RefreshRotator, validator: TokenValidator, awaited: AsyncTokenValidator) -> None:
    """Revocation and introspection take rotators and validators of either kind."""
    assert_type(revocation(rotator, {"token": "text"}, client_id="web"), Answer)
    assert_type(introspection(rotator, validator, [("token", "text")], client_id="web"), Answer)
    introspection_async(rotator, awaited, {}, client_id="web").close()


def authority(key: SigningKey) -> None:
    """All of it in one object."""
    auth = TokenAuthority(
        "https://orders.example",
        audience="orders-api",
        keys=key,
        store=SQLiteSessionStore("sessions.db"),
        secret=RotationSecret.generate(),
    )
    assert_type(auth.issuer, TokenIssuer)
    assert_type(auth.validator, TokenValidator)
    assert_type(auth.rotator, RefreshRotator)


def asking(query: RevocationQuery, store: SQLiteSessionStore) -> None:
    """A session store answers a validator's question."""
    source: RevocationSource = store
    assert_type(source.status(query), RevocationStatus)
