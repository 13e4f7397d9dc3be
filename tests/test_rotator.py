"""rotate() and revoke(): the decision table as a service meets it, with its errors, codes and events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.refresh.kit import (
    ISSUER,
    NOW,
    SECRET,
    Clock,
    Disturbed,
    Recorder,
    Untouchable,
    make_rotator,
    make_validator,
    unavailable,
)

from jwtkit.errors import (
    ConfigurationError,
    RefreshError,
    RefreshMismatchError,
    RefreshScopeError,
    RefreshTokenExpiredError,
    RefreshTokenInvalidError,
    RefreshTokenReusedError,
    RefreshTokenRevokedError,
    StoreUnavailableError,
)
from jwtkit.events import RefreshRefused, SessionEnded, SessionRefreshed, SessionsEnded, SessionStarted
from jwtkit.refresh import Grant, RefreshPolicy, RotationSecret, Session
from jwtkit.rotator import RefreshRotator
from jwtkit.stores import MemorySessionStore

DAY = 86_400
BOUND = {"client_id": "web", "tenant": "acme", "confirmation": "thumbprint"}


class Service:
    """A rotator with everything round it in reach."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        self.memory = MemorySessionStore(clock=self.clock)
        self.store = Disturbed(self.memory)
        self.recorder = Recorder()
        self.options = {"store": self.store, "observer": self.recorder, **options}
        self.rotator = self.again()
        self.validator = make_validator(self.clock)

    def again(self, **options: Any) -> RefreshRotator:
        """Make another rotator over the same store."""
        return make_rotator(self.clock, **{**self.options, **options})

    def row(self, session_id: str) -> Any:
        return self.memory.read(session_id).family

    def edit(self, session_id: str, **columns: Any) -> None:
        row = self.row(session_id)
        after = row._replace(version=row.version + 1, **columns)
        assert self.memory.compare_and_swap(after, expected_version=row.version)

    def refused(self, error: type[RefreshError], refresh_token: Any, **context: Any) -> RefreshError:
        with pytest.raises(RefreshError) as caught:
            self.rotator.rotate(refresh_token, **context)
        assert type(caught.value) is error
        assert caught.value.code == error.default_code
        assert caught.value.http_status == 400
        # A client that came to see the message would learn nothing of which check failed.
        assert str(caught.value) in (
            "the refresh token is not accepted; log in again",
            "the refresh token is not valid; log in again",
        )
        return caught.value


@pytest.fixture
def service() -> Service:
    return Service()


def test_a_session_goes_on_from_pair_to_pair(service: Service) -> None:
    pair = service.rotator.start("client-42", scopes=["orders:read"], claims={"plan": "gold"}, **BOUND)
    seen = {pair.refresh_token}
    for generation in range(1, 6):
        service.clock.turn(days=1)
        pair = service.rotator.rotate(pair.refresh_token, access_token=pair.access_token, **BOUND)
        token = service.validator.validate(pair.access_token, confirmation="thumbprint")
        assert token.claims["rtg"] == generation
        assert token.scopes == {"orders:read"}
        assert token.claims["plan"] == "gold"
        assert token.client_id == "web"
        assert token.session_id == pair.session_id
        assert pair.refresh_token not in seen
        assert not pair.retried
        assert pair.as_response()["refresh_token"] == pair.refresh_token
        assert type(pair.refresh_expires_in) is type(pair.expires_in) is int
        seen.add(pair.refresh_token)
    assert [type(event) for event in service.recorder.events] == [SessionStarted] + [SessionRefreshed] * 5
    assert service.recorder.events[-1] == SessionRefreshed(
        at=service.clock(), session_id=pair.session_id, subject="client-42", generation=5
    )


def test_a_refresh_token_may_come_as_bytes(service: Service) -> None:
    pair = service.rotator.start("client-42")
    service.rotator.rotate(pair.refresh_token.encode())


