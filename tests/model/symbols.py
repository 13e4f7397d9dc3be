"""Rotation keys that compute nothing: every MAC is a name for what it was made of.

`decide` never looks into a digest or a secret: it makes them by the keys and compares them for equality. So a
function that gives equal names to equal inputs, and different names to different ones, is as good as HMAC as
long as HMAC has no collision and nobody can guess its output; those two are assumed, not explored. Names are
numbered in the order they are first asked for, which makes them short and every run the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from jwtkit.refresh.rotation_keys import RotationKeys

REAL_SECRETS = (bytes(range(32)), bytes(range(32, 64)))


class Names:
    """Gives every term a name of 32 bytes, the same one each time."""

    def __init__(self) -> None:
        self._names: dict[tuple[object, ...], bytes] = {}

    def of(self, *term: object) -> bytes:
        return self._names.setdefault(term, (len(self._names) + 1).to_bytes(32, "big"))


class SymbolicFamilyKeys:
    """Has the interface of `jwtkit.refresh.rotation_keys.FamilyKeys`."""

    def __init__(self, key_id: str, names: Names) -> None:
        self.key_id = key_id
        self._names = names

    def tag(self, core: bytes) -> bytes:
        return self._names.of("tag", self.key_id, core)[-16:]

    def successor_secret(self, family_id: bytes, generation: int, secret: bytes, nonce: bytes) -> bytes:
        return self._names.of("successor", self.key_id, family_id, generation, secret, nonce)

    def digest(self, core: bytes, bound: bytes) -> bytes:
        return self._names.of("digest", self.key_id, core, bound)


class SymbolicRotationKeys:
    """Has the interface of `jwtkit.refresh.rotation_keys.RotationKeys`."""

    def __init__(self, keys: Sequence[SymbolicFamilyKeys]) -> None:
        self.current = keys[0]
        self.key_ids = tuple(each.key_id for each in keys)
        self._by_id = {each.key_id: each for each in keys}

    def find(self, key_id: str) -> SymbolicFamilyKeys | None:
        return self._by_id.get(key_id)


def symbolic_levels() -> list[SymbolicRotationKeys]:
    """Return what a process knows before, between and after the two steps of replacing the secret."""
    names = Names()
    old, new = (SymbolicFamilyKeys(key_id, names) for key_id in ("0000000a", "0000000b"))
    return [SymbolicRotationKeys(keys) for keys in ([old], [old, new], [new, old])]


def real_levels() -> list[RotationKeys]:
    """Return the same by the real HMACs."""
    old, new = REAL_SECRETS
    return [RotationKeys(secrets, "https://orders.example") for secrets in ([old], [old, new], [new, old])]
