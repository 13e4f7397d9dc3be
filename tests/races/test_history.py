"""The judge of histories: it accepts what one register can answer, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from math import inf

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.races.history import Operation, RecordedStore, counterexample, read_histories

from jwtkit.errors import StoreUnavailableError
from jwtkit.stores import MemorySessionStore
from jwtkit.testing import ManualClock
from jwtkit.testing.given import a_family, rotated

FIRST = (1, "a")


def read(sent, answered, version, value):
    return Operation("read", sent, answered, value, version)


def swap(sent, answered, expected, version, value, won=True):
    return Operation("swap", sent, answered, value, version, expected, won)


def unknown(sent, expected, version, value):
    return Operation("swap", sent, inf, value, version, expected)


def by_trying_every_order(history, first):
    """The definition itself: some order that keeps real time, with some of the unanswered ones left out."""
    answered = [one for one in history if one.answered < inf]
    open_ = [one for one in history if one.answered == inf and one.kind == "swap"]
    for number in range(1 << len(open_)):
        chosen = answered + [one for bit, one in enumerate(open_) if number & 1 << bit]
        if any(_explains(order, first) for order in permutations(chosen)):
            return True
    return False


def _explains(order, state):
    for place, one in enumerate(order):
        if any(later.answered < one.sent for later in order[place + 1 :]):
            return False
        if one.kind == "read":
            if (one.version, one.value) != state:
                return False
        elif one.expected == state[0]:
            if one.won is False:
                return False
            state = (one.version, one.value)
        elif one.won is not False:
            return False
    return True


VALUES = st.sampled_from("abc")
VERSIONS = st.integers(1, 4)


@st.composite
def operations(draw):
    sent = draw(st.integers(0, 12))
    answered = draw(st.one_of(st.integers(sent, 14), st.just(inf)))
    if draw(st.booleans()):
        return Operation("read", sent, answered, draw(VALUES), draw(VERSIONS))
    won = None if answered == inf else draw(st.booleans())
    expected = draw(st.integers(1, 3))
    return Operation("swap", sent, answered, draw(VALUES), expected + 1, expected, won)


@given(st.lists(operations(), max_size=5))
@settings(max_examples=400)
@example([swap(0, 5, 1, 2, "b"), swap(1, 6, 1, 2, "c")])
@example([unknown(0, 1, 2, "b"), read(3, 4, 2, "b"), read(5, 6, 1, "a")])
@example([unknown(0, 1, 2, "b"), swap(3, 4, 1, 2, "c", won=False)])
def test_it_agrees_with_the_definition(history):
    assert (counterexample(history, FIRST) is None) == by_trying_every_order(history, FIRST)


@st.composite
def histories_of_a_register(draw):
    """Many clients of one true register: each operation takes effect at an instant of its own."""
    version, value, history = 1, "a", []
    for instant in range(10, 10 + 4 * draw(st.integers(1, 30)), 4):
        sent, answered = instant - draw(st.integers(0, 30)), instant + draw(st.integers(0, 30))
        if draw(st.booleans()):
            history.append(read(sent, answered, version, value))
            continue
        expected = version if draw(st.booleans()) else max(1, version - 1)
        won, written = expected == version, f"{instant}"
        if draw(st.integers(0, 4)) == 0:
            history.append(unknown(sent, expected, expected + 1, written))
            won = won and draw(st.booleans())
        else:
            history.append(swap(sent, answered, expected, expected + 1, written, won))
        if won:
            version, value = expected + 1, written
    return history


@given(histories_of_a_register())
def test_whatever_a_register_answered_is_accepted(history):
    assert counterexample(history, FIRST) is None


@given(histories_of_a_register(), st.data())
def test_an_answer_the_register_never_gave_is_found(history, data):
    """A read of a value that nobody ever wrote, whenever it was."""
    place = data.draw(st.integers(0, len(history)))
    lie = read(1000, 1001, 99, "never written")
    assert lie in counterexample([*history[:place], lie, *history[place:]], FIRST)


def test_two_winners_of_one_version_are_found():
    both = [swap(0, 10, 1, 2, "b"), swap(0, 10, 1, 2, "c")]
    assert len(counterexample(both, FIRST)) == 1


def test_a_write_that_was_lost_is_found():
    assert counterexample([swap(0, 1, 1, 2, "b"), read(2, 3, 1, "a")], FIRST) == [read(2, 3, 1, "a")]


def test_a_read_of_old_data_is_found_unless_it_overlaps_the_write():
    stale = read(2, 3, 1, "a")
    assert counterexample([swap(0, 1, 1, 2, "b"), stale], FIRST) == [stale]
    assert counterexample([swap(0, 2.5, 1, 2, "b"), stale], FIRST) is None


def test_a_killed_swap_may_land_late_once_or_never():
    killed = unknown(0, 1, 2, "b")
    for after in ([read(5, 6, 1, "a")], [read(5, 6, 2, "b")], [read(5, 6, 1, "a"), read(7, 8, 2, "b")]):
        assert counterexample([killed, *after], FIRST) is None
    back_again = [read(5, 6, 2, "b"), read(7, 8, 1, "a")]
    assert counterexample([killed, *back_again], FIRST) == [back_again[1]]


# --- recorded from a store -------------------------------------------------------------------------------


class Forgetful(MemorySessionStore):
    """A store whose swap compares nothing: the last one wins, and so does everybody."""

    def compare_and_swap(self, family, /, *, expected_version):
        seen = super().read(family.session_id).family
        return super().compare_and_swap(family, expected_version=seen.version)


def recorded(store, tmp_path):
    """Two clients read the same row and both swap; what each of them saw is judged."""
    clock = ManualClock()
    ticks = iter(range(10_000)).__next__
    family = a_family(clock)
    store.insert(family)
    first = (family.version, "")
    one, two = (RecordedStore(store, tmp_path / f"{name}.jsonl", ticks) for name in ("one", "two"))
    seen = [client.read(family.session_id).family for client in (one, two)]
    for client, row in zip((one, two), seen, strict=True):
        clock.advance(1)
        client.compare_and_swap(rotated(row, clock), expected_version=row.version)
    one.read(family.session_id)
    [history] = read_histories(sorted(tmp_path.iterdir())).values()
    return history, (first[0], next(each.value for each in history if each.kind == "read"))


def test_a_true_store_is_acquitted(tmp_path):
    history, first = recorded(MemorySessionStore(clock=ManualClock()), tmp_path)
    assert [(each.kind, each.won) for each in sorted(history, key=lambda each: each.sent)] == [
        ("read", None),
        ("read", None),
        ("swap", True),
        ("swap", False),
        ("read", None),
    ]
    assert counterexample(history, first) is None


def test_a_store_that_compares_nothing_is_convicted(tmp_path):
    history, first = recorded(Forgetful(clock=ManualClock()), tmp_path)
    assert counterexample(history, first) is not None


def test_a_swap_that_fails_is_of_unknown_outcome(tmp_path):
    class Cut(MemorySessionStore):
        """The write is done, and the answer lost."""

        def compare_and_swap(self, family, /, *, expected_version):
            super().compare_and_swap(family, expected_version=expected_version)
            raise StoreUnavailableError("the connection was cut")

    clock = ManualClock()
    store = Cut(clock=clock)
    family = a_family(clock)
    store.insert(family)
    client = RecordedStore(store, tmp_path / "one.jsonl", iter(range(100)).__next__)
    row = client.read(family.session_id).family
    with pytest.raises(StoreUnavailableError) as caught:
        client.compare_and_swap(rotated(row, clock), expected_version=row.version)
    assert caught.value.code == "store.unavailable"
    client.read(family.session_id)
    [history] = read_histories([tmp_path / "one.jsonl"]).values()
    assert [(each.kind, each.won, each.answered == inf) for each in history] == [
        ("read", None, False),
        ("swap", None, True),
        ("read", None, False),
    ]
    first = (history[0].version, history[0].value)
    assert counterexample(history, first) is None
    late = [
        replace(each, answered=each.sent + 0.5, won=False) if each.kind == "swap" else each
        for each in history
    ]
    assert counterexample(late, first) is not None


def test_a_line_cut_short_by_a_kill_is_passed_over(tmp_path):
    path = tmp_path / "one.jsonl"
    path.write_text(
        '{"session": "s", "kind": "read", "sent": 1, "answered": 2, "value": "a", "version": 1}\n{"sess'
    )
    assert read_histories([path]) == {"s": [read(1, 2, 1, "a")]}
