"""Proof: an old token that comes back after the retry window ends its session, every time."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

from tests.fire.judging import judge, recordings
from tests.fire.service import AUDIENCE, ISSUER, rotator_of, terms_for
from tests.fire.stores import open_store
from tests.fire.tally import Tally

from jwtkit import SigningKey, TokenValidator
from jwtkit.errors import (
    JWTKitError,
    RefreshTokenReusedError,
    RefreshTokenRevokedError,
    TokenRevokedError,
)
from jwtkit.testing import ManualClock

__all__ = ["replay_after_the_window"]

_JUDGED_AT_ONCE = 200


def replay_after_the_window(place, *, rounds: int, broken: str = "") -> Tally:
    """Rotate once to three times, wait out the window, and present each of the superseded tokens in turn.

    Every second round goes by the store's own clock and has no window. Each session's access tokens are
    shown to a validator that asks the store, before and after.

    Args:
        place: Where the sessions are.
        rounds: How many sessions.
        broken: What is wrong with the store.
    """
    tally = Tally(place.name, "replay")
    began = time.monotonic()
    clock = ManualClock(time.time())
    with recordings() as folder, open_store(place.spec, clock=clock) as timed, open_store(place.spec) as own:
        terms = terms_for(place.spec, histories=str(folder), broken=broken)
        services = [
            (rotator_of(terms, timed, clock=clock)[0], _validator(terms, timed, clock)),
            (rotator_of(replace(terms, retry_window=0), own)[0], _validator(terms, own, None)),
        ]
        firsts = {}
        for number in range(rounds):
            rotator, validator = services[number % 2]
            pairs = [rotator.start("client-42")]
            firsts[pairs[0].session_id] = None
            for _ in range(1 + number % 3):
                pairs.append(rotator.rotate(pairs[-1].refresh_token))
                clock.advance(timedelta(seconds=31))
            for pair in pairs:
                validator.validate(pair.access_token)
            tally.rounds += 1
            tally.refreshes += len(pairs) + 1
            tally.successors += len(pairs) - 1
            old = pairs[number // 3 % (len(pairs) - 1)]
            _expect(tally, RefreshTokenReusedError, "refresh.reused", rotator.rotate, old.refresh_token)
            _expect(
                tally, RefreshTokenRevokedError, "refresh.revoked", rotator.rotate, pairs[-1].refresh_token
            )
            for pair in pairs:
                _expect(tally, TokenRevokedError, "token.revoked", validator.validate, pair.access_token)
            tally.ended += not tally.wrong
            if len(firsts) == _JUDGED_AT_ONCE or number == rounds - 1:
                _judge(tally, folder, firsts)
            if tally.wrong:
                break
    tally.seconds = time.monotonic() - began
    return tally


def _validator(terms, store, clock):
    key = SigningKey.from_jwk(terms.key)
    return TokenValidator(ISSUER, audience=AUDIENCE, keys=key, revocation=store, clock=clock)


def _expect(tally: Tally, kind, code: str, method, token: str) -> None:
    try:
        method(token)
    except JWTKitError as error:
        if type(error) is not kind or not error.code.startswith(code):
            tally.blame(f"expected {kind.__name__} ({code}), it was {type(error).__name__} ({error.code})")
    else:
        tally.blame(f"expected {kind.__name__} ({code}), it was accepted")


def _judge(tally: Tally, folder, firsts) -> None:
    from tests.races.history import read_histories

    # One process and one thread: the first read of each session says what was there before.
    histories = read_histories(sorted(folder.glob("*.jsonl")))
    for session, history in histories.items():
        first = min(history, key=lambda one: one.sent)
        firsts[session] = [first.version, first.value]
    judge(tally, folder, firsts)
    firsts.clear()
