"""Tokens that were made or verified here, as types: only verification makes a `VerifiedToken`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn, Self, TypeVar

from jwtkit.errors import ClaimsError, Failure, InsufficientScopeError
from jwtkit.tokens.claims import ABSENT, confirmation_thumbprint, read_scopes, to_datetime
from jwtkit.tokens.profiles import Profile

__all__ = ["IssuedToken", "Source", "StaleToken", "VerifiedToken", "seal_stale", "seal_verified"]

T = TypeVar("T")
N = TypeVar("N", int, float)


class Source(NamedTuple):
    """What vouches for a token's claims; the same for every token with the same header.

    Attributes:
        header: The protected header, read-only.
        key_id: The id of the key that verified it.
        profile: The kind of token it was verified as.
    """

    header: Mapping[str, Any]
    key_id: str
    profile: Profile


class _SignedToken:
    """What both kinds of token read alike: claims whose signature held, behind typed properties.

    Everything public is a property without a setter. One whose claim is absent raises its
    `ClaimsError` and never returns None: None compared with None has let the wrong person in before.
    """

    __slots__ = ("_claims", "_source")

    _claims: dict[str, Any]
    _source: Source

    def __init__(self) -> None:
        raise TypeError(
            f"{type(self).__name__} is made by a TokenValidator; tests use jwtkit.testing.verified_token()"
        )

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        # Unpickling would make a "verified" token that nobody verified.
        raise TypeError(
            f"{type(self).__name__} cannot be pickled; pass the token's text and validate it there"
        )

    def __repr__(self) -> str:
        # Escaped: a name may hold anything a JSON string may.
        names = ascii(", ".join(sorted(self._claims)))[1:-1]
        return f"<{type(self).__name__} of profile {self._source.profile.name}: {names}>"

    @property
    def claims(self) -> Mapping[str, Any]:
        """Every claim, read-only."""
        return MappingProxyType(self._claims)

    @property
    def header(self) -> Mapping[str, Any]:
        """The protected header, read-only."""
        return self._source.header

    @property
    def issuer(self) -> str:
        """The ``iss`` claim."""
        return self._text("iss")

    @property
    def subject(self) -> str:
        """Whom the token speaks for, from ``sub`` or where the profile reads it."""
        return self._text(self._source.profile.subject_claim)

    @property
    def audience(self) -> tuple[str, ...]:
        """Every audience the token names."""
        value = self._present(self._source.profile.audience_claim)
        return (value,) if type(value) is str else tuple(value)

    @property
    def expires_at(self) -> datetime:
        """The ``exp`` claim, as a UTC datetime."""
        return to_datetime(self._present("exp"))

    @property
    def issued_at(self) -> datetime:
        """The ``iat`` claim, as a UTC datetime."""
        return to_datetime(self._present("iat"))

    @property
    def id(self) -> str:
        """The ``jti`` claim."""
        return self._text("jti")

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes granted; empty when the token names none."""
        for name in self._source.profile.scope_claims:
            if name in self._claims:
                return read_scopes(self._claims[name]) or frozenset()
        return frozenset()

    @property
    def client_id(self) -> str:
        """The OAuth client the token was issued to."""
        names = self._source.profile.client_claims
        present = next((name for name in names if name in self._claims), names[0] if names else "client_id")
        return self._text(present)

    @property
    def session_id(self) -> str:
        """The ``sid`` claim: the session (token family) it belongs to."""
        return self._text("sid")

    @property
    def confirmation(self) -> str:
        """The thumbprint of the key the token is bound to, from ``cnf`` (RFC 7800 §3.1)."""
        thumbprint = confirmation_thumbprint(self._present("cnf"))
        if thumbprint is None:
            raise ClaimsError(failures=[Failure("claim.cnf.unsupported", "cnf", "one of jkt and x5t#S256")])
        return thumbprint

    @property
    def algorithm(self) -> str:
        """The JWS algorithm that signed it."""
        algorithm: str = self._source.header["alg"]
        return algorithm

    @property
    def key_id(self) -> str:
        """The id of the key that verified it."""
        return self._source.key_id

    def require_scopes(self, *scopes: str) -> None:
        """Return when the token carries every one of `scopes`.

        Raises:
            InsufficientScopeError: It lacks one (RFC 6750 §3.1).
        """
        granted = self.scopes
        if not granted.issuperset(scopes):
            raise InsufficientScopeError(required=scopes, granted=granted)

    def claims_as(self, reader: Callable[[Mapping[str, Any]], T]) -> T:
        """Read the claims as a type of your own.

        Args:
            reader: Makes it from the claims, such as a pydantic ``model_validate``.

        Raises:
            ClaimsError: The reader raised; its exception is the cause.
        """
        try:
            return reader(self.claims)
        except Exception as error:
            name = getattr(reader, "__qualname__", type(reader).__name__)
            found = f"it raised {type(error).__name__}"
            failure = Failure("claims.reader", "claims", f"claims that {name} can read", found)
            raise ClaimsError(failures=[failure]) from error

    def _present(self, claim: str) -> Any:
        value = self._claims.get(claim, ABSENT)
        if value is ABSENT:
            raise ClaimsError(failures=[_missing(claim)])
        return value

    def _text(self, claim: str) -> str:
        value: str = self._present(claim)
        return value


