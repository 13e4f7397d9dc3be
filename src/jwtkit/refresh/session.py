"""A session as an application sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from jwtkit.errors import ConfigurationError, MalformedTokenError, StoreUnavailableError
from jwtkit.jose.strict_json import parse_object
from jwtkit.refresh.family import Family
from jwtkit.tokens.claims import to_datetime

__all__ = ["Session", "claims_of", "displayable", "session_of"]

_LONGEST_SHOWN: Final = 200

_NO_CLAIMS: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One login and everything refreshed from it (a token family). Holds no token.

    All times are UTC datetimes by the store's clock.

    Attributes:
        id: Names it in `RefreshRotator.revoke_session` and in the ``sid`` of its access tokens.
        subject: Whom it belongs to.
        client_id: The OAuth client it was given to, or None.
        tenant: The tenant, or None.
        confirmation: The thumbprint of the key it is bound to, or None.
        label: What the user sees in a list of sessions, or None.
        address: The network address it was last used from, as the service saw it, or None.
        scopes: Granted at login.
        claims: Extra claims granted at login, read-only.
        generation: How often it was rotated.
        created_at: When the login happened.
        used_at: When it was last refreshed.
        idle_expires_at: After this it is over unless it is refreshed.
        absolute_expires_at: After this it is over.
    """

    id: str
    subject: str
    client_id: str | None
    tenant: str | None
    confirmation: str | None
    label: str | None
    address: str | None
    scopes: frozenset[str]
    claims: Mapping[str, Any] = field(hash=False)
    generation: int
    created_at: datetime
    used_at: datetime
    idle_expires_at: datetime
    absolute_expires_at: datetime


def claims_of(family: Family) -> Mapping[str, Any]:
    """Return the extra claims granted at login, read-only.

    Raises:
        StoreUnavailableError: ``store.corrupt``: they are not what a rotator wrote.
    """
    if family.claims == "{}":
        return _NO_CLAIMS
    try:
        return MappingProxyType(parse_object(family.claims.encode()))
    except (MalformedTokenError, UnicodeEncodeError):
        raise StoreUnavailableError(
            "the session store holds a row that no rotator wrote; restore it or end the session",
            code="store.corrupt",
        ) from None


def displayable(text: str) -> str:
    """Return a text fit to be shown and kept: it is often what a client says of itself, so any text at all.

    Raises:
        ConfigurationError: ``rotator.argument``: it is no text.
    """
    if not isinstance(text, str):
        raise ConfigurationError("label and address must be texts, or None", code="rotator.argument")
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text[:_LONGEST_SHOWN])


def session_of(family: Family) -> Session:
    """Return the application's view of a row.

    Raises:
        StoreUnavailableError: ``store.corrupt``.
    """
    return Session(
        id=family.session_id,
        subject=family.subject,
        client_id=family.client_id,
        tenant=family.tenant,
        confirmation=family.confirmation,
        label=family.label,
        address=family.address,
        scopes=frozenset(family.scopes.split()),
        claims=claims_of(family),
        generation=family.generation,
        created_at=_moment(family.created_at),
        used_at=_moment(family.used_at),
        idle_expires_at=_moment(family.idle_expires_at),
        absolute_expires_at=_moment(family.absolute_expires_at),
    )


def _moment(time: int) -> datetime:
    return to_datetime(time / 1000)
