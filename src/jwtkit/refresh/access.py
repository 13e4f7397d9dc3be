"""The access token beside a refresh token: what it may carry, making it, and knowing it again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from math import ceil
from typing import Any, Final, NamedTuple, Protocol

from jwtkit.errors import ClaimsError, ConfigurationError, RefreshScopeError, UnknownIssuerError
from jwtkit.refresh.decision import PairClaims
from jwtkit.refresh.family import Family
from jwtkit.refresh.grant import Grant
from jwtkit.refresh.policy import milliseconds
from jwtkit.refresh.session import Session, claims_of, session_of
from jwtkit.tokens.draft import join_scopes
from jwtkit.tokens.token import IssuedToken, StaleToken

__all__ = [
    "AccessTokens",
    "Granting",
    "Issued",
    "ReadingStale",
    "Signing",
    "refuse_own_claims",
]

_GENERATION: Final = "rtg"
_EPOCH: Final = "rte"


class Signing(Protocol):
    """`TokenIssuer.issue` or `AsyncTokenIssuer.issue`."""

    def __call__(
        self,
        subject: str | None,
        *,
        scopes: Iterable[str],
        claims: Mapping[str, Any],
        lifetime: timedelta | None,
        client_id: str | None,
        session_id: str,
        confirmation: str | None,
    ) -> IssuedToken | Awaitable[IssuedToken]:
        """Make one signed token."""
        ...


class ReadingStale(Protocol):
    """`TokenValidator.validate_except_lifetime`, or that of `AsyncTokenValidator`."""

    def __call__(
        self,
        token: str | bytes,
        *,
        max_expired_for: timedelta,
        confirmation: str | None = None,
        unsafe_ignore_confirmation: bool = False,
    ) -> StaleToken | Awaitable[StaleToken]:
        """Return the token if every check but its expiry holds."""
        ...


Granting = Callable[[Session], Awaitable[Grant | None]]
"""A rotator's ``grant=`` callable, awaited."""


class Issued(NamedTuple):
    """An access token, and the scopes it carries."""

    token: IssuedToken
    scopes: tuple[str, ...]


