"""The steps of a validation, shared by the sync and the async validator; none of them waits.

type and size → ASCII, two dots → header → key → signature over the exact bytes → payload → claims.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Generic, Self, TypeAlias, TypeVar

from jwtkit.errors import (
    ClaimsError,
    ConfigurationError,
    ConfirmationError,
    Failure,
    InvalidSignatureError,
    JWTKitError,
    MalformedTokenError,
    TokenError,
    TokenExpiredError,
    TokenRevokedError,
    UnknownIssuerError,
)
from jwtkit.events import Observer, TokenRefused, notify
from jwtkit.jose import JWKSet, SigningKey, VerificationKey, base64url, jws, strict_json
from jwtkit.keys.protocols import VerificationKeyStore
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.tokens.checks import EXPIRED
from jwtkit.tokens.claims import confirmation_thumbprint, is_text
from jwtkit.tokens.hints import hint_for_token
from jwtkit.tokens.policy import Check, Policy, read_duration
from jwtkit.tokens.profiles import ACCESS_TOKEN, Profile
from jwtkit.validator.cache import TokenCache
from jwtkit.validator.trust import TEN_YEARS, Anchor, Binding, TrustedIssuer, remember

__all__ = [
    "Signed",
    "Steps",
    "confirmation_error",
    "is_expired",
    "raise_for_claims",
    "raise_for_status",
    "read_max_expired_for",
    "refuse_proof",
    "revocation_query",
]

R = TypeVar("R")

HALF_A_MINUTE = timedelta(seconds=30)
ONE_DAY = timedelta(days=1)
_LONGEST_HINTED = 65536


Signed: TypeAlias = tuple[Anchor, Binding, dict[str, Any]]
"""A token whose signature has held, and nothing of it is judged yet: whose it is, its header, its claims."""


class Steps(Generic[R]):
    """What a validator is made of, but for asking a key source or a revocation source."""

    def __init__(
        self,
        issuer: str | None,
        *,
        audience: str | Iterable[str] | None,
        keys: SigningKey | VerificationKey | JWKSet | VerificationKeyStore,
        algorithms: Iterable[str] | None = None,
        leeway: timedelta = HALF_A_MINUTE,
        profile: Profile = ACCESS_TOKEN,
        required_claims: Iterable[str] = (),
        checks: Iterable[Check] = (),
        max_lifetime: timedelta = TEN_YEARS,
        max_token_bytes: int = jws.MAX_TOKEN_BYTES,
        revocation: R | None = None,
        cache: TokenCache | None = None,
        observer: Observer | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        trusted = TrustedIssuer(
            issuer,
            audience=audience,
            keys=keys,
            algorithms=algorithms,
            profile=profile,
            required_claims=required_claims,
            checks=checks,
            max_lifetime=max_lifetime,
        )
        self._set_up((trusted,), leeway, max_token_bytes, revocation, cache, observer, clock)

    @classmethod
    def trusting(
        cls,
        *trusted: TrustedIssuer,
        leeway: timedelta = HALF_A_MINUTE,
        max_token_bytes: int = jws.MAX_TOKEN_BYTES,
        revocation: R | None = None,
        cache: TokenCache | None = None,
        observer: Observer | None = None,
        clock: Callable[[], float] | None = None,
    ) -> Self:
        """Make a validator that believes several issuers, each with its own keys and rules.

        Nothing is pooled: a token is judged by the entry its ``iss`` names, and by nothing else.

        Raises:
            ConfigurationError: No issuer, or two of one name.
        """
        names = [entry.issuer for entry in trusted if isinstance(entry, TrustedIssuer)]
        if not trusted or len(names) != len(trusted):
            raise ConfigurationError("trusting() takes one TrustedIssuer(…) or more")
        if len(trusted) > 1 and (None in names or len(set(names)) != len(names)):
            raise ConfigurationError("several trusted issuers need a name each, and each its own")
        self = cls.__new__(cls)
        self._set_up(trusted, leeway, max_token_bytes, revocation, cache, observer, clock)
        return self

    def _set_up(
        self,
        trusted: tuple[TrustedIssuer, ...],
        leeway: timedelta,
        max_token_bytes: int,
        revocation: R | None,
        cache: TokenCache | None,
        observer: Observer | None,
        clock: Callable[[], float] | None,
    ) -> None:
        if type(max_token_bytes) is not int or max_token_bytes < 1:
            raise ConfigurationError("max_token_bytes must be a positive number of bytes")
        read_duration(leeway, what="leeway", zero=True)
        if clock is not None and not callable(clock):
            raise ConfigurationError("clock must be a callable giving seconds, such as time.time")
        if observer is not None and not callable(getattr(observer, "observe", None)):
            raise ConfigurationError("observer must have observe(event) (see jwtkit.events)")
        if revocation is not None and not callable(getattr(revocation, "status", None)):
            raise ConfigurationError("revocation must have status(query), as a session store has")
        if cache is not None and not isinstance(cache, TokenCache):
            raise ConfigurationError("cache must be a TokenCache")
        anchors = [Anchor(entry, leeway=leeway) for entry in trusted]
        self._trusted = trusted
        self._sole = anchors[0] if len(anchors) == 1 else None
        self._anchors = {anchor.policy.issuer: anchor for anchor in anchors}
        self._leeway = leeway
        self._max_bytes = max_token_bytes
        self._revocation = revocation
        self._observer = observer
        self._clock = clock
        self._check_sources([anchor.store for anchor in anchors], revocation)
        if cache is not None:
            cache.belong_to_one()
        self._cache = cache

    def _check_sources(self, stores: list[VerificationKeyStore], revocation: R | None) -> None:
        """Raise `ConfigurationError` for a source this validator cannot ask."""
        raise NotImplementedError

    @property
    def trusted(self) -> tuple[TrustedIssuer, ...]:
        """Every issuer it believes."""
        return self._trusted

    @property
    def leeway(self) -> timedelta:
        """How far clocks may differ."""
        return self._leeway

    @property
    def asks_revocation(self) -> bool:
        """Whether a revocation source is asked about every token."""
        return self._revocation is not None

    def policy_for(self, claims: Mapping[str, Any]) -> Policy:
        """Return the policy a token with these unverified claims would meet; for reports only.

        Raises:
            UnknownIssuerError: There are several issuers, and it names none of them.
        """
        return (self._sole or self._pick(claims)).policy

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(repr(entry.issuer) for entry in self._trusted)})"

    def _now(self) -> float:
        # Looked up at each call, so that a test which freezes time.time freezes this clock too.
        return time.time() if self._clock is None else self._clock()

    def read(self, token: str | bytes) -> tuple[bytes, bytes, bytes, bytes]:
        """Return header, payload, signature and signing input of a token's text."""
        return jws.split_compact(token, max_bytes=self._max_bytes)

    def _authenticate(self, token: str | bytes, remembers: bool) -> Signed:
        """Return the claims of a token whose signature holds; remember its header where it is a new one."""
        header_segment, payload_segment, signature_segment, signing_input = jws.split_compact(
            token, max_bytes=self._max_bytes
        )
        anchor, claims = self._sole, None
        if anchor is None:
            claims = strict_json.parse_object(base64url.decode(payload_segment))
            anchor = self._pick(claims)
        binding, bindings = anchor.bind(header_segment)
        if not binding.key.verify(signing_input, base64url.decode(signature_segment)):
            raise InvalidSignatureError("the signature does not hold over the bytes received")
        if bindings is not None and remembers:
            remember(bindings, header_segment, binding)
        if claims is None:
            claims = strict_json.parse_object(base64url.decode(payload_segment))
        return anchor, binding, claims

    def _pick(self, claims: Mapping[str, Any]) -> Anchor:
        """Return the anchor an unverified ``iss`` names; the claims are used for nothing else yet."""
        issuer = claims.get("iss")
        anchor = self._anchors.get(issuer) if type(issuer) is str else None
        if anchor is None:
            raise UnknownIssuerError("the token's iss names none of the trusted issuers")
        return anchor

    def _key_asked_for(self, token: str | bytes) -> tuple[VerificationKeyStore, str | None]:
        """Return the key store and the kid of a token whose key was not found."""
        header_segment, payload_segment, _, _ = self.read(token)
        anchor = self._sole or self._pick(strict_json.parse_object(base64url.decode(payload_segment)))
        kid: str | None = jws.parse_header(header_segment).get("kid")
        return anchor.store, kid

    def _refuse(self, error: TokenError, token: object, now: float) -> None:
        """Name a near miss in the error, and tell the observer."""
        self._name_near_miss(error, token)
        if self._observer is not None:
            notify(self._observer, TokenRefused(now, error.code))

    def _name_near_miss(self, error: JWTKitError, token: object) -> None:
        if error.hint is not None or not isinstance(error, MalformedTokenError):
            return
        # The length first: what was refused for it must not be copied to be looked at.
        if isinstance(token, (str, bytes)) and len(token) <= _LONGEST_HINTED:
            error.hint = hint_for_token(token if isinstance(token, str) else token.decode("latin-1"))


