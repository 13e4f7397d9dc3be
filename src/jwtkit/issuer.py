"""TokenIssuer: makes signed tokens of one issuer, profile and lifetime."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from inspect import isawaitable
from typing import Any

from jwtkit.errors import Boundary, ConfigurationError, JWTKitError, KeysUnavailableError
from jwtkit.jose import SigningKey, base64url, strict_json
from jwtkit.keys.protocols import AsyncSigner, AsyncSigningKeyStore, Signer, SigningKeyStore
from jwtkit.keys.static import StaticKeyStore, signing_store
from jwtkit.tokens.claims import is_text
from jwtkit.tokens.draft import ClaimsWriter
from jwtkit.tokens.policy import read_duration, read_names
from jwtkit.tokens.profiles import ACCESS_TOKEN, Profile
from jwtkit.tokens.token import IssuedToken

__all__ = ["AsyncTokenIssuer", "TokenIssuer"]

_FIFTEEN_MINUTES = timedelta(minutes=15)
_ID_BYTES = 16
_MOST_HEADERS = 16
_SIGNER = Boundary(KeysUnavailableError, "the signer")
_ASYNC_SIGNERS_ONLY = "keys must be a store of async signers; with a local key use TokenIssuer"


class _Issuing:
    """What the sync and async issuer share: everything but asking the signer."""

    def __init__(
        self,
        issuer: str | None,
        *,
        audience: str | Iterable[str] | None,
        lifetime: timedelta | None,
        profile: Profile,
        clock: Callable[[], float] | None,
    ) -> None:
        if not isinstance(profile, Profile):
            raise ConfigurationError("profile must be a jwtkit Profile, such as ACCESS_TOKEN")
        if (issuer is not None or profile.requires("iss")) and not is_text(issuer):
            raise ConfigurationError("issuer must be a non-empty string, such as https://orders.example")
        if audience is None and profile.requires(profile.audience_claim):
            raise ConfigurationError(f"{profile.name} tokens name their audience: say for whom they are")
        if lifetime is None and profile.requires("exp"):
            raise ConfigurationError(f"{profile.name} tokens expire: give a lifetime")
        if clock is not None and not callable(clock):
            raise ConfigurationError("clock must be a callable giving seconds, such as time.time")
        self._issuer = issuer
        self._audience = () if audience is None else read_names(audience, what="audience")
        self._lifetime = lifetime
        self._seconds = None if lifetime is None else _whole_seconds(lifetime, profile)
        self._profile = profile
        self._claims = ClaimsWriter(profile, issuer=issuer, audience=self._audience)
        self._clock = clock
        self._headers: dict[tuple[str, str], bytes] = {}

    @property
    def issuer(self) -> str | None:
        """The ``iss`` of every token, or None where the profile has none."""
        return self._issuer

    @property
    def audience(self) -> tuple[str, ...]:
        """The audience of a token issued without one of its own."""
        return self._audience

    @property
    def lifetime(self) -> timedelta | None:
        """The lifetime of a token issued without one of its own, or None where the profile has none."""
        return self._lifetime

    @property
    def profile(self) -> Profile:
        """The kind of token it issues."""
        return self._profile

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._issuer!r}, audience={self._audience!r})"

    def _stamp(self, lifetime: timedelta | None) -> tuple[int, int | None, int | None, str]:
        """Return what is a token's own: ``iat``, ``exp``, the seconds between them, and ``jti``."""
        seconds = self._seconds if lifetime is None else _whole_seconds(lifetime, self._profile)
        now = int(time.time() if self._clock is None else self._clock())
        token_id = base64url.encode(os.urandom(_ID_BYTES))
        return now, None if seconds is None else now + seconds, seconds, token_id

    def _new_header(self, signer: Signer | AsyncSigner) -> bytes:
        """Return the encoded header for the signer's key, with its dot, and keep it for the next token."""
        alg, kid = signer.alg, signer.kid
        fields = {"alg": alg, **_written_type(self._profile), "kid": kid}
        header = base64url.encode_bytes(strict_json.dump_object(fields)) + b"."
        if len(self._headers) >= _MOST_HEADERS:
            self._headers.clear()
        self._headers[alg, kid] = header
        return header


