"""The families and odd texts the laws are tried with."""

from __future__ import annotations

from secrets import randbits, token_urlsafe

from jwtkit.refresh.family import Family
from jwtkit.testing.clock import ManualClock

__all__ = ["DAY", "ISSUER", "ODD_TEXTS", "UNSTORABLE_TEXTS", "a_family", "milliseconds", "rotated", "short"]

ISSUER = "https://orders.example"
DAY = 86_400_000
"""A day in milliseconds."""

ODD_TEXTS = (
    "'; DROP TABLE families; --",
    '"quoted"\\back\\slash`',
    "100 %s %(name)s %% _ * ? [a-z]",
    "{braces} ${dollar} :colon ::cast #{hash}",
    "line\nbreak\ttab\r\x1f",
    "  spaces  ",
    "ÅéîøÜ straße",
    "Ελληνικά 日本語 עברית العربية",
    "👩‍👩‍👧‍👦 \U0010ffff \uffff",
    "null",
    "0",
    "x" * 4096,
)
"""Texts a store must keep as they are."""

UNSTORABLE_TEXTS = ("a\x00b", "\x00", "a\ud800b", "\udfff")
"""Texts no store keeps: PostgreSQL has no NUL, and half a surrogate pair is not Unicode text."""


def milliseconds(clock: ManualClock) -> int:
    """Return the clock's time as stores tell it."""
    return round(clock() * 1000)


def short(text: object) -> str:
    """Return a test's name for `text`."""
    return ascii(text)[:24]


def a_family(clock: ManualClock, **changes: object) -> Family:
    """Return a family that begins now, with an id of its own, idle after 14 days and over after 90."""
    now = milliseconds(clock)
    family = Family(
        session_id=token_urlsafe(16),
        issuer=ISSUER,
        version=1,
        subject="client-42",
        client_id="web",
        tenant="acme",
        confirmation=None,
        label="Firefox on Linux",
        address="2001:db8::7",
        scopes="orders:read orders:write",
        claims='{"plan":"gold"}',
        epoch=0,
        key_id="k1",
        generation=0,
        digest=bytes(range(32)),
        previous_digest=None,
        nonce=b"",
        created_at=now,
        rotated_at=now,
        previous_rotated_at=None,
        used_at=now,
        idle_expires_at=now + 14 * DAY,
        absolute_expires_at=now + 90 * DAY,
    )
    return family._replace(**changes)  # type: ignore[arg-type]


def rotated(family: Family, clock: ManualClock, **changes: object) -> Family:
    """Return what follows `family`, as a rotation now would leave it."""
    now = milliseconds(clock)
    generation = family.generation + 1
    successor = family._replace(
        version=randbits(63),
        generation=generation,
        digest=generation.to_bytes(32, "big"),
        previous_digest=family.digest,
        nonce=generation.to_bytes(16, "little"),
        rotated_at=now,
        previous_rotated_at=family.rotated_at,
        used_at=now,
        idle_expires_at=min(now + 14 * DAY, family.absolute_expires_at),
    )
    return successor._replace(**changes)  # type: ignore[arg-type]
