"""The decision table, row by row. Rule 1 needs no store: tests/test_rotator_table.py has it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.refresh.kit import KEYS, NOW, POLICY, SECRET, first_generation, judge, otherwise, rotated

from jwtkit.refresh import Family, RefreshPolicy, RotationSecret
from jwtkit.refresh.decision import Outcome, PairClaims, end, version_of
from jwtkit.refresh.token_text import encode, parse

MINUTE = 60_000
DAY = 86_400_000
SECOND = 1_000


def pair(**changes: Any) -> PairClaims:
    values: dict[str, Any] = {
        "subject": "client-42",
        "client_id": "web",
        "confirmation": "thumbprint",
        "session_id": first_generation()[0].session_id,
        "generation": 0,
    }
    return PairClaims(**{**values, **changes})


class TestRule2:
    """There is no row."""

    def test_the_primary_is_read_again_first(self) -> None:
        _, token = first_generation()
        decision = judge(None, token)
        assert (decision.outcome, decision.rule) == (Outcome.READ_AGAIN, 2)

    def test_a_young_token_may_be_ahead_of_the_store(self) -> None:
        _, token = first_generation()
        decision = judge(None, token, now=NOW + 10 * MINUTE - 1, read_again=True)
        assert (decision.outcome, decision.rule) == (Outcome.UNAVAILABLE, 2)

    def test_an_older_token_is_of_no_session(self) -> None:
        _, token = first_generation()
        decision = judge(None, token, now=NOW + 10 * MINUTE, read_again=True)
        assert (decision.outcome, decision.rule, decision.swap) == (Outcome.INVALID, 2, False)

    def test_a_token_from_the_future_is_young(self) -> None:
        _, token = first_generation()
        assert judge(None, token, now=NOW - DAY, read_again=True).outcome is Outcome.UNAVAILABLE


class TestRule3:
    """What came with the token is not the session's."""

    @pytest.mark.parametrize("name", ["client_id", "tenant", "confirmation"])
    @pytest.mark.parametrize("value", [None, "", "other"])
    def test_the_context_must_be_the_sessions(self, name: str, value: str | None) -> None:
        family, token = first_generation()
        decision = judge(family, token, **{name: value})
        assert (decision.outcome, decision.rule, decision.swap) == (Outcome.MISMATCH, 3, False)
        assert name.startswith(decision.detail)
        assert decision.family is family

    @pytest.mark.parametrize("name", ["client_id", "tenant", "confirmation"])
    def test_an_unbound_session_takes_no_context(self, name: str) -> None:
        family, token = first_generation(**{name: None})
        assert judge(family, token).outcome is Outcome.MISMATCH
        assert judge(family, token, **{name: None}).outcome is Outcome.ROTATED

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("subject", "client-43"),
            ("subject", None),
            ("client_id", "other"),
            ("client_id", None),
            ("confirmation", "other"),
            ("confirmation", None),
            ("session_id", "other"),
            ("session_id", None),
            ("generation", None),
            ("generation", 1),
        ],
    )
    def test_the_access_token_must_be_the_sessions(self, name: str, value: object) -> None:
        family, token = first_generation()
        decision = judge(family, token, pair=pair(**{name: value}))
        assert (decision.outcome, decision.rule, decision.swap) == (Outcome.MISMATCH, 3, False)
        assert decision.detail == f"access token: {name.removesuffix('_id')}"

    def test_the_sessions_own_access_token_is_fine(self) -> None:
        family, token = first_generation()
        assert judge(family, token, pair=pair()).outcome is Outcome.ROTATED

    def test_a_tab_may_hold_an_older_access_token(self) -> None:
        family, token = rotated(*first_generation(), now=NOW + MINUTE)
        assert token.generation == 1
        assert judge(family, token, now=NOW + 2 * MINUTE, pair=pair(generation=0)).outcome is Outcome.ROTATED

    @pytest.mark.parametrize("state", ["ended", "expired", "reused", "ahead", "unknown secret"])
    def test_it_comes_before_everything_that_follows(self, state: str) -> None:
        family, token = first_generation()
        now, options = NOW + MINUTE, {}
        if state == "ended":
            family = end(family, now=now, reason="revoked", nonce=b"\x01" * 16)
        elif state == "expired":
            now = NOW + 15 * DAY
        elif state == "reused":
            family = family._replace(generation=9)
        elif state == "ahead":
            family, token = family, rotated(family, token, now=now)[1]
        else:
            options["secret"] = RotationSecret.generate()
        decision = judge(family, token, now=now, client_id="thief", **options)
        assert (decision.outcome, decision.swap) == (Outcome.MISMATCH, False)


