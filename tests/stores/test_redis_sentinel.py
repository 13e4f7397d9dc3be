"""Where a sentinel says which server is the primary, a store goes on with the next one by itself."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager

import pytest
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry
from tests.servers.required import skip_where_missing
from tests.servers.sentinel import NAME, watched_servers

from jwtkit.errors import StoreUnavailableError
from jwtkit.refresh.protocols import EpochScope
from jwtkit.stores.redis import AsyncRedisSessionStore, RedisSessionStore
from jwtkit.testing import ManualClock
from jwtkit.testing.given import ISSUER, a_family, rotated

pytestmark = pytest.mark.usefixtures("sockets_left_open")

CLOCK = ManualClock()
ALL = EpochScope(ISSUER, "all")
PATIENCE = 30.0


@pytest.fixture
def watched(program):
    with skip_where_missing(), watched_servers(program) as watched:
        yield watched


# Without retries, so that an outage is seen.


@contextmanager
def primary(watched):
    """A client of whoever is the primary."""
    with ExitStack() as stack:
        sentinel = redis.Sentinel([("127.0.0.1", watched.port)])
        for one in sentinel.sentinels:
            stack.enter_context(one)
        yield stack.enter_context(sentinel.master_for(NAME, retry=Retry(NoBackoff(), 0)))


@asynccontextmanager
async def awaited_primary(watched):
    async with AsyncExitStack() as stack:
        sentinel = redis.asyncio.Sentinel([("127.0.0.1", watched.port)])
        for one in sentinel.sentinels:
            await stack.enter_async_context(one)
        yield await stack.enter_async_context(sentinel.master_for(NAME, retry=AsyncRetry(NoBackoff(), 0)))


async def read_when_up(store, session_id):
    """Ask until it answers; whatever it answers before is an outage."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return await store.read(session_id)
        except StoreUnavailableError as error:
            if error.code != "store.unavailable" or time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.05)


async def test_a_failover_is_an_outage_and_then_over(watched):
    """What the replica had received is there, and both twins go on from it."""
    family = a_family(CLOCK)
    with primary(watched) as client, RedisSessionStore(client, clock=CLOCK) as store:
        async with awaited_primary(watched) as other, AsyncRedisSessionStore(other, clock=CLOCK) as twin:
            store.insert(family)
            first = rotated(family, CLOCK)
            assert await twin.compare_and_swap(first, expected_version=family.version)
            epoch = store.bump_epoch(ALL)
            assert client.wait(1, int(PATIENCE * 1000)) == 1

            watched.primary.kill()
            with pytest.raises(StoreUnavailableError) as outage:
                store.read(family.session_id)
            assert outage.value.code == "store.unavailable"

            assert (await read_when_up(twin, family.session_id)).family == first
            assert store.epoch([ALL]).epoch == epoch
            second = rotated(first, CLOCK)
            assert store.compare_and_swap(second, expected_version=first.version)
            assert not await twin.compare_and_swap(second, expected_version=first.version)
            with watched.replica.client() as promoted:
                assert promoted.exists(f"jwtkit:{{{family.session_id}}}")
