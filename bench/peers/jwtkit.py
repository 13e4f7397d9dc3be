"""jwtkit, as its README shows it: every check on, no cache."""

from __future__ import annotations

from datetime import timedelta

from bench.peers.protocol import Issue, Peer, Validate
from bench.tokens import ALGORITHMS, AUDIENCE, CLIENT, ISSUER, LIFETIME, SCOPES, SUBJECT, Material
from jwtkit import TokenIssuer, TokenValidator


def validator(material: Material) -> Validate:
    return TokenValidator(ISSUER, audience=AUDIENCE, keys=material.signing_key.verification_key).validate


def issuer(material: Material) -> Issue:
    made = TokenIssuer(
        ISSUER, audience=AUDIENCE, keys=material.signing_key, lifetime=timedelta(seconds=LIFETIME)
    )
    return lambda: made.issue(SUBJECT, scopes=SCOPES, client_id=CLIENT).token


PEER = Peer(
    name="jwtkit",
    module="jwtkit",
    algorithms=frozenset(ALGORITHMS),
    validator=validator,
    issuer=issuer,
)
