"""What is kept in memory, by `tracemalloc`: counted, not timed."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable

from bench.results import SUBJECT, Group, Row
from bench.spread import Spread
from bench.tokens import AUDIENCE, ISSUER, Material, new_claims, sign
from bench.workbench import Workbench
from jwtkit import TokenCache, TokenIssuer, TokenValidator

TITLE = "Memory"
VALIDATOR, TOKEN_ISSUER, CACHED = "one validator", "one issuer", "one cached token"
_TOKENS = 10_000


def run(bench: Workbench) -> tuple[list[Group], list[str]]:
    material = bench.material("HS256")
    number = _TOKENS if bench.pace.name == "full" else _TOKENS // 10
    tokens = [sign(material, new_claims()) for _ in range(number)]
    key = material.signing_key
    groups = [
        _group(VALIDATOR, bytes_kept(lambda: _used_validator(material, tokens[0]))),
        _group(TOKEN_ISSUER, bytes_kept(lambda: TokenIssuer(ISSUER, audience=AUDIENCE, keys=key))),
        _group(CACHED, bytes_kept(lambda: _filled_cache(material, tokens)) / number),
    ]
    return groups, ["what Python allocates; OpenSSL's own memory and the text of the tokens are not in it"]


def bytes_kept(make: Callable[[], object]) -> int:
    """Return how many bytes are allocated for as long as what `make` returns is held."""
    make()  # caches and lazy imports are filled before
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        made = make()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        del made
    finally:
        tracemalloc.stop()
    return after - before


def _used_validator(material: Material, token: str) -> TokenValidator:
    validator = TokenValidator(ISSUER, audience=AUDIENCE, keys=material.signing_key.verification_key)
    validator.validate(token)
    return validator


def _filled_cache(material: Material, tokens: list[str]) -> TokenValidator:
    cache = TokenCache(max_entries=len(tokens))
    key = material.signing_key.verification_key
    validator = TokenValidator(ISSUER, audience=AUDIENCE, keys=key, cache=cache)
    for token in tokens:
        validator.validate(token)
    assert len(cache) == len(tokens)
    return validator


def _group(title: str, kept: float) -> Group:
    return Group(title=title, unit="bytes", rows=(Row(SUBJECT, Spread.exactly(kept)),), yardstick=None)
