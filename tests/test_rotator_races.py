"""Swaps lost, outcomes unknown, parts that fail half-way: nothing forks and nobody is logged out."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from tests.refresh.kit import (
    AUDIENCE,
    ISSUER,
    SECRET,
    Clock,
    foreign_failure,
    make_validator,
    nothing,
    unavailable,
)
from tests.test_rotator import Service

from jwtkit.errors import (
    ContentionError,
    KeysUnavailableError,
    RefreshTokenInvalidError,
    RefreshTokenReusedError,
    RefreshTokenRevokedError,
    StoreUnavailableError,
)
from jwtkit.events import RefreshRefused, SessionEnded, SessionRefreshed
from jwtkit.issuer import TokenIssuer
from jwtkit.jose import SigningKey
from jwtkit.refresh import Grant, RefreshPolicy, Session, TokenPair
from jwtkit.refresh.live_sessions import ATTEMPTS
from jwtkit.rotator import RefreshRotator
from jwtkit.stores import MemorySessionStore

FAILURES = [unavailable, foreign_failure]


@pytest.fixture
def service() -> Service:
    return Service()


def keep(pairs: list[TokenPair], rotate: Callable[[], TokenPair]) -> Callable[[], None]:
    return lambda: pairs.append(rotate())


class TestALostSwap:
    """Somebody else wrote between the read and the swap."""

    def test_the_loser_gets_the_winners_successor(self, service: Service) -> None:
        first = service.rotator.start("client-42")
        won: list[TokenPair] = []
        rival = service.again(store=service.memory)
        service.store.before["compare_and_swap"] = [keep(won, lambda: rival.rotate(first.refresh_token))]
        pair = service.rotator.rotate(first.refresh_token)
        assert pair.retried
        assert pair.refresh_token == won[0].refresh_token
        assert service.row(first.session_id).generation == 1

    def test_the_access_token_is_signed_once(self, service: Service) -> None:
        asked: list[Session] = []

        def grant(session: Session) -> Grant:
            asked.append(session)
            return Grant(scopes=["orders:read", "orders:write"])

        first = service.rotator.start("client-42")
        rival = service.again(store=service.memory)
        service.store.before["compare_and_swap"] = [lambda: rival.rotate(first.refresh_token)]
        scopes = iter(["orders:read"])  # can be read only once
        pair = service.again(grant=grant).rotate(first.refresh_token, scopes=scopes)
        assert len(asked) == 1
        assert service.validator.validate(pair.access_token).scopes == {"orders:read"}

    def test_overtaken_twice_is_a_503_and_no_reuse(self, service: Service) -> None:
        first = service.rotator.start("client-42")
        rival = service.again(store=service.memory)

        def overtake() -> None:
            pair = rival.rotate(first.refresh_token)
            service.clock.turn(60)
            rival.rotate(rival.rotate(pair.refresh_token).refresh_token)

        service.store.before["compare_and_swap"] = [overtake]
        with pytest.raises(ContentionError) as caught:
            service.rotator.rotate(first.refresh_token)
        assert (caught.value.code, caught.value.http_status) == ("store.contention", 503)
        assert service.row(first.session_id).ended_at is None

    def test_a_logout_in_between_wins(self, service: Service) -> None:
        first = service.rotator.start("client-42")
        service.store.before["compare_and_swap"] = [
            lambda: service.again(store=service.memory).revoke(first.refresh_token)
        ]
        with pytest.raises(RefreshTokenRevokedError):
            service.rotator.rotate(first.refresh_token)

    def test_losing_for_ever_is_a_503(self, service: Service) -> None:
        first = service.rotator.start("client-42")
        service.store.before["compare_and_swap"] = [
            lambda: service.edit(first.session_id, label="touched")
        ] * ATTEMPTS
        with pytest.raises(ContentionError):
            service.rotator.rotate(first.refresh_token)
        assert not service.rotator.rotate(first.refresh_token).retried

    def test_without_rotation_a_lost_note_of_use_is_made_again(self) -> None:
        service = Service(policy=RefreshPolicy(rotate=False))
        first = service.rotator.start("client-42")
        service.clock.turn(60)
        service.store.before["compare_and_swap"] = [lambda: service.edit(first.session_id, label="touched")]
        service.rotator.rotate(first.refresh_token)
        assert service.row(first.session_id).used_at == service.clock() * 1000


class TestAnUnknownOutcome:
    """The store failed during the swap: it was written, or it was not."""

    @pytest.mark.parametrize("failure", FAILURES)
    def test_it_was_written(self, service: Service, failure: Any) -> None:
        first = service.rotator.start("client-42")
        service.store.after["compare_and_swap"] = [failure]
        pair = service.rotator.rotate(first.refresh_token)
        assert not pair.retried
        assert service.row(first.session_id).generation == 1
        assert service.store.calls.count("compare_and_swap") == 1
        service.clock.turn(60)
        service.rotator.rotate(pair.refresh_token)
        assert len(service.recorder.of(SessionRefreshed)) == 2

    @pytest.mark.parametrize("failure", FAILURES)
    def test_it_was_not_written(self, service: Service, failure: Any) -> None:
        first = service.rotator.start("client-42")
        service.store.before["compare_and_swap"] = [failure]
        pair = service.rotator.rotate(first.refresh_token)
        assert not pair.retried
        assert service.store.calls.count("compare_and_swap") == 2
        service.rotator.rotate(pair.refresh_token)

    def test_written_after_the_window_has_closed(self, service: Service) -> None:
        """The nonce is this call's own, so however long the store took it is no reuse."""
        first = service.rotator.start("client-42")

        def slow() -> None:
            service.clock.turn(3600)
            unavailable()

        service.store.after["compare_and_swap"] = [slow]
        assert not service.rotator.rotate(first.refresh_token).retried

    def test_written_late_by_the_line_that_was_cut(self, service: Service) -> None:
        """The first swap arrives only when the second is tried: the same nonce, so the same successor."""
        first = service.rotator.start("client-42")
        late: list[Any] = []
        swap = service.memory.compare_and_swap

        def cut(family: Any, /, *, expected_version: int) -> bool:
            if not late:
                late.append((family, expected_version))
                raise StoreUnavailableError("cut")
            assert swap(late[0][0], expected_version=late[0][1])
            service.memory.compare_and_swap = swap  # type: ignore[method-assign]
            return swap(family, expected_version=expected_version)

        service.memory.compare_and_swap = cut  # type: ignore[method-assign]
        service.clock.turn(1)
        pair = service.rotator.rotate(first.refresh_token)
        assert not pair.retried
        service.rotator.rotate(pair.refresh_token)
        assert service.row(first.session_id).generation == 2

    def test_then_the_store_stays_down(self, service: Service) -> None:
        first = service.rotator.start("client-42")
        service.store.after["compare_and_swap"] = [unavailable]
        service.store.before["read"] = [nothing, unavailable]
        with pytest.raises(StoreUnavailableError) as caught:
            service.rotator.rotate(first.refresh_token)
        assert caught.value.code == "store.unavailable"
        assert service.rotator.rotate(first.refresh_token).retried

    def test_swaps_that_always_fail(self, service: Service) -> None:
        first = service.rotator.start("client-42")
        service.store.before["compare_and_swap"] = [foreign_failure] * ATTEMPTS
        with pytest.raises(StoreUnavailableError) as caught:
            service.rotator.rotate(first.refresh_token)
        assert "hunter2" not in str(caught.value)
        assert isinstance(caught.value.__cause__, OSError)
        assert not service.rotator.rotate(first.refresh_token).retried

    @pytest.mark.parametrize("failure", FAILURES)
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_reuse_is_told_all_the_same(self, service: Service, when: str, failure: Any) -> None:
        first = service.rotator.start("client-42")
        service.rotator.rotate(first.refresh_token)
        service.clock.turn(60)
        getattr(service.store, when)["compare_and_swap"] = [failure]
        with pytest.raises(RefreshTokenReusedError):
            service.rotator.rotate(first.refresh_token)
        assert [event.reason for event in service.recorder.of(SessionEnded)] == ["reused"]
        assert service.row(first.session_id).end_reason == "reused"

    def test_a_reuse_whose_first_write_lands_late_is_told_all_the_same(self) -> None:
        """Cut twice, and then the row holds what was written first."""

        class Late(MemorySessionStore):
            held: list[tuple[Any, int]] = []

            def compare_and_swap(self, family: Any, /, *, expected_version: int) -> bool:
                if family.end_reason != "reused":
                    return super().compare_and_swap(family, expected_version=expected_version)
                self.held.append((family, expected_version))
                service.clock.turn(1)
                if len(self.held) == 2:
                    first, version = self.held[0]
                    assert super().compare_and_swap(first, expected_version=version)
                raise StoreUnavailableError("cut")

        service = Service()
        rotator = service.again(store=Late(clock=service.clock))
        first = rotator.start("client-42")
        rotator.rotate(first.refresh_token)
        service.clock.turn(60)
        with pytest.raises(RefreshTokenReusedError):
            rotator.rotate(first.refresh_token)
        assert [event.reason for event in service.recorder.of(SessionEnded)] == ["reused"]

    def test_a_reuse_nobody_was_told_of_is_told_of_when_the_token_comes_back(self, service: Service) -> None:
        """The row says that the session ended, and the answer to the one who ended it was lost."""
        first = service.rotator.start("client-42")
        service.rotator.rotate(first.refresh_token)
        service.clock.turn(60)
        service.store.after["compare_and_swap"] = [
            lambda: (service.store.before.update(read=[unavailable]), unavailable())
        ]
        with pytest.raises(StoreUnavailableError):
            service.rotator.rotate(first.refresh_token)
        assert service.recorder.of(SessionEnded) == service.recorder.of(RefreshRefused) == []
        for count in (1, 2):
            with pytest.raises(RefreshTokenRevokedError):
                service.rotator.rotate(first.refresh_token)
            told = service.recorder.of(RefreshRefused)
            assert [(one.code, one.detail) for one in told] == [
                ("refresh.revoked", "the session was ended: reused")
            ] * count

    def test_a_reuse_whose_row_is_removed_meanwhile(self, service: Service) -> None:
        first = service.rotator.start("client-42")
        service.rotator.rotate(first.refresh_token)
        service.clock.turn(3600)

        def remove() -> None:
            service.memory._families.clear()
            unavailable()

        service.store.before["compare_and_swap"] = [remove]
        with pytest.raises(RefreshTokenInvalidError):
            service.rotator.rotate(first.refresh_token)

    def test_a_reuse_that_meets_a_logout_is_a_logout(self, service: Service) -> None:
        first = service.rotator.start("client-42")
        service.rotator.rotate(first.refresh_token)
        service.clock.turn(60)
        rival = service.again(store=service.memory, observer=None)

        def logout() -> None:
            rival.revoke(first.refresh_token)
            unavailable()

        service.store.before["compare_and_swap"] = [logout]
        with pytest.raises(RefreshTokenRevokedError):
            service.rotator.rotate(first.refresh_token)
        assert service.recorder.of(SessionEnded) == []


