"""A family as the one value Redis keeps of it: its fields as text, joined by NUL, which no text can hold.

One value and not a hash: it is read by one reply of one string, and a swap replaces it whole. What the
scripts look at comes first; `jwtkit.stores.redis.scripts` counts on the order.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from typing import Final, cast

from jwtkit.errors import StoreUnavailableError
from jwtkit.refresh.family import EndReason, Family
from jwtkit.stores.answers import over_at
from jwtkit.stores.bounds import require_storable

__all__ = ["identity_text", "row_bytes", "row_family"]

_FORMAT: Final = "1"
_SEPARATORS: Final = 27


def identity_text(family: Family, version: int) -> bytes:
    """Return how the row begins while it is still of that version: with what a swap must not change."""
    head = (_FORMAT, str(version), family.issuer, family.subject, str(family.created_at), "")
    return "\0".join(head).encode()


def row_bytes(family: Family, mark: str) -> bytes:
    """Return the value to keep.

    Args:
        family: The family.
        mark: Of this very write: should a client library send it twice, the second finds its own mark
            and not somebody else's row.

    Raises:
        ConfigurationError: ``store.unstorable``.
    """
    row = "\0".join(
        (
            _FORMAT,
            str(family.version),
            family.issuer,
            family.subject,
            str(family.created_at),
            _text(family.tenant),
            str(over_at(family)),
            _number(family.ended_at),
            family.key_id,
            mark,
            family.session_id,
            _text(family.client_id),
            _text(family.confirmation),
            _text(family.label),
            family.scopes,
            family.claims,
            str(family.epoch),
            str(family.generation),
            _base64(family.digest),
            "" if family.previous_digest is None else f"+{_base64(family.previous_digest)}",
            _base64(family.nonce),
            str(family.rotated_at),
            _number(family.previous_rotated_at),
            str(family.used_at),
            str(family.idle_expires_at),
            str(family.absolute_expires_at),
            family.end_reason or "",
            _text(family.address),
        )
    )
    if not row.isascii() or row.count("\0") != _SEPARATORS or _is_large(family):
        # Only then one by one: few rows are suspicious, and this is done for every rotation.
        require_storable(*family)
    return row.encode()


def row_family(row: bytes, session_id: str) -> Family:
    """Read the value back.

    Args:
        row: What stood under the session's key.
        session_id: Whose row it must be.

    Raises:
        StoreUnavailableError: ``store.corrupt``: it is not what this store wrote there.
    """
    try:
        (
            format_,
            version,
            issuer,
            subject,
            created_at,
            tenant,
            _over_at,
            ended_at,
            key_id,
            _mark,
            own_id,
            client_id,
            confirmation,
            label,
            scopes,
            claims,
            epoch,
            generation,
            digest,
            previous_digest,
            nonce,
            rotated_at,
            previous_rotated_at,
            used_at,
            idle_expires_at,
            absolute_expires_at,
            end_reason,
            address,
        ) = row.decode().split("\0")
        if format_ != _FORMAT or own_id != session_id:
            raise ValueError
        return Family(
            own_id,
            issuer,
            int(version),
            subject,
            client_id[1:] if client_id else None,
            tenant[1:] if tenant else None,
            confirmation[1:] if confirmation else None,
            label[1:] if label else None,
            scopes,
            claims,
            int(epoch),
            key_id,
            int(generation),
            a2b_base64(digest),
            a2b_base64(previous_digest[1:]) if previous_digest else None,
            a2b_base64(nonce),
            int(created_at),
            int(rotated_at),
            int(previous_rotated_at) if previous_rotated_at else None,
            int(used_at),
            int(idle_expires_at),
            int(absolute_expires_at),
            int(ended_at) if ended_at else None,
            cast("EndReason", end_reason) if end_reason else None,
            address[1:] if address else None,
        )
    except ValueError:
        raise StoreUnavailableError(
            "a session's row is not what this store wrote there", code="store.corrupt"
        ) from None


def _is_large(family: Family) -> bool:
    """Say whether a number is negative or has more than 63 bits."""
    return bool(
        (
            family.version
            | family.epoch
            | family.generation
            | family.created_at
            | family.rotated_at
            | (family.previous_rotated_at or 0)
            | family.used_at
            | family.idle_expires_at
            | family.absolute_expires_at
            | (family.ended_at or 0)
        )
        >> 63
    )


def _text(text: str | None) -> str:
    return "" if text is None else f"+{text}"


def _number(number: int | None) -> str:
    return "" if number is None else str(number)


def _base64(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode()