class TestRule1WithoutTheStore:
    """What is not ours, or has expired for good, costs no I/O."""

    def untouched(self) -> RefreshRotator:
        return make_rotator(Clock(), store=Untouchable())

    @given(
        st.integers(0, 127),
        st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ \n.é"),
    )
    def test_any_altered_character(self, place: int, character: str) -> None:
        text = TEXT[:place] + character + TEXT[place + 1 :]
        if text == TEXT:
            return
        with pytest.raises(RefreshTokenInvalidError) as caught:
            self.untouched().rotate(text)
        assert caught.value.code == "refresh.invalid"
        assert self.untouched().revoke(text) is False

    @given(st.one_of(st.text(), st.binary(), st.none(), st.integers(), st.booleans(), st.lists(st.text())))
    def test_anything_else(self, text: Any) -> None:
        with pytest.raises(RefreshTokenInvalidError):
            self.untouched().rotate(text)
        assert self.untouched().revoke(text) is False

    def test_a_token_of_a_secret_that_is_not_known(self) -> None:
        pair = make_rotator(Clock(), secret=RotationSecret.generate()).start("client-42")
        with pytest.raises(RefreshTokenInvalidError):
            self.untouched().rotate(pair.refresh_token)

    def test_a_token_of_another_issuer(self) -> None:
        pair = make_rotator(Clock(), issuer="https://b.example").start("client-42")
        with pytest.raises(RefreshTokenInvalidError):
            self.untouched().rotate(pair.refresh_token)

    def test_one_past_its_absolute_expiry(self) -> None:
        clock = Clock(NOW / 1000 + 90 * DAY)
        with pytest.raises(RefreshTokenExpiredError) as caught:
            make_rotator(clock, store=Untouchable()).rotate(TEXT)
        assert caught.value.code == "refresh.expired"

    def test_nobody_is_told(self) -> None:
        recorder = Recorder()
        rotator = make_rotator(Clock(), store=Untouchable(), observer=recorder)
        with pytest.raises(RefreshTokenInvalidError):
            rotator.rotate("junk")
        assert recorder.events == []

    def test_the_call_itself_refuses_it(self, service: Service) -> None:
        """Nothing is set in motion for a forged token: there is no coroutine to await."""
        with pytest.raises(RefreshTokenInvalidError):
            service.rotator._rotation.rotate(
                "junk",
                access_token=None,
                client_id=None,
                tenant=None,
                confirmation=None,
                scopes=None,
                address=None,
            )


TEXT = make_rotator(Clock()).start("client-42").refresh_token


class TestRule2WithoutARow:
    """The store knows no such session."""

    def test_a_young_token_is_answered_with_503_after_a_second_look(self, service: Service) -> None:
        with pytest.raises(StoreUnavailableError) as caught:
            service.rotator.rotate(TEXT)
        assert caught.value.code == "store.behind"
        assert service.store.calls.count("read") == 2

    def test_an_older_one_is_invalid(self, service: Service) -> None:
        service.clock.turn(minutes=10)
        service.refused(RefreshTokenInvalidError, TEXT)
        assert service.store.calls.count("read") == 2
        assert service.recorder.events == []

    def test_a_row_that_arrives_for_the_second_look(self, service: Service) -> None:
        pair = service.rotator.start("client-42")
        row = service.memory._families.pop(pair.session_id)
        service.store.after["read"] = [lambda: service.memory._families.update({row.session_id: row})]
        assert service.rotator.rotate(pair.refresh_token).session_id == pair.session_id


