"""What the tests of tokens and validators share: claims to bend, a signer for them, key stores to disturb."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from jwtkit.errors import Failure
from jwtkit.jose import JWKSet, SigningKey, base64url, sign_compact
from jwtkit.testing import ManualClock
from jwtkit.tokens import ACCESS_TOKEN, Profile
from jwtkit.tokens.checks import find_failures
from jwtkit.tokens.policy import Policy
from jwtkit.validator import TokenValidator

ISSUER = "https://orders.example"
AUDIENCE = "orders-api"
NOW = 1_750_000_000
KEY = SigningKey.generate("HS256", kid="main")
STRANGERS_KEY = SigningKey.generate("HS256", kid="main")
THUMBPRINT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
ABSENT: Any = object()


def claims_with(**changes: Any) -> dict[str, Any]:
    """Return good claims of an access token with these changes; `ABSENT` takes a claim out."""
    good = {"iss": ISSUER, "sub": "client-42", "aud": AUDIENCE, "exp": NOW + 900, "iat": NOW, "jti": "t1"}
    return {name: value for name, value in (good | changes).items() if value is not ABSENT}


def sign(claims: Mapping[str, Any] | bytes, *, key: Any = KEY, typ: Any = "at+jwt", **header: Any) -> str:
    """Return claims, or any payload, as a token with this header; `ABSENT` leaves typ out."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return sign_compact(payload, key, header={**({} if typ is ABSENT else {"typ": typ}), **header})


def compact(
    header: Any,
    payload: Any = None,
    *,
    key: SigningKey = KEY,
    signature: bytes | None = None,
) -> str:
    """Return header and payload, objects or raw bytes, as a compact JWS that is signed whatever they say."""
    if payload is None:
        payload = claims_with()
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    signing_input = ".".join(map(base64url.encode, parts))
    mark = key.sign(signing_input.encode()) if signature is None else signature
    return f"{signing_input}.{base64url.encode(mark)}"


def token_with(**changes: Any) -> str:
    """Return a good access token with these claims changed."""
    return sign(claims_with(**changes))


def validator_with(*, keys: Any = KEY, clock: Any = None, **options: Any) -> TokenValidator:
    """Return a validator of the kit's issuer, at `NOW`."""
    options = {"audience": AUDIENCE, **options}
    return TokenValidator(
        options.pop("issuer", ISSUER), keys=keys, clock=clock or ManualClock(NOW), **options
    )


def policy_with(**options: Any) -> Policy:
    """Return a policy of the kit's issuer, with no leeway unless it is asked for."""
    settings = {
        "audience": AUDIENCE,
        "profile": ACCESS_TOKEN,
        "leeway": timedelta(0),
        "max_lifetime": timedelta(days=3653),
        **options,
    }
    return Policy.make(settings.pop("issuer", ISSUER), **settings)


def failures_of(
    claims: Mapping[str, Any], kind: str | None = "at+jwt", *, now: float = NOW, **options: Any
) -> list[Failure]:
    """Return what does not hold of these claims under a policy made with `options`."""
    waiver = options.pop("max_expired_for", None)
    return find_failures(claims, kind, policy_with(**options), now, max_expired_for=waiver)


def codes(failures: Any) -> list[str]:
    """Return the codes of failures, in their order."""
    return [failure.code for failure in failures]


class Keys:
    """A key store to be disturbed: counts what it is asked, and can be told to fail."""

    def __init__(self, *keys: SigningKey) -> None:
        self.snapshot = JWKSet([key.verification_key for key in keys])
        self.failure: Exception | None = None
        self.asked = 0

    def key_set(self) -> JWKSet:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return self.snapshot


class RemoteKeys(Keys):
    """As `Keys`, and may learn of more: what `refresh` finds is put there beforehand."""

    blocking = False

    def __init__(self, *keys: SigningKey, found: JWKSet | None = None) -> None:
        super().__init__(*keys)
        self.found = found
        self.refresh_failure: Exception | None = None
        self.refreshed: list[str] = []

    def refresh(self, kid: str, /) -> None:
        self.refreshed.append(kid)
        if self.refresh_failure is not None:
            raise self.refresh_failure
        if self.found is not None:
            self.snapshot = self.found


class AwaitedKeys(RemoteKeys):
    """As `RemoteKeys`, awaited."""

    async def refresh(self, kid: str, /) -> None:  # type: ignore[override]
        RemoteKeys.refresh(self, kid)


def profile_with(**changes: Any) -> Profile:
    """Return a profile of one's own."""
    return Profile(**{"name": "OWN", "types": ("own+jwt",), "required_claims": ("exp",), **changes})
