"""Keys an attacker could use or break, refused when they are loaded (RFC 8725 §3.5, RFC 7518 §3.2, §3.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from math import prod
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from tests.hostile.cases import ACCEPTED, KeyCase, refused_key
from tests.hostile.edwards_curve import off_curve_encodings, second_encodings, small_order_encodings
from tests.hostile.families.confusion import PUBLIC_FORMS
from tests.hostile.families.embedded_keys import certificate
from tests.hostile.forge import party
from tests.hostile.primitives import b64, octets, published_rsa_key

from jwtkit.jose import SigningKey, VerificationKey

__all__ = ["cases", "roca_modulus", "rsa_jwk"]

_RSA: Final = "RFC 7518 §3.3, RFC 8725 §3.5"
_ROCA: Final = "CVE-2017-15361: primes of the form k*M + 65537**a mod M"
_HMAC: Final = "RFC 7518 §3.2: a key of at least the hash's size; CVE-2025-45768"
_PUBLIC_AS_SECRET: Final = "RFC 8725 §2.1: everybody knows it; CVE-2022-29217, CVE-2023-48223, CVE-2026-34950"
_EDWARDS: Final = "RFC 8032 §5.1.3; small order: any message goes with some signature"
_SMALL_PRIMES: Final = tuple(p for p in range(3, 168, 2) if all(p % q for q in range(3, p, 2)))


def rsa_jwk(n: int, e: int, **more: Any) -> dict[str, Any]:
    """A public RSA JWK of any two numbers."""
    numbers = {"n": n, "e": e}
    texts = {
        name: b64(number.to_bytes((number.bit_length() + 7) // 8 or 1, "big"))
        for name, number in numbers.items()
    }
    return {"kty": "RSA", "alg": "RS256", **texts, **more}


def _modulus() -> int:
    return published_rsa_key("rfc7515").public_key().public_numbers().n


def roca_modulus(bits: int = 2048) -> int:
    """A modulus that is a power of 65537 modulo every small prime, as the Infineon library's were."""
    primorial = 2 * prod(_SMALL_PRIMES)
    base = pow(65537, 4242, primorial)
    found = base + primorial * ((1 << (bits - 1)) // primorial + 1)
    assert found.bit_length() == bits
    assert found % 2
    return found


def cases() -> Iterator[KeyCase]:
    """Every case of the family."""
    yield from _rsa_numbers()
    yield from _rsa_private()
    yield from _secrets()
    yield from _edwards()


def _public(name: str, jwk: Mapping[str, Any], kind: str | None, why: str) -> KeyCase:
    expect = ACCEPTED if kind is None else refused_key(kind)
    return KeyCase(name=f"key.{name}", load=partial(VerificationKey.from_jwk, jwk), expect=expect, why=why)


def _rsa_numbers() -> Iterator[KeyCase]:
    n = _modulus()
    exponents = {
        1: "weak",
        2: "weak",
        4: "weak",
        6: "weak",
        65536: "weak",
        2**64 - 2: "weak",
        2**64 + 1: "weak",
        2**65 + 1: "weak",
        2**256 + 1: "weak",
        n - 2: "weak",
        n: "weak",
        n + 2: "weak",
        3: None,
        5: None,
        17: None,
        257: None,
        65537: None,
        2**32 + 1: None,
        2**64 - 1: None,
    }
    for exponent, kind in exponents.items():
        label = f"n{exponent - n:+}" if exponent > 2**1000 else str(exponent)
        yield _public(f"rsa.exponent-{label}", rsa_jwk(n, exponent), kind, _RSA)
    yield _public(
        "rsa.exponent-0", {**rsa_jwk(n, 3), "e": "AA"}, "malformed", "RFC 7518 §2: Base64urlUInt, not zero"
    )
    yield _public("rsa.exponent-empty", {**rsa_jwk(n, 3), "e": ""}, "malformed", _RSA)
    yield _public(
        "rsa.exponent-leading-zero",
        {**rsa_jwk(n, 3), "e": "AAEAAQ"},
        "malformed",
        "RFC 7518 §2: no leading zero",
    )
    yield _public(
        "rsa.modulus-leading-zero",
        {**rsa_jwk(n, 3), "n": b64(b"\0" + n.to_bytes(256, "big"))},
        "malformed",
        "RFC 7518 §6.3.1.1: no leading zero octet",
    )
    for bits in (1, 8, 64, 256, 512, 768, 1023, 1024, 1536, 2040, 2047, 16385, 20_000):
        odd = 1 << (bits - 1) | 1
        yield _public(
            f"rsa.bits-{bits}",
            rsa_jwk(odd, 65537),
            "weak",
            f"{_RSA}: 2048 bits or more, and not absurdly many",
        )
    yield _public("rsa.modulus-0", {**rsa_jwk(n, 3), "n": "AA"}, "malformed", _RSA)
    yield _public("rsa.modulus-even", rsa_jwk(n - 1, 65537), "weak", _RSA)
    yield _public("rsa.modulus-power-of-two", rsa_jwk(1 << 2048, 65537), "weak", _RSA)
    for prime in _SMALL_PRIMES:
        multiple = n - n % prime
        multiple += 0 if multiple % 2 else prime
        yield _public(
            f"rsa.factor-{prime}", rsa_jwk(multiple, 65537), "weak", f"{_RSA}: divisible by {prime}"
        )
    for bits in (2048, 3072, 4096):
        yield _public(f"rsa.roca-{bits}", rsa_jwk(roca_modulus(bits), 65537), "weak", _ROCA)
    for bits in (512, 1024):
        private = _short_rsa(bits)
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        for alg in ("RS256", "PS256"):
            load = partial(VerificationKey.from_pem, public, alg=alg)
            yield KeyCase(name=f"key.rsa.pem-{bits}.{alg}", load=load, expect=refused_key("weak"), why=_RSA)
            load = partial(SigningKey.from_pem, pem, alg=alg)
            yield KeyCase(
                name=f"key.rsa.private-pem-{bits}.{alg}",
                load=load,
                expect=refused_key("weak"),
                why=_RSA,
                secrets=(pem,),
            )


def _short_rsa(bits: int) -> rsa.RSAPrivateKey:
    """A key of two published primes' lower halves would be no key; these primes are made up and fixed."""
    start = int.from_bytes(octets(f"rsa {bits}", bits // 16), "big")
    top = 0b11 << (bits // 2 - 2) | 1
    p = _next_prime(start | top)
    q = _next_prime(p + 2)
    n, e = p * q, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    crt = (rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q))
    numbers = rsa.RSAPrivateNumbers(p, q, d, *crt, rsa.RSAPublicNumbers(e, n))
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def _next_prime(number: int) -> int:
    while not all(pow(base, number - 1, number) == 1 for base in (2, 3, 5, 7)) or number % 65537 == 1:
        number += 2
    return number


def _rsa_private() -> Iterator[KeyCase]:
    owner, other = (published_rsa_key(rfc).private_numbers() for rfc in ("rfc7520", "rfc7515"))
    right = {
        name: b64(number.to_bytes(256 if name == "d" else 128, "big").lstrip(b"\0"))
        for name, number in {
            "d": owner.d,
            "p": owner.p,
            "q": owner.q,
            "dp": owner.dmp1,
            "dq": owner.dmq1,
            "qi": owner.iqmp,
        }.items()
    }
    public = rsa_jwk(owner.public_numbers.n, owner.public_numbers.e)
    foreign = b64(other.d.to_bytes(256, "big").lstrip(b"\0"))
    variants: Mapping[str, tuple[dict[str, Any], str | None]] = {
        "right": ({**public, **right}, None),
        "d-only": ({**public, "d": right["d"]}, None),
        "d-of-another": ({**public, **right, "d": foreign}, "mismatch"),
        "d-only-of-another": ({**public, "d": foreign}, "mismatch"),
        "p-and-q-same": ({**public, **right, "q": right["p"]}, "mismatch"),
        "p-one": ({**public, **right, "p": "AQ"}, "mismatch"),
        "dp-one": ({**public, **right, "dp": "AQ"}, "mismatch"),
        "qi-one": ({**public, **right, "qi": "AQ"}, "mismatch"),
        "q-missing": ({**public, **{n: v for n, v in right.items() if n != "q"}}, "malformed"),
        "d-too-large": ({**public, **right, "d": b64(b"\xff" * 256)}, "malformed"),
        "n-of-another": ({**rsa_jwk(other.public_numbers.n, 65537), **right}, "mismatch"),
        "many-primes": ({**public, **right, "oth": [{"r": "AQ", "d": "AQ", "t": "AQ"}]}, "malformed"),
        "no-private-part": (public, "public"),
        "no-d": ({**public, **{n: v for n, v in right.items() if n != "d"}}, "malformed"),
    }
    for name, (jwk, kind) in variants.items():
        yield KeyCase(
            name=f"key.rsa.private.{name}",
            load=partial(SigningKey.from_jwk, jwk),
            expect=ACCEPTED if kind is None else refused_key(kind),
            why="a private part must match its public one",
            secrets=(right["d"], right["p"], right["q"]),
        )
    for name, value in {**right, "oth": []}.items():
        load = partial(VerificationKey.from_jwk, {**public, name: value})
        expect = refused_key("private")
        yield KeyCase(
            name=f"key.rsa.public-with-{name}",
            load=load,
            expect=expect,
            why="RFC 7517 §8.1: somebody publishes a private key",
            secrets=(value,) if isinstance(value, str) else (),
        )


def _secrets() -> Iterator[KeyCase]:
    for alg, size in (("HS256", 32), ("HS384", 48), ("HS512", 64)):
        for length in sorted({*range(9), 16, 24, 31, size - 16, size - 1, size, size + 1, 200}):
            secret = octets(f"secret of {length}", length)
            kind = "weak" if length < size else None
            yield from _secret(f"{alg}.bytes-{length}", secret, alg, kind, _HMAC)
    for form, (secret_of, algorithms) in PUBLIC_FORMS.items():
        # Parts of a public key are bytes like any others: no reader could know them for what they are.
        if form.startswith(("spki-pem-body", "point", "raw", "modulus", "thumbprint", "jwk-python")):
            continue
        for alg in algorithms:
            for mac in ("HS256", "HS384", "HS512"):
                yield from _secret(
                    f"{mac}.{form}-of-{alg}", secret_of(party(alg, "owner")), mac, "weak", _PUBLIC_AS_SECRET
                )
    yield from _secret("HS256.certificate-der", certificate(), "HS256", "weak", _PUBLIC_AS_SECRET)
    for label, load in _NOT_SECRETS.items():
        yield KeyCase(
            name=f"key.secret.type.{label}",
            load=load,
            expect=refused_key("malformed"),
            why="a secret is bytes or str",
        )


def _secret(name: str, secret: bytes, alg: str, kind: str | None, why: str) -> Iterator[KeyCase]:
    expect = ACCEPTED if kind is None else refused_key(kind)
    loads: Mapping[str, Callable[[], object]] = {
        "from_secret": partial(SigningKey.from_secret, secret, alg),
        "from_jwk": partial(VerificationKey.from_jwk, {"kty": "oct", "alg": alg, "k": b64(secret)}),
    }
    texts = (secret, b64(secret)) if len(secret) > 15 else ()
    for way, load in loads.items():
        yield KeyCase(name=f"key.secret.{name}.{way}", load=load, expect=expect, why=why, secrets=texts)


_NOT_SECRETS: Final[Mapping[str, Callable[[], object]]] = {
    label: partial(SigningKey.from_secret, value)
    for label, value in {
        "none": None,
        "number": 1,
        "list": [1] * 64,
        "bytearray": bytearray(64),
        "surrogates": "\ud800" * 64,
    }.items()
}


def _edwards() -> Iterator[KeyCase]:
    def key(data: bytes) -> dict[str, Any]:
        return {"kty": "OKP", "crv": "Ed25519", "x": b64(data)}

    for name, data in small_order_encodings().items():
        yield _public(f"ed25519.{name}", key(data), "weak", _EDWARDS)
    for name, data in second_encodings().items():
        yield _public(
            f"ed25519.second-encoding.{name}", key(data), "malformed", "RFC 8032 §5.1.3: y is below p"
        )
    for number, data in enumerate(off_curve_encodings()):
        yield _public(f"ed25519.off-curve-{number}", key(data), "malformed", "RFC 8032 §5.1.3: no such point")
    for size in (0, 1, 31, 33, 57, 64):
        yield _public(f"ed25519.size-{size}", key(octets("x", size)), "malformed", "RFC 8037 §2: 32 bytes")
    p448 = 2**448 - 2**224 - 1
    for name, y in {"order-1": 1, "order-2": p448 - 1, "order-4": 0}.items():
        for sign in (0, 1):
            jwk = {"kty": "OKP", "crv": "Ed448", "x": b64((y | sign << 455).to_bytes(57, "little"))}
            yield _public(f"ed448.{name}.{sign}", jwk, "weak", "RFC 8032 §5.2.3")
    for more in (0, 1, 7):
        jwk = {"kty": "OKP", "crv": "Ed448", "x": b64((p448 + more).to_bytes(57, "little"))}
        yield _public(f"ed448.second-encoding.{more}", jwk, "malformed", "RFC 8032 §5.2.3: y is below p")
