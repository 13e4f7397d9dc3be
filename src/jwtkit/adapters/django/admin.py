"""Sessions in Django's admin: to look at, to find by subject, and to end; never to edit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from secrets import token_bytes
from time import time
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db import router
from django.db.models import BigIntegerField, Case, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Greatest
from django.http import HttpRequest

from jwtkit.adapters.django.models import Epoch, Family
from jwtkit.adapters.django.store import DjangoSessionStore
from jwtkit.errors import ConfigurationError, UnavailableError
from jwtkit.events import Observer
from jwtkit.refresh.guarded_store import GuardedStore, run_now
from jwtkit.refresh.live_sessions import LiveSessions
from jwtkit.refresh.protocols import EpochScope
from jwtkit.stores.bounds import store_time
from jwtkit.stores.sql.keys import scope_key, session_key
from jwtkit.tokens.claims import to_datetime

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Family]
else:
    _ModelAdmin = admin.ModelAdmin

__all__ = ["SessionAdmin", "StateFilter"]

_STATES = {"alive": "alive", "ended": "ended or logged out", "expired": "expired"}


def _moment(field: str, description: str) -> Callable[[Any, Family], datetime | None]:
    @admin.display(description=description, ordering=field)
    def shown(_: Any, row: Family) -> datetime | None:
        time_ms: int | None = getattr(row, field)
        return None if time_ms is None else to_datetime(time_ms / 1000)

    return shown


class StateFilter(admin.SimpleListFilter):
    """Alive, ended (also by a logout of all sessions) or expired."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the choices."""
        return list(_STATES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Family]) -> QuerySet[Family]:
        """Narrow the list to the state that was chosen."""
        now = store_time(None)
        ended = Q(ended_at__isnull=False) | Q(logged_out_at__gt=0)
        match self.value():
            case "alive":
                return queryset.exclude(ended).filter(over_at__gt=now)
            case "ended":
                return queryset.filter(ended)
            case "expired":
                return queryset.exclude(ended).filter(over_at__lte=now)
            case _:
                return queryset


@admin.register(Family)
class SessionAdmin(_ModelAdmin):
    """The sessions of every issuer in the database that the router names for them.

    A search finds one subject or one session, written in full: those are found by an index.

    The admin makes no rotator and reaches none: to have your observer told of the sessions ended here,
    register a subclass that names it.

    Example::

        admin.site.unregister(Family)


        @admin.register(Family)
        class ObservedSessions(SessionAdmin):
            observer = alerts

    Attributes:
        observer: Told of each session ended here (`jwtkit.events.SessionEnded`, with the reason ``revoked``),
            after the end is committed; None for nobody.

    Raises:
        ConfigurationError: `observer` has no ``observe``.
    """

    observer: Observer | None = None

    list_display = ("subject", "state", "label", "client_id", "tenant", "address", "created", "used")
    list_filter = (StateFilter,)
    search_fields = ("subject",)
    search_help_text = "A subject or a session id, in full"
    ordering = ("-created_at",)
    list_per_page = 50
    show_full_result_count = False  # it would count the whole table beside what is found
    actions = ("end_sessions",)
    # Written out: a column that comes later is not shown before somebody has thought about it. What proves or
    # makes a token (digests, nonce, rotation secret) is no one's to read.
    fields = (
        *(
            "session_id",
            "issuer",
            "subject",
            "state",
            "end_reason",
            "label",
            "address",
            "client_id",
            "tenant",
        ),
        *(
            "confirmation",
            "scopes",
            "claims",
            "generation",
            "created",
            "used",
            "idle_until",
            "until",
            "ended",
        ),
    )
    readonly_fields = fields

    created = _moment("created_at", "logged in")
    used = _moment("used_at", "last used")
    idle_until = _moment("idle_expires_at", "expires unless used before")
    until = _moment("absolute_expires_at", "expires at the latest")
    ended = _moment("ended_at", "ended")

    def __init__(self, model: type[Family], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        if self.observer is not None and not callable(getattr(self.observer, "observe", None)):
            raise ConfigurationError("observer must have observe(event) (see jwtkit.events)")

    @admin.display(description="state")
    def state(self, row: Family) -> str:
        """Say in a few words whether the session lives."""
        if row.ended_at is not None:
            return f"ended: {row.end_reason}"
        if getattr(row, "logged_out_at", 0):
            return "logged out"
        return "alive" if row.over_at > store_time(None) else "expired"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Family]:
        """Return the sessions, each with the epoch that logged it out, or 0."""
        keys = ("issuer_key", "tenant_key", "subject_key")
        found = (Epoch.objects.filter(scope_key=OuterRef(key)).values("epoch") for key in keys)
        epochs = [Coalesce(Subquery(epoch), Value(0), output_field=BigIntegerField()) for epoch in found]
        sessions = super().get_queryset(request).annotate(highest_epoch=Greatest(*epochs))
        later = When(highest_epoch__gt=F("epoch"), then=F("highest_epoch"))
        return sessions.annotate(logged_out_at=Case(later, default=Value(0), output_field=BigIntegerField()))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Family], search_term: str
    ) -> tuple[QuerySet[Family], bool]:
        """Find a session by its id, or those of a subject, of whichever issuer."""
        text = search_term.strip()
        if not text:
            return queryset, False
        subjects = [scope_key(EpochScope(issuer, "subject", text)).hex() for issuer in _issuers(queryset.db)]
        return queryset.filter(Q(session_key=session_key(text).hex()) | Q(subject_key__in=subjects)), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody may: a session begins with a login."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Family | None = None) -> bool:
        """Nobody may: an edited row is one that no token fits any more."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Family | None = None) -> bool:
        """Nobody may: rows are removed by ``manage.py jwtkit_purge`` when they are over."""
        return False

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Whoever was given ``jwtkit.end_session``."""
        user: Any = getattr(request, "user", None)
        return bool(user is not None and user.has_perm("jwtkit.end_session"))

    @admin.action(description="End the selected sessions", permissions=["end"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[Family]) -> None:
        """End sessions as a rotator does: each row is read and swapped, beside whatever else writes to it."""
        ended = 0
        with DjangoSessionStore(router.db_for_write(Family)) as store:
            for row in queryset:
                try:
                    if run_now(self._sessions(store, row.issuer).end(row.session_id, "revoked")):
                        self.log_change(request, row, "Ended.")
                        ended += 1
                except UnavailableError as error:
                    self.message_user(request, f"{row.session_id}: {error}", messages.ERROR)
        self.message_user(request, f"Sessions ended: {ended}.", messages.SUCCESS)

    def _sessions(self, store: DjangoSessionStore, issuer: str) -> LiveSessions:
        return LiveSessions(
            issuer=issuer,
            store=GuardedStore(store, is_async=False),
            observer=self.observer,
            clock=time,
            random_bytes=token_bytes,
        )


def _issuers(alias: str) -> Iterator[str]:
    """Step through the index from one issuer to the next: there are few, of however many sessions."""
    rows = Family.objects.using(alias).order_by("issuer_key")
    last: Family | None = rows.first()
    while last is not None:
        yield last.issuer
        last = rows.filter(issuer_key__gt=last.issuer_key).first()
