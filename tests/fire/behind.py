"""Proof: reads that lag behind the primary make clients wait; they fork nothing and log nobody out."""

from __future__ import annotations

import time

from tests.fire.broken import WAYS
from tests.fire.service import rotator_of, terms_for
from tests.fire.stores import open_store
from tests.fire.tally import Tally

from jwtkit.errors import JWTKitError

__all__ = ["Lagging", "failover_with_loss", "lagging_reads", "replica_reads", "told"]


class Lagging:
    """A store that reads from a replica and writes to the primary.

    Args:
        primary: Where writes go, and reads while `behind` is False.
    """

    def __init__(self, primary) -> None:
        self._primary = primary
        self._rows: dict = {}
        self.behind = False

    def __getattr__(self, name: str):
        return getattr(self._primary, name)

    def read(self, session_id: str, /):
        snapshot = self._primary.read(session_id)
        if self.behind:
            # The time goes on there as well.
            return self._rows[session_id]._replace(now=snapshot.now)
        self._rows[session_id] = snapshot
        return snapshot


class ByReplica:
    """A store whose reads are those of a real replica."""

    def __init__(self, primary, replica) -> None:
        self._primary = primary
        self.read = replica.read

    def __getattr__(self, name: str):
        return getattr(self._primary, name)


def lagging_reads(place, *, rounds: int, broken: str = "") -> Tally:
    """Rotate behind the back of a process whose reads stand still, and let clients come to it.

    The newest token waits (503) and goes on once the reads have caught up; a token it believes to be live
    wins no swap and comes to the same successor afterwards.

    Args:
        place: Where the sessions are.
        rounds: How often.
        broken: What is wrong with the store.
    """
    tally = Tally(place.name, "lagging reads")
    began = time.monotonic()
    with open_store(place.spec) as store:
        # Not recorded: what the lagging side reads is no history of one register, which is the point.
        terms = terms_for(place.spec)
        ahead, _ = rotator_of(terms, store)
        reads = Lagging(WAYS[broken](store) if broken else store)
        behind, _ = rotator_of(terms, reads)
        for number in range(rounds):
            tally.rounds += 1
            reads.behind = False
            zero = ahead.start("client-42")
            one = behind.rotate(zero.refresh_token)
            reads.read(one.session_id)
            reads.behind = True
            two = ahead.rotate(one.refresh_token)
            codes = [told(behind, two.refresh_token), told(behind, one.refresh_token)]
            tally.refreshes += 4
            tally.unavailable += 2
            if codes != ["store.behind", "store.contention"]:
                tally.forks += codes[1] == ""
                tally.blame(f"round {number}: the newest and the one before were answered {codes}")
                break
            reads.behind = False
            again = behind.rotate(one.refresh_token)
            three = behind.rotate(two.refresh_token)
            tally.refreshes += 2
            tally.successors += 3
            tally.retried += 1
            if again.refresh_token != two.refresh_token or three.retried:
                tally.blame(f"round {number}: it did not go on where it was")
    tally.seconds = time.monotonic() - began
    return tally


def replica_reads(place, replica_spec: str, *, rounds: int) -> Tally:
    """As `lagging_reads` by a real replica: each client waits for it to catch up, and goes on.

    Args:
        place: The primary.
        replica_spec: Names the store on the replica.
        rounds: How many refreshes.
    """
    tally = Tally(place.name, "replica reads")
    began = time.monotonic()
    with open_store(place.spec) as primary, open_store(replica_spec) as replica:
        terms = terms_for(place.spec)
        ahead, _ = rotator_of(terms, primary)
        behind, _ = rotator_of(terms, ByReplica(primary, replica))
        pair = ahead.start("client-42")
        for number in range(rounds):
            tally.rounds += 1
            pair = ahead.rotate(pair.refresh_token)
            since = time.monotonic()
            while code := told(behind, pair.refresh_token, keep := []):
                tally.unavailable += 1
                if code not in ("store.behind", "store.contention"):
                    tally.false_revocations += 1
                    tally.blame(f"round {number}: {code}")
                    return tally
                time.sleep(0.02)
            tally.refreshes += 2
            tally.successors += 2
            tally.recovery_max = max(tally.recovery_max, time.monotonic() - since)
            [pair] = keep
        if not tally.unavailable:
            tally.blame("the replica was never behind")
    tally.notes.append(f"{tally.unavailable} answers of 503 while the replica was behind")
    tally.seconds = time.monotonic() - began
    return tally


def failover_with_loss(place, replica, *, sessions: int) -> Tally:
    """Cut the replica off, rotate half of the sessions, lose the primary and promote the replica.

    Who was not refreshed meanwhile goes on. Who was is told to wait while the token is younger than the
    lag, and then that the session is over; never is there a second live token.

    Args:
        place: The primary; stopped by this.
        replica: A `tests.fire.replicas.PostgreSQLReplica`.
        sessions: How many.
    """
    tally = Tally(place.name, "failover with loss", rounds=1)
    began = time.monotonic()
    lag = 2.0
    terms = terms_for(place.spec, lag=lag)
    with open_store(place.spec) as primary:
        rotator, _ = rotator_of(terms, primary)
        pairs = [rotator.rotate(rotator.start("client-42").refresh_token) for _ in range(sessions)]
        replica.catch_up()
        replica.cut_off()
        lost = range(0, sessions, 2)
        for number in lost:
            pairs[number] = rotator.rotate(pairs[number].refresh_token)
        rotated_at = time.time()
    place.stop()
    replica.promote()
    with open_store(replica.spec_like(place.spec)) as promoted:
        rotator, _ = rotator_of(terms, promoted)
        for number, pair in enumerate(pairs):
            code = told(rotator, pair.refresh_token)
            tally.refreshes += 1
            if code != ("store.behind" if number in lost else ""):
                tally.blame(f"session {number}: answered {code or 'a pair'} right after the failover")
            tally.unavailable += code == "store.behind"
            tally.successors += code == ""
        time.sleep(max(0.0, rotated_at + lag + 0.1 - time.time()))
        for number in lost:
            code = told(rotator, pairs[number].refresh_token)
            ended = promoted.read(pairs[number].session_id).family.end_reason
            tally.refreshes += 1
            tally.ended += ended == "diverged"
            if (code, ended) != ("refresh.revoked", "diverged"):
                tally.blame(f"session {number}: after the lag answered {code or 'a pair'}, ended {ended}")
    tally.notes.append(f"{len(lost)} of {sessions} sessions had lost a confirmed rotation")
    tally.seconds = time.monotonic() - began
    return tally


def told(rotator, token: str, keep: list | None = None) -> str:
    """Refresh, and return the code of the refusal; "" for none, and the pair in `keep`."""
    try:
        pair = rotator.rotate(token)
    except JWTKitError as error:
        return error.code
    if keep is not None:
        keep.append(pair)
    return ""
