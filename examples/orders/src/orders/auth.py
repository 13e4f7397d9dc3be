"""Who is calling: the keys, the tokens, and what a client may do."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated, Final

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import select

from jwtkit import (
    AsyncTokenValidator,
    Grant,
    RefreshPolicy,
    RefreshRotator,
    RotationSecret,
    Session,
    SigningKey,
    TokenIssuer,
    TokenValidator,
)
from jwtkit.adapters.fastapi import JWTBearer
from jwtkit.stores.opening import open_async_store, open_store
from orders.database import Client, Database, DatabaseSession
from orders.passwords import MAX_LENGTH, Passwords
from orders.settings import Settings

__all__ = ["READ_ORDERS", "REALM", "Auth", "Credentials", "authenticate"]

READ_ORDERS: Final = "orders:read"
REALM: Final = "orders"


class Auth:
    """Everything about tokens, put together from the settings.

    Attributes:
        bearer: Guards endpoints. It asks the session store about every token, so a logout counts at once.
        rotator: Starts, refreshes and ends sessions; works in threads, as its database does.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        key = load_signing_key(settings.signing_key)
        secret = RotationSecret.from_file(settings.rotation_secret, create=True)
        self._database = database
        self._sessions = open_store(settings.sessions, create_tables=True)
        self._async_sessions = open_async_store(settings.sessions)
        issuer = TokenIssuer(
            settings.issuer, audience=settings.audience, keys=key, lifetime=settings.access_token_lifetime
        )
        validator = TokenValidator(
            settings.issuer, audience=settings.audience, keys=key, leeway=settings.leeway
        )
        self.rotator = RefreshRotator(
            issuer,
            validator,
            store=self._sessions,
            secret=secret,
            policy=RefreshPolicy(
                idle=settings.session_idle,
                absolute=settings.session_absolute,
                retry_window=settings.retry_window,
                require_access_token=True,
            ),
            grant=self._grant,
        )
        self.bearer = JWTBearer(
            AsyncTokenValidator(
                settings.issuer,
                audience=settings.audience,
                keys=key,
                leeway=settings.leeway,
                revocation=self._async_sessions,
            ),
            realm=REALM,
        )

    def _grant(self, session: Session) -> Grant | None:
        """Say what a client may do now; asked before each new access token. None ends the session."""
        with self._database.session() as database:
            client = database.get(Client, session.subject)
        if client is None or client.disabled_at is not None:
            return None
        return Grant(scopes=[READ_ORDERS])

    async def close(self) -> None:
        """Give the session stores' connections back."""
        await self._async_sessions.aclose()
        self._sessions.close()


class Credentials(BaseModel):
    """What login takes."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    # Any text, not only an address: whoever logs in wrongly learns nothing from the difference.
    email: Annotated[str, StringConstraints(to_lower=True, max_length=254)] = Field(
        examples=["ada@example.com"]
    )
    password: str = Field(max_length=MAX_LENGTH, repr=False, examples=["orbit-velvet-canyon-42"])


def authenticate(credentials: Credentials, request: Request, database: DatabaseSession) -> Grant | None:
    """Check the credentials, with the same work for clients that do not exist.

    Whether the client is disabled is asked by the rotator, of `Auth`, for this login as for each refresh.
    """
    auth: Auth = request.app.state.auth
    passwords: Passwords = request.app.state.passwords
    client = database.scalar(select(Client).where(Client.email == credentials.email))
    # Read before the password is checked: a "log out everywhere" meanwhile wins over this login.
    epoch = auth.rotator.epoch("nobody" if client is None else client.id)
    good = passwords.verify(credentials.password, None if client is None else client.password_hash)
    if client is None or not good:
        return None
    return Grant(subject=client.id, scopes=[READ_ORDERS], epoch=epoch)


def load_signing_key(path: Path) -> SigningKey:
    """Read the key that signs access tokens; make it first where there is none.

    Processes that start together agree on one: each writes a file of its own and links it to the name,
    which replaces nothing.
    """
    if not path.exists():
        descriptor, draft = tempfile.mkstemp(dir=path.parent)  # only its owner may read it
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(SigningKey.generate("ES256").unsafe_to_pem())
            Path(path).hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            Path(draft).unlink()
    return SigningKey.from_pem(path.read_bytes(), alg="ES256")
