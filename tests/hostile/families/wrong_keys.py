"""JWKs that are not what they say: other curves and algorithms, odd members, wrong use (RFC 7517)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from tests.hostile.cases import ACCEPTED, KeyCase, refused_key
from tests.hostile.forge import ALGORITHMS, GONE, changed, party
from tests.hostile.primitives import b64, from_b64, octets

from jwtkit.jose import VerificationKey

__all__ = ["cases"]

_CURVE: Final = "RFC 7518 §6.2.1, RFC 8725 §3.4: a point of the named curve, full size; CVE-2020-0601"
_BOUND: Final = "RFC 8725 §3.1: one key, one algorithm; CVE-2022-23539"
_USE: Final = "RFC 7517 §4.2, §4.3: use and key_ops are honoured"
_FORM: Final = "RFC 7517 §4, RFC 7518 §6: the members have these types and forms"
_P256: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1

_NOT_STRINGS: Final[Mapping[str, Any]] = {
    "null": None,
    "true": True,
    "number": 7,
    "list": ["x"],
    "object": {},
}


def cases() -> Iterator[KeyCase]:
    """Every case of the family."""
    yield from _curves()
    yield from _algorithms()
    for alg in ALGORITHMS:
        yield from _members(alg)


def _case(name: str, jwk: Any, kind: str | None, why: str) -> KeyCase:
    expect = ACCEPTED if kind is None else refused_key(kind)
    return KeyCase(name=f"jwk.{name}", load=partial(VerificationKey.from_jwk, jwk), expect=expect, why=why)


def _curves() -> Iterator[KeyCase]:
    right = party("ES256", "owner").jwk()
    x, y = (from_b64(right[name]) for name in ("x", "y"))
    coordinates: Mapping[str, tuple[bytes, bytes]] = {
        "swapped": (y, x),
        "zero": (bytes(32), bytes(32)),
        "x-zero": (bytes(32), y),
        "y-zero": (x, bytes(32)),
        "one": (b"\1".rjust(32, b"\0"), b"\1".rjust(32, b"\0")),
        "y-other-point": (x, from_b64(party("ES256", "stranger").jwk()["y"])),
        "y-plus-one": (x, (int.from_bytes(y, "big") + 1).to_bytes(32, "big")),
        "x-flipped": (bytes([x[0] ^ 1]) + x[1:], y),
        "x-is-p": (_P256.to_bytes(32, "big"), y),
        "y-is-p": (x, _P256.to_bytes(32, "big")),
        "max": (b"\xff" * 32, b"\xff" * 32),
        "short-x": (x[1:], y),
        "short-y": (x, y[:-1]),
        "short-both": (x[:31], y[:31]),
        "long-x": (b"\0" + x, y),
        "long-y": (x, b"\0" + y),
        "long-both": (b"\0" + x, b"\0" + y),
        "empty-x": (b"", y),
        "empty-y": (x, b""),
        "megabyte": (octets("big", 100_000), y),
        "uncompressed-as-x": (b"\4" + x + y, y),
    }
    for name, (first, second) in coordinates.items():
        jwk = {**right, "x": b64(first), "y": b64(second)}
        yield _case(f"ec.point.{name}", jwk, "malformed", _CURVE)
    negative = {**right, "y": b64((_P256 - int.from_bytes(y, "big")).to_bytes(32, "big"))}
    yield _case("ec.point.negative", negative, None, f"{_CURVE}: it is another key, and a sound one")
    for name, curve in {
        "P-384": "malformed",
        "P-521": "malformed",
        "secp256k1": "malformed",
        "p-256": "unsupported",
        "P256": "unsupported",
        "P-224": "unsupported",
        "P-192": "unsupported",
        "brainpoolP256r1": "unsupported",
        "secp256r1": "unsupported",
        "prime256v1": "unsupported",
        "Ed25519": "unsupported",
        "X25519": "unsupported",
        "": "unsupported",
    }.items():
        jwk = {name_: value for name_, value in right.items() if name_ != "alg"} | {"crv": name}
        yield _case(f"ec.curve.{name or 'empty'}", jwk, curve, _CURVE)
    for alg in ("ES384", "ES512", "ES256K"):
        yield _case(f"ec.alg-{alg}-on-P-256", {**right, "alg": alg}, "algorithm", _BOUND)
        yield _case(
            f"ec.alg-ES256-on-{alg}", {**party(alg, "owner").jwk(), "alg": "ES256"}, "algorithm", _BOUND
        )
    for curve, kind in {
        "X25519": "unsupported",
        "X448": "unsupported",
        "ed25519": "unsupported",
        "Ed448": "malformed",
        "P-256": "unsupported",
        "": "unsupported",
    }.items():
        okp = changed(party("Ed25519", "owner").jwk(), {"crv": curve, "alg": GONE})
        yield _case(
            f"okp.curve.{curve or 'empty'}", okp, kind, "RFC 8037 §2, §3.1: X25519 and X448 cannot sign"
        )


def _algorithms() -> Iterator[KeyCase]:
    """Each key under each algorithm's name: its own, an alias of it, or none."""
    names = (*ALGORITHMS, "HS384", "HS512", "RS384", "PS512", "ES384", "Ed448", "EdDSA", "ML-DSA-65")
    for alg in ALGORITHMS:
        for name in names:
            kind: str | None = "algorithm"
            if (
                name == alg
                or (alg, name) == ("Ed25519", "EdDSA")
                or {alg[:2], name[:2]} <= {"RS", "PS"}
                or alg[:2] == name[:2] == "HS"
            ):
                kind = None
            elif alg[:2] == name[:2] == "ML":
                # An AKP key of another size: the algorithm's own check of the length.
                kind = "malformed"
            yield _case(f"{alg}.as-{name}", {**party(alg, "owner").jwk(), "alg": name}, kind, _BOUND)
        for name in (
            "none",
            "None",
            "",
            "RSA-OAEP",
            "dir",
            "A128KW",
            "ECDH-ES",
            alg.lower() + "x",
            f"{alg} ",
            "es256k",
        ):
            kind = "unsupported"
            yield _case(
                f"{alg}.as-unknown-{name or 'empty'}",
                {**party(alg, "owner").jwk(), "alg": name},
                kind,
                _BOUND,
            )


