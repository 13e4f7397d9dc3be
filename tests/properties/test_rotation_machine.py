"""Rotation against a simple model: whatever happens, one chain, no false logout, no replay that is missed.

Two tabs share each session. Responses are lost, commits fail, are not confirmed or arrive late, others
write in between, clocks jump both ways, users log out, everyone is logged out, the rotation secret is
replaced, old sessions are removed, processes restart. The model keeps a list of generations and a few
times; it knows nothing of digests, nonces or epochs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.refresh.kit import Clock, Disturbed, Recorder, make_rotator, unavailable

from jwtkit.errors import (
    ContentionError,
    RefreshTokenExpiredError,
    RefreshTokenInvalidError,
    RefreshTokenReusedError,
    RefreshTokenRevokedError,
    StoreUnavailableError,
)
from jwtkit.events import SessionEnded
from jwtkit.refresh import Family, RotationSecret
from jwtkit.refresh.live_sessions import ATTEMPTS
from jwtkit.rotator import RefreshRotator
from jwtkit.stores import MemorySessionStore

WINDOW, LAG, DAY = 30, 600, 86_400
IDLE, ABSOLUTE = 14 * DAY, 90 * DAY

Answer = Literal[
    "rotated", "retried", "invalid", "expired", "revoked", "reused", "contention", "behind", "outage"
]

JUMPS = st.sampled_from([LAG, 3600, DAY, IDLE - 1, IDLE, ABSOLUTE, -1, -WINDOW, -WINDOW, -3600, -DAY])

ERRORS: dict[type[Exception], Answer] = {
    RefreshTokenInvalidError: "invalid",
    RefreshTokenExpiredError: "expired",
    RefreshTokenRevokedError: "revoked",
    RefreshTokenReusedError: "reused",
    ContentionError: "contention",
}


@dataclass
class Chain:
    """What the model knows of one session."""

    id: str
    subject: str
    absolute: float
    idle: float
    tokens: list[str | None]
    """The refresh token of each generation; None while nobody has seen it (its response never came)."""
    made_at: list[float]
    logins_before: int
    over: bool = False
    removed: bool = False
    writes: int = 0
    tabs: list[int] = field(default_factory=lambda: [0, 0])

    @property
    def live(self) -> int:
        return len(self.tokens) - 1

    def judge(self, generation: int, clock: float, logged_out: bool, *, was_live: bool = False) -> Answer:
        """Say what must become of a token of that generation, and change nothing."""
        if clock >= self.absolute:
            return "expired"
        if self.removed:
            return "behind" if clock - self.made_at[generation] < LAG else "invalid"
        now = max(clock, self.made_at[-1])
        if self.over or logged_out:
            return "revoked"
        if now >= self.idle or now > self.absolute - 1:
            return "expired"
        if generation == self.live:
            return "rotated"
        if generation == self.live - 1 and now < self.made_at[-1] + WINDOW:
            return "retried"
        if was_live or (generation == self.live - 2 and now < self.made_at[-2] + WINDOW):
            return "contention"
        return "reused"

    def write(self, answer: Answer, clock: float) -> None:
        """Do what that answer does to the session."""
        if answer == "rotated":
            now = max(clock, self.made_at[-1])
            self.tokens.append(None)
            self.made_at.append(now)
            self.idle = min(now + IDLE, self.absolute)
            self.writes += 1
        elif answer == "reused":
            self.over = True
            self.writes += 1


@dataclass
class LateSwap:
    """A write that was sent, not confirmed, and has not arrived yet."""

    family: Family
    expected_version: int
    chain: Chain
    answer: Answer
    clock: float
    writes: int


class RotationMachine(RuleBasedStateMachine):
    """The real rotators on one side, the chains on the other."""

    @initialize()
    def set_up(self) -> None:
        self.clock = Clock(1_750_000_000)
        self.memory = MemorySessionStore(clock=self.clock)
        self.store = Disturbed(self.memory)
        self.recorder = Recorder()
        self.secrets = [RotationSecret.generate()]
        self.chains: list[Chain] = []
        self.logouts: list[str | None] = []
        self.late: list[LateSwap] = []
        self.restart()
        self.begin("ann", self.processes[0])

    # What the test does. Hypothesis picks every rule about equally often, so what is rare, or ends sessions,
    # shares one.

    def restart(self) -> None:
        """Two processes; while a secret is being replaced, each makes tokens with another one."""
        newest = self.secrets[-1].accepting(*self.secrets)
        before = self.secrets[-2:][0].accepting(*self.secrets)
        self.processes = [
            make_rotator(self.clock, store=self.store, secret=secret, observer=self.recorder)
            for secret in (newest, before)
        ]
        self.rival = make_rotator(self.clock, store=self.memory, secret=newest)

    @rule(
        what=st.sampled_from(
            [
                "log in",
                "restart",
                "replace the secret",
                "remove what is over",
                "jump",
                "jump",
                "logout",
                "overlap",
            ]
        ),
        data=st.data(),
    )
    def something_rare(self, what: str, data: st.DataObject) -> None:
        subject = data.draw(st.sampled_from(["ann", "bob"]), "subject")
        if what == "log in":
            self.begin(subject, self.processes[data.draw(st.integers(0, 1), "process")])
        elif what == "restart":
            self.restart()
        elif what == "replace the secret":
            self.replace_the_secret()
        elif what == "remove what is over":
            self.remove_what_is_over()
        elif what == "jump":
            self.clock.turn(data.draw(JUMPS, "seconds"))
        elif what == "overlap":
            self.log_in_while_everyone_is_logged_out(subject)
        else:
            self.log_out(data)
        if all(self.is_over(chain) for chain in self.chains):
            self.begin(subject, self.processes[0])

    def replace_the_secret(self) -> None:
        """Both steps: accepted everywhere, then current everywhere."""
        if len(self.secrets) < 4:
            self.secrets.append(RotationSecret.generate())
            self.restart()

    def log_in_while_everyone_is_logged_out(self, subject: str) -> None:
        epoch = self.processes[0].epoch(subject)
        self.log_out_everywhere(subject)
        try:
            self.processes[0].start(subject, epoch=epoch)
        except RefreshTokenRevokedError:
            return
        raise AssertionError("a login that began before the logout of all sessions has won")

    def log_out(self, data: st.DataObject) -> None:
        if data.draw(st.sampled_from([False, False, True]), "everywhere"):
            self.log_out_everywhere(data.draw(st.sampled_from(["ann", "bob", None]), "whom"))
            return
        chain = self.chains[data.draw(st.integers(0, 3), "which") % len(self.chains)]
        token = chain.tokens[max(0, chain.live - data.draw(st.integers(0, 3), "behind"))]
        if token is None:
            ended = self.processes[0].revoke_session(chain.id, subject=chain.subject)
        else:
            ended = self.processes[0].revoke(token)
        assert ended == (not chain.removed and not chain.over)
        if ended:
            chain.over = True
            chain.writes += 1

    def log_out_everywhere(self, subject: str | None) -> None:
        if subject is None:
            self.processes[0].revoke_all()
        else:
            self.processes[0].revoke_subject(subject)
        self.logouts.append(subject)

    def remove_what_is_over(self) -> None:
        self.processes[0].purge()
        for chain in self.chains:
            if not chain.removed and self.memory.read(chain.id).family is None:
                assert chain.over or self.clock() >= chain.idle + DAY
                chain.removed = True

    @rule(which=st.integers(0, 1), tab=st.integers(0, 1), process=st.integers(0, 1))
    def refresh(self, which: int, tab: int, process: int) -> None:
        """A tab sends the token it holds."""
        chain = self.chains[-1 - which % len(self.chains)]
        if self.present(chain, chain.tabs[tab], self.processes[process], "none") in ("rotated", "retried"):
            chain.tabs[tab] += 1

    @rule(
        which=st.integers(0, 1),
        tab=st.integers(0, 1),
        fault=st.sampled_from(["response lost", "fails once", "commits once", "dead", "down", "late"]),
    )
    def refresh_and_meet_a_fault(self, which: int, tab: int, fault: str) -> None:
        chain = self.chains[-1 - which % len(self.chains)]
        answer = self.present(chain, chain.tabs[tab], self.processes[0], fault)
        if answer in ("rotated", "retried") and fault != "response lost":
            chain.tabs[tab] += 1

    @rule(which=st.integers(0, 1), tab=st.integers(0, 1))
    def wake_up(self, which: int, tab: int) -> None:
        """A tab learns from the storage it shares with the other one which token is the newest."""
        chain = self.chains[-1 - which % len(self.chains)]
        chain.tabs[tab] = max(chain.tabs)

    @rule(seconds=st.one_of(st.integers(1, 10), st.sampled_from([WINDOW - 1, WINDOW, WINDOW + 1])))
    def time_passes(self, seconds: int) -> None:
        self.clock.turn(seconds)

    @rule(which=st.integers(0, 1), behind=st.integers(0, 4), process=st.integers(0, 1))
    def replay(self, which: int, behind: int, process: int) -> None:
        """A thief, or a client that slept, sends one of the older tokens."""
        chain = self.chains[-1 - which % len(self.chains)]
        self.present(chain, max(0, chain.live - behind), self.processes[process], "none")

    @rule(which=st.integers(0, 1), one=st.integers(0, 3), other=st.integers(0, 3))
    def race(self, which: int, one: int, other: int) -> None:
        """Another process writes between the read and the swap of this one."""
        chain = self.chains[-1 - which % len(self.chains)]
        generation = max(0, chain.live - one)
        rival_generation = max(0, chain.live - other)
        if chain.tokens[generation] is None or chain.tokens[rival_generation] is None:
            return
        first = self.expected(chain, generation)
        if first in ("rotated", "reused"):
            self.store.before["compare_and_swap"] = [
                lambda: self.present(chain, rival_generation, self.rival, "none")
            ]
        self.present(chain, generation, self.processes[0], "raced", was_live=first == "rotated")

    @precondition(lambda self: self.late)
    @rule()
    def a_late_commit_arrives(self) -> None:
        swap = self.late.pop(0)
        arrived = self.memory.compare_and_swap(swap.family, expected_version=swap.expected_version)
        assert arrived == (swap.chain.writes == swap.writes and not swap.chain.removed)
        if arrived:
            swap.chain.write(swap.answer, swap.clock)

    # What must hold.

    @invariant()
    def every_row_is_as_the_model_says(self) -> None:
        for chain in self.chains:
            row = self.memory.read(chain.id).family
            assert (row is None) == chain.removed
            if row is not None:
                assert row.generation == chain.live
                assert (row.ended_at is not None) == chain.over
                assert (row.version == 1) == (chain.writes == 0)
                assert row.idle_expires_at == chain.idle * 1000
                assert row.absolute_expires_at == chain.absolute * 1000

    @invariant()
    def the_live_sessions_are_listed(self) -> None:
        for subject in ("ann", "bob"):
            listed = sorted(session.id for session in self.processes[0].sessions(subject))
            live = [chain for chain in self.chains if chain.subject == subject and not self.is_over(chain)]
            assert listed == sorted(chain.id for chain in live)

    # How it is done.

    def begin(self, subject: str, rotator: RefreshRotator) -> None:
        pair = rotator.start(subject)
        now = self.clock()
        self.chains.append(
            Chain(
                id=pair.session_id,
                subject=subject,
                absolute=now + ABSOLUTE,
                idle=now + IDLE,
                tokens=[pair.refresh_token],
                made_at=[now],
                logins_before=len(self.logouts),
            )
        )

    def is_over(self, chain: Chain) -> bool:
        return chain.removed or chain.over or self.is_logged_out(chain) or self.clock() >= chain.idle

    def is_logged_out(self, chain: Chain) -> bool:
        return any(subject in (None, chain.subject) for subject in self.logouts[chain.logins_before :])

    def expected(self, chain: Chain, generation: int, *, was_live: bool = False) -> Answer:
        return chain.judge(generation, self.clock(), self.is_logged_out(chain), was_live=was_live)

    def present(
        self,
        chain: Chain,
        generation: int,
        rotator: RefreshRotator,
        fault: str,
        *,
        was_live: bool = False,
    ) -> Answer | None:
        token = chain.tokens[generation]
        if token is None:
            return None  # nobody holds it
        ends_told = len(self.recorder.of(SessionEnded))
        self.disturb(fault, chain, generation)
        answer, successor = self.sent(rotator, token)
        self.settle(fault)
        # A racing rival has changed the chain by now, so the model is asked only now.
        expected = self.expected(chain, generation, was_live=was_live)
        if fault in ("dead", "down", "late") and expected in ("rotated", "reused"):
            assert answer == "outage"
            if fault == "down":
                chain.write(expected, self.clock())
            return answer
        event(f"{fault}: {answer}")
        assert answer == expected, f"{answer} instead of {expected}"
        chain.write(answer, self.clock())
        if successor is not None:
            handed = chain.tokens[generation + 1]
            assert handed is None or handed == successor, "the chain has forked"
            assert successor not in chain.tokens[: generation + 1]
            chain.tokens[generation + 1] = successor
        if answer == "reused" and rotator is not self.rival:
            assert len(self.recorder.of(SessionEnded)) == ends_told + 1
        return answer

    def sent(self, rotator: RefreshRotator, token: str) -> tuple[Answer, str | None]:
        try:
            pair = rotator.rotate(token)
        except StoreUnavailableError as error:
            return ("behind" if error.code == "store.behind" else "outage"), None
        except tuple(ERRORS) as error:
            return ERRORS[type(error)], None
        return ("retried" if pair.retried else "rotated"), pair.refresh_token

    def disturb(self, fault: str, chain: Chain, generation: int) -> None:
        if fault == "fails once":
            self.store.before["compare_and_swap"] = [unavailable]
        elif fault == "dead":
            self.store.before["compare_and_swap"] = [unavailable] * ATTEMPTS
        elif fault == "commits once":
            self.store.after["compare_and_swap"] = [unavailable]
        elif fault == "down":
            self.store.after["compare_and_swap"] = [self.committed_and_gone]
        elif fault == "late":
            self.hold_back(chain, self.expected(chain, generation))

    def committed_and_gone(self) -> None:
        """The swap is durable, and nobody can be reached any more."""
        self.store.before["read"] = [unavailable]
        unavailable()

    def hold_back(self, chain: Chain, answer: Answer) -> None:
        """Every swap of the next call is sent and left on the way; the first of them may arrive later."""
        held: list[LateSwap] = []

        def swap(family: Family, /, *, expected_version: int) -> bool:
            if not held:
                held.append(LateSwap(family, expected_version, chain, answer, self.clock(), chain.writes))
                self.late.append(held[0])
            raise StoreUnavailableError("on the way")

        self.store.inner = _With(self.memory, compare_and_swap=swap)

    def settle(self, fault: str) -> None:
        """What the fault would still have disturbed belongs to nobody else."""
        self.store.inner = self.memory
        if fault != "none":
            self.store.before.clear()
            self.store.after.clear()


class _With:
    """A store with one method exchanged."""

    def __init__(self, store: MemorySessionStore, **methods: Any) -> None:
        self._store = store
        self.__dict__.update(methods)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


TestRotation = RotationMachine.TestCase
TestRotation.settings = settings(stateful_step_count=50)
