"""The sync and the async validator behind one face, so that every scenario is told once."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.tokens.kit import AUDIENCE, ISSUER, KEY, NOW, AwaitedKeys, RemoteKeys

from jwtkit.revocation import RevocationQuery
from jwtkit.testing import ManualClock
from jwtkit.validator import AsyncTokenValidator, TokenValidator


class Awaited:
    """An async validator, each call run to its end."""

    def __init__(self, validator: AsyncTokenValidator) -> None:
        self.real = validator

    def validate(self, *arguments: Any, **options: Any) -> Any:
        return asyncio.run(self.real.validate(*arguments, **options))

    def validate_except_lifetime(self, *arguments: Any, **options: Any) -> Any:
        return asyncio.run(self.real.validate_except_lifetime(*arguments, **options))

    def inspect(self, *arguments: Any, **options: Any) -> Any:
        return asyncio.run(self.real.inspect(*arguments, **options))


class Source:
    """A revocation source that answers as it is told, and remembers what it was asked."""

    blocking = False

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.queries: list[RevocationQuery] = []

    def status(self, query: RevocationQuery, /) -> Any:
        self.queries.append(query)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


class AwaitedSource(Source):
    """As `Source`, awaited."""

    async def status(self, query: RevocationQuery, /) -> Any:
        return super().status(query)


class Sync:
    """Makes sync validators, and the sources that go with them."""

    validator = TokenValidator
    remote = RemoteKeys
    source = Source

    def wrap(self, validator: Any) -> Any:
        return validator

    def make(self, *, keys: Any = KEY, clock: Any = None, **options: Any) -> Any:
        options = {"audience": AUDIENCE, **options}
        issuer = options.pop("issuer", ISSUER)
        return self.wrap(self.validator(issuer, keys=keys, clock=clock or ManualClock(NOW), **options))

    def trusting(self, *trusted: Any, clock: Any = None, **options: Any) -> Any:
        return self.wrap(self.validator.trusting(*trusted, clock=clock or ManualClock(NOW), **options))


class Async(Sync):
    """Makes async validators, with awaited sources."""

    validator = AsyncTokenValidator  # type: ignore[assignment]
    remote = AwaitedKeys
    source = AwaitedSource

    def wrap(self, validator: Any) -> Any:
        return Awaited(validator)
