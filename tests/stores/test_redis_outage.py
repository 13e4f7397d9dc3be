"""Whatever becomes of the server while the service runs, the caller gets our error, without values in it."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from tests.servers.valkey import valkey_cluster

from jwtkit.errors import ConfigurationError, StoreUnavailableError
from jwtkit.refresh.protocols import EpochScope
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.stores.redis import AsyncRedisSessionStore, RedisSessionStore
from jwtkit.testing import ManualClock
from jwtkit.testing.given import ISSUER, a_family, milliseconds, rotated

pytestmark = pytest.mark.usefixtures("sockets_left_open")

CLOCK = ManualClock()
ALL = EpochScope(ISSUER, "all")
AOF = {"appendonly": "yes", "appendfsync": "everysec"}


def calls_of(store, family):
    return {
        "insert": lambda: store.insert(a_family(CLOCK)),
        "read": lambda: store.read(family.session_id),
        "compare_and_swap": lambda: store.compare_and_swap(rotated(family, CLOCK), expected_version=1),
        "epoch": lambda: store.epoch([ALL]),
        "bump_epoch": lambda: store.bump_epoch(ALL),
        "deny": lambda: store.deny(ISSUER, "token-1", until=2**52),
        "status": lambda: store.status(RevocationQuery(ISSUER, session_id=family.session_id)),
        "list_subject": lambda: store.list_subject(ISSUER, family.subject),
        "purge": lambda: store.purge(2**60),
        "live_key_ids": lambda: store.live_key_ids(ISSUER),
    }


def fails(call, family, said):
    with pytest.raises(StoreUnavailableError) as failure:
        call()
    assert failure.value.code == "store.unavailable"
    assert said in str(failure.value)
    for secret in (family.session_id, family.subject, "pa55word", "unix", "/"):
        assert secret not in str(failure.value)


@pytest.fixture
def store(own_either):
    with RedisSessionStore(own_either.url(), clock=CLOCK) as store:
        yield store


@pytest.fixture
def family(store):
    family = a_family(CLOCK)
    store.insert(family)
    return family


@pytest.mark.parametrize("own_either", [AOF], indirect=True)
def test_a_server_killed_and_started_again(own_either, store, family):
    """Every call fails as ours while it is away; then it goes on with everything that was confirmed.

    The scripts of the server's cache are gone with it.
    """
    later = rotated(family, CLOCK)
    assert store.compare_and_swap(later, expected_version=family.version)
    epoch = store.bump_epoch(ALL)
    own_either.kill()
    for call in calls_of(store, family).values():
        fails(call, family, "ConnectionError")
    own_either.start()
    assert store.read(family.session_id).family == later
    assert store.epoch([ALL]).epoch == epoch
    assert store.compare_and_swap(rotated(later, CLOCK), expected_version=later.version)


@pytest.mark.parametrize("own_either", [AOF], indirect=True)
async def test_a_server_killed_and_started_again_under_the_async_store(own_either):
    family = a_family(CLOCK)
    async with AsyncRedisSessionStore(own_either.url(), clock=CLOCK) as store:
        await store.insert(family)
        own_either.kill()
        for call in calls_of(store, family).values():
            with pytest.raises(StoreUnavailableError) as failure:
                await call()
            assert failure.value.code == "store.unavailable"
        own_either.start()
        assert (await store.read(family.session_id)).family == family


def test_a_server_that_stops_answering(own_either):
    """A write that was not confirmed in time has an unknown outcome, which the row tells afterwards."""
    url = own_either.url() + "?socket_timeout=0.2"
    with RedisSessionStore(url, clock=CLOCK) as store:
        family = a_family(CLOCK)
        store.insert(family)
        later = rotated(family, CLOCK)
        own_either.pause()
        try:
            fails(lambda: store.compare_and_swap(later, expected_version=1), family, "TimeoutError")
        finally:
            own_either.resume()
        row = store.read(family.session_id).family
        assert row in (family, later)
        assert store.compare_and_swap(rotated(row, CLOCK), expected_version=row.version)


def test_connections_cut_between_calls_are_not_noticed(own_either, store, family):
    """An idle connection that is gone is replaced before anything is sent."""
    for _ in range(3):
        for call in calls_of(store, family).values():
            own_either.client().client_kill_filter(_type="normal", skipme=True)
            call()


def test_connections_cut_during_calls(own_either, family):
    """Threads rotate while all are cut, again and again: no error but ours, no swap lost or made up."""
    store = RedisSessionStore(own_either.url(), clock=CLOCK)
    families = [a_family(CLOCK, session_id=f"s{number}") for number in range(4)]
    confirmed = dict.fromkeys((family.session_id for family in families), 0)
    unknown = dict.fromkeys(confirmed, 0)
    stop = threading.Event()

    def rotate(session_id):
        while not stop.is_set():
            try:
                row = store.read(session_id).family
                swapped = store.compare_and_swap(rotated(row, CLOCK), expected_version=row.version)
                assert swapped is True
                confirmed[session_id] += 1
            except StoreUnavailableError:
                unknown[session_id] += 1

    for each in families:
        store.insert(each)
    threads = [threading.Thread(target=rotate, args=[session_id]) for session_id in confirmed]
    for thread in threads:
        thread.start()
    admin = own_either.client()
    for _ in range(100):
        admin.client_kill_filter(_type="normal", skipme=True)
    stop.set()
    for thread in threads:
        thread.join()
    for session_id, swaps in confirmed.items():
        generation = store.read(session_id).family.generation
        assert swaps <= generation <= swaps + unknown[session_id]
    store.close()


def test_scripts_forgotten_between_calls(own_either, store, family):
    """The script cache is the server's to empty."""
    version = family.version
    for _ in range(2):
        for name, call in calls_of(store, family).items():
            if name == "compare_and_swap":
                family = rotated(store.read(family.session_id).family, CLOCK)
                own_either.client().script_flush()
                assert store.compare_and_swap(family, expected_version=version)
                version = family.version
            else:
                own_either.client().script_flush()
                call()
            assert own_either.client().info("memory")["number_of_cached_scripts"] > 0


