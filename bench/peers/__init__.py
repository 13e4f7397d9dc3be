"""The contenders, one file each. One that cannot be imported is left out, and it is said why."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module

from bench.peers.protocol import Peer
from bench.results import Absent


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a contender is, and what it needs.

    Attributes:
        file: Its module in this package.
        name: What it is called in tables.
        distribution: What is installed to use it.
        oldest: The oldest Python it has wheels for.
    """

    file: str
    name: str
    distribution: str
    oldest: tuple[int, int] = (3, 11)


ENTRIES = (
    Entry("jwtkit", "jwtkit", "jwtkit"),
    Entry("pyjwt", "PyJWT", "pyjwt"),
    Entry("joserfc", "joserfc", "joserfc"),
    Entry("authlib", "Authlib", "authlib"),
    Entry("python_jose", "python-jose", "python-jose"),
    Entry("jwcrypto", "jwcrypto", "jwcrypto"),
    Entry("jwskate", "jwskate", "jwskate"),
    Entry("ryjwt", "ryjwt", "ryjwt", oldest=(3, 12)),
    Entry("oxyjwt", "oxyjwt", "oxyjwt"),
)
RUST_BACKED = ("ryjwt", "oxyjwt")
"""Their hot path is not Python; they are shown, and not among those jwtkit must be ahead of."""


def load(entries: tuple[Entry, ...] = ENTRIES) -> tuple[tuple[Peer, ...], tuple[Absent, ...]]:
    """Return the contenders that are here, and those that are not with the reason."""
    peers: list[Peer] = []
    absent: list[Absent] = []
    for entry in entries:
        try:
            peers.append(import_module(f"bench.peers.{entry.file}").PEER)
        except ImportError as error:
            absent.append(Absent(entry.name, _reason(entry, error)))
    return tuple(peers), tuple(absent)


def _reason(entry: Entry, error: ImportError) -> str:
    if sys.version_info[:2] < entry.oldest:
        return f"no wheel for Python {sys.version_info[0]}.{sys.version_info[1]}"
    return f"not installed, or not whole ({error})"
