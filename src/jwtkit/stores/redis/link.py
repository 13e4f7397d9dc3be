"""The way to the servers with its errors made ours, and nothing sent before they are known to be fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jwtkit.stores.failures import closed
from jwtkit.stores.redis.checks import check_servers
from jwtkit.stores.redis.errors import at_run_time
from jwtkit.stores.redis.scripts import Script
from jwtkit.stores.redis.servers import Call, Servers

__all__ = ["Link"]


class Link:
    """Runs scripts for one store.

    Args:
        servers: Where they run.
        assume_noeviction: The caller vouches that no server evicts keys.
        owned: Whether closing the store closes the client too.
    """

    __slots__ = ("_assume_noeviction", "_checked", "_closed", "_owned", "_servers", "is_cluster")

    def __init__(self, servers: Servers, *, assume_noeviction: bool, owned: bool) -> None:
        self._servers = servers
        self._assume_noeviction = assume_noeviction
        self._owned = owned
        self._checked = False
        self._closed = False
        self.is_cluster = servers.is_cluster

    async def run(self, script: Script, keys: Sequence[str], *arguments: str | bytes | int) -> Any:
        """Run a script where its keys are, in one round trip.

        Raises:
            StoreUnavailableError: It may have been carried out all the same.
            ConfigurationError: The servers are not what a session store needs.
        """
        try:
            if not self._checked or self._closed:
                await self._prepare()
            return await self._servers.run(script, keys, arguments)
        except Exception as error:
            raise at_run_time(error) from error

    async def run_all(self, calls: Sequence[Call]) -> list[Any]:
        """Run scripts that may well run twice, those of different servers at the same time."""
        try:
            await self._prepare()
            return await self._servers.run_all(calls)
        except Exception as error:
            raise at_run_time(error) from error

    async def primaries(self) -> Sequence[Any]:
        """Return every server that holds keys, as `ask` takes it."""
        try:
            await self._prepare()
            return await self._servers.primaries()
        except Exception as error:
            raise at_run_time(error) from error

    async def ask(self, primary: Any, *command: Any) -> Any:
        """Send a command to one server."""
        try:
            await self._prepare()
            return await self._servers.ask(primary, *command)
        except Exception as error:
            raise at_run_time(error) from error

    async def check(self) -> None:
        """See `check_servers`."""
        self._checked = False
        try:
            await self._prepare()
        except Exception as error:
            raise at_run_time(error) from error

    async def close(self) -> None:
        """Refuse every later call; close the client where it is the store's own."""
        self._closed = True
        if self._owned:
            try:
                await self._servers.close()
            except Exception as error:
                raise at_run_time(error) from error

    async def _prepare(self) -> None:
        if self._closed:
            raise closed()
        if not self._checked:
            await check_servers(self._servers, assume_noeviction=self._assume_noeviction)
            self._checked = True
