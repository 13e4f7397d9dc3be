"""One trusted key, one stranger's of the same algorithm, and tokens of any shape under either."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from tests.hostile import primitives
from tests.hostile.primitives import b64, json_bytes

from jwtkit.jose import VerificationKey

__all__ = [
    "ALGORITHMS",
    "AUDIENCE",
    "GONE",
    "ISSUER",
    "MARK",
    "NOW",
    "SUBJECT",
    "Forge",
    "Party",
    "changed",
    "party",
]

ALGORITHMS: Final = ("HS256", "RS256", "PS256", "ES256", "Ed25519", "ML-DSA-44")
NOW: Final = 1_800_000_000
ISSUER: Final = "https://orders.example"
AUDIENCE: Final = "orders-api"
SUBJECT: Final = "client-42"
MARK: Final = "hostile-marker-7f3a"
"""Stands in every forged header and every token's claims: text of a stranger, which no message may repeat."""

GONE: Final[Any] = object()
"""As a value in `changed`: take the member out."""


def changed(members: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The members with some set anew, and those that are `GONE` left out."""
    return {name: value for name, value in {**members, **changes}.items() if value is not GONE}


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who holds a private key.

    Attributes:
        alg: What the key is for.
        kid: What its owner calls it.
        private: The bare key: bytes, or an object of `cryptography`.
    """

    alg: str
    kid: str
    private: Any

    def sign(self, data: bytes, alg: str | None = None) -> bytes:
        return primitives.sign(self.private, alg or self.alg, data)

    @property
    def public(self) -> Any:
        return self.private if isinstance(self.private, bytes) else self.private.public_key()

    def jwk(self) -> dict[str, Any]:
        """What verifies its signatures, written by hand and not by `to_jwk`."""
        return {**public_members(self), "kid": self.kid, "alg": self.alg, "use": "sig"}

    def private_text(self) -> bytes:
        """The private key as raw bytes or DER: what must never be seen anywhere."""
        if isinstance(self.private, bytes):
            return self.private
        if self.alg.startswith(("Ed", "ML")):
            raw: bytes = self.private.private_bytes_raw()
            return raw
        der: bytes = self.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return der

    def key(self) -> VerificationKey:
        """The key as jwtkit reads it."""
        return VerificationKey.from_jwk(self.jwk())

    def public_bytes(self, encoding: Encoding, form: PublicFormat) -> bytes:
        data: bytes = self.public.public_bytes(encoding, form)
        return data


def public_members(owner: Party) -> dict[str, Any]:
    """The members of the JWK that are key material (RFC 7518 §6, RFC 8037 §2, RFC 9964 §3)."""
    public, kind = owner.public, owner.alg[:2]
    if kind == "HS":
        return {"kty": "oct", "k": b64(public)}
    if kind in ("RS", "PS"):
        numbers = public.public_numbers()
        return {"kty": "RSA", "n": b64(_shortest(numbers.n)), "e": b64(_shortest(numbers.e))}
    if kind == "ES":
        numbers, size = public.public_numbers(), (public.key_size + 7) // 8
        curve = {256: "P-256", 384: "P-384", 521: "P-521"}[public.key_size]
        curve = "secp256k1" if owner.alg == "ES256K" else curve
        x, y = (b64(number.to_bytes(size, "big")) for number in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": curve, "x": x, "y": y}
    if kind == "Ed":
        return {"kty": "OKP", "crv": owner.alg, "x": b64(public.public_bytes_raw())}
    return {"kty": "AKP", "pub": b64(public.public_bytes_raw())}


def _shortest(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


@cache
def party(alg: str, label: str, kid: str | None = None) -> Party:
    """The holder of a key that is the same on every run: ``owner``, ``stranger``, or anyone else."""
    private: Any
    if alg.startswith("HS"):
        private = primitives.octets(f"{alg} {label}", 64)
    elif alg.startswith(("RS", "PS")):
        private = primitives.published_rsa_key("rfc7520" if label == "owner" else "rfc7515")
    elif alg.startswith("ES"):
        private = primitives.ec_key(alg, label)
    elif alg == "Ed448":
        private = primitives.ed448_key(label)
    else:
        private = primitives.ed_key(label) if alg == "Ed25519" else primitives.ml_dsa_key(alg, label)
    return Party(alg, kid or f"{label}-{alg}", private)


@dataclass(frozen=True)
class Forge:
    """Makes tokens of one algorithm.

    Attributes:
        alg: The algorithm of the trusted key.
        canary: The address of a loopback server that must never be asked for anything.
    """

    alg: str
    canary: str = "http://127.0.0.1:9/"

    @cached_property
    def owner(self) -> Party:
        """Whose key is trusted."""
        return party(self.alg, "owner")

    @cached_property
    def stranger(self) -> Party:
        """Who has a key of the same algorithm that nobody trusts."""
        return party(self.alg, "stranger")

    @property
    def symmetric(self) -> bool:
        return self.alg.startswith("HS")

    def header(self, **changes: Any) -> dict[str, Any]:
        """A header that is right, but for the changes."""
        return changed({"alg": self.alg, "typ": "at+jwt", "kid": self.owner.kid}, changes)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Claims that are right, but for the changes."""
        right = {
            "iss": ISSUER,
            "sub": SUBJECT,
            "aud": AUDIENCE,
            "exp": NOW + 600,
            "iat": NOW - 60,
            "jti": "0123456789abcdef",
            "scope": "orders:read",
            "note": MARK,
        }
        return changed(right, changes)

    def token(
        self,
        header: Mapping[str, Any] | bytes | None = None,
        claims: Mapping[str, Any] | bytes | None = None,
        *,
        signer: Party | None = None,
        sign_as: str | None = None,
    ) -> str:
        """A compact JWS, with a real signature over whatever it is given.

        Args:
            header: Members, or the raw bytes of the segment; a right one when None.
            claims: Members, or the raw bytes of the segment; right ones when None.
            signer: Whose key signs; the owner's when None.
            sign_as: The algorithm that really signs; the signer's when None.
        """
        signing_input = self.signing_input(header, claims)
        return f"{signing_input}.{b64((signer or self.owner).sign(signing_input.encode(), sign_as))}"

    def signing_input(
        self, header: Mapping[str, Any] | bytes | None = None, claims: Mapping[str, Any] | bytes | None = None
    ) -> str:
        first, second = (
            value if isinstance(value, bytes) else json_bytes(value)
            for value in (
                self.header() if header is None else header,
                self.claims() if claims is None else claims,
            )
        )
        return f"{b64(first)}.{b64(second)}"

    def segments(self) -> list[str]:
        """The three segments of a right token, to be tampered with."""
        return self.token().split(".")

    def resigned(self, header_segment: str, payload_segment: str) -> str:
        """A token of two segments as they are, honestly signed."""
        signing_input = f"{header_segment}.{payload_segment}"
        return f"{signing_input}.{b64(self.owner.sign(signing_input.encode('latin-1')))}"

    def with_signature(self, signature: bytes) -> str:
        """A right token with another signature in place of its own."""
        return f"{self.signing_input()}.{b64(signature)}"
