"""The validators that cases meet, by name, and whom each of them believes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any, Final

from tests.hostile.forge import ALGORITHMS, AUDIENCE, ISSUER, NOW, Forge, party

from jwtkit import TokenValidator
from jwtkit.events import Observer
from jwtkit.jose import JWKSet
from jwtkit.tokens import (
    ACCESS_TOKEN,
    EXTERNAL_ACCESS_TOKEN,
    GENERIC,
    ID_TOKEN,
    RFC9068,
    SECURITY_EVENT,
    Profile,
)
from jwtkit.validator import AsyncTokenValidator, TokenCache, TrustedIssuer

__all__ = ["PARTNER", "PARTNER_AUDIENCE", "PROFILES", "Twins", "partner_algorithm", "twins"]

PARTNER: Final = "https://partner.example"
PARTNER_AUDIENCE: Final = "partner-api"
PROFILES: Final[Mapping[str, Profile]] = {
    profile.name: profile
    for profile in (ACCESS_TOKEN, RFC9068, EXTERNAL_ACCESS_TOKEN, ID_TOKEN, SECURITY_EVENT, GENERIC)
}


def partner_algorithm(alg: str) -> str:
    """What the second trusted issuer signs with: never what the first does."""
    return "Ed25519" if alg == "ES256" else "ES256"


def _sole(forge: Forge) -> dict[str, Any]:
    return {"keys": forge.owner.key()}


def _ring(forge: Forge) -> dict[str, Any]:
    """Two keys of the algorithm, and for public keys one of every other algorithm."""
    keys = [forge.owner.key(), party(forge.alg, "neighbour").key()]
    if not forge.symmetric:
        keys += [party(alg, "owner").key() for alg in ALGORITHMS if alg not in (forge.alg, "HS256")]
    return {"keys": JWKSet(keys)}


def _one_of_each(forge: Forge) -> dict[str, Any]:
    """One key of the algorithm, and for public keys one of every other algorithm."""
    others = [] if forge.symmetric else [alg for alg in ALGORITHMS if alg not in (forge.alg, "HS256")]
    return {"keys": JWKSet([forge.owner.key(), *(party(alg, "owner").key() for alg in others)])}


_SETTINGS: Final[Mapping[str, Callable[[Forge], dict[str, Any]]]] = {
    "sole": _sole,
    "ring": _ring,
    "one-of-each": _one_of_each,
    "pinned": lambda forge: {**_sole(forge), "algorithms": (forge.alg,)},
    "roomy": lambda forge: {**_sole(forge), "max_token_bytes": 8_000_000},
    "brief": lambda forge: {**_sole(forge), "max_lifetime": timedelta(hours=1)},
    "two-audiences": lambda forge: {**_sole(forge), "audience": (AUDIENCE, "orders-admin")},
    "tenant-required": lambda forge: {**_sole(forge), "required_claims": ("tenant",)},
    **{
        name: lambda forge, profile=profile: {**_sole(forge), "profile": profile}
        for name, profile in PROFILES.items()
    },
}


class Twins:
    """One setting, as every validator that must agree about it.

    Attributes:
        plain: The validator whose word is compared with the expectation.
        cached: The same with a token cache.
        awaited: The asynchronous one.
    """

    def __init__(self, forge: Forge, setting: str, observer: Observer) -> None:
        common: dict[str, Any] = {"observer": observer, "clock": lambda: float(NOW)}
        if setting == "issuers":
            other = partner_algorithm(forge.alg)
            entries = (
                TrustedIssuer(ISSUER, audience=AUDIENCE, keys=forge.owner.key()),
                TrustedIssuer(PARTNER, audience=PARTNER_AUDIENCE, keys=party(other, "partner").key()),
            )
            self.plain = TokenValidator.trusting(*entries, **common)
            self.cached = TokenValidator.trusting(*entries, **common, cache=TokenCache())
            self.awaited = AsyncTokenValidator.trusting(*entries, **common)
            return
        options = {"audience": AUDIENCE, **_SETTINGS[setting](forge), **common}
        self.plain = TokenValidator(ISSUER, **options)
        self.cached = TokenValidator(ISSUER, **options, cache=TokenCache())
        self.awaited = AsyncTokenValidator(ISSUER, **options)


@cache
def twins(forge: Forge, setting: str, observer: Observer) -> Twins:
    """The validators of a setting; made once, as a service makes them."""
    return Twins(forge, setting, observer)
