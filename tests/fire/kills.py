"""Proof: whoever refreshes may be killed at any moment; its client goes on with what it has."""

from __future__ import annotations

import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fire.clients import newest_token
from tests.fire.crew import KilledError, crew_for
from tests.fire.failpoints import POINTS
from tests.fire.judging import judge, recordings
from tests.fire.service import terms_for
from tests.fire.tally import Tally

__all__ = ["kill_at_every_point", "kill_at_random"]

_CLIENTS = 4

_STANDS = {
    "before read": 0,
    "after read": 0,
    "before swap": 0,
    "after swap": 1,
    "before answer": 1,
    "after answer": 1,
}
"""The generation that the row must be of when the process died there."""


def kill_at_every_point(place, *, rounds: int = 1, broken: str = "") -> Tally:
    """Let a process kill itself at each point of a refresh, sync and async, and go on with another.

    Args:
        place: Where the sessions are.
        rounds: How often at each point.
        broken: What is wrong with the store.
    """
    tally = Tally(place.name, "kill at every point")
    began = time.monotonic()
    with recordings() as folder, crew_for(place) as crew:
        terms = terms_for(place.spec, histories=str(folder))
        survivor = crew.hire(terms)
        firsts = {}
        for number in range(rounds * len(POINTS) * 2):
            point = POINTS[number // 2 % len(POINTS)]
            session = survivor.ask("start", subject="client-42")
            firsts[session["session"]] = session["first"]
            awaited = bool(number % 2) and not broken
            doomed = crew.hire(terms.but(fail_at=point, broken=broken), awaited=awaited)
            received = _last_words(doomed, session["token"])
            tally.rounds += 1
            tally.refreshes += 1
            if (received is not None) != (point == "after answer"):
                tally.blame(f"{point}: the client was answered {received}")
            row = survivor.ask("row", session=session["session"])
            if (row["generation"], row["ended"]) != (_STANDS[point], None):
                tally.blame(f"{point}: the row is {row}")
            _goes_on(tally, survivor, received or session["token"], point)
        judge(tally, folder, firsts)
    tally.seconds = time.monotonic() - began
    return tally


def kill_at_random(place, *, kills: int, broken: str = "") -> Tally:
    """Kill a process in which four clients refresh without end, at any moment; another takes them over.

    Args:
        place: Where the sessions are.
        kills: How often.
        broken: What is wrong with the store.
    """
    tally = Tally(place.name, "kill at random")
    began = time.monotonic()
    with (
        recordings() as folder,
        crew_for(place) as crew,
        TemporaryDirectory(prefix="jwtkit-clients-") as reports,
    ):
        terms = terms_for(place.spec, histories=str(folder), broken=broken)
        survivor = crew.hire(terms.but(broken=""))
        sessions = [survivor.ask("start", subject=f"client-{number}") for number in range(_CLIENTS)]
        tokens = [session["token"] for session in sessions]
        firsts = {session["session"]: session["first"] for session in sessions}
        for number in range(kills):
            awaited = bool(number % 2) and not broken
            doomed = crew.hire(terms, awaited=awaited)
            doomed.ask("load", clients=list(enumerate(tokens)), pause=0, reports=reports)
            time.sleep(random.uniform(0.005, 0.05))
            doomed.kill()
            tally.rounds += 1
            for client in range(_CLIENTS):
                held = newest_token(Path(reports), client) or tokens[client]
                successor = _goes_on(tally, survivor, held, f"kill {number}")
                tokens[client] = successor or tokens[client]
                report = Path(reports, f"{client}.tokens")
                if report.exists():
                    received = report.read_bytes().count(b"\n")
                    tally.refreshes += received
                    tally.successors += received
                    report.unlink()
            if number % 5 == 4 or number == kills - 1 or tally.wrong:
                judge(tally, folder, firsts)
                firsts = {
                    session["session"]: survivor.ask("row", session=session["session"])["state"]
                    for session in sessions
                }
                # What has just been read was judged as well.
                for file in folder.glob("*.jsonl"):
                    file.unlink()
            if tally.wrong:
                break
    tally.seconds = time.monotonic() - began
    return tally


def _last_words(doomed, token: str) -> str | None:
    """Let it refresh, and return the token the client received before it died."""
    doomed.tell("rotate", token=token)
    received = None
    try:
        received = doomed.answer().get("successor")
        doomed.answer()
    except KilledError:
        doomed.dismiss()
    return received


def _goes_on(tally: Tally, survivor, token: str, when: str) -> str | None:
    """Refresh with what the client has, and once more with what it gets; return the last."""
    first = survivor.ask("rotate", token=token)
    tally.refreshes += 1
    if "error" in first:
        _refused(tally, first, when)
        return None
    again = survivor.ask("rotate", token=token)
    if again.get("successor") != first["successor"]:
        tally.forks += 1
        tally.blame(f"{when}: the same token leads to another")
    second = survivor.ask("rotate", token=first["successor"])
    tally.refreshes += 2
    tally.retried += first["retried"] + 1
    tally.successors += (not first["retried"]) + 1
    if second.get("retried") is not False:
        _refused(tally, second, f"{when}, then")
        return None
    return second["successor"]


def _refused(tally: Tally, answer, when: str) -> None:
    if answer.get("status") == 503:
        tally.unavailable += 1
    else:
        tally.false_revocations += 1
    tally.blame(f"{when}: the client is answered {answer.get('error', 'with a retry')}")