class TestRule3Mismatch:
    """Half of what belongs together is refused, and burns nothing."""

    @pytest.mark.parametrize(
        "context",
        [
            {},
            {**BOUND, "client_id": None},
            {**BOUND, "client_id": "mobile"},
            {**BOUND, "tenant": None},
            {**BOUND, "tenant": "globex"},
            {**BOUND, "confirmation": None},
            {**BOUND, "confirmation": "other"},
        ],
        ids=str,
    )
    def test_another_context(self, service: Service, context: dict[str, Any]) -> None:
        pair = service.rotator.start("client-42", **BOUND)
        service.refused(RefreshMismatchError, pair.refresh_token, **context)
        (event,) = service.recorder.of(RefreshRefused)
        assert (event.code, event.session_id, event.subject) == (
            "refresh.mismatch",
            pair.session_id,
            "client-42",
        )
        assert event.detail in ("client", "tenant", "confirmation")
        assert not service.rotator.rotate(pair.refresh_token, **BOUND).retried

    @given(
        client_id=st.sampled_from([None, "web", "other"]),
        tenant=st.sampled_from([None, "acme", "other"]),
        confirmation=st.sampled_from([None, "thumbprint", "other"]),
        generation=st.integers(0, 3),
    )
    def test_no_mismatch_ever_changes_the_row(self, generation: int, **context: str | None) -> None:
        service = Service()
        tokens = [service.rotator.start("client-42", **BOUND).refresh_token]
        for _ in range(3):
            service.clock.turn(60)
            tokens.append(service.rotator.rotate(tokens[-1], **BOUND).refresh_token)
        (session,) = service.rotator.sessions("client-42")
        before = service.row(session.id)
        if context != BOUND:
            service.refused(RefreshMismatchError, tokens[generation], **context)
            assert service.row(session.id) == before
            service.rotator.rotate(tokens[-1], **BOUND)

    def test_an_unbound_session_takes_no_context(self, service: Service) -> None:
        pair = service.rotator.start("client-42")
        service.refused(RefreshMismatchError, pair.refresh_token, client_id="web")


class TestRule4Revoked:
    """Logout."""

    def test_after_revoke(self, service: Service) -> None:
        pair = service.rotator.start("client-42")
        assert service.rotator.revoke(pair.refresh_token) is True
        service.refused(RefreshTokenRevokedError, pair.refresh_token)
        assert service.rotator.revoke(pair.refresh_token) is False
        assert service.recorder.of(SessionEnded) == [
            SessionEnded(service.clock(), pair.session_id, "client-42", "revoked")
        ]

    def test_an_old_generation_ends_the_session_as_well(self, service: Service) -> None:
        first = service.rotator.start("client-42")
        second = service.rotator.rotate(first.refresh_token)
        service.clock.turn(DAY)
        assert service.rotator.revoke(first.refresh_token) is True
        service.refused(RefreshTokenRevokedError, second.refresh_token)

    def test_revoking_a_session_the_store_does_not_know_is_no_error(self, service: Service) -> None:
        assert service.rotator.revoke(TEXT) is False

    def test_by_session_id(self, service: Service) -> None:
        pair = service.rotator.start("client-42")
        assert service.rotator.revoke_session("unknown") is False
        assert service.rotator.revoke_session(pair.session_id, subject="client-43") is False
        service.rotator.rotate(pair.refresh_token)
        assert service.rotator.revoke_session(pair.session_id, subject="client-42") is True
        assert service.row(pair.session_id).end_reason == "revoked"
        assert service.rotator.revoke_session(pair.session_id) is False
        service.refused(RefreshTokenRevokedError, pair.refresh_token)

    def test_a_session_of_another_issuer_is_left_alone(self, service: Service) -> None:
        pair = service.again(issuer="https://b.example").start("client-42")
        assert service.rotator.revoke_session(pair.session_id) is False
        assert service.rotator.sessions("client-42") == []

    def test_everyone_of_a_scope(self, service: Service) -> None:
        one = service.rotator.start("one", tenant="acme")
        two = service.rotator.start("two", tenant="acme")
        three = service.rotator.start("three")
        service.rotator.revoke_subject("one")
        service.refused(RefreshTokenRevokedError, one.refresh_token, tenant="acme")
        two = service.rotator.rotate(two.refresh_token, tenant="acme")
        service.rotator.revoke_tenant("acme")
        service.refused(RefreshTokenRevokedError, two.refresh_token, tenant="acme")
        three = service.rotator.rotate(three.refresh_token)
        service.rotator.revoke_all()
        service.refused(RefreshTokenRevokedError, three.refresh_token)
        assert service.rotator.sessions("one") == service.rotator.sessions("three") == []

    @pytest.mark.parametrize(
        ("kind", "name", "log_out"),
        [
            ("subject", "one", lambda rotator: rotator.revoke_subject("one")),
            ("tenant", "acme", lambda rotator: rotator.revoke_tenant("acme")),
            ("all", "", lambda rotator: rotator.revoke_all()),
        ],
        ids=["subject", "tenant", "all"],
    )
    def test_one_event_tells_of_a_logout_of_many(
        self, service: Service, kind: str, name: str, log_out: Callable[[RefreshRotator], int]
    ) -> None:
        service.rotator.start("one", tenant="acme")
        epoch = log_out(service.rotator)
        assert service.recorder.events[1:] == [SessionsEnded(service.clock(), kind, name, epoch)]

    def test_nothing_is_told_of_a_logout_that_was_not_confirmed(self, service: Service) -> None:
        service.store.before["bump_epoch"] = [unavailable]
        with pytest.raises(StoreUnavailableError):
            service.rotator.revoke_all()
        assert service.recorder.events == []

    def test_an_epoch_the_store_has_lost(self, service: Service) -> None:
        service.rotator.revoke_subject("client-42")
        pair = service.rotator.start("client-42")
        service.memory._epochs.clear()
        with pytest.raises(StoreUnavailableError) as caught:
            service.rotator.rotate(pair.refresh_token)
        assert caught.value.code == "store.behind"


