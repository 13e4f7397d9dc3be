"""HMAC keyed with the text of the public key, and every other guess at a secret (RFC 8725 §2.1)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.hostile.cases import ASYMMETRIC, NOT_ALLOWED, WRONG_SIGNATURE, TokenCase
from tests.hostile.forge import AUDIENCE, GONE, ISSUER, SUBJECT, Forge, Party, public_members
from tests.hostile.primitives import b64, from_b64, json_bytes

from jwtkit.jose.thumbprint import thumbprint

__all__ = ["PUBLIC_FORMS", "cases"]

_CONFUSION: Final = (
    "RFC 8725 §2.1; CVE-2015-9235, CVE-2017-11424, CVE-2022-29217, CVE-2024-33663, CVE-2024-37568"
)
_OPEN: Final = "RFC 8725 §2.1, §3.1; an RSA key and an empty secret: CVE-2026-44699"
_GUESS: Final = "RFC 7518 §3.2: only the secret makes the MAC"
_RSA: Final = ("RS256", "PS256")
_EC: Final = ("ES256",)
_SSH: Final = (*_RSA, *_EC, "Ed25519")
_ALL: Final = ASYMMETRIC


def _spki(owner: Party) -> bytes:
    return owner.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _pkcs1(owner: Party) -> bytes:
    return owner.public_bytes(Encoding.PEM, PublicFormat.PKCS1)


def _thumbprint(owner: Party) -> bytes:
    members = public_members(owner)
    members |= {"alg": owner.alg} if members["kty"] == "AKP" else {}
    return thumbprint(members).encode()


PUBLIC_FORMS: Final[Mapping[str, tuple[Callable[[Party], bytes], tuple[str, ...]]]] = {
    "spki-pem": (_spki, _ALL),
    "spki-pem-stripped": (lambda owner: _spki(owner).strip(), _ALL),
    "spki-pem-crlf": (lambda owner: _spki(owner).replace(b"\n", b"\r\n"), _ALL),
    "spki-pem-two-newlines": (lambda owner: _spki(owner) + b"\n", _ALL),
    "spki-pem-after-space": (lambda owner: b" " + _spki(owner), _ALL),
    "spki-pem-after-newline": (lambda owner: b"\n" + _spki(owner), _ALL),
    "spki-pem-after-tabs": (lambda owner: b"\t\t" + _spki(owner), _ALL),
    "spki-pem-one-line": (lambda owner: _spki(owner).replace(b"\n", b""), _ALL),
    "spki-pem-escaped": (lambda owner: _spki(owner).replace(b"\n", b"\\n"), _ALL),
    "spki-pem-body": (lambda owner: b"".join(_spki(owner).splitlines()[1:-1]), _ALL),
    "spki-der": (lambda owner: owner.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), _ALL),
    "pkcs1-pem": (_pkcs1, _RSA),
    "pkcs1-pem-stripped": (lambda owner: _pkcs1(owner).strip(), _RSA),
    "pkcs1-der": (lambda owner: owner.public_bytes(Encoding.DER, PublicFormat.PKCS1), _RSA),
    "openssh": (lambda owner: owner.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH), _SSH),
    "openssh-after-newline": (
        lambda owner: b"\n" + owner.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
        _SSH,
    ),
    "point": (lambda owner: owner.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint), _EC),
    "point-compressed": (lambda owner: owner.public_bytes(Encoding.X962, PublicFormat.CompressedPoint), _EC),
    "raw": (lambda owner: owner.public_bytes(Encoding.Raw, PublicFormat.Raw), ("Ed25519", "ML-DSA-44")),
    "modulus": (lambda owner: from_b64(public_members(owner)["n"]), _RSA),
    "modulus-text": (lambda owner: public_members(owner)["n"].encode(), _RSA),
    "modulus-decimal": (lambda owner: str(owner.public.public_numbers().n).encode(), _RSA),
    "jwk": (lambda owner: json_bytes(owner.jwk()), _ALL),
    "jwk-after-spaces": (lambda owner: b"  " + json_bytes(owner.jwk()), _ALL),
    "jwk-members": (lambda owner: json_bytes(public_members(owner)), _ALL),
    "jwk-sorted": (lambda owner: json_bytes(dict(sorted(owner.jwk().items()))), _ALL),
    "jwk-python": (lambda owner: str(owner.jwk()).encode(), _ALL),
    "jwk-set": (lambda owner: json_bytes({"keys": [owner.jwk()]}), _ALL),
    "thumbprint": (_thumbprint, _ALL),
    "thumbprint-raw": (lambda owner: from_b64(_thumbprint(owner).decode()), _ALL),
}
_GUESSES: Final[Mapping[str, bytes]] = {
    "empty": b"",
    "nul": b"\0",
    "zeros": bytes(32),
    "zeros-64": bytes(64),
    "secret": b"secret",
    "your-256-bit-secret": b"your-256-bit-secret",
    "changeme": b"changeme",
    "password": b"password",
    "none": b"none",
    "null": b"null",
    "None": b"None",
    "undefined": b"undefined",
    "false": b"false",
    "braces": b"{}",
    "issuer": ISSUER.encode(),
    "audience": AUDIENCE.encode(),
    "subject": SUBJECT.encode(),
}


def cases() -> Iterator[TokenCase]:
    """Every case of the family."""
    for form, (secret_of, algorithms) in PUBLIC_FORMS.items():
        for alg in ("HS256", "HS384", "HS512"):
            yield TokenCase(
                name=f"confusion.{alg}-by-{form}",
                make=partial(_by_public_key, secret_of, alg, {}),
                expect=NOT_ALLOWED,
                why=_CONFUSION,
                algorithms=algorithms,
            )
        yield TokenCase(
            name=f"confusion.{form}.without-kid",
            make=partial(_by_public_key, secret_of, "HS256", {"kid": GONE}),
            expect=NOT_ALLOWED,
            why=_CONFUSION,
            algorithms=algorithms,
            setting="one-of-each",
        )
        yield TokenCase(
            name=f"confusion.{form}.under-its-own-name",
            make=partial(_by_public_key, secret_of, None, {}),
            expect=WRONG_SIGNATURE,
            why=f"{_CONFUSION}; a MAC where a signature should be",
            algorithms=algorithms,
        )
    for guess, secret in _GUESSES.items():
        yield TokenCase(
            name=f"confusion.guess.{guess}",
            make=partial(_by_guess, secret),
            expect=WRONG_SIGNATURE,
            why=_GUESS,
            algorithms=("HS256",),
        )
        yield TokenCase(
            name=f"confusion.guess.{guess}.at-a-public-key",
            make=partial(_by_guess, secret),
            expect=NOT_ALLOWED,
            why=_OPEN,
            algorithms=ASYMMETRIC,
        )
    for name, derive in _DERIVED.items():
        yield TokenCase(
            name=f"confusion.derived.{name}",
            make=partial(_by_derived, derive),
            expect=WRONG_SIGNATURE,
            why=_GUESS,
            algorithms=("HS256",),
        )


_DERIVED: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "base64": lambda secret: b64(secret).encode(),
    "hexadecimal": lambda secret: secret.hex().encode(),
    "first-half": lambda secret: secret[:32],
    "reversed": lambda secret: secret[::-1],
    "hashed": lambda secret: hashlib.sha256(secret).digest(),
    "one-byte-less": lambda secret: secret[:-1],
    "one-byte-more": lambda secret: secret + b"\0",
    "first-bit-flipped": lambda secret: bytes([secret[0] ^ 1]) + secret[1:],
    "last-bit-flipped": lambda secret: secret[:-1] + bytes([secret[-1] ^ 1]),
}


def _signed(forge: Forge, header: Mapping[str, object], secret: bytes, digest: str) -> str:
    signing_input = forge.signing_input(dict(header))
    return f"{signing_input}.{b64(hmac.digest(secret, signing_input.encode(), digest))}"


def _by_public_key(
    secret_of: Callable[[Party], bytes], alg: str | None, header: Mapping[str, object], forge: Forge
) -> str:
    digest = f"sha{alg[2:]}" if alg else "sha256"
    return _signed(forge, forge.header(alg=alg or forge.alg, **header), secret_of(forge.owner), digest)


def _by_guess(secret: bytes, forge: Forge) -> str:
    return _signed(forge, forge.header(alg="HS256"), secret, "sha256")


def _by_derived(derive: Callable[[bytes], bytes], forge: Forge) -> str:
    return _signed(forge, forge.header(), derive(forge.owner.private), "sha256")
