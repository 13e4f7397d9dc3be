"""An old token comes back after the retry window: its session ends every time, access tokens and all."""

from __future__ import annotations

from tests.fire.replay import replay_after_the_window


def test_a_replay_ends_the_session(anywhere):
    tally = replay_after_the_window(anywhere, rounds=24)
    assert tally.wrong == []
    assert (tally.rounds, tally.ended) == (24, 24)


def test_a_session_that_does_not_end_is_noticed(somewhere):
    tally = replay_after_the_window(somewhere, rounds=2, broken="merciful")
    assert tally.ended == 0
    assert tally.wrong == [
        "expected RefreshTokenRevokedError (refresh.revoked), it was accepted",
        *["expected TokenRevokedError (token.revoked), it was accepted"] * 2,
    ]
