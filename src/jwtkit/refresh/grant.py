"""What a subject may do, as the application says it: at login, and again before each new access token."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from jwtkit.errors import ConfigurationError

__all__ = ["Grant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One answer to "who is this, and what may they do now?".

    From a login it starts a session: `subject` is needed there. From a rotator's ``grant=`` callable it
    says what the next access token carries: only `scopes` and `claims` are read, and a `subject` that is
    given must be the session's.

    Attributes:
        subject: Whom the tokens speak for.
        scopes: What they allow (RFC 6749 §3.3).
        claims: Extra claims of the access token.
        client_id: The OAuth client that logs in.
        tenant: The tenant it logs in to.
        confirmation: The thumbprint of the key the session is bound to (RFC 7800).
        label: What the user sees in a list of sessions.
        address: The network address the login came from, as the service saw it.
        epoch: The revocation epoch read before the password was checked (`RefreshRotator.epoch`).
    """

    subject: str | None = None
    scopes: Collection[str] = ()
    claims: Mapping[str, Any] = field(default_factory=dict, hash=False)
    client_id: str | None = None
    tenant: str | None = None
    confirmation: str | None = None
    label: str | None = None
    address: str | None = None
    epoch: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.scopes, str):
            raise ConfigurationError(
                "Grant(scopes=…) takes a list of scopes; split the text first", code="grant.scopes"
            )
        object.__setattr__(self, "scopes", tuple(self.scopes))
        object.__setattr__(self, "claims", MappingProxyType(dict(self.claims)))
