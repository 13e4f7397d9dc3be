"""Processes that hold the same refresh token, one Valkey, Redis or cluster, and no word between them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from jwtkit import RotationSecret, SigningKey, TokenAuthority
from jwtkit.refresh.protocols import EpochScope
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.stores.redis import RedisSessionStore
from jwtkit.testing import ManualClock
from jwtkit.testing.given import ISSUER, a_family

RACERS = 8
ROUNDS = 15
PREFIXES = (f"race-{number}:" for number in count())
RACER = Path(__file__).with_name("valkey_racer.py")


class Racers:
    """The processes, kept for all tests of the module: starting them takes longer than racing."""

    def __init__(self):
        self.processes = [
            subprocess.Popen(
                [sys.executable, str(RACER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for _ in range(RACERS)
        ]

    def race(self, order):
        """Give all of them the order, wait until each is ready, start them, and return what each got."""
        self._tell(json.dumps(order))
        assert [process.stdout.readline() for process in self.processes] == ["ready\n"] * RACERS
        self._tell("go")
        return [json.loads(process.stdout.readline()) for process in self.processes]

    def _tell(self, line):
        for process in self.processes:
            process.stdin.write(line + "\n")
            process.stdin.flush()

    def end(self):
        for process in self.processes:
            with process:
                process.stdin.close()
        assert [process.returncode for process in self.processes] == [0] * RACERS


@pytest.fixture(scope="module")
def racers():
    racers = Racers()
    yield racers
    racers.end()


class Service:
    """The service the racers are workers of, as its login page sees it."""

    def __init__(self, url, *, cluster):
        self.url, self.cluster = url, cluster
        self.key = SigningKey.generate("ES256")
        self.secret = RotationSecret.generate()
        # Of its own: another test's secret would be missed by a store that knew of it.
        self.prefix = next(PREFIXES)
        self.store = RedisSessionStore(url, prefix=self.prefix, cluster=cluster)
        self.rotator = TokenAuthority(
            "https://orders.example",
            audience="orders-api",
            keys=self.key,
            store=self.store,
            secret=self.secret,
        ).rotator

    def order(self, token, *, retry_window, grant_takes, careless=False):
        return {
            "url": self.url,
            "prefix": self.prefix,
            "cluster": self.cluster,
            "key": self.key.unsafe_to_jwk(),
            "secret": self.secret.to_text(),
            "token": token,
            "retry_window": retry_window,
            "grant_takes": grant_takes,
            "careless": careless,
        }


SERVERS = {"one server": "valkey", "a cluster": "cluster_of_tests", "Redis": "redis_server"}


@pytest.fixture(params=["one server", "a cluster"])
def service(request):
    servers = request.getfixturevalue(SERVERS[request.param])
    service = Service(servers.url(), cluster=request.param == "a cluster")
    yield service
    service.store.close()


def outcomes(answers):
    return Counter(
        "retried" if answer.get("retried") else answer.get("error", "rotated") for answer in answers
    )


@pytest.mark.parametrize("service", SERVERS, indirect=True)
@pytest.mark.parametrize("grant_takes", [0, 0.01], ids=["at once", "while the grant is looked up"])
def test_one_successor_and_nobody_logged_out(racers, service, grant_takes):
    """Whoever gets a pair gets the very same refresh token; nobody is told that the grant is invalid."""
    pair = service.rotator.start("client-42")
    token = pair.refresh_token
    for generation in range(1, ROUNDS + 1):
        answers = racers.race(service.order(token, retry_window=30, grant_takes=grant_takes))
        [token] = {answer["successor"] for answer in answers if "successor" in answer}
        counted = outcomes(answers)
        assert counted["rotated"] == 1
        assert set(counted) <= {"rotated", "retried", "store.contention"}, counted
        row = service.store.read(pair.session_id).family
        assert (row.generation, row.ended_at) == (generation, None)
    # What they agreed on is good for one more rotation.
    assert not service.rotator.rotate(token).retried


def test_without_a_retry_window_one_wins(racers, service):
    """Who lost the swap is asked to come again; who came after it reused the token and ends the session."""
    for _ in range(ROUNDS):
        pair = service.rotator.start("client-42")
        answers = racers.race(service.order(pair.refresh_token, retry_window=0, grant_takes=0.005))
        counted = outcomes(answers)
        assert counted["rotated"] == 1
        assert set(counted) <= {"rotated", "store.contention", "refresh.reused", "refresh.revoked"}, counted
        row = service.store.read(pair.session_id).family
        assert row.generation == 1
        assert row.end_reason == ("reused" if counted["refresh.reused"] else None)


def test_the_race_is_real(racers, service):
    """The same race over a swap that compares nothing makes several successors: the tests would notice."""
    pair = service.rotator.start("client-42")
    order = service.order(pair.refresh_token, retry_window=30, grant_takes=0.05, careless=True)
    answers = racers.race(order)
    assert outcomes(answers)["rotated"] > 1
    assert len({answer["successor"] for answer in answers if "successor" in answer}) > 1


def test_a_logout_of_everyone_races_logins_and_readers(service):
    """What a logout has confirmed is seen by every call after it; a session is never ahead of its epochs.

    In a cluster row and epochs lie on different servers and are read one after the other, or at once.
    """
    store, clock = service.store, ManualClock(service.store.epoch([]).now / 1000)
    scopes = EpochScope.applying_to(ISSUER, subject="client-42", tenant="acme")
    logins = [a_family(clock)]
    store.insert(logins[0])
    confirmed = [0]
    stop = threading.Event()

    def log_in():
        while not stop.is_set():
            family = a_family(clock, epoch=store.epoch(scopes).epoch)
            store.insert(family)
            logins.append(family)

    def look():
        while not stop.is_set():
            family, before = logins[-1], confirmed[0]
            snapshot = store.read(family.session_id)
            assert snapshot.epoch >= before
            assert snapshot.epoch >= snapshot.family.epoch
            for tenant in ("acme", None):  # asked for at once, or after the row has told it
                before = confirmed[0]
                query = RevocationQuery(
                    ISSUER,
                    session_id=family.session_id,
                    subject=family.subject,
                    tenant=tenant,
                    epoch=family.epoch,
                )
                answer = store.status(query)
                assert answer is RevocationStatus.LOGGED_OUT or family.epoch >= before

    with ThreadPoolExecutor(4) as threads:
        running = [threads.submit(run) for run in (log_in, log_in, look, look)]
        for number in range(150):
            confirmed[0] = store.bump_epoch(scopes[number % 3])
        stop.set()
        for thread in running:
            thread.result()
    assert len(logins) > 3