class TestRule4:
    """The session is not active, or epochs disagree."""

    def test_an_ended_session_stays_ended(self) -> None:
        family, token = first_generation()
        decision = judge(end(family, now=NOW + 1, reason="revoked", nonce=b"\x01" * 16), token)
        assert (decision.outcome, decision.rule, decision.swap) == (Outcome.REVOKED, 4, False)

    def test_a_newer_epoch_ends_it(self) -> None:
        family, token = first_generation(epoch=7)
        decision = judge(family, token, epoch=8)
        assert (decision.outcome, decision.rule, decision.swap) == (Outcome.REVOKED, 4, False)

    def test_an_epoch_the_store_has_lost_is_an_outage(self) -> None:
        family, token = first_generation(epoch=7)
        decision = judge(family, token, epoch=6)
        assert (decision.outcome, decision.rule) == (Outcome.UNAVAILABLE, 4)

    def test_the_same_epoch_is_fine(self) -> None:
        family, token = first_generation(epoch=7)
        assert judge(family, token, epoch=7).outcome is Outcome.ROTATED


class TestRule5:
    """The session's lifetime is over."""

    def test_idle_expiry(self) -> None:
        family, token = first_generation()
        assert judge(family, token, now=NOW + 14 * DAY - 1).outcome is Outcome.ROTATED
        decision = judge(family, token, now=NOW + 14 * DAY)
        assert (decision.outcome, decision.rule, decision.swap) == (Outcome.EXPIRED, 5, False)

    def test_absolute_expiry_however_busy_the_session_is(self) -> None:
        policy = RefreshPolicy(idle=timedelta(days=90))
        family, token = first_generation(policy=policy)
        assert judge(family, token, now=NOW + 90 * DAY - SECOND, policy=policy).outcome is Outcome.ROTATED
        decision = judge(family, token, now=NOW + 90 * DAY - SECOND + 1, policy=policy)
        assert (decision.outcome, decision.rule) == (Outcome.EXPIRED, 5)

    def test_a_row_may_be_shortened_but_not_prolonged(self) -> None:
        policy = RefreshPolicy(idle=timedelta(days=90))
        family, token = first_generation(policy=policy)
        shorter = family._replace(absolute_expires_at=NOW + DAY)
        assert judge(shorter, token, now=NOW + DAY, policy=policy).outcome is Outcome.EXPIRED
        longer = family._replace(absolute_expires_at=NOW + 900 * DAY, idle_expires_at=NOW + 900 * DAY)
        assert judge(longer, token, now=NOW + 90 * DAY, policy=policy).outcome is Outcome.EXPIRED


class TestAnUnknownRotationSecret:
    """A row that another process made with a secret this one does not have."""

    def test_it_is_an_outage_and_ends_nothing(self) -> None:
        new = RotationSecret.generate()
        family, parent = first_generation()
        family, _ = rotated(family, parent, now=NOW + MINUTE, secret=new.accepting(SECRET))
        for token in (parent, otherwise(parent, generation=1)):
            decision = judge(family, token, now=NOW + MINUTE)
            assert (decision.outcome, decision.rule, decision.swap) == (Outcome.UNAVAILABLE, 0, False)

    def test_neither_is_a_token_whose_secret_was_dropped_meanwhile(self) -> None:
        family, token = first_generation()
        stranger = otherwise(token, key_id=RotationSecret.generate().key_id)
        assert judge(family, stranger).outcome is Outcome.UNAVAILABLE