class TokenIssuer(_Issuing):
    """Makes signed tokens.

    Args:
        issuer: Who issues them: the ``iss`` claim, such as ``https://orders.example``.
        audience: For whom they are: one audience or several; the ``aud`` claim.
        keys: A `SigningKey`, or a key store that has a signer.
        lifetime: How long a token lives; whole seconds.
        profile: The kind of token; ``ACCESS_TOKEN`` by default.
        clock: Gives the time in seconds since the epoch; None reads the system's at each call.

    Raises:
        ConfigurationError: A setting is missing or wrong, or ``keys`` cannot sign.
    """

    def __init__(
        self,
        issuer: str | None,
        *,
        audience: str | Iterable[str] | None,
        keys: SigningKey | SigningKeyStore,
        lifetime: timedelta | None = _FIFTEEN_MINUTES,
        profile: Profile = ACCESS_TOKEN,
        clock: Callable[[], float] | None = None,
    ) -> None:
        super().__init__(issuer, audience=audience, lifetime=lifetime, profile=profile, clock=clock)
        self._keys = signing_store(keys)

    def issue(
        self,
        subject: str | None,
        *,
        scopes: Iterable[str] = (),
        claims: Mapping[str, Any] | None = None,
        audience: str | Iterable[str] | None = None,
        lifetime: timedelta | None = None,
        client_id: str | None = None,
        session_id: str | None = None,
        confirmation: str | Mapping[str, Any] | None = None,
    ) -> IssuedToken:
        """Make one signed token (RFC 7519; RFC 9068 §2.2).

        Args:
            subject: Whom it speaks for (``sub``); None only where the profile requires none.
            scopes: What it grants (``scope``).
            claims: Further claims; those the issuer sets itself are refused.
            audience: For whom, when not for the issuer's own audience.
            lifetime: How long, when not for the issuer's own lifetime.
            client_id: The OAuth client it is issued to.
            session_id: The session it belongs to (``sid``).
            confirmation: Thumbprint of the key it is bound to (``cnf``/``jkt``), or the whole ``cnf``.

        Raises:
            ConfigurationError: An argument is wrong, or a claim the profile requires is missing.
            KeysUnavailableError: The signing key cannot be reached now.
        """
        now, expires_at, seconds, token_id = self._stamp(lifetime)
        claims_set = self._claims.write(
            subject, audience, scopes, client_id, session_id, confirmation, claims, now, expires_at, token_id
        )
        payload = base64url.encode_bytes(claims_set)
        try:  # not `with _SIGNER`, which would cost 5 % of an HMAC-signed token
            signer = self._keys.signer()
            header = self._headers.get((signer.alg, signer.kid)) or self._new_header(signer)
            signing_input = header + payload
            signature = signer.sign(signing_input)
        except Exception as error:
            if isinstance(error, JWTKitError):
                raise
            raise _SIGNER.translated(error) from error
        if not isinstance(signature, bytes):
            raise _no_signature(signature)
        text = f"{signing_input.decode()}.{base64url.encode(signature)}"
        return IssuedToken(text, token_id, expires_at, seconds)


class AsyncTokenIssuer(_Issuing):
    """As `TokenIssuer`, for a signer that is awaited, such as a key management service.

    With a local key use `TokenIssuer` from async code too: signing does not block.
    """

    def __init__(
        self,
        issuer: str | None,
        *,
        audience: str | Iterable[str] | None,
        keys: AsyncSigningKeyStore,
        lifetime: timedelta | None = _FIFTEEN_MINUTES,
        profile: Profile = ACCESS_TOKEN,
        clock: Callable[[], float] | None = None,
    ) -> None:
        super().__init__(issuer, audience=audience, lifetime=lifetime, profile=profile, clock=clock)
        local = isinstance(keys, SigningKey | StaticKeyStore | type)
        if local or not callable(getattr(keys, "signer", None)):
            raise ConfigurationError(_ASYNC_SIGNERS_ONLY)
        self._keys = keys

    async def issue(
        self,
        subject: str | None,
        *,
        scopes: Iterable[str] = (),
        claims: Mapping[str, Any] | None = None,
        audience: str | Iterable[str] | None = None,
        lifetime: timedelta | None = None,
        client_id: str | None = None,
        session_id: str | None = None,
        confirmation: str | Mapping[str, Any] | None = None,
    ) -> IssuedToken:
        """Make one signed token (see `TokenIssuer.issue`)."""
        now, expires_at, seconds, token_id = self._stamp(lifetime)
        claims_set = self._claims.write(
            subject, audience, scopes, client_id, session_id, confirmation, claims, now, expires_at, token_id
        )
        payload = base64url.encode_bytes(claims_set)
        with _SIGNER:
            signer = self._keys.signer()
            header = self._headers.get((signer.alg, signer.kid)) or self._new_header(signer)
            signing_input = header + payload
            pending = signer.sign(signing_input)
            if not isawaitable(pending):
                raise ConfigurationError(_ASYNC_SIGNERS_ONLY)
            signature = await pending
        if not isinstance(signature, bytes):
            raise _no_signature(signature)
        text = f"{signing_input.decode()}.{base64url.encode(signature)}"
        return IssuedToken(text, token_id, expires_at, seconds)


def _no_signature(answer: object) -> ConfigurationError:
    return ConfigurationError(
        f"the signer returned {type(answer).__name__}, not bytes; one that is awaited needs an "
        "AsyncTokenIssuer"
    )


def _whole_seconds(lifetime: timedelta, profile: Profile) -> int:
    seconds = int(read_duration(lifetime, what="lifetime"))
    if seconds < 1:
        raise ConfigurationError("lifetime must be at least one second: exp is written in whole seconds")
    if profile.max_lifetime is not None and lifetime > profile.max_lifetime:
        raise ConfigurationError(f"a {profile.name} token lives at most {profile.max_lifetime}")
    return seconds


def _written_type(profile: Profile) -> dict[str, str]:
    kind = profile.types[0]
    if kind is None:
        return {}
    # RFC 7519 §5.1 recommends upper case for the one typ that is older than media types.
    return {"typ": "JWT" if kind == "jwt" else kind}
