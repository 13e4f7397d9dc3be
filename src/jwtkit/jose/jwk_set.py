"""JWK Sets: the keys one party is believed by, as an immutable snapshot (RFC 7517 §5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Self

from jwtkit.errors import ConfigurationError, MalformedTokenError
from jwtkit.jose import strict_json
from jwtkit.jose.algorithms import ALGORITHMS, algorithm_named, algorithms_for
from jwtkit.jose.jwk import check_kid, require_mapping, resolve_algorithms
from jwtkit.jose.verification_key import VerificationKey

__all__ = ["JWKSet", "SkippedKey"]


@dataclass(frozen=True, slots=True)
class SkippedKey:
    """An entry of a parsed JWK Set that is not used.

    Attributes:
        index: Its place in ``keys``, from 0.
        kid: Its key id, where it has a proper one. Whoever published the set wrote it.
        code: Why, as the stable code of a `ConfigurationError`.
        reason: Why, in words that quote nothing of the entry.
    """

    index: int
    kid: str | None
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """A key, its place in the document, and whether its JWK left the algorithm open."""

    key: VerificationKey
    index: int
    open: bool = False


class JWKSet:
    """Verification keys, found by algorithm and key id.

    The constructor is strict, for keys of one's own; `parse` is for documents of others and skips what it
    cannot use. Shared secrets and public keys are never in one set: that is how a public key ends up
    verifying an HMAC (RFC 8725 §2.1). An empty set is a set that verifies nothing.

    Args:
        keys: The keys; equal ones count once.

    Raises:
        ConfigurationError: ``jwks.conflict``: two different keys with the same key id and algorithm;
            ``jwks.mixed``: shared secrets beside public keys; ``jwks.type``: not a verification key.

    Attributes:
        keys: The keys in order.
        algorithms: Every ``alg`` value a token may name: those of the keys, and ``EdDSA`` beside Ed25519
            and Ed448 unless the set was restricted to the curve's own name (RFC 9864).
        skipped: The entries `parse` did not use, with reasons.
    """

    __slots__ = ("__weakref__", "_entries", "_found", "_only", "algorithms", "keys", "skipped")

    keys: tuple[VerificationKey, ...]
    algorithms: frozenset[str]
    skipped: tuple[SkippedKey, ...]
    _entries: tuple[_Entry, ...]
    _found: Mapping[tuple[str, str], VerificationKey]
    _only: Mapping[str, VerificationKey]

    def __init__(self, keys: Iterable[VerificationKey] = ()) -> None:
        entries = []
        for index, key in enumerate(keys):
            if not isinstance(key, VerificationKey):
                raise ConfigurationError(
                    "a JWKSet holds verification keys",
                    code="jwks.type",
                    hint="of a SigningKey give its .verification_key; read a document with JWKSet.parse",
                )
            entries.append(_Entry(key, index))
        if len({entry.key.symmetric for entry in entries}) > 1:
            raise ConfigurationError(
                "shared secrets and public keys cannot be in one set; make two", code="jwks.mixed"
            )
        if _conflicts(entries):
            raise ConfigurationError(
                "two different keys have the same key id and algorithm",
                code="jwks.conflict",
                hint="leave kid out to use thumbprints, which never collide",
            )
        self._fill(entries)

    def _fill(
        self,
        entries: Iterable[_Entry],
        *,
        skipped: tuple[SkippedKey, ...] = (),
        accepted: Collection[str] | None = None,
    ) -> None:
        """Build the indexes from entries without conflicts; `accepted` None is every name they have."""
        unique = tuple({entry.key: entry for entry in entries}.values())
        found: dict[tuple[str, str], VerificationKey] = {}
        by_name: dict[str, list[VerificationKey]] = {}
        shared = set()
        for entry in unique:
            for name in _names(entry.key):
                if accepted is not None and name not in accepted:
                    continue
                by_name.setdefault(name, []).append(entry.key)
                # Only the alias can be claimed twice: an Ed25519 and an Ed448 key with one key id.
                if found.setdefault((name, entry.key.kid), entry.key) is not entry.key:
                    shared.add((name, entry.key.kid))
        for place in shared:
            del found[place]
        values = {
            "keys": tuple(entry.key for entry in unique),
            "algorithms": frozenset(by_name),
            "skipped": skipped,
            "_entries": unique,
            "_found": found,
            "_only": {name: keys[0] for name, keys in by_name.items() if len(keys) == 1},
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @classmethod
    def parse(
        cls, document: str | bytes | Mapping[str, Any], *, algorithms: Iterable[str] | None = None
    ) -> Self:
        """Read a JWK Set of someone else's: use what can be used, report the rest in `skipped`.

        Skipped are entries that are malformed, weak, private, not for signatures, of an unknown type or
        algorithm, or not for one of `algorithms`; secrets beside public keys; and all entries that claim
        one key id and algorithm for different keys. Equal entries count once.

        Args:
            document: The JSON text, or the mapping parsed from it.
            algorithms: Use only these. An RSA key without ``alg`` is used with each RSA algorithm among
                them; with RS256 when None.

        Raises:
            ConfigurationError: ``jwks.malformed``: not a JWK Set at all; ``key.algorithm``: `algorithms`
                holds a name that is none.
        """
        wanted = None if algorithms is None else _checked_names(algorithms)
        entries: list[_Entry] = []
        skipped: list[SkippedKey] = []
        for index, jwk in enumerate(_members(document)):
            try:
                entries.extend(_read(jwk, index, wanted))
            except ConfigurationError as error:
                skipped.append(_skip(index, jwk, error))
        if len({entry.key.symmetric for entry in entries}) > 1:
            secrets = [entry for entry in entries if entry.key.symmetric]
            skipped += (
                _refused(entry, "jwks.mixed", "a shared secret beside public keys") for entry in secrets
            )
            entries = [entry for entry in entries if not entry.key.symmetric]
        return cls._of(entries, skipped, wanted)

    @classmethod
    def _of(
        cls, entries: list[_Entry], skipped: Iterable[SkippedKey], accepted: Collection[str] | None
    ) -> Self:
        """Make a set without the entries that contradict each other."""
        conflicts = _conflicts(entries)
        reason = "the set gives this key id and algorithm to different keys"
        refused = [
            _refused(entry, "jwks.conflict", reason) for entry in entries if _place(entry.key) in conflicts
        ]
        self = object.__new__(cls)
        self._fill(
            [entry for entry in entries if _place(entry.key) not in conflicts],
            skipped=tuple(sorted({*skipped, *refused}, key=lambda skip: (skip.index, skip.code))),
            accepted=accepted,
        )
        return self

    def restricted_to(self, algorithms: Iterable[str]) -> Self:
        """Return a set that accepts only these ``alg`` values.

        An RSA key whose JWK named no algorithm is bound anew, once to each RSA algorithm among them.
        ``EdDSA`` keeps the Ed25519 and Ed448 keys, for tokens that say ``EdDSA``.

        Args:
            algorithms: The names to keep; those this set has no key for are without effect.

        Raises:
            ConfigurationError: ``key.algorithm``: a name that is none.
        """
        wanted = _checked_names(algorithms)
        accepted = set(wanted & self.algorithms)
        entries = []
        for entry in self._entries:
            if entry.open:
                for row in algorithms_for(entry.key.kty):
                    if row.name in wanted:
                        entries.append(_Entry(entry.key._rebound(row), entry.index))
                        accepted.add(row.name)
            elif accepted.intersection(_names(entry.key)):
                entries.append(entry)
        return self._of(entries, self.skipped, accepted)

    def find(self, alg: str, kid: str | None) -> VerificationKey | None:
        """Return the key for a token's header, or None.

        Args:
            alg: The header's algorithm.
            kid: The header's key id. None finds a key only where the set has exactly one of `alg`.
        """
        return self._only.get(alg) if kid is None else self._found.get((alg, kid))

    @property
    def symmetric(self) -> bool:
        """Whether the keys are shared secrets; False for an empty set."""
        return any(key.symmetric for key in self.keys)

    def to_json(self) -> str:
        """Return the public JWK Set document.

        Raises:
            ConfigurationError: ``key.secret``: the keys are shared secrets.
        """
        return strict_json.dump_object({"keys": [key.to_jwk() for key in self.keys]}).decode("utf-8")

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[VerificationKey]:
        return iter(self.keys)

    def __repr__(self) -> str:
        count = Counter(key.alg for key in self.keys)
        kinds = ", ".join(f"{number} {name}" for name, number in count.items())
        return f"JWKSet({kinds or 'no keys'}; {len(self.skipped)} skipped)"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self._entries, self.skipped, self.algorithms)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a JWKSet cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a JWKSet cannot be changed")


def _restored(
    cls: type[JWKSet],
    entries: tuple[_Entry, ...],
    skipped: tuple[SkippedKey, ...],
    accepted: frozenset[str],
) -> JWKSet:
    """Make a set again from its pickle; secrets refuse to be in one."""
    return cls._of(list(entries), skipped, accepted)


def _place(key: VerificationKey) -> tuple[str, str]:
    return key.alg, key.kid


def _names(key: VerificationKey) -> tuple[str, ...]:
    """Return the ``alg`` values of tokens this key verifies."""
    alias = ALGORITHMS[key.alg].alias
    return (key.alg,) if alias is None else (key.alg, alias)


def _conflicts(entries: Iterable[_Entry]) -> set[tuple[str, str]]:
    """Return every (algorithm, key id) that is claimed for different keys."""
    claims = Counter(_place(key) for key in {entry.key for entry in entries})
    return {place for place, count in claims.items() if count > 1}


def _checked_names(algorithms: Iterable[str]) -> frozenset[str]:
    if isinstance(algorithms, str):
        raise ConfigurationError("algorithms= takes several names, not one string", code="key.algorithm")
    return frozenset(algorithm_named(name).name for name in algorithms)


def _members(document: object) -> list[Any]:
    """Return the entries of a JWK Set document, whatever they are."""
    if isinstance(document, str | bytes):
        try:
            document = strict_json.parse_object(
                document.encode("utf-8") if isinstance(document, str) else document
            )
        except (MalformedTokenError, UnicodeEncodeError):
            document = None
    keys = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(keys, list):
        raise ConfigurationError(
            'expected a JWK Set: one strict JSON object with a list "keys" (RFC 7517 section 5)',
            code="jwks.malformed",
        )
    return keys


def _read(jwk: Any, index: int, wanted: frozenset[str] | None) -> list[_Entry]:
    """Return one entry for each algorithm the JWK is used with."""
    require_mapping(jwk)
    rows, is_open = resolve_algorithms(jwk, wanted)
    return [_Entry(VerificationKey._from_checked_jwk(jwk, row), index, is_open) for row in rows]


def _refused(entry: _Entry, code: str, reason: str) -> SkippedKey:
    return SkippedKey(entry.index, entry.key.kid, code, reason)


def _skip(index: int, jwk: Any, error: ConfigurationError) -> SkippedKey:
    try:
        kid = check_kid(jwk.get("kid")) if isinstance(jwk, Mapping) else None
    except ConfigurationError:
        kid = None
    return SkippedKey(index, kid, error.code, str(error))
