"""start(): the first pair of a session, and who may not have one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from tests.refresh.kit import (
    AUDIENCE,
    ISSUER,
    SECRET,
    Clock,
    Disturbed,
    Recorder,
    foreign_failure,
    make_rotator,
    make_validator,
    nothing,
    unavailable,
)

from jwtkit.errors import (
    ConfigurationError,
    KeysUnavailableError,
    RefreshTokenRevokedError,
    StoreUnavailableError,
    TokenRevokedError,
)
from jwtkit.events import RefreshRefused, SessionEnded, SessionStarted
from jwtkit.issuer import TokenIssuer
from jwtkit.refresh import Grant, RefreshPolicy, Session
from jwtkit.rotator import RefreshRotator
from jwtkit.stores import MemorySessionStore, SQLiteSessionStore


def test_the_access_token_says_what_was_granted_and_which_session_it_is_of() -> None:
    clock = Clock()
    rotator = make_rotator(clock)
    pair = rotator.start(
        "client-42",
        scopes=["orders:read", "orders:write"],
        claims={"plan": "gold"},
        client_id="web",
        tenant="acme",
        confirmation="thumbprint",
    )
    token = make_validator(clock).validate(pair.access_token, confirmation="thumbprint")
    assert token.subject == "client-42"
    assert token.scopes == {"orders:read", "orders:write"}
    assert token.claims["plan"] == "gold"
    assert token.client_id == "web"
    assert token.session_id == pair.session_id
    assert token.confirmation == "thumbprint"
    assert token.claims["rtg"] == 0
    assert token.claims["rte"] == 0
    assert not pair.retried


def test_the_response_of_a_login() -> None:
    pair = make_rotator(Clock()).start("client-42", scopes=["orders:read"])
    assert pair.as_response() == {
        "access_token": pair.access_token,
        "token_type": "Bearer",
        "expires_in": 900,
        "refresh_token": pair.refresh_token,
        "scope": "orders:read",
    }


def test_a_session_bound_to_a_key_has_dpop_tokens() -> None:
    pair = make_rotator(Clock()).start("client-42", confirmation="thumbprint")
    assert pair.as_response()["token_type"] == "DPoP"


def test_the_observer_hears_of_it_once_it_is_kept() -> None:
    recorder = Recorder()
    pair = make_rotator(Clock(), observer=recorder).start("client-42")
    (event,) = recorder.events
    assert event == SessionStarted(at=1_750_000_000.0, session_id=pair.session_id, subject="client-42")


def test_every_login_is_a_session_of_its_own() -> None:
    rotator = make_rotator(Clock())
    pairs = [rotator.start("client-42") for _ in range(3)]
    assert len({pair.session_id for pair in pairs}) == 3
    assert len({pair.refresh_token for pair in pairs}) == 3


def test_an_access_token_never_outlives_its_session() -> None:
    policy = RefreshPolicy(idle=timedelta(minutes=5), absolute=timedelta(minutes=5))
    assert make_rotator(Clock(), policy=policy).start("client-42").expires_in == 300


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": ""},
        {"subject": None},
        {"subject": 42},
        {"subject": "x" * 513},
        {"subject": "a\x00b"},
        {"subject": "a\ud800"},
        {"client_id": ""},
        {"client_id": 7},
        {"confirmation": 7},
        {"tenant": "\n"},
        {"tenant": 7},
        {"confirmation": ""},
        {"scopes": "orders:read"},
        {"scopes": ["two words"]},
        {"claims": {"sub": "client-43"}},
        {"claims": {"sid": "mine"}},
        {"claims": {"rtg": 7}},
        {"claims": {"rte": 7}},
        {"claims": {"when": object}},
    ],
    ids=str,
)
def test_a_wrong_argument_starts_nothing(wrong: dict[str, Any]) -> None:
    store = Disturbed(MemorySessionStore())
    rotator = make_rotator(Clock(), store=store)
    with pytest.raises(ConfigurationError):
        rotator.start(**{"subject": "client-42", **wrong})
    assert "insert" not in store.calls


@pytest.mark.parametrize("name", ["subject", "client_id", "tenant", "confirmation"])
def test_a_text_that_is_none_has_a_code_of_its_own(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_rotator(Clock()).start(**{"subject": "client-42", name: "\n"})
    assert caught.value.code == "rotator.argument"
    assert name in str(caught.value)


def test_a_login_without_a_subject_is_a_wrong_argument() -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_rotator(Clock()).start(None)  # type: ignore[arg-type]
    assert caught.value.code == "rotator.argument"


def test_any_label_is_kept_fit_to_be_shown() -> None:
    rotator = make_rotator(Clock())
    rotator.start("client-42", label="Firefox\x1b[31m on \ud800Linux\n" + "x" * 999)
    (session,) = rotator.sessions("client-42")
    assert session.label is not None
    assert session.label.startswith("Firefox\ufffd[31m on \ufffdLinux\ufffdxxx")
    assert len(session.label) == 200


@pytest.mark.parametrize("name", ["label", "address"])
def test_what_is_shown_is_a_text(name: str) -> None:
    rotator = make_rotator(Clock())
    with pytest.raises(ConfigurationError) as caught:
        rotator.start("client-42", **{name: 7})  # type: ignore[arg-type]
    assert caught.value.code == "rotator.argument"
    token = rotator.start("client-42").refresh_token
    with pytest.raises(ConfigurationError) as caught:
        rotator.rotate(token, address=7)  # type: ignore[arg-type]
    assert caught.value.code == "rotator.argument"


class TestRevocationEpochs:
    """A login that overlaps a logout of all sessions loses."""

    def test_an_epoch_read_before_the_logout_is_refused(self) -> None:
        recorder = Recorder()
        rotator = make_rotator(Clock(), observer=recorder)
        epoch = rotator.epoch("client-42")
        rotator.revoke_subject("client-42")
        with pytest.raises(RefreshTokenRevokedError) as caught:
            rotator.start("client-42", epoch=epoch)
        assert caught.value.code == "refresh.revoked"
        assert rotator.sessions("client-42") == []
        (event,) = recorder.of(RefreshRefused)
        assert (event.code, event.subject, event.session_id) == ("refresh.revoked", "client-42", None)

    def test_a_logout_between_the_check_and_the_insert_wins_too(self) -> None:
        clock = Clock()
        store = Disturbed(MemorySessionStore(clock=clock))
        rotator = make_rotator(clock, store=store)
        store.before["insert"] = [lambda: rotator.revoke_subject("client-42")]
        pair = rotator.start("client-42", epoch=rotator.epoch("client-42"))
        with pytest.raises(RefreshTokenRevokedError):
            rotator.rotate(pair.refresh_token)
        with pytest.raises(TokenRevokedError):
            make_validator(clock, revocation=store.inner).validate(pair.access_token)

    def test_an_epoch_read_afterwards_is_fine(self) -> None:
        clock = Clock()
        store = MemorySessionStore(clock=clock)
        rotator = make_rotator(clock, store=store)
        epoch = rotator.revoke_subject("client-42")
        assert rotator.epoch("client-42") == epoch
        pair = rotator.start("client-42", epoch=epoch)
        token = make_validator(clock, revocation=store).validate(pair.access_token)
        assert token.claims["rte"] == epoch
        rotator.rotate(pair.refresh_token)

    def test_without_one_the_present_epoch_counts(self) -> None:
        rotator = make_rotator(Clock())
        rotator.revoke_all()
        rotator.rotate(rotator.start("client-42").refresh_token)

    @pytest.mark.parametrize("scope", ["subject", "tenant", "all"])
    def test_every_scope_that_applies_counts(self, scope: str) -> None:
        rotator = make_rotator(Clock())
        epoch = rotator.epoch("client-42", "acme")
        revoke: dict[str, Any] = {
            "subject": lambda: rotator.revoke_subject("client-42"),
            "tenant": lambda: rotator.revoke_tenant("acme"),
            "all": rotator.revoke_all,
        }
        revoke[scope]()
        assert rotator.epoch("client-42", "acme") > epoch
        with pytest.raises(RefreshTokenRevokedError):
            rotator.start("client-42", tenant="acme", epoch=epoch)

    @pytest.mark.parametrize("epoch", ["5", 0.5, True, b"5"], ids=repr)
    def test_an_epoch_is_what_epoch_returned(self, epoch: Any) -> None:
        with pytest.raises(ConfigurationError) as caught:
            make_rotator(Clock()).start("client-42", epoch=epoch)
        assert caught.value.code == "rotator.argument"

    def test_an_epoch_the_store_does_not_know_is_an_outage(self) -> None:
        with pytest.raises(StoreUnavailableError) as caught:
            make_rotator(Clock()).start("client-42", epoch=1)
        assert caught.value.code == "store.behind"


class TestTheGrantCallable:
    """It is asked before each access token, the first one included."""

    def test_it_decides_what_the_first_token_carries(self) -> None:
        clock = Clock()
        seen: list[Session] = []

        def grant(session: Session) -> Grant:
            seen.append(session)
            return Grant(scopes=["orders:read"], claims={"plan": "silver"})

        rotator = make_rotator(clock, grant=grant)
        pair = rotator.start("client-42", scopes=["orders:write"], claims={"plan": "gold"})
        token = make_validator(clock).validate(pair.access_token)
        assert token.scopes == {"orders:read"}
        assert token.claims["plan"] == "silver"
        assert pair.as_response()["scope"] == "orders:read"
        assert seen[0].subject == "client-42"
        assert seen[0].scopes == {"orders:write"}
        assert rotator.sessions("client-42")[0].scopes == {"orders:write"}

    def test_none_refuses_the_login(self) -> None:
        recorder = Recorder()
        rotator = make_rotator(Clock(), grant=lambda session: None, observer=recorder)
        with pytest.raises(RefreshTokenRevokedError):
            rotator.start("client-42")
        assert rotator.sessions("client-42") == []
        (event,) = recorder.events
        assert type(event) is RefreshRefused
        assert (event.at, event.subject, event.session_id) == (1_750_000_000.0, "client-42", None)

    @pytest.mark.parametrize(
        ("answer", "code"),
        [
            ({"scopes": []}, "rotator.grant"),
            (True, "rotator.grant"),
            (Grant(subject="client-43"), "rotator.grant"),
            (Grant(claims={"rtg": 9}), "issue.registered_claim"),
            (Grant(claims={"sub": "client-43"}), "issue.registered_claim"),
        ],
    )
    def test_an_answer_of_the_wrong_kind_is_the_applications_mistake(self, answer: Any, code: str) -> None:
        store = Disturbed(MemorySessionStore())
        rotator = make_rotator(Clock(), store=store, grant=lambda session: answer)
        with pytest.raises(ConfigurationError) as caught:
            rotator.start("client-42")
        assert caught.value.code == code
        assert "insert" not in store.calls

    def test_a_grant_may_name_the_sessions_subject(self) -> None:
        make_rotator(Clock(), grant=lambda session: Grant(subject=session.subject)).start("client-42")

    def test_its_own_exception_reaches_the_caller(self) -> None:
        def grant(session: Session) -> Grant:
            raise LookupError("no such account")

        with pytest.raises(LookupError, match="no such account"):
            make_rotator(Clock(), grant=grant).start("client-42")


class TestOutages:
    """A login that fails leaves nothing behind, or succeeds."""

    @pytest.mark.parametrize("failure", [unavailable, foreign_failure])
    @pytest.mark.parametrize("name", ["epoch", "insert"])
    def test_a_store_that_is_down(self, name: str, failure: Any) -> None:
        recorder = Recorder()
        store = Disturbed(MemorySessionStore())
        rotator = make_rotator(Clock(), store=store, observer=recorder)
        store.before[name] = [failure]
        with pytest.raises(StoreUnavailableError) as caught:
            rotator.start("client-42")
        assert "hunter2" not in str(caught.value)
        assert rotator.sessions("client-42") == []
        assert recorder.events == []

    @pytest.mark.parametrize("failure", [unavailable, foreign_failure])
    def test_an_insert_whose_confirmation_was_lost_has_succeeded(self, failure: Any) -> None:
        clock = Clock()
        store = Disturbed(MemorySessionStore(clock=clock))
        rotator = make_rotator(clock, store=store)
        store.after["insert"] = [failure]
        pair = rotator.start("client-42")
        rotator.rotate(pair.refresh_token)

    def test_a_signer_that_is_down_leaves_no_session(self) -> None:
        class Down:
            alg, kid = "HS256", "kid"

            def signer(self) -> Any:
                return self

            def sign(self, signing_input: bytes) -> bytes:
                raise OSError("no route to the key")

        clock = Clock()
        store = Disturbed(MemorySessionStore(clock=clock))
        rotator = RefreshRotator(
            TokenIssuer(ISSUER, audience=AUDIENCE, keys=Down(), clock=clock),
            make_validator(clock),
            store=store,
            secret=SECRET,
        )
        with pytest.raises(KeysUnavailableError):
            rotator.start("client-42")
        assert "insert" not in store.calls


class TestMaxSessions:
    """A login over the limit ends the oldest."""

    def test_the_oldest_ends(self) -> None:
        clock, recorder = Clock(), Recorder()
        rotator = make_rotator(clock, policy=RefreshPolicy(max_sessions=2), observer=recorder)
        pairs = []
        for _ in range(4):
            pairs.append(rotator.start("client-42"))
            clock.turn(1)
        other = rotator.start("client-43")
        assert [session.id for session in rotator.sessions("client-42")] == [
            pairs[3].session_id,
            pairs[2].session_id,
        ]
        assert [session.id for session in rotator.sessions("client-43")] == [other.session_id]
        with pytest.raises(RefreshTokenRevokedError):
            rotator.rotate(pairs[0].refresh_token)
        assert [(event.session_id, event.reason) for event in recorder.of(SessionEnded)] == [
            (pairs[0].session_id, "displaced"),
            (pairs[1].session_id, "displaced"),
        ]

    def test_sessions_that_are_over_do_not_count(self) -> None:
        clock = Clock()
        rotator = make_rotator(clock, policy=RefreshPolicy(max_sessions=2))
        first = rotator.start("client-42")
        rotator.revoke(rotator.start("client-42").refresh_token)
        rotator.start("client-42")
        rotator.rotate(first.refresh_token)

    @pytest.mark.parametrize("step", [0, -3600, 0.001], ids=["stands still", "is set back", "moves"])
    def test_one_login_after_the_other_keeps_the_limit_whatever_the_clock_does(self, step: float) -> None:
        clock = Clock()
        rotator = make_rotator(clock, policy=RefreshPolicy(max_sessions=2))
        for number in range(6):
            pair = rotator.start("client-42")
            left = [session.id for session in rotator.sessions("client-42")]
            assert pair.session_id in left
            assert len(left) == min(number + 1, 2)
            clock.turn(step)

    @pytest.mark.parametrize("apart", [0, 1], ids=["in the same millisecond", "a second apart"])
    @pytest.mark.parametrize("moment", ["epoch", "insert", "list_subject"])
    def test_two_logins_at_once_do_not_end_each_other(self, moment: str, apart: int) -> None:
        """The other one comes between any two steps of this one."""
        clock = Clock()
        store = Disturbed(MemorySessionStore(clock=clock))
        rotator = make_rotator(clock, store=store, policy=RefreshPolicy(max_sessions=1))
        others = []

        def log_in() -> None:
            clock.turn(apart)
            others.append(rotator.start("client-42"))
            clock.turn(apart)

        store.before[moment] = [nothing, log_in] if moment == "list_subject" else [log_in]
        pair = rotator.start("client-42")
        left = {session.id for session in rotator.sessions("client-42")}
        assert left
        assert left <= {pair.session_id, others[0].session_id}
        if apart:
            # The other began later and was done before this one was there to be seen.
            assert len(left) == (2 if moment == "insert" else 1)
        clock.turn(1)
        last = rotator.start("client-42")
        assert [session.id for session in rotator.sessions("client-42")] == [last.session_id]

    @pytest.mark.parametrize(("step", "left"), [(0, 2), (1, 1)], ids=["in one millisecond", "a second apart"])
    def test_two_logins_that_both_see_each_other(self, step: int, left: int) -> None:
        """Both are inserted before either lists, and both have listed before either ends the other."""
        clock = Clock()

        class InStep(MemorySessionStore):
            barrier = Barrier(2)

            def epoch(self, scopes: Any, /) -> Any:
                clock.turn(step)
                return super().epoch(scopes)

            def insert(self, family: Any, /) -> None:
                super().insert(family)
                self.barrier.wait(10)

            def list_subject(self, *arguments: Any, **named: Any) -> Any:
                page = super().list_subject(*arguments, **named)
                self.barrier.wait(10)
                return page

        store = InStep(clock=clock)
        rotator = make_rotator(clock, store=store, policy=RefreshPolicy(max_sessions=1))
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(rotator.start, ["client-42"] * 2))
        store.barrier = Barrier(1)
        assert len(rotator.sessions("client-42")) == left

    @pytest.mark.parametrize("keep", [1, 3])
    @pytest.mark.parametrize("kind", ["memory", "SQLite"])
    def test_logins_of_many_threads_leave_somebody_logged_in(
        self, kind: str, keep: int, tmp_path: Path
    ) -> None:
        """And no more than the limit, once there is one more."""
        store: Any = MemorySessionStore()
        if kind == "SQLite":
            store = SQLiteSessionStore(tmp_path / "sessions.db", synchronous="NORMAL")
        rotators = [
            make_rotator(None, store=store, policy=RefreshPolicy(max_sessions=keep)) for _ in range(8)
        ]
        for _ in range(20):
            with ThreadPoolExecutor(len(rotators)) as pool:
                list(pool.map(lambda rotator: rotator.start("client-42"), rotators))
            assert len(rotators[0].sessions("client-42")) >= keep
            last = rotators[0].start("client-42")
            left = [session.id for session in rotators[0].sessions("client-42")]
            assert last.session_id in left
            assert len(left) == keep

    def test_more_sessions_than_one_page(self) -> None:
        clock = Clock()
        store = MemorySessionStore(clock=clock)
        free = make_rotator(clock, store=store)
        for _ in range(230):
            free.start("client-42")
            clock.turn(1)
        assert len(free.sessions("client-42")) == 230
        make_rotator(clock, store=store, policy=RefreshPolicy(max_sessions=3)).start("client-42")
        assert len(free.sessions("client-42")) == 3

    def test_the_store_may_fail_while_the_oldest_end(self) -> None:
        """The login is refused with 503 then, and the limit holds again with the next one."""
        store = Disturbed(MemorySessionStore())
        rotator = make_rotator(Clock(), store=store, policy=RefreshPolicy(max_sessions=1))
        rotator.start("client-42")
        store.before["list_subject"] = [nothing, unavailable]
        with pytest.raises(StoreUnavailableError):
            rotator.start("client-42")
        rotator.start("client-42")
        assert len(rotator.sessions("client-42")) == 1
