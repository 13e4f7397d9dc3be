"""The last question, whether a token still stands; and who is told of a refusal."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest
from tests.tokens.kit import (
    ABSENT,
    AUDIENCE,
    ISSUER,
    KEY,
    NOW,
    STRANGERS_KEY,
    THUMBPRINT,
    claims_with,
    sign,
    token_with,
)
from tests.validator.faces import AwaitedSource, Source, Sync

from jwtkit.errors import (
    ClaimsError,
    ConfigurationError,
    StoreUnavailableError,
    TokenError,
    TokenRevokedError,
    UnavailableError,
)
from jwtkit.events import Event, TokenRefused
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.tokens import EXTERNAL_ACCESS_TOKEN, GENERIC
from jwtkit.validator import AsyncTokenValidator, TokenValidator

STANDS = RevocationStatus.ACTIVE
WAYS = pytest.mark.parametrize("way", ["validate", "validate_except_lifetime"])


# --- what is asked -----------------------------------------------------------------------------------


@WAYS
def test_a_token_that_stands_is_accepted_after_one_question(face: Sync, way: str) -> None:
    source = face.source(STANDS)
    validator = face.make(revocation=source)
    assert getattr(validator, way)(token_with(sid="s1", rte=1_749_999_999_000)).subject == "client-42"
    assert source.queries == [
        RevocationQuery(issuer=ISSUER, id="t1", session_id="s1", subject="client-42", epoch=1_749_999_999_000)
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"epoch": None, "session_id": None, "tenant": None}),
        ({"rte": 0}, {"epoch": 0}),
        ({"rte": -5}, {"epoch": -5}),
        # What is no epoch counts as none: the token is cut off by the first epoch there is.
        ({"rte": "1"}, {"epoch": None}),
        ({"rte": True}, {"epoch": None}),
        ({"rte": 1.5}, {"epoch": None}),
        ({"rte": None}, {"epoch": None}),
        ({"tenant": "t"}, {"tenant": None}),
    ],
)
def test_only_what_is_known_is_asked(face: Sync, changes: dict[str, Any], expected: dict[str, Any]) -> None:
    source = face.source(STANDS)
    face.make(revocation=source).validate(token_with(**changes))
    (query,) = source.queries
    assert {name: getattr(query, name) for name in expected} == expected


def test_the_subject_is_the_profiles(face: Sync) -> None:
    source = face.source(STANDS)
    profile = replace(EXTERNAL_ACCESS_TOKEN, subject_claim="oid")
    face.make(revocation=source, profile=profile).validate(sign(claims_with(oid="o1"), typ="JWT"))
    assert source.queries[0].subject == "o1"


def test_a_token_of_nobody_is_asked_about_as_such(face: Sync) -> None:
    source = face.source(STANDS)
    validator = face.make(revocation=source, issuer=None, audience=None, profile=GENERIC)
    assert validator.validate(sign({"exp": NOW + 1}, typ="JWT"))
    assert source.queries == [RevocationQuery(issuer="")]


@WAYS
@pytest.mark.parametrize(
    "token",
    [
        token_with(aud="x"),
        sign(claims_with(), key=STRANGERS_KEY),
        "a.b.c",
        token_with(cnf={"jkt": THUMBPRINT}),
        token_with(exp=ABSENT),
        token_with(exp=NOW - 90_000, iat=NOW - 99_000),
    ],
)
def test_nothing_is_asked_about_a_token_that_is_refused_anyway(face: Sync, way: str, token: str) -> None:
    source = face.source(STANDS)
    validator = face.make(revocation=source)
    with pytest.raises(TokenError):
        getattr(validator, way)(token)
    assert not validator.inspect(token).ok
    assert source.queries == []


def test_a_stale_token_must_stand_too(face: Sync) -> None:
    source = face.source(RevocationStatus.SESSION_ENDED)
    with pytest.raises(TokenRevokedError):
        face.make(revocation=source).validate_except_lifetime(token_with(exp=NOW - 60, iat=NOW - 90))


# --- what is answered --------------------------------------------------------------------------------


@WAYS
@pytest.mark.parametrize("status", [status for status in RevocationStatus if status is not STANDS])
def test_a_token_that_no_longer_stands_is_revoked(face: Sync, way: str, status: RevocationStatus) -> None:
    validator = face.make(revocation=face.source(status))
    with pytest.raises(TokenRevokedError) as caught:
        getattr(validator, way)(token_with())
    assert caught.value.code == "token.revoked"
    assert caught.value.http_status == 401
    assert str(caught.value) == f"the token was revoked: {status.value}"
    assert type(validator.inspect(token_with()).error) is TokenRevokedError


@WAYS
@pytest.mark.parametrize("answer", [None, True, False, "active", 1, RevocationStatus, object()])
def test_an_answer_of_another_kind_refuses_the_token(face: Sync, way: str, answer: Any) -> None:
    with pytest.raises(TokenRevokedError, match="unknown"):
        getattr(face.make(revocation=face.source(answer)), way)(token_with())


@WAYS
@pytest.mark.parametrize(
    "failure", [OSError("hunter2"), TimeoutError("hunter2"), ZeroDivisionError("hunter2")]
)
def test_a_source_that_fails_is_our_outage(face: Sync, way: str, failure: Exception) -> None:
    validator = face.make(revocation=face.source(failure))
    with pytest.raises(StoreUnavailableError) as caught:
        getattr(validator, way)(token_with())
    error = caught.value
    assert (error.code, error.http_status, error.oauth_error) == (
        "store.unavailable",
        503,
        "temporarily_unavailable",
    )
    assert str(error) == f"the revocation source raised {type(failure).__name__}"
    assert error.__cause__ is failure
    report = validator.inspect(token_with())
    assert type(report.error) is StoreUnavailableError
    assert report["revocation"].status.value == "failed"


@WAYS
def test_our_own_errors_pass_as_they_are(face: Sync, way: str) -> None:
    error = StoreUnavailableError("behind", code="store.behind")
    with pytest.raises(UnavailableError) as caught:
        getattr(face.make(revocation=face.source(error)), way)(token_with())
    assert caught.value is error


def test_the_process_may_still_be_interrupted_while_a_source_answers(face: Sync) -> None:
    with pytest.raises(KeyboardInterrupt):
        face.make(revocation=face.source(KeyboardInterrupt())).validate(token_with())


# --- which sources a validator takes -----------------------------------------------------------------


class BlockingSource(Source):
    blocking = True


class UnmarkedSource:
    """A source that does not say whether it waits."""

    def __init__(self, answer: RevocationStatus) -> None:
        self.answer = answer

    def status(self, _: RevocationQuery, /) -> RevocationStatus:
        return self.answer


class UnmarkedAwaitedSource(UnmarkedSource):
    async def status(self, query: RevocationQuery, /) -> RevocationStatus:  # type: ignore[override]
        return super().status(query)


def test_a_sync_validator_takes_no_awaited_source() -> None:
    with pytest.raises(ConfigurationError, match="needs an AsyncTokenValidator"):
        TokenValidator(ISSUER, audience=AUDIENCE, keys=KEY, revocation=AwaitedSource(STANDS))  # type: ignore[arg-type]


def test_an_async_validator_takes_no_source_that_would_block() -> None:
    for kind in (BlockingSource, UnmarkedSource):
        words = f"{kind.__name__} would block the event loop: give its async twin"
        with pytest.raises(ConfigurationError, match=words):
            AsyncTokenValidator(ISSUER, audience=AUDIENCE, keys=KEY, revocation=kind(STANDS))


@pytest.mark.parametrize("source", [Source, AwaitedSource, UnmarkedAwaitedSource])
def test_an_async_validator_takes_sources_that_await_or_never_wait(source: Any) -> None:
    assert AsyncTokenValidator(ISSUER, audience=AUDIENCE, keys=KEY, revocation=source(STANDS)).asks_revocation


@pytest.mark.parametrize(
    ("source", "blocking"), [(Source, False), (BlockingSource, True), (UnmarkedSource, True)]
)
def test_a_sync_validator_says_whether_it_may_wait(source: Any, blocking: bool) -> None:
    validator = TokenValidator(ISSUER, audience=AUDIENCE, keys=KEY, revocation=source(STANDS))
    assert validator.blocking is blocking
    assert validator.asks_revocation


async def test_a_sync_source_that_never_waits_serves_an_async_validator() -> None:
    source = Source(STANDS)
    validator = AsyncTokenValidator(ISSUER, audience=AUDIENCE, keys=KEY, revocation=source, clock=lambda: NOW)
    assert (await validator.validate(token_with())).id == "t1"
    assert len(source.queries) == 1


# --- observers ---------------------------------------------------------------------------------------


class Watcher:
    def __init__(self, failure: Exception | None = None) -> None:
        self.events: list[Event] = []
        self.failure = failure

    def observe(self, event: Event, /) -> None:
        self.events.append(event)
        if self.failure is not None:
            raise self.failure


REFUSED = {
    "token.segments": "a.b",
    "token.type": None,
    "token.signature": sign(claims_with(), key=STRANGERS_KEY),
    "claim.aud.mismatch": token_with(aud="x"),
    "token.confirmation_required": token_with(cnf={"jkt": THUMBPRINT}),
}


@WAYS
@pytest.mark.parametrize("code", REFUSED)
def test_an_observer_is_told_of_each_refusal_once(face: Sync, way: str, code: str) -> None:
    watcher = Watcher()
    validator = face.make(observer=watcher)
    with pytest.raises(TokenError):
        getattr(validator, way)(REFUSED[code])
    assert watcher.events == [TokenRefused(at=NOW, code=code)]


def test_an_observer_is_told_of_expiry_and_revocation(face: Sync) -> None:
    watcher = Watcher()
    validator = face.make(observer=watcher, revocation=face.source(RevocationStatus.LOGGED_OUT))
    for token in (token_with(exp=NOW - 60, iat=NOW - 90), token_with()):
        with pytest.raises(TokenError):
            validator.validate(token)
    assert [event.code for event in watcher.events] == ["claim.exp.expired", "token.revoked"]  # type: ignore[attr-defined]


def test_an_observer_is_not_told_of_what_is_no_refusal(face: Sync) -> None:
    watcher = Watcher()
    validator = face.make(observer=watcher)
    validator.validate(token_with())
    validator.validate_except_lifetime(token_with(exp=NOW - 60, iat=NOW - 90))
    validator.inspect("a.b")
    validator.inspect(token_with(aud="x"))
    down = face.make(observer=watcher, revocation=face.source(OSError()))
    with pytest.raises(UnavailableError):
        down.validate(token_with())
    assert watcher.events == []


@WAYS
def test_an_observer_that_fails_changes_nothing(
    face: Sync, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    watcher = Watcher(RuntimeError("hunter2"))
    validator = face.make(observer=watcher)
    with caplog.at_level(logging.WARNING, logger="jwtkit"), pytest.raises(ClaimsError) as caught:
        getattr(validator, way)(token_with(aud="x"))
    assert caught.value.code == "claim.aud.mismatch"
    assert caplog.messages == ["observer Watcher raised RuntimeError"]
    assert getattr(validator, way)(token_with())
