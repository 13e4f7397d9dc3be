"""What a store answers a validator: every answer, which one comes first, and where each one ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jwtkit.errors import ConfigurationError
from jwtkit.refresh.protocols import EpochScope, SessionStore
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.testing.clock import ManualClock
from jwtkit.testing.given import (
    DAY,
    ISSUER,
    ODD_TEXTS,
    UNSTORABLE_TEXTS,
    a_family,
    milliseconds,
    rotated,
    short,
)

__all__ = ["RevocationLaws"]

ACTIVE = RevocationStatus.ACTIVE
SESSION_ENDED = RevocationStatus.SESSION_ENDED
LOGGED_OUT = RevocationStatus.LOGGED_OUT
TOKEN_DENIED = RevocationStatus.TOKEN_DENIED

_TOKEN = RevocationQuery(issuer=ISSUER, id="token-1", subject="client-42", tenant="acme")
"""A token that belongs to no session."""

_SCOPES = (
    EpochScope(ISSUER, "all"),
    EpochScope(ISSUER, "tenant", "acme"),
    EpochScope(ISSUER, "subject", "client-42"),
)


class RevocationLaws:
    """Deny and status."""

    def test_a_token_nothing_is_known_of_is_active(self, store: SessionStore) -> None:
        """Without session, epoch or denial there is nothing against it."""
        assert store.status(_TOKEN) is ACTIVE
        assert store.status(RevocationQuery(issuer=ISSUER)) is ACTIVE

    def test_a_token_of_a_living_session_is_active(self, store: SessionStore, clock: ManualClock) -> None:
        """Also after its session was rotated."""
        family = a_family(clock)
        store.insert(family)
        query = replace(_TOKEN, session_id=family.session_id)
        assert store.status(query) is ACTIVE
        store.compare_and_swap(rotated(family, clock), expected_version=1)
        assert store.status(query) is ACTIVE

    def test_a_token_of_a_session_nobody_knows_is_refused(
        self, store: SessionStore, clock: ManualClock
    ) -> None:
        """A purged session stays ended, and another issuer's session is not this one's."""
        family = a_family(clock)
        store.insert(family)
        assert store.status(replace(_TOKEN, session_id="no-such-session")) is SESSION_ENDED
        stolen = replace(_TOKEN, issuer="https://other.example", session_id=family.session_id)
        assert store.status(stolen) is SESSION_ENDED

    def test_a_token_of_an_ended_session_is_refused(self, store: SessionStore, clock: ManualClock) -> None:
        """And stays refused when the clock is set back to before the end."""
        family = a_family(clock)
        store.insert(family)
        clock.advance(60)
        ended = rotated(family, clock, ended_at=milliseconds(clock), end_reason="revoked")
        assert store.compare_and_swap(ended, expected_version=1)
        query = replace(_TOKEN, session_id=family.session_id)
        assert store.status(query) is SESSION_ENDED
        clock.advance(-30)
        assert store.status(query) is SESSION_ENDED

    @pytest.mark.parametrize("field", ["idle_expires_at", "absolute_expires_at"])
    def test_a_token_of_an_expired_session_is_refused(
        self, store: SessionStore, clock: ManualClock, field: str
    ) -> None:
        """From the very millisecond of the earlier of the two expiries."""
        family = a_family(clock, **{field: milliseconds(clock) + 1000})
        store.insert(family)
        query = replace(_TOKEN, session_id=family.session_id)
        clock.advance(0.999)
        assert store.status(query) is ACTIVE
        clock.advance(0.001)
        assert store.status(query) is SESSION_ENDED

    @pytest.mark.parametrize("scope", _SCOPES, ids=lambda scope: scope.kind)
    @pytest.mark.parametrize("in_session", [True, False])
    def test_a_token_older_than_an_epoch_is_logged_out(
        self, store: SessionStore, clock: ManualClock, scope: EpochScope, in_session: bool
    ) -> None:
        """Older means a lower epoch; one of the same epoch, or a later one, stands."""
        family = a_family(clock)
        store.insert(family)
        epoch = store.bump_epoch(scope)
        query = replace(_TOKEN, session_id=family.session_id) if in_session else _TOKEN
        assert store.status(replace(query, epoch=epoch - 1)) is LOGGED_OUT
        assert store.status(replace(query, epoch=epoch)) is ACTIVE
        assert store.status(replace(query, epoch=epoch + 1)) is ACTIVE

    @pytest.mark.parametrize("scope", _SCOPES, ids=lambda scope: scope.kind)
    def test_a_token_without_an_epoch_is_cut_off_by_the_first(
        self, store: SessionStore, clock: ManualClock, scope: EpochScope
    ) -> None:
        """It counts as of epoch 0, whatever the epoch of its session."""
        family = a_family(clock, epoch=milliseconds(clock) + DAY)
        store.insert(family)
        store.bump_epoch(scope)
        assert store.status(_TOKEN) is LOGGED_OUT
        assert store.status(replace(_TOKEN, session_id=family.session_id)) is LOGGED_OUT

    def test_an_epoch_of_others_does_not_log_out(self, store: SessionStore) -> None:
        """Another subject, tenant or issuer; a token of no subject or tenant is in no such scope."""
        store.bump_epoch(EpochScope(ISSUER, "subject", "client-43"))
        store.bump_epoch(EpochScope(ISSUER, "tenant", "other"))
        store.bump_epoch(EpochScope(ISSUER, "tenant", ""))
        store.bump_epoch(EpochScope(ISSUER, "subject", ""))
        store.bump_epoch(EpochScope("https://other.example", "all"))
        assert store.status(_TOKEN) is ACTIVE
        assert store.status(replace(_TOKEN, subject=None, tenant=None)) is ACTIVE

    def test_a_session_says_its_own_subject_and_tenant(self, store: SessionStore, clock: ManualClock) -> None:
        """A token need not carry its tenant to be logged out with it, and cannot name another."""
        family = a_family(clock)
        store.insert(family)
        store.bump_epoch(EpochScope(ISSUER, "tenant", "acme"))
        bare = RevocationQuery(issuer=ISSUER, session_id=family.session_id)
        assert store.status(bare) is LOGGED_OUT
        assert store.status(replace(bare, subject="client-42", tenant="other")) is LOGGED_OUT
        other = a_family(clock, subject="client-43", tenant=None)
        store.insert(other)
        assert store.status(replace(bare, session_id=other.session_id, tenant="acme")) is ACTIVE
        assert store.status(replace(bare, session_id=other.session_id, subject="client-44")) is ACTIVE
        store.bump_epoch(EpochScope(ISSUER, "subject", "client-43"))
        assert store.status(replace(bare, session_id=other.session_id, subject="client-44")) is LOGGED_OUT

    def test_a_denied_token_is_refused_until_its_time(self, store: SessionStore, clock: ManualClock) -> None:
        """Up to, and not including, the very millisecond."""
        store.deny(ISSUER, "token-1", until=milliseconds(clock) + 1000)
        clock.advance(0.999)
        assert store.status(_TOKEN) is TOKEN_DENIED
        clock.advance(0.001)
        assert store.status(_TOKEN) is ACTIVE

    def test_a_denial_concerns_one_token_of_one_issuer(self, store: SessionStore, clock: ManualClock) -> None:
        """Another id, or the same id of another issuer, is another token."""
        store.deny(ISSUER, "token-1", until=milliseconds(clock) + 1000)
        assert store.status(replace(_TOKEN, id="token-2")) is ACTIVE
        assert store.status(replace(_TOKEN, id="TOKEN-1")) is ACTIVE
        assert store.status(replace(_TOKEN, id=None)) is ACTIVE
        assert store.status(replace(_TOKEN, issuer="https://other.example")) is ACTIVE

    @pytest.mark.parametrize("seconds", [(10, 60), (60, 10)], ids=["longer", "shorter"])
    def test_the_later_denial_wins(
        self, store: SessionStore, clock: ManualClock, seconds: tuple[int, int]
    ) -> None:
        """Denying again can only prolong."""
        now = milliseconds(clock)
        for until in seconds:
            store.deny(ISSUER, "token-1", until=now + until * 1000)
        clock.advance(59.999)
        assert store.status(_TOKEN) is TOKEN_DENIED
        clock.advance(0.001)
        assert store.status(_TOKEN) is ACTIVE

    def test_the_first_reason_is_the_answer(self, store: SessionStore, clock: ManualClock) -> None:
        """An ended session comes before an epoch, an epoch before a denial, each alone being enough."""
        family = a_family(clock)
        store.insert(family)
        query = replace(_TOKEN, session_id=family.session_id)
        store.deny(ISSUER, "token-1", until=milliseconds(clock) + 1000)
        assert store.status(query) is TOKEN_DENIED
        epoch = store.bump_epoch(EpochScope(ISSUER, "subject", "client-42"))
        assert store.status(query) is LOGGED_OUT
        assert store.status(replace(query, epoch=epoch)) is TOKEN_DENIED
        ended = rotated(family, clock, ended_at=milliseconds(clock), end_reason="revoked")
        store.compare_and_swap(ended, expected_version=1)
        assert store.status(query) is SESSION_ENDED

    @pytest.mark.parametrize("text", ODD_TEXTS, ids=short)
    def test_odd_names_are_denied(self, store: SessionStore, clock: ManualClock, text: str) -> None:
        """Quotes, patterns and every script name a token."""
        store.deny(text, text, until=milliseconds(clock) + 1000)
        assert store.status(RevocationQuery(issuer=text, id=text)) is TOKEN_DENIED

    @pytest.mark.parametrize("text", UNSTORABLE_TEXTS, ids=short)
    def test_names_no_engine_keeps(self, store: SessionStore, clock: ManualClock, text: str) -> None:
        """Denying one is refused; a token that carries one has no session here, nor anything against it."""
        for issuer, token_id in ((ISSUER, text), (text, "token-1")):
            with pytest.raises(ConfigurationError) as refusal:
                store.deny(issuer, token_id, until=milliseconds(clock) + 1000)
            assert refusal.value.code == "store.unstorable"
        odd = RevocationQuery(issuer=ISSUER, id=text, subject=text, tenant=text)
        assert store.status(odd) is ACTIVE
        assert store.status(replace(odd, session_id=text)) is SESSION_ENDED
        assert store.status(replace(odd, issuer=text)) is ACTIVE

    def test_a_denial_beyond_64_bits_is_refused(self, store: SessionStore) -> None:
        """It fails as our own error, not as the engine's."""
        with pytest.raises(ConfigurationError) as refusal:
            store.deny(ISSUER, "token-1", until=2**63)
        assert refusal.value.code == "store.unstorable"
