"""Events and observers: frozen records, and a failing observer that changes nothing."""

from __future__ import annotations

import dataclasses
import logging
import pickle
from typing import Any

import pytest

from jwtkit import events
from jwtkit.events import (
    Event,
    RefreshRefused,
    RevocationUnknown,
    SessionEnded,
    SessionRefreshed,
    SessionsEnded,
    SessionStarted,
    TokenRefused,
    notify,
)

SAMPLES: list[Event] = [
    TokenRefused(1.5, "token.signature"),
    SessionStarted(1.5, "s1", "client-42"),
    SessionRefreshed(1.5, "s1", "client-42", 3),
    SessionRefreshed(1.5, "s1", "client-42", 3, retried=True),
    SessionEnded(1.5, "s1", "client-42", "revoked"),
    SessionsEnded(1.5, "tenant", "acme", 1_800_000_000_000),
    RevocationUnknown(1.5, "store.unavailable"),
    RevocationUnknown(1.5, "store.unavailable", "s1", "client-42"),
    RefreshRefused(1.5, "refresh.mismatch"),
    RefreshRefused(1.5, "refresh.mismatch", "s1", "client-42", "the client"),
]


def test_every_event_is_here_and_exported_in_order() -> None:
    kinds = {kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event)}
    assert kinds - {Event} == {type(event) for event in SAMPLES}
    assert events.__all__ == sorted(events.__all__)
    assert {kind.__name__ for kind in kinds} | {"Observer", "notify"} == set(events.__all__)


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: type(event).__name__)
def test_events_are_frozen_records_that_cross_processes(event: Event) -> None:
    assert event.at == 1.5
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.at = 2.0  # type: ignore[misc]
    assert not hasattr(event, "__dict__")
    assert pickle.loads(pickle.dumps(event)) == event
    assert hash(event) == hash(pickle.loads(pickle.dumps(event)))


class Watcher:
    def __init__(self, failure: BaseException | None = None) -> None:
        self.seen: list[Event] = []
        self.failure = failure

    def observe(self, event: Event, /) -> None:
        self.seen.append(event)
        if self.failure is not None:
            raise self.failure


def test_a_refresh_is_no_retry_unless_it_says_so() -> None:
    assert SessionRefreshed(1.5, "s1", "client-42", 3).retried is False


def test_an_observer_is_told() -> None:
    watcher = Watcher()
    for event in SAMPLES:
        notify(watcher, event)
    assert watcher.seen == SAMPLES


def test_nobody_need_watch() -> None:
    notify(None, SAMPLES[0])


@pytest.mark.parametrize("observer", [Watcher(RuntimeError("hunter2")), object()], ids=["fails", "is none"])
def test_an_observer_that_fails_is_logged_by_type_only(
    observer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="jwtkit"):
        notify(observer, SAMPLES[0])
    (message,) = caplog.messages
    assert message.startswith(f"observer {type(observer).__name__} raised ")
    assert "hunter2" not in caplog.text


def test_an_interrupt_is_no_failure_of_an_observer() -> None:
    with pytest.raises(KeyboardInterrupt):
        notify(Watcher(KeyboardInterrupt()), SAMPLES[0])
