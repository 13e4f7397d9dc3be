"""What must hold, said without looking at how it is done: a list of tokens, a few times, and no digest.

Each function returns "" or the name of the rule that was broken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.model.judge import ABSOLUTE, IDLE, PROBE, WINDOW, Judge, Question, Verdict

if TYPE_CHECKING:
    from tests.model.world import State

FORK = "fork: two tokens of one generation"
HANDED_TWICE = "fork: a second token of one generation is handed out"
FALSE_LOGOUT = "false logout: a token that is good, or was a moment ago, is refused"
MISSED_REPLAY = "missed replay: a superseded token did not end the session"
ANSWERED_AFTER_END = "a session that was ended answers"
ANSWERED_AFTER_LOGOUT = "a session begun before a logout of everyone answers"
OUTLIVED = "a session whose lifetime has passed answers"
EXTENDED = "a retry changes the row"
NOT_MONOTONE = "generation or epoch went back, a generation was skipped, or a version stayed"
REVIVED = "a session that was ended is written to"
UNSEEN = "a write replaces a row that it was not decided on"
PAIRING = "pairing: "
CLOCK = "a token is older than its parent"

REFUSALS = frozenset({"invalid", "expired", "revoked", "reused", "mismatch"})


def judged(judge: Judge, state: State, question: Question, verdict: Verdict) -> str:
    """Check a decision made on the row as it is."""
    outcome, answer = verdict.outcome, verdict.answer
    made_at = [judge.tokens[token].issued_at for token in state.chain]
    now = max(question.now, made_at[-1])
    lifetime_over = _lifetime_over(judge, state, question.now)
    live = len(state.chain) - 1
    place = state.chain.index(question.token) if question.token in state.chain else None
    if answer:
        if state.over:
            return ANSWERED_AFTER_END
        if state.logged_out:
            return ANSWERED_AFTER_LOGOUT
        if lifetime_over:
            return OUTLIVED
        if place is None:
            return FORK
        if place == live:
            return "" if outcome == "rotated" and verdict.write else FORK
        if answer != state.chain[place + 1]:
            return FORK
        if not verdict.row_kept:
            return EXTENDED
        mine = _made_by(judge, state.chain[place + 1], question.nonce)
        in_time = now < made_at[place + 1] + WINDOW
        return "" if place == live - 1 and (mine or in_time) else MISSED_REPLAY
    if state.over or state.logged_out or lifetime_over or place is None or outcome == "unavailable":
        return ""
    if place == live:
        return FALSE_LOGOUT
    superseded_in_time = now < made_at[place + 1] + WINDOW
    if outcome in REFUSALS:
        if place >= live - 2 and superseded_in_time:
            return FALSE_LOGOUT
        return "" if outcome == "reused" and verdict.write else MISSED_REPLAY
    excused = question.was_live or (place == live - 2 and superseded_in_time)
    return "" if outcome == "contention" and excused else MISSED_REPLAY


def judged_on_old_row(judge: Judge, state: State, question: Question, verdict: Verdict) -> str:
    """Check a decision made on what the row once was. What it writes cannot win; what it says may matter."""
    if verdict.write:
        return ""
    if verdict.answer:
        return "" if verdict.answer in state.chain else FORK
    token, row = judge.tokens[question.token], judge.rows[question.row]
    if state.over or state.logged_out or _lifetime_over(judge, state, question.now):
        return ""
    newer_than_row = question.token in state.chain and token.generation > row.generation
    return FALSE_LOGOUT if newer_than_row and verdict.outcome in REFUSALS and not question.read_again else ""


def written(judge: Judge, state: State, write: int, answer: int, has_failed_over: bool) -> str:
    """Check a write the store has accepted."""
    swap = judge.swaps[write]
    before, after = judge.rows[state.row], judge.rows[swap.row]
    if before.ended_at is not None:
        return REVIVED
    if after.version == before.version or after.generation != before.generation + bool(answer):
        return NOT_MONOTONE
    if after.epoch != before.epoch or after.absolute_expires_at != before.absolute_expires_at:
        return NOT_MONOTONE
    if answer and not has_failed_over:
        if judge.lineage[answer][:-1] != state.chain:
            return FORK
        if judge.tokens[answer].issued_at < judge.tokens[state.chain[-1]].issued_at:
            return CLOCK
    return "" if swap.decided_on == state.row else UNSEEN


def handed_out(judge: Judge, state: State, answer: int, has_failed_over: bool) -> str:
    """Check a token as it leaves the server: nobody holds another of its generation.

    A store that has lost a confirmed write hands one out again, and `state_of_things` sees that only one
    of the two is good.
    """
    if has_failed_over:
        return ""
    generation = judge.tokens[answer].generation
    twins = [token for token in state.handed if judge.tokens[token].generation == generation]
    return "" if twins in ([], [answer]) else HANDED_TWICE


def state_of_things(judge: Judge, state: State) -> str:
    """Check what would become of every token ever handed out, were it presented now.

    There is at most one chain of good tokens: one that is live, and one that leads to it.
    """
    if not state.row:
        return ""
    live: set[int] = set()
    leads_to: set[int] = set()
    for token in state.handed:
        question = Question(state.row, state.epoch, state.now, token, state.level, PROBE)
        verdict = judge.verdict(question)
        if wrong := judge.odd_pairs(question):
            return PAIRING + wrong
        if verdict.answer:
            if state.over:
                return ANSWERED_AFTER_END
            if state.logged_out:
                return ANSWERED_AFTER_LOGOUT
            (live if verdict.outcome == "rotated" else leads_to).add(
                token if verdict.outcome == "rotated" else verdict.answer
            )
    if len(live) > 1 or len(leads_to) > 1 or (live and leads_to and live != leads_to):
        return FORK
    return ""


def _lifetime_over(judge: Judge, state: State, now: int) -> bool:
    first, last = (judge.tokens[state.chain[place]].issued_at for place in (0, -1))
    return max(now, last) >= min(last + IDLE, first + ABSOLUTE)


def _made_by(judge: Judge, token: int, nonce: int) -> bool:
    parent = judge.lineage[token][-2]
    return nonce in judge.nonces[token] - judge.nonces[parent]
