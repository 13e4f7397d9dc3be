"""What becomes of a presented refresh token: one pure decision over one row.

Every rotator of every store runs this very function, so what is true of it is true of them all. It reads
no clock and writes nothing: it says what the row must become, and a compare-and-swap makes it so or shows
that somebody was faster, in which case the new row is decided on again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from hmac import compare_digest
from typing import Final, NamedTuple

from jwtkit.refresh.family import EndReason, Family
from jwtkit.refresh.policy import RefreshPolicy, milliseconds
from jwtkit.refresh.protocols import Snapshot
from jwtkit.refresh.rotation_keys import FamilyKeys, RotationKeys, joined
from jwtkit.refresh.token_text import RefreshToken

__all__ = [
    "NONCE_SIZE",
    "Decision",
    "Outcome",
    "PairClaims",
    "Presentation",
    "begin",
    "decide",
    "end",
    "ended_by",
    "version_of",
]

NONCE_SIZE: Final = 16
"""Random bytes each call draws, once: what its successor and its row's version are made of."""

_USED_AT_PRECISION: Final = 60_000
"""Without rotation the row is rewritten at most once in so many milliseconds."""

_SHORTEST_LIFETIME: Final = 1_000
"""A session with less than this left is over: ``exp`` counts whole seconds, and no token may outlive it."""


