"""The keys that a rotation secret gives one issuer: which tokens are ours, and what follows from one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from jwtkit.jose.mac import bind_mac
from jwtkit.refresh.hkdf import hkdf_sha256

__all__ = ["KEY_ID_SIZE", "TAG_SIZE", "FamilyKeys", "RotationKeys", "joined", "key_id_of"]

KEY_ID_SIZE: Final = 4
"""Bytes of a key id. It only tells an operator's own few secrets apart, so it need not be long."""

TAG_SIZE: Final = 16
"""Bytes kept of the tag: nobody tries 2**128 refresh tokens."""

_LABEL: Final = b"jwtkit refresh 1"


def key_id_of(secret: bytes) -> str:
    """Return the key id of a rotation secret, as 8 hexadecimal characters; says nothing about the secret."""
    return hkdf_sha256(secret, info=_LABEL + b" key id", length=KEY_ID_SIZE).hex()


def joined(texts: Iterable[str | None]) -> bytes:
    """Return texts as bytes that no other texts give; None is told apart from the empty text.

    What follows a NUL says what it is: 1 the NUL of a text, 2 the end of one, 3 a None.
    """
    marked = ["\0\3" if text is None else text.replace("\0", "\0\1") for text in texts]
    # A store may hand anything back; a lone surrogate shall make a wrong digest, not an error.
    return "\0\2".join((*marked, "")).encode("utf-8", "surrogatepass")


class FamilyKeys:
    """What one rotation secret gives one issuer. Immutable and safe in threads.

    Three keys with one purpose each, so that what one of them computes is never mistaken for another's.
    Two issuers that share a secret accept none of each other's tokens.

    Attributes:
        key_id: Which rotation secret they come from.
    """

    __slots__ = ("_digest", "_successor", "_tag", "key_id")

    key_id: Final[str]

    def __init__(self, secret: bytes, issuer: str) -> None:
        self.key_id = key_id_of(secret)

        def derived(purpose: bytes) -> bytes:
            # The purposes hold no "|", so nothing an issuer is called turns one into another.
            return hkdf_sha256(secret, info=_LABEL + b" " + purpose + b"|" + issuer.encode())

        self._tag, _ = bind_mac(derived(b"tag"), "sha256")
        self._successor, _ = bind_mac(derived(b"successor"), "sha256")
        self._digest, _ = bind_mac(derived(b"row"), "sha256")

    def tag(self, core: bytes) -> bytes:
        """Return the tag that marks a token's core as made here."""
        return self._tag(core)[:TAG_SIZE]

    def successor_secret(self, family_id: bytes, generation: int, secret: bytes, nonce: bytes) -> bytes:
        """Return the secret of `generation`, from the secret of the one before and the swap's nonce.

        Every part but the last has a fixed width, so no two calls hash the same bytes.
        """
        return self._successor(family_id + generation.to_bytes(8, "big") + secret + nonce)

    def digest(self, core: bytes, bound: bytes) -> bytes:
        """Return what a row keeps of a token: a keyed digest of its core and of what the session is bound to.

        It stands for the token without being one, and a row whose other columns were edited fits no token.

        Args:
            core: The token's core, of fixed width.
            bound: The row's columns it holds good for, as `joined` writes them.
        """
        return self._digest(core + bound)

    def __repr__(self) -> str:
        return f"<FamilyKeys {self.key_id}>"


class RotationKeys:
    """The keys of one issuer under every accepted rotation secret. Immutable.

    Attributes:
        current: Makes every new refresh token.
        key_ids: Every accepted key id, the current one first.
    """

    __slots__ = ("_by_id", "_by_raw_id", "current", "key_ids")

    current: Final[FamilyKeys]
    key_ids: Final[tuple[str, ...]]

    def __init__(self, secrets: Iterable[bytes], issuer: str) -> None:
        self._by_id = {keys.key_id: keys for keys in (FamilyKeys(secret, issuer) for secret in secrets)}
        self._by_raw_id = {bytes.fromhex(key_id): keys for key_id, keys in self._by_id.items()}
        self.key_ids = tuple(self._by_id)
        self.current = self._by_id[self.key_ids[0]]

    def find(self, key_id: str) -> FamilyKeys | None:
        """Return the keys of that id, or None when no accepted secret has it."""
        return self._by_id.get(key_id)

    def find_raw(self, key_id: bytes) -> FamilyKeys | None:
        """Return the keys of an id as a token's core holds it, or None."""
        return self._by_raw_id.get(key_id)

    def __repr__(self) -> str:
        return f"<RotationKeys {', '.join(self.key_ids)}>"