class TestARevocation:
    """Logout must win, whatever else is going on."""

    def test_against_rotations(self, service: Service) -> None:
        first = service.rotator.start("client-42")
        rival = service.again(store=service.memory)
        pairs = [first]
        service.store.before["compare_and_swap"] = [
            keep(pairs, lambda: rival.rotate(pairs[-1].refresh_token)) for _ in range(3)
        ]
        assert service.rotator.revoke(first.refresh_token) is True
        with pytest.raises(RefreshTokenRevokedError):
            rival.rotate(pairs[-1].refresh_token)

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_whose_outcome_is_unknown(self, service: Service, when: str) -> None:
        first = service.rotator.start("client-42")
        getattr(service.store, when)["compare_and_swap"] = [unavailable]
        assert service.rotator.revoke(first.refresh_token) is True
        assert service.row(first.session_id).end_reason == "revoked"
        assert len(service.recorder.of(SessionEnded)) == 1

    def test_whose_outcome_is_unknown_and_that_a_reuse_has_overtaken(self, service: Service) -> None:
        """The end that stands is the other's, and so is its event."""
        first = service.rotator.start("client-42")
        rival = service.again(store=service.memory, observer=None)
        newest = rival.rotate(first.refresh_token)
        service.clock.turn(60)

        def reuse() -> None:
            with pytest.raises(RefreshTokenReusedError):
                rival.rotate(first.refresh_token)
            unavailable()

        service.store.before["compare_and_swap"] = [reuse]
        assert service.rotator.revoke(newest.refresh_token) is False
        assert service.row(first.session_id).end_reason == "reused"
        assert service.recorder.of(SessionEnded) == []

    def test_that_cannot_be_made_is_a_503(self, service: Service) -> None:
        first = service.rotator.start("client-42")
        service.store.before["compare_and_swap"] = [unavailable] * ATTEMPTS
        with pytest.raises(StoreUnavailableError):
            service.rotator.revoke(first.refresh_token)
        service.store.before["compare_and_swap"] = [
            lambda: service.edit(first.session_id, label="touched")
        ] * ATTEMPTS
        with pytest.raises(ContentionError):
            service.rotator.revoke(first.refresh_token)
        service.store.before["read"] = [foreign_failure]
        with pytest.raises(StoreUnavailableError):
            service.rotator.revoke(first.refresh_token)
        assert service.recorder.of(SessionEnded) == []


