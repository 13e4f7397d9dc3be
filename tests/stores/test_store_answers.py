"""The rules the stores share, apart from any store."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jwtkit.errors import ConfigurationError
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.stores.answers import over_at, revocation_status
from jwtkit.stores.bounds import checked_clock, findable, page_size, require_storable, store_time
from jwtkit.testing import ManualClock
from jwtkit.testing.given import a_family
from jwtkit.testing.strategies import families, storable_texts

IN_SESSION = RevocationQuery("https://issuer.test", session_id="session", epoch=5)
NOTHING_AGAINST_IT = {
    "session_over_at": 100,
    "session_ended": False,
    "epoch": 5,
    "denied_until": None,
    "now": 99,
}


@given(families())
def test_a_family_is_over_at_the_earliest_of_its_ends(family):
    ends = [family.idle_expires_at, family.absolute_expires_at, family.ended_at]
    assert over_at(family) == min(end for end in ends if end is not None)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, RevocationStatus.ACTIVE),
        ({"now": 100}, RevocationStatus.SESSION_ENDED),
        ({"session_over_at": None}, RevocationStatus.SESSION_ENDED),
        ({"session_ended": True}, RevocationStatus.SESSION_ENDED),
        ({"epoch": 6}, RevocationStatus.LOGGED_OUT),
        ({"epoch": 0}, RevocationStatus.ACTIVE),
        ({"denied_until": 100}, RevocationStatus.TOKEN_DENIED),
        ({"denied_until": 99}, RevocationStatus.ACTIVE),
        ({"denied_until": 100, "epoch": 6}, RevocationStatus.LOGGED_OUT),
        ({"denied_until": 100, "epoch": 6, "now": 100}, RevocationStatus.SESSION_ENDED),
    ],
)
def test_what_stands_against_a_token(changes, expected):
    assert revocation_status(IN_SESSION, **NOTHING_AGAINST_IT | changes) is expected


def test_a_token_without_an_epoch_counts_as_of_epoch_0():
    query = replace(IN_SESSION, epoch=None)
    assert revocation_status(query, **NOTHING_AGAINST_IT) is RevocationStatus.LOGGED_OUT
    assert revocation_status(query, **NOTHING_AGAINST_IT | {"epoch": 0}) is RevocationStatus.ACTIVE


def test_a_token_of_no_session_asks_for_none():
    query = replace(IN_SESSION, session_id=None)
    facts = NOTHING_AGAINST_IT | {"session_over_at": None}
    assert revocation_status(query, **facts) is RevocationStatus.ACTIVE


@given(storable_texts())
def test_a_text_every_engine_keeps_is_taken_as_it_is(text):
    require_storable(text)
    assert findable(text) == text


@pytest.mark.parametrize("value", ["\0", "a\0", "é\0", "\ud800", "é\udfff", 2**63, -(2**63)])
def test_a_value_some_engine_cannot_keep_is_refused(value):
    with pytest.raises(ConfigurationError) as refusal:
        require_storable("fine", value)
    assert refusal.value.code == "store.unstorable"
    if isinstance(value, str):
        assert value not in str(refusal.value)
        assert findable(value) == "\0"


def test_the_values_every_engine_keeps():
    require_storable(None, b"\0\xff", 2**63 - 1, 1 - 2**63, 0, "", "é")
    assert findable(None) is None


def test_a_page_is_counted_from_0():
    assert [page_size(number) for number in (0, 5, 2**63, 2**80)] == [0, 5, 2**63 - 1, 2**63 - 1]
    for wrong in (-1, 1.5, None, "1", True):
        with pytest.raises(ConfigurationError) as refusal:
            page_size(wrong)
        assert refusal.value.code == "store.page"


@given(st.integers(0, 4_000_000_000_000))
@example(1001)
def test_the_time_is_told_to_the_millisecond(milliseconds):
    assert store_time(ManualClock(milliseconds / 1000)) == milliseconds


def test_without_a_clock_the_time_is_looked_up_at_each_call(monkeypatch):
    monkeypatch.setattr("time.time", lambda: 5.25)
    assert store_time(None) == 5250


def test_a_time_is_no_clock():
    assert checked_clock(None) is None
    with pytest.raises(ConfigurationError, match=r"time\.time"):
        checked_clock(5.0)


def test_a_family_of_the_suite_lives_for_14_days():
    clock = ManualClock()
    assert over_at(a_family(clock)) == store_time(clock) + 14 * 86_400_000
