"""What a store does when many ask at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from jwtkit.errors import StoreUnavailableError
from jwtkit.refresh.protocols import EpochScope, SessionStore
from jwtkit.testing.clock import ManualClock
from jwtkit.testing.given import ISSUER, a_family, milliseconds, rotated

__all__ = ["RaceLaws"]

_RACERS = 16

_T = TypeVar("_T")


def _race(run: Callable[[int], _T]) -> list[_T]:
    start = Barrier(_RACERS)

    def racer(number: int) -> _T:
        start.wait()
        return run(number)

    with ThreadPoolExecutor(_RACERS) as threads:
        return list(threads.map(racer, range(_RACERS)))


class RaceLaws:
    """Sixteen threads at once."""

    def test_one_of_sixteen_swaps_wins(self, store: SessionStore, clock: ManualClock) -> None:
        """Exactly one, and the row is that one's; five times over."""
        family = a_family(clock)
        store.insert(family)
        for _ in range(5):
            rivals = [rotated(family, clock, label=f"racer {number}") for number in range(_RACERS)]

            def swap(number: int) -> bool:
                return store.compare_and_swap(rivals[number], expected_version=family.version)  # noqa: B023

            won = _race(swap)
            assert won.count(True) == 1
            assert store.read(family.session_id).family == rivals[won.index(True)]
            family = rivals[won.index(True)]

    def test_one_of_sixteen_inserts_wins(self, store: SessionStore, clock: ManualClock) -> None:
        """The others are told that the id is taken."""
        rivals = [a_family(clock, session_id="contested", label=f"racer {n}") for n in range(_RACERS)]

        def insert(number: int) -> str:
            try:
                store.insert(rivals[number])
            except StoreUnavailableError as refusal:
                return refusal.code
            return "inserted"

        told = _race(insert)
        assert sorted(told) == ["inserted", *["store.duplicate"] * (_RACERS - 1)]
        assert store.read("contested").family == rivals[told.index("inserted")]

    def test_every_swap_in_a_chain_counts(self, store: SessionStore, clock: ManualClock) -> None:
        """Threads that read and swap until they win lose no update: the generation counts every win."""
        family = a_family(clock)
        store.insert(family)

        def rotate_thrice(_: int) -> None:
            for _win in range(3):
                while True:
                    row = store.read(family.session_id).family
                    assert row is not None
                    # Of one piece: every field that a rotation writes is of the same generation.
                    assert row.generation == 0 or row.digest == row.generation.to_bytes(32, "big")
                    assert row.nonce in (b"", row.generation.to_bytes(16, "little"))
                    if store.compare_and_swap(rotated(row, clock), expected_version=row.version):
                        break

        _race(rotate_thrice)
        last = store.read(family.session_id).family
        assert last is not None
        assert last.generation == 3 * _RACERS

    def test_epochs_set_at_once_are_all_different(self, store: SessionStore, clock: ManualClock) -> None:
        """Each exceeds the others before it, and the last is what is read."""
        scopes = [EpochScope(ISSUER, "subject", "client-42"), EpochScope(ISSUER, "all")]
        epochs = _race(lambda number: store.bump_epoch(scopes[number % 2]))
        now = milliseconds(clock)
        assert sorted(epochs) == list(range(now, now + _RACERS))
        assert store.epoch(scopes).epoch == max(epochs)

    def test_sessions_of_one_subject_begun_at_once_are_all_listed(
        self, store: SessionStore, clock: ManualClock
    ) -> None:
        """No index entry is lost."""
        families = [a_family(clock) for _ in range(_RACERS)]
        _race(lambda number: store.insert(families[number]))
        listed = {snapshot.family for snapshot in store.list_subject(ISSUER, "client-42")}
        assert listed == set(families)

    def test_a_purge_races_a_rotation(self, store: SessionStore, clock: ManualClock) -> None:
        """A session is either rotated and there, or removed and not rotated."""
        families = [a_family(clock, idle_expires_at=milliseconds(clock)) for _ in range(_RACERS)]
        for family in families:
            store.insert(family)
        clock.advance(1)
        before = milliseconds(clock)
        successors = [rotated(family, clock) for family in families]

        def rotate_or_purge(number: int) -> bool:
            if number % 2:
                store.purge(before, limit=3)
                return False
            return store.compare_and_swap(successors[number], expected_version=1)

        swapped = _race(rotate_or_purge)
        for family, successor, won in zip(families, successors, swapped, strict=True):
            row = store.read(family.session_id).family
            if won:
                assert row == successor
            else:
                assert row in (None, family)
