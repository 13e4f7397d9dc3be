"""The rules every session store shares, as pure functions of the facts it keeps.

A store finds facts and swaps rows. What the facts mean is said here once, so that two stores cannot come
to disagree about who is logged in.
"""

from __future__ import annotations

from jwtkit.refresh.family import Family
from jwtkit.revocation import RevocationQuery, RevocationStatus

__all__ = ["over_at", "revocation_status"]


def over_at(family: Family) -> int:
    """Return when the family is (or was) over: the earliest of its absolute expiry, idle expiry and end."""
    expires_at = min(family.idle_expires_at, family.absolute_expires_at)
    return expires_at if family.ended_at is None else min(expires_at, family.ended_at)


def revocation_status(
    query: RevocationQuery,
    *,
    session_over_at: int | None,
    session_ended: bool,
    epoch: int,
    denied_until: int | None,
    now: int,
) -> RevocationStatus:
    """Answer a validator's question from the facts a store found; the first reason of the enum wins.

    Args:
        query: The question.
        session_over_at: `over_at` of the session that the query names; None when its issuer has none such.
        session_ended: Whether that session was ended before its time. Asked apart from `session_over_at`
            because a clock set back must not bring an ended session to life again.
        epoch: The highest epoch that applies: to the session's own subject and tenant where the session
            is known, else to those the query names.
        denied_until: Until when the token's id is denied, or None.
        now: The store's time in milliseconds.

    Returns:
        What stands against the token, or `RevocationStatus.ACTIVE`. A token whose epoch is ahead of the
        store's is not held against it: whatever the store forgot, it was older than this token.
    """
    if query.session_id is not None and (session_over_at is None or session_ended or now >= session_over_at):
        return RevocationStatus.SESSION_ENDED
    if epoch > (query.epoch or 0):
        return RevocationStatus.LOGGED_OUT
    if denied_until is not None and now < denied_until:
        return RevocationStatus.TOKEN_DENIED
    return RevocationStatus.ACTIVE
