"""Password hashes, and which passwords are good enough."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Final

from pwdlib import PasswordHash
from zxcvbn import zxcvbn  # type: ignore[import-untyped]

__all__ = ["MAX_LENGTH", "MIN_LENGTH", "Passwords", "weakness"]

MIN_LENGTH: Final = 10
MAX_LENGTH: Final = 128
"""No password needs more, and hashing a megabyte on a stranger's behalf would be a gift."""

_STRONG_ENOUGH: Final = 3  # of 0 to 4: more than 10^8 guesses
_JUDGED: Final = 72  # zxcvbn takes no more; what is strong by its start stays strong


class Passwords:
    """Hashes and verifies with the same work for everyone, known or not.

    Args:
        hasher: pwdlib's recommendation (Argon2id) when None; tests pass a cheap one.
    """

    def __init__(self, hasher: PasswordHash | None = None) -> None:
        self._hasher = hasher or PasswordHash.recommended()
        # Of a password nobody knows: what unknown clients are checked against.
        self._nobody = self._hasher.hash(secrets.token_bytes(32))

    def hash(self, password: str) -> str:
        """Return the hash to keep."""
        return self._hasher.hash(password)

    def verify(self, password: str, kept: str | None) -> bool:
        """Say whether `password` is the one behind `kept`.

        None, for a client that does not exist, takes as long and is never right.
        """
        return self._hasher.verify(password, self._nobody if kept is None else kept)


def weakness(password: str, known: Sequence[str]) -> str | None:
    """Return why the password is too easy to guess, or None when it is good.

    Args:
        password: As the client typed it.
        known: What an attacker knows of the client: name, mail address.
    """
    if len(password) < MIN_LENGTH:
        return f"use at least {MIN_LENGTH} characters"
    judgement = zxcvbn(password[:_JUDGED], user_inputs=list(known))
    if judgement["score"] >= _STRONG_ENOUGH:
        return None
    advice = judgement["feedback"]["warning"] or "This is easy to guess."
    return f"{advice.rstrip('.')}; {' '.join(judgement['feedback']['suggestions'])}".rstrip("; ")
