"""Sixteen processes hold the same refresh token, one session file and no other word between them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from jwtkit import RotationSecret, SigningKey, TokenAuthority
from jwtkit.stores import SQLiteSessionStore

RACERS = 16
ROUNDS = 25
RACER = Path(__file__).with_name("racer.py")


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

    def __init__(self, path):
        self.path = path
        self.key = SigningKey.generate("ES256")
        self.secret = RotationSecret.generate()
        self.store = SQLiteSessionStore(path)
        self.rotator = TokenAuthority(
            "https://orders.example",
            audience="orders-api",
            keys=self.key,
            store=self.store,
            secret=self.secret,
        ).rotator

    def order(self, token, *, retry_window, grant_takes, careless=False):
        return {
            "path": str(self.path),
            "key": self.key.unsafe_to_jwk(),
            "secret": self.secret.to_text(),
            "token": token,
            "retry_window": retry_window,
            "grant_takes": grant_takes,
            "careless": careless,
        }


@pytest.fixture
def service(tmp_path):
    service = Service(tmp_path / "sessions.db")
    yield service
    service.store.close()


def outcomes(answers):
    return Counter(
        "retried" if answer.get("retried") else answer.get("error", "rotated") for answer in answers
    )


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


@pytest.mark.parametrize("grant_takes", [0, 0.01], ids=["at once", "while the grant is looked up"])
def test_without_a_retry_window_one_wins(racers, service, grant_takes):
    """Who lost the swap is asked to come again; who came after it reused the token and ends the session."""
    for _ in range(ROUNDS):
        pair = service.rotator.start("client-42")
        answers = racers.race(service.order(pair.refresh_token, retry_window=0, grant_takes=grant_takes))
        counted = outcomes(answers)
        assert counted["rotated"] == 1
        assert set(counted) <= {"rotated", "store.contention", "refresh.reused", "refresh.revoked"}, counted
        row = service.store.read(pair.session_id).family
        assert row.generation == 1
        assert row.end_reason == ("reused" if counted["refresh.reused"] else None)
        assert (row.ended_at is None) == (row.end_reason is None)


def test_the_race_is_real(racers, service):
    """The same race over a swap that forgets the version makes several successors: the tests would notice."""
    pair = service.rotator.start("client-42")
    order = service.order(pair.refresh_token, retry_window=30, grant_takes=0.05, careless=True)
    answers = racers.race(order)
    assert outcomes(answers)["rotated"] > 1
    assert len({answer["successor"] for answer in answers if "successor" in answer}) > 1
