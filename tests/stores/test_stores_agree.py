"""Whatever is asked of them in whatever order, the store in memory and the one in a file answer alike."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule

from jwtkit.errors import StoreUnavailableError
from jwtkit.refresh.decision import end
from jwtkit.refresh.protocols import EpochScope
from jwtkit.revocation import RevocationQuery
from jwtkit.stores import MemorySessionStore, SQLiteSessionStore
from jwtkit.testing import ManualClock
from jwtkit.testing.given import a_family, milliseconds, rotated

ISSUERS = st.sampled_from(["https://a.example", "https://b.example"])
SUBJECTS = st.sampled_from(["ann", "bob", "Ann", "ann "])
TENANTS = st.sampled_from([None, "acme", "ann"])
TOKENS = st.sampled_from(["t1", "t2"])
SECONDS = st.integers(1, 3600) | st.sampled_from([86_400 * 15, 86_400 * 91])
SCOPES = st.one_of(
    st.builds(EpochScope, ISSUERS, st.just("all")),
    st.builds(EpochScope, ISSUERS, st.just("tenant"), st.sampled_from(["acme", "ann"])),
    st.builds(EpochScope, ISSUERS, st.just("subject"), SUBJECTS),
)


@pytest.mark.parametrize("store", ["memory", "file"])
def test_the_secret_of_a_session_that_is_over_is_not_needed(tmp_path, store):
    """From the very millisecond, and without a purge: a service need not keep old secrets for the dead."""
    clock = ManualClock()
    made = (
        MemorySessionStore(clock=clock)
        if store == "memory"
        else SQLiteSessionStore(tmp_path / "s.db", clock=clock)
    )
    family = a_family(clock)
    made.insert(family)
    clock.set(family.idle_expires_at / 1000 - 0.001)
    assert made.live_key_ids(family.issuer) == {"k1"}
    clock.advance(0.001)
    assert made.live_key_ids(family.issuer) == frozenset()


class TwoStores(RuleBasedStateMachine):
    """Does everything to both."""

    ids = Bundle("ids")

    @initialize()
    def make(self):
        self.folder = TemporaryDirectory()
        self.clock = ManualClock()
        self.memory = MemorySessionStore(clock=self.clock)
        self.file = SQLiteSessionStore(
            Path(self.folder.name) / "s.db", clock=self.clock, synchronous="NORMAL"
        )

    def teardown(self):
        if hasattr(self, "file"):
            self.file.close()
            self.folder.cleanup()

    def both(self, method, *arguments, **options):
        answers = []
        for store in (self.memory, self.file):
            try:
                answers.append(getattr(store, method)(*arguments, **options))
            except StoreUnavailableError as error:
                answers.append(error.code)
        assert answers[0] == answers[1]
        return answers[0]

    @rule(
        target=ids, session_id=st.sampled_from("abcdefgh"), issuer=ISSUERS, subject=SUBJECTS, tenant=TENANTS
    )
    def insert(self, session_id, issuer, subject, tenant):
        family = a_family(self.clock, session_id=session_id, issuer=issuer, subject=subject, tenant=tenant)
        self.both("insert", family)
        return session_id

    @rule(session_id=ids)
    def read(self, session_id):
        self.both("read", session_id)

    @rule(session_id=ids, behind=st.integers(-1, 1), key_id=st.sampled_from(["k1", "k2"]))
    def rotate(self, session_id, behind, key_id):
        family = self.memory.read(session_id).family
        if family is not None:
            # An ended session is never rotated; its row is replaced all the same where somebody does.
            self.both(
                "compare_and_swap",
                rotated(family, self.clock, key_id=key_id, ended_at=family.ended_at),
                expected_version=family.version - behind,
            )

    @rule(session_id=ids)
    def end(self, session_id):
        family = self.memory.read(session_id).family
        if family is not None and family.ended_at is None:
            now = milliseconds(self.clock)
            ended = end(family, now=now, reason="revoked", nonce=now.to_bytes(16, "little"))
            self.both("compare_and_swap", ended, expected_version=family.version)

    @rule(scope=SCOPES)
    def bump(self, scope):
        self.both("bump_epoch", scope)

    @rule(scopes=st.lists(SCOPES, max_size=4))
    def epoch(self, scopes):
        self.both("epoch", scopes)

    @rule(issuer=ISSUERS, token=TOKENS, seconds=SECONDS)
    def deny(self, issuer, token, seconds):
        self.both("deny", issuer, token, until=milliseconds(self.clock) + seconds * 1000)

    @rule(
        issuer=ISSUERS,
        token=st.none() | TOKENS,
        session_id=st.none() | ids,
        subject=st.none() | SUBJECTS,
        tenant=TENANTS,
        behind=st.none() | st.integers(-10_000, 10_000),
    )
    def status(self, issuer, token, session_id, subject, tenant, behind):
        epoch = None if behind is None else milliseconds(self.clock) - behind
        self.both("status", RevocationQuery(issuer, token, session_id, subject, tenant, epoch))

    @rule(issuer=ISSUERS, subject=SUBJECTS, limit=st.integers(0, 5), offset=st.integers(0, 3))
    def list_subject(self, issuer, subject, limit, offset):
        self.both("list_subject", issuer, subject, limit=limit, offset=offset)

    @rule(ago=st.sampled_from([-(10**12), 0, 1, 60_000, 10**9]), limit=st.sampled_from([1000, 1000, 0]))
    def purge(self, ago, limit):
        """With room for all: which of several that are over go first is the store's own choice."""
        self.both("purge", milliseconds(self.clock) - ago, limit=limit)

    @rule(ago=st.sampled_from([0, 60_000]))
    def purge_bit_by_bit(self, ago):
        before = milliseconds(self.clock) - ago
        while self.both("purge", before, limit=1):
            pass

    @rule(issuer=ISSUERS)
    def live_key_ids(self, issuer):
        self.both("live_key_ids", issuer)

    @rule(seconds=SECONDS | st.integers(-5, 0))
    def wait(self, seconds):
        self.clock.advance(timedelta(seconds=seconds))


TestTwoStores = TwoStores.TestCase
TestTwoStores.settings = settings(stateful_step_count=40, max_examples=60)
