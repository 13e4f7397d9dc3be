"""Proof: the database may undo a statement, for a deadlock or a serialization failure; clients go on."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress

from tests.fire.outages import under_load
from tests.fire.race import race_inside_the_window
from tests.fire.service import ISSUER
from tests.fire.tally import Tally

__all__ = ["deadlocks", "serializable", "undone_swaps"]

_UNDO = {
    # At the commit, where nobody looks for an error: the swap has answered "one row" by then.
    "postgresql": (
        """CREATE FUNCTION {p}undo() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF random() < 0.3 THEN RAISE EXCEPTION 'provoked' USING ERRCODE =
               CASE WHEN random() < 0.5 THEN '40001' ELSE '40P01' END; END IF;
             RETURN NULL; END $$""",
        """CREATE CONSTRAINT TRIGGER {p}undo AFTER UPDATE ON {p}families
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {p}undo()""",
    ),
    "mariadb": (
        """CREATE TRIGGER {p}undo BEFORE UPDATE ON {p}families FOR EACH ROW BEGIN
             IF rand() < 0.3 THEN SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'provoked';
             END IF; END""",
    ),
}
_SLOW = (
    # So that swaps meet: they take less than the way to the server and back.
    """CREATE FUNCTION {p}slow() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN PERFORM pg_sleep(0.01); RETURN NEW; END $$""",
    """CREATE TRIGGER {p}slow BEFORE UPDATE ON {p}families FOR EACH ROW EXECUTE FUNCTION {p}slow()""",
)
_LEAVE_ALONE = {
    "postgresql": ("DROP TRIGGER {p}undo ON {p}families", "DROP FUNCTION {p}undo()"),
    "mariadb": ("DROP TRIGGER {p}undo",),
}
_DEADLOCKS = {
    "postgresql": "SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'",
    "mariadb": "SELECT variable_value FROM information_schema.global_status"
    " WHERE variable_name = 'Innodb_deadlocks'",
}


def undone_swaps(place, *, seconds: float, clients: int = 6, broken: str = "") -> Tally:
    """Have the database undo every third swap, by a trigger that says deadlock or serialization failure.

    Args:
        place: A `SQLPlace` on PostgreSQL or MariaDB.
        seconds: For how long.
        clients: How many clients each of two processes has.
        broken: What is wrong with the store.
    """

    def trouble(load) -> None:
        for statement in _UNDO[place.name]:
            place.execute(statement.replace("{p}", place.prefix))
        time.sleep(seconds)
        for statement in _LEAVE_ALONE[place.name]:
            place.execute(statement.replace("{p}", place.prefix))
        load.is_up()

    tally = under_load(place, "undone swaps", trouble, rounds=1, clients=clients, broken=broken)
    tally.notes.append("every third swap undone")
    return tally


def deadlocks(place, *, seconds: float, clients: int = 4, broken: str = "") -> Tally:
    """Let logouts of a subject run into transactions that take the same two rows the other way round.

    Args:
        place: A `SQLPlace` on a server of its own.
        seconds: For how long.
        clients: How many clients each of two processes has.
        broken: What is wrong with the store.
    """

    def trouble(load) -> None:
        hand = load.hire()
        # The rows of the two epochs are there from now on.
        assert hand.ask("purge") == {}
        stopped = threading.Event()
        rivals = [threading.Thread(target=_take_backwards, args=[place, stopped]) for _ in range(2)]
        for rival in rivals:
            rival.start()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            load.tally.rounds += 1
            answer = hand.ask("purge")
            if answer and answer["error"] not in ("store.contention", "store.unavailable"):
                load.tally.blame(f"a logout of a subject was answered {answer}")
            load.tally.codes.update([answer["error"]] if answer else [])
        stopped.set()
        for rival in rivals:
            rival.join()
        load.is_up()

    with _quick_detection(place):
        before = _deadlocks_of(place)
        tally = under_load(place, "deadlocks", trouble, rounds=0, clients=clients, broken=broken)
        found = _deadlocks_of(place) - before
    tally.notes.append(f"{found} deadlocks")
    if not found:
        tally.blame("there was no deadlock")
    return tally


def serializable(place, *, rounds: int, callers: int = 64, broken: str = "") -> Tally:
    """Race where every transaction is serializable: PostgreSQL undoes the losers in place of telling them.

    Args:
        place: A `SQLPlace` on a PostgreSQL of its own.
        rounds: How often.
        callers: How many refresh at once.
        broken: What is wrong with the store.
    """
    before = _undone(place)
    for statement in _SLOW:
        place.execute(statement.replace("{p}", place.prefix))
    place.execute("ALTER ROLE postgres SET default_transaction_isolation = 'serializable'")
    try:
        tally = race_inside_the_window(
            place, "processes", rounds=rounds, callers=callers, grant_takes=0.02, broken=broken
        )
    finally:
        place.execute("ALTER ROLE postgres RESET default_transaction_isolation")
    # Each server process hands in its figures when it ends.
    patience = time.monotonic() + 10
    while not (found := _undone(place) - before) and time.monotonic() < patience:
        time.sleep(0.1)
    tally.proof = "serializable"
    tally.notes.append(f"{found} transactions undone")
    if not found:
        tally.blame("no transaction was undone")
    return tally


def _undone(place) -> int:
    [(found,)] = place.execute("SELECT xact_rollback FROM pg_stat_database WHERE datname = 'postgres'")
    return int(found)


def _take_backwards(place, stopped) -> None:
    import sqlalchemy

    engine = sqlalchemy.create_engine(place.server.url())
    update = f"UPDATE {place.prefix}epochs SET name = name WHERE issuer = '{ISSUER}' AND kind = '%s'"
    while not stopped.is_set():
        with suppress(sqlalchemy.exc.DBAPIError), engine.begin() as connection:
            # The store takes the issuer's last epoch first and then the subject's.
            connection.exec_driver_sql(update % "subject")
            time.sleep(0.005)
            connection.exec_driver_sql(update % "last")
    engine.dispose()


@contextmanager
def _quick_detection(place):
    if place.name != "postgresql":
        yield
        return
    for value in ("'20ms'", "DEFAULT"):
        place.execute(f"ALTER SYSTEM SET deadlock_timeout = {value}", "SELECT pg_reload_conf()")
        if value != "DEFAULT":
            yield


def _deadlocks_of(place) -> int:
    [(found,)] = place.execute(_DEADLOCKS[place.name])
    return int(found)
