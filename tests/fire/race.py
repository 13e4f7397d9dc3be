"""Proof: however many refresh with one token at once, there is one successor, and nobody is logged out."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.fire.crew import crew_for
from tests.fire.judging import judge, recordings
from tests.fire.service import terms_for
from tests.fire.tally import Tally

__all__ = ["KINDS", "race_inside_the_window", "race_without_a_window"]

KINDS = ("processes", "threads", "asyncio")

_HEAD_START = 0.02
_GENERATIONS = 10
"""How many rounds a session is raced for; its history is judged then."""

_TRY_AGAIN = {"store.contention", "store.unavailable"}
_LOST = {"store.contention", "refresh.reused", "refresh.revoked"}


def race_inside_the_window(
    place, kind: str, *, rounds: int, callers: int = 64, broken: str = "", grant_takes: float = 0
) -> Tally:
    """Let `callers` refresh with the same token at once, again and again, the retry window open.

    Args:
        place: Where the sessions are.
        kind: One of `KINDS`: what each caller is.
        rounds: How often.
        callers: How many.
        broken: What is wrong with the store, for a proof that this notices.
        grant_takes: Seconds between each caller's read and its swap.
    """
    tally = Tally(place.name, f"race, {kind}")
    began = time.monotonic()
    with recordings() as folder, crew_for(place) as crew:
        terms = terms_for(place.spec, histories=str(folder), broken=broken, grant_takes=grant_takes)
        first, race = _racers(crew, terms, kind, callers)
        for number in range(rounds):
            if number % _GENERATIONS == 0:
                session = first.ask("start", subject="client-42")
                token, generation = session["token"], 0
            generation += 1
            answers = race(token)
            successors = _count(tally, answers)
            row = first.ask("row", session=session["session"])
            if row["generation"] != generation or row["ended"]:
                tally.blame(f"after round {number} the row is {row}, not generation {generation} and alive")
            if len(successors) != 1 or tally.wrong:
                break
            [token] = successors
            if number % _GENERATIONS == _GENERATIONS - 1 or number == rounds - 1:
                judge(tally, folder, {session["session"]: session["first"]})
        else:
            _expect_goes_on(tally, first, token)
        if tally.wrong:
            judge(tally, folder, {session["session"]: session["first"]})
    tally.seconds = time.monotonic() - began
    return tally


def race_without_a_window(place, kind: str, *, rounds: int, callers: int = 64, broken: str = "") -> Tally:
    """As `race_inside_the_window`, no retry allowed: one wins, losers end the session and nothing else."""
    tally = Tally(place.name, f"no window, {kind}")
    began = time.monotonic()
    with recordings() as folder, crew_for(place) as crew:
        terms = terms_for(place.spec, histories=str(folder), broken=broken, retry_window=0)
        first, race = _racers(crew, terms, kind, callers)
        neighbour = first.ask("start", subject="client-42")
        for number in range(rounds):
            session = first.ask("start", subject="client-42")
            answers = race(session["token"])
            tally.rounds += 1
            tally.refreshes += len(answers)
            rotated = [answer for answer in answers if answer.get("retried") is False]
            codes = {answer["error"] for answer in answers if "error" in answer}
            tally.codes.update(answer["error"] for answer in answers if "error" in answer)
            tally.successors += len(rotated)
            tally.unavailable += sum(answer.get("status") == 503 for answer in answers)
            if len(rotated) != 1 or len(rotated) + sum("error" in answer for answer in answers) != callers:
                tally.forks += max(0, len({answer["successor"] for answer in rotated}) - 1)
                tally.blame(f"round {number}: {len(rotated)} of {callers} have won")
            if not codes <= _LOST:
                tally.blame(f"round {number}: {sorted(codes - _LOST)}")
            row = first.ask("row", session=session["session"])
            ended = "reused" if "refresh.reused" in codes else None
            tally.ended += row["ended"] is not None
            if (row["generation"], row["ended"]) != (1, ended):
                tally.blame(f"round {number}: the row is {row}, the answers were {sorted(codes)}")
            judge(tally, folder, {one["session"]: one["first"] for one in (session, neighbour)})
            if tally.wrong:
                break
        row = first.ask("row", session=neighbour["session"])
        if row["ended"] or row["state"] != neighbour["first"]:
            tally.false_revocations += 1
            tally.blame(f"the same subject's other session was touched: {row}")
        _expect_goes_on(tally, first, neighbour["token"])
    tally.seconds = time.monotonic() - began
    return tally


def _racers(crew, terms, kind, callers) -> tuple[object, Callable]:
    """Return a process of the service, and what lets all callers refresh at once."""
    if kind == "processes":
        hands = crew.hire_all(callers, terms)

        def race(token):
            at = time.monotonic() + _HEAD_START
            for hand in hands:
                hand.tell("rotate", token=token, at=at)
            return [hand.answer() for hand in hands]

        return hands[0], race
    hand = crew.hire(terms, awaited=kind == "asyncio")
    return hand, lambda token: hand.ask("race", token=token, callers=callers)


def _count(tally: Tally, answers) -> set[str]:
    """Count the answers of one round, and return the successors handed out."""
    successors = {answer["successor"] for answer in answers if "successor" in answer}
    rotated = sum(answer.get("retried") is False for answer in answers)
    refused = [answer["error"] for answer in answers if "error" in answer]
    tally.rounds += 1
    tally.refreshes += len(answers)
    tally.successors += rotated
    tally.retried += sum(answer.get("retried") is True for answer in answers)
    tally.forks += max(0, len(successors) - 1)
    tally.codes.update(refused)
    tally.unavailable += sum(code in _TRY_AGAIN for code in refused)
    wrong = sorted(set(refused) - _TRY_AGAIN)
    tally.false_revocations += sum(code not in _TRY_AGAIN for code in refused)
    if len(successors) != 1:
        tally.blame(f"round {tally.rounds}: {len(successors)} different successors")
    if rotated != 1:
        tally.blame(f"round {tally.rounds}: {rotated} callers made the successor")
    if wrong:
        tally.blame(f"round {tally.rounds}: refused with {wrong}")
    return successors


def _expect_goes_on(tally: Tally, hand, token: str) -> None:
    answer = hand.ask("rotate", token=token)
    if answer.get("retried") is not False:
        tally.false_revocations += 1
        tally.blame(f"the newest token is answered with {answer.get('error', 'a retry')}")
