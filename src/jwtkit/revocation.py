"""What a validator asks about a token whose signature and claims hold, and the answer.

One question, one round trip: is the token's session alive, is an epoch newer than the token's, is its
id denied? Session stores answer it; so may anything else that keeps such facts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

__all__ = ["AsyncRevocationSource", "RevocationQuery", "RevocationSource", "RevocationStatus"]


@dataclass(frozen=True, slots=True)
class RevocationQuery:
    """What is known of the token.

    Attributes:
        issuer: Its ``iss``.
        id: Its ``jti``, or None.
        session_id: Its ``sid``, or None for a token that belongs to no session.
        subject: Its ``sub``, or None.
        tenant: The tenant it was issued for, or None; a session knows its own.
        epoch: Its ``rte``: the revocation epoch when its session began, in milliseconds, or None.
    """

    issuer: str
    id: str | None = None
    session_id: str | None = None
    subject: str | None = None
    tenant: str | None = None
    epoch: int | None = None


class RevocationStatus(Enum):
    """The answer: `ACTIVE`, or the first reason why not."""

    ACTIVE = "active"
    SESSION_ENDED = "session_ended"
    """The session was revoked, or the store knows of no such session."""
    LOGGED_OUT = "logged_out"
    """An epoch of the subject, its tenant or everyone is newer than the token's."""
    TOKEN_DENIED = "token_denied"
    """This one token id was denied."""


class RevocationSource(Protocol):
    """Answers for one token.

    One that never waits for a disk or a network says so by an attribute ``blocking = False``; any other
    is kept out of async code.
    """

    def status(self, query: RevocationQuery, /) -> RevocationStatus:
        """Say whether the token still stands.

        A token without ``rte`` counts as of epoch 0 for ``all``, tenant and subject epochs, so it is
        cut off by the first one that applies to it.

        Raises:
            StoreUnavailableError: The facts cannot be had now.
        """
        ...


class AsyncRevocationSource(Protocol):
    """As `RevocationSource`, awaited."""

    async def status(self, query: RevocationQuery, /) -> RevocationStatus:
        """Say whether the token still stands (see `RevocationSource.status`)."""
        ...
