"""TokenIssuer: makes signed tokens of one issuer, profile and lifetime."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from inspect import isawaitable
from typing import Any

from jwtkit.errors import Boundary, ConfigurationError, KeysUnavailableError
from jwtkit.jose import SigningKey, base64url, strict_json
from jwtkit.keys.protocols import AsyncSigner, AsyncSigningKeyStore, Signer, SigningKeyStore
from jwtkit.keys.static import StaticKeyStore, signing_store
from jwtkit.tokens.claims import is_text
from jwtkit.tokens.draft import draft_claims
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
        self._lifetime_seconds = None if lifetime is None else _whole_seconds(lifetime, profile)
        self._profile = profile
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

    def _draft(
        self,
        signer: Signer | AsyncSigner,
        subject: str | None,
        scopes: Iterable[str],
        claims: Mapping[str, Any] | None,
        audience: str | Iterable[str] | None,
        lifetime: timedelta | None,
        client_id: str | None,
        session_id: str | None,
        confirmation: str | Mapping[str, Any] | None,
    ) -> _Draft:
        profile = self._profile
        drafted = draft_claims(
            profile,
            issuer=self._issuer,
            subject=subject,
            audience=self._audience if audience is None else read_names(audience, what="audience"),
            scopes=scopes,
            client_id=client_id,
            session_id=session_id,
            confirmation=confirmation,
            extra=claims,
        )
        seconds = self._lifetime_seconds if lifetime is None else _whole_seconds(lifetime, profile)
        now = int(time.time() if self._clock is None else self._clock())
        expires_at = None if seconds is None else now + seconds
        if expires_at is not None:
            drafted["exp"] = expires_at
        drafted["iat"] = now
        token_id = drafted["jti"] = base64url.encode(os.urandom(_ID_BYTES))
        missing = [name for name in profile.required_claims if name not in drafted]
        if missing:
            raise ConfigurationError(
                f"a {profile.name} token needs {', '.join(missing)}", code="issue.missing_claim"
            )
        payload = base64url.encode(strict_json.dump_object(drafted)).encode()
        return _Draft(self._header(signer) + b"." + payload, token_id, expires_at, seconds)

    def _header(self, signer: Signer | AsyncSigner) -> bytes:
        """Return the encoded header that goes with the signer; made once for each key."""
        name = (signer.alg, signer.kid)
        header = self._headers.get(name)
        if header is None:
            fields = {"alg": name[0], **_written_type(self._profile), "kid": name[1]}
            header = base64url.encode(strict_json.dump_object(fields)).encode()
            if len(self._headers) >= _MOST_HEADERS:
                self._headers.clear()
            self._headers[name] = header
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
        with _SIGNER:
            signer = self._keys.signer()
        draft = self._draft(
            signer, subject, scopes, claims, audience, lifetime, client_id, session_id, confirmation
        )
        with _SIGNER:
            return draft.signed(signer.sign(draft.signing_input))


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
        with _SIGNER:
            signer = self._keys.signer()
        draft = self._draft(
            signer, subject, scopes, claims, audience, lifetime, client_id, session_id, confirmation
        )
        with _SIGNER:
            pending = signer.sign(draft.signing_input)
            if not isawaitable(pending):
                raise ConfigurationError(_ASYNC_SIGNERS_ONLY)
            return draft.signed(await pending)


class _Draft:
    """A token but for its signature."""

    __slots__ = ("_expires_at", "_id", "_seconds", "signing_input")

    def __init__(
        self, signing_input: bytes, token_id: str, expires_at: int | None, seconds: int | None
    ) -> None:
        self.signing_input = signing_input
        self._id = token_id
        self._expires_at = expires_at
        self._seconds = seconds

    def signed(self, signature: bytes) -> IssuedToken:
        if not isinstance(signature, bytes):
            raise ConfigurationError(
                f"the signer returned {type(signature).__name__}, not bytes; one that is awaited needs an "
                "AsyncTokenIssuer"
            )
        text = f"{self.signing_input.decode()}.{base64url.encode(signature)}"
        return IssuedToken(text, id=self._id, expires_at=self._expires_at, expires_in=self._seconds)


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
