"""What the Redis store asks of its server and client before it trusts them with a session."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest
import redis
import redis.asyncio

from jwtkit.errors import ConfigurationError, StoreUnavailableError
from jwtkit.refresh.protocols import EpochScope
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.stores.redis import AsyncRedisSessionStore, RedisSessionStore
from jwtkit.testing import ManualClock
from jwtkit.testing.given import ISSUER, a_family, milliseconds, rotated

CLOCK = ManualClock()
LRU = {"maxmemory-policy": "volatile-lru"}


def refused(call, code):
    with pytest.raises(ConfigurationError) as refusal:
        call()
    assert refusal.value.code == code
    return str(refusal.value)


@pytest.mark.parametrize("own_either", [LRU], indirect=True)
def test_a_server_that_evicts_keys_is_refused(own_either):
    """Before anything is written to it; also where it evicts only keys that expire, as sessions do."""
    store = RedisSessionStore(own_either.url())
    said = refused(lambda: store.insert(a_family(CLOCK)), "store.eviction")
    assert "volatile-lru" in said
    assert "noeviction" in said
    assert own_either.client().dbsize() == 0
    # Asked anew each time until it is fit, so a service need not be restarted.
    own_either.client().config_set("maxmemory-policy", "noeviction")
    store.check()
    store.insert(a_family(CLOCK))
    own_either.client().config_set("maxmemory-policy", "allkeys-random")
    refused(store.check, "store.eviction")


@pytest.mark.parametrize("own_either", [LRU], indirect=True)
async def test_a_server_that_evicts_keys_is_refused_by_the_async_store(own_either):
    async with AsyncRedisSessionStore(own_either.url()) as store:
        for call in (store.check, lambda: store.read("session")):
            with pytest.raises(ConfigurationError) as refusal:
                await call()
            assert refusal.value.code == "store.eviction"


def client_without(server, *commands):
    """A client whose user may run everything but these."""
    server.client().acl_setuser(
        "limited",
        enabled=True,
        nopass=True,
        keys=["*"],
        commands=["+@all", *(f"-{name}" for name in commands)],
    )
    return server.client(username="limited", password="any")


@pytest.mark.parametrize("forbidden", ["config", "info"])
def test_either_way_of_asking_is_enough(own_either, forbidden):
    """Managed services forbid CONFIG."""
    store = RedisSessionStore(client_without(own_either, forbidden))
    store.insert(a_family(CLOCK))
    own_either.client().config_set("maxmemory-policy", "allkeys-lru")
    refused(store.check, "store.eviction")


def test_a_server_that_does_not_say_is_refused_unless_vouched_for(own_either):
    client = client_without(own_either, "config", "info")
    said = refused(RedisSessionStore(client).check, "store.eviction")
    assert "assume_noeviction=True" in said
    store = RedisSessionStore(client, assume_noeviction=True, clock=CLOCK)
    store.check()
    family = a_family(CLOCK)
    store.insert(family)
    assert store.read(family.session_id).family == family


def test_the_commands_the_documentation_names_are_enough(own_either):
    """A user of the store's own, who may do no more than it says on the page about it."""
    may = ["+@read", "+@write", "+time", "+eval", "+evalsha", "+scan", "+info"]
    own_either.client().acl_setuser("jwtkit", enabled=True, nopass=True, keys=["jwtkit:*"], commands=may)
    store = RedisSessionStore(own_either.client(username="jwtkit", password="any"), clock=CLOCK)
    store.check()
    family = a_family(CLOCK)
    store.insert(family)
    assert store.compare_and_swap(rotated(family, CLOCK), expected_version=1)
    store.bump_epoch(EpochScope(ISSUER, "all"))
    store.deny(ISSUER, "token-1", until=milliseconds(CLOCK) + 1000)
    assert store.status(RevocationQuery(ISSUER, session_id=family.session_id)) is RevocationStatus.LOGGED_OUT
    assert len(store.list_subject(ISSUER, family.subject)) == 1
    assert store.live_key_ids(ISSUER) == {"k1"}
    assert store.purge(2**60) == 0


def test_a_replica_is_refused_for_now(own_either):
    store = RedisSessionStore(own_either.url())
    own_either.client().replicaof("127.0.0.1", 1)
    with pytest.raises(StoreUnavailableError) as refusal:
        store.check()
    assert refusal.value.code == "store.behind"
    own_either.client().replicaof("NO", "ONE")
    store.check()


def test_a_node_of_a_cluster_needs_a_cluster_client(cluster_of_tests):
    with cluster_of_tests.servers[0].client() as client:
        said = refused(RedisSessionStore(client).check, "store.cluster")
        assert "RedisCluster" in said
        # Where the server could not be asked, the first call on another's slot says it.
        store = RedisSessionStore(client)
        store._sessions.link._checked = True
        elsewhere = next(
            text for text in map(str, range(100)) if client.cluster("KEYSLOT", f"jwtkit:{{{text}}}") > 16000
        )
        refused(lambda: store.read(elsewhere), "store.cluster")


