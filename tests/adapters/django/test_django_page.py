"""The project on the how-to page works as printed: its tests pass, its commands run."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tests.docs.pages import ROOT, write_files

from jwtkit import RotationSecret, SigningKey

PAGE = ROOT / "docs" / "how-to" / "django.md"

# What `startproject` writes, as far as the page needs it.
REST = """
from pathlib import Path

SECRET_KEY = "of the page"
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "urls"
USE_TZ = True
STATIC_URL = "static/"
FILE = Path(__file__).with_name("db.sqlite3")
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FILE}}
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
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
]

"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    (folder / "settings.py").write_text(REST, encoding="utf-8")
    write_files(PAGE, folder)
    return folder


@pytest.fixture(scope="module")
def manage(project):
    environ = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "settings",
        "PYTHONPATH": str(project),
        "JWTKIT_ISSUER": "https://orders.example",
        "JWTKIT_AUDIENCE": "orders-api",
        "JWTKIT_KEY": SigningKey.generate("ES256").unsafe_to_pem(),
        "JWTKIT_ROTATION_SECRET": RotationSecret.generate().to_text(),
    }

    def run(*command):
        line = [sys.executable, "-W", "error", "-m", "django", *command]
        return subprocess.run(line, cwd=project, env=environ, capture_output=True, text=True, check=False)

    return run


def test_the_tests_on_the_page_pass(manage):
    """In the test runner's database, on SQLite one in memory."""
    answer = manage("test", "tests")
    assert answer.returncode == 0, answer.stderr
    assert "Ran 5 tests" in answer.stderr


def test_the_tables_are_made_and_purged(manage):
    """By the commands on the page."""
    for command in (["check"], ["migrate", "-v0"], ["jwtkit_purge"]):
        answer = manage(*command)
        assert (answer.returncode, answer.stderr) == (0, ""), answer.stderr
    assert answer.stdout == "Removed 0 sessions and denied tokens.\n"


ADMIN_TESTS = """
import admin  # as Django does for an app of the project

from django.contrib.auth.models import User
from django.test import TransactionTestCase

from jwtkit.adapters.django.models import Family
from sessions import authority


class AdminTests(TransactionTestCase):
    def test_the_observer_is_told(self):
        user = User.objects.create_superuser("root")
        session_id = authority().rotator.start(str(user.pk)).session_id
        self.client.force_login(user)
        keys = [Family.objects.get(session_id=session_id).pk]
        form = {"action": "end_sessions", "_selected_action": keys, "index": "0"}
        with self.assertLogs("sessions") as logged:
            self.client.post("/admin/jwtkit/family/", form)
        self.assertEqual(logged.output, [f"WARNING:sessions:a session of {user.pk} ended: revoked"])
"""


def test_the_admin_on_the_page_tells_the_observer(manage, project):
    """Registered in place of the app's own."""
    (project / "admin_tests.py").write_text(ADMIN_TESTS, encoding="utf-8")
    answer = manage("test", "admin_tests")
    assert answer.returncode == 0, answer.stderr
    assert "Ran 1 test" in answer.stderr


def test_the_router_on_the_page(tmp_path):
    """Sends the app's tables to one database, and nothing else."""
    write_files(PAGE, tmp_path)
    found: dict[str, type] = {}
    exec((tmp_path / "routers.py").read_text(encoding="utf-8"), found)
    router = found["SessionsRouter"]()
    assert router.allow_migrate("sessions", "jwtkit") is True
    assert router.allow_migrate("default", "jwtkit") is False
    assert router.allow_migrate("default", "auth") is None