class TestRule6:
    """The live token."""

    def test_it_is_rotated(self) -> None:
        family, token = first_generation()
        decision = judge(family, token, now=NOW + MINUTE)
        assert (decision.outcome, decision.rule, decision.swap) == (Outcome.ROTATED, 6, True)
        after, successor = decision.family, decision.token
        assert after is not None
        assert successor is not None
        assert after == family._replace(
            version=version_of(b"nonce-of-the-call", NOW + MINUTE),
            generation=1,
            digest=after.digest,
            previous_digest=family.digest,
            nonce=b"nonce-of-the-call",
            rotated_at=NOW + MINUTE,
            previous_rotated_at=NOW,
            used_at=NOW + MINUTE,
            idle_expires_at=NOW + MINUTE + 14 * DAY,
        )
        assert successor.generation == 1
        assert successor.issued_at == NOW + MINUTE
        assert successor.absolute_expires_at == family.absolute_expires_at
        assert successor.secret != token.secret
        assert parse(encode(successor, KEYS), KEYS) == successor

    def test_the_idle_expiry_never_passes_the_absolute_one(self) -> None:
        family, token = first_generation()
        for day in range(13, 90, 13):
            family, token = rotated(family, token, now=NOW + day * DAY)
        assert family.idle_expires_at == family.absolute_expires_at == NOW + 90 * DAY

    def test_another_nonce_gives_another_successor(self) -> None:
        family, token = first_generation()
        one = judge(family, token, nonce=b"one").token
        two = judge(family, token, nonce=b"two").token
        assert one is not None
        assert two is not None
        assert one.secret != two.secret

    def test_it_is_made_with_the_current_secret(self) -> None:
        new = RotationSecret.generate()
        family, token = first_generation()
        after, successor = rotated(family, token, now=NOW + MINUTE, secret=new.accepting(SECRET))
        assert after.key_id == successor.key_id == new.key_id

    def test_a_clock_set_back_does_not_turn_the_row_back(self) -> None:
        family, token = rotated(*first_generation(), now=NOW + DAY)
        after, successor = rotated(family, token, now=NOW)
        assert after.rotated_at == successor.issued_at == NOW + DAY
        assert after.idle_expires_at == family.idle_expires_at


class TestVersions:
    """What a swap is compared by never comes a second time, even where the store has forgotten rows."""

    def test_it_is_what_the_call_has_drawn_and_when(self) -> None:
        """63 bits, so that every engine's integers hold it."""
        assert version_of(bytes(7) + b"\x02" + b"\xff" * 8, 0) == 2
        assert version_of(bytes(7) + b"\x02" + b"\xff" * 8, NOW) == NOW + 2
        assert version_of(b"\x7f" + b"\xff" * 15, 0) == 2**63 - 1
        assert version_of(b"\x7f" + b"\xff" * 15, 3) == version_of(b"\xff" * 16, 3) == 2
        family, _ = rotated(*first_generation(), now=NOW, nonce=bytes(range(16)))
        assert family.version == version_of(bytes(range(16)), NOW) == 0x0001020304050607 + NOW

    def test_an_end_has_one_too(self) -> None:
        family, token = first_generation()
        ended = end(family, now=NOW, reason="revoked", nonce=bytes(range(16)))
        assert ended.version == 0x0001020304050607 + NOW
        ahead = otherwise(token, generation=9)
        diverged = judge(family, ahead, now=NOW + DAY, nonce=bytes(range(16)), read_again=True).family
        assert diverged is not None
        assert (diverged.end_reason, diverged.version) == ("diverged", 0x0001020304050607 + NOW + DAY)

    def test_two_histories_of_one_session_share_no_version(self) -> None:
        """The store fell back to the login: what follows is told apart from all that was forgotten."""
        family, token = first_generation()
        forgotten, after = [], (family, token)
        for second in range(5):
            after = rotated(*after, now=NOW + second * SECOND, nonce=bytes([9 * second]) * 16)
            forgotten.append(after[0].version)
        anew, _ = rotated(family, token, now=NOW, nonce=b"\x50" * 16)
        assert anew.generation == 1
        assert anew.version not in forgotten


