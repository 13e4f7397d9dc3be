"""Proof: a restored backup makes newer clients wait and log in again; it revives no superseded token."""

from __future__ import annotations

import time

from tests.fire.behind import told
from tests.fire.service import rotator_of, terms_for
from tests.fire.stores import open_store
from tests.fire.tally import Tally

from jwtkit.testing import ManualClock

__all__ = ["restored_backup"]

_LAG = 600.0


def restored_backup(place, *, rounds: int = 1, broken: str = "") -> Tally:
    """Save, let sessions go on, put the backup back: who went on waits for the lag, and is then logged out.

    Args:
        place: Where the sessions are.
        rounds: How often.
        broken: What is wrong with the store after it was put back.
    """
    tally = Tally(place.name, "restored backup")
    began = time.monotonic()
    clock = ManualClock(time.time())
    for _ in range(rounds):
        _once(tally, place.again(), clock, broken)
    tally.seconds = time.monotonic() - began
    return tally


def _once(tally: Tally, place, clock, broken) -> None:
    terms = terms_for(place.spec, lag=_LAG)
    tally.rounds += 1
    # Nobody has it open while it is saved and put back: so SQLite wants it.
    with open_store(place.spec, clock=clock) as store:
        rotator, _ = rotator_of(terms, store, clock=clock)
        quiet, busy, busier = (rotator.rotate(rotator.start("client-42").refresh_token) for _ in range(3))
    place.save()
    with open_store(place.spec, clock=clock) as store:
        rotator, _ = rotator_of(terms, store, clock=clock)
        clock.advance(60)
        born = rotator.start("client-42")
        superseded = busy
        busy = rotator.rotate(busy.refresh_token)
        for _ in range(3):
            clock.advance(40)
            busier = rotator.rotate(busier.refresh_token)
    place.put_back()
    with open_store(place.spec, clock=clock) as store:
        rotator, _ = rotator_of(terms.but(broken=broken), store, clock=clock)
        newer = {"busy": busy, "busier": busier, "born after": born}
        _expect(tally, rotator, newer, dict.fromkeys(newer, "store.behind"))
        _expect(tally, rotator, {"quiet": quiet}, {"quiet": ""})
        clock.advance(_LAG)
        _expect(
            tally,
            rotator,
            newer,
            {"busy": "refresh.revoked", "busier": "refresh.revoked", "born after": "refresh.invalid"},
        )
        # It was live when the backup was made; the session has ended, so it is not revived.
        _expect(tally, rotator, {"superseded": superseded}, {"superseded": "refresh.revoked"})
        for pair in (busy, busier):
            ended = store.read(pair.session_id).family.end_reason
            tally.ended += ended == "diverged"
            if ended != "diverged":
                tally.blame(f"a session that was ahead of its row has ended by {ended}")
    place.end()


def _expect(tally: Tally, rotator, pairs, expected) -> None:
    for name, pair in pairs.items():
        code = told(rotator, pair.refresh_token)
        tally.refreshes += 1
        tally.successors += not code
        tally.unavailable += code == "store.behind"
        if code != expected[name]:
            tally.blame(f"{name}: answered {code or 'a pair'}, not {expected[name] or 'a pair'}")
