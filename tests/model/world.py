"""What can happen, one atomic step at a time: clients, an administrator, the store, the clock.

A call of `rotate` is the loop of `jwtkit.refresh.rotation` taken apart where the world can interfere: it is
sent, it reads (and decides on what it read), it writes, its answer arrives. Between any two steps anything
else may happen. Two tabs share a place where the newest token is kept; a thief knows every token that was
ever handed out, lost answers included, and may send any of them at any time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import NamedTuple

from tests.model import rules
from tests.model.judge import PROBE, Judge, Question, Verdict

TAB, THIEF = "a tab", "the thief"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """How much of everything may happen in one exploration.

    Attributes:
        calls: Refreshes by the two tabs together.
        thefts: Refreshes by the thief.
        ticks: How often time passes, each time by any of `durations` (milliseconds).
        skews: How often the store's clock is set back, by each of `setbacks` (milliseconds).
        losses: Answers that are lost, and processes killed within a call.
        unknowns: Writes whose outcome the caller does not learn: done, not done, or done later.
        revokes: Logouts of the session.
        bumps: Logouts of everyone.
        login: Whether the login is explored too, against the logouts of everyone.
        deploys: Steps of replacing the rotation secret.
        stale_reads: Reads that see an older row.
        failovers: Times the store falls back to an older row and epoch for good. What was decided before may
            be written after it.
    """

    calls: int
    thefts: int = 0
    ticks: int = 0
    durations: tuple[int, ...] = (15_000, 30_000, 300_000)
    skews: int = 0
    setbacks: tuple[int, ...] = (30_000,)
    losses: int = 0
    unknowns: int = 0
    revokes: int = 0
    bumps: int = 0
    login: bool = False
    deploys: int = 0
    stale_reads: int = 0
    failovers: int = 0

    @property
    def left(self) -> Left:
        return Left(*(getattr(self, name) for name in Left._fields))

    def __str__(self) -> str:
        shown = ((each.name, getattr(self, each.name)) for each in fields(self))
        return ", ".join(f"{name} {value}" for name, value in shown if type(value) is int and value)


class Left(NamedTuple):
    """What may still happen."""

    calls: int
    thefts: int
    ticks: int
    skews: int
    losses: int
    unknowns: int
    revokes: int
    bumps: int
    deploys: int
    stale_reads: int
    failovers: int

    def but(self, name: str) -> Left:
        return self._replace(**{name: getattr(self, name) - 1})


class Call(NamedTuple):
    """A call of `rotate`, or of `revoke`, under way; numbers only, so that calls can be put in order."""

    stage: int = 0
    """0 none, 1 about to read, 2 about to write, 3 its answer is under way."""
    token: int = 0
    level: int = 0
    nonce: int = 0
    was_live: bool = False
    read_again: bool = False
    write: int = 0
    answer: int = 0


NO_CALL = Call()


class Past(NamedTuple):
    """The store as it once was."""

    row: int
    epoch: int
    chain: tuple[int, ...]
    over: bool
    logged_out: bool


class State(NamedTuple):
    """The whole world between two steps.

    The last four are not in any store: they are what the rules go by.
    """

    row: int
    epoch: int
    now: int
    tabs: tuple[Call, Call]
    thief: Call
    revoking: int
    """What a logout is about to write; 0 for none."""
    login: tuple[int, ...]
    """(stage, epoch, now): 0 done, 1 to read the epoch, 2 the password, 3 the insert, 4 refused."""
    shared: int
    """The newest token the tabs have."""
    late: tuple[int, int]
    """A write on its way, and the token it makes live."""
    level: int
    past: tuple[Past, ...]
    left: Left
    chain: tuple[int, ...]
    """The tokens that were live one after the other; the last is live."""
    over: bool
    """The session was ended."""
    logged_out: bool
    """Everyone was logged out since the login began."""
    handed: tuple[int, ...]
    """Every token ever handed out."""


Step = tuple[str, State, str]
"""What happened, what the world is then, and the rule that was broken, or nothing."""


@dataclass(slots=True)
class World:
    """The steps that lead from one state to the next.

    Args:
        scope: How much may happen.
        judge: The decision.
        compares: Whether the store compares versions before it writes; a sabotaged one does not.
    """

    scope: Scope
    judge: Judge
    compares: bool = True

    def start(self, now: int) -> State:
        """Return the state in which everything begins."""
        state = State(
            row=0, epoch=0, now=now, tabs=(NO_CALL, NO_CALL), thief=NO_CALL, revoking=0, login=(1,),
            shared=0, late=(0, 0), level=0, past=(), left=self.scope.left, chain=(), over=False,
            logged_out=False, handed=(),
        )  # fmt: skip
        return state if self.scope.login else self._logged_in(state, 0, now)

    def steps(self, state: State) -> Iterator[Step]:
        """Yield everything that can happen next."""
        yield from self._surroundings(state)
        if state.login[0]:
            yield from self._login(state)
            return
        yield from self._administrator(state)
        first, second = state.tabs
        yield from self._tab(state, 0)
        if first != second:
            yield from self._tab(state, 1)
        yield from self._thief(state)

    # Clients.

    def _tab(self, state: State, tab: int) -> Iterator[Step]:
        call, left = state.tabs[tab], state.left
        if call.stage == 0:
            if left.calls and state.shared:
                for level in self._levels(state):
                    sent = Call(1, state.shared, level)
                    yield (
                        f"{TAB} sends {self._name(state.shared)}{self._served(level)}",
                        self._with(state._replace(left=left.but("calls")), tab, sent),
                        "",
                    )
        elif call.stage == 3:
            newer = max(state.shared, call.answer, key=lambda token: len(self.judge.lineage[token]))
            done = self._with(state, tab, NO_CALL)
            yield f"{TAB} gets {self._name(call.answer)}", done._replace(shared=newer), ""
            if left.losses:
                lost = done._replace(left=left.but("losses"))
                yield f"the answer {self._name(call.answer)} to {TAB} is lost", lost, ""
        else:
            yield from self._served_call(state, tab, call)

    def _thief(self, state: State) -> Iterator[Step]:
        if state.thief.stage:
            yield from self._served_call(state, 2, state.thief)
        elif state.left.thefts:
            # Knowing only ever more, the thief gains nothing by sending a token before it is read.
            sending = state._replace(left=state.left.but("thefts"))
            for token in state.handed:
                for level in self._levels(state):
                    yield from self._read(sending, 2, Call(1, token, level))

    def _served_call(self, state: State, who: int, call: Call) -> Iterator[Step]:
        """Yield what a call that the server has, and has not answered, does next."""
        if call.stage == 1:
            yield from self._read(state, who, call)
        else:
            yield from self._write(state, who, call)
        if state.left.losses and call.stage == 1 and call.was_live:
            # Killed before it ever wrote, it might as well not have been sent.
            killed = self._with(state._replace(left=state.left.but("losses")), who, NO_CALL)
            yield f"the process serving {self._who(who)} is killed", killed, ""

    def _read(self, state: State, who: int, call: Call) -> Iterator[Step]:
        if not call.nonce:
            call = call._replace(nonce=self._fresh_nonce(state))
        yield self._decided(state, state, who, call, "reads")
        if state.left.stale_reads:
            behind = state._replace(left=state.left.but("stale_reads"))
            for past in state.past:
                if past.row != state.row or past.epoch != state.epoch:
                    seen = state._replace(row=past.row, epoch=past.epoch)
                    yield self._decided(behind, seen, who, call, f"reads the older {self._row(past.row)}")

    def _decided(self, state: State, seen: State, who: int, call: Call, reads: str) -> Step:
        """Return the step of reading what is in `seen`, and deciding on it."""
        judge = self.judge
        question = Question(
            seen.row, seen.epoch, seen.now, call.token, call.level, call.nonce, call.was_live, call.read_again
        )
        verdict = judge.verdict(question)
        if seen is state:
            broken = rules.judged(judge, state, question, verdict)
        else:
            broken = rules.judged_on_old_row(judge, state, question, verdict)
        label = f"{self._who(who)}'s call {reads}: {self._name(call.token)} is {verdict.outcome}"
        if verdict.outcome == "read_again":
            return label, self._with(state, who, call._replace(read_again=True)), broken
        if verdict.write:
            call = call._replace(
                stage=2,
                write=verdict.write,
                answer=verdict.answer,
                was_live=call.was_live or verdict.outcome == "rotated",
            )
            return label, self._with(state, who, call), broken
        return self._answered(state, who, verdict, label, broken)

    def _write(self, state: State, who: int, call: Call) -> Iterator[Step]:
        what = f"{self._who(who)}'s call writes {self._swap(call.write)}"
        again = self._with(state, who, call._replace(stage=1, write=0, answer=0))
        wins = self._wins(state, call.write)
        if not wins:
            yield f"{what}: somebody was faster", again, ""
        else:
            written, broken = self._written(state, call.write, call.answer)
            verdict = Verdict("", 0, 0, call.answer, True)
            yield self._answered(written, who, verdict, what, broken)
        if not state.left.unknowns:
            return
        unknown = again._replace(left=state.left.but("unknowns"))
        yield f"{what}: no reply, and it was not written", unknown, ""
        if wins:
            written, broken = self._written(unknown, call.write, call.answer)
            yield f"{what}: no reply, but it was written", written, broken
        if not state.late[0]:
            yield f"{what}: no reply, still on its way", unknown._replace(late=(call.write, call.answer)), ""

    def _answered(self, state: State, who: int, verdict: Verdict, label: str, broken: str) -> Step:
        """Return the step at whose end the server sends its answer, or its refusal."""
        if not verdict.answer:
            return label, self._with(state, who, NO_CALL), broken
        broken = broken or rules.handed_out(self.judge, state, verdict.answer, self.scope.failovers > 0)
        handed = state.handed
        if verdict.answer not in handed:
            handed = tuple(sorted((*handed, verdict.answer)))
        call = NO_CALL if who == 2 else Call(3, answer=verdict.answer)
        return label, self._with(state._replace(handed=handed), who, call), broken

    # The store.

    def _wins(self, state: State, write: int) -> bool:
        rows, swap = self.judge.rows, self.judge.swaps[write]
        return not self.compares or rows[state.row].version == rows[swap.decided_on].version

    def _written(self, state: State, write: int, answer: int) -> tuple[State, str]:
        """Return the state after a write that the store has accepted, and the rule it broke."""
        broken = rules.written(self.judge, state, write, answer, self.scope.failovers > 0)
        return (
            state._replace(
                row=self.judge.swaps[write].row,
                past=self._remembered(state),
                chain=self.judge.lineage[answer] if answer else state.chain,
                over=state.over or not answer,
            ),
            broken,
        )

    def _remembered(self, state: State) -> tuple[Past, ...]:
        if not self.scope.stale_reads and not self.scope.failovers:
            return ()
        now = Past(state.row, state.epoch, state.chain, state.over, state.logged_out)
        return (*state.past, now)[-2:]

    # Everything else.

    def _surroundings(self, state: State) -> Iterator[Step]:
        left = state.left
        if state.late[0]:
            arrived = state._replace(late=(0, 0))
            what = f"the write of {self._swap(state.late[0])} arrives"
            if self._wins(state, state.late[0]):
                written, broken = self._written(arrived, *state.late)
                yield what, written, broken
            else:
                yield f"{what}, too late", arrived, ""
        if left.ticks:
            for duration in self.scope.durations:
                later = state._replace(now=state.now + duration, left=left.but("ticks"))
                yield f"{duration // 1000} seconds pass", later, ""
        if left.skews:
            for setback in self.scope.setbacks:
                earlier = state._replace(now=state.now - setback, left=left.but("skews"))
                yield f"the store's clock is set back by {setback // 1000} seconds", earlier, ""
        if left.bumps:
            # As the stores do: above every epoch before it.
            bumped = state._replace(
                epoch=max(state.now, state.epoch + 1),
                past=self._remembered(state) if state.row else (),
                logged_out=state.logged_out or state.login[0] != 1,
                left=left.but("bumps"),
            )
            yield "everyone is logged out", bumped, ""
        if left.deploys:
            yield (
                "the next step of replacing the secret",
                state._replace(level=state.level + 1, left=left.but("deploys")),
                "",
            )
        if left.failovers:
            for past in state.past:
                fallen = state._replace(**past._asdict(), past=(), left=left.but("failovers"))
                yield f"the store falls back to {self._row(past.row)}", fallen, ""

    def _login(self, state: State) -> Iterator[Step]:
        """Yield the steps of `jwtkit.refresh.login.start`, given the epoch read before the password."""
        stage = state.login[0]
        if stage == 1:
            yield "a login begins", state._replace(login=(2, state.epoch)), ""
        elif stage == 2:
            if state.login[1] < state.epoch:
                yield "the login is refused", state._replace(login=(4,)), ""
            else:
                yield "the password is right", state._replace(login=(3, state.epoch, state.now)), ""
        elif stage == 3:
            _, epoch, now = state.login
            yield "the session is inserted", self._logged_in(state, epoch, now), ""

    def _logged_in(self, state: State, epoch: int, now: int) -> State:
        row, token = self.judge.login(epoch=epoch, now=now)
        return state._replace(row=row, login=(0,), shared=token, chain=(token,), handed=(token,))

    def _administrator(self, state: State) -> Iterator[Step]:
        if state.revoking:
            what = f"the logout writes {self._swap(state.revoking)}"
            done = state._replace(revoking=0)
            if self._wins(state, state.revoking):
                written, broken = self._written(done, state.revoking, 0)
                yield what, written, broken
            else:
                again = done._replace(left=done.left._replace(revokes=done.left.revokes + 1))
                yield f"{what}: somebody was faster", again, ""
        elif state.left.revokes and not self.judge.rows[state.row].ended_at:
            reading = state._replace(
                revoking=self.judge.revoked(state.row, state.now), left=state.left.but("revokes")
            )
            yield "a logout reads the row", reading, ""

    # How it is done.

    def _with(self, state: State, who: int, call: Call) -> State:
        if who == 2:
            return state._replace(thief=call)
        other = state.tabs[1 - who]
        # The tabs are alike, so it does not matter which is which.
        return state._replace(tabs=(call, other) if call <= other else (other, call))

    def _levels(self, state: State) -> tuple[int, ...]:
        """Return what processes know while a step is being rolled out: the old settings or the new."""
        return (state.level - 1, state.level) if state.level else (0,)

    def _fresh_nonce(self, state: State) -> int:
        """Return the least nonce that nothing in this state was made with, nor what is still to be written.

        A nonce is only ever compared, so one that is left nowhere may as well be drawn again: the states of
        different nonces are then one state.
        """
        nonces = self.judge.nonces
        used = {PROBE, *(call.nonce for call in (*state.tabs, state.thief))}
        made = {*state.chain, *state.handed, state.late[1]}
        made.update(call.answer for call in (*state.tabs, state.thief))
        for past in state.past:
            made.update(past.chain)
        judge = self.judge
        writes = (*(call.write for call in (*state.tabs, state.thief)), state.revoking, state.late[0])
        used.update(judge.drawn[row] for write in writes for row in judge.swaps[write])
        taken = frozenset().union(*(nonces[token] for token in made)) | used
        nonce = 2
        while nonce in taken:
            nonce += 1
        return nonce

    def _who(self, who: int) -> str:
        return THIEF if who == 2 else TAB

    def _name(self, token: int) -> str:
        return f"token {len(self.judge.lineage[token]) - 1} (#{token})"

    def _row(self, row: int) -> str:
        return f"version {self.judge.rows[row].version}"

    def _swap(self, write: int) -> str:
        return self._row(self.judge.swaps[write].row)

    def _served(self, level: int) -> str:
        return f" to a process of step {level}" if self.scope.deploys else ""
