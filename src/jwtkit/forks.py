"""Around a fork: a child has the connections and locks of its parent, but none of its other threads."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import TypeVar

__all__ = ["guard_forks"]

_T = TypeVar("_T")


def guard_forks(
    owner: _T,
    *,
    before: Callable[[_T], None] | None = None,
    after_in_parent: Callable[[_T], None] | None = None,
    after_in_child: Callable[[_T], None],
) -> None:
    """Call these around every fork of the process for as long as `owner` lives, which they are given.

    Args:
        owner: What holds connections or a lock.
        before: Called before a fork.
        after_in_parent: Called after it in the process that forked.
        after_in_child: Called after it in the new one.
    """
    if not hasattr(os, "register_at_fork"):  # Windows has no fork
        return
    # Weak, because what is registered stays registered for the life of the process.
    found = weakref.ref(owner)

    def for_owner(method: Callable[[_T], None]) -> Callable[[], None]:
        def call() -> None:
            if (alive := found()) is not None:
                method(alive)

        return call

    os.register_at_fork(after_in_child=for_owner(after_in_child))
    if before is not None:
        os.register_at_fork(before=for_owner(before))
    if after_in_parent is not None:
        os.register_at_fork(after_in_parent=for_owner(after_in_parent))
