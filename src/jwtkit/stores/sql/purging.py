"""Purging in transactions of a bounded size, so that others wait for no more than one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

__all__ = ["PurgeSome", "purge_in_turn"]

_BATCH = 500
"""How many rows one transaction holds."""

PurgeSome = Callable[[int, int], tuple[int, bool]]
"""Given a time and a number, looks at so many rows that are due, in one transaction.

Returns how many it removed, and whether there may be more.
"""


def purge_in_turn(kinds: Iterable[PurgeSome], before: int, *, limit: int) -> int:
    """Purge one kind of rows after the other, and return how many are gone.

    Args:
        kinds: How to purge some rows of each.
        before: What was over by then goes.
        limit: How many may go at most.
    """
    remaining = limit
    for purge_some in kinds:
        more = True
        while remaining and more:
            removed, more = purge_some(before, min(remaining, _BATCH))
            remaining -= removed
    return limit - remaining
