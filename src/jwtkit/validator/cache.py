"""TokenCache: remembers tokens that passed, so that one presented again costs a hash and a look-up."""

from __future__ import annotations

from copy import deepcopy
from hashlib import sha256
from math import inf
from threading import Lock
from typing import Any, NamedTuple

from jwtkit.errors import ConfigurationError
from jwtkit.forks import guard_forks
from jwtkit.tokens.checks import find_failures
from jwtkit.tokens.policy import Policy
from jwtkit.validator.trust import Anchor, Binding, is_changeable

__all__ = ["TokenCache"]

_LONGEST_KEPT_TOKEN = 4096


class _Entry(NamedTuple):
    """A token that passed: for as long as its keys are believed, and between two instants."""

    anchor: Anchor
    binding: Binding
    claims: dict[str, Any]
    valid_from: float
    valid_until: float
    nested: bool


class TokenCache:
    """Keeps what a validator learned from tokens it accepted; optional, bounded, for one validator.

    A hit spares the signature and the parsing, and nothing else: lifetime, keys, the policy's own checks
    and revocation are asked anew each time. Whatever a hit cannot answer is validated in full. Tokens are
    kept by their SHA-256, never by their text. Never kept: tokens over 4 KiB, tokens bound to a key
    (``cnf``), and what `validate_except_lifetime` or `inspect` accepted.

    Args:
        max_entries: How many tokens to keep; the oldest goes first.

    Raises:
        ConfigurationError: ``max_entries`` is not positive; or the cache is given to a second validator.
    """

    __slots__ = ("__weakref__", "_entries", "_lock", "_max_entries", "_owned")

    def __init__(self, *, max_entries: int = 10_000) -> None:
        if type(max_entries) is not int or max_entries < 1:
            raise ConfigurationError("max_entries must be a positive number of tokens")
        self._max_entries = max_entries
        self._entries: dict[bytes, _Entry] = {}
        self._owned = False
        self._start_lock()
        guard_forks(self, after_in_child=TokenCache._start_lock)

    def belong_to_one(self) -> None:
        """Take the cache for one validator: another's rules would let in what this one accepted."""
        with self._lock:
            if self._owned:
                raise ConfigurationError("a TokenCache belongs to one validator: make one for each")
            self._owned = True

    def find(self, token: str | bytes, now: float) -> tuple[Anchor, Binding, dict[str, Any]] | None:
        """Return what was learned of `token` if it still holds, or None to validate it in full."""
        key = _key(token)
        entry = None if key is None else self._entries.get(key)
        if entry is None or key is None:
            return None
        anchor, binding, claims, valid_from, valid_until, nested = entry
        try:
            keys_unchanged = anchor.store.key_set() is binding.snapshot
        except Exception:  # the validation in full that follows meets the failure, and reports it
            keys_unchanged = False
        if not keys_unchanged or not valid_from <= now < valid_until:
            with self._lock:
                self._entries.pop(key, None)
            return None
        # A check of the caller's may depend on more than the token.
        if anchor.policy.checks and find_failures(claims, binding.kind, anchor.policy, now):
            return None
        # A caller may change a list it was given; the next one must not see that.
        return anchor, binding, deepcopy(claims) if nested else claims

    def keep(self, token: str | bytes, anchor: Anchor, binding: Binding, claims: dict[str, Any]) -> None:
        """Remember a token that has just passed every check."""
        key = _key(token)
        if key is None or "cnf" in claims or is_changeable(binding.source.header):
            return
        valid_from, valid_until = _window(claims, anchor.policy)
        nested = is_changeable(claims)
        kept = deepcopy(claims) if nested else claims
        entry = _Entry(anchor, binding, kept, valid_from, valid_until, nested)
        with self._lock:
            while len(self._entries) >= self._max_entries:
                del self._entries[next(iter(self._entries))]
            self._entries[key] = entry

    def _start_lock(self) -> None:
        # Anew in a forked child: the thread that perhaps held it does not exist there.
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"TokenCache(max_entries={self._max_entries}, {len(self)} kept)"


def _key(token: str | bytes) -> bytes | None:
    if not isinstance(token, (str, bytes)) or len(token) > _LONGEST_KEPT_TOKEN or not token.isascii():
        return None
    return sha256(token.encode() if isinstance(token, str) else token).digest()


def _window(claims: dict[str, Any], policy: Policy) -> tuple[float, float]:
    """Return from when and until when the times of accepted claims hold."""
    expires = claims.get("exp", inf)
    # Not before 1970: an integer of any size may stand there, and a sum with a float would overflow.
    starts = max(0, claims.get("iat", 0), claims.get("nbf", 0)) - policy.leeway
    return max(starts, expires - policy.max_lifetime) if expires < inf else starts, expires + policy.leeway
