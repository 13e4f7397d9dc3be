"""Judges what clients saw of a session store: could one row, changed one step at a time, have answered so?

Each family is a register with reads and compare-and-swaps. A history says of every operation when it was
sent, when its answer came, and what that was; an operation without an answer may have happened at any time
after it was sent, or never. The history is linearizable if each operation can be given one instant between
the two at which it took effect, such that a single register at those instants gives the very answers seen
(Herlihy and Wing, 1990). The search is that of Wing and Gong (1993), with what was tried remembered (Lowe,
2017).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path
from typing import Literal

from jwtkit.refresh.family import Family
from jwtkit.stores.answers import over_at

__all__ = ["Operation", "RecordedStore", "counterexample", "digest_of", "read_histories"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One call on one row, as its caller saw it.

    Attributes:
        kind: ``read`` or ``swap``.
        sent: When it was called; any clock that all callers share.
        answered: When it returned; infinity if it never did, or failed without saying what became of it.
        expected: Of a swap, the version it was to replace.
        value: Of a swap, what it was to write; of a read, what it saw.
        version: The version that goes with `value`.
        won: Of a swap, the answer; None where there was none.
    """

    kind: Literal["read", "swap"]
    sent: float
    answered: float
    value: str
    version: int
    expected: int | None = None
    won: bool | None = None


State = tuple[int, str]
"""The version in the register, and what stands beside it."""


def counterexample(history: Iterable[Operation], first: State) -> list[Operation] | None:
    """Return None if the history is linearizable, else the operations that cannot be brought into an order.

    Args:
        history: The operations on one row.
        first: What the row held before all of them.

    Returns:
        The operations left over where the search got furthest, in the order they were sent.
    """
    # An unanswered read saw nothing, so it says nothing.
    operations = sorted(
        (one for one in history if not (one.kind == "read" and one.answered == inf)),
        key=lambda one: one.sent,
    )
    everything = (1 << len(operations)) - 1
    must = sum(1 << index for index, one in enumerate(operations) if one.answered < inf)
    tried: set[tuple[int, State]] = set()
    furthest = 0
    stack: list[tuple[int, State]] = [(0, first)]
    while stack:
        done, state = stack.pop()
        done = _take_what_changes_nothing(operations, done, state)
        if done & must == must:
            return None
        if (done, state) in tried:
            continue
        tried.add((done, state))
        if (done & must).bit_count() > (furthest & must).bit_count():
            furthest = done
        for index in _possible_next(operations, everything & ~done):
            one = operations[index]
            if one.kind == "swap" and one.won is not False and one.expected == state[0]:
                stack.append((done | 1 << index, (one.version, one.value)))
    return [one for index, one in enumerate(operations) if must & ~furthest & 1 << index]


def _take_what_changes_nothing(operations: Sequence[Operation], done: int, state: State) -> int:
    """Mark whatever can happen now without a change: a read of what is there, and a swap that had to lose.

    Nothing is gained by leaving such a one for later, so this needs no going back.
    """
    everything = (1 << len(operations)) - 1
    while True:
        before = done
        for index in _possible_next(operations, everything & ~done):
            one = operations[index]
            reads = one.kind == "read" and (one.version, one.value) == state
            loses = one.kind == "swap" and one.won is False and one.expected != state[0]
            if reads or loses:
                done |= 1 << index
        if done == before:
            return done


def _possible_next(operations: Sequence[Operation], left: int) -> list[int]:
    """Return who may come next: whoever was sent before the first answer among those left."""
    found: list[int] = []
    first_answer = inf
    while left:
        lowest = left & -left
        index = lowest.bit_length() - 1
        one = operations[index]
        if one.sent > first_answer:
            break  # so was everybody after it, and answered later still
        first_answer = min(first_answer, one.answered)
        found.append(index)
        left ^= lowest
    return [index for index in found if operations[index].sent <= first_answer]


def digest_of(family: Family) -> str:
    """Return what tells two states of a row apart: its whole content but the version, shortened."""
    return f"{family.generation}:{family.digest.hex()[:16]}:{family.nonce.hex()[:16]}:{over_at(family)}"


class RecordedStore:
    """A session store that writes down every read and swap of a row, and is otherwise the one it wraps.

    Args:
        store: The store.
        path: The file to append to; one for each process and thread.
        clock: A clock that all processes share, such as `time.monotonic_ns`.
    """

    def __init__(self, store, path: Path, clock) -> None:
        self._store = store
        self._path = path
        self._clock = clock

    def __getattr__(self, name: str):
        return getattr(self._store, name)

    def read(self, session_id: str, /):
        sent = self._clock()
        snapshot = self._store.read(session_id)
        if snapshot.family is not None:
            family = snapshot.family
            seen = Operation("read", sent, self._clock(), digest_of(family), family.version)
            self._write(session_id, seen)
        return snapshot

    def compare_and_swap(self, family: Family, /, *, expected_version: int) -> bool:
        sent = self._clock()
        about = (digest_of(family), family.version, expected_version)
        # Written before the call: a process that is killed in it leaves a swap whose outcome nobody knows.
        self._write(family.session_id, Operation("swap", sent, inf, *about))
        won = self._store.compare_and_swap(family, expected_version=expected_version)
        self._write(family.session_id, Operation("swap", sent, self._clock(), *about, won))
        return won

    def _write(self, session_id: str, operation: Operation) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"session": session_id, **asdict(operation)}) + "\n")


def read_histories(paths: Iterable[Path]) -> dict[str, list[Operation]]:
    """Return the operations of each family that recording stores wrote to these files."""
    found: dict[str, dict[tuple[object, ...], Operation]] = defaultdict(dict)
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
            try:
                fields = json.loads(line)
            except ValueError:
                continue  # the process was killed while it wrote
            session = fields.pop("session")
            one = Operation(**fields)
            # The answer takes the place of the note that the swap was sent.
            key = (path, "swap", one.sent) if one.kind == "swap" else (path, "read", number)
            found[session][key] = one
    return {session: list(operations.values()) for session, operations in found.items()}