class TestRule5Expired:
    """Idle and absolute expiry, by the store's clock."""

    def test_idle(self, service: Service) -> None:
        pair = service.rotator.start("client-42")
        service.clock.turn(days=14)
        service.refused(RefreshTokenExpiredError, pair.refresh_token)
        assert service.recorder.of(SessionEnded) == []

    def test_absolute_by_the_stores_clock_when_ours_is_behind(self, service: Service) -> None:
        ahead = Clock()
        store = MemorySessionStore(clock=ahead)
        rotator = make_rotator(Clock(), store=store, policy=RefreshPolicy(idle=timedelta(days=90)))
        pair = rotator.start("client-42")
        ahead.turn(days=90)
        with pytest.raises(RefreshTokenExpiredError):
            rotator.rotate(pair.refresh_token)

    def test_a_session_kept_busy_ends_after_90_days(self, service: Service) -> None:
        pair = service.rotator.start("client-42")
        for _ in range(8):
            service.clock.turn(days=11)
            pair = service.rotator.rotate(pair.refresh_token)
        assert pair.refresh_expires_in == 2 * DAY
        service.clock.turn(days=2)
        service.refused(RefreshTokenExpiredError, pair.refresh_token)

    def test_no_access_token_outlives_the_session(self, service: Service) -> None:
        rotator = service.again(
            policy=RefreshPolicy(idle=timedelta(minutes=20), absolute=timedelta(minutes=20))
        )
        pair = rotator.start("client-42")
        service.clock.turn(minutes=10)
        pair = rotator.rotate(pair.refresh_token)
        assert pair.expires_in == 600
        service.clock.turn(minutes=10, seconds=-1)
        pair = rotator.rotate(pair.refresh_token)
        assert pair.expires_in == 1
        expires_at = service.validator.validate(pair.access_token).expires_at
        assert expires_at.timestamp() == NOW / 1000 + 1200

    def test_the_last_moment_of_an_idle_lifetime_still_gives_a_whole_second(self) -> None:
        policy = RefreshPolicy(idle=timedelta(seconds=1), retry_window=timedelta(milliseconds=900))
        service = Service(policy=policy)
        pair = service.rotator.start("client-42")
        service.clock.turn(0.5)
        service.rotator.rotate(pair.refresh_token)
        service.clock.turn(0.8)
        assert service.rotator.rotate(pair.refresh_token).expires_in == 1


class TestRule8Retried:
    """A lost response, or a second tab."""

    def test_the_same_refresh_token_comes_again(self, service: Service) -> None:
        first = service.rotator.start("client-42", scopes=["orders:read"])
        second = service.rotator.rotate(first.refresh_token)
        row = service.row(first.session_id)
        service.clock.turn(29)
        again = service.rotator.rotate(first.refresh_token, access_token=first.access_token)
        assert again.refresh_token == second.refresh_token
        assert again.retried
        assert again.refresh_expires_in == 14 * DAY - 29
        assert service.validator.validate(again.access_token).claims["rtg"] == 1
        assert service.row(first.session_id) == row
        assert [event.retried for event in service.recorder.of(SessionRefreshed)] == [False, True]

    def test_either_answer_goes_on(self, service: Service) -> None:
        first = service.rotator.start("client-42")
        service.rotator.rotate(first.refresh_token)
        again = service.rotator.rotate(first.refresh_token)
        assert not service.rotator.rotate(again.refresh_token).retried

    def test_another_process_with_another_current_secret_gives_it_too(self, service: Service) -> None:
        new = RotationSecret.generate()
        first = service.rotator.start("client-42")
        second = service.again(secret=new.accepting(SECRET)).rotate(first.refresh_token)
        again = service.again(secret=SECRET.accepting(new)).rotate(first.refresh_token)
        assert again.refresh_token == second.refresh_token


