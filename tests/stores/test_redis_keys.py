"""Where the Redis store puts what, for how long, and in how many round trips it gets it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtkit.errors import StoreUnavailableError
from jwtkit.refresh.protocols import EpochScope
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.stores.redis import AsyncRedisSessionStore, RedisSessionStore, scripts
from jwtkit.stores.redis.keys import Keys
from jwtkit.stores.redis.row_text import row_bytes, row_family
from jwtkit.testing import ManualClock
from jwtkit.testing.given import DAY, ISSUER, ODD_TEXTS, a_family, milliseconds, rotated

CLOCK = ManualClock()
SCOPES = [EpochScope(ISSUER, "all"), EpochScope(ISSUER, "tenant", "acme")]
KEYS = Keys("jwtkit:")
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
HOSTILE_TEXTS = [*ODD_TEXTS, "", "%", "%25", "{", "}", "{}", "}{", "a|b", "|", "a}:denied:b", "a%7Db"]


def tag_of(key):
    """What a cluster hashes, as its specification says it."""
    start = key.find("{")
    end = key.find("}", start + 1)
    return key[start + 1 : end] if start >= 0 and end > start + 1 else key


@pytest.mark.parametrize("issuer", HOSTILE_TEXTS)
def test_what_belongs_together_shares_a_tag(issuer):
    tags = {tag_of(key) for key in (KEYS.epochs(issuer), KEYS.secrets(issuer), KEYS.denied(issuer, "}{"))}
    assert len(tags) == 1


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=2, max_size=2, unique=True))
def test_no_two_things_have_the_same_key(pairs):
    """Whatever issuers, subjects, token and session ids are called."""
    keys = []
    for one, other in pairs:
        keys += [KEYS.denied(one, other), KEYS.sessions(one, other)]
    for text in {text for pair in pairs for text in pair}:
        keys += [KEYS.session(text), KEYS.epochs(text), KEYS.secrets(text)]
    assert len(keys) == len(set(keys))
    kinds = {KEYS.session: "session", KEYS.epochs: "epochs", KEYS.secrets: "secrets"}
    for key_of, kind in kinds.items():
        assert KEYS.kind(key_of(pairs[0][0])) == kind
    assert KEYS.kind(KEYS.denied(*pairs[0])) == "denied"
    assert KEYS.kind(KEYS.sessions(*pairs[0])) == "sessions"


@pytest.mark.parametrize("key", ["jwtkit:{a", "jwtkit:{a}:other", "jwtkit:{a}b"])
def test_a_key_of_somebody_else_is_left_alone(key):
    assert KEYS.kind(key) is None


def test_a_server_and_the_store_agree_on_slots(cluster_of_tests):
    """Every key of an issuer's in one slot, of which the scripts take several; sessions spread over all."""
    with cluster_of_tests.client() as client:
        store = RedisSessionStore(client, prefix="slots:", clock=CLOCK)
        for number in range(30):
            store.insert(a_family(CLOCK, subject=f"client-{number}"))
        store.bump_epoch(SCOPES[0])
        store.deny(ISSUER, "token-1", until=milliseconds(CLOCK) + DAY)
        store.deny(ISSUER, "{b}", until=milliseconds(CLOCK) + DAY)
        found = [key.decode() for key in client.scan_iter(match="slots:*")]
        slots = {key: client.cluster_keyslot(key) for key in found}
        of_issuer = {slot for key, slot in slots.items() if key.startswith(f"slots:{{{ISSUER}}}")}
        assert len(of_issuer) == 1
        assert len({slot for key, slot in slots.items() if Keys("slots:").kind(key) == "session"}) > 25
        assert all(client.keyslot(tag_of(key)) == slot for key, slot in slots.items())


def expires(client, key):
    return client.pexpiretime(key)


