"""Refresh tokens as text: fixed width, strictly read, and turned away without I/O when they are not ours.

::

    core  = version (1) | key id (4) | family id (16) | generation (8) | issued at (8)
          | absolute expiry (8) | secret (32)                                            77 bytes
    token = "jkr_" + base64url(core | HMAC(K_tag, core)[:16])                            128 characters

Numbers are big endian; times are milliseconds since the epoch. 93 bytes fill their base64url characters
exactly, so one token has one spelling. The prefix lets secret scanners find a leaked one.
"""

from __future__ import annotations

import struct
from hmac import compare_digest
from typing import Final

from jwtkit.errors import MalformedTokenError, RefreshTokenInvalidError
from jwtkit.jose import base64url
from jwtkit.refresh.rotation_keys import KEY_ID_SIZE, TAG_SIZE, RotationKeys

__all__ = ["FAMILY_ID_SIZE", "PREFIX", "SECRET_SIZE", "TEXT_LENGTH", "RefreshToken", "encode", "parse"]

PREFIX: Final = "jkr_"
"""How every refresh token begins."""

FAMILY_ID_SIZE: Final = 16
"""Random bytes of a session's id."""

SECRET_SIZE: Final = 32
"""Bytes only the holder of a refresh token knows."""

_VERSION: Final = 1
_CORE: Final = struct.Struct(f">B{KEY_ID_SIZE}s{FAMILY_ID_SIZE}sQQQ{SECRET_SIZE}s")

TEXT_LENGTH: Final = len(PREFIX) + (_CORE.size + TAG_SIZE) // 3 * 4
"""Characters of every refresh token."""

# One sentence for every refusal: whoever sends a bad token learns nothing of why it is bad.
_REFUSAL: Final = "the refresh token is not valid; log in again"
_PREFIX_BYTES: Final = PREFIX.encode()
_CORE_SIZE: Final = _CORE.size
_KEY_ID_END: Final = 1 + KEY_ID_SIZE


class RefreshToken:
    """What a refresh token of ours says. It is a credential still: `repr` hides its secret.

    Attributes:
        key_id: Which rotation secret made it.
        family_id: The session it belongs to, as 16 bytes.
        generation: How many rotations the session had when it was made; 0 at login.
        issued_at: When it was made, in milliseconds since the epoch by the store's clock.
        absolute_expires_at: When the session is over whatever happens, in the same milliseconds.
        secret: 32 bytes only its holder knows.
        core: All of that in bytes: what its tag and its digest are made of.
    """

    # No tuple: whatever walks through one, as loggers of JSON do, would write its secret down.
    __slots__ = ("absolute_expires_at", "core", "family_id", "generation", "issued_at", "key_id", "secret")

    def __init__(
        self,
        key_id: str,
        family_id: bytes,
        generation: int,
        issued_at: int,
        absolute_expires_at: int,
        secret: bytes,
        core: bytes | None = None,
    ) -> None:
        self.key_id: Final = key_id
        self.family_id: Final = family_id
        self.generation: Final = generation
        self.issued_at: Final = issued_at
        self.absolute_expires_at: Final = absolute_expires_at
        self.secret: Final = secret
        if core is None:  # `parse` has it already
            key = bytes.fromhex(key_id)
            core = _CORE.pack(_VERSION, key, family_id, generation, issued_at, absolute_expires_at, secret)
        self.core: Final = core

    @property
    def session_id(self) -> str:
        """The family id as text: the key of the session's row."""
        return base64url.encode(self.family_id)

    def __eq__(self, other: object) -> bool:
        return compare_digest(self.core, other.core) if isinstance(other, RefreshToken) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.core)

    def __repr__(self) -> str:
        return f"<RefreshToken {self.generation} of session {self.session_id}>"


def encode(token: RefreshToken, keys: RotationKeys) -> str:
    """Return the text to hand to the client.

    Args:
        token: A token whose key id is one of `keys`.
        keys: The issuer's keys.
    """
    family_keys = keys.find(token.key_id)
    if family_keys is None:
        raise LookupError("a refresh token can only be written with the keys that made it")
    return PREFIX + base64url.encode(token.core + family_keys.tag(token.core))


def parse(text: object, keys: RotationKeys) -> RefreshToken:
    """Read a refresh token that was made here.

    Args:
        text: Whatever arrived; only a str, or ASCII bytes, of the exact length can be a token.
        keys: The issuer's keys.

    Returns:
        What it says. ``encode`` of it is `text` again.

    Raises:
        RefreshTokenInvalidError: ``refresh.invalid``, whatever is wrong with it.
    """
    if type(text) is bytes:
        data = text
    elif isinstance(text, str):
        # By the class, not the object: a subclass may have redefined anything.
        data = str.encode(text, "ascii", "replace")
    else:
        raise RefreshTokenInvalidError(_REFUSAL)
    if len(data) != TEXT_LENGTH or not data.startswith(_PREFIX_BYTES):
        raise RefreshTokenInvalidError(_REFUSAL)
    try:
        raw = base64url.decode(data[len(_PREFIX_BYTES) :])
    except MalformedTokenError:
        raise RefreshTokenInvalidError(_REFUSAL) from None
    core = raw[:_CORE_SIZE]
    family_keys = keys.find_raw(raw[1:_KEY_ID_END])
    if family_keys is None or not compare_digest(family_keys.tag(core), raw[_CORE_SIZE:]):
        raise RefreshTokenInvalidError(_REFUSAL)
    # Only now is any of it worth reading.
    version, _, family_id, generation, issued_at, absolute_expires_at, secret = _CORE.unpack(core)
    if version != _VERSION:
        raise RefreshTokenInvalidError(_REFUSAL)
    return RefreshToken(
        family_keys.key_id, family_id, generation, issued_at, absolute_expires_at, secret, core
    )