class TestAnUnknownRotationSecret:
    """A process that was not restarted yet meets a row made with the secret after its own."""

    def test_it_is_an_outage_until_it_learns_the_secret(self, service: Service) -> None:
        newer = service.again(secret=RotationSecret.generate().accepting(SECRET))
        pair = service.rotator.start("client-42")
        after = newer.rotate(pair.refresh_token)
        with pytest.raises(StoreUnavailableError) as caught:
            service.rotator.rotate(pair.refresh_token)
        assert caught.value.code == "rotation_secret.unknown"
        newer.rotate(after.refresh_token)


class TestRule9ARowThatWasEdited:
    """Whoever can write to the store cannot make a token speak for somebody else, or for more."""

    @pytest.mark.parametrize("column", ["scopes", "claims", "digest"])
    def test_it_is_refused_and_told(self, service: Service, column: str) -> None:
        pair = service.rotator.start("client-42", scopes=["orders:read"])
        values: dict[str, Any] = {"scopes": "admin", "claims": '{"admin":true}', "digest": b"\x00" * 32}
        service.edit(pair.session_id, **{column: values[column]})
        service.refused(RefreshTokenInvalidError, pair.refresh_token)
        (event,) = service.recorder.of(RefreshRefused)
        assert (event.code, event.session_id) == ("refresh.invalid", pair.session_id)
        assert "edited" in event.detail


class TestRule10ARowThatFellBack:
    """A restored backup, a failover that lost rotations."""

    def fallen_back(self, service: Service) -> tuple[str, str]:
        first = service.rotator.start("client-42")
        row = service.row(first.session_id)
        service.clock.turn(60)
        second = service.rotator.rotate(first.refresh_token)
        service.memory._families[first.session_id] = row
        return first.refresh_token, second.refresh_token

    def test_at_first_it_is_an_outage(self, service: Service) -> None:
        _, token = self.fallen_back(service)
        service.store.calls.clear()
        with pytest.raises(StoreUnavailableError) as caught:
            service.rotator.rotate(token)
        assert caught.value.code == "store.behind"
        assert service.store.calls == ["read", "read"]

    def test_then_the_session_ends(self, service: Service) -> None:
        old, token = self.fallen_back(service)
        service.clock.turn(minutes=10)
        service.refused(RefreshTokenRevokedError, token)
        assert [event.reason for event in service.recorder.of(SessionEnded)] == ["diverged"]
        service.refused(RefreshTokenRevokedError, old)


class TestRule12Reused:
    """A superseded token comes back: the session ends for both who hold it."""

    def test_after_the_window(self, service: Service) -> None:
        first = service.rotator.start("client-42")
        second = service.rotator.rotate(first.refresh_token)
        service.clock.turn(30)
        service.refused(RefreshTokenReusedError, first.refresh_token)
        assert service.recorder.events[-1] == SessionEnded(
            at=service.clock(), session_id=first.session_id, subject="client-42", reason="reused"
        )
        service.refused(RefreshTokenRevokedError, second.refresh_token)
        service.refused(RefreshTokenRevokedError, first.refresh_token)
        assert len(service.recorder.of(SessionEnded)) == 1

    def test_other_sessions_of_the_subject_go_on(self, service: Service) -> None:
        other = service.rotator.start("client-42")
        first = service.rotator.start("client-42")
        service.rotator.rotate(first.refresh_token)
        service.clock.turn(60)
        service.refused(RefreshTokenReusedError, first.refresh_token)
        service.rotator.rotate(other.refresh_token)

    def test_a_thief_and_an_owner(self, service: Service) -> None:
        """Whoever comes second is noticed, and the thief is locked out."""
        stolen = service.rotator.start("client-42").refresh_token
        thief = service.rotator.rotate(stolen)
        service.clock.turn(minutes=15)
        service.refused(RefreshTokenReusedError, stolen)
        service.refused(RefreshTokenRevokedError, thief.refresh_token)


