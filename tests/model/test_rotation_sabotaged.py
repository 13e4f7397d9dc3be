"""The exploration finds what it looks for: each check taken out of the code is missed at once."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import pytest
from tests.model import rules
from tests.model.explore import Exploration, explore
from tests.model.judge import Judge
from tests.model.symbols import symbolic_levels
from tests.model.world import Scope, World

from jwtkit.refresh import decision

THIEF = Scope(calls=2, thefts=1, ticks=2)
RACES = Scope(calls=2, thefts=1)
LOGOUTS = Scope(calls=1, thefts=1, revokes=1, bumps=1, login=True)

FAILOVER = Scope(calls=2, thefts=1, revokes=1, failovers=1)

LEADS_ON = """_successor(token, family.generation, family.rotated_at, family.nonce, row_keys)
        if not compare_digest(row_keys.digest(successor.core, bound), family.digest):"""
STRAYS = """_successor(token, family.generation, family.rotated_at, nonce, row_keys)
        if False:"""

SABOTAGES = {
    "window check": (
        "behind == 1 and now < family.rotated_at + window", "behind == 1", THIEF, rules.MISSED_REPLAY),
    "retry": (
        "behind == 1 and now < family.rotated_at + window", "False", RACES, rules.FALSE_LOGOUT),
    "window of two generations": (
        "if behind == 2 and family.previous_rotated_at is not None", "if False", Scope(calls=3),
        rules.FALSE_LOGOUT),
    "end of a reused session": (
        "Outcome.REUSED, 12, now, ended, swap=True", "Outcome.REUSED, 12, now, family", THIEF,
        rules.MISSED_REPLAY),
    "epoch comparison": (
        "if family.epoch < snapshot.epoch:", "if False:", LOGOUTS, rules.ANSWERED_AFTER_LOGOUT),
    "end of a session": (
        "if family.ended_at is not None:", "if False:", LOGOUTS, rules.ANSWERED_AFTER_END),
    "idle expiry": (
        "idle_is_over = now >=", "idle_is_over = False and now >=", THIEF, rules.OUTLIVED),
    "clock that never goes back": (
        "now = max(snapshot.now, family.rotated_at, family.used_at)", "now = snapshot.now",
        Scope(calls=2, ticks=1, skews=1), rules.CLOCK),
    "check of the successor": (LEADS_ON, STRAYS, RACES, rules.FORK),
    "idle expiry of a row older than the token": (
        " and token.generation <= family.generation", "",
        Scope(calls=2, ticks=2, durations=(299_000, 15_000), stale_reads=1), rules.FALSE_LOGOUT),
    "versions that never come again": (
        "version=version_of(nonce, now),\n        key_id", "version=family.version + 1,\n        key_id",
        FAILOVER, rules.UNSEEN),
    "access token's generation": (
        "pair.generation is None or pair.generation > token.generation", "pair.generation is None",
        RACES, rules.PAIRING),
}  # fmt: skip
"""What is taken out, what stands there instead, where to look, and the rule that breaks."""


def test_without_compare_and_swap_sessions_fork() -> None:
    world = World(RACES, Judge(symbolic_levels()), compares=False)
    told(explore(world, stop_at=rules.FORK), rules.FORK)


def test_without_compare_and_swap_two_clients_are_handed_different_tokens_of_one_generation() -> None:
    """As the clients see it: the moment a second token leaves the server."""
    world = World(Scope(calls=3, thefts=1, ticks=1), Judge(symbolic_levels()), compares=False)
    found = explore(world, stop_at=rules.HANDED_TWICE, most_states=15_000)
    told(found, rules.HANDED_TWICE)
    assert found.broken[rules.HANDED_TWICE] >= 100


@pytest.mark.parametrize("name", SABOTAGES)
def test_what_is_taken_out_of_the_decision_is_missed(name: str) -> None:
    there, instead, scope, broken = SABOTAGES[name]
    with sabotaged(there, instead) as module:
        told(explore(World(scope, Judge(symbolic_levels(), module)), stop_at=broken), broken)


@pytest.mark.parametrize("scope", [THIEF, RACES, LOGOUTS], ids=["thief", "races", "logouts"])
def test_the_same_explorations_find_nothing_in_the_code_as_it_is(scope: Scope) -> None:
    found = explore(World(scope, Judge(symbolic_levels())))
    assert not found.trace, found.trace


def told(found: Exploration, broken: str) -> None:
    """Assert that the rule was broken; the way there is printed for whoever runs with ``-s``."""
    print(found.trace)
    assert any(name.startswith(broken) for name in found.broken), f"{broken!r} was not found: {found}"
    assert "the shortest way there:" in found.trace


@contextmanager
def sabotaged(there: str, instead: str) -> Iterator[ModuleType]:
    """Yield the module of the decision with some of its text replaced."""
    source = inspect.getsource(decision)
    assert source.count(there) == 1, f"the decision no longer says {there!r} once; say here what it says now"
    module = ModuleType("sabotaged_decision")
    # Dataclasses look their module up by its name.
    sys.modules[module.__name__] = module
    try:
        exec(compile(source.replace(there, instead), "<sabotaged decision>", "exec"), module.__dict__)
        yield module
    finally:
        del sys.modules[module.__name__]
