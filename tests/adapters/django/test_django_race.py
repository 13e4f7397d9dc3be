"""Two processes with one refresh token at the same time: one successor, and nobody logged out."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from django.db import connections
from tests.adapters.django.databases import ENGINES, database
from tests.adapters.django.service import ISSUER

from jwtkit import RotationSecret, SigningKey, TokenAuthority
from jwtkit.adapters.django import DjangoSessionStore

ROUNDS = 20


@pytest.mark.parametrize("engine", ENGINES)
def test_two_processes_get_one_successor(engine, request, tmp_path_factory):
    """Round after round with what the last one gave out; one rotates, the other gets the same token again."""
    key, secret = SigningKey.generate("ES256"), RotationSecret.generate()
    with database(engine, request, tmp_path_factory) as alias, DjangoSessionStore(alias) as store:
        authority = TokenAuthority(ISSUER, audience="orders-api", keys=key, store=store, secret=secret)
        first = authority.rotator.start("client-42")
        settings = connections.settings[alias]
        order = {
            "engine": settings["ENGINE"].rpartition(".")[2],
            "settings": {name: str(settings[name]) for name in ("NAME", "USER", "HOST")},
            "issuer": ISSUER,
            "key": key.unsafe_to_jwk(),
            "secret": secret.to_text(),
        }
        racers = [_racer(order) for _ in range(2)]
        token = first.refresh_token
        try:
            for _ in range(ROUNDS):
                for racer in racers:
                    racer.stdin.write(f"{token}\n")
                    racer.stdin.flush()
                answers = [json.loads(racer.stdout.readline()) for racer in racers]
                assert {answer.get("successor") for answer in answers} != {None}, answers
                assert len({answer["successor"] for answer in answers}) == 1
                assert sorted(answer["retried"] for answer in answers) == [False, True]
                token = answers[0]["successor"]
        finally:
            for racer in racers:
                racer.communicate(timeout=30)
        snapshot = store.read(first.session_id)
        assert snapshot.family is not None
        assert (snapshot.family.generation, snapshot.family.ended_at) == (ROUNDS, None)


def _racer(order):
    racer = subprocess.Popen(
        [sys.executable, "-m", "tests.adapters.django.racer"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    racer.stdin.write(json.dumps(order) + "\n")
    racer.stdin.flush()
    assert racer.stdout.readline() == "ready\n"
    return racer
