"""A token presented again to a validator with a `TokenCache`: a hash and a look-up."""

from __future__ import annotations

from functools import partial
from hashlib import sha256

from bench.interleave import Call, interleave
from bench.results import SUBJECT, Absent, Group, rows
from bench.tokens import ALGORITHMS, AUDIENCE, ISSUER, good
from bench.workbench import Workbench
from jwtkit import TokenCache, TokenValidator

TITLE = "Validate a token again, with a TokenCache"
UNCACHED = "jwtkit, no cache"
HASH = "SHA-256 of the token"


def run(bench: Workbench) -> tuple[list[Group], list[str]]:
    notes = ["a hit asks time, keys and revocation anew; the figures of other libraries above are uncached"]
    return [_group(bench, algorithm) for algorithm in ALGORITHMS], notes


def _group(bench: Workbench, algorithm: str) -> Group:
    material = bench.material(algorithm)
    token = good(material)
    key = material.signing_key.verification_key
    cache = TokenCache()
    caching = TokenValidator(ISSUER, audience=AUDIENCE, keys=key, cache=cache)
    plain = TokenValidator(ISSUER, audience=AUDIENCE, keys=key)
    caching.validate(token)
    calls: dict[str, Call] = {
        HASH: lambda: sha256(token.encode()).digest(),
        UNCACHED: partial(plain.validate, token),
    }
    if len(cache):
        calls[SUBJECT] = partial(caching.validate, token)
        return Group(title=algorithm, rows=rows(interleave(calls, bench.pace)), yardstick=HASH)
    absent = Absent(SUBJECT, f"a token of {len(token)} bytes is not kept")
    return Group(title=algorithm, rows=rows(interleave(calls, bench.pace)), absent=(absent,))