class TestRule6WithoutRotation:
    """The policy keeps the refresh token."""

    policy = RefreshPolicy(rotate=False)

    def test_the_token_stays_and_the_use_is_noted(self) -> None:
        family, token = first_generation(policy=self.policy)
        decision = judge(family, token, now=NOW + MINUTE, policy=self.policy)
        assert (decision.outcome, decision.rule, decision.swap) == (Outcome.KEPT, 6, True)
        assert decision.token is token
        assert decision.family == family._replace(
            version=version_of(b"nonce-of-the-call", NOW + MINUTE),
            used_at=NOW + MINUTE,
            idle_expires_at=NOW + MINUTE + 14 * DAY,
        )

    def test_the_row_is_written_once_a_minute_at_most(self) -> None:
        family, token = first_generation(policy=self.policy)
        decision = judge(family, token, now=NOW + MINUTE - 1, policy=self.policy)
        assert (decision.outcome, decision.swap) == (Outcome.KEPT, False)
        assert decision.family is family

    def test_a_short_idle_lifetime_is_extended_in_time(self) -> None:
        policy = RefreshPolicy(rotate=False, idle=timedelta(seconds=40))
        family, token = first_generation(policy=policy)
        assert not judge(family, token, now=NOW + 20_000 - 1, policy=policy).swap
        assert judge(family, token, now=NOW + 20_000, policy=policy).swap

    def test_a_clock_set_back_extends_nothing(self) -> None:
        family, token = first_generation(policy=self.policy)
        used = judge(family, token, now=NOW + DAY, policy=self.policy).family
        decision = judge(used, token, now=NOW, policy=self.policy)
        assert (decision.outcome, decision.swap, decision.now) == (Outcome.KEPT, False, NOW + DAY)


class TestRule7:
    """This call's own swap, whose outcome was not known."""

    def test_the_successor_is_answered_without_another_swap(self) -> None:
        family, token = first_generation()
        after, successor = rotated(family, token, now=NOW + MINUTE, nonce=b"mine")
        decision = judge(after, token, now=NOW + 2 * MINUTE, nonce=b"mine", was_live=True)
        assert (decision.outcome, decision.rule, decision.swap) == (Outcome.ROTATED, 7, False)
        assert decision.token == successor
        assert decision.family is after


class TestRule8:
    """A superseded token inside the retry window."""

    def test_it_gets_the_same_successor_byte_for_byte(self) -> None:
        family, token = first_generation()
        after, successor = rotated(family, token, now=NOW + MINUTE)
        decision = judge(after, token, now=NOW + MINUTE + 30 * SECOND - 1)
        assert (decision.outcome, decision.rule, decision.swap) == (Outcome.RETRIED, 8, False)
        assert decision.token is not None
        assert encode(decision.token, KEYS) == encode(successor, KEYS)

    def test_nothing_is_extended(self) -> None:
        family, token = first_generation()
        after, _ = rotated(family, token, now=NOW + MINUTE)
        assert judge(after, token, now=NOW + MINUTE + 20 * SECOND).family is after

    def test_it_survives_a_change_of_the_current_secret(self) -> None:
        family, token = first_generation()
        after, successor = rotated(family, token, now=NOW + MINUTE)
        new = RotationSecret.generate().accepting(SECRET)
        decision = judge(after, token, now=NOW + MINUTE + 1, secret=new)
        assert decision.outcome is Outcome.RETRIED
        assert decision.token == successor

    def test_it_survives_that_change_in_the_middle_of_the_rotation(self) -> None:
        new = RotationSecret.generate()
        family, token = first_generation()
        after, successor = rotated(family, token, now=NOW + MINUTE, secret=new.accepting(SECRET))
        decision = judge(after, token, now=NOW + MINUTE + 1, secret=SECRET.accepting(new))
        assert decision.token == successor

    def test_a_clock_set_back_keeps_the_window_open(self) -> None:
        family, token = first_generation()
        after, _ = rotated(family, token, now=NOW + MINUTE)
        assert judge(after, token, now=NOW - DAY).outcome is Outcome.RETRIED

    def test_a_window_of_zero_is_closed_at_once(self) -> None:
        policy = RefreshPolicy(retry_window=timedelta(0))
        family, token = first_generation(policy=policy)
        after, _ = rotated(family, token, now=NOW + MINUTE, policy=policy)
        assert judge(after, token, now=NOW + MINUTE, policy=policy).outcome is Outcome.REUSED


EDITS: dict[str, Any] = {
    "subject": "client-43",
    "client_id": None,
    "tenant": None,
    "confirmation": None,
    "scopes": "orders:read orders:write admin",
    "claims": '{"plan":"platinum"}',
    "digest": b"\x00" * 32,
}