class TestWithoutRotation:
    """RefreshPolicy(rotate=False)."""

    def test_the_refresh_token_stays(self) -> None:
        service = Service(policy=RefreshPolicy(rotate=False))
        first = service.rotator.start("client-42")
        assert first.as_response()["refresh_token"] == first.refresh_token
        for _ in range(3):
            service.clock.turn(days=10)
            pair = service.rotator.rotate(first.refresh_token)
            assert pair.refresh_token == first.refresh_token
            assert "refresh_token" not in pair.as_response()
            assert pair.refresh_expires_in == 14 * DAY
            service.validator.validate(pair.access_token)

    def test_the_row_is_not_written_every_time(self) -> None:
        service = Service(policy=RefreshPolicy(rotate=False))
        pair = service.rotator.start("client-42")
        for _ in range(59):
            service.clock.turn(1)
            service.rotator.rotate(pair.refresh_token)
        assert "compare_and_swap" not in service.store.calls
        service.clock.turn(1)
        service.rotator.rotate(pair.refresh_token)
        assert service.store.calls.count("compare_and_swap") == 1


class TestTheGrantCallable:
    """It says before each access token what its subject may do now."""

    def test_scopes_follow_the_account(self) -> None:
        scopes = {"orders:read", "orders:write"}
        service = Service(grant=lambda session: Grant(scopes=sorted(scopes)))
        pair = service.rotator.start("client-42")
        scopes.remove("orders:write")
        pair = service.rotator.rotate(pair.refresh_token)
        assert service.validator.validate(pair.access_token).scopes == {"orders:read"}

    def test_a_disabled_account_loses_its_session(self) -> None:
        enabled = True

        def grant(session: Session) -> Grant | None:
            return Grant(scopes=session.scopes) if enabled else None

        service = Service(grant=grant)
        pair = service.rotator.start("client-42")
        enabled = False
        service.refused(RefreshTokenRevokedError, pair.refresh_token)
        assert [event.reason for event in service.recorder.of(SessionEnded)] == ["grant_refused"]
        enabled = True
        service.refused(RefreshTokenRevokedError, pair.refresh_token)

    def test_it_is_not_asked_about_a_token_that_is_refused(self) -> None:
        asked: list[Session] = []

        def grant(session: Session) -> Grant:
            asked.append(session)
            return Grant(scopes=["orders:read"])

        service = Service(grant=grant)
        pair = service.rotator.start("client-42", client_id="web")
        service.refused(RefreshMismatchError, pair.refresh_token)
        service.rotator.revoke(pair.refresh_token)
        service.refused(RefreshTokenRevokedError, pair.refresh_token, client_id="web")
        assert len(asked) == 1

    def test_an_exception_changes_nothing(self) -> None:
        service = Service()
        pair = service.rotator.start("client-42")

        def grant(session: Session) -> Grant:
            raise LookupError("the database is down")

        with pytest.raises(LookupError):
            service.again(grant=grant).rotate(pair.refresh_token)
        assert not service.rotator.rotate(pair.refresh_token).retried

    def test_an_answer_of_the_wrong_kind_changes_nothing(self) -> None:
        service = Service()
        pair = service.rotator.start("client-42")
        with pytest.raises(ConfigurationError):
            service.again(grant=lambda session: Grant(subject="client-43")).rotate(pair.refresh_token)
        assert not service.rotator.rotate(pair.refresh_token).retried


