"""AsyncRefreshRotator: the awaited shell round the rotation core."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from types import EllipsisType
from typing import Any, Final

from jwtkit.errors import ConfigurationError
from jwtkit.events import Observer
from jwtkit.issuer import AsyncTokenIssuer, TokenIssuer
from jwtkit.refresh.grant import Grant
from jwtkit.refresh.guarded_store import GuardedStore
from jwtkit.refresh.login import start
from jwtkit.refresh.pair import TokenPair
from jwtkit.refresh.policy import RefreshPolicy
from jwtkit.refresh.presented import PresentedTokens
from jwtkit.refresh.protocols import AsyncSessionStore
from jwtkit.refresh.rotation import Rotation
from jwtkit.refresh.secret import RotationSecret
from jwtkit.refresh.session import Session
from jwtkit.rotator.assembly import assembled, awaited_grant
from jwtkit.validator import AsyncTokenValidator, TokenValidator

__all__ = ["AsyncRefreshRotator"]

_ONE_DAY: Final = timedelta(days=1)


class AsyncRefreshRotator:
    """As `RefreshRotator`, over an async session store.

    Issuer and validator may be sync or async; ``grant=`` may be either. A sync validator must not block.
    The check that no live session was made with an unknown rotation secret is made by the first call, or
    by `check_secret` when the service starts.

    Args:
        issuer: See `RefreshRotator`.
        validator: See `RefreshRotator`.
        store: An async session store, such as `jwtkit.stores.AsyncSQLiteSessionStore`.
        secret: See `RefreshRotator`.
        policy: See `RefreshRotator`.
        grant: See `RefreshRotator`; may return an awaitable.
        observer: See `RefreshRotator`; called in the event loop.
        clock: See `RefreshRotator`.

    Raises:
        ConfigurationError: The parts do not fit together, or one of them blocks.
    """

    __slots__ = ("_issuer", "_parts", "_presented", "_rotation", "_sessions")

    def __init__(
        self,
        issuer: TokenIssuer | AsyncTokenIssuer,
        validator: TokenValidator | AsyncTokenValidator,
        *,
        store: AsyncSessionStore,
        secret: RotationSecret,
        policy: RefreshPolicy = RefreshPolicy(),
        grant: Callable[[Session], Grant | Awaitable[Grant | None] | None] | None = None,
        observer: Observer | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        if not isinstance(issuer, TokenIssuer | AsyncTokenIssuer) or not isinstance(
            validator, TokenValidator | AsyncTokenValidator
        ):
            raise ConfigurationError(
                "AsyncRefreshRotator takes a token issuer and a token validator", code="rotator.parts"
            )
        if isinstance(validator, TokenValidator) and validator.blocking:
            raise ConfigurationError(
                "this validator blocks, and would stop the event loop; use AsyncTokenValidator",
                code="rotator.parts",
            )
        self._issuer = issuer
        self._parts = assembled(
            issuer,
            validator,
            store=GuardedStore(store, is_async=True),
            secret=secret,
            policy=policy,
            grant=awaited_grant(grant),
            observer=observer,
            clock=clock,
        )
        self._sessions = self._parts.sessions
        self._rotation = Rotation(self._parts)
        self._presented = PresentedTokens(self._parts)

    async def check_secret(self) -> None:
        """Make sure that this process can read the refresh tokens that are out; call it at the start.

        Raises:
            ConfigurationError: ``rotation_secret.unknown``: live sessions were made with another secret.
            UnavailableError: The store cannot be reached.
        """
        await self._parts.check_secret()

    async def start(
        self,
        subject: str,
        *,
        scopes: Iterable[str] = (),
        claims: Mapping[str, Any] | None = None,
        client_id: str | None = None,
        tenant: str | None = None,
        confirmation: str | None = None,
        label: str | None = None,
        address: str | None = None,
        epoch: int | None = None,
    ) -> TokenPair:
        """Begin a session (see `RefreshRotator.start`)."""
        return await start(
            self._parts,
            subject,
            scopes=scopes,
            claims=claims,
            client_id=client_id,
            tenant=tenant,
            confirmation=confirmation,
            label=label,
            address=address,
            epoch=epoch,
        )

    async def rotate(
        self,
        refresh_token: str | bytes,
        *,
        access_token: str | bytes | None = None,
        client_id: str | None = None,
        tenant: str | None = None,
        confirmation: str | None = None,
        scopes: Iterable[str] | None = None,
        address: str | None = None,
    ) -> TokenPair:
        """Trade a refresh token for the next pair (see `RefreshRotator.rotate`)."""
        return await self._rotation.rotate(
            refresh_token,
            access_token=access_token,
            client_id=client_id,
            tenant=tenant,
            confirmation=confirmation,
            scopes=scopes,
            address=address,
        )

    async def introspect(self, refresh_token: str | bytes) -> Session | None:
        """Return the session of a refresh token that is good now (see `RefreshRotator.introspect`)."""
        return await self._presented.introspect(refresh_token)

    async def revoke(self, refresh_token: str | bytes, *, client_id: str | EllipsisType | None = ...) -> bool:
        """End the session of a refresh token (see `RefreshRotator.revoke`)."""
        return await self._presented.revoke(refresh_token, client_id=client_id)

    async def revoke_token(
        self, access_token: str | bytes, *, client_id: str | EllipsisType | None = ...
    ) -> bool:
        """Deny one access token (see `RefreshRotator.revoke_token`)."""
        return await self._presented.revoke_token(access_token, client_id=client_id)

    async def revoke_session(self, session_id: str, *, subject: str | None = None) -> bool:
        """End one session (see `RefreshRotator.revoke_session`)."""
        return await self._sessions.end(session_id, "revoked", subject=subject)

    async def revoke_subject(self, subject: str) -> int:
        """End every session of a subject (see `RefreshRotator.revoke_subject`)."""
        return await self._sessions.log_out("subject", subject)

    async def revoke_tenant(self, tenant: str) -> int:
        """End every session of a tenant (see `RefreshRotator.revoke_tenant`)."""
        return await self._sessions.log_out("tenant", tenant)

    async def revoke_all(self) -> int:
        """End every session of this issuer (see `RefreshRotator.revoke_all`)."""
        return await self._sessions.log_out("all")

    async def sessions(self, subject: str, *, limit: int | None = None, offset: int = 0) -> list[Session]:
        """Return the subject's live sessions, newest login first (see `RefreshRotator.sessions`)."""
        return await self._sessions.of_subject(subject, limit=limit, offset=offset)

    async def epoch(self, subject: str, tenant: str | None = None) -> int:
        """Return the revocation epoch to hand to `start` (see `RefreshRotator.epoch`)."""
        return await self._sessions.epoch(subject, tenant)

    async def purge(self, *, older_than: timedelta = _ONE_DAY, limit: int = 1000) -> int:
        """Remove what is over from the store (see `RefreshRotator.purge`)."""
        return await self._sessions.purge(older_than, limit)

    @property
    def issuer(self) -> str:
        """The ``iss`` of its access tokens."""
        return self._sessions.issuer

    def __repr__(self) -> str:
        return f"AsyncRefreshRotator({self._issuer.issuer!r})"
