"""What a power cut takes from a Valkey, by its setting of ``appendfsync``: measured, not asserted.

The server runs under a small library that notes the size of each file whenever it is synced. After a kill -9
the log of commands is cut back to what was synced: the least that a machine which loses its power may keep.
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

from tests.fire.behind import told
from tests.fire.places import ValkeyPlace
from tests.fire.service import rotator_of, terms_for
from tests.fire.stores import open_store
from tests.fire.tally import Tally
from tests.servers.lease import ServerMissingError

__all__ = ["MODES", "power_cut"]

MODES = ("always", "everysec", "no")

_SOURCE = Path(__file__).with_name("synced.c")


def power_cut(mode: str, *, cuts: int, seconds: float) -> Tally:
    """Rotate without a pause, cut the power, and see which confirmed rotations are gone.

    Args:
        mode: The server's ``appendfsync``.
        cuts: How often.
        seconds: How long to rotate before each cut.

    Raises:
        ServerMissingError: There is no Valkey, or no C compiler to make the library.
    """
    tally = Tally("valkey", f"power cut, appendfsync {mode}")
    began = time.monotonic()
    window = lost = 0.0
    for number in range(cuts):
        with _noting_server(mode) as (server, log):
            # Not in step with the server's own second.
            gone, age = _one(tally, server, log, seconds + number * 0.13)
            lost, window = max(lost, gone), max(window, age)
    tally.recovery_max = 0.0
    tally.notes.append(
        f"at most {lost:.0f} confirmed rotations lost, the oldest {window:.2f} s before the cut"
    )
    if mode == "always" and lost:
        tally.blame(f"{lost:.0f} confirmed rotations were lost")
    tally.seconds = time.monotonic() - began
    return tally


def _one(tally: Tally, server, log: Path, seconds: float) -> tuple[int, float]:
    place = ValkeyPlace(server, own=True)
    terms = terms_for(place.spec)
    confirmed: list[tuple[float, int]] = []
    with open_store(place.spec) as store:
        rotator, _ = rotator_of(terms, store)
        pair = rotator.start("client-42")
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            pair = rotator.rotate(pair.refresh_token)
            confirmed.append((time.monotonic(), len(confirmed) + 1))
        cut_at = time.monotonic()
        server.kill()
    _lose_what_was_not_synced(server.folder, log)
    server.start()
    tally.rounds += 1
    tally.refreshes += len(confirmed)
    tally.successors += len(confirmed)
    with open_store(place.spec) as store:
        rotator, _ = rotator_of(terms, store)
        family = store.read(pair.session_id).family
        kept = 0 if family is None else family.generation
        # Told to wait, not logged out: the token is younger than the lag.
        code = told(rotator, pair.refresh_token)
        if code != ("" if kept == len(confirmed) else "store.behind"):
            tally.blame(
                f"{kept} of {len(confirmed)} rotations were kept, and the client was answered {code!r}"
            )
        tally.unavailable += code == "store.behind"
    if kept == len(confirmed):
        return 0, 0.0
    return len(confirmed) - kept, cut_at - confirmed[kept][0]


def _lose_what_was_not_synced(folder: Path, log: Path) -> None:
    synced: dict[str, int] = {}
    for line in log.read_text().splitlines():
        size, _, path = line.partition(" ")
        synced[path] = int(size)
    for part in (folder / "appendonlydir").glob("*.incr.aof"):
        os.truncate(part, synced.get(str(part), 0))


@contextmanager
def _noting_server(mode: str) -> Iterator[tuple]:
    from tests.servers import valkey

    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise ServerMissingError("no C compiler: install gcc")
    with TemporaryDirectory(prefix="jwtkit-synced-") as name:
        folder = Path(name)
        library, log, program = folder / "synced.so", folder / "synced", folder / "valkey-server"
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, _SOURCE, "-ldl"], check=True)
        program.write_text(
            f'#!/bin/sh\nSYNCED_LOG="{log}" LD_PRELOAD="{library}" exec "{valkey.binary()}" "$@"\n'
        )
        program.chmod(0o700)
        before = os.environ.get(valkey.BINARY)
        os.environ[valkey.BINARY] = str(program)
        try:
            options = {"appendonly": "yes", "appendfsync": mode, "aof-load-truncated": "yes"}
            with valkey.valkey_server(options) as server:
                yield server, log
        finally:
            del os.environ[valkey.BINARY]
            if before is not None:
                os.environ[valkey.BINARY] = before
