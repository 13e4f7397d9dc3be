"""Whom a validator believes: one issuer's expectations, bound to its keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from jwtkit.errors import ConfigurationError, KeysUnavailableError
from jwtkit.jose import JWKSet, SigningKey, VerificationKey, jws
from jwtkit.keys.protocols import Refreshable, VerificationKeyStore
from jwtkit.keys.static import verification_store
from jwtkit.tokens.policy import Check, Policy, read_names, read_several
from jwtkit.tokens.profiles import ACCESS_TOKEN, Profile, normalise_type
from jwtkit.tokens.token import Source
from jwtkit.validator.sources import KEY_STORE

__all__ = ["TEN_YEARS", "Anchor", "Binding", "TrustedIssuer", "is_changeable", "remember"]

TEN_YEARS = timedelta(days=3653)

_MOST_HEADERS = 64
_LONGEST_KEPT_HEADER = 512


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """One issuer a validator believes, with everything that is held for it alone.

    Args:
        issuer: The ``iss`` its tokens carry; None only where the profile requires none.
        audience: The audience they must name, or several of which they must name one.
        keys: A key, a JWK Set or a key store that verifies them.
        algorithms: The JWS algorithms they may be signed with; None allows what the keys are for.
        profile: The kind of token.
        required_claims: Claims that must be there beside the profile's.
        checks: Checks of your own (see `jwtkit.tokens.Check`).
        max_lifetime: How far ahead ``exp`` may lie.

    Raises:
        ConfigurationError: A setting is missing or wrong.
    """

    issuer: str | None
    _: KW_ONLY
    audience: str | Iterable[str] | None
    keys: SigningKey | VerificationKey | JWKSet | VerificationKeyStore = field(repr=False)
    algorithms: Iterable[str] | None = None
    profile: Profile = ACCESS_TOKEN
    required_claims: Iterable[str] = ()
    checks: Iterable[Check] = ()
    max_lifetime: timedelta = TEN_YEARS

    def __post_init__(self) -> None:
        if self.audience is not None:
            object.__setattr__(self, "audience", read_names(self.audience, what="audience"))
        if self.algorithms is not None:
            if not isinstance(self.algorithms, Iterable):
                raise ConfigurationError('algorithms must be several names, such as ("ES256",), or None')
            object.__setattr__(self, "algorithms", jws.read_algorithms(self.algorithms))
        for name in ("required_claims", "checks"):
            object.__setattr__(self, name, read_several(getattr(self, name), what=name))
        object.__setattr__(self, "keys", verification_store(self.keys))
        self.policy(leeway=timedelta(0))

    def policy(self, *, leeway: timedelta) -> Policy:
        """Return what its tokens must satisfy, given the validator's leeway."""
        return Policy.make(
            self.issuer,
            audience=self.audience,
            profile=self.profile,
            required_claims=self.required_claims,
            checks=self.checks,
            leeway=leeway,
            max_lifetime=self.max_lifetime,
        )


class Binding(NamedTuple):
    """A header as read, the key that goes with it, and the snapshot of the store it was found in."""

    source: Source
    kind: str | None
    key: VerificationKey
    snapshot: JWKSet


class _Learned:
    """What is known from one snapshot of the keys; dropped whole when the snapshot changes."""

    __slots__ = ("bindings", "key_set", "snapshot")

    def __init__(self, snapshot: JWKSet, algorithms: tuple[str, ...] | None) -> None:
        self.snapshot = snapshot
        self.key_set = snapshot if algorithms is None else snapshot.restricted_to(algorithms)
        self.bindings: dict[bytes, Binding] = {}


class Anchor:
    """A trusted issuer at work: its policy, its keys, and the headers its keys have signed before."""

    __slots__ = ("_algorithms", "_learned", "policy", "store")

    policy: Policy
    store: VerificationKeyStore

    def __init__(self, trusted: TrustedIssuer, *, leeway: timedelta) -> None:
        self.policy = trusted.policy(leeway=leeway)
        self.store = verification_store(trusted.keys)
        self._algorithms = None if trusted.algorithms is None else tuple(trusted.algorithms)
        self._learned: _Learned | None = None
        if not isinstance(self.store, Refreshable):
            # What a local store holds now is what it will hold: say at once that none of it fits.
            snapshot = self.store.key_set()
            if not isinstance(snapshot, JWKSet):
                raise ConfigurationError(f"key_set() returned {type(snapshot).__name__}, not a JWKSet")
            if not len(self._learn(snapshot).key_set):
                held = ", ".join(sorted(snapshot.algorithms)) or "nothing"
                raise ConfigurationError(f"algorithms= allows none of the keys, which are for {held}")

    def bind(self, header_segment: bytes) -> tuple[Binding, dict[bytes, Binding] | None]:
        """Return the header and its key; with where to `remember` them when they are new.

        Raises:
            MalformedTokenError: The header is not one jwtkit reads.
            AlgorithmNotAllowedError: No key is for its algorithm.
            UnknownKeyError: No key has its kid.
            KeysUnavailableError: The keys cannot be had now.
        """
        try:
            snapshot = self.store.key_set()
            learned = self._learned
            if learned is None or learned.snapshot is not snapshot:
                learned = self._learn(snapshot)
        except Exception as error:
            raise KEY_STORE.translated(error) from error
        known = learned.bindings.get(header_segment)
        if known is not None:
            return known, None
        header = jws.parse_header(header_segment)
        key = jws.select_key(header, learned.key_set, self._algorithms)
        source = Source(MappingProxyType(header), key.kid, self.policy.profile)
        return Binding(source, normalise_type(header.get("typ")), key, snapshot), learned.bindings

    def _learn(self, snapshot: JWKSet) -> _Learned:
        if not isinstance(snapshot, JWKSet):
            raise KeysUnavailableError(f"the key store returned {type(snapshot).__name__}, not a JWKSet")
        # One assignment: a reader in another thread sees the old pair or the new, never half of each.
        self._learned = learned = _Learned(snapshot, self._algorithms)
        return learned


def is_changeable(members: Mapping[str, Any]) -> bool:
    """Say whether a list or an object is among the members: one reader could change it for the next."""
    return any(isinstance(value, list | dict) for value in members.values())


def remember(bindings: dict[bytes, Binding], header_segment: bytes, binding: Binding) -> None:
    """Keep a header whose signature has just held, so that only issuers' own headers are ever kept."""
    if len(header_segment) <= _LONGEST_KEPT_HEADER and not is_changeable(binding.source.header):
        if len(bindings) >= _MOST_HEADERS:
            bindings.clear()
        bindings[header_segment] = binding
