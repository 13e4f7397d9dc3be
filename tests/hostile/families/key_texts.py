"""Keys in a wrong wrapping: no mapping, another key's private part, PEM that is none (RFC 7517, RFC 7468)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.hostile.cases import ACCEPTED, KeyCase, refused_key
from tests.hostile.forge import party
from tests.hostile.primitives import b64, octets

from jwtkit.jose import SigningKey, VerificationKey

__all__ = ["cases"]

_BOUND: Final = "RFC 8725 §3.1: one key, one algorithm"
_FORM: Final = "RFC 7517 §4: a JWK is a JSON object with kty"


def cases() -> Iterator[KeyCase]:
    """Every case of the family."""
    yield from _not_mappings()
    yield from _private_parts()
    yield from _pem_texts()


def _not_mappings() -> Iterator[KeyCase]:
    for label, value in {
        "none": None,
        "list": [],
        "string": '{"kty":"oct"}',
        "bytes": b"{}",
        "number": 1,
        "true": True,
    }.items():
        for half in (VerificationKey, SigningKey):
            name = f"jwk.type.{label}.as-{half.__name__}"
            load = partial(half.from_jwk, value)
            yield KeyCase(name=name, load=load, expect=refused_key("malformed"), why=_FORM)
    load = partial(VerificationKey.from_jwk, {})
    yield KeyCase(name="jwk.type.empty", load=load, expect=refused_key("malformed"), why=_FORM)


def _private_parts() -> Iterator[KeyCase]:
    for alg in ("ES256", "Ed25519", "ML-DSA-44"):
        owner, name = party(alg, "owner"), "priv" if alg.startswith("ML") else "d"
        size = 32
        parts: Mapping[str, tuple[Any, str]] = {
            "of-another": (b64(octets(f"{alg} another", size)), "mismatch"),
            "zero": (b64(bytes(size)), "malformed" if alg == "ES256" else "mismatch"),
            "max": (b64(b"\xff" * size), "malformed" if alg == "ES256" else "mismatch"),
            "short": (b64(octets("short", size - 1)), "malformed"),
            "long": (b64(octets("long", size + 1)), "malformed"),
            "empty": ("", "malformed"),
            "null": (None, "malformed"),
        }
        for label, (value, kind) in parts.items():
            load = partial(SigningKey.from_jwk, {**owner.jwk(), name: value})
            secrets = (value,) if value else ()
            yield KeyCase(
                name=f"jwk.{alg}.private-part.{label}",
                load=load,
                expect=refused_key(kind),
                why="the private part must match the public one",
                secrets=secrets,
            )


def _pem_texts() -> Iterator[KeyCase]:
    public = party("ES256", "owner").public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    texts: Mapping[str, tuple[Any, str | None]] = {
        "right": (public, None),
        "as-text": (public.decode(), None),
        "crlf": (public.replace(b"\n", b"\r\n"), None),
        "empty": (b"", "malformed"),
        "no-pem": (b"key", "malformed"),
        "cut": (public[:60], "malformed"),
        "no-end": (public[: public.index(b"-----END")], "malformed"),
        "no-body": (b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", "malformed"),
        "junk-body": (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "malformed"),
        "other-label": (public.replace(b"PUBLIC KEY", b"SECRET KEY"), "malformed"),
        "request": (
            b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
            "malformed",
        ),
        "junk-certificate": (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "malformed"),
        "private-label": (public.replace(b"PUBLIC", b"PRIVATE"), "private"),
        "none": (None, "malformed"),
        "number": (1, "malformed"),
        "surrogates": ("\ud800", "malformed"),
        "utf-16": (public.decode().encode("utf-16"), "malformed"),
        "explained": (b"Our public key:\n" + public, None),
        "nul-before": (b"\0" + public, None),
        "der": (
            party("ES256", "owner").public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            "malformed",
        ),
    }
    for label, (text, kind) in texts.items():
        expect = ACCEPTED if kind is None else refused_key(kind)
        load = partial(VerificationKey.from_pem, text)
        yield KeyCase(
            name=f"pem.{label}",
            load=load,
            expect=expect,
            why="RFC 7468 §2: one key in PEM, and text before it is ignored",
        )
    for alg in ("RS256", "HS256", "ES384", "Ed25519", "EdDSA", "none", ""):
        load = partial(VerificationKey.from_pem, public, alg=alg)
        yield KeyCase(
            name=f"pem.P-256-as-{alg or 'empty'}", load=load, expect=refused_key("algorithm"), why=_BOUND
        )