class VerifiedToken(_SignedToken):
    """A token that passed every check of a `TokenValidator`. What needs trust takes this type."""

    __slots__ = ()


class StaleToken(_SignedToken):
    """A token that passed every check but perhaps one: its ``exp`` may be in the past.

    It identifies a session that wants to refresh; it grants access to nothing.

    Attributes:
        expired: Whether a validator would refuse it now as expired.
    """

    __slots__ = ("_expired",)

    _expired: bool

    @property
    def expired(self) -> bool:
        """Whether its lifetime, with the validator's leeway, is over."""
        return self._expired


def seal_verified(claims: dict[str, Any], source: Source) -> VerifiedToken:
    """Make a `VerifiedToken`; called where every check has just held, and by `jwtkit.testing`."""
    token = object.__new__(VerifiedToken)
    token._claims = claims
    token._source = source
    return token


def seal_stale(claims: dict[str, Any], source: Source, *, expired: bool) -> StaleToken:
    """Make a `StaleToken`; called where every check but expiry has just held."""
    token = object.__new__(StaleToken)
    token._claims = claims
    token._source = source
    token._expired = expired
    return token


class IssuedToken:
    """A token just signed, with what its maker wants to know of it.

    Its text is a credential: `repr` hides it, JSON encoders and pickle refuse the object, so that it goes
    to the client on purpose (`.token`) and nowhere by accident.
    """

    __slots__ = ("_expires_at", "_expires_in", "_id", "_token")

    def __init__(self, token: str, id: str, expires_at: float | None, expires_in: int | None) -> None:
        self._token = token
        self._id = id
        self._expires_at = expires_at
        self._expires_in = expires_in

    @property
    def token(self) -> str:
        """The compact JWS to hand to the client."""
        return self._token

    @property
    def id(self) -> str:
        """Its ``jti``."""
        return self._id

    @property
    def expires_at(self) -> datetime:
        """Its ``exp`` as a UTC datetime; raises `ClaimsError` where the profile has none."""
        return to_datetime(self._present(self._expires_at))

    @property
    def expires_in(self) -> int:
        """Its lifetime in seconds; raises `ClaimsError` where the profile has no ``exp``."""
        return self._present(self._expires_in)

    def __repr__(self) -> str:
        return f"<IssuedToken {self._id}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an IssuedToken cannot be pickled: it is a credential; pass on its .token on purpose")

    def _present(self, value: N | None) -> N:
        if value is None:
            raise ClaimsError(failures=[_missing("exp")])
        return value


def _missing(claim: str) -> Failure:
    return Failure(f"claim.{claim}.missing", claim, "the claim to be there")
