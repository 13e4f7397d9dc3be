"""RSA: sloppy paddings, other hashes and salts, numbers out of range (RFC 8017 §8, RFC 7518 §3.3, §3.5)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from tests.hostile.cases import ACCEPTED, WRONG_SIGNATURE, TokenCase
from tests.hostile.forge import Forge
from tests.hostile.primitives import b64

__all__ = ["cases"]

_PKCS1: Final = "RFC 8017 §8.2.2: the encoded message is compared whole; CVE-2006-4339 and its descendants"
_PSS: Final = "RFC 7518 §3.5: MGF1 and the hash are SHA-256, the salt as long as it"
_RANGE: Final = "RFC 8017 §5.2.2: the representative is below n, and as many bytes as n"
_SHORT: Final = "RFC 8017 §8.1.2, §8.2.2: leading zero bytes belong to the signature"

# DER of AlgorithmIdentifier and OCTET STRING header (RFC 8017 §9.2 note 1).
_DIGEST_INFO: Final = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "md5": bytes.fromhex("3020300c06082a864886f70d020505000410"),
}
_SHA256: Final = _DIGEST_INFO["sha256"]
_SIZE: Final = 256


def _block(
    info: bytes, *, start: bytes = b"\0\1", fill: bytes = b"\xff", gap: bytes = b"\0", tail: bytes = b""
) -> bytes:
    """An encoded message: start, filling to the size, gap, DigestInfo with the hash, tail."""
    return start + fill * (_SIZE - len(start) - len(gap) - len(info) - len(tail)) + gap + info + tail


def _short(info: bytes) -> bytes:
    """Eight bytes of filling, and junk behind the hash to the end: what a cube root can reach."""
    head = b"\0\1" + b"\xff" * 8 + b"\0" + info
    return head.ljust(_SIZE, b"\x5a")


_BLOCKS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "no-digest-info": lambda data: _block(hashlib.sha256(data).digest()),
    "no-parameters": lambda data: _block(
        bytes.fromhex("302f300b0609608648016503040201" + "0420") + hashlib.sha256(data).digest()
    ),
    "sha1": lambda data: _block(_DIGEST_INFO["sha1"] + hashlib.sha1(data, usedforsecurity=False).digest()),
    "md5": lambda data: _block(_DIGEST_INFO["md5"] + hashlib.md5(data, usedforsecurity=False).digest()),
    "sha384": lambda data: _block(_DIGEST_INFO["sha384"] + hashlib.sha384(data).digest()),
    "sha512": lambda data: _block(_DIGEST_INFO["sha512"] + hashlib.sha512(data).digest()),
    "sha512-said-sha256": lambda data: _block(_SHA256 + hashlib.sha512(data).digest()[:32]),
    "hash-twice": lambda data: _block(_SHA256 + hashlib.sha256(hashlib.sha256(data).digest()).digest()),
    "junk-after": lambda data: _block(_SHA256 + hashlib.sha256(data).digest(), tail=b"\0\0\0\0"),
    "junk-after-short-filling": lambda data: _short(_SHA256 + hashlib.sha256(data).digest()),
    "junk-in-parameters": lambda data: _block(
        bytes.fromhex("3035301106096086480165030402010404deadbeef0420") + hashlib.sha256(data).digest()
    ),
    "ber-long-length": lambda data: _block(
        bytes.fromhex("308131300d060960864801650304020105000420") + hashlib.sha256(data).digest()
    ),
    "block-type-0": lambda data: _block(_SHA256 + hashlib.sha256(data).digest(), start=b"\0\0", fill=b"\0"),
    "block-type-2": lambda data: _block(_SHA256 + hashlib.sha256(data).digest(), start=b"\0\2", fill=b"\x77"),
    "first-byte-1": lambda data: _block(_SHA256 + hashlib.sha256(data).digest(), start=b"\1\1"),
    "filling-fe": lambda data: _block(_SHA256 + hashlib.sha256(data).digest(), fill=b"\xfe"),
    "filling-00": lambda data: _block(_SHA256 + hashlib.sha256(data).digest(), fill=b"\0"),
    "gap-ff": lambda data: _block(_SHA256 + hashlib.sha256(data).digest(), gap=b"\xff"),
    "gap-twice": lambda data: _block(_SHA256 + hashlib.sha256(data).digest(), gap=b"\0\0"),
    "bare-hash": lambda data: hashlib.sha256(data).digest().rjust(_SIZE, b"\0"),
    "bare-text": lambda data: data[:200].rjust(_SIZE, b"\0"),
}
_SALTS: Final = (0, 1, 8, 16, 20, 28, 31, 33, 48, 64, 128, 222)
_NUMBERS: Final[Mapping[str, Callable[[int, int], int]]] = {
    "0": lambda _, __: 0,
    "1": lambda _, __: 1,
    "2": lambda _, __: 2,
    "n-1": lambda _, n: n - 1,
    "n": lambda _, n: n,
    "n+1": lambda _, n: n + 1,
    "n-2": lambda _, n: n - 2,
    "half-n": lambda _, n: n // 2,
    "negated": lambda s, n: n - s,
    "plus-one": lambda s, _: s + 1,
    "doubled": lambda s, n: s * 2 % n,
    "squared": lambda s, n: s * s % n,
    "inverted": lambda s, n: pow(s, -1, n),
}


def cases() -> Iterator[TokenCase]:
    """Every case of the family."""
    for name, block in _BLOCKS.items():
        for alg in ("RS256", "PS256"):
            yield _case(f"pkcs1.{name}.at-{alg}", partial(_raw, block), _PKCS1, alg)
    make = partial(_raw, lambda data: _block(_SHA256 + hashlib.sha256(data).digest()))
    yield TokenCase(name="rsa.pkcs1.right", make=make, expect=ACCEPTED, why=_PKCS1, algorithms=("RS256",))
    yield _case("pkcs1.right.at-PS256", make, _PSS, "PS256")
    for salt in _SALTS:
        yield _case(f"pss.salt-{salt}", partial(_pss, salt, hashes.SHA256(), hashes.SHA256()), _PSS, "PS256")
    for mask in (hashes.SHA1(), hashes.SHA384(), hashes.SHA512()):
        yield _case(f"pss.mask-{mask.name}", partial(_pss, 32, mask, hashes.SHA256()), _PSS, "PS256")
        yield _case(f"pss.hash-{mask.name}", partial(_pss, 32, hashes.SHA256(), mask), _PSS, "PS256")
        yield _case(f"pss.both-{mask.name}", partial(_pss, mask.digest_size, mask, mask), _PSS, "PS256")
    right = partial(_pss, 32, hashes.SHA256(), hashes.SHA256())
    yield TokenCase(name="rsa.pss.right", make=right, expect=ACCEPTED, why=_PSS, algorithms=("PS256",))
    yield _case("pss.right.at-RS256", right, _PKCS1, "RS256")
    for name, change in _NUMBERS.items():
        for alg in ("RS256", "PS256"):
            yield _case(f"number.{name}.{alg}", partial(_number, change), _RANGE, alg)
    for alg in ("RS256", "PS256"):
        yield _case(f"length.zero-stripped.{alg}", _zero_stripped, _SHORT, alg)
        yield _case(f"length.one-byte-more.{alg}", partial(_plus_modulus), _RANGE, alg)
        yield _case(f"length.little-endian.{alg}", _little_endian, _RANGE, alg)


def _case(name: str, make: Callable[[Forge], object], why: str, alg: str) -> TokenCase:
    return TokenCase(name=f"rsa.{name}", make=make, expect=WRONG_SIGNATURE, why=why, algorithms=(alg,))


def _raw(block: Callable[[bytes], bytes], forge: Forge) -> str:
    """The private operation on a block of our own making: d is known here, e need not be 3."""
    signing_input = forge.signing_input()
    numbers = forge.owner.private.private_numbers()
    n = numbers.public_numbers.n
    encoded = block(signing_input.encode())
    assert len(encoded) == _SIZE
    signature = pow(int.from_bytes(encoded, "big") % n, numbers.d, n)
    return f"{signing_input}.{b64(signature.to_bytes(_SIZE, 'big'))}"


def _pss(salt: int, mask: hashes.HashAlgorithm, digest: hashes.HashAlgorithm, forge: Forge) -> str:
    signing_input = forge.signing_input()
    scheme = padding.PSS(padding.MGF1(mask), salt_length=salt)
    return f"{signing_input}.{b64(forge.owner.private.sign(signing_input.encode(), scheme, digest))}"


def _signature(forge: Forge, signing_input: str) -> tuple[int, int]:
    n = forge.owner.public.public_numbers().n
    return int.from_bytes(forge.owner.sign(signing_input.encode()), "big"), n


def _number(change: Callable[[int, int], int], forge: Forge) -> str:
    signing_input = forge.signing_input()
    return f"{signing_input}.{b64(change(*_signature(forge, signing_input)).to_bytes(_SIZE, 'big'))}"


def _plus_modulus(forge: Forge) -> str:
    """The same residue, written with one byte more."""
    signing_input = forge.signing_input()
    signature, n = _signature(forge, signing_input)
    return f"{signing_input}.{b64((signature + 256 * n).to_bytes(_SIZE + 1, 'big'))}"


def _little_endian(forge: Forge) -> str:
    signing_input = forge.signing_input()
    return f"{signing_input}.{b64(forge.owner.sign(signing_input.encode())[::-1])}"


def _zero_stripped(forge: Forge) -> str:
    """A signature that begins with a zero byte, which an integer would lose: one in 256 does."""
    for number in range(10_000):
        signing_input = forge.signing_input(None, forge.claims(jti=f"{number}"))
        signature = forge.owner.sign(signing_input.encode())
        if signature[0] == 0:
            return f"{signing_input}.{b64(signature[1:])}"
    raise AssertionError("no signature began with a zero byte")
