"""``manage.py jwtkit_purge``: remove sessions and denied tokens that are over."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jwtkit.adapters.django.store import DjangoSessionStore
from jwtkit.errors import JWTKitError
from jwtkit.stores.batches import purge_in_batches

__all__ = ["Command"]


class Command(BaseCommand):
    """Removes them batch by batch; safe beside running services, and by several at once.

    Exits with 0 when nothing is left to remove, and with 1 when the database could not do it; what was
    removed until then stays removed.
    """

    help = "Remove sessions that are over and denied access tokens that have run out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        parser.add_argument(
            "--database", default="default", help="The database to purge: its name in DATABASES."
        )
        parser.add_argument(
            "--older-than",
            type=_days,
            default=1.0,
            metavar="DAYS",
            help="Keep what has been over for less than so many days (default: 1).",
        )
        parser.add_argument(
            "--batch",
            type=_count,
            default=1000,
            metavar="ROWS",
            help="Remove so many rows at a time (default: 1000).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        removed, age = 0, timedelta(days=options["older_than"])
        try:
            with DjangoSessionStore(options["database"]) as store:
                for gone in purge_in_batches(store, older_than=age, batch=int(options["batch"])):
                    removed += gone
                    if options["verbosity"] > 1:
                        self.stdout.write(f"removed {gone}")
        except JWTKitError as error:
            raise CommandError(f"{error}; removed until then: {removed}") from error
        if options["verbosity"] > 0:
            self.stdout.write(self.style.SUCCESS(f"Removed {removed} sessions and denied tokens."))


def _days(text: str) -> float:
    try:
        days = float(text)
        timedelta(days=days)
    except (ValueError, OverflowError):
        raise ArgumentTypeError("expected a number of days") from None
    if not 0 <= days <= 36500:
        raise ArgumentTypeError("expected a number of days from 0 to 36500")
    return days


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError("expected a number of rows, 1 or more")
    return int(text)