def test_everything_but_epochs_leaves_by_itself(valkey):
    """A row at its absolute expiry and a day, ended or not; an index with its last row; a denial too."""
    with valkey.client() as client:
        store = RedisSessionStore(client, prefix="leaving:")
        keys = Keys("leaving:")
        clock = ManualClock(store.epoch([]).now / 1000)
        now = milliseconds(clock)
        family = a_family(clock, absolute_expires_at=now + 90 * DAY)
        store.insert(family)
        row, index = keys.session(family.session_id), keys.sessions(ISSUER, family.subject)
        assert expires(client, row) == expires(client, index) == now + 91 * DAY
        ended = rotated(family, clock, ended_at=now, end_reason="revoked")
        assert store.compare_and_swap(ended, expected_version=1)
        assert expires(client, row) == now + 91 * DAY
        shortened = rotated(ended, clock, absolute_expires_at=now + 30 * DAY)
        assert store.compare_and_swap(shortened, expected_version=ended.version)
        assert expires(client, row) == now + 31 * DAY
        store.insert(a_family(clock, absolute_expires_at=now + 10 * DAY))
        assert expires(client, index) == now + 91 * DAY
        store.insert(a_family(clock, absolute_expires_at=now + 100 * DAY))
        assert expires(client, index) == now + 101 * DAY
        store.deny(ISSUER, "token-1", until=now + DAY)
        assert expires(client, keys.denied(ISSUER, "token-1")) == now + 2 * DAY
        store.bump_epoch(SCOPES[0])
        assert expires(client, keys.epochs(ISSUER)) == -1


def test_how_long_things_stay_can_be_set(valkey):
    with valkey.client() as client:
        store = RedisSessionStore(client, prefix="staying:", retention=timedelta(days=7))
        clock = ManualClock(store.epoch([]).now / 1000)
        family = a_family(clock)
        store.insert(family)
        key = Keys("staying:").session(family.session_id)
        assert expires(client, key) == family.absolute_expires_at + 7 * DAY


def test_a_time_no_server_can_keep_is_for_ever(valkey):
    with valkey.client() as client:
        for clock in (None, CLOCK):
            store = RedisSessionStore(client, prefix="ever:", clock=clock)
            family = a_family(CLOCK, idle_expires_at=2**62, absolute_expires_at=2**63 - 1)
            store.insert(family)
            assert store.read(family.session_id).family == family
            store.deny(ISSUER, "token-1", until=2**63 - 1)
            status = store.status(RevocationQuery(ISSUER, id="token-1"))
            assert status is RevocationStatus.TOKEN_DENIED


def test_the_time_is_the_servers(valkey):
    with valkey.client() as client:
        store = RedisSessionStore(client, prefix="time:")

        def server_time():
            seconds, microseconds = client.time()
            return seconds * 1000 + microseconds // 1000

        before = server_time()
        readings = [
            store.read("nobody").now,
            store.epoch(SCOPES).now,
            store.bump_epoch(SCOPES[0]),
        ]
        assert before <= readings[0] <= readings[1] <= readings[2] <= server_time()


@contextmanager
def round_trips(servers):
    """Count what each server was asked to run, once it knows the scripts."""
    admins = [server.client() for server in servers]
    for admin in admins:
        for script in vars(scripts).values():
            if isinstance(script, scripts.Script):
                admin.script_load(script.text)
        admin.config_resetstat()
    counted = []
    yield counted
    for admin in admins:
        stats = admin.info("commandstats")
        names = {name.removeprefix("cmdstat_"): line["calls"] for name, line in stats.items()}
        counted.append(names.get("evalsha", 0))
        # Those that scripts call, and what the clients of the test do themselves.
        inside = {
            "evalsha",
            "get",
            "set",
            "hmget",
            "hset",
            "hget",
            "time",
            "zadd",
            "zrange",
            "hgetall",
            "pexpire",
            "exists",
        }
        assert not set(names) - inside - {"config|resetstat", "info", "client|setinfo", "hello", "del"}, names
        admin.close()