def test_a_signer_that_is_down_leaves_the_row_untouched() -> None:
    key = SigningKey.generate("HS256")

    class Sometimes:
        up = True

        def signer(self) -> Any:
            if not self.up:
                raise OSError("no route to the key")
            return key

    clock, keys = Clock(), Sometimes()
    store = MemorySessionStore(clock=clock)
    rotator = RefreshRotator(
        TokenIssuer(ISSUER, audience=AUDIENCE, keys=keys, clock=clock),
        make_validator(clock, key=key),
        store=store,
        secret=SECRET,
        clock=clock,
    )
    pair = rotator.start("client-42")
    before = store.read(pair.session_id)
    keys.up = False
    with pytest.raises(KeysUnavailableError):
        rotator.rotate(pair.refresh_token)
    assert store.read(pair.session_id) == before
    keys.up = True
    assert not rotator.rotate(pair.refresh_token).retried


@pytest.mark.parametrize("failure", FAILURES)
def test_every_call_turns_a_failing_store_into_503(service: Service, failure: Any) -> None:
    pair = service.rotator.start("client-42")
    calls: dict[str, list[Callable[[], object]]] = {
        "read": [
            lambda: service.rotator.rotate(pair.refresh_token),
            lambda: service.rotator.revoke(pair.refresh_token),
            lambda: service.rotator.revoke_session(pair.session_id),
        ],
        "bump_epoch": [
            lambda: service.rotator.revoke_subject("client-42"),
            lambda: service.rotator.revoke_tenant("acme"),
            service.rotator.revoke_all,
        ],
        "list_subject": [lambda: service.rotator.sessions("client-42")],
        "epoch": [lambda: service.rotator.epoch("client-42"), service.rotator.purge],
        "purge": [service.rotator.purge],
    }
    for name, named in calls.items():
        for call in named:
            service.store.before[name] = [failure]
            with pytest.raises(StoreUnavailableError) as caught:
                call()
            assert "hunter2" not in str(caught.value)
    assert not service.rotator.rotate(pair.refresh_token).retried


def test_threads_that_race_with_one_token_get_one_successor() -> None:
    service = Service()
    token = service.rotator.start("client-42").refresh_token
    for _ in range(20):
        barrier, answers = Barrier(8), list[TokenPair]()

        def race(token: str = token, barrier: Barrier = barrier, answers: list[TokenPair] = answers) -> None:
            rotator = service.again(store=service.memory)
            barrier.wait()
            answers.append(rotator.rotate(token))

        threads = [Thread(target=race) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(answers) == 8
        assert len({pair.refresh_token for pair in answers}) == 1
        assert sum(not pair.retried for pair in answers) == 1
        token = answers[0].refresh_token
