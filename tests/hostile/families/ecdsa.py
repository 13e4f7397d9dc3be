"""ECDSA: psychic signatures, DER, ranges, malleability, other curves and hashes (RFC 7518 §3.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import product
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from tests.hostile.cases import ACCEPTED, WRONG_SIGNATURE, TokenCase
from tests.hostile.forge import Forge
from tests.hostile.primitives import b64, ec_key, raw_ecdsa

__all__ = ["cases"]

_ONLY: Final = ("ES256",)
_RANGE: Final = "FIPS 186-5 §6.4.2: r and s in [1, n-1]; CVE-2022-21449 (psychic signatures)"
_FORMAT: Final = "RFC 7518 §3.4: r and s as 32 bytes each, never DER"
_LOW_S: Final = (
    "RFC 7518 §3.4 has no low-s rule: n - s holds as well, so nothing may be keyed by signature text"
)
_HASH: Final = "RFC 7518 §3.4: SHA-256 over P-256"

_N: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_P: Final = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_NUMBERS: Final = {
    "0": 0,
    "1": 1,
    "2": 2,
    "n-1": _N - 1,
    "n": _N,
    "n+1": _N + 1,
    "p": _P,
    "p-n": _P - _N,
    "max": 2**256 - 1,
}


def cases() -> Iterator[TokenCase]:
    """Every case of the family."""
    for (r_name, r), (s_name, s) in product(_NUMBERS.items(), repeat=2):
        yield _case(f"psychic.r-{r_name}.s-{s_name}", partial(_fixed, r, s), _RANGE)
    for name, change in _CHANGES.items():
        yield _case(f"number.{name}", partial(_numbers, change), _RANGE)
    for name, encode in _ENCODINGS.items():
        yield _case(f"encoding.{name}", partial(_encoded, encode), _FORMAT)
    make = partial(_numbers, lambda r, s: (r, _N - s))
    yield TokenCase(name="ecdsa.other-s", make=make, expect=ACCEPTED, why=_LOW_S, algorithms=_ONLY)
    for name, digest in _HASHES.items():
        yield _case(f"hash.{name}", partial(_hashed, digest), _HASH)
    for alg in ("ES384", "ES512", "ES256K"):
        yield _case(f"curve.{alg}", partial(_other_curve, alg), "RFC 7518 §3.4: the curve is the key's")
    for name, r in {"x-of-g": _generator_x(), "x-of-key": None}.items():
        yield _case(f"known-point.{name}", partial(_known_point, r), _RANGE)


def _case(name: str, make: Callable[[Forge], object], why: str) -> TokenCase:
    return TokenCase(name=f"ecdsa.{name}", make=make, expect=WRONG_SIGNATURE, why=why, algorithms=_ONLY)


def _octets(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _fixed(r: int, s: int, forge: Forge) -> str:
    return forge.with_signature(_octets(r, s))


def _split(forge: Forge, data: bytes) -> tuple[int, int]:
    signature = forge.owner.sign(data)
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")


def _numbers(change: Callable[[int, int], tuple[int, int]], forge: Forge) -> str:
    signing_input = forge.signing_input()
    return f"{signing_input}.{b64(_octets(*change(*_split(forge, signing_input.encode()))))}"


_CHANGES: Final[Mapping[str, Callable[[int, int], tuple[int, int]]]] = {
    "swapped": lambda r, s: (s, r),
    "r-zero": lambda r, s: (0, s),
    "s-zero": lambda r, s: (r, 0),
    "r-one": lambda r, s: (1, s),
    "s-one": lambda r, s: (r, 1),
    "r-n": lambda r, s: (_N, s),
    "s-n": lambda r, s: (r, _N),
    "negated-r": lambda r, s: (_N - r, s),
    "negated-both": lambda r, s: (_N - r, _N - s),
    "r-plus-one": lambda r, s: ((r + 1) % 2**256, s),
    "s-plus-one": lambda r, s: (r, (s + 1) % 2**256),
    "s-doubled": lambda r, s: (r, s * 2 % _N),
    "s-inverted": lambda r, s: (r, pow(s, -1, _N)),
    "r-as-s": lambda r, s: (r, r),
    "s-as-r": lambda r, s: (s, s),
}
_ENCODINGS: Final[Mapping[str, Callable[[int, int], bytes]]] = {
    "der": encode_dss_signature,
    "der-negative": lambda r, s: (
        b"\x30\x44\x02\x20" + r.to_bytes(32, "big") + b"\x02\x20" + s.to_bytes(32, "big")
    ),
    "der-long-length": lambda r, s: b"\x30\x81" + encode_dss_signature(r, s)[1:],
    "der-and-junk": lambda r, s: encode_dss_signature(r, s) + b"\0",
    "der-of-zeros": lambda _, __: encode_dss_signature(0, 0),
    "der-cut-to-64": lambda r, s: encode_dss_signature(r, s)[:64],
    "der-padded-to-96": lambda r, s: encode_dss_signature(r, s).ljust(96, b"\0"),
    "r-only": lambda r, _: r.to_bytes(32, "big"),
    "s-only": lambda _, s: s.to_bytes(32, "big"),
    "33-bytes-each": lambda r, s: r.to_bytes(33, "big") + s.to_bytes(33, "big"),
    "48-bytes-each": lambda r, s: r.to_bytes(48, "big") + s.to_bytes(48, "big"),
    "64-bytes-each": lambda r, s: r.to_bytes(64, "big") + s.to_bytes(64, "big"),
    "little-endian": lambda r, s: r.to_bytes(32, "little") + s.to_bytes(32, "little"),
    "with-recovery-id": lambda r, s: _octets(r, s) + b"\x1b",
    "recovery-id-first": lambda r, s: b"\x1b" + _octets(r, s),
    "decimal": lambda r, s: f"{r},{s}".encode(),
    "ssh": lambda r, s: b"\0\0\0\x20" + r.to_bytes(32, "big") + b"\0\0\0\x20" + s.to_bytes(32, "big"),
}
_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1(),
    "sha224": hashes.SHA224(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha512-256": hashes.SHA512_256(),
    "sha3-256": hashes.SHA3_256(),
    "blake2s": hashes.BLAKE2s(32),
}


def _encoded(encode: Callable[[int, int], bytes], forge: Forge) -> str:
    signing_input = forge.signing_input()
    return f"{signing_input}.{b64(encode(*_split(forge, signing_input.encode())))}"


def _hashed(digest: hashes.HashAlgorithm, forge: Forge) -> str:
    signing_input = forge.signing_input()
    return f"{signing_input}.{b64(raw_ecdsa(forge.owner.private, digest, signing_input.encode()))}"


def _other_curve(alg: str, forge: Forge) -> str:
    """The same private number on another curve, cut or padded to the size of this one."""
    signing_input = forge.signing_input()
    scalar = forge.owner.private.private_numbers().private_value
    key = ec.derive_private_key(scalar, ec_key(alg, "owner").curve)
    signature = raw_ecdsa(key, hashes.SHA256(), signing_input.encode())
    half = len(signature) // 2
    return f"{signing_input}.{b64(signature[:half][-32:] + signature[half:][-32:])}"


def _generator_x() -> int:
    return ec.derive_private_key(1, ec.SECP256R1()).public_key().public_numbers().x


def _known_point(r: int | None, forge: Forge) -> str:
    """r of a point whose logarithm is known, or of the public key itself, with s = r."""
    x = forge.owner.public.public_numbers().x % _N if r is None else r
    return forge.with_signature(_octets(x, x))
