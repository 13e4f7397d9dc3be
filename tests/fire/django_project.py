"""The Django project of the proofs; imported before a fork, it is set up in every child.

Its databases keep their connections for a minute, so that there are some to be cut.
"""

from __future__ import annotations

import importlib

from django.core.management import call_command
from django.db import connections
from tests.adapters.django.project import add_database, set_up

__all__ = ["alias_of", "make_tables"]

set_up()
for _late in (
    "django.db.backends.mysql.base",
    "django.db.backends.postgresql.base",
    "jwtkit.adapters.django",
    "jwtkit.adapters.django.models",
):
    importlib.import_module(_late)

# Not ready for TLS, as that reads every certificate of the system for each connection.
_OPTIONS = {"mysql": {"ssl_disabled": True}, "postgresql": {}}


def alias_of(engine: str, *, name: str, host: str, user: str) -> str:
    """Return the alias of that database, which is put into the settings unless it is there."""
    if name not in connections.settings:
        add_database(name, engine, NAME=name, HOST=host, USER=user, CONN_MAX_AGE=60, OPTIONS=_OPTIONS[engine])
    return name


def make_tables(alias: str) -> None:
    """Migrate a database, as its owner does."""
    call_command("migrate", "jwtkit", database=alias, verbosity=0)
    connections[alias].close()
