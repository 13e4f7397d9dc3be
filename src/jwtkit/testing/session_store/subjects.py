"""What a store lists: the sessions of one subject, newest first, and the secrets living ones need."""

from __future__ import annotations

from itertools import chain
from typing import cast

import pytest

from jwtkit.errors import ConfigurationError
from jwtkit.refresh.family import Family
from jwtkit.refresh.protocols import SecretRegistry, SessionStore
from jwtkit.testing.clock import ManualClock
from jwtkit.testing.given import DAY, ISSUER, a_family, milliseconds, rotated

__all__ = ["SubjectLaws"]


def _listed(store: SessionStore, *, limit: int = 100, offset: int = 0) -> list[str]:
    snapshots = store.list_subject(ISSUER, "client-42", limit=limit, offset=offset)
    return [snapshot.family.session_id for snapshot in snapshots if snapshot.family is not None]


class SubjectLaws:
    """List a subject's sessions; say which rotation secrets are needed."""

    def test_a_subject_without_sessions_has_an_empty_list(self, store: SessionStore) -> None:
        """Not an error."""
        assert store.list_subject(ISSUER, "client-42") == []

    def test_the_newest_login_comes_first(self, store: SessionStore, clock: ManualClock) -> None:
        """In order of login, whatever the order of insertion and of use; equal ones in order of their ids."""
        now = milliseconds(clock)
        logins = {"b": 2, "e": 1, "a": 3, "d": 2, "c": 2}
        for session_id, minute in logins.items():
            store.insert(a_family(clock, session_id=session_id, created_at=now + minute * 60_000))
        oldest = store.read("e").family
        assert oldest is not None
        clock.advance(3600)
        store.compare_and_swap(rotated(oldest, clock), expected_version=1)
        assert _listed(store) == ["a", "b", "c", "d", "e"]

    def test_pages_hold_every_session_once(self, store: SessionStore, clock: ManualClock) -> None:
        """Cut anywhere, also where logins have the same time."""
        for number in range(7):
            store.insert(a_family(clock, session_id=f"s{number}"))
        whole = _listed(store)
        assert sorted(whole) == [f"s{number}" for number in range(7)]
        for size in (1, 2, 3, 7, 8):
            pages = [_listed(store, limit=size, offset=first) for first in range(0, 9, size)]
            assert list(chain.from_iterable(pages)) == whole

    def test_the_ends_of_paging(self, store: SessionStore, clock: ManualClock) -> None:
        """Nothing asked for is nothing; beyond the end is nothing; a huge limit is everything."""
        store.insert(a_family(clock, session_id="only"))
        assert _listed(store, limit=0) == []
        assert _listed(store, offset=1) == []
        assert _listed(store, offset=2**70) == []
        assert _listed(store, limit=2**70) == ["only"]

    @pytest.mark.parametrize("page", [{"limit": -1}, {"offset": -1}], ids=repr)
    def test_a_negative_page_is_refused(self, store: SessionStore, page: dict[str, int]) -> None:
        """Some engines take -1 for "no limit"."""
        with pytest.raises(ConfigurationError) as refusal:
            store.list_subject(ISSUER, "client-42", **page)
        assert refusal.value.code == "store.page"

    def test_only_the_subjects_own_sessions_are_listed(self, store: SessionStore, clock: ManualClock) -> None:
        """Not another subject's, and not those of another issuer's subject of the same name."""
        mine = a_family(clock)
        store.insert(mine)
        store.insert(a_family(clock, subject="client-43"))
        store.insert(a_family(clock, subject="client-4"))
        store.insert(a_family(clock, subject="client-42 "))
        store.insert(a_family(clock, issuer="https://other.example"))
        assert [snapshot.family for snapshot in store.list_subject(ISSUER, "client-42")] == [mine]

    def test_issuers_and_subjects_with_separators_are_told_apart(
        self, store: SessionStore, clock: ManualClock
    ) -> None:
        """A store that joins the two into one key must not confuse where one ends."""
        store.insert(a_family(clock, issuer="https://a:b", subject="c"))
        assert store.list_subject("https://a", "b:c") == []
        assert len(store.list_subject("https://a:b", "c")) == 1

    def test_ended_and_expired_sessions_are_listed(self, store: SessionStore, clock: ManualClock) -> None:
        """Until they are purged: who looks decides what to show."""
        now = milliseconds(clock)
        store.insert(a_family(clock, session_id="1", created_at=now))
        store.insert(a_family(clock, session_id="2", created_at=now - 1, idle_expires_at=now - 1))
        ended = a_family(clock, session_id="3", created_at=now - 2, ended_at=now - 1, end_reason="revoked")
        store.insert(ended)
        assert _listed(store) == ["1", "2", "3"]

    def test_a_listing_shows_the_rows_as_they_are_now(self, store: SessionStore, clock: ManualClock) -> None:
        """The swapped row, not the inserted one."""
        family = a_family(clock)
        store.insert(family)
        successor = rotated(family, clock, label="renamed")
        store.compare_and_swap(successor, expected_version=1)
        assert [snapshot.family for snapshot in store.list_subject(ISSUER, "client-42")] == [successor]

    def test_the_secrets_of_living_sessions_are_known(self, store: SessionStore, clock: ManualClock) -> None:
        """Each id while a session of this issuer made with it lives; not long after the last one is over."""
        registry = _registry(store)
        assert registry.live_key_ids(ISSUER) == frozenset()
        now = milliseconds(clock)
        first: Family = a_family(clock, key_id="k1")
        store.insert(first)
        store.insert(a_family(clock, key_id="k2", idle_expires_at=now + DAY))
        store.insert(a_family(clock, key_id="k3", issuer="https://other.example"))
        assert registry.live_key_ids(ISSUER) == {"k1", "k2"}
        store.compare_and_swap(rotated(first, clock, key_id="k4"), expected_version=1)
        assert registry.live_key_ids(ISSUER) >= {"k2", "k4"}
        clock.advance(2 * DAY / 1000)
        store.purge(milliseconds(clock))
        assert registry.live_key_ids(ISSUER) == {"k4"}
        assert registry.live_key_ids("https://unknown.example") == frozenset()


def _registry(store: SessionStore) -> SecretRegistry:
    if not hasattr(store, "live_key_ids"):
        pytest.skip("the store does not say which rotation secrets it needs (SecretRegistry)")
    return cast("SecretRegistry", store)
