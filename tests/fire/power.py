"""What a power cut takes from a server, by its setting of when to sync: measured, not asserted.

The server runs under a small library that keeps a journal of what it writes to its log and of what it has
synced. After a kill -9 all that was not synced is undone: the least that a machine which loses its power may
keep. Only the log matters: everything else is made from it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fire.losses import NAMES, Losses, configure
from tests.fire.places import place
from tests.fire.tally import Tally
from tests.servers.lease import ServerMissingError

__all__ = ["power_cut", "undo"]

_SOURCE = Path(__file__).with_name("unsynced.c")

_LOGS = {"postgresql": "/pg_wal/", "mariadb": "/ib_logfile", "valkey": ".incr.aof"}
"""What is in the path of the files that hold the log."""

_SYNCED = {("postgresql", "on"), ("mariadb", "1"), ("valkey", "always")}
"""What is confirmed with these has been synced."""


def power_cut(engine: str, setting: str, *, cuts: int, seconds: float) -> Tally:
    """Rotate without a pause, cut the power, and see which confirmed rotations are gone.

    Args:
        engine: A key of `tests.fire.losses.SETTINGS`.
        setting: One of its values.
        cuts: How often.
        seconds: How long to rotate before each cut.

    Raises:
        ServerMissingError: There is no such server, or no C compiler to make the library.
    """
    tally = Tally(engine, f"power cut, {NAMES[engine]}={setting}")
    began = time.monotonic()
    losses = Losses(tally)
    with _journal(_LOGS[engine]) as (environment, journal):
        durable = {} if engine == "valkey" else {"durable": True}
        with place(engine, environment=environment, **durable) as where:

            def crash() -> None:
                where.crash()
                undo(journal)
                where.start()

            for number in range(cuts):
                # Again each time: MariaDB forgets it.
                configure(where, setting)
                # Not in step with what the server does by the clock.
                losses.crash(where.again(), crash, seconds=seconds + number * 0.13)
    losses.sum_up(allowed=(engine, setting) not in _SYNCED)
    tally.seconds = time.monotonic() - began
    return tally


def undo(journal: Path) -> None:
    """Undo what was written and not synced, by that journal, and empty it."""
    writes, safe = [], {}
    text, at = journal.read_bytes(), 0
    while (end := text.find(b"\n", at)) >= 0:
        kind, offset, size, length, path = text[at:end].split(b" ", 4)
        old = text[end + 1 : end + 1 + int(size)]
        if kind == b"S":
            safe[path] = int(offset)
        else:
            writes.append((at, path, int(offset), old, int(length)))
        at = end + 1 + int(size)
    for place_in_journal, path, offset, old, length in reversed(writes):
        if place_in_journal >= safe.get(path, 0) and Path(os.fsdecode(path)).exists():
            with open(path, "r+b") as file:  # noqa: PTH123
                file.seek(offset)
                file.write(old)
                file.truncate(length)
    os.truncate(journal, 0)


@contextmanager
def _journal(files: str) -> Iterator[tuple[dict[str, str], Path]]:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise ServerMissingError("no C compiler: install gcc")
    with TemporaryDirectory(prefix="jwtkit-unsynced-") as name:
        folder = Path(name)
        library, journal = folder / "unsynced.so", folder / "journal"
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, _SOURCE, "-ldl"], check=True)
        journal.touch()
        # PostgreSQL runs as another user.
        folder.chmod(0o755)
        journal.chmod(0o666)
        yield (
            {"LD_PRELOAD": str(library), "UNSYNCED_JOURNAL": str(journal), "UNSYNCED_FILES": files},
            journal,
        )
