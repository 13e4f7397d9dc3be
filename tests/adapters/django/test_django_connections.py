"""The store's own connections: when they are opened, kept and closed, and what is said of failures."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections, transaction
from django.db.backends.signals import connection_created
from django.test import override_settings
from tests.adapters.django.databases import ENGINES, database
from tests.adapters.django.project import add_database, remove_database

from jwtkit.adapters.django import AsyncDjangoSessionStore, DjangoSessionStore
from jwtkit.errors import ConfigurationError, StoreUnavailableError
from jwtkit.refresh.protocols import EpochScope
from jwtkit.testing import ManualClock
from jwtkit.testing.given import ISSUER, a_family


@pytest.fixture(scope="module")
def on_postgres(request, tmp_path_factory):
    with database("postgresql", request, tmp_path_factory) as alias:
        yield alias


@pytest.fixture
def lasting(on_postgres):
    """The same database, with connections that are kept."""
    connections.settings[on_postgres]["CONN_MAX_AGE"] = None
    yield on_postgres
    connections.settings[on_postgres]["CONN_MAX_AGE"] = 0


@pytest.fixture
def opened():
    """How many connections of stores were opened so far, as a list that grows."""
    made = []

    def note(sender, connection, **_):
        if "/jwtkit-" in connection.alias:
            made.append(connection.alias)

    connection_created.connect(note)
    yield made
    connection_created.disconnect(note)


@pytest.fixture
def in_a_request():
    """The signals of a request, with Django's own part in them kept off this thread's connections."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    request_started.send(sender=None)
    finished = []

    def finish():
        finished.append(request_finished.send(sender=None))

    yield finish
    if not finished:
        finish()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def serving(alias):
    """How many connections the server has to the store's database, apart from this thread's own."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        [count] = cursor.fetchone()
    return count


def settles_at(alias, number):
    """A server takes a moment to notice that a connection was closed."""
    deadline = time.monotonic() + 10
    while serving(alias) != number and time.monotonic() < deadline:
        time.sleep(0.02)
    return serving(alias) == number


def test_outside_of_a_request_nothing_is_kept(on_postgres, opened):
    """As CONN_MAX_AGE=0 says, so that a test database can be dropped and a script leaves nothing behind."""
    with DjangoSessionStore(on_postgres) as store:
        store.read("a")
        store.read("b")
        assert len(opened) == 2
        assert settles_at(on_postgres, 0)


def test_a_request_uses_one_connection_and_closes_it_at_its_end(on_postgres, opened, in_a_request):
    """However many calls it makes."""
    with DjangoSessionStore(on_postgres) as store:
        request_started.send(sender=None)
        for _ in range(3):
            store.read("a")
        assert len(opened) == 1
        assert settles_at(on_postgres, 1)
        in_a_request()
        assert settles_at(on_postgres, 0)


def test_conn_max_age_keeps_connections_between_requests(lasting, opened, in_a_request):
    """Until the store is closed."""
    with DjangoSessionStore(lasting) as store:
        store.read("a")
        in_a_request()
        store.read("a")
        assert len(opened) == 1
        assert settles_at(lasting, 1)
    assert settles_at(lasting, 0)


def test_threads_that_end_leave_no_connections(lasting, opened):
    """A connection belongs to a call: eight threads one after the other share one."""
    with DjangoSessionStore(lasting) as store:
        for _ in range(8):
            with ThreadPoolExecutor(1) as thread:
                thread.submit(store.read, "a").result()
        assert len(opened) == 1


def test_calls_at_once_have_a_connection_each(lasting, opened):
    """None is ever used by two at a time."""
    start = Barrier(4)
    with DjangoSessionStore(lasting) as store, ThreadPoolExecutor(4) as threads:

        def work(number):
            start.wait()
            return [store.read(f"{number}").family for _ in range(20)]

        assert list(threads.map(work, range(4))) == [[None] * 20] * 4
        assert len(opened) <= 4


def test_requests_that_hold_the_pool_do_not_keep_the_store_waiting(request, tmp_path_factory):
    """Each has one connection of the alias's pool and wants a second: the store's is of another pool."""
    pool = {"pool": {"min_size": 1, "max_size": 2, "timeout": 10}}
    start = Barrier(2)
    with database("postgresql", request, tmp_path_factory, OPTIONS=pool) as alias:
        connections[alias].close()

        def answer(_):
            with transaction.atomic(using=alias):
                start.wait()
                now = store.read("a").now
                start.wait()
            connections[alias].close()
            return now

        with DjangoSessionStore(alias) as store, ThreadPoolExecutor(2) as threads:
            assert all(threads.map(answer, range(2)))
        assert settles_at(alias, 1)
        connections[alias].close()
        connections[alias].close_pool()


def test_a_reading_survives_the_end_of_its_connection(lasting):
    """As after a restart of the server: it is tried again on a new one."""
    with DjangoSessionStore(lasting) as store:
        store.insert(family := a_family(ManualClock()))
        cut(lasting)
        assert store.read(family.session_id).family == family


def test_a_write_whose_connection_ended_is_not_repeated(lasting):
    """Whether it happened is unknown, and the caller is told so; the next one has a new connection."""
    with DjangoSessionStore(lasting) as store:
        store.read("a")
        cut(lasting)
        with pytest.raises(StoreUnavailableError) as refusal:
            store.insert(a_family(ManualClock()))
        assert refusal.value.code == "store.unavailable"
        store.insert(a_family(ManualClock()))


def cut(alias):
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert settles_at(alias, 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_a_forked_worker_has_connections_of_its_own(lasting):
    """Parent and child go on at once, and neither reads the other's answers."""
    clock = ManualClock()
    with DjangoSessionStore(lasting) as store:
        mine, of_child = a_family(clock), a_family(clock)
        store.insert(mine)
        store.insert(of_child)
        child = os.fork()
        if child == 0:
            try:
                right = all(store.read(of_child.session_id).family == of_child for _ in range(50))
            except BaseException:
                right = False
            os._exit(0 if right else 1)
        assert all(store.read(mine.session_id).family == mine for _ in range(50))
        assert os.waitpid(child, 0)[1] == 0
        assert store.read(mine.session_id).family == mine


