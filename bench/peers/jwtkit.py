"""jwtkit, as its README shows it: every check on, no cache."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from bench.peers.protocol import Issue, Peer, Validate
from bench.tokens import ALGORITHMS, AUDIENCE, CLIENT, ISSUER, LIFETIME, SCOPES, SUBJECT, Material
from jwtkit import TokenIssuer, TokenValidator


def validator(material: Material) -> Validate:
    return TokenValidator(ISSUER, audience=AUDIENCE, keys=material.signing_key.verification_key).validate


def issuer(material: Material) -> Issue:
    made = TokenIssuer(
        ISSUER, audience=AUDIENCE, keys=material.signing_key, lifetime=timedelta(seconds=LIFETIME)
    )
    issue = partial(made.issue, SUBJECT, scopes=SCOPES, client_id=CLIENT)
    return lambda: issue().token


PEER = Peer(
    name="jwtkit",
    module="jwtkit",
    algorithms=frozenset(ALGORITHMS),
    validator=validator,
    issuer=issuer,
)
