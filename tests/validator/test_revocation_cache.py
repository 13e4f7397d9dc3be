"""RevocationCache: how old an answer may be, how many are kept, and what an outage does."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tokens.kit import AUDIENCE, ISSUER, KEY, NOW, token_with
from tests.validator.faces import AwaitedSource, Source

from jwtkit import RefreshRotator, RotationSecret, TokenIssuer
from jwtkit.errors import (
    ConfigurationError,
    KeysUnavailableError,
    StoreUnavailableError,
    TokenRevokedError,
)
from jwtkit.events import Event, RevocationUnknown
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.stores import MemorySessionStore
from jwtkit.testing import ManualClock
from jwtkit.validator import AsyncRevocationCache, AsyncTokenValidator, RevocationCache, TokenValidator

ACTIVE, ENDED = RevocationStatus.ACTIVE, RevocationStatus.SESSION_ENDED
QUERY = RevocationQuery(issuer=ISSUER, id="t1", session_id="s1", subject="client-42")
OTHER = RevocationQuery(issuer=ISSUER, id="t2", session_id="s1", subject="client-42")
DOWN = StoreUnavailableError("down")


class Watcher:
    def __init__(self) -> None:
        self.seen: list[Event] = []

    def observe(self, event: Event, /) -> None:
        self.seen.append(event)


class SyncFace:
    cache = RevocationCache
    source = Source

    @staticmethod
    def ask(cache: Any, query: RevocationQuery = QUERY) -> Any:
        return cache.status(query)


class AsyncFace:
    cache = AsyncRevocationCache
    source = AwaitedSource

    @staticmethod
    def ask(cache: Any, query: RevocationQuery = QUERY) -> Any:
        return asyncio.run(cache.status(query))


@pytest.fixture(params=[SyncFace, AsyncFace], ids=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Any:
    return request.param


def two_seconds(face: Any, source: Any, clock: ManualClock, **options: Any) -> Any:
    return face.cache(source, max_staleness=timedelta(seconds=2), clock=clock, **options)


# --- how old ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", list(RevocationStatus))
def test_an_answer_is_given_again_until_it_is_too_old(face: Any, answer: RevocationStatus) -> None:
    clock, source = ManualClock(NOW), face.source(answer)
    cache = two_seconds(face, source, clock)
    assert face.ask(cache) is answer
    clock.advance(1.9)
    assert face.ask(cache) is answer
    assert source.queries == [QUERY]
    clock.advance(0.1)
    assert face.ask(cache) is answer
    assert source.queries == [QUERY, QUERY]


def test_what_was_revoked_meanwhile_is_refused_no_later_than_that(face: Any) -> None:
    clock, source = ManualClock(NOW), face.source(ACTIVE)
    cache = two_seconds(face, source, clock)
    face.ask(cache)
    source.answer = ENDED
    clock.advance(2)
    assert face.ask(cache) is ENDED


def test_age_counts_from_the_question_and_not_from_the_answer(face: Any) -> None:
    clock = ManualClock(NOW)
    source = _Slow(clock) if face is SyncFace else _SlowAwaited(clock)
    cache = two_seconds(face, source, clock)
    face.ask(cache)
    clock.advance(0.5)
    face.ask(cache)
    assert source.asked == 2


class _Slow:
    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.asked = 0

    def status(self, query: RevocationQuery, /) -> Any:
        self.asked += 1
        self.clock.advance(1.5)
        return ACTIVE


class _SlowAwaited(_Slow):
    async def status(self, query: RevocationQuery, /) -> Any:
        return super().status(query)


def test_a_clock_set_back_makes_no_answer_younger(face: Any) -> None:
    clock, source = ManualClock(NOW), face.source(ACTIVE)
    cache = two_seconds(face, source, clock)
    face.ask(cache)
    clock.advance(-1)
    face.ask(cache)
    assert len(source.queries) == 2


def test_no_staleness_keeps_nothing(face: Any) -> None:
    source = face.source(ACTIVE)
    cache = face.cache(source, max_staleness=timedelta(0), clock=ManualClock(NOW))
    face.ask(cache)
    face.ask(cache)
    assert len(source.queries) == 2
    assert "0 kept" in repr(cache)


def test_the_clock_is_monotonic_unless_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", iter([10.0, 11.0, 12.0]).__next__)
    source = Source(ACTIVE)
    cache = RevocationCache(source, max_staleness=timedelta(seconds=2))
    for asked in (1, 1, 2):
        cache.status(QUERY)
        assert len(source.queries) == asked


def test_each_question_has_its_own_answer(face: Any) -> None:
    source = face.source(ACTIVE)
    cache = two_seconds(face, source, ManualClock(NOW))
    face.ask(cache, QUERY)
    source.answer = ENDED
    assert face.ask(cache, OTHER) is ENDED
    assert face.ask(cache, QUERY) is ACTIVE


def test_an_answer_overtaken_by_a_later_question_is_not_kept() -> None:
    clock = ManualClock(NOW)

    class Overtaken:
        """While the first question is under way, a second one is asked and answered."""

        nested = False

        def status(self, query: RevocationQuery, /) -> RevocationStatus:
            if self.nested:
                return ENDED
            self.nested = True
            clock.advance(1)
            assert cache.status(query) is ENDED
            return ACTIVE

    cache = RevocationCache(Overtaken(), max_staleness=timedelta(seconds=5), clock=clock)
    assert cache.status(QUERY) is ACTIVE
    assert cache.status(QUERY) is ENDED
    clock.advance(4.5)
    assert cache.status(QUERY) is ENDED


@given(st.lists(st.floats(0, 3), min_size=1, max_size=30))
def test_no_answer_given_is_ever_older_than_was_said(pauses: list[float]) -> None:
    clock = ManualClock(NOW)

    class Counting:
        def status(self, query: RevocationQuery, /) -> RevocationStatus:
            asked.append(clock())
            return ACTIVE

    asked: list[float] = []
    cache = RevocationCache(Counting(), max_staleness=timedelta(seconds=2), clock=clock)
    for pause in pauses:
        clock.advance(pause)
        cache.status(QUERY)
        assert 0 <= clock() - asked[-1] < 2
    assert all(later - earlier >= 2 for earlier, later in pairwise(asked))


# --- how many --------------------------------------------------------------------------------------------


def test_the_one_asked_for_longest_ago_goes_first(face: Any) -> None:
    source = face.source(ACTIVE)
    clock = ManualClock(NOW)
    cache = two_seconds(face, source, clock, max_entries=2)
    first, second, third = (RevocationQuery(issuer=ISSUER, id=name) for name in "abc")
    face.ask(cache, first)
    face.ask(cache, second)
    clock.advance(2)
    face.ask(cache, first)
    face.ask(cache, third)
    assert "2 kept" in repr(cache)
    source.queries.clear()
    face.ask(cache, first)
    assert source.queries == []
    face.ask(cache, second)
    assert source.queries == [second]


# --- an outage -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [DOWN, KeysUnavailableError("down")])
def test_closed_is_the_default(face: Any, error: Exception) -> None:
    cache = two_seconds(face, face.source(error), ManualClock(NOW))
    with pytest.raises(type(error)) as caught:
        face.ask(cache)
    assert caught.value.code == error.code


def test_a_foreign_error_is_an_outage_too(face: Any) -> None:
    source = face.source(OSError("no route to 10.0.0.1"))
    with pytest.raises(StoreUnavailableError) as caught:
        face.ask(two_seconds(face, source, ManualClock(NOW)))
    assert caught.value.code == "store.unavailable"
    assert "10.0.0.1" not in str(caught.value)
    watcher = Watcher()
    open_ = two_seconds(face, source, ManualClock(NOW), on_outage="fail_open", observer=watcher)
    assert face.ask(open_) is ACTIVE
    assert [(event.code, event.session_id, event.subject) for event in watcher.seen] == [
        ("store.unavailable", "s1", "client-42")
    ]


def test_an_answer_that_is_young_enough_outlasts_the_outage(face: Any) -> None:
    clock, source = ManualClock(NOW), face.source(ACTIVE)
    cache = two_seconds(face, source, clock)
    face.ask(cache)
    source.answer = DOWN
    clock.advance(1)
    assert face.ask(cache) is ACTIVE
    clock.advance(1)
    with pytest.raises(StoreUnavailableError) as caught:
        face.ask(cache)
    assert caught.value.code == "store.unavailable"


@pytest.mark.parametrize("on_outage", ["fail_closed", "fail_open"])
def test_what_is_known_to_be_revoked_never_comes_back_to_life(face: Any, on_outage: str) -> None:
    clock, source, watcher = ManualClock(NOW), face.source(ENDED), Watcher()
    cache = two_seconds(face, source, clock, on_outage=on_outage, observer=watcher)
    face.ask(cache)
    source.answer = DOWN
    clock.advance(3600)
    assert face.ask(cache) is ENDED
    assert watcher.seen == []


def test_open_lets_pass_says_so_and_keeps_asking(face: Any) -> None:
    source, watcher = face.source(DOWN), Watcher()
    cache = two_seconds(face, source, ManualClock(NOW), on_outage="fail_open", observer=watcher)
    assert face.ask(cache) is ACTIVE
    assert face.ask(cache) is ACTIVE
    assert len(source.queries) == 2
    assert [type(event) for event in watcher.seen] == [RevocationUnknown] * 2
    assert all(event.at > NOW - 10 * 365 * 86400 for event in watcher.seen)
    source.answer = ENDED
    assert face.ask(cache) is ENDED


def test_an_answer_that_is_none_is_passed_on_and_not_kept(face: Any) -> None:
    """The validator refuses it; see `raise_for_status`."""
    source = face.source(True)
    cache = two_seconds(face, source, ManualClock(NOW))
    assert face.ask(cache) is True
    face.ask(cache)
    assert len(source.queries) == 2


# --- in a validator --------------------------------------------------------------------------------------


def test_a_logout_reaches_a_validator_no_later_than_the_staleness() -> None:
    clock = ManualClock(NOW)
    store = MemorySessionStore(clock=clock)
    cache = RevocationCache(store, max_staleness=timedelta(seconds=2), clock=clock)
    validator = TokenValidator(ISSUER, audience=AUDIENCE, keys=KEY, revocation=cache, clock=clock)
    assert not validator.blocking
    issuer = TokenIssuer(ISSUER, audience=AUDIENCE, keys=KEY, clock=clock)
    plain = TokenValidator(ISSUER, audience=AUDIENCE, keys=KEY, clock=clock)
    rotator = RefreshRotator(issuer, plain, store=store, secret=RotationSecret.generate(), clock=clock)
    pair = rotator.start("client-42")
    validator.validate(pair.access_token)
    rotator.revoke(pair.refresh_token)
    clock.advance(1)
    validator.validate(pair.access_token)
    clock.advance(1)
    with pytest.raises(TokenRevokedError) as caught:
        validator.validate(pair.access_token)
    assert caught.value.code == "token.revoked"


def test_the_async_validator_takes_either() -> None:
    for cache in (
        RevocationCache(Source(ENDED), max_staleness=timedelta(seconds=2)),
        AsyncRevocationCache(AwaitedSource(ENDED), max_staleness=timedelta(seconds=2)),
    ):
        validator = AsyncTokenValidator(
            ISSUER, audience=AUDIENCE, keys=KEY, revocation=cache, clock=ManualClock(NOW)
        )
        with pytest.raises(TokenRevokedError) as caught:
            asyncio.run(validator.validate(token_with(sid="s1")))
        assert caught.value.code == "token.revoked"


def test_it_blocks_where_its_source_does() -> None:
    blocking = RevocationCache(_Slow(ManualClock(NOW)), max_staleness=timedelta(seconds=2))
    assert blocking.blocking
    with pytest.raises(ConfigurationError, match="RevocationCache would block") as caught:
        AsyncTokenValidator(ISSUER, audience=AUDIENCE, keys=KEY, revocation=blocking)
    assert caught.value.code == "configuration"


# --- set-up ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"max_staleness": 2}, "timedelta"),
        ({"max_staleness": timedelta(seconds=-1)}, "max_staleness"),
        ({"max_entries": 0}, "max_entries"),
        ({"max_entries": True}, "max_entries"),
        ({"on_outage": "open"}, "fail_closed"),
        ({"observer": object()}, "observe"),
        ({"clock": 5}, "clock"),
    ],
)
def test_a_wrong_setting_is_refused(face: Any, wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        face.cache(face.source(ACTIVE), **{"max_staleness": timedelta(seconds=2), **wrong})
    assert caught.value.code == "configuration"


def test_one_entry_is_enough(face: Any) -> None:
    cache = two_seconds(face, face.source(ACTIVE), ManualClock(NOW), max_entries=1)
    face.ask(cache)
    face.ask(cache, OTHER)
    assert "1 kept" in repr(cache)


@pytest.mark.parametrize(
    ("cache", "source", "says"),
    [
        (RevocationCache, AwaitedSource(ACTIVE), "AsyncRevocationCache"),
        (AsyncRevocationCache, Source(ACTIVE), "needs a RevocationCache"),
        (RevocationCache, object(), "status"),
    ],
)
def test_a_source_of_the_other_kind_is_refused(cache: Any, source: Any, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        cache(source, max_staleness=timedelta(seconds=2))
    assert caught.value.code == "configuration"


def test_its_repr_says_how_it_is_set() -> None:
    cache = RevocationCache(Source(ACTIVE), max_staleness=timedelta(seconds=2.5), on_outage="fail_open")
    assert repr(cache) == "RevocationCache(max_staleness=2.5 s, fail_open, 0 kept)"
