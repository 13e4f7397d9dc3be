"""Breadth-first search of everything that can happen, and the shortest way to what must not."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.model import rules
from tests.model.judge import START
from tests.model.world import State, World


@dataclass(slots=True)
class Exploration:
    """What was found.

    Attributes:
        states: Different states reached.
        steps: Steps taken between them.
        broken: How often each rule was broken.
        trace: The shortest way to the first break, in words.
    """

    states: int = 0
    steps: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    trace: str = ""


def explore(world: World, *, stop_at: str | None = None, most_states: int | None = None) -> Exploration:
    """Visit every state that can be reached.

    Args:
        world: What can happen.
        stop_at: Stop when a rule of this name is broken; other breaks are counted and passed over. None stops
            at any.
        most_states: Do not look at more states than so many; None for all.
    """
    with _no_collection():
        return _explored(world, stop_at, most_states)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Millions of tuples and no cycle among them: looking for one takes half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _explored(world: World, stop_at: str | None, most_states: int | None) -> Exploration:
    first = world.start(START)
    came_from: dict[State, State | None] = {first: None}
    found = Exploration()
    level = [first]
    checked: set[tuple[object, ...]] = set()
    while level:
        following: list[State] = []
        for state in level:
            for what, after, broken in world.steps(state):
                found.steps += 1
                new = after not in came_from
                if new and not broken:
                    seen = (after.row, after.epoch, after.now, after.level, after.handed, after.logged_out)
                    if seen not in checked:
                        checked.add(seen)
                        broken = rules.state_of_things(world.judge, after)
                if broken:
                    found.broken[broken] += 1
                    if not found.trace and (stop_at is None or broken.startswith(stop_at)):
                        found.trace = _told(world, came_from, state, what, after, broken)
                        if most_states is None:
                            found.states = len(came_from)
                            return found
                if new:
                    came_from[after] = state
                    following.append(after)
            if most_states is not None and len(came_from) >= most_states:
                found.states = len(came_from)
                return found
        level = following
    found.states = len(came_from)
    return found


def _told(
    world: World,
    came_from: dict[State, State | None],
    before: State,
    what: str,
    after: State,
    broken: str,
) -> str:
    """Return the way to a break, one step a line, and the row after each."""
    way = [(what, after)]
    state: State | None = before
    while state is not None and (parent := came_from[state]) is not None:
        label = next(label for label, reached, _ in world.steps(parent) if reached == state)
        way.append((label, state))
        state = parent
    lines = [f"broken: {broken}", f"with {world.scope}", "the shortest way there:"]
    for number, (label, reached) in enumerate(reversed(way), 1):
        row = world.judge.rows[reached.row]
        lines.append(f"  {number:2}. {label}")
        if row is not None:
            ended = "" if row.ended_at is None else f", ended ({row.end_reason})"
            lines.append(
                f"        +{(reached.now - START) // 1000} s: version {row.version},"
                f" generation {row.generation} live{ended};"
                f" handed out: {', '.join(f'#{token}' for token in reached.handed)}"
            )
    return "\n".join(lines)
