"""TokenAuthority: the common case, one service that issues, validates and refreshes its own tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Final, Protocol, Self

from jwtkit.errors import ConfigurationError
from jwtkit.events import Observer
from jwtkit.issuer import TokenIssuer
from jwtkit.jose import SigningKey
from jwtkit.jose.jws import MAX_TOKEN_BYTES
from jwtkit.keys.protocols import SigningKeyStore, VerificationKeyStore
from jwtkit.refresh.grant import Grant
from jwtkit.refresh.policy import RefreshPolicy
from jwtkit.refresh.protocols import SessionStore
from jwtkit.refresh.secret import RotationSecret
from jwtkit.refresh.session import Session
from jwtkit.revocation import RevocationSource
from jwtkit.rotator import RefreshRotator
from jwtkit.tokens.policy import Check
from jwtkit.tokens.profiles import ACCESS_TOKEN, Profile
from jwtkit.validator import RevocationCache, TokenCache, TokenValidator

__all__ = ["KeyStore", "TokenAuthority"]

_LIFETIME: Final = timedelta(minutes=15)
_LEEWAY: Final = timedelta(seconds=30)


class KeyStore(SigningKeyStore, VerificationKeyStore, Protocol):
    """A key store that signs and verifies, such as `jwtkit.keys.StaticKeyStore`."""


class TokenAuthority:
    """A `TokenIssuer`, a `TokenValidator` and a `RefreshRotator` that fit together.

    Example:
        >>> from jwtkit import TokenAuthority
        >>> auth = TokenAuthority.ephemeral()
        >>> pair = auth.rotator.start("client-42", scopes=["orders:read"])
        >>> auth.validator.validate(pair.access_token).subject
        'client-42'

    Args:
        issuer: The ``iss`` of its tokens, such as ``https://orders.example``.
        audience: For whom they are.
        keys: The key that signs and verifies them, or a key store that has both.
        store: Keeps the sessions.
        secret: Makes the refresh tokens; the same in every process.
        lifetime: How long an access token lives.
        leeway: How far clocks may differ when a token is validated.
        profile: The kind of access token.
        policy: The rules of sessions.
        grant: Says before each new access token what its subject may do now (see `RefreshRotator`).
        observer: Told of what happens to tokens and sessions.
        clock: Seconds since the epoch; None for `time.time`. A store has a clock of its own.
        revocation: Whether the validator asks the store about every access token. With True a logout cuts off
            access tokens at once, for one read of the store each time; otherwise they live on to their
            ``exp``, and validating needs no store. A timedelta asks less often: answers are kept for that
            long (`RevocationCache`), and a logout reaches every process no later. A source of your own, such
            as a `RevocationCache` that fails open, is asked in place of the store.
        cache: Spares the work on an access token presented again; a `TokenCache` of its own.
        required_claims: Claims that every access token must have beside the profile's. They and `checks` hold
            for one presented at a refresh as well.
        checks: Checks of your own on the claims of access tokens (see `jwtkit.tokens.Check`).
        max_token_bytes: The longest access token read, in bytes.

    Attributes:
        issuer: Makes access tokens.
        validator: Checks them.
        rotator: Logs in, refreshes and logs out.

    Raises:
        ConfigurationError: A setting is missing or wrong.
    """

    __slots__ = ("issuer", "rotator", "validator")

    issuer: Final[TokenIssuer]
    validator: Final[TokenValidator]
    rotator: Final[RefreshRotator]

    def __init__(
        self,
        issuer: str,
        *,
        audience: str | Iterable[str],
        keys: SigningKey | KeyStore,
        store: SessionStore,
        secret: RotationSecret,
        lifetime: timedelta = _LIFETIME,
        leeway: timedelta = _LEEWAY,
        profile: Profile = ACCESS_TOKEN,
        policy: RefreshPolicy = RefreshPolicy(),
        grant: Callable[[Session], Grant | None] | None = None,
        observer: Observer | None = None,
        clock: Callable[[], float] | None = None,
        revocation: bool | timedelta | RevocationSource = False,
        cache: TokenCache | None = None,
        required_claims: Iterable[str] = (),
        checks: Iterable[Check] = (),
        max_token_bytes: int = MAX_TOKEN_BYTES,
    ) -> None:
        self.issuer = TokenIssuer(
            issuer, audience=audience, keys=keys, lifetime=lifetime, profile=profile, clock=clock
        )
        self.validator = TokenValidator(
            issuer,
            audience=self.issuer.audience,
            keys=keys,
            leeway=leeway,
            profile=profile,
            required_claims=required_claims,
            checks=checks,
            max_token_bytes=max_token_bytes,
            revocation=_asked(revocation, store, clock),
            cache=cache,
            observer=observer,
            clock=clock,
        )
        self.rotator = RefreshRotator(
            self.issuer,
            self.validator,
            store=store,
            secret=secret,
            policy=policy,
            grant=grant,
            observer=observer,
            clock=clock,
        )

    @classmethod
    def from_env(
        cls,
        prefix: str = "JWTKIT_",
        *,
        environ: Mapping[str, str] | None = None,
        store: SessionStore | None = None,
        lifetime: timedelta = _LIFETIME,
        leeway: timedelta = _LEEWAY,
        profile: Profile = ACCESS_TOKEN,
        policy: RefreshPolicy = RefreshPolicy(),
        grant: Callable[[Session], Grant | None] | None = None,
        observer: Observer | None = None,
        clock: Callable[[], float] | None = None,
        revocation: bool | timedelta | RevocationSource = False,
        cache: TokenCache | None = None,
        required_claims: Iterable[str] = (),
        checks: Iterable[Check] = (),
        max_token_bytes: int = MAX_TOKEN_BYTES,
    ) -> Self:
        """Make one from environment variables.

        With the default prefix they are:

        - ``JWTKIT_ISSUER``;
        - ``JWTKIT_AUDIENCE``, several separated by commas;
        - ``JWTKIT_KEY``, the private key as PEM or JWK, or ``JWTKIT_KEY_FILE``, its file; with
          ``JWTKIT_KEY_ALGORITHM`` where the key does not say it (RSA in PEM), and ``JWTKIT_KEY_PASSWORD``
          where it is encrypted;
        - ``JWTKIT_ROTATION_SECRET`` (with ``JWTKIT_ROTATION_SECRET_PREVIOUS``), or
          ``JWTKIT_ROTATION_SECRET_FILE``;
        - ``JWTKIT_STORE``, a URL for `jwtkit.stores.opening.open_store`, unless `store` is given.

        Args:
            prefix: How the variables begin.
            environ: Where to look instead of the process's environment.
            store: Keeps the sessions.
            lifetime: See `TokenAuthority`, as all that follow.
            leeway: How far clocks may differ.
            profile: The kind of access token.
            policy: The rules of sessions.
            grant: What a subject may do now.
            observer: Told of what happens.
            clock: Seconds since the epoch.
            revocation: Whether the validator asks the store, or for how long it keeps the answers.
            cache: Spares the work on a token presented again.
            required_claims: Claims that must be there.
            checks: Checks of your own.
            max_token_bytes: The longest access token read.

        Raises:
            ConfigurationError: ``environment``: it names every variable that is missing or wrong, all in one
                message, and repeats no value.
        """
        from jwtkit.authority.environment import read_environment

        if environ is None:
            import os

            environ = os.environ
        settings = read_environment(environ, prefix, store=store)
        return cls(
            settings.issuer,
            audience=settings.audience,
            keys=settings.key,
            store=settings.store,
            secret=settings.secret,
            lifetime=lifetime,
            leeway=leeway,
            profile=profile,
            policy=policy,
            grant=grant,
            observer=observer,
            clock=clock,
            revocation=revocation,
            cache=cache,
            required_claims=required_claims,
            checks=checks,
            max_token_bytes=max_token_bytes,
        )

    @classmethod
    def ephemeral(
        cls,
        issuer: str = "https://localhost",
        audience: str | Iterable[str] = "test",
        *,
        lifetime: timedelta = _LIFETIME,
        leeway: timedelta = _LEEWAY,
        profile: Profile = ACCESS_TOKEN,
        policy: RefreshPolicy = RefreshPolicy(),
        grant: Callable[[Session], Grant | None] | None = None,
        observer: Observer | None = None,
        clock: Callable[[], float] | None = None,
        revocation: bool | timedelta | RevocationSource = False,
        cache: TokenCache | None = None,
        required_claims: Iterable[str] = (),
        checks: Iterable[Check] = (),
        max_token_bytes: int = MAX_TOKEN_BYTES,
    ) -> Self:
        """Make one for tests and demonstrations: new ES256 key, new secret, sessions in memory.

        Everything is lost when the process ends, and no other process accepts its tokens.

        Args:
            issuer: The ``iss`` of its tokens.
            audience: For whom they are.
            lifetime: See `TokenAuthority`, as all that follow.
            leeway: How far clocks may differ.
            profile: The kind of access token.
            policy: The rules of sessions.
            grant: What a subject may do now.
            observer: Told of what happens.
            clock: Seconds since the epoch, the store's too.
            revocation: Whether the validator asks the store, or for how long it keeps the answers.
            cache: Spares the work on a token presented again.
            required_claims: Claims that must be there.
            checks: Checks of your own.
            max_token_bytes: The longest access token read.
        """
        from jwtkit.stores import MemorySessionStore

        return cls(
            issuer,
            audience=audience,
            keys=SigningKey.generate("ES256"),
            store=MemorySessionStore(clock=clock),
            secret=RotationSecret.generate(),
            lifetime=lifetime,
            leeway=leeway,
            profile=profile,
            policy=policy,
            grant=grant,
            observer=observer,
            clock=clock,
            revocation=revocation,
            cache=cache,
            required_claims=required_claims,
            checks=checks,
            max_token_bytes=max_token_bytes,
        )

    def __repr__(self) -> str:
        return f"TokenAuthority({self.issuer.issuer!r}, audience={self.issuer.audience!r})"


def _asked(
    revocation: bool | timedelta | RevocationSource, store: SessionStore, clock: Callable[[], float] | None
) -> RevocationSource | None:
    """Return whom the validator asks about revocation.

    Raises:
        ConfigurationError: ``authority.revocation``: it is none of what `TokenAuthority` takes.
    """
    if revocation is True:
        return store
    if revocation is False:
        return None
    if isinstance(revocation, timedelta):
        return RevocationCache(store, max_staleness=revocation, clock=clock)
    if isinstance(revocation, type) or not callable(getattr(revocation, "status", None)):
        raise ConfigurationError(
            "revocation must be True, False, a timedelta for which answers are kept, or a source with"
            " status(query), such as a RevocationCache",
            code="authority.revocation",
        )
    return revocation