def test_every_call_is_one_round_trip_to_a_single_server(valkey):
    """Reading, swapping, asking a status and all the others."""
    with valkey.client() as client:
        store = RedisSessionStore(client, prefix="trips:", clock=CLOCK)
        family = a_family(CLOCK)
        store.insert(family)
        later = rotated(family, CLOCK)
        query = RevocationQuery(ISSUER, id="token-1", session_id=family.session_id, subject="client-42")
        for call in (
            lambda: store.read(family.session_id),
            lambda: store.read("nobody"),
            lambda: store.compare_and_swap(later, expected_version=1),
            lambda: store.compare_and_swap(later, expected_version=1),
            lambda: store.status(query),
            lambda: store.status(replace(query, session_id=None)),
            lambda: store.insert(a_family(CLOCK)),
            lambda: store.epoch(SCOPES),
            lambda: store.bump_epoch(SCOPES[0]),
            lambda: store.deny(ISSUER, "token-1", until=milliseconds(CLOCK)),
            lambda: store.list_subject(ISSUER, "client-42"),
            lambda: store.live_key_ids(ISSUER),
        ):
            with round_trips([valkey]) as counted:
                call()
            assert counted == [1]


async def test_every_call_is_one_round_trip_of_the_async_store(valkey):
    async with AsyncRedisSessionStore(valkey.url(), prefix="atrips:", clock=CLOCK) as store:
        family = a_family(CLOCK)
        await store.insert(family)
        for call in (
            lambda: store.read(family.session_id),
            lambda: store.compare_and_swap(rotated(family, CLOCK), expected_version=1),
            lambda: store.status(RevocationQuery(ISSUER, session_id=family.session_id)),
        ):
            with round_trips([valkey]) as counted:
                await call()
            assert counted == [1]


def test_how_often_a_cluster_is_asked(cluster_of_tests):
    """A swap is one; a read one for the row and then one for its epochs; a status one of each, at once."""
    with cluster_of_tests.client() as client:
        store = RedisSessionStore(client, prefix="ctrips:", clock=CLOCK)
        home = client.get_node_from_key(Keys("ctrips:").epochs(ISSUER)).port
        families = (a_family(CLOCK, session_id=f"s{n}", tenant=None) for n in range(1000))
        family = next(
            f
            for f in families
            if client.get_node_from_key(Keys("ctrips:").session(f.session_id)).port != home
        )
        store.insert(family)
        query = RevocationQuery(ISSUER, id="token-1", session_id=family.session_id, subject="client-42")
        swap = rotated(family, CLOCK)
        for call, expected in (
            (lambda: store.compare_and_swap(swap, expected_version=1), [1]),
            (lambda: store.read(family.session_id), [1, 1]),
            (lambda: store.read("nobody"), [1]),
            (lambda: store.status(query), [1, 1]),
            (lambda: store.status(replace(query, session_id=None)), [1]),
            (lambda: store.epoch(SCOPES), [1]),
            # A token that does not name its session's subject: the epochs are asked for once more.
            (lambda: store.status(replace(query, subject=None)), [1, 2]),
        ):
            with round_trips(cluster_of_tests.servers) as counted:
                call()
            assert sorted(filter(None, counted)) == expected


def test_a_row_holds_every_field():
    """So that a field added to Family cannot be forgotten here."""
    family = rotated(a_family(CLOCK), CLOCK, confirmation="c", ended_at=7, end_reason="reused", address="a")
    assert None not in family
    assert row_family(row_bytes(family, "mark"), family.session_id) == family


@pytest.mark.parametrize("cut", range(1, 28))
def test_a_row_that_lacks_a_field_is_noticed(cut):
    family = a_family(CLOCK)
    fields = row_bytes(family, "mark").split(b"\0")
    with pytest.raises(StoreUnavailableError) as failure:
        row_family(b"\0".join(fields[:cut]), family.session_id)
    assert failure.value.code == "store.corrupt"