def test_scripts_forgotten_in_a_cluster(cluster_of_either):
    with cluster_of_either.client() as client:
        store = RedisSessionStore(client, prefix="flushed:", clock=CLOCK)
        family = a_family(CLOCK)
        for call in calls_of(store, family).values():
            for server in cluster_of_either.servers:
                server.client().script_flush()
            call()


async def test_scripts_forgotten_in_a_cluster_under_the_async_store(cluster_of_either):
    url = cluster_of_either.url()
    async with AsyncRedisSessionStore(url, cluster=True, prefix="aflushed:", clock=CLOCK) as store:
        family = a_family(CLOCK)
        for call in calls_of(store, family).values():
            for server in cluster_of_either.servers:
                server.client().script_flush()
            await call()


def test_a_replica_answers_nothing_at_all(own_either, store, family):
    """Not even a read, which might be from the past."""
    own_either.client().replicaof("127.0.0.1", 1)
    for call in calls_of(store, family).values():
        fails(call, family, "READONLY")
    own_either.client().replicaof("NO", "ONE")
    assert store.read(family.session_id).family == family


def test_a_full_memory_stops_logins_and_nothing_else(own_either, store, family):
    own_either.client().config_set("maxmemory", "1")
    fails(lambda: store.insert(a_family(CLOCK)), family, "OOM")
    later = rotated(family, CLOCK)
    assert store.compare_and_swap(later, expected_version=1)
    assert store.read(family.session_id).family == later
    store.deny(ISSUER, "token-1", until=milliseconds(CLOCK) + 1000)
    assert store.status(RevocationQuery(ISSUER, id="token-1")) is RevocationStatus.TOKEN_DENIED
    store.bump_epoch(ALL)
    status = store.status(RevocationQuery(ISSUER, session_id=family.session_id))
    assert status is RevocationStatus.LOGGED_OUT


def test_a_password_that_was_changed(own_either, family, store):
    own_either.client().config_set("requirepass", "another")
    for user in ("", ":pa55word@", "somebody:pa55word@"):
        with RedisSessionStore(own_either.url(user=user)) as locked_out:
            for call in calls_of(locked_out, family).values():
                fails(call, family, "NOAUTH")
    own_either.client(password="another").config_set("requirepass", "")


def test_a_user_who_may_not_touch_the_keys(own_either, family, store):
    own_either.client().acl_setuser("other", enabled=True, nopass=True, keys=["other:*"], commands=["+@all"])
    client = own_either.client(username="other", password="any")
    for call in calls_of(RedisSessionStore(client), family).values():
        fails(call, family, "NOPERM")
    RedisSessionStore(client, prefix="other:", clock=CLOCK).insert(a_family(CLOCK))


@pytest.mark.parametrize("value", [b"", b"nonsense", b"2\0" * 28, b"1\x001\0iss\0sub\0"])
def test_a_row_that_something_else_wrote(own_either, store, family, value):
    client = own_either.client()
    client.set(f"jwtkit:{{{family.session_id}}}", value)
    for call in ("read", "status", "list_subject"):
        with pytest.raises(StoreUnavailableError):
            calls_of(store, family)[call]()
    assert store.compare_and_swap(rotated(family, CLOCK), expected_version=1) is False


def test_a_row_moved_to_another_session(own_either, store, family):
    """Whoever can write to the server cannot pass one session off as another."""
    client = own_either.client()
    client.copy(f"jwtkit:{{{family.session_id}}}", "jwtkit:{other}")
    with pytest.raises(StoreUnavailableError) as failure:
        store.read("other")
    assert failure.value.code == "store.corrupt"


def test_keys_of_another_type(own_either, store, family):
    client = own_either.client()
    client.flushall()
    client.lpush(f"jwtkit:{{{family.session_id}}}", "x")
    client.lpush(f"jwtkit:{{{ISSUER}}}:epochs", "x")
    for name in ("read", "compare_and_swap", "epoch", "bump_epoch", "status"):
        fails(calls_of(store, family)[name], family, "WRONGTYPE")


