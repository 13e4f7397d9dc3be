"""``manage.py jwtkit_purge``: what it removes, what it says and how it exits."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from tests.adapters.django.databases import ENGINES, database

from jwtkit.adapters.django import DjangoSessionStore
from jwtkit.adapters.django.models import Denial, Family
from jwtkit.testing.given import DAY, ISSUER, a_family


@pytest.fixture(params=ENGINES)
def alias(request, tmp_path_factory):
    with database(request.param, request, tmp_path_factory) as alias:
        yield alias


def purge(alias, **options):
    told = StringIO()
    call_command("jwtkit_purge", database=alias, stdout=told, no_color=True, **options)
    return told.getvalue()


def test_what_has_been_over_for_a_day_is_removed(alias):
    """In batches, to the last one; what is alive or only just over stays."""
    with DjangoSessionStore(alias) as store:
        now = store.epoch([]).now

        def clock():
            return now / 1000

        for number in range(7):
            store.insert(a_family(clock, idle_expires_at=now - DAY - 60_000 - number))
            store.deny(ISSUER, f"token-{number}", until=now - DAY - 60_000)
        store.insert(living := a_family(clock))
        store.insert(just_over := a_family(clock, idle_expires_at=now - 1000))
    assert purge(alias, batch=3, verbosity=2).splitlines() == [
        *["removed 3"] * 4,
        "removed 2",
        "Removed 14 sessions and denied tokens.",
    ]
    left = set(Family.objects.using(alias).values_list("session_id", flat=True))
    assert left == {living.session_id, just_over.session_id}
    assert not Denial.objects.using(alias).exists()
    assert purge(alias, older_than=0) == "Removed 1 sessions and denied tokens.\n"
    assert purge(alias, verbosity=0) == ""


def test_a_database_without_tables_fails_the_command(alias):
    """With what to do about it."""
    with connections[alias].schema_editor() as editor:
        for table in ("jwtkit_families", "jwtkit_epochs", "jwtkit_denials"):
            editor.execute(f"DROP TABLE {table}")
    with pytest.raises(CommandError, match=r"manage\.py migrate jwtkit.*removed until then: 0") as told:
        purge(alias)
    assert str(told.value).count("migrate jwtkit") == 1


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        ([], 1, "manage.py migrate jwtkit"),
        (["--database=nowhere"], 1, "no such database in settings.DATABASES"),
        (["--batch=0"], 2, "expected a number of rows, 1 or more"),
        (["--older-than=-1"], 2, "expected a number of days"),
        (["--older-than=nan"], 2, "expected a number of days"),
    ],
    ids=str,
)
def test_exit_codes(options, code, told):
    """As cron sees them: 1 for a database that cannot do it, 2 for a wrong option, and no traceback."""
    command = [sys.executable, "-m", "tests.adapters.django.project", "jwtkit_purge", *options]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (answer.returncode, told in answer.stderr) == (code, True), answer.stderr
    assert "Traceback" not in answer.stderr
