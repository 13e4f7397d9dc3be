"""Every proof at length, on every engine: ``make soak``.

With 1,000 rounds, on each engine: 1,000 races of 64 (a third by processes, by threads and by asyncio) and 200
more without a retry window; 200 kills and 10 at each point; 10,000 replays; 20 restarts and 20 crashes; 100
times all connections cut; and by each setting of a server 10 times killed and 10 power cuts.

    python -m tests.soak [--rounds 1000] [--engines sqlite,postgresql,...] [--proofs race,kill] [--json FILE]

Prints a table as it goes and a summary at the end; the exit status is 1 where a proof does not hold.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from tests.fire.backup import restored_backup
from tests.fire.behind import failover_with_loss, lagging_reads, replica_reads
from tests.fire.clocks import backward_jumps, clocks_apart, store_clocks_apart
from tests.fire.cluster import primary_lost, primary_restarts
from tests.fire.conflicts import deadlocks, serializable, undone_swaps
from tests.fire.crew import crew_of_all
from tests.fire.kills import kill_at_every_point, kill_at_random
from tests.fire.losses import SETTINGS, losses_when_killed
from tests.fire.outages import crash, cut_connections, restart
from tests.fire.places import DJANGO, ENGINES, Place, place
from tests.fire.power import power_cut
from tests.fire.race import KINDS, race_inside_the_window, race_without_a_window
from tests.fire.replay import replay_after_the_window
from tests.fire.tally import Tally, as_record, as_table
from tests.servers.lease import ServerMissingError

Proof = tuple[str, Callable[[], Tally]]


def main() -> int:
    chosen = _arguments()
    tallies: list[Tally] = []
    missing: list[str] = []
    with crew_of_all() as crew:
        for engine in chosen.engines.split(","):
            options = {"busy": 0.05} if engine == "sqlite" else {}
            with ExitStack() as stack:
                try:
                    where = stack.enter_context(place(engine))
                    # For outages: a writer there waits no longer than this.
                    hasty = stack.enter_context(place(engine, **options)) if options else where
                except ServerMissingError as error:
                    missing.append(f"{engine}: {error}")
                    continue
                where.crew = hasty.crew = crew
                for name, prove in _proofs(where, hasty, chosen.rounds):
                    if any(name.startswith(proof) for proof in chosen.proofs.split(",")):
                        tallies.append(prove())
                        _report(tallies[-1])
    _summarise(tallies, missing)
    if chosen.json:
        with open(chosen.json, "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump([as_record(one) for one in tallies], file, indent=1)
    return 1 if missing or any(one.wrong for one in tallies) else 0


def _proofs(where: Place, hasty: Place, rounds: int) -> Iterator[Proof]:
    """Yield the proofs of one engine, each with the number of rounds that goes with `rounds`."""

    def some(share: float) -> int:
        return max(1, round(rounds * share))

    def proof(name: str, prove, at: Place = where, /, *arguments, **options) -> Proof:
        return name, lambda: prove(at.again(), *arguments, **options)

    for kind in KINDS:
        share = 1 / len(KINDS)
        yield proof("race", race_inside_the_window, where, kind, rounds=some(share))
        yield proof("window", race_without_a_window, where, kind, rounds=some(0.2 * share))
    yield proof("kill", kill_at_every_point, rounds=some(0.01))
    yield proof("kill", kill_at_random, kills=some(0.2))
    yield proof("replay", replay_after_the_window, rounds=some(10))
    yield proof("clock", clocks_apart, rounds=some(0.2))
    yield proof("clock", store_clocks_apart, rounds=some(0.1))
    yield proof("clock", backward_jumps, rounds=rounds)
    yield proof("lag", lagging_reads, rounds=some(0.1))
    yield proof("backup", restored_backup, rounds=some(0.01))
    if hasty.can_stop and where.name != "valkey-cluster":
        yield proof("restart", restart, hasty, times=some(0.02))
    if where.can_be_cut:
        yield proof("cut", cut_connections, times=some(0.1))
    if where.name == "valkey-cluster":
        for missed in (False, True):
            yield proof("primary", primary_restarts, times=some(0.01), missed=missed)
        yield "primary", lambda: primary_lost(sessions=max(24, some(0.1)))
    elif where.can_be_cut:
        yield "crash", lambda: _crash(where, some(0.02))
    if where.name in ("postgresql", "mariadb"):
        yield proof("undone", undone_swaps, seconds=some(0.01))
        yield proof("deadlock", deadlocks, seconds=some(0.01))
    if where.name == "postgresql":
        yield proof("serializable", serializable, rounds=some(0.1))
        yield "replica", lambda: _replica(where, some(0.02))
        yield "failover", lambda: _failover(where, some(0.1))
    for setting in SETTINGS.get(where.name, ()):
        yield proof("loss", losses_when_killed, where, setting, times=some(0.01), seconds=1.5)
        yield "power", lambda by=setting: power_cut(where.name, by, cuts=some(0.01), seconds=3.0)


def _crash(where, times: int) -> Tally:
    if where.name == "valkey":
        where.configure("appendfsync", "always")
    tally = crash(where.again(), times=times)
    if where.name == "valkey":
        where.configure("appendfsync", "everysec")
    return tally


def _replica(where, rounds: int) -> Tally:
    from tests.fire.replicas import postgres_replica

    primary = where.again()
    with postgres_replica(primary.server, delay=0.5) as replica:
        replica.catch_up()
        return replica_reads(primary, replica.spec_like(primary.spec), rounds=rounds)


def _failover(where, sessions: int) -> Tally:
    from tests.fire.replicas import postgres_replica

    primary = where.again()
    with postgres_replica(primary.server, delay=0) as replica:
        replica.catch_up()
        try:
            return failover_with_loss(primary, replica, sessions=sessions)
        finally:
            primary.start()


def _report(tally: Tally) -> None:
    line = f"{tally.engine:18}{tally.proof:42}{tally.rounds:7,} rounds {tally.refreshes:9,} refreshes"
    print(f"{line} {tally.seconds:6.0f} s  {'BROKEN' if tally.wrong else 'holds'}", flush=True)
    for note in (*tally.notes, *tally.wrong):
        print(f"{'':18}  {note}", flush=True)


def _summarise(tallies: list[Tally], missing: list[str]) -> None:
    print("\n" + as_table(tallies))
    total = sum(one.refreshes for one in tallies)
    judged = sum(one.judged for one in tallies)
    print(f"\n{len(tallies)} proofs, {total:,} refreshes, {judged:,} operations judged")
    forks, false = (sum(getattr(one, name) for one in tallies) for name in ("forks", "false_revocations"))
    print(f"{forks} forks, {false} false revocations,", end=" ")
    print(f"slowest recovery {max((one.recovery_max for one in tallies), default=0):.2f} s;", end=" ")
    print(f"{sum(one.seconds for one in tallies) / 60:.0f} minutes, {time.strftime('%Y-%m-%d')}")
    for line in missing:
        print(f"MISSING {line}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--engines", default=",".join((*ENGINES, *DJANGO)))
    parser.add_argument("--proofs", default="")
    parser.add_argument("--json", default="")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
