"""What the Redis store keeps beside the rows: indexes, secrets in use; purging, and crashes in between."""

from __future__ import annotations

from itertools import count

import pytest

from jwtkit.errors import StoreUnavailableError
from jwtkit.refresh.protocols import EpochScope
from jwtkit.stores.redis import AsyncRedisSessionStore, RedisSessionStore, registry, scripts
from jwtkit.stores.redis.keys import Keys
from jwtkit.testing import ManualClock
from jwtkit.testing.given import DAY, ISSUER, a_family, milliseconds, rotated

SUBJECT = "client-42"
PREFIXES = (f"index-{number}:" for number in count())
HOUR = 3600


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture(params=["one server", "a cluster"])
def client(request):
    """A client of the one and of the other."""
    servers = request.getfixturevalue("valkey" if request.param == "one server" else "cluster_of_tests")
    with servers.client() as client:
        yield client


@pytest.fixture
def store(client, clock):
    return RedisSessionStore(client, prefix=next(PREFIXES), clock=clock)


def row_key(store, family):
    return store._sessions.keys.session(family.session_id)


def index_of(store, client):
    return [
        member.split(b"\0")[0].decode()
        for member in client.zrange(store._sessions.keys.sessions(ISSUER, SUBJECT), 0, -1)
    ]


def listed(store, **page):
    return [snapshot.family.session_id for snapshot in store.list_subject(ISSUER, SUBJECT, **page)]


class CrashError(Exception):
    """The process ended here."""


class Crashing:
    """A client whose process ends before it sends a script."""

    def __init__(self, monkeypatch, client, script):
        execute = type(client).execute_command

        def execute_or_crash(self, *args, **options):
            if script.sha in args or script.text in args:
                raise CrashError
            return execute(self, *args, **options)

        monkeypatch.setattr(type(client), "execute_command", execute_or_crash)


def test_a_crash_before_the_row_leaves_no_session_and_nothing_to_see(cluster_of_tests, clock, monkeypatch):
    """Its index entry is shown to nobody, and is dropped once it cannot be that of a login under way."""
    with cluster_of_tests.client() as client:
        store = RedisSessionStore(client, prefix=next(PREFIXES), clock=clock)
        for number in (1, 3):
            store.insert(a_family(clock, session_id=f"s{number}", created_at=milliseconds(clock) + number))
        with monkeypatch.context() as patched:
            Crashing(patched, client, scripts.INSERT)
            with pytest.raises(StoreUnavailableError):
                store.insert(a_family(clock, session_id="s2", created_at=milliseconds(clock) + 2))
        assert index_of(store, client) == ["s3", "s2", "s1"]
        assert listed(store) == ["s3", "s1"]
        assert listed(store, limit=1, offset=1) == ["s1"]
        assert index_of(store, client) == ["s3", "s2", "s1"]  # it might be under way still
        clock.advance(2 * HOUR)
        assert listed(store) == ["s3", "s1"]
        assert index_of(store, client) == ["s3", "s1"]


def test_a_row_that_comes_too_late_is_not_written(cluster_of_tests, clock, monkeypatch):
    """A process that slept between entry and row: the entry may have been dropped as a left-over since."""
    with cluster_of_tests.client() as client:
        store = RedisSessionStore(client, prefix=next(PREFIXES), clock=clock)
        family = a_family(clock)
        run = store._sessions.link.run

        async def run_slowly(script, keys, *arguments):
            if script is scripts.INSERT:
                clock.advance(HOUR / 2)
                arguments = (*arguments[:-1], milliseconds(clock))
            return await run(script, keys, *arguments)

        monkeypatch.setattr(type(store._sessions.link), "run", lambda self, *args: run_slowly(*args))
        with pytest.raises(StoreUnavailableError, match="in time"):
            store.insert(family)
        monkeypatch.undo()
        assert store.read(family.session_id).family is None
        store.insert(family)
        assert listed(store) == [family.session_id]


