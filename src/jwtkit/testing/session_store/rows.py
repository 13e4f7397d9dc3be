"""What a store does with a row: keeps it whole, and replaces it only for whoever saw the last version."""

from __future__ import annotations

from types import NoneType
from typing import get_args, get_type_hints

import pytest

from jwtkit.errors import ConfigurationError, StoreUnavailableError
from jwtkit.refresh.family import Family
from jwtkit.refresh.protocols import SessionStore, Snapshot
from jwtkit.testing.clock import ManualClock
from jwtkit.testing.given import (
    ODD_TEXTS,
    UNSTORABLE_TEXTS,
    a_family,
    milliseconds,
    rotated,
    short,
)

__all__ = ["RowLaws"]

_TEXTS = (
    "session_id",
    "issuer",
    "subject",
    "client_id",
    "tenant",
    "confirmation",
    "label",
    "scopes",
    "key_id",
    "address",
)
_KINDS = get_type_hints(Family)
_OPTIONAL = tuple(name for name, kind in _KINDS.items() if NoneType in get_args(kind))
_LARGE = 2**53 + 1
"""The first integer that a float, and so a store that keeps numbers as floats, gets wrong."""


class RowLaws:
    """Insert, read and compare-and-swap."""

    def test_a_family_is_read_as_it_was_inserted(self, store: SessionStore, clock: ManualClock) -> None:
        """Every field comes back, of the same type, with the store's time and no epoch."""
        family = a_family(clock)
        store.insert(family)
        assert store.read(family.session_id) == Snapshot(family, 0, milliseconds(clock))

    def test_a_session_nobody_made_is_not_there(self, store: SessionStore, clock: ManualClock) -> None:
        """An unknown id is an answer, not an error."""
        assert store.read("no-such-session") == Snapshot(None, 0, milliseconds(clock))

    @pytest.mark.parametrize("field", _OPTIONAL)
    def test_nothing_stays_nothing(self, store: SessionStore, clock: ManualClock, field: str) -> None:
        """None is not made into an empty text, nor into a number."""
        family = a_family(clock, **{field: None})
        store.insert(family)
        assert store.read(family.session_id).family == family

    @pytest.mark.parametrize("field", ["client_id", "tenant", "confirmation", "label", "scopes", "address"])
    def test_an_empty_text_stays_empty(self, store: SessionStore, clock: ManualClock, field: str) -> None:
        """An empty text is not made into None."""
        family = a_family(clock, **{field: ""})
        store.insert(family)
        assert store.read(family.session_id).family == family

    def test_every_field_of_a_rotated_and_ended_family_comes_back(
        self, store: SessionStore, clock: ManualClock
    ) -> None:
        """What is None at login is kept as well once it has a value."""
        family = a_family(clock)
        store.insert(family)
        ended = rotated(
            family,
            clock,
            confirmation="thumbprint",
            address="198.51.100.9",
            ended_at=milliseconds(clock),
            end_reason="reused",
        )
        assert store.compare_and_swap(ended, expected_version=1)
        assert store.read(family.session_id).family == ended

    @pytest.mark.parametrize("text", ODD_TEXTS, ids=short)
    def test_odd_texts_are_kept_as_they_are(self, store: SessionStore, clock: ManualClock, text: str) -> None:
        """Quotes, patterns, spaces and every script survive, in whichever field they stand."""
        family = a_family(clock, **dict.fromkeys(_TEXTS, text))
        store.insert(family)
        assert store.read(text).family == family
        successor = rotated(family, clock)
        assert store.compare_and_swap(successor, expected_version=1)
        assert [snapshot.family for snapshot in store.list_subject(text, text)] == [successor]

    @pytest.mark.parametrize(
        ("one", "other"),
        [("a", "A"), ("a", "a "), ("\u00e9", "e\u0301"), ("ß", "ss"), ("1", "01")],
        ids=short,
    )
    def test_texts_that_look_alike_are_not_equal(
        self, store: SessionStore, clock: ManualClock, one: str, other: str
    ) -> None:
        """Case, trailing spaces and Unicode forms tell texts apart: no collation folds them."""
        first = a_family(clock, session_id=f"id-{one}", subject=one)
        second = a_family(clock, session_id=f"id-{other}", subject=other)
        store.insert(first)
        store.insert(second)
        assert store.read(first.session_id).family == first
        assert store.read(second.session_id).family == second
        assert [snapshot.family for snapshot in store.list_subject(first.issuer, one)] == [first]

    def test_long_texts_and_bytes_are_kept_whole(self, store: SessionStore, clock: ManualClock) -> None:
        """Nothing is cut at 255 characters, nor at 64 KiB."""
        family = a_family(
            clock, label="å" * 1000, claims='{"x":"%s"}' % ("y" * 100_000), digest=bytes(range(256)) * 4
        )
        store.insert(family)
        assert store.read(family.session_id).family == family

    def test_integers_beyond_a_float_are_exact(self, store: SessionStore, clock: ManualClock) -> None:
        """Times and counters of more than 53 bits do not lose their last digit."""
        numbers = [name for name, kind in _KINDS.items() if kind is int or int in get_args(kind)]
        large = {name: _LARGE + offset for offset, name in enumerate(numbers)}
        family = a_family(clock, **large)
        store.insert(family)
        assert store.read(family.session_id).family == family

    @pytest.mark.parametrize("text", UNSTORABLE_TEXTS, ids=short)
    def test_a_text_no_engine_keeps_is_refused_when_written(
        self, store: SessionStore, clock: ManualClock, text: str
    ) -> None:
        """The refusal is the same for every store, and nothing is written."""
        for field in ("subject", "label"):
            family = a_family(clock, **{field: text})
            with pytest.raises(ConfigurationError) as refusal:
                store.insert(family)
            assert refusal.value.code == "store.unstorable"
            assert store.read(family.session_id).family is None
        family = a_family(clock)
        store.insert(family)
        with pytest.raises(ConfigurationError) as refusal:
            store.compare_and_swap(rotated(family, clock, label=text), expected_version=1)
        assert refusal.value.code == "store.unstorable"
        assert store.read(family.session_id).family == family

    @pytest.mark.parametrize("text", UNSTORABLE_TEXTS, ids=short)
    def test_a_text_no_engine_keeps_is_never_found(
        self, store: SessionStore, clock: ManualClock, text: str
    ) -> None:
        """Looking for it is no error: it may come from a token."""
        store.insert(a_family(clock))
        assert store.read(text).family is None
        assert store.list_subject(text, text) == []

    def test_an_integer_of_more_than_64_bits_is_refused(
        self, store: SessionStore, clock: ManualClock
    ) -> None:
        """It fails as our own error, not as the engine's."""
        with pytest.raises(ConfigurationError) as refusal:
            store.insert(a_family(clock, used_at=2**63))
        assert refusal.value.code == "store.unstorable"

    def test_a_session_id_is_inserted_once(self, store: SessionStore, clock: ManualClock) -> None:
        """The second insert fails and leaves the first row as it was."""
        family = a_family(clock)
        store.insert(family)
        with pytest.raises(StoreUnavailableError) as refusal:
            store.insert(family._replace(subject="client-43"))
        assert refusal.value.code == "store.duplicate"
        assert store.read(family.session_id).family == family
        assert store.list_subject(family.issuer, "client-43") == []

    def test_a_swap_replaces_the_row_once(self, store: SessionStore, clock: ManualClock) -> None:
        """Whoever saw the last version wins; whoever saw an older one changes nothing."""
        family = a_family(clock)
        store.insert(family)
        winner = rotated(family, clock, label="winner")
        assert store.compare_and_swap(winner, expected_version=1) is True
        assert store.compare_and_swap(rotated(family, clock, label="late"), expected_version=1) is False
        assert store.read(family.session_id).family == winner

    def test_a_swap_of_a_version_to_come_changes_nothing(
        self, store: SessionStore, clock: ManualClock
    ) -> None:
        """The version must be equal, not merely reached."""
        family = a_family(clock)
        store.insert(family)
        for expected in (0, 2, 3, 2**62):
            assert store.compare_and_swap(rotated(family, clock), expected_version=expected) is False
        assert store.read(family.session_id).family == family

    @pytest.mark.parametrize("version", [0, 2**53, 2**63 - 1], ids=hex)
    def test_versions_are_compared_to_the_last_bit(
        self, store: SessionStore, clock: ManualClock, version: int
    ) -> None:
        """They are in no order and as large as 63 bits; a neighbour is another one."""
        family = a_family(clock)
        store.insert(family)
        first = rotated(family, clock, version=version)
        assert store.compare_and_swap(first, expected_version=1)
        second = rotated(first, clock, version=1)
        for neighbour in (version - 1, version ^ 1):
            assert store.compare_and_swap(second, expected_version=neighbour) is False
        assert store.compare_and_swap(second, expected_version=version) is True
        assert store.read(family.session_id).family == second

    def test_a_swap_of_a_missing_row_makes_none(self, store: SessionStore, clock: ManualClock) -> None:
        """A purged session does not come back by a late rotation."""
        family = a_family(clock)
        assert store.compare_and_swap(rotated(family, clock), expected_version=1) is False
        assert store.read(family.session_id).family is None

    def test_a_swap_concerns_one_session_only(self, store: SessionStore, clock: ManualClock) -> None:
        """Another session of the same subject and version stays as it is."""
        mine, other = a_family(clock), a_family(clock)
        store.insert(mine)
        store.insert(other)
        assert store.compare_and_swap(rotated(mine, clock), expected_version=1)
        assert store.read(other.session_id).family == other

    def test_a_chain_of_swaps(self, store: SessionStore, clock: ManualClock) -> None:
        """Each leads from version to version and is read back whole."""
        family = a_family(clock)
        store.insert(family)
        for _ in range(10):
            clock.advance(60)
            successor = rotated(family, clock)
            assert store.compare_and_swap(successor, expected_version=family.version)
            assert store.read(family.session_id).family == successor
            family = successor

    def test_the_time_is_the_stores_own(self, store: SessionStore, clock: ManualClock) -> None:
        """Every reading carries its clock's time, to the millisecond, also when that is set back."""
        family = a_family(clock)
        store.insert(family)
        for step in (0.001, 0.999, 3600, -1800):
            clock.advance(step)
            now = milliseconds(clock)
            assert store.read(family.session_id).now == now
            assert store.read("no-such-session").now == now
            assert [snapshot.now for snapshot in store.list_subject(family.issuer, family.subject)] == [now]
            assert store.epoch([]).now == now
