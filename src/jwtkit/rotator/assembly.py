"""Putting a rotator together, and saying at once what does not fit."""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from jwtkit.errors import ConfigurationError
from jwtkit.events import Observer
from jwtkit.issuer import AsyncTokenIssuer, TokenIssuer
from jwtkit.keys.protocols import Refreshable
from jwtkit.keys.static import StaticKeyStore, verification_store
from jwtkit.refresh.access import AccessTokens, Granting
from jwtkit.refresh.guarded_store import GuardedStore
from jwtkit.refresh.live_sessions import LiveSessions
from jwtkit.refresh.parts import RotationParts
from jwtkit.refresh.policy import RefreshPolicy
from jwtkit.refresh.secret import RotationSecret
from jwtkit.refresh.session import Session
from jwtkit.validator import AsyncTokenValidator, TokenValidator

__all__ = ["assembled", "awaited_grant"]


def assembled(
    issuer: TokenIssuer | AsyncTokenIssuer,
    validator: TokenValidator | AsyncTokenValidator,
    *,
    store: GuardedStore,
    secret: RotationSecret,
    policy: RefreshPolicy,
    grant: Granting | None,
    observer: Observer | None,
    clock: Callable[[], float] | None,
) -> RotationParts:
    """Check that the parts fit together, and put the core on them."""
    name, lifetime = _agreed(issuer, validator)
    if not isinstance(secret, RotationSecret):
        raise ConfigurationError(
            "secret must be a RotationSecret, such as RotationSecret.from_env()", code="rotator.secret"
        )
    if not isinstance(policy, RefreshPolicy):
        raise ConfigurationError("policy must be a RefreshPolicy", code="rotator.policy")
    if observer is not None and not callable(getattr(observer, "observe", None)):
        raise ConfigurationError("observer must have observe(event)", code="rotator.observer")
    if clock is not None and not callable(clock):
        raise ConfigurationError(
            "clock must be a callable giving seconds, such as time.time", code="rotator.clock"
        )
    seconds = _system_clock if clock is None else clock
    sessions = LiveSessions(
        issuer=name, store=store, observer=observer, clock=seconds, random_bytes=os.urandom
    )
    access = AccessTokens(
        issuer=name,
        lifetime=lifetime,
        max_expired_for=policy.idle,
        leeway=validator.leeway,
        sign=issuer.issue,
        read=validator.validate_except_lifetime,
        grant=grant,
    )
    return RotationParts(
        keys=secret.keys_for(name),
        policy=policy,
        access=access,
        sessions=sessions,
        clock=seconds,
        random_bytes=os.urandom,
    )


def _agreed(
    issuer: TokenIssuer | AsyncTokenIssuer, validator: TokenValidator | AsyncTokenValidator
) -> tuple[str, timedelta]:
    """Return the issuer's name and lifetime, once it is sure that the validator takes its tokens."""
    name, lifetime = issuer.issuer, issuer.lifetime
    if name is None or lifetime is None:
        raise ConfigurationError(
            "a rotator needs access tokens that name their issuer and expire", code="rotator.issuer"
        )
    trusted = next((entry for entry in validator.trusted if entry.issuer == name), None)
    if trusted is None:
        raise ConfigurationError(
            f"the validator does not trust {name!r}, whose tokens the issuer makes", code="rotator.issuer"
        )
    if trusted.profile != issuer.profile:
        raise ConfigurationError(
            f"issuer and validator disagree on the profile: {issuer.profile.name} and {trusted.profile.name}",
            code="rotator.profile",
        )
    if issuer.audience and not frozenset(issuer.audience).intersection(trusted.audience or issuer.audience):
        raise ConfigurationError(
            "issuer and validator disagree on the audience: no token of the one would pass the other",
            code="rotator.audience",
        )
    # Only where both are fixed: a store that learns new keys may know this one tomorrow.
    keys = verification_store(trusted.keys)
    if isinstance(issuer._keys, StaticKeyStore) and not isinstance(keys, Refreshable):
        signer = issuer._keys.signer()
        if keys.key_set().find(signer.alg, signer.kid) is None:
            raise ConfigurationError(
                f"the validator does not know the key {signer.kid!r} that the issuer signs with",
                code="rotator.keys",
            )
    return name, lifetime


def _system_clock() -> float:
    return time.time()  # looked up at each call, so that tests can freeze it


def awaited_grant(grant: Callable[[Session], Any] | None) -> Granting | None:
    """Return the ``grant=`` callable so that it is awaited; what it returns may be awaitable itself.

    Raises:
        ConfigurationError: ``rotator.grant``: it cannot be called.
    """
    if grant is None:
        return None
    if not callable(grant):
        raise ConfigurationError("grant must be a callable taking a Session", code="rotator.grant")

    async def call(session: Session) -> Any:
        answer = grant(session)
        return await answer if inspect.isawaitable(answer) else answer

    return call
