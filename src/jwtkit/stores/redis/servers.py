"""How a script reaches the server that holds its keys: by a client of redis-py's, sync or async.

All four kinds have the same methods, spelt as coroutines, so that what the store does is written once. The
sync ones never wait inside a coroutine for anything but the socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import starmap
from typing import Any, Final, NamedTuple, Protocol

from redis.exceptions import NoScriptError

from jwtkit.stores.redis.scripts import Script

__all__ = ["AsyncCluster", "AsyncServer", "Call", "Cluster", "Server", "Servers"]

_AS_BYTES: Final[dict[str, Any]] = {"NEVER_DECODE": True}
"""The answer as it is, also from a client that was made to decode everything."""

_AT_ONCE: Final = 32

Keys = Sequence[str]
Arguments = Sequence[str | bytes | int]


class Call(NamedTuple):
    """A script, its keys (all in one slot) and its arguments."""

    script: Script
    keys: Keys
    arguments: Arguments


class Servers(Protocol):
    """One server, or those of a cluster. Whatever goes wrong is raised as redis-py raises it."""

    is_cluster: bool

    async def run(self, script: Script, keys: Keys, arguments: Arguments, /) -> Any:
        """Run a script on the primary that holds its keys; one round trip."""

    async def run_all(self, calls: Sequence[Call], /) -> list[Any]:
        """Run scripts that may well run twice, those of different servers at the same time."""
        ...

    async def primaries(self) -> Sequence[Any]:
        """Return every server that holds keys, as `ask` takes it."""
        ...

    async def ask(self, primary: Any, *command: Any) -> Any:
        """Send a command to that server."""

    async def close(self) -> None:
        """Close the client."""


class Server:
    """One server behind a ``redis.Redis``."""

    is_cluster = False

    def __init__(self, client: Any) -> None:
        self._client = client
        self._execute = client.execute_command

    async def run(self, script: Script, keys: Keys, arguments: Arguments, /) -> Any:
        """See `Servers.run`."""
        try:
            return self._execute("EVALSHA", script.sha, len(keys), *keys, *arguments, **_AS_BYTES)
        except NoScriptError:
            return self._execute("EVAL", script.text, len(keys), *keys, *arguments, **_AS_BYTES)

    async def run_all(self, calls: Sequence[Call], /) -> list[Any]:
        """See `Servers.run_all`."""
        return [await self.run(*call) for call in calls]

    async def primaries(self) -> Sequence[Any]:
        """See `Servers.primaries`."""
        return [None]

    async def ask(self, primary: Any, *command: Any) -> Any:
        """See `Servers.ask`."""
        return self._execute(*command, **_AS_BYTES)

    async def close(self) -> None:
        """See `Servers.close`."""
        self._client.close()


class Cluster:
    """A cluster behind a ``redis.RedisCluster``."""

    is_cluster = True

    def __init__(self, client: Any) -> None:
        self._client = client

    async def run(self, script: Script, keys: Keys, arguments: Arguments, /) -> Any:
        """See `Servers.run`."""
        try:
            return self._client.execute_command(
                "EVALSHA", script.sha, len(keys), *keys, *arguments, **_AS_BYTES
            )
        except NoScriptError:
            return self._client.execute_command(
                "EVAL", script.text, len(keys), *keys, *arguments, **_AS_BYTES
            )

    async def run_all(self, calls: Sequence[Call], /) -> list[Any]:
        """See `Servers.run_all`."""
        # A pipeline of redis-py's writes to every server before it reads from the first.
        pipeline = self._client.pipeline()
        for call in calls:
            # Told the server, it does not ask one for the command's keys.
            script, keys, arguments = call
            command = ("EVALSHA", script.sha, len(keys), *keys, *arguments)
            node = self._client.get_node_from_key(keys[0])
            pipeline.execute_command(*command, target_nodes=node, **_AS_BYTES)
        answers = pipeline.execute(raise_on_error=False)
        for number, answer in enumerate(answers):
            if isinstance(answer, NoScriptError):
                answers[number] = await self.run(*calls[number])
            elif isinstance(answer, Exception):
                raise answer
        return list(answers)

    async def primaries(self) -> Sequence[Any]:
        """See `Servers.primaries`."""
        return list(self._client.get_primaries())

    async def ask(self, primary: Any, *command: Any) -> Any:
        """See `Servers.ask`."""
        return self._client.get_redis_connection(primary).execute_command(*command, **_AS_BYTES)

    async def close(self) -> None:
        """See `Servers.close`."""
        self._client.close()


class AsyncServer:
    """One server behind a ``redis.asyncio.Redis``."""

    is_cluster = False

    def __init__(self, client: Any) -> None:
        self._client = client

    async def run(self, script: Script, keys: Keys, arguments: Arguments, /) -> Any:
        """See `Servers.run`."""
        try:
            return await self._client.execute_command(
                "EVALSHA", script.sha, len(keys), *keys, *arguments, **_AS_BYTES
            )
        except NoScriptError:
            return await self._client.execute_command(
                "EVAL", script.text, len(keys), *keys, *arguments, **_AS_BYTES
            )

    async def run_all(self, calls: Sequence[Call], /) -> list[Any]:
        """See `Servers.run_all`."""
        answers: list[Any] = []
        for first in range(0, len(calls), _AT_ONCE):
            # Not all at once: each takes a connection.
            answers += await asyncio.gather(*starmap(self.run, calls[first : first + _AT_ONCE]))
        return answers

    async def primaries(self) -> Sequence[Any]:
        """See `Servers.primaries`."""
        return [None]

    async def ask(self, primary: Any, *command: Any) -> Any:
        """See `Servers.ask`."""
        return await self._client.execute_command(*command, **_AS_BYTES)

    async def close(self) -> None:
        """See `Servers.close`."""
        await self._client.aclose()


class AsyncCluster(AsyncServer):
    """A cluster behind a ``redis.asyncio.RedisCluster``."""

    is_cluster = True

    async def primaries(self) -> Sequence[Any]:
        """See `Servers.primaries`."""
        await self._client.initialize()
        return list(self._client.get_primaries())

    async def ask(self, primary: Any, *command: Any) -> Any:
        """See `Servers.ask`."""
        return await primary.execute_command(*command, **_AS_BYTES)
