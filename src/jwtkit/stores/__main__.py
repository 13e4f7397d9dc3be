"""``python -m jwtkit.stores purge``: remove from a session store what is over, from cron or a like timer.

::

    JWTKIT_STORE=postgresql://… python -m jwtkit.stores purge --older-than 1d --batch 1000

The exit status is 0 when all is done, 1 when the store cannot be reached or is busy (run it again), and 2
when the command or its settings are wrong.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from jwtkit.errors import ConfigurationError, UnavailableError
from jwtkit.stores.batches import purge_in_batches
from jwtkit.stores.opening import open_store

__all__ = ["main"]

_DONE, _UNAVAILABLE, _WRONG = 0, 1, 2

_VARIABLE: Final = "JWTKIT_STORE"
_DURATION: Final = re.compile(r"([0-9]{1,6})([smhd])", re.ASCII)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST_PAUSE: Final = timedelta(hours=1)


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run the command.

    Args:
        arguments: Those after the program's name; None for the process's own.
        environ: Where the store's URL is looked for.

    Returns:
        The exit status.

    Raises:
        SystemExit: ``--help`` was asked for, or the arguments cannot be read.
    """
    options = _parser().parse_args(arguments)
    try:
        removed = _purge(_url(options.url, options.env, environ), options)
    except ConfigurationError as error:
        return _failed(error, _WRONG)
    except UnavailableError as error:
        return _failed(error, _UNAVAILABLE)
    if not options.quiet:
        print(f"removed {removed} sessions and denied tokens")  # noqa: T201 - a command's output
    return _DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m jwtkit.stores", description="Care for a session store.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    purge = commands.add_parser(
        "purge",
        help="remove sessions and denied tokens that are over",
        description="Remove sessions and denied tokens that are over, in batches that hold up nobody. "
        "Exit status: 0 done, 1 the store cannot be reached or is busy, 2 wrong settings.",
    )
    purge.add_argument(
        "url",
        nargs="?",
        metavar="URL",
        help="the store: a path or sqlite:///path, postgresql://…, mariadb://…, redis://…; left out, it is "
        "read from the environment. A URL with a password in it belongs there: every user of a machine "
        "can read the arguments of a process",
    )
    purge.add_argument(
        "--env", default=_VARIABLE, metavar="NAME", help="the variable with the URL (default: %(default)s)"
    )
    purge.add_argument(
        "--older-than",
        type=_duration,
        default=timedelta(days=1),
        metavar="AGE",
        help="how long they must have been over, such as 90m, 12h or 7d (default: 1d)",
    )
    purge.add_argument(
        "--batch", type=_count, default=1000, metavar="N", help="how many to remove at once (default: 1000)"
    )
    purge.add_argument(
        "--limit", type=_count, metavar="N", help="how many to remove in all (default: whatever is over)"
    )
    purge.add_argument(
        "--pause",
        type=_pause,
        default=timedelta(0),
        metavar="TIME",
        help="how long to rest between two batches, such as 1s (default: 0s)",
    )
    purge.add_argument("-q", "--quiet", action="store_true", help="print nothing when all went well")
    return parser


def _url(url: str | None, variable: str, environ: Mapping[str, str]) -> str:
    found = url if url is not None else environ.get(variable)
    if not found:
        raise ConfigurationError(
            f"no store is named: give its URL, or set {ascii(variable)[1:-1]}", code="store.url"
        )
    # Opening would make an empty file at a path that was mistyped, and purge it with success forever.
    path = found.partition("://")[2][1:] if found.lower().startswith("sqlite://") else found
    if (path is not found or "://" not in found) and not Path(path).is_file():
        raise ConfigurationError("there is no file of that name", code="store.path")
    return found


def _purge(url: str, options: argparse.Namespace) -> int:
    store = open_store(url)
    try:
        batches = purge_in_batches(
            store,
            older_than=options.older_than,
            batch=options.batch,
            limit=options.limit,
            pause=options.pause,
        )
        return sum(batches)
    finally:
        store.close()


def _duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError("expected a number and one of s, m, h, d, such as 12h")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _pause(text: str) -> timedelta:
    pause = _duration(text)
    if pause > _LONGEST_PAUSE:
        raise argparse.ArgumentTypeError("expected an hour at most")
    return pause


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,11}", text, re.ASCII):
        raise argparse.ArgumentTypeError("expected a number from 1")
    return int(text)


def _failed(error: ConfigurationError | UnavailableError, status: int) -> int:
    # Our messages hold no URL and no password; what an engine said does not get as far as here.
    print(f"jwtkit.stores: {error} [{error.code}]", file=sys.stderr)  # noqa: T201 - a command's output
    return status


if __name__ == "__main__":
    sys.exit(main())
