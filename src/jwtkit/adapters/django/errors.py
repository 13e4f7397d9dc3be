"""Every error of Django, a driver or the network as one of ours."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation

from jwtkit.errors import ConfigurationError, JWTKitError
from jwtkit.stores.sql.codes import NO_TABLE, UNDONE, code_of, failure_of

__all__ = ["at_run_time", "is_worth_repeating"]


def at_run_time(error: Exception) -> JWTKitError:
    """Return what to raise when a call failed."""
    if isinstance(error, JWTKitError):
        return error
    if isinstance(error, SynchronousOnlyOperation):
        return ConfigurationError(
            "DjangoSessionStore blocks and was called in an event loop",
            code="store.async",
            hint="use AsyncDjangoSessionStore with AsyncRefreshRotator",
        )
    if isinstance(error, ImproperlyConfigured):
        return ConfigurationError(f"Django's database settings cannot be used: {error}", code="store.engine")
    return failure_of(
        _code_of(error),
        no_table=NO_TABLE,
        hint='put "jwtkit.adapters.django" into INSTALLED_APPS and run: manage.py migrate jwtkit',
    )


def is_worth_repeating(error: Exception) -> bool:
    """Say whether nothing was written and the same may succeed at once."""
    return _code_of(error) in UNDONE


def _code_of(error: Exception) -> str:
    cause = error.__cause__  # the driver's error, where Django raised one of its own from it
    return code_of(cause if isinstance(cause, Exception) else error)
