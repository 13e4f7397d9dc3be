"""Refresh tokens traded one after the other, beside what the session store alone costs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Literal

from bench.interleave import Call, interleave
from bench.results import SUBJECT, Group, rows
from bench.tokens import AUDIENCE, CLIENT, ISSUER, SCOPES
from bench.tokens import SUBJECT as WHO
from bench.workbench import Workbench
from jwtkit import RefreshRotator, RotationSecret, SigningKey, TokenIssuer, TokenValidator
from jwtkit.refresh.protocols import SessionStore
from jwtkit.stores import MemorySessionStore, SQLiteSessionStore

TITLE = "Rotate a refresh token"
BARE = "the store's own read + swap"
SIGNED = "issue one access token"
ALGORITHM = "HS256"
MEMORY, SQLITE, SQLITE_NORMAL = "memory", "SQLite", "SQLite, synchronous=NORMAL"


def run(bench: Workbench) -> tuple[list[Group], list[str]]:
    key = bench.material(ALGORITHM).signing_key
    groups = []
    for title, opened in _stores().items():
        with opened() as store, opened() as other:
            calls: dict[str, Call] = {
                BARE: _bare(other),
                SIGNED: _issue(key),
                SUBJECT: _rotation(store, key),
            }
            groups.append(Group(title=title, rows=rows(interleave(calls, bench.pace)), yardstick=BARE))
    return groups, [f"a rotation reads, decides, signs an {ALGORITHM} access token, and swaps"]


def _stores() -> dict[str, Callable[[], AbstractContextManager[SessionStore]]]:
    return {MEMORY: _memory, SQLITE: lambda: _sqlite("FULL"), SQLITE_NORMAL: lambda: _sqlite("NORMAL")}


@contextmanager
def _memory() -> Iterator[SessionStore]:
    yield MemorySessionStore()


@contextmanager
def _sqlite(synchronous: Literal["FULL", "NORMAL"]) -> Iterator[SessionStore]:
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        SQLiteSessionStore(Path(folder) / "sessions.db", synchronous=synchronous) as store,
    ):
        yield store


def _rotator(store: SessionStore, key: SigningKey) -> RefreshRotator:
    issuer = TokenIssuer(ISSUER, audience=AUDIENCE, keys=key, lifetime=timedelta(minutes=15))
    validator = TokenValidator(ISSUER, audience=AUDIENCE, keys=key.verification_key)
    return RefreshRotator(issuer, validator, store=store, secret=RotationSecret.generate())


def _rotation(store: SessionStore, key: SigningKey) -> Call:
    """Return what trades the newest token of one session for the next."""
    rotator = _rotator(store, key)
    newest = rotator.start(WHO, scopes=SCOPES, client_id=CLIENT).refresh_token

    def rotate() -> None:
        nonlocal newest
        assert newest is not None
        pair = rotator.rotate(newest, client_id=CLIENT)
        assert not pair.retried
        newest = pair.refresh_token

    return rotate


def _bare(store: SessionStore) -> Call:
    """Return a read and a swap of a session's row as rotation leaves it; both rows are made beforehand."""
    rotator = _rotator(store, SigningKey.generate("ES256"))
    pair = rotator.start(WHO, scopes=SCOPES, client_id=CLIENT)
    assert pair.refresh_token is not None
    rotator.rotate(pair.refresh_token, client_id=CLIENT)
    read = store.read(pair.session_id).family
    assert read is not None
    row, other = read, read._replace(version=read.version + 1)

    def read_and_swap() -> None:
        nonlocal row, other
        store.read(pair.session_id)
        assert store.compare_and_swap(other, expected_version=row.version)
        row, other = other, row

    return read_and_swap


def _issue(key: SigningKey) -> Call:
    issuer = TokenIssuer(ISSUER, audience=AUDIENCE, keys=key)
    return lambda: issuer.issue(WHO, scopes=SCOPES, client_id=CLIENT)
