"""The Django app: its label, and what the admin calls it."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["JWTKitConfig"]


class JWTKitConfig(AppConfig):
    """The tables of `DjangoSessionStore`, their admin and the command that purges them."""

    name = "jwtkit.adapters.django"
    label = "jwtkit"
    verbose_name = "Sessions (jwtkit)"
    default_auto_field = "django.db.models.BigAutoField"
