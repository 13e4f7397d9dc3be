"""Login: the first generation of a session."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jwtkit.errors import ConfigurationError, RefreshTokenRevokedError, StoreUnavailableError
from jwtkit.events import SessionStarted
from jwtkit.jose import base64url
from jwtkit.jose.strict_json import dump_object
from jwtkit.refresh.access import refuse_own_claims
from jwtkit.refresh.decision import begin
from jwtkit.refresh.family import Family
from jwtkit.refresh.guarded_store import GuardedStore
from jwtkit.refresh.pair import TokenPair
from jwtkit.refresh.parts import RotationParts
from jwtkit.refresh.protocols import EpochScope
from jwtkit.refresh.session import displayable
from jwtkit.refresh.token_text import FAMILY_ID_SIZE, SECRET_SIZE
from jwtkit.tokens.claims import is_text
from jwtkit.tokens.draft import join_scopes

__all__ = ["start"]


async def start(
    parts: RotationParts,
    subject: str,
    *,
    scopes: Iterable[str],
    claims: Mapping[str, Any] | None,
    client_id: str | None,
    tenant: str | None,
    confirmation: str | None,
    label: str | None,
    address: str | None,
    epoch: int | None,
) -> TokenPair:
    """Begin a session (see `RefreshRotator.start`)."""
    await parts.check_secret()
    if epoch is not None and type(epoch) is not int:
        raise ConfigurationError("start(epoch=…) must be what epoch() returned", code="rotator.argument")
    _require_text(subject=subject, client_id=client_id, tenant=tenant, confirmation=confirmation)
    refuse_own_claims(claims or {})
    issuer = parts.sessions.issuer
    store = parts.sessions.store
    keep = parts.policy.max_sessions
    # Before the time of this login is read, so that what is here by now is older than it.
    before = frozenset[str]() if keep is None else await parts.sessions.ids(subject)
    reading = await store.epoch(EpochScope.applying_to(issuer, subject=subject, tenant=tenant))
    epoch = reading.epoch if epoch is None else epoch
    if epoch < reading.epoch:
        raise parts.refused(
            RefreshTokenRevokedError, None, subject, "logged out while the login was under way"
        )
    if epoch > reading.epoch:
        raise StoreUnavailableError(
            "the session store is behind the epoch of this login", code="store.behind"
        )
    family_id = parts.random_bytes(FAMILY_ID_SIZE)
    family, token = begin(
        Family(
            session_id=base64url.encode(family_id),
            issuer=issuer,
            version=1,
            subject=subject,
            client_id=client_id,
            tenant=tenant,
            confirmation=confirmation,
            label=None if label is None else displayable(label),
            address=None if address is None else displayable(address),
            scopes=join_scopes(scopes),
            claims=dump_object(claims or {}).decode(),
            epoch=epoch,
            key_id="",
            generation=0,
            digest=b"",
            previous_digest=None,
            nonce=b"",
            created_at=reading.now,
            rotated_at=reading.now,
            previous_rotated_at=None,
            used_at=reading.now,
            idle_expires_at=0,
            absolute_expires_at=0,
        ),
        keys=parts.keys,
        policy=parts.policy,
        family_id=family_id,
        secret=parts.random_bytes(SECRET_SIZE),
    )
    issued = await parts.access.issued(family, now=reading.now)
    if issued is None:
        raise parts.refused(RefreshTokenRevokedError, None, subject, "the grant was refused at login")
    await _insert(family, store)
    parts.sessions.tell(SessionStarted(parts.clock(), family.session_id, subject))
    if keep is not None:
        await parts.sessions.displace(family, keep=keep, before=before)
    return parts.pair(family, token, issued, now=reading.now)


async def _insert(family: Family, store: GuardedStore) -> None:
    try:
        await store.insert(family)
    except StoreUnavailableError:
        # Perhaps it was written; then this login has succeeded, and no session is left behind unknown.
        if (await store.read(family.session_id)).family != family:
            raise


def _require_text(**texts: str | None) -> None:
    for name, text in texts.items():
        if (text is None and name == "subject") or (text is not None and not is_text(text)):
            raise ConfigurationError(
                f"start({name}=…) must be a text of 1 to 512 characters without control characters",
                code="rotator.argument",
            )