def test_a_login_sent_again_is_listed_once(client, store, clock):
    """Its entry was written a millisecond earlier the first time."""
    family = a_family(clock)
    keys = store._sessions.keys
    member = f"{family.session_id}\0{milliseconds(clock) - 1}\0{family.absolute_expires_at}"
    client.zadd(keys.sessions(ISSUER, SUBJECT), {member: -family.created_at})
    store.insert(family)
    store.insert(a_family(clock, session_id="other"))
    assert sorted(listed(store)) == sorted([family.session_id, "other"])
    assert listed(store, limit=1, offset=1) == listed(store)[1:]


def test_entries_of_sessions_that_left_are_dropped_by_a_listing(client, store, clock):
    families = [a_family(clock, session_id=f"s{number}") for number in range(5)]
    for family in families:
        store.insert(family)
    clock.advance(2 * HOUR)
    for family in families[1::2]:
        client.delete(row_key(store, family))
    assert listed(store) == ["s0", "s2", "s4"]
    assert index_of(store, client) == ["s0", "s2", "s4"]


def test_entries_of_sessions_that_left_are_dropped_by_a_purge(client, store, clock):
    families = [a_family(clock, session_id=f"s{number}") for number in range(5)]
    for family in families:
        store.insert(family)
    clock.advance(2 * HOUR)
    for family in families[1::2]:
        client.delete(row_key(store, family))
    assert store.purge(milliseconds(clock)) == 0
    assert index_of(store, client) == ["s0", "s2", "s4"]
    assert listed(store) == ["s0", "s2", "s4"]


def test_a_login_drops_the_oldest_entries_of_what_is_over_for_good(client, store, clock):
    """So the index of somebody who logs in for years does not grow, though nobody lists or purges."""
    for _ in range(60):
        store.insert(a_family(clock))
        clock.advance(3 * DAY / 1000)
    assert len(index_of(store, client)) <= (90 + 1) // 3 + 2


def test_many_sessions_of_one_subject(client, store, clock):
    """More than are looked at in one step."""
    ids = [f"s{number:04}" for number in range(300)]
    for session_id in ids:
        store.insert(a_family(clock, session_id=session_id))
    assert listed(store, limit=1000) == ids
    assert listed(store, limit=100, offset=250) == ids[250:]
    assert listed(store, limit=5, offset=62) == ids[62:67]


def test_a_purge_stops_at_its_limit_and_is_taken_up_there(client, store, clock):
    """Whatever is over goes, exactly once, whatever the size of a step; what is not stays."""
    over = {f"o{number}" for number in range(700)}
    for session_id in over:
        store.insert(a_family(clock, session_id=session_id, subject=session_id, idle_expires_at=0))
    living = [a_family(clock) for _ in range(20)]
    for family in living:
        store.insert(family)
    removed = []
    while not removed or removed[-1]:
        removed.append(store.purge(milliseconds(clock), limit=90))
    assert sum(removed) == 700
    assert removed[:7] == [90] * 7
    assert len(removed) == 9
    assert all(store.read(family.session_id).family == family for family in living)


def test_another_prefix_is_another_store(client, store, clock):
    """Also where one is the beginning of the other, or looks like a pattern."""
    others = [
        RedisSessionStore(client, prefix=prefix, clock=clock)
        for prefix in ("index-", "*", store._sessions.keys.prefix + "x", "[i]ndex-0:")
    ]
    family = a_family(clock, idle_expires_at=0)
    store.insert(family)
    for other in others:
        other.insert(a_family(clock))
        assert other.purge(milliseconds(clock)) == 0
        assert other.read(family.session_id).family is None
    assert store.purge(milliseconds(clock)) == 1
    for other in others:
        assert len(other.list_subject(ISSUER, SUBJECT)) == 1


