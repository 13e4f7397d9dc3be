"""One token validated with its key among many, as a warm remote key set holds them; never a fetch."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jwt

from bench.interleave import Call, interleave
from bench.peers.protocol import Validate
from bench.peers.pyjwt import OPTIONS
from bench.primitives import RAW, bare_verify
from bench.results import SUBJECT, Absent, Group, rows
from bench.smoke import fault_of_validator
from bench.tokens import AUDIENCE, ISSUER, LEEWAY, Material, good
from bench.workbench import Workbench
from jwtkit import JWKSet, TokenValidator

TITLE = "Validate with one key of many (RS256, warm key set)"
CLIENT = "PyJWT + PyJWKClient"
COUNTS = (1, 10, 100, 1000)
FLATNESS, ONE_KEY = "1,000 keys beside 1", "jwtkit, 1 key"
_MODULUS_BITS = 2048


class WarmKeyStore:
    """What a remote key store is between two fetches: a snapshot at hand, and a way to learn of more keys."""

    def __init__(self, key_set: JWKSet) -> None:
        self._key_set = key_set

    def key_set(self) -> JWKSet:
        return self._key_set

    def refresh(self, kid: str, /) -> None:
        raise AssertionError(f"{kid} had to be fetched")


class _LocalJWKClient(jwt.PyJWKClient):
    """PyJWT's own client, with its cache on; only its HTTP request is not made."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        super().__init__("https://auth.orders.example/jwks", lifespan=86400)
        self._document = document

    def fetch_data(self) -> Any:
        return self._document


def run(bench: Workbench) -> tuple[list[Group], list[str]]:
    material = bench.material("RS256")
    token = good(material)
    calls: dict[str, Call] = {}
    absent: dict[int, list[Absent]] = {}
    for count in COUNTS:
        document = document_of(material, count)
        calls[_named(RAW, count)] = bare_verify(material, token)
        absent[count] = []
        for name, make in _contenders(bench).items():
            validate = make(document)
            if fault := fault_of_validator(validate, material):
                absent[count].append(Absent(name, fault))
            else:
                calls[_named(name, count)] = partial(validate, token)
    # All counts in the same rounds, so that they can be compared with each other as well.
    samples = interleave(calls, bench.pace)
    groups = []
    for count in COUNTS:
        ending = _named("", count)
        own = {name.removesuffix(ending): taken for name, taken in samples.items() if name.endswith(ending)}
        groups.append(
            Group(
                title=title_of(count),
                rows=rows(own),
                absent=tuple(absent[count]),
                yardstick=RAW,
            )
        )
    ends = {SUBJECT: samples[_named(SUBJECT, COUNTS[-1])], ONE_KEY: samples[_named(SUBJECT, COUNTS[0])]}
    groups.append(Group(title=FLATNESS, rows=rows(ends), yardstick=ONE_KEY))
    return groups, ["jwtkit reads a key store that holds its snapshot, in place of one that fetched it"]


def title_of(count: int) -> str:
    """Return the heading of a number of keys."""
    return f"{count:,} key{'s' if count > 1 else ''}"


def document_of(material: Material, count: int) -> dict[str, Any]:
    """Return a JWK Set of so many keys, of which the last is the token's.

    The others are of the right form only: making a thousand RSA keys takes minutes, and nothing is ever
    verified with them.
    """
    return {"keys": [*(_of_right_form() for _ in range(count - 1)), dict(material.public_jwk)]}


def _of_right_form() -> dict[str, str]:
    modulus = secrets.randbits(_MODULUS_BITS) | 1 << (_MODULUS_BITS - 1) | 1
    encoded = base64.urlsafe_b64encode(modulus.to_bytes(_MODULUS_BITS // 8, "big")).rstrip(b"=").decode()
    return {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": secrets.token_urlsafe(32),
        "n": encoded,
        "e": "AQAB",
    }


def _contenders(bench: Workbench) -> dict[str, Callable[[Mapping[str, Any]], Validate]]:
    made: dict[str, Callable[[Mapping[str, Any]], Validate]] = {SUBJECT: _jwtkit, CLIENT: _pyjwt}
    here = {peer.name for peer in bench.peers}
    return made | {
        name: make for name, make in {"joserfc": _joserfc, "ryjwt": _ryjwt}.items() if name in here
    }


def _jwtkit(document: Mapping[str, Any]) -> Validate:
    return TokenValidator(ISSUER, audience=AUDIENCE, keys=WarmKeyStore(JWKSet.parse(document))).validate


def _pyjwt(document: Mapping[str, Any]) -> Validate:
    client = _LocalJWKClient(document)
    algorithms = ["RS256"]

    def validate(token: str) -> object:
        return jwt.decode(
            token,
            client.get_signing_key_from_jwt(token),
            algorithms=algorithms,
            audience=AUDIENCE,
            issuer=ISSUER,
            leeway=LEEWAY,
            options=OPTIONS,
        )

    return validate


def _joserfc(document: Mapping[str, Any]) -> Validate:
    from joserfc.jwk import KeySet

    from bench.peers.joserfc import reading_with

    return reading_with(KeySet.import_key_set(dict(document)), "RS256")  # type: ignore[arg-type]


def _ryjwt(document: Mapping[str, Any]) -> Validate:
    import ryjwt

    from bench.peers.ryjwt import Claims

    key = ryjwt.PublicKey.from_jwks(document, algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)
    return partial(key.decode, into=Claims, leeway=LEEWAY)


def _named(name: str, count: int) -> str:
    return f"{name} @ {count}"