class TestRule9:
    """A genuine token whose row says something else."""

    @pytest.mark.parametrize("column", sorted(EDITS))
    def test_a_row_that_was_edited_is_worthless(self, column: str) -> None:
        family, token = first_generation()
        edited = family._replace(**{column: EDITS[column]})
        changes = {column: EDITS[column]} if column in ("client_id", "tenant", "confirmation") else {}
        decision = judge(edited, token, **changes)
        assert (decision.outcome, decision.rule, decision.swap) == (Outcome.INVALID, 9, False)

    def test_so_is_its_previous_generation(self) -> None:
        family, token = first_generation()
        after, _ = rotated(family, token, now=NOW + MINUTE)
        edited = after._replace(subject="client-43")
        decision = judge(edited, token, now=NOW + MINUTE + 1)
        assert (decision.outcome, decision.rule) == (Outcome.INVALID, 9)

    def test_a_row_without_its_previous_digest_answers_no_retry(self) -> None:
        family, token = first_generation()
        after, _ = rotated(family, token, now=NOW + MINUTE)
        decision = judge(after._replace(previous_digest=None), token, now=NOW + MINUTE + 1)
        assert (decision.outcome, decision.rule) == (Outcome.INVALID, 9)

    @pytest.mark.parametrize(
        ("column", "value"),
        [("nonce", b"edited"), ("rotated_at", NOW + MINUTE + 1), ("digest", b"\x00" * 32)],
    )
    def test_a_row_that_does_not_lead_to_its_own_live_token_answers_no_retry(
        self, column: str, value: Any
    ) -> None:
        family, token = first_generation()
        after, _ = rotated(family, token, now=NOW + MINUTE)
        decision = judge(after._replace(**{column: value}), token, now=NOW + MINUTE + 2)
        assert (decision.outcome, decision.rule, decision.swap) == (Outcome.INVALID, 9, False)

    def test_two_tokens_of_one_generation_are_told_apart(self) -> None:
        family, token = first_generation()
        after, _ = rotated(family, token, now=NOW + MINUTE, nonce=b"one")
        _, rival = rotated(family, token, now=NOW + MINUTE, nonce=b"two")
        assert judge(after, rival, now=NOW + MINUTE).rule == 9


class TestRule10:
    """A token newer than its row: the store has lost rotations."""

    def ahead(self) -> tuple[Family, Any]:
        family, token = first_generation()
        return family, rotated(family, token, now=NOW + MINUTE)[1]

    def test_the_primary_is_read_again_first(self) -> None:
        family, token = self.ahead()
        decision = judge(family, token, now=NOW + MINUTE)
        assert (decision.outcome, decision.rule, decision.swap) == (Outcome.READ_AGAIN, 10, False)

    def test_a_young_one_waits(self) -> None:
        family, token = self.ahead()
        decision = judge(family, token, now=NOW + 11 * MINUTE - 1, read_again=True)
        assert (decision.outcome, decision.rule, decision.swap) == (Outcome.UNAVAILABLE, 10, False)
        assert decision.family is family

    def test_an_older_one_ends_the_session(self) -> None:
        family, token = self.ahead()
        decision = judge(family, token, now=NOW + 11 * MINUTE, read_again=True)
        assert (decision.outcome, decision.rule, decision.swap) == (Outcome.REVOKED, 10, True)
        assert decision.family == end(
            family, now=NOW + 11 * MINUTE, reason="diverged", nonce=b"nonce-of-the-call"
        )


class TestRule11:
    """Overtaken while it was being rotated."""

    def test_the_token_was_live_earlier_in_this_call(self) -> None:
        family, token = first_generation()
        after, live = family, token
        for step in range(1, 4):
            after, live = rotated(after, live, now=NOW + step * DAY)
            decision = judge(after, token, now=NOW + step * DAY + MINUTE, was_live=True)
            assert (decision.outcome, decision.rule, decision.swap) == (Outcome.CONTENTION, 11, False)

    def test_two_generations_behind_but_inside_the_window(self) -> None:
        family, token = first_generation()
        after, live = rotated(family, token, now=NOW + MINUTE)
        after, _ = rotated(after, live, now=NOW + MINUTE + SECOND)
        decision = judge(after, token, now=NOW + MINUTE + 30 * SECOND - 1)
        assert (decision.outcome, decision.rule, decision.swap) == (Outcome.CONTENTION, 11, False)
        assert judge(after, token, now=NOW + MINUTE + 30 * SECOND).outcome is Outcome.REUSED


