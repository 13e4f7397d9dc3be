"""RefreshRotator: the sync shell round the rotation core."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from types import EllipsisType
from typing import Any, Final

from jwtkit.errors import ConfigurationError, UnavailableError
from jwtkit.events import Observer
from jwtkit.issuer import TokenIssuer
from jwtkit.refresh.grant import Grant
from jwtkit.refresh.guarded_store import GuardedStore, run_now
from jwtkit.refresh.login import start
from jwtkit.refresh.pair import TokenPair
from jwtkit.refresh.policy import RefreshPolicy
from jwtkit.refresh.presented import PresentedTokens
from jwtkit.refresh.protocols import SessionStore
from jwtkit.refresh.rotation import Rotation
from jwtkit.refresh.secret import RotationSecret
from jwtkit.refresh.session import Session
from jwtkit.rotator.assembly import assembled, awaited_grant
from jwtkit.validator import TokenValidator

__all__ = ["RefreshRotator"]

_ONE_DAY: Final = timedelta(days=1)


class RefreshRotator:
    """Starts sessions and trades their refresh tokens, so that each is good once.

    A refresh token that comes back after it was superseded ends its session: either its thief or its owner
    is using an old one, and nobody can tell which (RFC 9700 §4.14.2). Within ``policy.retry_window`` it gets
    the same successor again instead, so that a lost response or a second tab logs nobody out.

    Safe in any number of threads and processes over one store. Calls may block on the store.

    Args:
        issuer: Signs the access tokens.
        validator: Reads the access token presented with a refresh token; must agree with `issuer` in
            issuer, audience and profile.
        store: Keeps one row for each session.
        secret: Makes the refresh tokens; the same in every process.
        policy: Lifetimes and rules.
        grant: Says before each new access token what its subject may do now. What it returns replaces the
            scopes and claims granted at login; None ends the session, so that a disabled account does not
            refresh for months. An exception it raises reaches the caller, and nothing has changed.
        observer: Told of sessions started, refreshed and ended, and of suspicious refusals.
        clock: Seconds since the epoch, for events and for refusing long expired tokens without asking the
            store; None for `time.time`. Everything else goes by the store's time.

    Raises:
        ConfigurationError: The parts do not fit together; or, as ``rotation_secret.unknown``, live sessions
            of the store were made with a secret this process does not have.
    """

    __slots__ = ("_issuer", "_parts", "_presented", "_rotation", "_sessions")

    def __init__(
        self,
        issuer: TokenIssuer,
        validator: TokenValidator,
        *,
        store: SessionStore,
        secret: RotationSecret,
        policy: RefreshPolicy = RefreshPolicy(),
        grant: Callable[[Session], Grant | None] | None = None,
        observer: Observer | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        if not isinstance(issuer, TokenIssuer) or not isinstance(validator, TokenValidator):
            raise ConfigurationError(
                "RefreshRotator takes a TokenIssuer and a TokenValidator",
                code="rotator.parts",
                hint="for async ones there is AsyncRefreshRotator",
            )
        if inspect.iscoroutinefunction(grant):
            raise ConfigurationError(
                "grant= must not be async here; use AsyncRefreshRotator", code="rotator.grant"
            )
        self._issuer = issuer
        self._parts = assembled(
            issuer,
            validator,
            store=GuardedStore(store, is_async=False),
            secret=secret,
            policy=policy,
            grant=awaited_grant(grant),
            observer=observer,
            clock=clock,
        )
        self._sessions = self._parts.sessions
        self._rotation = Rotation(self._parts)
        self._presented = PresentedTokens(self._parts)
        # A store that is down or busy for a moment keeps no service from starting: the first call asks again.
        with contextlib.suppress(UnavailableError):
            run_now(self._parts.check_secret())

    def start(
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
        """Begin a session for a subject who has just proven who they are.

        Args:
            subject: Whom the tokens speak for.
            scopes: What the access tokens allow (RFC 6749 §3.3).
            claims: Extra claims of the access tokens.
            client_id: The OAuth client the session is given to; from then on it alone may refresh it.
            tenant: The tenant the session is for; a refresh must name it as well.
            confirmation: The thumbprint of the key it is bound to; a refresh must prove the key again.
            label: What the user will see in a list of sessions; unprintable characters are replaced, and
                what is over 200 characters is cut off.
            address: The network address the login comes from, for the same list; treated as `label` is. Take
                it from the connection, or from a header that your own proxy writes.
            epoch: What `epoch` returned before the password was checked, so that a login loses against a
                logout of all sessions that it overlaps; None takes the present one.

        Returns:
            The first access token and refresh token.

        Raises:
            RefreshTokenRevokedError: The subject was logged out everywhere since `epoch` was read, or the
                ``grant=`` callable refused.
            UnavailableError: The store or the signing key cannot be reached; try again. With
                ``policy.max_sessions`` the new session may have begun all the same; nobody holds its tokens.
            ConfigurationError: An argument is of a wrong form.
        """
        return run_now(
            start(
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
        )

    def rotate(
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
        """Trade a refresh token for the next pair (RFC 6749 §6).

        Args:
            refresh_token: The session's newest; a superseded one only within the retry window.
            access_token: An access token of the session. It may have expired, for at most ``policy.idle``,
                and must be good in everything else.
            client_id: The OAuth client that calls, as it was authenticated; the one the session was given to.
            tenant: The session's tenant.
            confirmation: The key thumbprint the caller has proven; the one the session is bound to.
            scopes: Fewer scopes than granted, for this access token only; None for all of them.
            address: The network address the request comes from, to be shown in the list of sessions; None
                leaves the one before. A retry does not note it, and without rotation it is noted at most
                once a minute.

        Returns:
            The new pair; with ``policy.rotate=False`` its refresh token is the one presented.

        Raises:
            RefreshTokenInvalidError: Not a refresh token of this service, or of no session it knows.
            RefreshTokenExpiredError: The session's lifetime is over.
            RefreshTokenRevokedError: The session was ended.
            RefreshTokenReusedError: The token was superseded; its session has ended now.
            RefreshMismatchError: Client, tenant, confirmation or access token are not the session's. The
                session goes on: whoever stole one part of it cannot end it.
            RefreshScopeError: More scopes were asked for than are granted. The refresh token stays good.
            UnavailableError: The store, the signing key or the row cannot be had now. The refresh token
                stays good: try again, and never log out on it.
        """
        return run_now(
            self._rotation.rotate(
                refresh_token,
                access_token=access_token,
                client_id=client_id,
                tenant=tenant,
                confirmation=confirmation,
                scopes=scopes,
                address=address,
            )
        )

    def introspect(self, refresh_token: str | bytes) -> Session | None:
        """Return the session of a refresh token that would be traded now; nothing is written.

        Of a reused token too: whoever asks about one does not end its session by it.

        Returns:
            The session; None for whatever is no good, for whichever reason.

        Raises:
            UnavailableError: That cannot be said now.
        """
        return run_now(self._presented.introspect(refresh_token))

    def revoke(self, refresh_token: str | bytes, *, client_id: str | EllipsisType | None = ...) -> bool:
        """End the session of a refresh token, whichever of the session's it is (RFC 7009 §2).

        Args:
            refresh_token: Any of the session's; it may be superseded.
            client_id: The OAuth client that asks, as it was authenticated; the one the session was given to,
                or None where it was given to none. Left out, the session ends whoever asks.

        Returns:
            Whether a session was ended by it. A text that is no refresh token, and one whose session is
            over, is no error (RFC 7009 §2.2).

        Raises:
            RefreshMismatchError: The session is another client's; it goes on.
            UnavailableError: The store cannot be reached; the session is still alive.
        """
        return run_now(self._presented.revoke(refresh_token, client_id=client_id))

    def revoke_token(self, access_token: str | bytes, *, client_id: str | EllipsisType | None = ...) -> bool:
        """Deny one access token; its session goes on (RFC 7009 §2).

        Validators that have the store as their ``revocation=`` refuse it from now on, and so does a refresh.

        Args:
            access_token: One this issuer signed.
            client_id: As for `revoke`.

        Returns:
            Whether it is denied now. One that is not good, or has expired for so long that nothing takes it
            any more, is no error.

        Raises:
            RefreshMismatchError: The token is another client's; it stays good.
            UnavailableError: The store, or the keys, cannot be reached; the token is still good.
        """
        return run_now(self._presented.revoke_token(access_token, client_id=client_id))

    def revoke_session(self, session_id: str, *, subject: str | None = None) -> bool:
        """End one session.

        Args:
            session_id: Its id, from `sessions` or a token's ``sid``.
            subject: Whose it must be. Give it where the id comes from a request, or a user could end
                somebody else's.

        Returns:
            Whether it was there, had not been ended before, and is ended now.

        Raises:
            UnavailableError: The store cannot be reached.
        """
        return run_now(self._sessions.end(session_id, "revoked", subject=subject))

    def revoke_subject(self, subject: str) -> int:
        """End every session of a subject, by one write; return the new revocation epoch.

        Raises:
            UnavailableError: The store cannot be reached.
            ConfigurationError: ``rotator.argument``: `subject` is nothing that `start` would have taken.
        """
        return run_now(self._sessions.log_out("subject", subject))

    def revoke_tenant(self, tenant: str) -> int:
        """End every session of a tenant, by one write; return the new revocation epoch.

        Raises:
            UnavailableError: The store cannot be reached.
            ConfigurationError: ``rotator.argument``: `tenant` is nothing that `start` would have taken.
        """
        return run_now(self._sessions.log_out("tenant", tenant))

    def revoke_all(self) -> int:
        """End every session of this issuer, by one write; return the new revocation epoch.

        Raises:
            UnavailableError: The store cannot be reached.
        """
        return run_now(self._sessions.log_out("all"))

    def sessions(self, subject: str, *, limit: int | None = None, offset: int = 0) -> list[Session]:
        """Return the subject's live sessions, newest login first.

        Args:
            subject: Whose.
            limit: How many at most; None for all.
            offset: How many to pass over first, for the next page.

        Raises:
            UnavailableError: The store cannot be reached.
            ConfigurationError: ``rotator.page``: `limit` or `offset` is no number from 0;
                ``rotator.argument``: `subject` is no text.
        """
        return run_now(self._sessions.of_subject(subject, limit=limit, offset=offset))

    def epoch(self, subject: str, tenant: str | None = None) -> int:
        """Return the revocation epoch to hand to `start`; read it before checking the password.

        Raises:
            UnavailableError: The store cannot be reached.
            ConfigurationError: ``rotator.argument``: `subject` or `tenant` is no text.
        """
        return run_now(self._sessions.epoch(subject, tenant))

    def purge(self, *, older_than: timedelta = _ONE_DAY, limit: int = 1000) -> int:
        """Remove sessions and denied token ids that are over from the store; return how many.

        Call it from time to time, again at once while it returns `limit`.

        Args:
            older_than: How long they must have been over.
            limit: How many to remove at most, so that no call takes long.

        Raises:
            UnavailableError: The store cannot be reached.
        """
        return run_now(self._sessions.purge(older_than, limit))

    @property
    def issuer(self) -> str:
        """The ``iss`` of its access tokens."""
        return self._sessions.issuer

    def __repr__(self) -> str:
        return f"RefreshRotator({self._issuer.issuer!r})"
