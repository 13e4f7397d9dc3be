"""A Django service that moves from simplejwt, in a process of its own: Django is set up once in a process.

    python simplejwt_service.py FOLDER

It reads one JSON list a line, the name of a command and its arguments, and writes one JSON object a line.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import django
import time_machine
from django.conf import settings

_SECRET = "the-secret-key-of-the-django-project-0123456789-of-more-than-64-bytes-in-all"


def main() -> None:
    folder = Path(sys.argv[1])
    sys.path.insert(0, str(folder))
    settings.configure(
        BASE_DIR=folder,
        SECRET_KEY=_SECRET,
        USE_TZ=True,
        ALLOWED_HOSTS=["*"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        ROOT_URLCONF=__name__,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "django.db"}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "rest_framework_simplejwt.token_blacklist",
            "jwtkit.adapters.django",
            "accounts",
        ],
        # The tables as they are now, without the history that led to them.
        MIGRATION_MODULES=dict.fromkeys(["auth", "contenttypes", "token_blacklist", "accounts"]),
        SIMPLE_JWT={"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True},
    )
    django.setup()
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0)
    service = Service()
    print(json.dumps({"ok": django.get_version()}), flush=True)
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        try:
            answer = {"ok": getattr(service, name)(*arguments)}
        except Exception as error:
            cause = error.__cause__
            answer = {
                "error": type(error).__name__,
                "code": getattr(error, "code", str(error)),
                "cause": [type(cause).__name__, getattr(cause, "code", "")],
            }
        print(json.dumps(answer), flush=True)


class Service:
    """The commands: what simplejwt makes, and what the page's code says to it."""

    def __init__(self) -> None:
        from accounts import sessions
        from django.contrib.auth import get_user_model
        from rest_framework_simplejwt import serializers, tokens

        self._page, self._users = sessions, get_user_model()
        self._tokens, self._serializers = tokens, serializers
        self._travelled: time_machine.travel | None = None

    def user(self, name: str) -> str:
        return str(self._users.objects.create_user(name).pk)

    def deactivate(self, user: str) -> None:
        self._users.objects.filter(pk=user).update(is_active=False)

    def old_refresh(self, user: str) -> str:
        return str(self._tokens.RefreshToken.for_user(self._users.objects.get(pk=user)))

    def old_access(self, user: str) -> str:
        return str(self._tokens.AccessToken.for_user(self._users.objects.get(pk=user)))

    def numeric(self, kind: str, user: str) -> str:
        """A token as earlier versions wrote them."""
        token = getattr(self._tokens, kind)()
        token["user_id"] = int(user)
        return str(token)

    def without(self, claim: str, user: str) -> str:
        token = self._tokens.RefreshToken.for_user(self._users.objects.get(pk=user))
        del token[claim]
        return str(token)

    def forged(self, user: str) -> str:
        from rest_framework_simplejwt.backends import TokenBackend

        token = self._tokens.RefreshToken.for_user(self._users.objects.get(pk=user))
        return TokenBackend("HS256", "another-secret-of-some-other-project-0123").encode(token.payload)

    def blacklist(self, token: str) -> None:
        self._tokens.RefreshToken(token).blacklist()

    def simplejwt_refresh(self, token: str) -> str:
        """What the earlier service answers to it."""
        serializer = self._serializers.TokenRefreshSerializer(data={"refresh": token})
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data["refresh"]

    def rows(self) -> list[int]:
        from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

        return [OutstandingToken.objects.count(), BlacklistedToken.objects.count()]

    def refresh(self, token: str) -> dict[str, Any]:
        return self._page.refresh(token)

    def post(self, token: str) -> list[Any]:
        from django.test import RequestFactory

        request = RequestFactory().post("/", {"refresh": token}, content_type="application/json")
        reply = self._page.refresh_view(request)
        return [reply.status_code, json.loads(reply.content)]

    def validate(self, token: str) -> str:
        return self._page.access_tokens.validate(token).subject

    def sessions(self, user: str) -> list[int]:
        return [session.generation for session in self._page.auth.rotator.sessions(user)]

    def wait(self, seconds: int) -> None:
        now = time.time()
        if self._travelled is not None:
            self._travelled.stop()
        self._travelled = time_machine.travel(now + timedelta(seconds=seconds).total_seconds(), tick=True)
        self._travelled.start()


urlpatterns: list[Any] = []

if __name__ == "__main__":
    main()
