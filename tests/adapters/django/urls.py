"""The views of the tests' project, and its admin."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from tests.adapters.django.service import authority

from jwtkit.adapters.django import DjangoSessionStore
from jwtkit.errors import RefreshError


def refresh(request: HttpRequest, alias: str, turn: str) -> HttpResponse:
    """Refresh inside the transaction that ATOMIC_REQUESTS opens; a refusal fails the request."""

    def note() -> None:
        User.objects.using(alias).create(username=request.POST["note"])

    if turn == "note-first":
        note()
    with DjangoSessionStore(alias) as store:
        try:
            pair = authority(store).rotator.rotate(request.POST["refresh_token"])
        except RefreshError:
            if turn == "note-last":
                note()
            raise
    return JsonResponse(pair.as_response())


urlpatterns = [
    path("admin/", admin.site.urls),
    path("<str:alias>/refresh/<str:turn>", refresh),
]
