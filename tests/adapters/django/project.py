"""A Django project for the tests: its settings, made once for a process, and its few views."""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from pathlib import Path
from typing import ClassVar

import django
import pymysql
from django.conf import settings
from django.db import connections

__all__ = ["SessionsRouter", "add_database", "remove_database", "set_up"]


class SessionsRouter:
    """Says where the admin looks for sessions.

    Attributes:
        alias: The database; None for the default one.
    """

    alias: ClassVar[str | None] = None

    def db_for_read(self, model, **hints):
        return self.alias if model._meta.app_label == "jwtkit" else None

    db_for_write = db_for_read


def set_up() -> None:
    """Configure Django; again is no harm."""
    if settings.configured:
        return
    # PyMySQL stands in for mysqlclient, which is not to be had without a compiler.
    pymysql.install_as_MySQLdb()
    folder = Path(tempfile.mkdtemp(prefix="jwtkit-django-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    settings.configure(
        SECRET_KEY="of the tests",
        ALLOWED_HOSTS=["testserver"],
        USE_TZ=True,
        ROOT_URLCONF="tests.adapters.django.urls",
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        INSTALLED_APPS=[
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.messages",
            "django.contrib.sessions",
            "jwtkit.adapters.django",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        STATIC_URL="static/",
        DATABASE_ROUTERS=["tests.adapters.django.project.SessionsRouter"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": folder / "default.db",
                "ATOMIC_REQUESTS": True,
            }
        },
    )
    django.setup()


def add_database(alias: str, engine: str, **more: object) -> None:
    """Put another database into the settings, as if it had always been there."""
    entry = {"ENGINE": f"django.db.backends.{engine}", **more}
    connections.settings[alias] = connections.configure_settings({"default": entry})["default"]


def remove_database(alias: str) -> None:
    """Close this thread's connection to a database and forget it."""
    connections[alias].close()
    del connections[alias]
    del connections.settings[alias]


if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    set_up()
    execute_from_command_line(sys.argv)