class TestScopes:
    """A refresh may ask for less (RFC 6749 §6)."""

    def test_fewer_scopes_for_one_access_token(self, service: Service) -> None:
        pair = service.rotator.start("client-42", scopes=["orders:read", "orders:write"])
        pair = service.rotator.rotate(pair.refresh_token, scopes=["orders:read"])
        assert service.validator.validate(pair.access_token).scopes == {"orders:read"}
        assert pair.as_response()["scope"] == "orders:read"
        pair = service.rotator.rotate(pair.refresh_token)
        assert service.validator.validate(pair.access_token).scopes == {"orders:read", "orders:write"}

    @pytest.mark.parametrize(
        "scopes", [["admin"], ["orders:read", "admin"], ["two words"], "orders:read", [7]]
    )
    def test_more_are_refused_and_the_token_stays_good(self, service: Service, scopes: Any) -> None:
        pair = service.rotator.start("client-42", scopes=["orders:read"])
        with pytest.raises(RefreshScopeError) as caught:
            service.rotator.rotate(pair.refresh_token, scopes=scopes)
        assert caught.value.code == "refresh.scope"
        assert caught.value.oauth_error == "invalid_scope"
        assert caught.value.http_status == 400
        assert not service.rotator.rotate(pair.refresh_token).retried

    def test_none_at_all(self, service: Service) -> None:
        pair = service.rotator.start("client-42", scopes=["orders:read"])
        pair = service.rotator.rotate(pair.refresh_token, scopes=[])
        assert service.validator.validate(pair.access_token).scopes == frozenset()


