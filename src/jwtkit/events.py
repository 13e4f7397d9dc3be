"""What jwtkit tells those who watch: frozen records and one protocol with one method.

Events carry identifiers, never a token, a key or a claim's value beyond the subject. New kinds of
event and new fields may be added; an observer ignores what it does not know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = [
    "Event",
    "Observer",
    "RefreshRefused",
    "RevocationUnknown",
    "SessionEnded",
    "SessionRefreshed",
    "SessionStarted",
    "SessionsEnded",
    "TokenRefused",
    "notify",
]


@dataclass(frozen=True, slots=True)
class Event:
    """The base of every event.

    Attributes:
        at: When it happened, in seconds since the epoch, by the clock of whoever emits it.
    """

    at: float


@dataclass(frozen=True, slots=True)
class TokenRefused(Event):
    """A validator refused an access token.

    Attributes:
        code: The error's stable code.
    """

    code: str


@dataclass(frozen=True, slots=True)
class SessionStarted(Event):
    """A login made a new session (token family)."""

    session_id: str
    subject: str


@dataclass(frozen=True, slots=True)
class SessionRefreshed(Event):
    """A refresh token was traded for a new pair.

    Attributes:
        generation: The generation handed out.
        retried: True when a lost response was answered again with the same successor.
    """

    session_id: str
    subject: str
    generation: int
    retried: bool = False


@dataclass(frozen=True, slots=True)
class SessionEnded(Event):
    """A session ended before its time.

    Attributes:
        reason: ``revoked``, ``reused``, ``grant_refused``, ``displaced`` or ``diverged``.
    """

    session_id: str
    subject: str
    reason: str


@dataclass(frozen=True, slots=True)
class SessionsEnded(Event):
    """One write ended every session of a subject, of a tenant or of the issuer; no `SessionEnded` follows.

    Attributes:
        kind: Whose: ``subject``, ``tenant`` or ``all``.
        name: The subject or tenant; empty for ``all``.
        epoch: The new revocation epoch: sessions begun under an older one are over.
    """

    kind: str
    name: str
    epoch: int


@dataclass(frozen=True, slots=True)
class RefreshRefused(Event):
    """A refresh was refused without ending the session; worth an alert when it repeats.

    Attributes:
        code: The error's stable code, such as ``refresh.mismatch``.
        detail: What did not match, in words that hold no secret.
    """

    code: str
    session_id: str | None = None
    subject: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class RevocationUnknown(Event):
    """A token was let through although nobody could say whether it was revoked: its source is down.

    Only a `jwtkit.validator.RevocationCache` that was told to fail open does so.

    Attributes:
        code: The stable code of the source's error.
        session_id: The session the token belongs to, or None.
        subject: Whom it was issued for, or None.
    """

    code: str
    session_id: str | None = None
    subject: str | None = None


class Observer(Protocol):
    """Is told of every event, in the thread that caused it, after the work is committed."""

    def observe(self, event: Event, /) -> None:
        """Take note of `event`; should return quickly.

        An exception raised here never reaches the caller of jwtkit: it is logged by `notify`.
        """


def notify(observer: Observer | None, event: Event) -> None:
    """Tell `observer`, when there is one; its failure is logged and never changes an outcome."""
    if observer is None:
        return
    try:
        observer.observe(event)
    except Exception as error:
        import logging

        # The type only: an observer's exception may quote what it was handling.
        logging.getLogger("jwtkit").warning(
            "observer %s raised %s", type(observer).__name__, type(error).__name__
        )
