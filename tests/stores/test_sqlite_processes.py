"""One session file and many processes: made at once, killed at any moment, forked in the middle of calls."""

from __future__ import annotations

import random
import sqlite3
import sys
import time

import pytest
from tests.stores.processes import Program, run_together

from jwtkit.stores import SQLiteSessionStore
from jwtkit.testing import ManualClock
from jwtkit.testing.given import ISSUER, a_family

CLOCK = ManualClock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sessions.db"


def assert_sound(path):
    """The file passes SQLite's own check."""
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_eight_processes_make_the_file_at_once(path):
    """All of them end with a store that works, on one file, made once; five times over."""
    outputs = run_together(
        """
        for number in range(5):
            start_together()
            with SQLiteSessionStore(f"{path}{number}") as store:
                store.insert(a_family(clock))
        print("inserted")
        """,
        path,
        8,
        rounds=5,
    )
    assert outputs == [["inserted"]] * 8
    for number in range(5):
        file = path.with_name(f"{path.name}{number}")
        with SQLiteSessionStore(file) as store:
            assert len(store.list_subject(ISSUER, "client-42")) == 8
        assert_sound(file)


def test_two_processes_lose_no_swap(path):
    """Each rotates one session a hundred times; the generation counts both."""
    family = a_family(CLOCK)
    with SQLiteSessionStore(path, synchronous="NORMAL") as store:
        store.insert(family)
        outputs = run_together(
            f"""
            store = SQLiteSessionStore(path, synchronous="NORMAL")
            start_together()
            print(*[rotate(store, {family.session_id!r}) for _ in range(100)])
            """,
            path,
            2,
        )
        generations = [int(generation) for [line] in outputs for generation in line.split()]
        assert sorted(generations) == list(range(1, 201))
        assert store.read(family.session_id).family.generation == 200