@pytest.mark.parametrize("version", ["6.2.14", "2.8.0"])
async def test_a_server_too_old_is_refused(version):
    from jwtkit.stores.redis.checks import check_servers

    class OldServer:
        is_cluster = False

        async def primaries(self):
            return [None]

        async def ask(self, primary, *command):
            return {"redis_version": version, "role": "master", "maxmemory_policy": "noeviction"}

    with pytest.raises(ConfigurationError) as refusal:
        await check_servers(OldServer(), assume_noeviction=False)
    assert refusal.value.code == "store.version"
    assert version in str(refusal.value)


def test_a_client_that_decodes_everything_will_do(valkey_or_redis):
    """The store asks for bytes, whatever the client was made to return."""
    family = a_family(CLOCK, subject="Åse", digest=bytes(range(256)))
    with valkey_or_redis.client(decode_responses=True) as client:
        store = RedisSessionStore(client, prefix="decoded:", clock=CLOCK)
        store.check()
        store.insert(family)
        assert store.read(family.session_id).family == family
        assert [s.family for s in store.list_subject(family.issuer, "Åse")] == [family]
        assert store.live_key_ids(family.issuer) == {"k1"}
        CLOCK.advance(100 * 86400)
        assert store.purge(2**60) == 1


def test_a_cluster_client_that_decodes_everything_will_do(cluster_of_tests):
    family = a_family(CLOCK, subject="Åse", digest=bytes(range(256)))
    with cluster_of_tests.client(decode_responses=True) as client:
        store = RedisSessionStore(client, prefix="decoded:", clock=CLOCK)
        store.insert(family)
        assert store.read(family.session_id).family == family
        assert [s.family for s in store.list_subject(family.issuer, "Åse")] == [family]
        CLOCK.advance(100 * 86400)
        assert store.purge(2**60) == 1


def test_a_client_stays_its_owners(valkey_or_redis):
    with valkey_or_redis.client() as client:
        with RedisSessionStore(client, prefix="owned:") as store:
            store.check()
        assert client.ping()
        with pytest.raises(StoreUnavailableError) as refusal:
            store.read("session")
        assert refusal.value.code == "store.closed"


@pytest.mark.parametrize(
    ("store", "client"),
    [
        (RedisSessionStore, lambda: redis.asyncio.Redis()),
        (RedisSessionStore, lambda: None),
        (RedisSessionStore, lambda: object()),
        (AsyncRedisSessionStore, lambda: redis.Redis()),
        (AsyncRedisSessionStore, lambda: redis.Redis),
    ],
)
def test_a_client_of_another_kind_is_refused(store, client):
    said = refused(lambda: store(client()), "store.client")
    assert "redis" in said


SECRET_URLS = [
    "http://user:pa55word@host:6379",
    "pa55word",
    "redis://user:pa55word@host:notaport/0",
    "redis://user:pa55word@host/0?socket_timeout=pa55word",
]
UNKNOWN_OPTION = "redis://user:pa55word@host/0?no_such_option=1"
"""A cluster client of redis-py drops it."""


@pytest.mark.parametrize(
    ("url", "cluster"), [*((url, c) for url in SECRET_URLS for c in (False, True)), (UNKNOWN_OPTION, False)]
)
@pytest.mark.parametrize("store", [RedisSessionStore, AsyncRedisSessionStore])
def test_a_url_that_cannot_be_used_is_refused_without_being_quoted(store, url, cluster):
    with pytest.raises(ConfigurationError) as refusal:
        store(url, cluster=cluster)
    assert refusal.value.code == "store.url"
    assert "pa55word" not in str(refusal.value)
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prefix", ""),
        ("prefix", "a{b"),
        ("prefix", "}"),
        ("prefix", "å:"),
        ("prefix", "a\n"),
        ("prefix", "x" * 101),
        ("prefix", None),
        ("clock", 1_750_000_000.0),
        ("retention", timedelta(seconds=-1)),
        ("retention", 5),
    ],
)
def test_a_wrong_setting_is_refused(name, value):
    for store in (RedisSessionStore, AsyncRedisSessionStore):
        said = refused(lambda store=store: store("redis://localhost", **{name: value}), "configuration")
        assert name in said


def test_the_store_shows_no_address():
    store = RedisSessionStore("redis://user:pa55word@sessions.internal:6379/0", prefix="orders:")
    assert repr(store) == "RedisSessionStore(prefix='orders:', cluster=False)"
    awaited = AsyncRedisSessionStore("redis://user:pa55word@sessions.internal:6379/0")
    assert repr(awaited) == "AsyncRedisSessionStore(prefix='jwtkit:', cluster=False)"


WITHOUT_THE_EXTRA = """
import sys
from importlib.abc import MetaPathFinder

import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "redis" else found(name, package)

import jwtkit.stores
try:
    import jwtkit.stores.redis
except jwtkit.ConfigurationError as error:
    print(error.code, error)
assert "redis" not in sys.modules
"""


def test_without_the_extra_its_name_is_told():
    """And the other stores work."""
    ran = subprocess.run([sys.executable, "-c", WITHOUT_THE_EXTRA], capture_output=True, text=True)
    assert ran.stdout.startswith("store.extra "), ran
    assert "pip install 'jwtkit[redis]'" in ran.stdout
