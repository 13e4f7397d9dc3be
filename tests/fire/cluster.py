"""Proofs: a primary of a Valkey cluster goes, with its slots or without; clients wait, none is logged out."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.fire.behind import told
from tests.fire.outages import Load, under_load
from tests.fire.places import place
from tests.fire.service import rotator_of, terms_for
from tests.fire.stores import open_store
from tests.fire.tally import Tally

__all__ = ["primary_lost", "primary_restarts"]

_QUICK, _USUAL = "1000", "5000"
"""Milliseconds after which a primary that says nothing is taken for lost."""


def primary_restarts(
    where, *, times: int, missed: bool, up: float = 0.5, clients: int = 6, broken: str = ""
) -> Tally:
    """Kill one primary of the three under load and start it again, another one each time.

    Args:
        where: A cluster of its own.
        times: How often.
        missed: Whether it stays away until the others have noticed. Its slots are nobody's then, and as a
            cluster comes it serves no others either.
        up: Seconds that all three are up in between.
        clients: How many clients each of two processes has.
        broken: What is wrong with the store.
    """
    cluster = where.server

    def trouble(load: Load) -> None:
        slowest = 0.0
        # The one first that has most to do with the clients.
        servers = sorted(cluster.servers, key=lambda one: -len(_rows(one, where.prefix)))
        for number in range(times):
            time.sleep(up)
            gone = servers[number % 3]
            others = [server for server in servers if server is not gone]
            gone.kill()
            if missed:
                _wait_until_missed(others)
            else:
                time.sleep(0.3)
                if any(_state(one) != "ok" for one in others):
                    load.tally.blame("the others had missed it already")
            began = time.monotonic()
            where.start()
            _wait_until(cluster.is_ok, "the cluster is whole again")
            load.is_up()
            slowest = max(slowest, time.monotonic() - began)
        time.sleep(up)
        load.tally.notes.append(f"the cluster took at most {slowest:.2f} s to be whole again")

    name = "a primary is missed" if missed else "a primary restarts"
    where.configure("cluster-node-timeout", _QUICK if missed else _USUAL)
    try:
        return under_load(where, name, trouble, rounds=times, clients=clients, broken=broken)
    finally:
        where.configure("cluster-node-timeout", _USUAL)


def primary_lost(*, sessions: int) -> Tally:
    """Lose a primary, give its slots to another one, empty as they are, and let it come back.

    Its sessions are told to wait and then that they are over, the others go on. When it is back with the old
    rows it serves none of them.

    Args:
        sessions: How many.
    """
    tally = Tally("valkey-cluster", "a primary is lost", rounds=1)
    began = time.monotonic()
    lag = 2.0
    with place("valkey-cluster") as where:
        where.configure("cluster-node-timeout", _QUICK)
        other, heir, gone = where.server.servers
        with open_store(where.spec) as store:
            rotator, _ = rotator_of(terms_for(where.spec, lag=lag), store)
            first = [rotator.start("client-42") for _ in range(sessions)]
            pairs = [rotator.rotate(pair.refresh_token) for pair in first]
            rotated_at = time.time()
            rows = _rows(gone, where.prefix)
            lost = {pair.session_id for pair in pairs if where.prefix + f"{{{pair.session_id}}}" in rows}
            if not 0 < len(lost) < sessions:
                tally.blame(f"{len(lost)} of {sessions} sessions were there: try more")
            gone.kill()
            _wait_until_missed([heir, other])
            _give_slots(heir, other)
            for number, pair in enumerate(pairs):
                # The first call may find that its map of the cluster is of yesterday.
                code = _told_for_good(rotator, pair.refresh_token)
                if code != ("store.behind" if pair.session_id in lost else ""):
                    tally.blame(f"session {number}: answered {code or 'a pair'} without the primary")
                    tally.false_revocations += code.startswith("refresh.")
                tally.refreshes += 1
                tally.unavailable += code == "store.behind"
                tally.successors += code == ""
            time.sleep(max(0.0, rotated_at + lag + 0.1 - time.time()))
            _expect_over(tally, rotator, first, pairs, lost)
            gone.start()
            _expect_never_served(tally, gone, rows)
            _expect_over(tally, rotator, first, pairs, lost)
    tally.notes.append(f"{len(lost)} of {sessions} sessions were lost with their primary")
    tally.seconds = time.monotonic() - began
    return tally


def _expect_over(tally: Tally, rotator, first, pairs, lost) -> None:
    tally.ended = 0
    for old, new in zip(first, pairs, strict=True):
        if new.session_id in lost:
            codes = [_told_for_good(rotator, one.refresh_token) for one in (new, old)]
            tally.refreshes += 2
            tally.ended += codes == ["refresh.invalid"] * 2
            if codes != ["refresh.invalid"] * 2:
                tally.blame(f"a session that is lost: its last two tokens were answered {codes}")


def _expect_never_served(tally: Tally, gone, rows) -> None:
    """Ask the one that is back for its old rows, until it has thrown them away."""
    import redis

    def has_forgotten() -> bool:
        with gone.client(retry=None) as client:
            for row in rows:
                try:
                    if client.get(row) is not None:
                        tally.blame("the primary that came back serves an old row")
                        return True
                except redis.exceptions.RedisError:
                    pass  # CLUSTERDOWN at first, then MOVED
            return not client.dbsize() or client.info("replication")["role"] == "slave"

    _wait_until(has_forgotten, "the one that came back forgets its rows")


def _told_for_good(rotator, token: str) -> str:
    deadline = time.monotonic() + 5
    while (code := told(rotator, token)) in ("store.unavailable", "store.contention"):
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    return code


def _give_slots(heir, other) -> None:
    with heir.client() as one, other.client() as two:
        first, last = 16384 * 2 // 3, 16383
        for client in (one, two):
            client.execute_command("CLUSTER DELSLOTSRANGE", first, last)
        one.execute_command("CLUSTER ADDSLOTSRANGE", first, last)
        # Newer than what the one that is lost will say when it comes back.
        one.execute_command("CLUSTER BUMPEPOCH")
    _wait_until(lambda: _state(heir) == _state(other) == "ok", "the others have taken the slots over")


def _rows(server, prefix: str) -> list[str]:
    with server.client(decode_responses=True) as client:
        return [key for key in client.scan_iter(match=f"{prefix}*", count=1000) if key.endswith("}")]


def _wait_until_missed(others) -> None:
    _wait_until(lambda: all(_state(one) == "fail" for one in others), "the others miss the one that is gone")


def _state(server) -> str:
    with server.client() as client:
        return client.execute_command("CLUSTER INFO")["cluster_state"]


def _wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"did not come true: {what}")
        time.sleep(0.02)