def test_a_process_killed_between_the_swap_and_its_answer_has_swapped(path):
    """The row is the one it wrote: a client that asks again is answered with the same successor."""
    family = a_family(CLOCK)
    with SQLiteSessionStore(path) as store:
        store.insert(family)
    killed = Program(
        f"""
        store = SQLiteSessionStore(path)
        rotate(store, {family.session_id!r})
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        path,
    )
    assert killed.output(killed=True) == []
    assert killed.process.returncode == -9
    with SQLiteSessionStore(path) as store:
        row = store.read(family.session_id).family
        assert (row.generation, row.previous_digest) == (1, family.digest)
    assert_sound(path)


def test_a_process_killed_at_any_moment_has_lost_nothing_it_confirmed(path):
    """What it said it had written is there, and at most the one it was writing more."""
    family = a_family(CLOCK)
    with SQLiteSessionStore(path) as store:
        store.insert(family)
    for _ in range(5):
        program = Program(
            f"""
            store = SQLiteSessionStore(path, synchronous="NORMAL")
            start_together()
            while True:
                print(rotate(store, {family.session_id!r}), flush=True)
            """,
            path,
        )
        program.wait_until_ready()
        program.go()
        time.sleep(random.uniform(0.01, 0.1))
        program.process.kill()
        confirmed = [int(line) for line in program.output(killed=True) if line.isdigit()]
        with SQLiteSessionStore(path) as store:
            generation = store.read(family.session_id).family.generation
        assert generation - (confirmed[-1] if confirmed else generation) in (0, 1)
        assert_sound(path)


FORKING = """
store = SQLiteSessionStore(path, synchronous="NORMAL", busy_timeout=timedelta(seconds=30))
families = [a_family(clock) for _ in range(6)]
for family in families:
    store.insert(family)

def hold_the_file():
    return [fd for fd in os.listdir("/proc/self/fd") if path in os.readlink(f"/proc/self/fd/{fd}")]

def readlink(link, plain=os.readlink):
    try:
        return plain(link)
    except FileNotFoundError:  # the descriptor that listed the others
        return ""

os.readlink = readlink
stop = threading.Event()

def rotate_until_stopped(family):
    while not stop.is_set():
        rotate(store, family.session_id)
        done[family.session_id] += 1

done = dict.fromkeys((family.session_id for family in families), 0)
threads = [threading.Thread(target=rotate_until_stopped, args=[family]) for family in families[:2]]
for thread in threads:
    thread.start()

children = []
for family in families[2:]:
    time.sleep(0.02)
    child = os.fork()
    if child == 0:
        inherited = hold_the_file()
        if inherited:
            print("inherited", inherited, flush=True)
            os._exit(1)
        for _ in range(50):
            rotate(store, family.session_id)
        store.close()
        os._exit(0)
    children.append(child)
for child in children:
    assert os.waitpid(child, 0)[1] == 0
stop.set()
for thread in threads:
    thread.join()
generations = [store.read(family.session_id).family.generation for family in families]
assert generations == [done[family.session_id] for family in families[:2]] + [50] * 4, generations
assert min(done[family.session_id] for family in families[:2]) > 0
store.close()
print("sound")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_process_forks_while_its_threads_write(path):
    """No child has a descriptor of the parent's, all of them write, and neither side loses a swap.

    SQLite keeps its locks by process and its notes about them in memory: with a connection open across the
    fork, a child would believe it holds locks that it does not.
    """
    program = Program(FORKING, path)
    out, err = program.process.communicate(timeout=60)
    # Python warns of forks with threads, and is right: this is the case that must work all the same.
    assert "Error" not in err, err
    assert out == "sound\n"
    assert_sound(path)


def test_a_child_closes_nothing_of_its_parents(path):
    """Its end, with everything Python does at an end, leaves the parent's store as it was."""
    program = Program(
        """
        store = SQLiteSessionStore(path)
        family = a_family(clock)
        store.insert(family)
        child = os.fork()
        if child == 0:
            rotate(store, family.session_id)
            sys.exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert rotate(store, family.session_id) == 2
        store.close()
        """,
        path,
    )
    assert program.output() == []
    assert_sound(path)


def test_a_child_of_a_server_that_does_not_tell_python_starts_anew(path):
    """uWSGI forks in C, where only the hook for the child is run: what was inherited is not touched."""
    family = a_family(CLOCK)
    store = SQLiteSessionStore(path)
    store.insert(family)
    [inherited] = store._connections._idle
    store._connections.after_fork_in_child()
    assert store.read(family.session_id).family == family
    assert inherited not in store._connections._idle
    assert inherited.execute("SELECT 1").fetchone() == (1,)
    inherited.close()
    store._connections._inherited.clear()
    store.close()


def test_a_fork_from_within_a_call_does_not_wait_for_itself(path):
    """It waits its time and goes on; so does the call."""
    from datetime import timedelta

    store = SQLiteSessionStore(path, busy_timeout=timedelta(0))
    connections = store._connections
    connection = connections._take()
    connections.before_fork()
    connections.after_fork_in_parent()
    connections._give_back(connection, sound=True)
    # A hook without its pair, of a store made while another thread was about to fork.
    connections.after_fork_in_parent()
    store.insert(a_family(CLOCK))
    store.close()


def test_an_async_store_works_in_a_forked_child(path):
    """The threads that ran its calls do not come along; the child has its own."""
    program = Program(
        """
        import asyncio
        from jwtkit.stores import AsyncSQLiteSessionStore
        store = AsyncSQLiteSessionStore(path)
        family = a_family(clock)
        asyncio.run(store.insert(family))
        child = os.fork()
        if child == 0:
            row = asyncio.run(store.read(family.session_id)).family
            os._exit(0 if row == family else 1)
        assert os.waitpid(child, 0)[1] == 0
        store.close()
        print("read")
        """,
        path,
    )
    out, err = program.process.communicate(timeout=60)
    assert (out, "Error" in err) == ("read\n", False), err
