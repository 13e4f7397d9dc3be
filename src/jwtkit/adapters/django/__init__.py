"""Django: `DjangoSessionStore` keeps sessions in the database of a Django project.

An app with its migration, a read-only admin and the command ``jwtkit_purge``::

    INSTALLED_APPS = [..., "jwtkit.adapters.django"]

Needs the extra ``jwtkit[django]``.
"""

from __future__ import annotations

from importlib.util import find_spec

from jwtkit.errors import ConfigurationError

if find_spec("django") is None:
    raise ConfigurationError(
        "jwtkit.adapters.django needs Django", code="store.extra", hint="pip install 'jwtkit[django]'"
    )

from jwtkit.adapters.django.store import AsyncDjangoSessionStore, DjangoSessionStore

__all__ = ["AsyncDjangoSessionStore", "DjangoSessionStore"]