def test_another_database_in_the_alias_is_noticed(tmp_path_factory, request):
    """As a test run puts its own into the settings after the store was made."""
    with (
        database("sqlite", request, tmp_path_factory, CONN_MAX_AGE=None) as one,
        database("sqlite", request, tmp_path_factory) as other,
        DjangoSessionStore(one) as store,
    ):
        store.insert(family := a_family(ManualClock()))
        settings = connections.settings[one]
        was, settings["NAME"] = settings["NAME"], connections.settings[other]["NAME"]
        try:
            assert store.read(family.session_id).family is None
        finally:
            settings["NAME"] = was
        assert store.read(family.session_id).family == family


@pytest.mark.parametrize("engine", ENGINES)
def test_the_time_is_the_servers(engine, request, tmp_path_factory):
    """In milliseconds of UTC, whatever the time zone of the connection."""
    zone = {} if engine == "postgresql" else {"TIME_ZONE": "Asia/Tokyo"}
    with database(engine, request, tmp_path_factory, **zone) as alias, DjangoSessionStore(alias) as store:
        now = round(time.time() * 1000)
        assert abs(store.read("a").now - now) < 60_000
        assert abs(store.epoch([]).now - now) < 60_000
        assert abs(store.bump_epoch(EpochScope(ISSUER, "all")) - now) < 60_000
        store.insert(a_family(time.time, session_id="a"))
        assert abs(store.list_subject(ISSUER, "client-42")[0].now - now) < 60_000
        assert store.live_key_ids(ISSUER) == {"k1"}
        assert store.purge(2**63) == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_missing_tables_are_named_with_the_command_that_makes_them(engine, request, tmp_path_factory):
    """Reading and writing alike."""
    with database(engine, request, tmp_path_factory) as alias:
        with connections[alias].schema_editor() as editor:
            for table in ("jwtkit_families", "jwtkit_epochs", "jwtkit_denials"):
                editor.execute(f"DROP TABLE {table}")
        with DjangoSessionStore(alias) as store:
            for call in (lambda: store.read("a"), lambda: store.insert(a_family(ManualClock()))):
                with pytest.raises(StoreUnavailableError) as refusal:
                    call()
                assert refusal.value.code == "store.tables"
                assert "manage.py migrate jwtkit" in refusal.value.hint


def test_a_server_that_is_not_there_is_an_outage():
    """And no password is in the message."""
    add_database("nowhere", "postgresql", NAME="x", HOST="/nonexistent", USER="u", PASSWORD="hunter2")
    try:
        with DjangoSessionStore("nowhere") as store, pytest.raises(StoreUnavailableError) as refusal:
            store.read("a")
    finally:
        remove_database("nowhere")
    assert refusal.value.code == "store.unavailable"
    assert "hunter2" not in f"{refusal.value}{refusal.value.hint}{refusal.value.__cause__!r}"


@pytest.mark.parametrize("using", ["no-such-alias", "dummy", 7, None], ids=str)
def test_a_database_that_cannot_be_used_is_refused_at_construction(using):
    """Unknown, or of an engine the store does not speak to."""
    connections.settings["dummy"] = connections.configure_settings({"default": {}})["default"]
    try:
        with pytest.raises(ConfigurationError) as refusal:
            DjangoSessionStore(using)
    finally:
        remove_database("dummy")
    assert refusal.value.code == "store.engine"


def test_sessions_in_sqlites_memory_are_refused():
    """Each connection would have a database of its own."""
    add_database("memory", "sqlite3", NAME=":memory:")
    try:
        with DjangoSessionStore("memory") as store, pytest.raises(ConfigurationError) as refusal:
            store.read("a")
    finally:
        remove_database("memory")
    assert refusal.value.code == "store.engine"


def test_a_call_from_an_event_loop_is_refused(on_postgres):
    """It would stop the loop; the async twin does not."""

    async def call():
        with DjangoSessionStore(on_postgres) as store, pytest.raises(ConfigurationError) as refusal:
            store.read("a")
        assert refusal.value.code == "store.async"
        async with AsyncDjangoSessionStore(on_postgres) as store:
            assert (await store.read("a")).family is None

    asyncio.run(call())


@override_settings(DEBUG=True)
def test_nothing_of_a_session_is_logged_in_debug_mode(on_postgres, caplog):
    """Django's log of statements has their values in it."""
    with caplog.at_level(logging.DEBUG, logger="django"), DjangoSessionStore(on_postgres) as store:
        store.insert(a_family(ManualClock()))
        store.bump_epoch(EpochScope(ISSUER, "all"))
    assert "jwtkit_families" not in caplog.text
    assert "client-42" not in caplog.text


def test_settings_that_are_not_there_are_named():
    """A script that forgot ``django.setup()`` gets our error."""
    code = (
        "from jwtkit.adapters.django import DjangoSessionStore\n"
        "from jwtkit.errors import ConfigurationError\n"
        "try:\n    DjangoSessionStore()\n"
        "except ConfigurationError as error:\n    print(error.code)\n"
    )
    environ = {name: text for name, text in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    answer = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False
    )
    assert (answer.stdout, answer.stderr) == ("store.engine\n", "")