def read_max_expired_for(value: timedelta) -> float:
    """Return how long a token may have been expired, in seconds."""
    return read_duration(value, what="max_expired_for", zero=True)


def is_expired(signed: Signed, now: float) -> bool:
    """Say whether a token that passed all else is past its ``exp`` and the leeway."""
    anchor, _, claims = signed
    expires: float = claims["exp"]
    return now - anchor.policy.leeway >= expires


def raise_for_claims(failures: list[Failure], confirmation: ConfirmationError | None) -> None:
    """Raise what is wrong with a token whose signature holds, if anything is.

    Args:
        failures: What `find_failures` found.
        confirmation: What `confirmation_error` found.

    Raises:
        TokenExpiredError: Expiry is the sole failure.
        ClaimsError: Any other claim fails.
        ConfirmationError: The proof of possession fails.
    """
    if failures and any(failure.code != EXPIRED for failure in failures):
        raise ClaimsError(failures=failures)
    if confirmation is not None:
        raise confirmation
    if failures:
        raise TokenExpiredError(failures=failures)


def revocation_query(signed: Signed) -> RevocationQuery:
    """Return what to ask a revocation source about a token."""
    anchor, _, claims = signed
    epoch = claims.get("rte")
    return RevocationQuery(
        issuer=claims.get("iss", ""),
        id=claims.get("jti"),
        session_id=claims.get("sid"),
        subject=claims.get(anchor.policy.profile.subject_claim),
        epoch=epoch if type(epoch) is int else None,
    )


