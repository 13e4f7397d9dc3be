"""What the store writes is no part of a request's transaction."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connections, transaction
from django.test import Client
from tests.adapters.django.databases import ENGINES, database
from tests.adapters.django.service import authority

from jwtkit.adapters.django import DjangoSessionStore
from jwtkit.errors import ContentionError, RefreshTokenReusedError, RefreshTokenRevokedError


@pytest.fixture(params=ENGINES, scope="module")
def alias(request, tmp_path_factory):
    more = {}
    if request.param == "sqlite":
        # Else whoever has read in a transaction keeps every writer out.
        more["OPTIONS"] = {"init_command": "PRAGMA journal_mode = WAL", "timeout": 0.05}
    with database(request.param, request, tmp_path_factory, ATOMIC_REQUESTS=True, **more) as alias:
        call_command("migrate", "auth", database=alias, verbosity=0)
        yield alias


@pytest.fixture
def replayed(alias):
    """A session, and a refresh token of it that was superseded."""
    with DjangoSessionStore(alias) as store:
        rotator = authority(store).rotator
        first = rotator.start("client-42")
        second = rotator.rotate(first.refresh_token)
        yield store, first, second


@pytest.mark.parametrize("turn", ["note-first", "note-last"])
def test_the_rollback_of_a_request_does_not_undo_a_reuse_revocation(alias, replayed, turn):
    """The request's own write is gone, the end of the session is not."""
    store, first, second = replayed
    note = f"{turn} {first.session_id}"
    form = {"refresh_token": first.refresh_token, "note": note}
    keeps_the_store_out = connections[alias].vendor == "sqlite" and turn == "note-first"
    with pytest.raises(ContentionError if keeps_the_store_out else RefreshTokenReusedError):
        Client().post(f"/{alias}/refresh/{turn}", form)
    if keeps_the_store_out:  # a stated limit of SQLite, which has one writer: the client is to come again
        with pytest.raises(RefreshTokenReusedError):
            Client().post(f"/{alias}/refresh/note-last", form)
    assert not User.objects.using(alias).filter(username=note).exists()
    family = store.read(first.session_id).family
    assert family is not None
    assert family.end_reason == "reused"
    with pytest.raises(RefreshTokenRevokedError):
        authority(store).rotator.rotate(second.refresh_token)


def test_what_is_rolled_back_was_a_transaction(alias, replayed):
    """Guards the test above: the view's request is atomic, so without a refusal its note stays."""
    _, _, second = replayed
    form = {"refresh_token": second.refresh_token, "note": "x"}
    assert Client().post(f"/{alias}/refresh/none", form).status_code == 200
    with transaction.atomic(using=alias):
        User.objects.using(alias).create(username="rolled back")
        transaction.set_rollback(True, using=alias)
    assert not User.objects.using(alias).filter(username="rolled back").exists()


def test_a_commit_comes_before_that_of_the_request(alias, replayed):
    """Another process sees the end while the request's transaction is still open."""
    store, first, _ = replayed
    with transaction.atomic(using=alias):
        assert not User.objects.using(alias).filter(username="nobody").exists()
        assert authority(store).rotator.revoke_session(first.session_id)
        with DjangoSessionStore(alias) as other:
            family = other.read(first.session_id).family
    assert family is not None
    assert family.end_reason == "revoked"


@pytest.mark.parametrize("has_written", [True, False])
def test_on_sqlite_a_transaction_keeps_the_store_out(request, tmp_path_factory, has_written):
    """One that has written, and without a write-ahead log one that has read: told as contention."""
    with database("sqlite", request, tmp_path_factory, OPTIONS={"timeout": 0.05}) as alias:
        call_command("migrate", "auth", database=alias, verbosity=0)
        _try_to_log_in(alias, has_written=has_written)


def _try_to_log_in(alias, *, has_written):
    with DjangoSessionStore(alias) as store, transaction.atomic(using=alias):
        rotator = authority(store).rotator
        if has_written:
            User.objects.using(alias).create(username="writes")
        else:
            assert not User.objects.using(alias).exists()
        with pytest.raises(ContentionError) as refusal:
            rotator.start("client-42")
        assert refusal.value.code == "store.contention"
        assert rotator.sessions("client-42") == []