class Outcome(Enum):
    """What is to be done with the presented token."""

    ROTATED = "rotated"
    """Answer with the successor."""
    RETRIED = "retried"
    """Answer with the same successor again; nothing is extended."""
    KEPT = "kept"
    """The policy does not rotate: answer with an access token only."""
    MISMATCH = "mismatch"
    """Refuse, and leave the session alone: whoever holds only half of a pair cannot end it."""
    INVALID = "invalid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    REUSED = "reused"
    """Refuse, and the session ends: the token was superseded, and two parties hold the family."""
    READ_AGAIN = "read_again"
    """The row is older than the token: ask the primary once more before anything follows from that."""
    UNAVAILABLE = "unavailable"
    """The store or the settings of this process cannot tell yet; the client tries again."""
    CONTENTION = "contention"
    """Others were faster, more than once; the client tries again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairClaims:
    """What the access token presented with a refresh token says; its signature holds."""

    subject: str | None
    client_id: str | None
    confirmation: str | None
    session_id: str | None
    generation: int | None


class Presentation(NamedTuple):
    """What came with the refresh token, and what this call has seen so far.

    Attributes:
        client_id: The OAuth client that calls, as it was authenticated, or None.
        tenant: The tenant it calls for, or None.
        confirmation: The key thumbprint it proved, or None.
        pair: The access token presented with it, or None when none was.
        address: The network address it came from, to be noted with its use; None leaves the one before.
        was_live: An earlier attempt of this call found the token to be the live one.
        read_again: The row was read once more after it seemed to be older than the token.
    """

    client_id: str | None = None
    tenant: str | None = None
    confirmation: str | None = None
    pair: PairClaims | None = None
    address: str | None = None
    was_live: bool = False
    read_again: bool = False


class Decision(NamedTuple):
    """The answer of `decide`.

    Attributes:
        outcome: What is to be done.
        rule: Which row of the decision table it was, from 2 to 12; 0 where this process lacks the secret
            to decide at all. For tests and logs.
        now: The time it was made for: the store's, but never before the row's last use.
        family: The row as it is to stand; None when there is none.
        swap: Whether `family` has to be written, by one compare-and-swap, before anything is answered.
        token: The refresh token to answer with, or None.
        detail: Why, in words that hold no secret; for events, never for the client.
    """

    outcome: Outcome
    rule: int
    now: int
    family: Family | None = None
    swap: bool = False
    token: RefreshToken | None = None
    detail: str = ""


def begin(
    family: Family, *, keys: RotationKeys, policy: RefreshPolicy, family_id: bytes, secret: bytes
) -> tuple[Family, RefreshToken]:
    """Make generation 0 of a session.

    Args:
        family: The row as far as the caller knows it: everything but the key id, digest and expiries.
        keys: The issuer's keys.
        policy: How long the session lives.
        family_id: 16 random bytes, of which `family.session_id` is the text.
        secret: 32 random bytes.

    Returns:
        The row to insert, and the first refresh token.
    """
    absolute = family.created_at + milliseconds(policy.absolute)
    idle = family.created_at + milliseconds(policy.idle)
    token = RefreshToken(keys.current.key_id, family_id, 0, family.created_at, absolute, secret)
    begun = family._replace(
        key_id=token.key_id,
        digest=keys.current.digest(token.core, _bound(family)),
        idle_expires_at=min(idle, absolute),
        absolute_expires_at=absolute,
    )
    return begun, token


def end(family: Family, *, now: int, reason: EndReason, nonce: bytes) -> Family:
    """Return the row of a session that is over now; `nonce` is random bytes drawn for this call."""
    return family._replace(version=version_of(nonce, now), ended_at=now, end_reason=reason)


def version_of(nonce: bytes, now: int) -> int:
    """Return the version of the row that a call writes at that time: 63 bits, shared with no other write.

    Not a count: a store that has fallen back to an older row would count over the same numbers again, and a
    swap decided on what it has forgotten could win over what it was told since. The time tells apart what
    one call writes twice, where it did not learn what became of the first.
    """
    return (int.from_bytes(nonce[:8], "big") + now) % 2**63


def ended_by(nonce: bytes, family: Family) -> bool:
    """Say whether the call that drew `nonce` wrote the end of the row, at whichever of its attempts."""
    return family.ended_at is not None and family.version == version_of(nonce, family.ended_at)


def decide(
    snapshot: Snapshot,
    token: RefreshToken,
    presented: Presentation,
    *,
    nonce: bytes,
    policy: RefreshPolicy,
    keys: RotationKeys,
) -> Decision:
    """Decide on a refresh token whose tag holds and whose absolute expiry has not passed (rule 1).

    Args:
        snapshot: The row, the highest epoch that applies to it and the store's time, read as one.
        token: The presented token.
        presented: What came with it.
        nonce: Random bytes drawn once for this call, however often it decides.
        policy: The rules.
        keys: The issuer's keys.

    Returns:
        What is to be done; the table is in the documentation of refresh rotation.
    """
    family = snapshot.family
    if family is None:
        # Rule 2. A session unknown to the store: removed, or not arrived yet where it just failed over.
        return _ahead_of_the_store(2, snapshot.now, token, presented, policy) or Decision(
            Outcome.INVALID, 2, snapshot.now, detail="the store knows no such session"
        )
    # A clock that jumped back must not make a rotation older than the one before.
    now = max(snapshot.now, family.rotated_at, family.used_at)
    if wrong := _mismatch(family, token, presented):
        return Decision(Outcome.MISMATCH, 3, now, family, detail=wrong)
    if family.ended_at is not None:
        return Decision(Outcome.REVOKED, 4, now, family, detail=f"the session was ended: {family.end_reason}")
    if family.epoch < snapshot.epoch:
        return Decision(Outcome.REVOKED, 4, now, family, detail="a later logout of all sessions covers it")
    if family.epoch > snapshot.epoch:
        # The store has lost an epoch this row was made under, and perhaps a later one that ends it.
        return Decision(Outcome.UNAVAILABLE, 4, now, family, detail="the store's epoch is behind the row's")
    # The token's own expiry is under its tag, the row's may have been shortened by an operator.
    absolute = min(family.absolute_expires_at, token.absolute_expires_at)
    # A token newer than the row was made by a rotation that put the idle expiry off: rule 10 is for it.
    idle_is_over = now >= family.idle_expires_at and token.generation <= family.generation
    if idle_is_over or now > absolute - _SHORTEST_LIFETIME:
        return Decision(Outcome.EXPIRED, 5, now, family, detail="the session's lifetime has passed")
    row_keys = keys.find(family.key_id)
    token_keys = keys.find(token.key_id)
    if row_keys is None or token_keys is None:
        # Made by a process that has a newer rotation secret; this one must not judge it.
        detail = f"the rotation secret {family.key_id} is not known here"
        return Decision(Outcome.UNAVAILABLE, 0, now, family, detail=detail)
    behind = family.generation - token.generation
    if behind < 0:
        return _diverged(now, family, token, presented, nonce, policy)
    bound = _bound(family)
    if behind <= 1:
        kept = family.previous_digest if behind else family.digest
        if kept is None or not compare_digest(token_keys.digest(token.core, bound), kept):
            detail = "the token is genuine but not the one this row was made for; was the row edited?"
            return Decision(Outcome.INVALID, 9, now, family, detail=detail)
    if behind == 0:
        return _use(now, family, token, nonce, bound, absolute, presented.address, policy, keys.current)
    window = milliseconds(policy.retry_window)
    # This call's own swap, whose outcome was not known, is no retry; however long ago it was.
    mine = behind == 1 and compare_digest(family.nonce, nonce)
    if mine or (behind == 1 and now < family.rotated_at + window):
        successor = _successor(token, family.generation, family.rotated_at, family.nonce, row_keys)
        if not compare_digest(row_keys.digest(successor.core, bound), family.digest):
            # Handing out anything but the live token would log the client out with its next refresh.
            detail = "the row does not lead to its own live token; was it edited?"
            return Decision(Outcome.INVALID, 9, now, family, detail=detail)
        if mine:
            return Decision(Outcome.ROTATED, 7, now, family, token=successor)
        return Decision(Outcome.RETRIED, 8, now, family, token=successor)
    if presented.was_live:
        return Decision(Outcome.CONTENTION, 11, now, family, detail="overtaken while it was being rotated")
    if behind == 2 and family.previous_rotated_at is not None and now < family.previous_rotated_at + window:
        return Decision(Outcome.CONTENTION, 11, now, family, detail="overtaken twice inside the retry window")
    detail = f"generation {token.generation} came back, {family.generation} is live"
    ended = end(family, now=now, reason="reused", nonce=nonce)
    return Decision(Outcome.REUSED, 12, now, ended, swap=True, detail=detail)


def _mismatch(family: Family, token: RefreshToken, presented: Presentation) -> str | None:
    """Return what does not belong to the session, or None."""
    if presented.client_id != family.client_id:
        return "client"
    if presented.tenant != family.tenant:
        return "tenant"
    if presented.confirmation != family.confirmation:
        return "confirmation"
    pair = presented.pair
    if pair is None:
        return None
    if pair.session_id != family.session_id:
        return "access token: session"
    if pair.subject != family.subject:
        return "access token: subject"
    if pair.client_id != family.client_id:
        return "access token: client"
    if pair.confirmation != family.confirmation:
        return "access token: confirmation"
    # Two tabs share a refresh token while one of them still holds an older access token; a newer one than
    # the refresh token's never reaches its holder.
    if pair.generation is None or pair.generation > token.generation:
        return "access token: generation"
    return None


def _use(
    now: int,
    family: Family,
    token: RefreshToken,
    nonce: bytes,
    bound: bytes,
    absolute: int,
    address: str | None,
    policy: RefreshPolicy,
    current: FamilyKeys,
) -> Decision:
    """Decide on the live token (rule 6)."""
    idle = milliseconds(policy.idle)
    address = family.address if address is None else address
    if not policy.rotate:
        if now - family.used_at < min(_USED_AT_PRECISION, idle // 2):
            return Decision(Outcome.KEPT, 6, now, family, token=token)
        used = family._replace(
            version=version_of(nonce, now),
            used_at=now,
            idle_expires_at=min(now + idle, absolute),
            address=address,
        )
        return Decision(Outcome.KEPT, 6, now, used, swap=True, token=token)
    successor = _successor(token, family.generation + 1, now, nonce, current)
    rotated = family.rotated(
        version=version_of(nonce, now),
        key_id=current.key_id,
        digest=current.digest(successor.core, bound),
        nonce=nonce,
        now=now,
        idle_expires_at=min(now + idle, absolute),
        address=address,
    )
    return Decision(Outcome.ROTATED, 6, now, rotated, swap=True, token=successor)


def _successor(
    parent: RefreshToken, generation: int, rotated_at: int, nonce: bytes, keys: FamilyKeys
) -> RefreshToken:
    """Return the token after `parent`: a function of the row, the parent and the server's secret only.

    So a retry gets it byte for byte, and nobody can make it who lacks one of the three.
    """
    secret = keys.successor_secret(parent.family_id, generation, parent.secret, nonce)
    return RefreshToken(
        keys.key_id, parent.family_id, generation, rotated_at, parent.absolute_expires_at, secret
    )


def _bound(family: Family) -> bytes:
    """Return what the digests of the row cover beside the token: edited columns make it worthless."""
    who = (family.subject, family.client_id, family.tenant, family.confirmation)
    return joined((*who, family.scopes, family.claims))


def _diverged(
    now: int,
    family: Family,
    token: RefreshToken,
    presented: Presentation,
    nonce: bytes,
    policy: RefreshPolicy,
) -> Decision:
    """Decide on a token newer than its row (rule 10): the store has lost rotations it had confirmed."""
    waiting = _ahead_of_the_store(10, now, token, presented, policy)
    if waiting is not None:
        return waiting._replace(family=family)
    # Going on from the older row would revive tokens that were superseded.
    detail = f"generation {token.generation} came, the store knows {family.generation}"
    ended = end(family, now=now, reason="diverged", nonce=nonce)
    return Decision(Outcome.REVOKED, 10, now, ended, swap=True, detail=detail)


def _ahead_of_the_store(
    rule: int, now: int, token: RefreshToken, presented: Presentation, policy: RefreshPolicy
) -> Decision | None:
    """Say what to do first about a token the store does not know yet; None when nothing is left to try."""
    if not presented.read_again:
        return Decision(Outcome.READ_AGAIN, rule, now)
    if now - token.issued_at < milliseconds(policy.lag):
        return Decision(Outcome.UNAVAILABLE, rule, now, detail="the token is newer than what the store knows")
    return None
