"""What it costs to turn away what strangers send: the work an attacker can make a service do."""

from __future__ import annotations

from functools import partial

from bench.interleave import Call, interleave
from bench.peers.protocol import Validate
from bench.primitives import RAW, bare_verify
from bench.results import SUBJECT, Group, rows
from bench.tokens import AUDIENCE, ISSUER, bad, good
from bench.workbench import Workbench
from jwtkit import RefreshRotator, RotationSecret, TokenIssuer, TokenValidator
from jwtkit.errors import RefreshTokenInvalidError
from jwtkit.refresh.protocols import Snapshot
from jwtkit.stores import MemorySessionStore

TITLE = "Refuse"
BAD_SIGNATURE = "bad HMAC signature"
HUGE = "5 MB token"
FORGED = "forged refresh token"
FIVE_MEGABYTES = 5_000_000


def run(bench: Workbench) -> tuple[list[Group], list[str]]:
    return [_bad_signature(bench), _huge(bench), _forged_refresh_token(bench)], []


def _bad_signature(bench: Workbench) -> Group:
    material = bench.material("HS256")
    token = bad(material)["a bad signature"]
    calls: dict[str, Call] = {RAW: bare_verify(material, token), **_refusals(bench, token)}
    return Group(title=BAD_SIGNATURE, rows=rows(interleave(calls, bench.pace)), yardstick=RAW)


def _huge(bench: Workbench) -> Group:
    header, payload, signature = good(bench.material("HS256")).split(".")
    token = f"{header}.{payload * (FIVE_MEGABYTES // len(payload))}.{signature}"
    # Some take a quarter of a second for each.
    return Group(title=HUGE, rows=rows(interleave(_refusals(bench, token), bench.pace.slow())))


def _refusals(bench: Workbench, token: str) -> dict[str, Call]:
    material = bench.material("HS256")
    validators = {
        peer.name: peer.validator(material) for peer in bench.peers if material.algorithm in peer.algorithms
    }
    for validate in validators.values():
        validate(good(material))  # as a service has, long before somebody forges a token
    return {name: partial(refuse, validate, token) for name, validate in validators.items()}


def refuse(validate: Validate, token: str) -> None:
    """Do what a service does with a bad token: catch what is raised."""
    try:
        validate(token)
    except Exception:
        return
    raise AssertionError("a bad token was accepted")


def _forged_refresh_token(bench: Workbench) -> Group:
    material = bench.material("HS256")
    key = material.signing_key
    rotator = RefreshRotator(
        TokenIssuer(ISSUER, audience=AUDIENCE, keys=key),
        TokenValidator(ISSUER, audience=AUDIENCE, keys=key),
        store=_UntouchedStore(),
        secret=RotationSecret.generate(),
    )
    genuine = rotator.start("client-42").refresh_token
    assert genuine is not None
    middle = len(genuine) // 2
    forged = genuine[:middle] + ("A" if genuine[middle] != "A" else "B") + genuine[middle + 1 :]

    def turn_away() -> None:
        try:
            rotator.rotate(forged)
        except RefreshTokenInvalidError:
            return
        raise AssertionError("a forged refresh token was accepted")

    calls = {RAW: bare_verify(material, good(material)), SUBJECT: turn_away}
    return Group(title=FORGED, rows=rows(interleave(calls, bench.pace)), yardstick=RAW)


class _UntouchedStore(MemorySessionStore):
    """Shows that a forged token is turned away without any I/O: a read would end the run."""

    def read(self, session_id: str, /) -> Snapshot:
        raise AssertionError(f"the store was asked for {session_id}")