class TestRule12:
    """A superseded token outside every window."""

    def test_the_session_ends(self) -> None:
        family, token = first_generation()
        after, _ = rotated(family, token, now=NOW + MINUTE)
        now = NOW + MINUTE + 30 * SECOND
        decision = judge(after, token, now=now)
        assert (decision.outcome, decision.rule, decision.swap) == (Outcome.REUSED, 12, True)
        assert decision.family == end(after, now=now, reason="reused", nonce=b"nonce-of-the-call")
        assert decision.family is not None
        assert decision.family.ended_at == now

    @pytest.mark.parametrize("generations", [3, 4, 10])
    def test_any_older_generation_proves_itself(self, generations: int) -> None:
        family, token = first_generation()
        after, live = family, token
        for step in range(generations):
            after, live = rotated(after, live, now=NOW + step)
        assert judge(after, token, now=NOW + generations).outcome is Outcome.REUSED

    def test_two_behind_in_a_row_that_forgot_when(self) -> None:
        family, token = first_generation()
        after, live = rotated(family, token, now=NOW)
        after, _ = rotated(after, live, now=NOW)
        assert judge(after._replace(previous_rotated_at=None), token, now=NOW).outcome is Outcome.REUSED


def test_a_row_holds_nothing_a_token_could_be_made_from() -> None:
    """Not one column of it is, or contains, a part of a token's secret."""
    family, token = first_generation()
    after, successor = rotated(family, token, now=NOW + MINUTE)
    for secret in (token.secret, successor.secret):
        for value in after:
            if isinstance(value, bytes):
                assert secret not in value
                assert value not in secret or value == b""


LATER = NOW + MINUTE


def _judged(name: str) -> tuple[Family | None, Any]:
    """Return the row of a case, and the decision on it at `LATER`."""
    family, token = first_generation()
    one, live = rotated(family, token, now=NOW)
    two, _ = rotated(one, live, now=LATER - SECOND)
    stranger = RotationSecret.generate()
    keeping = replace(POLICY, rotate=False)
    just_used = family._replace(used_at=LATER)
    cases: dict[str, tuple[Family | None, Any, dict[str, Any]]] = {
        "2 READ_AGAIN": (None, token, {}),
        "2 UNAVAILABLE": (None, token, {"read_again": True}),
        "2 INVALID": (None, token, {"read_again": True, "policy": replace(POLICY, lag=timedelta(0))}),
        "3 MISMATCH": (family, token, {"client_id": None}),
        "4 REVOKED": (end(family, now=NOW, reason="revoked", nonce=b"\x01" * 16), token, {}),
        "4 REVOKED by an epoch": (family, token, {"epoch": 1}),
        "4 UNAVAILABLE": (family._replace(epoch=1), token, {}),
        "5 EXPIRED": (family._replace(idle_expires_at=LATER), token, {}),
        "0 UNAVAILABLE": (family, token, {"secret": stranger}),
        "9 INVALID": (family._replace(subject="client-43"), token, {}),
        "9 INVALID in a retry": (two._replace(digest=b"another"), live, {}),
        "6 KEPT": (just_used, token, {"policy": keeping}),
        "8 RETRIED": (two, live, {}),
        "7 ROTATED": (two, live, {"nonce": b"another nonce"}),
        "10 READ_AGAIN": (family, live, {}),
        "10 UNAVAILABLE": (family, live, {"read_again": True}),
        "11 CONTENTION": (two, token, {"was_live": True}),
        "11 CONTENTION overtaken twice": (two._replace(previous_rotated_at=LATER), token, {}),
    }
    row, presented_token, options = cases[name]
    return row, judge(row, presented_token, now=LATER, **options)


