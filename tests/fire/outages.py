"""Proof: a server may stop, crash, start and cut connections under load; clients wait, none is logged out."""

from __future__ import annotations

import time
from collections.abc import Callable
from tempfile import TemporaryDirectory

from tests.fire.crew import crew_for
from tests.fire.judging import judge, recordings
from tests.fire.service import terms_for
from tests.fire.tally import Tally

__all__ = ["Load", "crash", "cut_connections", "restart", "under_load"]

_TRY_AGAIN = {"store.contention", "store.unavailable"}
"""Not ``store.behind``: a client that is ahead of its row has lost what had been confirmed to it."""


def restart(
    place, *, times: int, down: float = 0.3, up: float = 0.5, clients: int = 6, broken: str = ""
) -> Tally:
    """Stop the server under load and start it again, so often.

    Args:
        place: Where the sessions are; `Place.stop` must work.
        times: How often.
        down: Seconds it is down.
        up: Seconds it is up in between, at least.
        clients: How many clients each of two processes has, one of them async.
        broken: What is wrong with the store.
    """

    trouble = _outages(place.stop, place.start, times=times, down=down, up=up)
    return under_load(place, "restart", trouble, rounds=times, clients=clients, broken=broken)


def crash(
    place,
    *,
    times: int,
    down: float = 0.1,
    up: float = 0.5,
    clients: int = 6,
    broken: str = "",
    patience: float = 10.0,
) -> Tally:
    """As `restart`, but the server is killed, with every process of it, in the middle of what it does."""
    trouble = _outages(place.crash, place.start, times=times, down=down, up=up)
    return under_load(
        place, "crash", trouble, rounds=times, clients=clients, broken=broken, patience=patience
    )


def _outages(
    end: Callable[[], None], start: Callable[[], None], *, times: int, down: float, up: float
) -> Callable[[Load], None]:
    def trouble(load: Load) -> None:
        slowest = 0.0
        for _ in range(times):
            time.sleep(up)
            end()
            time.sleep(down)
            began = time.monotonic()
            start()
            load.is_up()
            slowest = max(slowest, load.up_since[-1] - began)
        time.sleep(up)
        load.tally.notes.append(f"the server took at most {slowest:.2f} s to start")

    return trouble


def cut_connections(place, *, times: int, every: float = 0.05, clients: int = 6, broken: str = "") -> Tally:
    """End every connection under load, so often."""

    def trouble(load: Load) -> None:
        cut = 0
        for _ in range(times):
            time.sleep(every)
            cut += place.cut()
            load.is_up()
        load.tally.notes.append(f"{cut} connections cut")

    return under_load(place, "cut connections", trouble, rounds=times, clients=clients, broken=broken)


class Load:
    """Clients that refresh while there is trouble.

    Attributes:
        tally: What the proof counts.
        hire: Gives the trouble a process of the service for itself.
        up_since: When the store was back, each time.
    """

    def __init__(self, tally: Tally, hire: Callable) -> None:
        self.tally, self.hire = tally, hire
        self.up_since: list[float] = []

    def is_up(self) -> None:
        """Note that the store answers again."""
        self.up_since.append(time.monotonic())


def under_load(
    place,
    proof: str,
    trouble: Callable[[Load], None],
    *,
    rounds: int,
    clients: int,
    broken: str = "",
    patience: float = 10.0,
) -> Tally:
    """Let clients refresh in two processes, one of them async, while there is trouble.

    Args:
        place: Where the sessions are.
        proof: The name of the proof.
        trouble: Makes it, and returns when it is over.
        rounds: For the tally.
        clients: How many each process has.
        broken: What is wrong with the store.
        patience: Seconds that a client goes on trying at the end, if it was not answered yet.
    """
    tally = Tally(place.name, proof, rounds=rounds)
    began = time.monotonic()
    with (
        recordings() as folder,
        crew_for(place) as crew,
        TemporaryDirectory(prefix="jwtkit-clients-") as reports,
    ):
        terms = terms_for(place.spec, histories=str(folder), broken=broken)
        hands = [crew.hire(terms), crew.hire(terms, awaited=True)]
        sessions = [hands[0].ask("start", subject=f"client-{number}") for number in range(2 * clients)]
        for number, hand in enumerate(hands):
            own = list(enumerate(sessions))[number::2]
            own = [(index, session["token"]) for index, session in own]
            hand.ask("load", clients=own, pause=0.01, reports=reports, patience=patience)
        load = Load(tally, lambda: crew.hire(terms.but(histories="")))
        trouble(load)
        summaries = [summary for hand in hands for summary in hand.ask("stop")]
        _count(tally, summaries, load.up_since)
        _judge_rows(tally, crew.hire(terms.but(histories="", broken="")), summaries, sessions)
        judge(tally, folder, {session["session"]: session["first"] for session in sessions})
    tally.seconds = time.monotonic() - began
    return tally


def _count(tally: Tally, summaries, up_since) -> None:
    for one in summaries:
        tally.successors += one["rotations"]
        tally.retried += one["retried"]
        tally.refreshes += one["rotations"] + one["retried"] + sum(one["codes"].values())
        tally.unavailable += sum(one["codes"].values())
        tally.codes.update(one["codes"])
        if strange := set(one["codes"]) - _TRY_AGAIN:
            tally.blame(f"client {one['number']} was told {sorted(strange)}")
        if one["refused"]:
            tally.false_revocations += 1
            tally.blame(f"client {one['number']} was refused: {one['refused']}")
        elif one["waiting"]:
            tally.blame(f"client {one['number']} never got through again")
        for failed, recovered in one["outages"]:
            # How long it took once the server was back; an outage may span several.
            back = [since for since in up_since if failed <= since <= recovered]
            if back:
                tally.recovery_max = max(tally.recovery_max, recovered - back[-1])


def _judge_rows(tally: Tally, hand, summaries, sessions) -> None:
    """Compare each row with what its client counted, and let the client go on."""
    for one in summaries:
        row = hand.ask("row", session=sessions[one["number"]]["session"])
        # A client that was not answered may be behind its row by one; it may never be ahead of it.
        answer = hand.ask("rotate", token=one["token"])
        if row is None or row["ended"] or "successor" not in answer:
            tally.blame(f"client {one['number']} cannot go on: {answer.get('error')}, its row is {row}")