class AccessTokens:
    """Makes the access tokens of sessions, and reads them when they come back at refresh.

    Args:
        issuer: The ``iss`` they carry.
        lifetime: How long one lives, unless its session is over sooner.
        max_expired_for: How long ago one may have expired and still identify its session.
        leeway: How far the clocks of whoever validates one may differ.
        sign: Signs.
        read: Reads one that may have expired.
        grant: Says what a subject may do now; None goes by what was granted at login.
    """

    __slots__ = ("_denied_for", "_grant", "_issuer", "_max_expired_for", "_read", "_seconds", "_sign")

    def __init__(
        self,
        *,
        issuer: str,
        lifetime: timedelta,
        max_expired_for: timedelta,
        leeway: timedelta,
        sign: Signing,
        read: ReadingStale,
        grant: Granting | None,
    ) -> None:
        self._issuer = issuer
        self._seconds = lifetime // timedelta(seconds=1)
        self._max_expired_for = max_expired_for
        # For so long after its `exp` a token may still be taken, by a validator or beside a refresh token.
        self._denied_for = milliseconds(leeway + max_expired_for)
        self._sign = sign
        self._read = read
        self._grant = grant

    async def issued(self, family: Family, *, now: int, scopes: Iterable[str] | None = None) -> Issued | None:
        """Make the access token of the row as it is to stand; None when its session has to end.

        Args:
            family: The row; its generation goes into the token.
            now: The store's time: no access token outlives its session.
            scopes: What the client asks for, where that is less than everything (RFC 6749 §6).

        Raises:
            ConfigurationError: ``rotator.grant``: the ``grant=`` callable gave something else than a Grant,
                or the Grant of another subject.
            RefreshScopeError: ``refresh.scope``: the client asks for more than is granted.
        """
        if self._grant is None:
            carried, claims = tuple(family.scopes.split()), claims_of(family)
        else:
            granted = await _granted_now(family, self._grant)
            if granted is None:
                return None
            carried, claims = granted
        if scopes is not None:
            carried = _narrowed(carried, scopes)
        own = {_GENERATION: family.generation, _EPOCH: family.epoch}
        left = max(1, (family.idle_expires_at - now) // 1000)
        issued = self._sign(
            family.subject,
            scopes=carried,
            claims={**claims, **own} if claims else own,
            # None is the issuer's own lifetime, which it has checked once and for all.
            lifetime=None if left >= self._seconds else timedelta(seconds=left),
            client_id=family.client_id,
            session_id=family.session_id,
            confirmation=family.confirmation,
        )
        return Issued(issued if isinstance(issued, IssuedToken) else await issued, carried)

    async def pair_claims(self, access_token: str | bytes, *, confirmation: str | None) -> PairClaims:
        """Read the access token presented with a refresh token.

        Raises:
            TokenError: It is not good, or has expired for too long.
            UnavailableError: That cannot be said now.
        """
        read = self._read(access_token, max_expired_for=self._max_expired_for, confirmation=confirmation)
        token = read if isinstance(read, StaleToken) else await read
        self._require_ours(token)
        generation = token.claims.get(_GENERATION)
        return PairClaims(
            subject=_present(token, "subject"),
            client_id=self.client_of(token),
            confirmation=_present(token, "confirmation"),
            session_id=self.session_of(token),
            generation=generation if type(generation) is int else None,
        )

    async def known(self, access_token: str | bytes) -> StaleToken:
        """Read an access token that somebody asks about, and need not be able to use.

        Raises:
            TokenError: It is not good, or has expired for so long that nothing takes it any more.
            UnavailableError: That cannot be said now.
        """
        read = self._read(
            access_token, max_expired_for=self._max_expired_for, unsafe_ignore_confirmation=True
        )
        token = read if isinstance(read, StaleToken) else await read
        self._require_ours(token)
        return token

    def denied_until(self, token: StaleToken) -> int:
        """Return from when on no validator of this issuer takes the token, in milliseconds."""
        expires_at: float = token.claims["exp"]
        return ceil(expires_at * 1000) + self._denied_for

    @staticmethod
    def client_of(token: StaleToken) -> str | None:
        """Return the client a token was issued to, or None."""
        return _present(token, "client_id")

    @staticmethod
    def session_of(token: StaleToken) -> str | None:
        """Return the id of the session a token belongs to, or None."""
        return _present(token, "session_id")

    def _require_ours(self, token: StaleToken) -> None:
        if token.issuer != self._issuer:
            raise UnknownIssuerError("the access token is of another issuer than the refresh token")


async def _granted_now(family: Family, grant: Granting) -> tuple[tuple[str, ...], Mapping[str, Any]] | None:
    """Return the scopes and claims of now, or None when the session has to end."""
    answer = await grant(session_of(family))
    if answer is None:
        return None
    if not isinstance(answer, Grant):
        raise ConfigurationError("the grant= callable must return a Grant or None", code="rotator.grant")
    if answer.subject not in (None, family.subject):
        raise ConfigurationError(
            "the grant= callable returned a Grant of another subject", code="rotator.grant"
        )
    refuse_own_claims(answer.claims)
    return tuple(join_scopes(answer.scopes).split()), answer.claims


def _narrowed(granted: tuple[str, ...], scopes: Iterable[str]) -> tuple[str, ...]:
    try:
        wanted = tuple(join_scopes(scopes).split())
    except ConfigurationError:
        wanted = ("",)  # what the client wrote is no list of scopes at all, so none of ours
    if not frozenset(granted).issuperset(wanted):
        raise RefreshScopeError("the session was not granted every scope asked for; ask for fewer")
    return wanted


def refuse_own_claims(claims: Mapping[str, Any]) -> None:
    """Refuse claims that would pass as the rotator's own.

    Raises:
        ConfigurationError: ``issue.registered_claim``.
    """
    if _GENERATION in claims or _EPOCH in claims:
        raise ConfigurationError(
            f"claims= must not hold {_GENERATION} or {_EPOCH}: the rotator sets them",
            code="issue.registered_claim",
        )


def _present(token: StaleToken, name: str) -> str | None:
    try:
        value: str = getattr(token, name)
    except ClaimsError:
        return None
    return value
