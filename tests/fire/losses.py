"""What a crash takes of what had been confirmed, by the server's setting: measured, not asserted.

One client rotates without a pause, and the server is killed, or loses its power. Whatever is gone, the client
is told to wait and not that its grant is invalid.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.fire.behind import told
from tests.fire.service import rotator_of, terms_for
from tests.fire.stores import open_store
from tests.fire.tally import Tally

__all__ = ["NAMES", "SETTINGS", "Losses", "configure", "losses_when_killed"]

SETTINGS = {
    "postgresql": ("on", "off"),
    "mariadb": ("1", "2", "0"),
    "valkey": ("always", "everysec", "no"),
}
"""When a server may confirm what it was told: the safe one first."""

NAMES = {
    "postgresql": "synchronous_commit",
    "mariadb": "innodb_flush_log_at_trx_commit",
    "valkey": "appendfsync",
}
"""What each calls it."""

_LOSE_WHEN_KILLED = {("postgresql", "off"), ("mariadb", "0")}
"""Where the server keeps what it has confirmed in its own memory; the others have handed it to the system."""


class Losses:
    """How many confirmed rotations were gone, and how old the oldest was.

    Args:
        tally: Gets the figures and the blame.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._lost, self._age = 0, 0.0

    def crash(self, place, crash: Callable[[], None], *, seconds: float) -> None:
        """Rotate for so long, crash, and see what the server has when it is back.

        Args:
            place: Where the sessions are; there are none of another service.
            crash: Crashes the server and starts it again.
            seconds: How long to rotate before.
        """
        tally = self._tally
        confirmed: list[float] = []
        terms = terms_for(place.spec)
        with open_store(place.spec) as store:
            rotator, _ = rotator_of(terms, store)
            pair = rotator.start("client-42")
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                pair = rotator.rotate(pair.refresh_token)
                confirmed.append(time.monotonic())
            crashed_at = time.monotonic()
            crash()
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
        if kept < len(confirmed):
            self._lost = max(self._lost, len(confirmed) - kept)
            self._age = max(self._age, crashed_at - confirmed[kept])

    def sum_up(self, *, allowed: bool) -> None:
        """Note the worst, and blame it where nothing may be lost."""
        self._tally.notes.append(
            f"at most {self._lost:,} confirmed rotations lost, the oldest {self._age:.2f} s before the crash"
        )
        if self._lost and not allowed:
            self._tally.blame(f"{self._lost:,} confirmed rotations were lost")


def losses_when_killed(place, setting: str, *, times: int, seconds: float) -> Tally:
    """Rotate without a pause, kill the server, and see which confirmed rotations are gone.

    Args:
        place: A place on a server of its own.
        setting: One of `SETTINGS` of its engine.
        times: How often.
        seconds: How long to rotate before.
    """
    tally = Tally(place.name, f"killed, {NAMES[place.name]}={setting}")
    began = time.monotonic()
    losses = Losses(tally)

    def crash() -> None:
        place.crash()
        place.start()

    for number in range(times):
        # Again each time: MariaDB forgets it.
        configure(place, setting)
        # Not in step with what the server does by the clock.
        losses.crash(place.again(), crash, seconds=seconds + number * 0.13)
    losses.sum_up(allowed=(place.name, setting) in _LOSE_WHEN_KILLED)
    configure(place, SETTINGS[place.name][0])
    tally.seconds = time.monotonic() - began
    return tally


def configure(place, setting: str) -> None:
    """Have the server confirm a commit when that setting says."""
    name = NAMES[place.name]
    if place.name == "postgresql":
        place.execute(f"ALTER ROLE postgres SET {name} = {setting}")
    elif place.name == "mariadb":
        place.execute(f"SET GLOBAL {name} = {setting}")
    else:
        place.configure(name, setting)
