"""The tables: what the migration makes is what the models say, and what the store without Django reads."""

from __future__ import annotations

import time
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connections
from tests.adapters.django.databases import ENGINES, database

from jwtkit.adapters.django import DjangoSessionStore
from jwtkit.adapters.django.models import Family
from jwtkit.refresh.protocols import EpochScope
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.stores.rows import COLUMNS
from jwtkit.stores.sql import SQLAlchemySessionStore
from jwtkit.testing import ManualClock
from jwtkit.testing.given import ISSUER, a_family, milliseconds, rotated

SERVERS = {"postgresql": "postgres_server", "mariadb": "mariadb_server"}


def test_the_migrations_say_what_the_models_say():
    """A model that was changed without a migration fails here."""
    call_command("makemigrations", "jwtkit", check=True, dry_run=True, verbosity=0, stdout=StringIO())


def test_the_app_has_no_complaints():
    """Django's own checks of it."""
    call_command("check", "jwtkit", fail_level="WARNING", stderr=StringIO(), stdout=StringIO())


def test_every_column_of_a_family_is_in_the_model():
    """A field that a family gets later needs a migration."""
    assert set(COLUMNS) <= {field.name for field in Family._meta.get_fields()}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_service_without_django_uses_the_same_sessions(engine, request, tmp_path_factory):
    """Rows, epochs and denials of either store are the other's, keys included."""
    clock = ManualClock()
    with database(engine, request, tmp_path_factory) as alias:
        name = connections.settings[alias]["NAME"]
        if engine == "sqlite":
            url = f"sqlite:///{name}"
        else:
            url = request.getfixturevalue(SERVERS[engine]).url(database=name)
        with (
            DjangoSessionStore(alias, clock=clock) as django,
            SQLAlchemySessionStore(url, clock=clock) as other,
        ):
            for writer, reader in ((django, other), (other, django)):
                writer.insert(family := a_family(clock))
                assert reader.read(family.session_id).family == family
                successor = rotated(family, clock)
                assert reader.compare_and_swap(successor, expected_version=1)
                assert writer.list_subject(ISSUER, "client-42", limit=1)[0].family == successor
                epoch = writer.bump_epoch(EpochScope(ISSUER, "subject", "client-42"))
                assert reader.read(family.session_id).epoch == epoch
                assert reader.bump_epoch(EpochScope(ISSUER, "all")) > epoch
                writer.deny(ISSUER, "token-1", until=milliseconds(clock) + 1000)
                query = RevocationQuery(issuer=ISSUER, id="token-1", epoch=2**62)
                assert reader.status(query) is RevocationStatus.TOKEN_DENIED
                assert reader.live_key_ids(ISSUER) == {"k1"}
                ended = rotated(successor, clock, ended_at=milliseconds(clock), end_reason="revoked")
                assert writer.compare_and_swap(ended, expected_version=successor.version)
                clock.advance(2)
                assert reader.purge(milliseconds(clock)) == 2


def test_a_rotation_writes_no_index_on_postgresql(request, tmp_path_factory):
    """Room in the page, and no index over what a rotation changes: every update is heap-only."""
    clock = ManualClock()
    with (
        database("postgresql", request, tmp_path_factory, CONN_MAX_AGE=None) as alias,
        DjangoSessionStore(alias, clock=clock) as store,
    ):
        store.insert(family := a_family(clock))
        for _ in range(20):
            clock.advance(60)
            successor = rotated(family, clock)
            assert store.compare_and_swap(successor, expected_version=family.version)
            family = successor
        store.close()
        counted = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'jwtkit_families'"
        deadline = time.monotonic() + 20
        seen = None
        with connections[alias].cursor() as cursor:
            # What a connection has counted is written down when it ends, which is after it was closed here.
            while seen != (20, 20):
                assert time.monotonic() < deadline, seen
                time.sleep(0.02)
                cursor.execute(counted)
                seen = cursor.fetchone()