def _members(alg: str) -> Iterator[KeyCase]:
    right = party(alg, "owner").jwk()
    material = [name for name in right if name not in ("kty", "crv", "kid", "alg", "use")]
    yield _case(f"{alg}.right", right, None, _FORM)
    for name in material:
        yield _case(f"{alg}.{name}.missing", changed(right, {name: GONE}), "malformed", _FORM)
        for label, value in _NOT_STRINGS.items():
            yield _case(f"{alg}.{name}.{label}", {**right, name: value}, "malformed", _FORM)
        for label, text in {
            "padded": f"{right[name]}=",
            "newline": f"{right[name]}\n",
            "space": f" {right[name]}",
            "plus": f"+{right[name][1:]}",
            "bytes": right[name].encode(),
            "unicode": f"{right[name]}é",
            "surrogate": "\ud800",
        }.items():
            yield _case(
                f"{alg}.{name}.{label}",
                {**right, name: text},
                "malformed",
                "RFC 7515 §2: canonical base64url",
            )
    for label, value in {**_NOT_STRINGS, "missing": GONE}.items():
        yield _case(f"{alg}.kty.{label}", changed(right, {"kty": value}), "malformed", _FORM)
    for value in ("", "rsa", "EC2", "oct ", "PEM", "OKP\n"):
        yield _case(f"{alg}.kty.{value.strip() or 'empty'}-", {**right, "kty": value}, "unsupported", _FORM)
    for label, value in _NOT_STRINGS.items():
        yield _case(f"{alg}.alg.{label}", {**right, "alg": value}, "malformed", _FORM)
        # A null is not an absent kid.
        expect = None if value is None else "kid"
        if value is not None:
            yield _case(f"{alg}.kid.{label}", {**right, "kid": value}, expect, _FORM)
    for label, kid in {
        "empty": "",
        "513": "k" * 513,
        "newline": "a\nb",
        "nul": "\0",
        "c1": "\x85",
        "surrogate": "\ud800",
    }.items():
        yield _case(
            f"{alg}.kid.{label}",
            {**right, "kid": kid},
            "kid",
            "a key id is a short text without control characters",
        )
    uses: Mapping[str, tuple[Any, str]] = {
        "enc": ("enc", "use"),
        "other": ("tls", "use"),
        "upper": ("SIG", "use"),
        "empty": ("", "use"),
        "null": (None, "malformed"),
        "list": (["sig"], "malformed"),
        "true": (True, "malformed"),
    }
    for label, (value, kind) in uses.items():
        yield _case(f"{alg}.use.{label}", {**right, "use": value}, kind, _USE)
    operations: Mapping[str, tuple[Any, str | None]] = {
        "verify": (["verify"], None),
        "both": (["sign", "verify"], None),
        "sign": (["sign"], "use"),
        "empty": ([], "use"),
        "encrypt": (["encrypt"], "use"),
        "wrap": (["wrapKey", "unwrapKey"], "use"),
        "upper": (["VERIFY"], "use"),
        "twice": (["verify", "verify"], "malformed"),
        "string": ("verify", "malformed"),
        "null": (None, "malformed"),
        "numbers": ([1], "malformed"),
        "object": ({"verify": True}, "malformed"),
    }
    for label, (value, kind_) in operations.items():
        yield _case(f"{alg}.key_ops.{label}", {**right, "key_ops": value}, kind_, _USE)
    for name in ("x5u", "x5c", "jku", "issuer", "exp", "revoked", "ext", "__proto__"):
        yield _case(
            f"{alg}.other.{name}",
            {**right, name: "http://127.0.0.1:9/"},
            None,
            "RFC 7517 §4: ignored, never fetched",
        )
    if alg != "HS256":
        private = {"d": "AQ", "p": "AQ", "priv": "AQ", "k": "AQ"}
        for name, text in private.items():
            yield _case(
                f"{alg}.private.{name}",
                {**right, name: text},
                "private",
                "RFC 7517 §9.2: private parts are not published",
            )