def raise_for_status(status: object) -> None:
    """Raise `TokenRevokedError` unless the token stands; an answer of another kind is none."""
    if status is not RevocationStatus.ACTIVE:
        reason = status.value if isinstance(status, RevocationStatus) else "unknown"
        raise TokenRevokedError(f"the token was revoked: {reason}")


def refuse_proof(proven: str | None) -> None:
    """Refuse a proof from a caller who says as well that no proof matters: it would be ignored in silence.

    Raises:
        ConfigurationError: ``validator.confirmation``.
    """
    if proven is not None:
        raise ConfigurationError(
            "confirmation= and unsafe_ignore_confirmation=True contradict each other: the proof would not be"
            " looked at",
            code="validator.confirmation",
            hint="leave out unsafe_ignore_confirmation to have the proof checked",
        )


def confirmation_error(
    claims: Mapping[str, Any], proven: str | None, *, unsafe_ignore: bool
) -> ConfirmationError | None:
    """Return why the proof of possession fails, or None: the token is bound to the proven key, or to none.

    Args:
        claims: The claims.
        proven: The key thumbprint the caller has proven; a token must then be bound to it.
        unsafe_ignore: Take a bound token as a bearer token.
    """
    if unsafe_ignore or ("cnf" not in claims and proven is None):
        return None
    if proven is None:
        return ConfirmationError(
            "the token is bound to a key: prove its possession and pass confirmation=",
            hint="unsafe_ignore_confirmation=True takes it as a bearer token",
        )
    claim = claims.get("cnf")
    thumbprint = confirmation_thumbprint(claim) if isinstance(claim, Mapping) else None
    if thumbprint is None:
        return ConfirmationError("the token is bound to no key thumbprint", code="token.confirmation_missing")
    if not (is_text(proven) and thumbprint == proven):
        return ConfirmationError("the token is bound to another key", code="token.confirmation_mismatch")
    return None