@pytest.mark.parametrize(
    "name",
    [
        "2 READ_AGAIN",
        "2 UNAVAILABLE",
        "2 INVALID",
        "3 MISMATCH",
        "4 REVOKED",
        "4 REVOKED by an epoch",
        "4 UNAVAILABLE",
        "5 EXPIRED",
        "0 UNAVAILABLE",
        "9 INVALID",
        "9 INVALID in a retry",
        "6 KEPT",
        "8 RETRIED",
        "7 ROTATED",
        "10 READ_AGAIN",
        "10 UNAVAILABLE",
        "11 CONTENTION",
        "11 CONTENTION overtaken twice",
    ],
)
def test_a_decision_names_its_rule_and_the_row_and_time_it_goes_by(name: str) -> None:
    """Events, lifetimes and the next step are made of them."""
    row, decision = _judged(name)
    rule, outcome = name.split()[:2]
    assert (decision.rule, decision.outcome) == (int(rule), Outcome[outcome])
    assert decision.now == LATER
    assert decision.family is row
    assert not decision.swap


@pytest.mark.parametrize("rotate", [True, False])
def test_a_decision_that_writes_goes_by_the_same_time(rotate: bool) -> None:
    family, token = first_generation()
    one, live = rotated(family, token, now=NOW)
    two, _ = rotated(one, live, now=NOW)
    policy = replace(POLICY, rotate=rotate, lag=timedelta(0), retry_window=timedelta(0))
    decisions = [
        judge(family, token, now=LATER, policy=policy),
        judge(family, live, now=LATER, policy=policy, read_again=True),
        judge(two, token, now=LATER, policy=policy),
    ]
    assert [decision.rule for decision in decisions] == [6, 10, 12]
    assert all(decision.swap and decision.now == LATER for decision in decisions)


def test_a_rotation_is_never_older_than_the_one_before() -> None:
    """Not even where the time of the last use was lost."""
    family, token = first_generation()
    assert judge(family._replace(used_at=0), token, now=NOW - DAY).now == NOW


def test_a_decision_never_changes_the_row_it_was_given() -> None:
    family, token = first_generation()
    before = family._replace()
    judge(family, token)
    assert family == before


@given(
    generation=st.integers(0, 4),
    now=st.integers(NOW - 100 * DAY, NOW + 100 * DAY),
    epoch=st.integers(-1, 1),
    ended=st.booleans(),
    was_live=st.booleans(),
    read_again=st.booleans(),
    client_id=st.sampled_from(["web", "web", "web", None]),
    nonce=st.sampled_from([b"another nonce", b"mine"]),
    rotate=st.booleans(),
)
def test_every_decision_keeps_the_promises(
    generation: int, now: int, epoch: int, ended: bool, rotate: bool, nonce: bytes, **changes: Any
) -> None:
    """Whatever comes in: only rules 6, 10 and 12 write, by a version of their own, and only what they may."""
    policy = replace(POLICY, rotate=rotate)
    tokens = []
    family, token = first_generation()
    for step in range(4):
        tokens.append(token)
        if step < 3:
            family, token = rotated(family, token, now=NOW + step * SECOND)
    tokens.append(otherwise(token, generation=4))
    if ended:
        family = end(family, now=NOW, reason="revoked", nonce=b"\x01" * 16)
    decision = judge(family, tokens[generation], now=now, epoch=epoch, nonce=nonce, policy=policy, **changes)
    assert decision.now >= family.rotated_at
    if decision.swap:
        after = decision.family
        assert after is not None
        assert after.version == version_of(nonce, decision.now)
        assert (decision.outcome, after.end_reason) in [
            (Outcome.ROTATED, None),
            (Outcome.KEPT, None),
            (Outcome.REUSED, "reused"),
            (Outcome.REVOKED, "diverged"),
        ]
        assert family.ended_at is None
        assert changes["client_id"] == "web"
        for name in (
            "session_id",
            "issuer",
            "subject",
            "scopes",
            "claims",
            "created_at",
            "absolute_expires_at",
        ):
            assert getattr(after, name) == getattr(family, name)
    if decision.token is not None:
        assert decision.outcome in (Outcome.ROTATED, Outcome.RETRIED, Outcome.KEPT)
        assert decision.token.absolute_expires_at == token.absolute_expires_at
        assert generation in (2, 3)