def test_what_a_client_library_sends_twice_counts_once(own_either):
    """A retried swap whose first try was carried out is the caller's own, and not somebody else's row."""

    class SendsTwice(redis.Redis):
        def execute_command(self, *args, **options):
            super().execute_command(*args, **options)
            return super().execute_command(*args, **options)

    store = RedisSessionStore(SendsTwice(unix_socket_path=own_either.path), clock=CLOCK)
    family = a_family(CLOCK)
    store.insert(family)
    assert len(store.list_subject(ISSUER, family.subject)) == 1
    later = rotated(family, CLOCK)
    assert store.compare_and_swap(later, expected_version=1) is True
    # Asked for a second time by the caller it is lost, as it must be.
    assert store.compare_and_swap(later, expected_version=1) is False
    with pytest.raises(StoreUnavailableError) as refusal:
        store.insert(later)
    assert refusal.value.code == "store.duplicate"


def test_a_client_that_retries_is_harmless(own_either):
    """As redis-py's do by default; connections are cut while it swaps."""
    client = own_either.client(retry=Retry(NoBackoff(), 20))
    store = RedisSessionStore(client, clock=CLOCK)
    family = a_family(CLOCK)
    store.insert(family)
    admin = own_either.client()

    def cut():
        for _ in range(20):  # no more often than it tries
            admin.client_kill_filter(_type="normal", skipme=True)

    swaps = unknown = 0
    for _ in range(5):
        thread = threading.Thread(target=cut)
        thread.start()
        while thread.is_alive():
            try:
                row = store.read(family.session_id).family
                assert store.compare_and_swap(rotated(row, CLOCK), expected_version=row.version) is True
                swaps += 1
            except StoreUnavailableError:
                # Seldom: cut twice, the second time while it was being set up, which is not tried again.
                unknown += 1
        thread.join()
    assert 0 < swaps <= store.read(family.session_id).family.generation <= swaps + unknown


async def test_a_cancelled_call_leaves_no_answer_for_the_next(own_either):
    """The connection it waited on is not used again: nobody reads another's session."""
    families = [a_family(CLOCK, session_id=f"s{number}") for number in range(20)]
    async with AsyncRedisSessionStore(own_either.url(), clock=CLOCK) as store:
        for family in families:
            await store.insert(family)
        for family in families:
            cancelled = asyncio.ensure_future(store.read("s0"))
            await asyncio.sleep(0)
            cancelled.cancel()
            assert (await store.read(family.session_id)).family == family


def test_a_forked_child_has_connections_of_its_own(own_either, store, family):
    child = os.fork()
    if child == 0:
        try:
            for _ in range(50):
                row = store.read(family.session_id).family
                assert row.session_id == family.session_id
            os._exit(0)
        finally:
            os._exit(1)
    other = a_family(CLOCK)
    store.insert(other)
    for _ in range(50):
        assert store.read(other.session_id).family == other
    assert os.waitpid(child, 0)[1] == 0


def test_a_server_of_a_cluster_is_gone():
    """What needs it fails as ours, whether one server is asked or several at once."""
    with valkey_cluster() as cluster:
        store = RedisSessionStore(cluster.url() + "?socket_timeout=1", cluster=True, clock=CLOCK)
        family = a_family(CLOCK)
        store.insert(family)
        cluster.servers[1].kill()
        failed = set()
        for number in range(20):
            elsewhere = a_family(CLOCK, session_id=f"s{number}", issuer=f"issuer {number}")
            for name, call in calls_of(store, elsewhere).items():
                try:
                    call()
                except StoreUnavailableError:
                    failed.add(name)
        assert failed >= {"insert", "read", "compare_and_swap", "status", "purge"}
        store.close()


async def test_a_server_of_a_cluster_is_gone_under_the_async_store():
    with valkey_cluster() as cluster:
        url = cluster.url() + "?socket_timeout=1"
        async with AsyncRedisSessionStore(url, cluster=True, clock=CLOCK) as store:
            await store.check()
            for server in cluster.servers:
                server.kill()
            for call in calls_of(store, a_family(CLOCK)).values():
                with pytest.raises(StoreUnavailableError):
                    await call()


def test_a_cluster_that_cannot_be_reached_at_the_start():
    with pytest.raises(StoreUnavailableError) as failure:
        RedisSessionStore("redis://user:pa55word@127.0.0.1:1", cluster=True)
    assert "pa55word" not in str(failure.value)


def test_an_error_of_a_cluster_is_a_wrong_client():
    from jwtkit.stores.redis.errors import at_run_time

    for error in (
        redis.exceptions.ResponseError("CROSSSLOT Keys in request"),
        redis.exceptions.MovedError("1 a:1"),
    ):
        assert isinstance(at_run_time(error), ConfigurationError)
        assert at_run_time(error).code == "store.cluster"
