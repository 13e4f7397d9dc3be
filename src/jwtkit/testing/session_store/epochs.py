"""What a store does with revocation epochs: they only rise, and concern exactly their scope."""

from __future__ import annotations

import pytest

from jwtkit.errors import ConfigurationError
from jwtkit.refresh.protocols import EpochReading, EpochScope, SessionStore
from jwtkit.testing.clock import ManualClock
from jwtkit.testing.given import (
    ISSUER,
    ODD_TEXTS,
    UNSTORABLE_TEXTS,
    a_family,
    milliseconds,
    short,
)

__all__ = ["EpochLaws"]

_ALL = EpochScope(ISSUER, "all")
_TENANT = EpochScope(ISSUER, "tenant", "acme")
_SUBJECT = EpochScope(ISSUER, "subject", "client-42")


class EpochLaws:
    """Read and bump."""

    def test_there_is_no_epoch_before_the_first(self, store: SessionStore, clock: ManualClock) -> None:
        """Nothing set reads as 0."""
        assert store.epoch([_ALL, _TENANT, _SUBJECT]) == EpochReading(0, milliseconds(clock))
        assert store.epoch([]) == EpochReading(0, milliseconds(clock))

    def test_an_epoch_is_the_time_it_was_set(self, store: SessionStore, clock: ManualClock) -> None:
        """The first epoch of a scope is now."""
        now = milliseconds(clock)
        assert store.bump_epoch(_SUBJECT) == now
        clock.advance(5)
        assert store.epoch([_SUBJECT]) == EpochReading(now, now + 5000)

    def test_an_epoch_rises_within_one_millisecond(self, store: SessionStore, clock: ManualClock) -> None:
        """Two in one instant are told apart."""
        now = milliseconds(clock)
        assert [store.bump_epoch(_ALL) for _ in range(3)] == [now, now + 1, now + 2]
        assert store.epoch([_ALL]).epoch == now + 2

    def test_an_epoch_rises_when_the_clock_is_set_back(self, store: SessionStore, clock: ManualClock) -> None:
        """A wrong clock never makes a logout take back an earlier one."""
        first = store.bump_epoch(_SUBJECT)
        clock.advance(-3600)
        assert store.bump_epoch(_SUBJECT) == first + 1
        assert store.epoch([_SUBJECT]).epoch == first + 1

    @pytest.mark.parametrize("later", [_ALL, _TENANT, _SUBJECT], ids=lambda scope: scope.kind)
    @pytest.mark.parametrize("earlier", [_ALL, _TENANT, _SUBJECT], ids=lambda scope: scope.kind)
    def test_a_later_epoch_exceeds_those_of_every_scope(
        self, store: SessionStore, clock: ManualClock, earlier: EpochScope, later: EpochScope
    ) -> None:
        """A login after one logout-all is cut off by the next, whichever scopes the two had.

        A session's epoch is the highest that applied at login. Were the next one only compared with its own
        scope's last, then in the same millisecond, or with the clock set back, it could fail to exceed it.
        """
        at_login = store.bump_epoch(earlier)
        clock.advance(-0.25)
        assert store.bump_epoch(later) > at_login

    def test_the_highest_of_the_scopes_is_read(self, store: SessionStore, clock: ManualClock) -> None:
        """In whichever order they are asked for; scopes that were never set do not matter."""
        store.bump_epoch(_ALL)
        clock.advance(1)
        highest = store.bump_epoch(_TENANT)
        assert store.epoch([_ALL, _TENANT, _SUBJECT]).epoch == highest
        assert store.epoch([_SUBJECT, _TENANT, _ALL]).epoch == highest
        assert store.epoch([_ALL]).epoch < highest
        assert store.epoch([_SUBJECT]).epoch == 0

    @pytest.mark.parametrize(
        "other",
        [
            EpochScope(ISSUER, "subject", "client-43"),
            EpochScope(ISSUER, "tenant", "client-42"),
            EpochScope(ISSUER, "all"),
            EpochScope("https://other.example", "subject", "client-42"),
            EpochScope(f"{ISSUER}:subject", "subject", "client-42"),
            EpochScope(ISSUER, "subject", "client-42 "),
            EpochScope(ISSUER, "subject", "CLIENT-42"),
            EpochScope(ISSUER, "subject", ""),
        ],
        ids=repr,
    )
    def test_an_epoch_concerns_its_scope_alone(self, store: SessionStore, other: EpochScope) -> None:
        """No other issuer, kind or name is touched, however alike it is written."""
        store.bump_epoch(_SUBJECT)
        assert store.epoch([other]).epoch == 0

    def test_names_with_separators_are_told_apart(self, store: SessionStore) -> None:
        """A store that joins issuer and name into one key must not confuse where one ends."""
        store.bump_epoch(EpochScope("https://a:b", "subject", "c"))
        assert store.epoch([EpochScope("https://a", "subject", "b:c")]).epoch == 0
        assert store.epoch([EpochScope("https://a:b", "subject", "c")]).epoch > 0

    @pytest.mark.parametrize("scope", [_ALL, _TENANT, _SUBJECT], ids=lambda scope: scope.kind)
    def test_a_family_is_read_with_every_epoch_that_applies(
        self, store: SessionStore, clock: ManualClock, scope: EpochScope
    ) -> None:
        """Everyone's, its tenant's and its subject's; in a listing too."""
        family = a_family(clock)
        store.insert(family)
        epoch = store.bump_epoch(scope)
        assert store.read(family.session_id).epoch == epoch
        assert [snapshot.epoch for snapshot in store.list_subject(ISSUER, family.subject)] == [epoch]

    def test_a_family_is_read_with_the_highest_epoch(self, store: SessionStore, clock: ManualClock) -> None:
        """The latest of several that apply."""
        family = a_family(clock)
        store.insert(family)
        for scope in (_SUBJECT, _ALL, _TENANT):
            clock.advance(1)
            epoch = store.bump_epoch(scope)
            assert store.read(family.session_id).epoch == epoch

    @pytest.mark.parametrize(
        "scope",
        [
            EpochScope(ISSUER, "tenant", "other"),
            EpochScope(ISSUER, "tenant", ""),
            EpochScope(ISSUER, "subject", "client-43"),
            EpochScope("https://other.example", "all"),
            EpochScope("https://other.example", "subject", "client-42"),
        ],
        ids=repr,
    )
    def test_an_epoch_of_others_does_not_apply_to_a_family(
        self, store: SessionStore, clock: ManualClock, scope: EpochScope
    ) -> None:
        """Another tenant, subject or issuer is logged out alone; no tenant is in no tenant's scope."""
        store.bump_epoch(scope)
        mine = a_family(clock)
        without_tenant = a_family(clock, tenant=None)
        store.insert(mine)
        store.insert(without_tenant)
        assert store.read(mine.session_id).epoch == 0
        assert store.read(without_tenant.session_id).epoch == 0

    def test_an_epoch_waits_for_sessions_to_come(self, store: SessionStore, clock: ManualClock) -> None:
        """It is read with a session made after it, too: the rotator compares, not the store."""
        epoch = store.bump_epoch(_TENANT)
        family = a_family(clock)
        store.insert(family)
        assert store.read(family.session_id).epoch == epoch

    @pytest.mark.parametrize("text", ODD_TEXTS, ids=short)
    def test_odd_names_have_epochs(self, store: SessionStore, text: str) -> None:
        """Quotes, patterns and every script name a scope."""
        scope = EpochScope(text, "subject", text)
        epoch = store.bump_epoch(scope)
        assert store.epoch([scope]).epoch == epoch

    @pytest.mark.parametrize("text", UNSTORABLE_TEXTS, ids=short)
    def test_a_name_no_engine_keeps_has_no_epoch(self, store: SessionStore, text: str) -> None:
        """Setting one is refused; asking for one finds none."""
        for scope in (EpochScope(ISSUER, "subject", text), EpochScope(text, "all")):
            with pytest.raises(ConfigurationError) as refusal:
                store.bump_epoch(scope)
            assert refusal.value.code == "store.unstorable"
            assert store.epoch([scope]).epoch == 0

    def test_many_scopes_are_asked_for_at_once(self, store: SessionStore, clock: ManualClock) -> None:
        """A caller may ask for more scopes than apply to one session."""
        epoch = store.bump_epoch(_SUBJECT)
        scopes = [EpochScope(ISSUER, "subject", f"client-{number}") for number in range(200)]
        assert store.epoch(scopes) == EpochReading(epoch, milliseconds(clock))
