"""Ed25519 and ML-DSA: S beyond the order, small-order R, second encodings, contexts (RFC 8032, RFC 9964)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import product
from typing import Final

from tests.hostile.cases import WRONG_SIGNATURE, TokenCase
from tests.hostile.edwards_curve import ORDER, small_order_encodings
from tests.hostile.forge import Forge
from tests.hostile.primitives import b64, octets

__all__ = ["cases"]

_CHECK: Final = "RFC 8032 §5.1.7: S below the order L, R canonical; else one signature has two texts"
_SMALL: Final = "RFC 8032 §5.1.7: [S]B = R + [k]A holds for no R of small order and a key of large order"
_PURE: Final = "RFC 8037 §3.1: pure Ed25519, no pre-hash and no context"
_MLDSA: Final = "RFC 9964, FIPS 204 §5.2: pure ML-DSA with the empty context, one encoding of the hint"

_SCALARS: Final = {"0": 0, "1": 1, "L-1": ORDER - 1, "L": ORDER, "L+1": ORDER + 1, "8": 8, "max": 2**256 - 1}


def cases() -> Iterator[TokenCase]:
    """Every case of the family."""
    for (point, r), (scalar, s) in product(small_order_encodings().items(), _SCALARS.items()):
        make = partial(_fixed, r, s)
        yield _case(f"small-order.R-{point}.S-{scalar}", make, _SMALL)
    for name, change in _CHANGES.items():
        yield _case(f"change.{name}", partial(_changed, change), _CHECK)
    for name, data in _OTHER_MESSAGES.items():
        yield _case(f"message.{name}", partial(_over, data), _PURE)
    for name, change in _HINTS.items():
        yield _mldsa(f"encoding.{name}", partial(_bytes_changed, change))
    for name, context in {"zero": b"\0", "jwt": b"JWT", "alg": b"ML-DSA-44", "long": b"c" * 255}.items():
        yield _mldsa(f"context.{name}", partial(_with_context, context))
    for name, data in _OTHER_MESSAGES.items():
        yield _mldsa(f"message.{name}", partial(_over, data))


def _case(name: str, make: Callable[[Forge], object], why: str) -> TokenCase:
    return TokenCase(
        name=f"ed25519.{name}", make=make, expect=WRONG_SIGNATURE, why=why, algorithms=("Ed25519",)
    )


def _mldsa(name: str, make: Callable[[Forge], object]) -> TokenCase:
    return TokenCase(
        name=f"ml-dsa.{name}", make=make, expect=WRONG_SIGNATURE, why=_MLDSA, algorithms=("ML-DSA-44",)
    )


def _fixed(r: bytes, s: int, forge: Forge) -> str:
    return forge.with_signature(r + s.to_bytes(32, "little"))


_CHANGES: Final[Mapping[str, Callable[[bytes, int], tuple[bytes, int]]]] = {
    "S-plus-L": lambda r, s: (r, s + ORDER),
    "S-plus-2L": lambda r, s: (r, s + 2 * ORDER),
    "S-plus-8L": lambda r, s: (r, s + 8 * ORDER),
    "S-negated": lambda r, s: (r, ORDER - s),
    "S-zero": lambda r, _: (r, 0),
    "S-top-bit": lambda r, s: (r, s | 1 << 255),
    "S-bit-253": lambda r, s: (r, s | 1 << 253),
    "S-bit-252": lambda r, s: (r, s ^ 1 << 252),
    "S-plus-one": lambda r, s: (r, s + 1),
    "R-sign": lambda r, s: (r[:-1] + bytes([r[-1] ^ 0x80]), s),
    "R-as-S": lambda r, _: (r, int.from_bytes(r, "little")),
    "S-as-R": lambda _, s: (s.to_bytes(32, "little"), s),
    "R-reversed": lambda r, s: (r[::-1], s),
    "big-endian-S": lambda r, s: (r, int.from_bytes(s.to_bytes(32, "little"), "big")),
}


def _changed(change: Callable[[bytes, int], tuple[bytes, int]], forge: Forge) -> str:
    signing_input = forge.signing_input()
    signature = forge.owner.sign(signing_input.encode())
    r, s = change(signature[:32], int.from_bytes(signature[32:], "little"))
    return f"{signing_input}.{b64(r + (s % 2**256).to_bytes(32, 'little'))}"


def _sha512(data: bytes) -> bytes:
    from hashlib import sha512

    return sha512(data).digest()


_OTHER_MESSAGES: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "hashed": _sha512,
    "hexadecimal": lambda data: _sha512(data).hex().encode(),
    "dom2-pure": lambda data: b"SigEd25519 no Ed25519 collisions\0\0" + data,
    "dom2-hashed": lambda data: b"SigEd25519 no Ed25519 collisions\1\0" + _sha512(data),
    "context-prefix": lambda data: b"\0\0" + data,
    "context-and-length": lambda data: b"\0\x03JWT" + data,
    "hash-ml-dsa": lambda data: b"\1\0" + bytes.fromhex("0609608648016503040203") + _sha512(data),
}


def _over(change: Callable[[bytes], bytes], forge: Forge) -> str:
    signing_input = forge.signing_input()
    return f"{signing_input}.{b64(forge.owner.sign(change(signing_input.encode())))}"


# The last 84 bytes of an ML-DSA-44 signature are the hint: 80 positions, then 4 counts (FIPS 204 §7.1).
_HINTS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "hint-unused-place": lambda signature: signature[:-5] + b"\1" + signature[-4:],
    "hint-counts-zero": lambda signature: signature[:-4] + bytes(4),
    "hint-counts-high": lambda signature: signature[:-4] + b"\xff\xff\xff\xff",
    "hint-counts-80": lambda signature: signature[:-4] + b"\x50\x50\x50\x50",
    "hint-counts-falling": lambda signature: signature[:-4] + b"\4\3\2\1",
    "hint-places-same": lambda signature: signature[:-84] + b"\7" * 80 + signature[-4:],
    "hint-places-reversed": lambda signature: signature[:-84] + signature[-84:-4][::-1] + signature[-4:],
    "hint-none": lambda signature: signature[:-84] + bytes(84),
    "hint-ff": lambda signature: signature[:-84] + b"\xff" * 84,
    "challenge-zero": lambda signature: bytes(32) + signature[32:],
    "challenge-other": lambda signature: octets("challenge") + signature[32:],
    "response-zero": lambda signature: signature[:32] + bytes(2304) + signature[-84:],
    "response-ff": lambda signature: signature[:32] + b"\xff" * 2304 + signature[-84:],
    "response-rotated": lambda signature: (
        signature[:32] + signature[33:-84] + signature[32:33] + signature[-84:]
    ),
    "size-of-65": lambda signature: signature.ljust(3309, b"\0"),
    "size-of-87": lambda signature: signature.ljust(4627, b"\0"),
}


def _bytes_changed(change: Callable[[bytes], bytes], forge: Forge) -> str:
    signing_input = forge.signing_input()
    return f"{signing_input}.{b64(change(forge.owner.sign(signing_input.encode())))}"


def _with_context(context: bytes, forge: Forge) -> str:
    signing_input = forge.signing_input()
    return f"{signing_input}.{b64(forge.owner.private.sign(signing_input.encode(), context))}"
