"""Purging a store of whatever is over, batch by batch, as the commands do it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

from jwtkit.refresh.policy import milliseconds
from jwtkit.refresh.protocols import SessionStore

__all__ = ["purge_in_batches"]


def purge_in_batches(
    store: SessionStore,
    *,
    older_than: timedelta,
    batch: int,
    limit: int | None = None,
    pause: timedelta = timedelta(0),
) -> Iterator[int]:
    """Purge batch after batch until nothing is left to remove, and yield how many each removed.

    Args:
        store: What to purge.
        older_than: How long they must have been over, by the store's own clock; one time for the whole run.
        batch: How many to remove at once.
        limit: How many to remove in all; None for whatever is over.
        pause: How long to rest between two batches.
    """
    before = store.epoch([]).now - milliseconds(older_than)
    left = limit
    while True:
        size = batch if left is None else min(batch, left)
        removed = store.purge(before, limit=size)
        yield removed
        if left is not None:
            left -= removed
        if removed < size or left == 0:
            return
        time.sleep(pause.total_seconds())
