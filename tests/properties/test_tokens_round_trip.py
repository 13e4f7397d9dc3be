"""Whatever an issuer issues, a matching validator accepts and reads back equal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.tokens.kit import NOW, profile_with

from jwtkit.issuer import TokenIssuer
from jwtkit.jose import SigningKey
from jwtkit.testing import ManualClock
from jwtkit.testing.strategies import json_claims, scopes, subjects
from jwtkit.tokens import ACCESS_TOKEN, EXTERNAL_ACCESS_TOKEN, GENERIC, ID_TOKEN, RFC9068, Profile
from jwtkit.validator import TokenValidator

KEYS = [SigningKey.generate(name) for name in ("HS256", "ES256", "Ed25519", "EdDSA")]
OWN = profile_with(
    types=(None, "own+jwt"),
    required_claims=("exp", "uid"),
    subject_claim="uid",
    audience_claim="to",
    scope_claims=("scp",),
    client_claims=("cid",),
    max_lifetime=timedelta(days=400),
)
PROFILES = [ACCESS_TOKEN, RFC9068, EXTERNAL_ACCESS_TOKEN, ID_TOKEN, GENERIC, OWN]
TAKEN = {
    "uid",
    "to",
    "scp",
    "cid",
    "azp",
    "appid",
    "nonce",
    "at_hash",
    "c_hash",
    "s_hash",
    "events",
    "typ",
    "token_use",
}
EXTRA = json_claims().map(lambda claims: {name: value for name, value in claims.items() if name not in TAKEN})
AUDIENCES = subjects() | st.lists(subjects(), min_size=1, max_size=4, unique=True)
LIFETIMES = st.integers(1, 400 * 86400).map(lambda seconds: timedelta(seconds=seconds))
CONFIRMATIONS = st.none() | st.text("abcdefABCDEF0123456789-_", min_size=43, max_size=43)


@given(
    profile=st.sampled_from(PROFILES),
    key=st.sampled_from(KEYS),
    issuer=subjects(),
    audience=AUDIENCES,
    subject=subjects(),
    client=subjects(),
    session=st.none() | subjects(),
    names=scopes(),
    extra=EXTRA,
    lifetime=LIFETIMES,
    confirmation=CONFIRMATIONS,
    now=st.floats(1.0, 4_000_000_000.0, allow_nan=False) | st.just(float(NOW)),
)
def test_what_is_issued_is_accepted_and_reads_back_equal(
    profile: Profile,
    key: SigningKey,
    issuer: str,
    audience: str | list[str],
    subject: str,
    client: str,
    session: str | None,
    names: list[str],
    extra: dict[str, Any],
    lifetime: timedelta,
    confirmation: str | None,
    now: float,
) -> None:
    granted = names if profile.scope_claims else []
    clock = ManualClock(now)
    issued = TokenIssuer(
        issuer, audience=audience, keys=key, lifetime=lifetime, profile=profile, clock=clock
    ).issue(
        subject, scopes=granted, claims=extra, client_id=client, session_id=session, confirmation=confirmation
    )
    validator = TokenValidator(
        issuer,
        audience=audience,
        keys=key.verification_key,
        profile=profile,
        clock=clock,
        max_token_bytes=10**6,
    )
    token = validator.validate(issued.token, confirmation=confirmation)
    assert token.issuer == issuer
    assert token.subject == subject
    assert token.audience == ((audience,) if isinstance(audience, str) else tuple(audience))
    assert token.scopes == frozenset(granted)
    assert token.client_id == client
    assert token.id == issued.id
    assert token.expires_at == issued.expires_at
    assert (token.expires_at - token.issued_at) == lifetime
    assert int(token.issued_at.timestamp()) == int(clock())
    assert token.algorithm == key.alg
    assert token.key_id == key.kid
    if session is not None:
        assert token.session_id == session
    if confirmation is not None:
        assert token.confirmation == confirmation
    # Equal in value and in type: True is not 1.
    assert {name: repr(token.claims[name]) for name in extra} == {
        name: repr(value) for name, value in extra.items()
    }
    stale = validator.validate_except_lifetime(issued.token, confirmation=confirmation)
    assert stale.claims == token.claims
    assert not stale.expired
