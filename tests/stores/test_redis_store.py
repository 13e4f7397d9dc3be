"""The Redis stores keep the law of session stores: on Valkey, on Redis, and in a cluster of three."""

from __future__ import annotations

from itertools import count

import pytest

from jwtkit.stores.redis import AsyncRedisSessionStore, RedisSessionStore
from jwtkit.testing import AsyncSessionStoreContract, SessionStoreContract

PREFIXES = (f"law-{number}:" for number in count())


class TestRedisSessionStore(SessionStoreContract):
    @pytest.fixture(autouse=True)
    def server(self, valkey_or_redis):
        self.server = valkey_or_redis

    def make_store(self, clock):
        return RedisSessionStore(self.server.url(), prefix=next(PREFIXES), clock=clock)

    def sever(self, store):
        store.close()


class TestRedisSessionStoreInACluster(SessionStoreContract):
    @pytest.fixture(autouse=True)
    def cluster(self, cluster_of_tests):
        self.cluster = cluster_of_tests

    def make_store(self, clock):
        return RedisSessionStore(self.cluster.url(), cluster=True, prefix=next(PREFIXES), clock=clock)

    def sever(self, store):
        store.close()


class TestAsyncRedisSessionStore(AsyncSessionStoreContract):
    @pytest.fixture(autouse=True)
    def server(self, valkey_or_redis):
        self.server = valkey_or_redis

    async def make_store(self, clock):
        return AsyncRedisSessionStore(self.server.url(), prefix=next(PREFIXES), clock=clock)

    def sever(self, store):
        store._sessions.link._closed = True


class TestAsyncRedisSessionStoreInACluster(AsyncSessionStoreContract):
    @pytest.fixture(autouse=True)
    def cluster(self, cluster_of_tests):
        self.cluster = cluster_of_tests

    async def make_store(self, clock):
        return AsyncRedisSessionStore(self.cluster.url(), cluster=True, prefix=next(PREFIXES), clock=clock)

    def sever(self, store):
        store._sessions.link._closed = True