class TestSessions:
    """Listing and purging."""

    def test_live_sessions_newest_login_first(self, service: Service) -> None:
        assert service.rotator.sessions("client-42") == []
        first = service.rotator.start("client-42", label="phone")
        service.clock.turn(1)
        second = service.rotator.start("client-42", label="laptop", scopes=["orders:read"])
        service.rotator.start("client-43")
        service.rotator.rotate(first.refresh_token)
        sessions = service.rotator.sessions("client-42")
        assert [(session.id, session.label) for session in sessions] == [
            (second.session_id, "laptop"),
            (first.session_id, "phone"),
        ]
        assert [session.generation for session in sessions] == [0, 1]
        assert sessions[0].scopes == {"orders:read"}

    def test_only_live_ones(self, service: Service) -> None:
        revoked = service.rotator.start("client-42")
        service.rotator.revoke(revoked.refresh_token)
        service.rotator.start("client-42")
        service.clock.turn(days=14)
        assert service.rotator.sessions("client-42") == []
        service.rotator.start("client-42")
        service.rotator.revoke_subject("client-42")
        assert service.rotator.sessions("client-42") == []

    def test_pages_of_live_ones(self, service: Service) -> None:
        """Counted without those that are over, however many of the store's own pages they fill."""
        live = []
        for number in range(230):
            pair = service.rotator.start("client-42")
            if number % 3:
                service.rotator.revoke(pair.refresh_token)
            else:
                live.append(pair.session_id)
            service.clock.turn(1)
        live.reverse()

        def page(**limits: Any) -> list[str]:
            return [session.id for session in service.rotator.sessions("client-42", **limits)]

        assert page() == page(limit=1000) == live
        assert page(limit=10) == live[:10]
        assert page(limit=10, offset=70) == live[70:]
        assert page(offset=75) == live[75:]
        assert page(limit=0) == page(limit=5, offset=77) == page(offset=10**30) == []

    def test_a_page_asks_for_no_more_than_it_shows(self, service: Service) -> None:
        for _ in range(230):
            service.rotator.start("client-42")
        service.store.calls.clear()
        service.rotator.sessions("client-42", limit=20)
        assert service.store.calls == ["list_subject"]

    @pytest.mark.parametrize(
        "page", [{"limit": -1}, {"offset": -1}, {"limit": True}, {"offset": "1"}], ids=repr
    )
    def test_a_wrong_page_is_refused(self, service: Service, page: dict[str, Any]) -> None:
        with pytest.raises(ConfigurationError) as caught:
            service.rotator.sessions("client-42", **page)
        assert caught.value.code == "rotator.page"

    @pytest.mark.parametrize("name", [42, None, "", b"client-42", "a\n", "x" * 513], ids=repr)
    def test_who_is_logged_out_is_named_by_a_text(self, service: Service, name: Any) -> None:
        """Or nobody would be, and the answer would be that it was done."""
        for log_out in (service.rotator.revoke_subject, service.rotator.revoke_tenant):
            with pytest.raises(ConfigurationError) as caught:
                log_out(name)
            assert caught.value.code == "rotator.argument"

    @pytest.mark.parametrize("name", [42, None, b"client-42"], ids=repr)
    def test_who_is_asked_about_is_named_by_a_text(self, service: Service, name: Any) -> None:
        calls = [lambda: service.rotator.sessions(name), lambda: service.rotator.epoch(name)]
        if name is not None:
            calls.append(lambda: service.rotator.epoch("client-42", tenant=name))
        for call in calls:
            with pytest.raises(ConfigurationError) as caught:
                call()
            assert caught.value.code == "rotator.argument"
        assert service.rotator.sessions("nobody\x00\ud800") == []

    def test_the_address_of_the_last_use_is_listed(self, service: Service) -> None:
        pair = service.rotator.start("client-42", address="198.51.100.7")
        (session,) = service.rotator.sessions("client-42")
        assert session.address == "198.51.100.7"
        pair = service.rotator.rotate(pair.refresh_token, address="2001:db8::7")
        service.rotator.rotate(pair.refresh_token)
        (session,) = service.rotator.sessions("client-42")
        assert session.address == "2001:db8::7"

    def test_an_address_is_noted_without_rotation_too(self, service: Service) -> None:
        rotator = service.again(policy=RefreshPolicy(rotate=False))
        pair = rotator.start("client-42")
        rotator.rotate(pair.refresh_token, address="198.51.100.7")
        assert rotator.sessions("client-42")[0].address is None
        service.clock.turn(minutes=1)
        rotator.rotate(pair.refresh_token, address="198.51.100.7")
        assert rotator.sessions("client-42")[0].address == "198.51.100.7"

    def test_any_address_is_kept_fit_to_be_shown(self, service: Service) -> None:
        """It may come from a header that anybody writes."""
        pair = service.rotator.start("client-42", address="\x00\ud800" + "x" * 999)
        assert service.rotator.sessions("client-42")[0].address == "\ufffd\ufffd" + "x" * 198
        service.rotator.rotate(pair.refresh_token, address="a\nb")
        assert service.rotator.sessions("client-42")[0].address == "a\ufffdb"

    def test_what_has_been_over_for_a_day_is_removed(self, service: Service) -> None:
        live = service.rotator.start("client-42")
        for _ in range(3):
            service.rotator.revoke(service.rotator.start("client-42").refresh_token)
        service.clock.turn(1)
        assert service.rotator.purge() == 0
        service.clock.turn(days=1)
        assert service.rotator.purge(limit=2) == 2
        assert service.rotator.purge() == 1
        assert service.rotator.purge(older_than=timedelta(0)) == 0
        service.rotator.rotate(live.refresh_token)

    def test_a_thousand_are_removed_at_once_unless_told_otherwise(self) -> None:
        class Counting(MemorySessionStore):
            limits: list[int] = []

            def purge(self, before: int, *, limit: int) -> int:
                self.limits.append(limit)
                return super().purge(before, limit=limit)

        store = Counting()
        assert make_rotator(Clock(), store=store).purge() == 0
        make_rotator(Clock(), store=store).purge(limit=5)
        assert store.limits == [1000, 5]

    @pytest.mark.parametrize("older_than", [timedelta(seconds=-1), 3600, None])
    def test_a_wrong_age_is_refused(self, service: Service, older_than: Any) -> None:
        with pytest.raises(ConfigurationError) as caught:
            service.rotator.purge(older_than=older_than)
        assert caught.value.code == "rotator.purge"


def test_the_system_clock_is_the_default(service: Service) -> None:
    from tests.refresh.kit import AUDIENCE, KEY

    from jwtkit.issuer import TokenIssuer

    rotator = RefreshRotator(
        TokenIssuer(ISSUER, audience=AUDIENCE, keys=KEY),
        make_validator(None),
        store=MemorySessionStore(),
        secret=SECRET,
    )
    pair = rotator.start("client-42")
    assert rotator.rotate(pair.refresh_token, access_token=pair.access_token).session_id == pair.session_id


def test_an_observer_that_fails_changes_no_outcome() -> None:
    class Failing:
        def observe(self, event: object, /) -> None:
            raise ZeroDivisionError

    rotator = make_rotator(Clock(), observer=Failing())
    pair = rotator.rotate(rotator.start("client-42").refresh_token)
    assert rotator.revoke(pair.refresh_token) is True
