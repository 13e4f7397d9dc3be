"""The floor: what a validation costs when only the unavoidable is left of it, and everything in one function.

Where a target is missed, this says how much of the difference is the standard library's base64 and JSON,
how much are the checks themselves, and how much is left to win by giving up a structure one can read.
"""

from __future__ import annotations

import json
import time
from binascii import a2b_base64
from collections.abc import Callable
from typing import Any

from bench.interleave import Call, interleave
from bench.primitives import RAW, bare_verify
from bench.results import SUBJECT, Group, rows
from bench.smoke import fault_of_validator
from bench.tokens import ALGORITHMS, AUDIENCE, ISSUER, LEEWAY, REQUIRED, TYPE, Material, good
from bench.workbench import Workbench
from jwtkit.jose import base64url

TITLE = "The floor of a validation"
STEPS = "base64, JSON, primitive"
ONE_FUNCTION = "all in one function"

_URL = bytes.maketrans(b"-_+/=", b"+/!!!")
_PADDING = (b"", b"!", b"==", b"=")
_LAST = (frozenset(range(256)), frozenset[int](), frozenset(b"AQgw"), frozenset(b"AEIMQUYcgkosw048"))
_TEN_YEARS = 3653 * 86400


def run(bench: Workbench) -> tuple[list[Group], list[str]]:
    notes = [
        f"{STEPS}: of a token that is cut at its dots already; no claim is looked at",
        f"{ONE_FUNCTION}: the same checks for just these claims, nothing called that is not written in C",
    ]
    return [_group(bench, algorithm) for algorithm in ALGORITHMS], notes


def _group(bench: Workbench, algorithm: str) -> Group:
    material = bench.material(algorithm)
    token = good(material)
    in_one = one_function(material, token)
    if fault := fault_of_validator(in_one, material):
        raise AssertionError(f"the floor is not a validator: {fault}")
    validate = bench.peer(SUBJECT).validator(material)
    calls: dict[str, Call] = {
        RAW: bare_verify(material, token),
        STEPS: bare_steps(material, token),
        ONE_FUNCTION: lambda: in_one(token),
        SUBJECT: lambda: validate(token),
    }
    return Group(title=algorithm, rows=rows(interleave(calls, bench.pace)), yardstick=RAW)


def bare_steps(material: Material, token: str) -> Call:
    """Return the decoding of signature and payload, the reading of the claims, and the signature check."""
    signing_input, _, signature = token.encode().rpartition(b".")
    payload = signing_input.partition(b".")[2]
    verify = material.signing_key.verification_key.verify
    scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
    after, signature_after = _PADDING[len(payload) & 3], _PADDING[len(signature) & 3]

    def steps() -> Any:
        verify(signing_input, a2b_base64(signature.translate(_URL) + signature_after, strict_mode=True))
        return scan(a2b_base64(payload.translate(_URL) + after, strict_mode=True).decode(), 0)

    return steps


def one_function(material: Material, token: str) -> Callable[[str], object]:
    """Return a validator of this one kind of token: what nobody would want to read, or to change."""
    known = {token.partition(".")[0].encode(): material.signing_key.verification_key.verify}
    header = json.loads(base64url.decode(token.partition(".")[0]))
    assert header["typ"] == TYPE
    scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
    clock = time.time

    def validate(token: str) -> object:
        now = clock()
        data = token.encode()
        if len(data) > 16384 or len(data) != len(token):
            raise ValueError("token")
        signing_input, _, signature = data.rpartition(b".")
        header, dot, payload = signing_input.partition(b".")
        verify = known.get(header)
        over = len(signature) & 3
        if not dot or 46 in payload or verify is None or signature[-1] not in _LAST[over]:
            raise ValueError("segments")
        if not verify(
            signing_input, a2b_base64(signature.translate(_URL) + _PADDING[over], strict_mode=True)
        ):
            raise ValueError("signature")
        over = len(payload) & 3
        if payload[-1] not in _LAST[over]:
            raise ValueError("base64")
        text = a2b_base64(payload.translate(_URL) + _PADDING[over], strict_mode=True).decode()
        if "[" in text or text.find("{", 1) > 0:
            raise ValueError("nesting")
        claims, end = scan(text, 0)
        if type(claims) is not dict or text.count(",") != len(claims) - 1 or end != len(text) or "\\" in text:
            raise ValueError("JSON")
        for name in REQUIRED:
            if name not in claims:
                raise ValueError(name)
        for name in ("sub", "jti", "client_id", "sid"):
            value = claims.get(name)
            if value is not None and not (
                type(value) is str and 0 < len(value) <= 512 and value.isprintable()
            ):
                raise ValueError(name)
        expires, issued = claims["exp"], claims["iat"]
        if not (
            claims["iss"] == ISSUER
            and claims["aud"] == AUDIENCE
            and type(claims.get("scope", "")) is str
            and type(expires) is type(issued) is int
            and issued - LEEWAY <= now < expires + LEEWAY
            and issued < expires <= now + _TEN_YEARS
            and "nbf" not in claims
            and "cnf" not in claims
        ):
            raise ValueError("claims")
        return claims

    return validate