def test_keys_of_others_are_left_alone(client, store, clock):
    prefix = store._sessions.keys.prefix
    for name in ("{a", "{a}:other", "{a}b"):
        client.lpush(prefix + name, "x")
    assert store.purge(milliseconds(clock)) == 0
    assert client.lrange(prefix + "{a}:other", 0, -1) == [b"x"]


class TestSecretsInUse:
    def test_one_is_known_before_the_first_session_is_written_with_it(self, client, clock, monkeypatch):
        """A crash in between leaves one too many, which is harmless; never one too few."""
        prefix = next(PREFIXES)
        with monkeypatch.context() as patched:
            script = scripts.INDEX if hasattr(client, "get_primaries") else scripts.INSERT_INDEXED
            Crashing(patched, client, script)
            store = RedisSessionStore(client, prefix=prefix, clock=clock)
            with pytest.raises(StoreUnavailableError):
                store.insert(a_family(clock, key_id="k9"))
        assert RedisSessionStore(client, prefix=prefix, clock=clock).live_key_ids(ISSUER) == {"k9"}

    def test_one_is_needed_until_its_last_session_is_over_for_good(self, client, store, clock):
        """Without any purge."""
        store.insert(a_family(clock, key_id="old"))
        clock.advance(50 * DAY / 1000)
        store.insert(a_family(clock, key_id="new"))
        assert store.live_key_ids(ISSUER) == {"old", "new"}
        clock.advance(42 * DAY / 1000)
        assert store.live_key_ids(ISSUER) == {"new"}

    def test_a_purge_forgets_none_that_was_spoken_of_lately(self, client, store, clock):
        """Their session may be under way still, and not be there to be seen."""
        family = a_family(clock, key_id="k1")
        store.insert(family)
        client.delete(row_key(store, family))
        store.purge(milliseconds(clock))
        assert store.live_key_ids(ISSUER) == {"k1"}
        clock.advance(2 * HOUR)
        # As every process says it again now and then:
        said_again = RedisSessionStore(client, prefix=store._sessions.keys.prefix, clock=clock)
        said_again.insert(a_family(clock, session_id="s1", key_id="k1"))
        client.delete(said_again._sessions.keys.session("s1"))
        store.purge(milliseconds(clock))
        assert store.live_key_ids(ISSUER) == {"k1"}
        clock.advance(2 * HOUR)
        store.purge(milliseconds(clock))
        assert store.live_key_ids(ISSUER) == frozenset()

    def test_a_process_says_it_again_after_a_while(self, client, store, clock, monkeypatch):
        family = a_family(clock, key_id="k1")
        store.insert(family)
        clock.advance(2 * HOUR)
        monkeypatch.setattr(registry, "_SAID_EVERY", 0)
        assert store.compare_and_swap(rotated(family, clock), expected_version=1)
        client.delete(row_key(store, family))
        store.purge(milliseconds(clock))
        assert store.live_key_ids(ISSUER) == {"k1"}

    def test_a_purge_in_parts_has_seen_all_of_them(self, client, store, clock):
        """What the first part saw counts when the last is done."""
        for number in range(50):
            store.insert(
                a_family(clock, key_id=f"k{number % 5}", idle_expires_at=0 if number >= 10 else 2**52)
            )
        clock.advance(2 * HOUR)
        while store.purge(milliseconds(clock), limit=7):
            pass
        assert store.live_key_ids(ISSUER) == {"k0", "k1", "k2", "k3", "k4"}


async def test_the_async_store_purges_a_cluster(cluster_of_tests, clock):
    url = cluster_of_tests.url()
    async with AsyncRedisSessionStore(url, cluster=True, prefix=next(PREFIXES), clock=clock) as store:
        for _ in range(100):
            await store.insert(a_family(clock, idle_expires_at=0))
        await store.bump_epoch(EpochScope(ISSUER, "all"))
        assert [await store.purge(milliseconds(clock), limit=60) for _ in range(3)] == [60, 40, 0]
        assert Keys("x").pattern() == "x{*"
