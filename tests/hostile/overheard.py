"""Listens to what validators tell their observer, and to every logger."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from jwtkit.events import Event

__all__ = ["Overheard"]


class Overheard(logging.Handler):
    """Keeps what validators tell their observer, and whatever anybody logs."""

    def __init__(self) -> None:
        super().__init__(level=0)
        self._events: list[Event] = []
        self._lines: list[str] = []

    def observe(self, event: Event, /) -> None:
        """Keep an event."""
        self._events.append(event)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a log record, with the arguments it was made of."""
        self._lines.append(f"{self.format(record)} {record.__dict__}")

    def said(self) -> list[str]:
        """Everything kept, as text."""
        return [*map(repr, self._events), *self._lines]

    def forget(self) -> None:
        """Begin anew."""
        self._events.clear()
        self._lines.clear()

    @contextmanager
    def listening(self) -> Iterator[Self]:
        """Hear every logger, at every level."""
        root = logging.getLogger()
        level = root.level
        root.addHandler(self)
        root.setLevel(1)
        try:
            yield self
        finally:
            root.removeHandler(self)
            root.setLevel(level)
