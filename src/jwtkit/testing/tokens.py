"""Tokens for tests: what a validator would have returned, with no key and no signature."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from jwtkit.jose.strict_json import parse_object
from jwtkit.tokens.draft import ClaimsWriter
from jwtkit.tokens.profiles import ACCESS_TOKEN, Profile
from jwtkit.tokens.token import Source, VerifiedToken, seal_verified

__all__ = ["verified_token"]


def verified_token(
    subject: str | None = "client-42",
    *,
    scopes: Iterable[str] = (),
    claims: Mapping[str, Any] | None = None,
    issuer: str | None = "https://issuer.test",
    audience: str | tuple[str, ...] = "audience.test",
    client_id: str | None = None,
    session_id: str | None = None,
    confirmation: str | None = None,
    lifetime: timedelta = timedelta(minutes=15),
    profile: Profile = ACCESS_TOKEN,
    algorithm: str = "ES256",
    key_id: str = "test-key",
) -> VerifiedToken:
    """Return a `VerifiedToken` that nobody verified, for tests of code that takes one.

    Put it where an adapter would: with FastAPI,
    ``app.dependency_overrides[bearer] = lambda: verified_token(scopes=["orders:read"])``.

    Args:
        subject: Its ``sub``.
        scopes: Its ``scope``.
        claims: Further claims; here any claim may be given, and wins over the named arguments.
        issuer: Its ``iss``.
        audience: Its ``aud``.
        client_id: Its ``client_id``.
        session_id: Its ``sid``.
        confirmation: The key thumbprint in its ``cnf``.
        lifetime: How long after now its ``exp`` lies.
        profile: What kind of token it is.
        algorithm: What `VerifiedToken.algorithm` says.
        key_id: What `VerifiedToken.key_id` says.
    """
    now = int(time.time())
    # A test may leave out what the profile requires.
    writer = ClaimsWriter(
        replace(profile, required_claims=()),
        issuer=issuer,
        audience=(audience,) if isinstance(audience, str) else audience,
    )
    exp = now + int(lifetime.total_seconds())
    written = writer.write(
        subject, None, scopes, client_id, session_id, confirmation, None, now, exp, "test-token"
    )
    drafted = {**parse_object(written), **(claims or {})}
    kind = profile.types[0]
    header = {"alg": algorithm, **({} if kind is None else {"typ": kind}), "kid": key_id}
    return seal_verified(drafted, Source(MappingProxyType(header), key_id, profile))
