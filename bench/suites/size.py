"""What a longer token costs: reading claims that are there, from 0.3 to 16 KB."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from bench.interleave import Call, interleave
from bench.primitives import RAW, bare_verify
from bench.results import Group, rows
from bench.tokens import AUDIENCE, ISSUER, LIFETIME, Material, sign
from bench.workbench import Workbench

TITLE = "Validate tokens of several sizes"
ALGORITHMS = ("HS256", "ES256")
SIZES = (350, 512, 1024, 2048, 4096, 8192, 16384)
"""In bytes; the last is the longest that jwtkit reads unless told otherwise."""
CONTENDERS = ("jwtkit", "PyJWT", "joserfc", "ryjwt")


def run(bench: Workbench) -> tuple[list[Group], list[str]]:
    groups = [_group(bench, algorithm, size) for algorithm in ALGORITHMS for size in SIZES]
    return groups, ["the claims grow by a list of group names, as those of identity providers do"]


def _group(bench: Workbench, algorithm: str, size: int) -> Group:
    material = bench.material(algorithm)
    token = token_of(material, size)
    calls: dict[str, Call] = {RAW: bare_verify(material, token)}
    for peer in bench.peers:
        if peer.name in CONTENDERS:
            calls[peer.name] = partial(peer.validator(material), token)
    return Group(title=title_of(algorithm, size), rows=rows(interleave(calls, bench.pace)), yardstick=RAW)


def title_of(algorithm: str, size: int) -> str:
    """Return the heading of a size."""
    return f"{algorithm} {size / 1024:.2g} KB"


def token_of(material: Material, size: int) -> str:
    """Return a token of at most so many bytes and hardly fewer; the smallest is as small as it gets."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "sub": "42",
        "aud": AUDIENCE,
        "exp": now + LIFETIME,
        "iat": now,
        "jti": "1",
    }
    room = size - len(sign(material, {**claims, "groups": []}))
    # 17 characters of JSON each, which are 4/3 as many in base64url.
    claims["groups"] = [f"department-{number:03}" for number in range(max(0, room * 3 // 4 // 17))]
    return sign(material, claims)
