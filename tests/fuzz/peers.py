"""PyJWT and joserfc, each used as documented, with the expectations of the validator beside them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import jwt
import time_machine
from joserfc import jwk as joserfc_jwk
from joserfc import jws as joserfc_jws
from joserfc import jwt as joserfc_jwt
from jwt.algorithms import OKPAlgorithm
from tests.hostile.forge import AUDIENCE, ISSUER, NOW, Forge

__all__ = ["ALGORITHMS", "PEERS", "at_their_best", "refusal"]

ALGORITHMS: Final = ("HS256", "RS256", "PS256", "ES256", "Ed25519")
"""What both peers can verify; neither knows ML-DSA."""

_REQUIRED: Final = ("iss", "sub", "aud", "exp", "iat", "jti")
_LEEWAY: Final = 30


def _names(forge: Forge) -> list[str]:
    return ["Ed25519", "EdDSA"] if forge.alg == "Ed25519" else [forge.alg]


@contextmanager
def at_their_best() -> Iterator[None]:
    """The peers at the corpus's time, and PyJWT with the name of RFC 9864 for what it calls EdDSA."""
    jwt.register_algorithm("Ed25519", OKPAlgorithm())
    try:
        with time_machine.travel(NOW, tick=False):
            yield
    finally:
        jwt.unregister_algorithm("Ed25519")


def _pyjwt(token: str | bytes, forge: Forge) -> object:
    return jwt.decode(
        token,
        _pyjwt_key(forge),
        algorithms=_names(forge),
        issuer=ISSUER,
        audience=AUDIENCE,
        leeway=_LEEWAY,
        options={"require": list(_REQUIRED)},
    )


@cache
def _pyjwt_key(forge: Forge) -> Any:
    return forge.owner.public


def _joserfc(token: str | bytes, forge: Forge) -> object:
    registry = joserfc_jws.JWSRegistry(algorithms=_names(forge))
    decoded = joserfc_jwt.decode(token, _joserfc_key(forge), registry=registry)
    expectations: dict[str, Any] = {name: {"essential": True} for name in _REQUIRED}
    expectations["iss"]["value"] = ISSUER
    expectations["aud"]["value"] = AUDIENCE
    joserfc_jwt.JWTClaimsRegistry(now=NOW, leeway=_LEEWAY, **expectations).validate(decoded.claims)
    return decoded.claims


@cache
def _joserfc_key(forge: Forge) -> Any:
    members = {name: value for name, value in forge.owner.jwk().items() if name not in ("kid", "alg", "use")}
    return joserfc_jwk.import_key(members)


PEERS: Final[Mapping[str, Callable[[str | bytes, Forge], object]]] = {"PyJWT": _pyjwt, "joserfc": _joserfc}


def refusal(peer: str, token: str | bytes, forge: Forge) -> str | None:
    """Why the peer refuses a token, as the name of what it raises; None where it accepts."""
    with warnings.catch_warnings():
        # They warn of deprecated names and odd keys; a warning is no refusal.
        warnings.simplefilter("ignore")
        try:
            PEERS[peer](token, forge)
        except Exception as error:
            return type(error).__name__
    return None
