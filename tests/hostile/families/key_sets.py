"""Poisoned JWK Sets: a bad entry costs itself, never the set, and none is believed too much (RFC 7517 §5)."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.hostile.cases import SetCase, refused_key
from tests.hostile.edwards_curve import small_order_encodings
from tests.hostile.families.weak_keys import roca_modulus, rsa_jwk
from tests.hostile.forge import ALGORITHMS, GONE, Forge, changed, party
from tests.hostile.json_documents import GOOD_DOCUMENTS, WRAPPINGS
from tests.hostile.json_values import DUPLICATES
from tests.hostile.primitives import b64, json_bytes

__all__ = ["cases"]

_SKIP: Final = "RFC 7517 §5: implementations SHOULD ignore JWKs they do not understand, lack or cannot use"
_MIXED: Final = "RFC 8725 §2.1: a shared secret beside public keys is how a public key verifies an HMAC"
_CONFLICT: Final = "RFC 7517 §4.5: distinct keys use distinct kids; neither of two can be believed"
_WHOLE: Final = "RFC 7517 §5: a JSON object with an array keys; RFC 8259 for the rest"

_GOOD: Final = party("ES256", "owner").jwk()
_KEPT: Final = ("owner-ES256", "ES256")

_BAD_ENTRIES: Final[Mapping[str, tuple[Any, str]]] = {
    "null": (None, "key.malformed"),
    "true": (True, "key.malformed"),
    "number": (7, "key.malformed"),
    "string": ("key", "key.malformed"),
    "list": ([_GOOD], "key.malformed"),
    "empty": ({}, "key.malformed"),
    "nested-set": ({"keys": [_GOOD]}, "key.malformed"),
    "unknown-kty": ({"kty": "LWE", "kid": "x"}, "key.unsupported"),
    "unknown-curve": ({"kty": "EC", "crv": "brainpoolP256r1", "x": "AA", "y": "AA"}, "key.unsupported"),
    "unknown-alg": ({**_GOOD, "kid": "x", "alg": "ES999"}, "key.unsupported"),
    "alg-none": ({**_GOOD, "kid": "x", "alg": "none"}, "key.unsupported"),
    "alg-of-another-type": ({**_GOOD, "kid": "x", "alg": "HS256"}, "key.algorithm"),
    "for-encryption": ({**_GOOD, "kid": "x", "use": "enc"}, "key.use"),
    "for-signing-only": ({**_GOOD, "kid": "x", "key_ops": ["sign"]}, "key.use"),
    "private-ec": ({**_GOOD, "kid": "x", "d": b64(b"\1" * 32)}, "key.private"),
    "private-rsa": ({**rsa_jwk(5, 3), "d": "AQ"}, "key.private"),
    "private-akp": ({**party("ML-DSA-44", "owner").jwk(), "priv": b64(bytes(32))}, "key.private"),
    "kid-number": ({**_GOOD, "kid": 1}, "key.kid"),
    "kid-empty": ({**_GOOD, "kid": ""}, "key.kid"),
    "kid-long": ({**_GOOD, "kid": "k" * 513}, "key.kid"),
    "kid-newline": ({**_GOOD, "kid": "a\nb"}, "key.kid"),
    "x-missing": (changed(_GOOD, {"x": GONE, "kid": "x"}), "key.malformed"),
    "x-padded": ({**_GOOD, "kid": "x", "x": f"{_GOOD['x']}="}, "key.malformed"),
    "off-curve": ({**_GOOD, "kid": "x", "x": b64(b"\1" * 32)}, "key.malformed"),
    "rsa-exponent-one": (rsa_jwk(1 << 2048 | 1, 1), "key.weak"),
    "rsa-512": (rsa_jwk(1 << 511 | 1, 65537), "key.weak"),
    "rsa-enormous": (rsa_jwk(1 << 40_000 | 1, 65537), "key.weak"),
    "rsa-roca": (rsa_jwk(roca_modulus(), 65537), "key.weak"),
    "ed25519-neutral": (
        {"kty": "OKP", "crv": "Ed25519", "x": b64(small_order_encodings()["order-1"])},
        "key.weak",
    ),
    "x25519": ({"kty": "OKP", "crv": "X25519", "x": b64(bytes(32))}, "key.unsupported"),
    "akp-without-alg": (changed(party("ML-DSA-44", "owner").jwk(), {"alg": GONE}), "key.malformed"),
    "akp-short": ({**party("ML-DSA-44", "owner").jwk(), "pub": "AAAA"}, "key.malformed"),
    "certificate-only": ({"kty": "RSA", "x5c": ["AAAA"], "kid": "x"}, "key.malformed"),
    "fetched": ({"kty": "EC", "crv": "P-256", "x5u": "http://127.0.0.1:9/", "kid": "x"}, "key.malformed"),
    "secret": ({"kty": "oct", "alg": "HS256", "k": b64(b"s" * 64), "kid": "x"}, "jwks.mixed"),
    "secret-weak": ({"kty": "oct", "alg": "HS256", "k": "", "kid": "x"}, "key.weak"),
    "secret-without-alg": ({"kty": "oct", "k": b64(b"s" * 64), "kid": "x"}, "key.algorithm"),
    "secret-with-own-kid": (
        {"kty": "oct", "alg": "HS256", "k": b64(b"s" * 64), "kid": _GOOD["kid"]},
        "jwks.mixed",
    ),
    "secret-is-public-key": (
        {
            "kty": "oct",
            "alg": "HS256",
            "kid": "x",
            "k": b64(party("ES256", "owner").public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)),
        },
        "key.weak",
    ),
}


def cases() -> Iterator[SetCase]:
    """Every case of the family."""
    for name, (entry, code) in _BAD_ENTRIES.items():
        for order, keys in {"before": [entry, _GOOD], "after": [_GOOD, entry]}.items():
            skipped = ((0 if order == "before" else 1, code),)
            document = json_bytes({"keys": keys})
            yield SetCase(
                name=f"set.entry.{name}.{order}", document=document, why=_SKIP, kept=(_KEPT,), skipped=skipped
            )
        alone = json_bytes({"keys": [entry]})
        if code == "jwks.mixed":
            kept: tuple[tuple[str, str], ...] = ((entry["kid"], "HS256"),)
            yield SetCase(name=f"set.entry.{name}.alone", document=alone, why=_SKIP, kept=kept)
        else:
            yield SetCase(name=f"set.entry.{name}.alone", document=alone, why=_SKIP, skipped=((0, code),))
    yield from _conflicts()
    yield from _whole_documents()
    yield from _restricted()
    yield from _open_keys()
    yield from _edwards_pair()
    yield from _sizes()


def _set(name: str, keys: list[Any], why: str, **fields: Any) -> SetCase:
    return SetCase(name=f"set.{name}", document=json_bytes({"keys": keys}), why=why, **fields)


def _conflicts() -> Iterator[SetCase]:
    for alg in ALGORITHMS:
        owner = party(alg, "owner").jwk()
        rival = {**party(alg, "stranger").jwk(), "kid": owner["kid"]}
        forge = Forge(alg)
        poison = (forge.token(), forge.token(signer=party(alg, "stranger")))
        both = ((0, "jwks.conflict"), (1, "jwks.conflict"))
        for name, keys in {"rival-after": [owner, rival], "rival-before": [rival, owner]}.items():
            yield _set(f"conflict.{alg}.{name}", keys, _CONFLICT, skipped=both, poison=poison)
        thrice = (*both, (2, "jwks.conflict"))
        yield _set(f"conflict.{alg}.thrice", [owner, rival, owner], _CONFLICT, skipped=thrice, poison=poison)
        kept = ((owner["kid"], alg),)
        yield _set(f"conflict.{alg}.same-twice", [owner, owner], f"{_CONFLICT}; these are one key", kept=kept)
        more = {**owner, "x5t": "x", "comment": "again"}
        yield _set(
            f"conflict.{alg}.same-otherwise", [owner, more], f"{_CONFLICT}; these are one key", kept=kept
        )
        weak_rival = {**owner, "use": "enc"}
        yield _set(
            f"conflict.{alg}.for-encryption", [owner, weak_rival], _SKIP, kept=kept, skipped=((1, "key.use"),)
        )
        stranger = party(alg, "stranger")
        apart = (*kept, (stranger.kid, alg))
        yield _set(
            f"conflict.{alg}.own-kids",
            [owner, stranger.jwk()],
            _SKIP,
            kept=apart,
            poison=(forge.token(forge.header(kid=GONE)), forge.token(signer=stranger)),
        )
        others = [party(other, "owner") for other in ALGORITHMS if other != "HS256"]
        if alg != "HS256":
            shared = [{**one.jwk(), "kid": "shared"} for one in others]
            names = tuple(("shared", one.alg) for one in others)
            yield _set(
                f"conflict.{alg}.one-kid-for-all-algorithms",
                shared,
                f"{_CONFLICT}; kid and alg tell them apart",
                kept=names,
                poison=(forge.token(), forge.token(signer=stranger)),
            )
            secret = {"kty": "oct", "alg": "HS256", "kid": owner["kid"], "k": b64(b"s" * 64)}
            yield _set(
                f"conflict.{alg}.secret-of-one-kid",
                [secret, owner],
                _MIXED,
                kept=kept,
                skipped=((0, "jwks.mixed"),),
                poison=(_mac(forge, b"s" * 64),),
            )


def _mac(forge: Forge, secret: bytes) -> str:
    signing_input = forge.signing_input(forge.header(alg="HS256"))
    return f"{signing_input}.{b64(hmac.digest(secret, signing_input.encode(), 'sha256'))}"


def _whole_documents() -> Iterator[SetCase]:
    right = json_bytes({"keys": [_GOOD]})
    broken = refused_key("jwks.malformed")
    for name, wrap in WRAPPINGS.items():
        yield SetCase(name=f"set.document.{name}", document=wrap(right), why=_WHOLE, expect=broken)
    for name, wrap in GOOD_DOCUMENTS.items():
        yield SetCase(name=f"set.good-document.{name}", document=wrap(right), why=_WHOLE, kept=(_KEPT,))
    for name, text in DUPLICATES.items():
        document = right[:-1] + b',"x":' + text.encode() + b"}"
        yield SetCase(
            name=f"set.twice.{name}",
            document=document,
            why="RFC 7517 §4: names MUST be unique",
            expect=broken,
        )
    bare = json_bytes(_GOOD).decode()
    texts: Mapping[str, object] = {
        "kid-twice": f'{{"keys":[{bare[:-1]},"kid":"x"}}]}}',
        "keys-twice": f'{{"keys":[],"keys":[{bare}]}}',
        "no-keys": "{}",
        "keys-null": '{"keys":null}',
        "keys-object": f'{{"keys":{bare}}}',
        "keys-string": '{"keys":"[]"}',
        "keys-number": '{"keys":0}',
        "keys-true": '{"keys":true}',
        "keys-upper": f'{{"KEYS":[{bare}]}}',
        "keys-spaced": f'{{"keys ":[{bare}]}}',
        "bare-key": bare,
        "list": f"[{bare}]",
        "deep": '{"keys":' + "[" * 10_000 + "]" * 10_000 + "}",
        "deep-open": '{"keys":' + "[" * 100_000,
        "nan": '{"keys":[{"kty":NaN}]}',
        "digits": '{"keys":[{"kty":' + "1" * 5000 + "}]}",
        "surrogate": '{"keys":[{"kty":"\\ud800"}]}',
        "surrogate-raw": '{"keys":[{"kty":"\ud800"}]}',
        "html": "<!DOCTYPE html><html>not found</html>",
        "pem": "-----BEGIN PUBLIC KEY-----",
        "none": None,
        "number": 1,
        "mapping-without-keys": {"jwks": []},
        "mapping-keys-tuple": {"keys": ({},)},
        "bytearray": bytearray(right),
    }
    for name, document in texts.items():
        yield SetCase(name=f"set.text.{name}", document=document, why=_WHOLE, expect=broken)
    for name, value in {"empty": [], "with-more": []}.items():
        document = {"keys": value, "iss": "x"} if name == "with-more" else {"keys": value}
        poison = tuple(Forge(alg).token() for alg in ALGORITHMS)
        yield SetCase(
            name=f"set.text.{name}", document=document, why="an empty set verifies nothing", poison=poison
        )


def _restricted() -> Iterator[SetCase]:
    rsa = party("RS256", "owner").jwk()
    open_rsa = changed(rsa, {"alg": GONE})
    kid = rsa["kid"]
    groups: Mapping[
        str,
        tuple[list[Any], tuple[str, ...] | None, tuple[tuple[str, str], ...], tuple[tuple[int, str], ...]],
    ] = {
        "open-rsa": ([open_rsa], None, ((kid, "RS256"),), ()),
        "open-rsa-as-PS256": ([open_rsa], ("PS256",), ((kid, "PS256"),), ()),
        "open-rsa-as-both": ([open_rsa], ("RS256", "PS256"), ((kid, "RS256"), (kid, "PS256")), ()),
        "open-rsa-as-ES256": ([open_rsa], ("ES256",), (), ((0, "key.algorithm"),)),
        "bound-rsa-as-PS256": ([rsa], ("PS256",), (), ((0, "key.algorithm"),)),
        "ec-as-RS256": ([_GOOD], ("RS256",), (), ((0, "key.algorithm"),)),
        "ec-without-alg": ([changed(_GOOD, {"alg": GONE})], None, (_KEPT,), ()),
        "ec-without-alg-as-HS256": ([changed(_GOOD, {"alg": GONE})], ("HS256",), (), ((0, "key.algorithm"),)),
        "eddsa-as-Ed25519": (
            [{**party("Ed25519", "owner").jwk(), "alg": "EdDSA"}],
            ("Ed25519",),
            (("owner-Ed25519", "Ed25519"),),
            (),
        ),
        "open-secret-as-HS256": (
            [changed(party("HS256", "owner").jwk(), {"alg": GONE})],
            ("HS256",),
            (("owner-HS256", "HS256"),),
            (),
        ),
    }
    for name, (keys, algorithms, kept, skipped) in groups.items():
        why = "a JWK without alg: EC and OKP by curve, RSA by the reader's algorithms, else RS256"
        yield _set(f"restricted.{name}", keys, why, algorithms=algorithms, kept=kept, skipped=skipped)
    for name in ("none", "", "es256"):
        yield _set(
            f"restricted.to-{name or 'empty'}",
            [_GOOD],
            "there is no such algorithm",
            algorithms=(name,),
            expect=refused_key("algorithm"),
        )


def _open_keys() -> Iterator[SetCase]:
    """A key that does not say its algorithm does not let the token say it instead."""
    why = "RFC 8725 §3.1; CVE-2026-22817, CVE-2026-44699"
    for alg in ("RS256", "ES256", "Ed25519"):
        forge, owner = Forge(alg), party(alg, "owner")
        pem = owner.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        secrets = (b"", b"\0", bytes(32), pem, pem.strip(), json_bytes(owner.jwk()))
        poison = [_mac(forge, secret) for secret in secrets]
        poison += [
            forge.token(forge.header(alg=other)) for other in ("none", "HS256", "RS384", "PS512", "ES384")
        ]
        if alg == "RS256":
            poison += [
                forge.token(forge.header(alg=other), sign_as=other) for other in ("PS256", "RS512", "PS384")
            ]
        key = changed(owner.jwk(), {"alg": GONE, "use": GONE})
        yield _set(f"open-key.{alg}", [key], why, kept=((owner.kid, alg),), poison=tuple(poison))


def _edwards_pair() -> Iterator[SetCase]:
    """One kid for an Ed25519 and an Ed448 key: their own names tell them apart, EdDSA does not."""
    pair = [party(alg, "owner", "shared") for alg in ("Ed25519", "Ed448")]
    forge = Forge("Ed25519")
    poison = tuple(
        forge.token(forge.header(alg="EdDSA", kid=kid), signer=one)
        for one in pair
        for kid in ("shared", GONE)
    )
    kept = tuple(("shared", one.alg) for one in pair)
    for order, keys in {"ed25519-first": pair, "ed448-first": pair[::-1]}.items():
        yield _set(
            f"conflict.eddsa.{order}", [one.jwk() for one in keys], _CONFLICT, kept=kept, poison=poison
        )


def _sizes() -> Iterator[SetCase]:
    junk = [{"kty": "x", "kid": f"{number}"} for number in range(500)]
    skipped = tuple((number, "key.unsupported") for number in range(500))
    yield _set("size.500-junk", [*junk, _GOOD], _SKIP, kept=(_KEPT,), skipped=skipped)
    yield _set("size.500-same", [_GOOD] * 500, _SKIP, kept=(_KEPT,))
    yield _set("size.wide-entry", [{**_GOOD, "x-note": "n" * 60_000}], _SKIP, kept=(_KEPT,))
