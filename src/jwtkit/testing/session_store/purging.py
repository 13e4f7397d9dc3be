"""What a store removes: only what was over before the time given, so many at a time."""

from __future__ import annotations

import pytest

from jwtkit.errors import ConfigurationError
from jwtkit.refresh.protocols import EpochScope, SessionStore
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.testing.clock import ManualClock
from jwtkit.testing.given import DAY, ISSUER, a_family, milliseconds, rotated

__all__ = ["PurgeLaws"]


class PurgeLaws:
    """Purge."""

    def test_there_is_nothing_to_remove_in_an_empty_store(
        self, store: SessionStore, clock: ManualClock
    ) -> None:
        """And no error."""
        assert store.purge(milliseconds(clock)) == 0

    @pytest.mark.parametrize("field", ["idle_expires_at", "absolute_expires_at", "ended_at"])
    def test_a_session_is_removed_after_it_was_over(
        self, store: SessionStore, clock: ManualClock, field: str
    ) -> None:
        """It was over before that time, not at it; the earliest of its three ends counts."""
        over = milliseconds(clock) + 1000
        family = a_family(clock, **{field: over})
        store.insert(family)
        clock.advance(60)
        assert store.purge(over) == 0
        assert store.read(family.session_id).family == family
        assert store.purge(over + 1) == 1
        assert store.read(family.session_id).family is None
        assert store.list_subject(ISSUER, family.subject) == []

    def test_a_living_session_is_never_removed(self, store: SessionStore, clock: ManualClock) -> None:
        """Not even by a time that has not come yet, which counts as now."""
        family = a_family(clock)
        store.insert(family)
        store.deny(ISSUER, "token-1", until=milliseconds(clock) + 1000)
        for before in (family.idle_expires_at + 1, family.absolute_expires_at + DAY, 2**63 - 1, 2**70):
            assert store.purge(before) == 0
        assert store.read(family.session_id).family == family

    def test_a_time_before_everything_removes_nothing(self, store: SessionStore, clock: ManualClock) -> None:
        """Nor one that no engine can keep."""
        store.insert(a_family(clock, idle_expires_at=milliseconds(clock) - 1))
        for before in (0, -1, -(2**70)):
            assert store.purge(before) == 0

    def test_a_rotation_puts_the_removal_off(self, store: SessionStore, clock: ManualClock) -> None:
        """A session that was rotated in time is not removed at its first idle expiry, but at its last."""
        family = a_family(clock)
        store.insert(family)
        clock.advance(10 * DAY / 1000)
        successor = rotated(family, clock)
        store.compare_and_swap(successor, expected_version=1)
        clock.advance(10 * DAY / 1000)
        assert store.purge(milliseconds(clock)) == 0
        assert store.read(family.session_id).family == successor
        clock.advance(5 * DAY / 1000)
        assert store.purge(milliseconds(clock)) == 1
        assert store.read(family.session_id).family is None

    def test_an_end_brings_the_removal_forward(self, store: SessionStore, clock: ManualClock) -> None:
        """A session that was ended is removed long before it would have expired."""
        family = a_family(clock)
        store.insert(family)
        ended = rotated(family, clock, ended_at=milliseconds(clock), end_reason="revoked")
        store.compare_and_swap(ended, expected_version=1)
        clock.advance(1)
        assert store.purge(milliseconds(clock)) == 1

    def test_a_denial_is_removed_after_its_time(self, store: SessionStore, clock: ManualClock) -> None:
        """And counted; not before the latest time it was given."""
        now = milliseconds(clock)
        query = RevocationQuery(issuer=ISSUER, id="token-1")
        store.deny(ISSUER, "token-1", until=now + 1000)
        store.deny(ISSUER, "token-1", until=now + 5000)
        clock.advance(4)
        assert store.purge(milliseconds(clock)) == 0
        assert store.status(query) is RevocationStatus.TOKEN_DENIED
        clock.advance(2)
        assert store.purge(now + 5000) == 0
        assert store.purge(now + 5001) == 1
        assert store.purge(now + 5001) == 0

    def test_no_more_than_the_limit_is_removed_at_once(self, store: SessionStore, clock: ManualClock) -> None:
        """Families and denials together; called again it goes on, and at last there is nothing left."""
        now = milliseconds(clock)
        living = a_family(clock)
        store.insert(living)
        for number in range(5):
            store.insert(a_family(clock, idle_expires_at=now + number))
            store.deny(ISSUER, f"token-{number}", until=now + number)
        clock.advance(1)
        removed = [store.purge(milliseconds(clock), limit=3) for _ in range(5)]
        assert removed == [3, 3, 3, 1, 0]
        assert store.read(living.session_id).family == living

    def test_rotated_sessions_do_not_hide_those_that_are_over(
        self, store: SessionStore, clock: ManualClock
    ) -> None:
        """However many sessions passed their first idle expiry and live, a small limit finds the rest."""
        families = [a_family(clock) for _ in range(8)]
        for family in families:
            store.insert(family)
        clock.advance(13 * DAY / 1000)
        forgotten = a_family(clock, idle_expires_at=milliseconds(clock) + 2 * DAY)
        store.insert(forgotten)
        for family in families:
            assert store.compare_and_swap(rotated(family, clock), expected_version=1)
        clock.advance(3 * DAY / 1000)
        assert store.purge(milliseconds(clock), limit=2) == 1
        assert store.read(forgotten.session_id).family is None
        assert all(store.read(family.session_id).family is not None for family in families)

    def test_a_limit_of_nothing_removes_nothing(self, store: SessionStore, clock: ManualClock) -> None:
        """0 is not "all", and a negative limit is refused."""
        store.insert(a_family(clock, idle_expires_at=milliseconds(clock) - 1))
        assert store.purge(milliseconds(clock), limit=0) == 0
        with pytest.raises(ConfigurationError) as refusal:
            store.purge(milliseconds(clock), limit=-1)
        assert refusal.value.code == "store.page"
        assert store.purge(milliseconds(clock), limit=2**70) == 1

    def test_a_removed_session_is_ended_and_its_id_free(
        self, store: SessionStore, clock: ManualClock
    ) -> None:
        """Its tokens stay refused; what nobody keeps can be made anew."""
        family = a_family(clock, idle_expires_at=milliseconds(clock) - 1)
        store.insert(family)
        store.purge(milliseconds(clock))
        query = RevocationQuery(issuer=ISSUER, session_id=family.session_id)
        assert store.status(query) is RevocationStatus.SESSION_ENDED
        again = a_family(clock, session_id=family.session_id)
        store.insert(again)
        assert store.read(family.session_id).family == again
        assert store.purge(milliseconds(clock)) == 0

    def test_epochs_are_never_removed(self, store: SessionStore, clock: ManualClock) -> None:
        """A token without an epoch would come to life again."""
        scope = EpochScope(ISSUER, "subject", "client-42")
        epoch = store.bump_epoch(scope)
        clock.advance(3650 * DAY / 1000)
        store.purge(milliseconds(clock))
        assert store.epoch([scope]).epoch == epoch
