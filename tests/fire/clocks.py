"""Proof: clocks that are minutes apart, or jump back, make no fork and log nobody out."""

from __future__ import annotations

import random
import time

from tests.fire.crew import crew_for
from tests.fire.judging import judge, recordings
from tests.fire.service import rotator_of, terms_for
from tests.fire.stores import open_store
from tests.fire.tally import Tally

from jwtkit.errors import JWTKitError
from jwtkit.testing import ManualClock

__all__ = ["backward_jumps", "clocks_apart", "store_clocks_apart"]

_OFF = (-300.0, 0.0, 300.0)


def clocks_apart(place, *, rounds: int, broken: str = "") -> Tally:
    """Processes five minutes before and behind share sessions; the store's time is its own.

    A client goes from one to the next, and all of them refresh the same token at once: one successor.

    Args:
        place: Where the sessions are.
        rounds: How many refreshes of each kind.
        broken: What is wrong with the store.
    """
    tally = Tally(place.name, "clocks ± 5 min")
    began = time.monotonic()
    with recordings() as folder, crew_for(place) as crew:
        terms = terms_for(place.spec, histories=str(folder), broken=broken)
        hands = [crew.hire(terms.but(off=off)) for off in _OFF for _ in range(2)]
        session = hands[0].ask("start", subject="client-42")
        token = session["token"]
        for number in range(rounds):
            tally.rounds += 1
            token = _next(tally, hands[number % len(hands)], token) or token
            at = time.monotonic() + 0.01
            for hand in hands:
                hand.tell("rotate", token=token, at=at)
            answers = [hand.answer() for hand in hands]
            successors = {answer["successor"] for answer in answers if "successor" in answer}
            refused = [answer["error"] for answer in answers if answer.get("status", 503) != 503]
            tally.refreshes += len(answers)
            tally.successors += sum(answer.get("retried") is False for answer in answers)
            tally.retried += sum(answer.get("retried") is True for answer in answers)
            tally.forks += max(0, len(successors) - 1)
            tally.false_revocations += len(refused)
            if refused or len(successors) != 1:
                tally.blame(f"round {number}: {len(successors)} successors, refused {refused}")
                break
            [token] = successors
        judge(tally, folder, {session["session"]: session["first"]})
    tally.seconds = time.monotonic() - began
    return tally


def store_clocks_apart(place, *, rounds: int, broken: str = "") -> Tally:
    """As `clocks_apart`, each process having told its store to go by its own wrong clock.

    A retry may then be taken for a late one, and end its session; what must hold is that there is never a
    second successor, and that a client which waits for its answers is never refused.
    """
    tally = Tally(place.name, "store clocks ± 5 min")
    began = time.monotonic()
    late = 0
    with recordings() as folder, crew_for(place) as crew:
        terms = terms_for(place.spec, histories=str(folder), broken=broken)
        hands = [crew.hire(terms.but(off=off, store_off=off)) for off in _OFF]
        firsts = {}
        for number in range(rounds):
            tally.rounds += 1
            session = hands[0].ask("start", subject="client-42")
            firsts[session["session"]] = session["first"]
            token = session["token"]
            for _ in range(4):
                # Once a fast clock was there, the row's time is its time; in every third round none was.
                token = _next(tally, random.choice(hands[: 1 + number % 3]), token) or token
            at = time.monotonic() + 0.01
            for hand in hands:
                hand.tell("rotate", token=token, at=at)
            answers = [hand.answer() for hand in hands]
            # And a retry after that, wherever it comes to.
            answers.append(random.choice(hands).ask("rotate", token=token))
            successors = {answer["successor"] for answer in answers if "successor" in answer}
            late += any(answer.get("error") == "refresh.reused" for answer in answers)
            tally.refreshes += len(answers)
            tally.successors += sum(answer.get("retried") is False for answer in answers)
            tally.retried += sum(answer.get("retried") is True for answer in answers)
            tally.forks += max(0, len(successors) - 1)
            if len(successors) > 1:
                tally.blame(f"round {number}: {len(successors)} successors")
            if tally.wrong:
                break
        judge(tally, folder, firsts)
    tally.ended = late
    tally.notes.append(f"{late} of {tally.rounds} races ended their session: a retry judged by a clock ahead")
    tally.seconds = time.monotonic() - began
    return tally


def backward_jumps(place, *, rounds: int, broken: str = "") -> Tally:
    """Set the store's clock back by up to five minutes, or on within the window, before every refresh."""
    tally = Tally(place.name, "backward jumps")
    began = time.monotonic()
    clock = ManualClock(time.time())
    with recordings() as folder, open_store(place.spec, clock=clock) as store:
        rotator, seen = rotator_of(
            terms_for(place.spec, histories=str(folder), broken=broken), store, clock=clock
        )
        pair = rotator.start("client-42")
        row = seen.read(pair.session_id).family
        judge_from = {pair.session_id: _state(row)}
        for number in range(rounds):
            tally.rounds += 1
            clock.advance(random.choice((-300.0, -1.0, 0.0, 20.0, 300.0)))
            try:
                successor = rotator.rotate(pair.refresh_token)
                clock.advance(random.uniform(-300.0, -0.001))
                again = rotator.rotate(pair.refresh_token)
            except JWTKitError as error:
                tally.false_revocations += 1
                tally.blame(f"round {number}: {error.code}")
                break
            tally.refreshes += 2
            tally.successors += not successor.retried
            tally.retried += again.retried
            if again.refresh_token != successor.refresh_token or successor.retried or not again.retried:
                tally.forks += 1
                tally.blame(f"round {number}: another successor after a jump back")
            after = store.read(pair.session_id).family
            if after.rotated_at < row.rotated_at:
                tally.blame(f"round {number}: the row went back in time")
            row, pair = after, again
        judge(tally, folder, judge_from)
    tally.seconds = time.monotonic() - began
    return tally


def _next(tally: Tally, hand, token: str) -> str | None:
    answer = hand.ask("rotate", token=token)
    tally.refreshes += 1
    if answer.get("retried") is not False:
        tally.false_revocations += 1
        tally.blame(f"a client that waited was answered {answer.get('error', 'with a retry')}")
        return None
    tally.successors += 1
    return answer["successor"]


def _state(row) -> list:
    from tests.races.history import digest_of

    return [row.version, digest_of(row)]
