"""What the suites share in a run: the pace, the contenders that are here, and one key for each algorithm."""

from __future__ import annotations

from dataclasses import dataclass, field

from bench import peers
from bench.interleave import Pace
from bench.peers.protocol import Peer
from bench.results import Absent
from bench.servers import Servers
from bench.tokens import Material


@dataclass(slots=True)
class Workbench:
    """Made once for a run.

    Attributes:
        pace: How long and how often to measure.
        peers: The contenders that could be imported, jwtkit first.
        absent: The others.
        servers: The database servers, for the suites of the session stores.
        large: Whether what takes ten minutes and as many gigabytes is wanted too.
    """

    pace: Pace
    peers: tuple[Peer, ...] = ()
    absent: tuple[Absent, ...] = ()
    servers: Servers | None = None
    large: bool = False
    _materials: dict[str, Material] = field(default_factory=dict)

    @classmethod
    def set_up(cls, pace: Pace) -> Workbench:
        """Find out who is here."""
        return cls(pace, *peers.load())

    def material(self, algorithm: str) -> Material:
        """Return the run's key of an algorithm."""
        if algorithm not in self._materials:
            self._materials[algorithm] = Material.generate(algorithm)
        return self._materials[algorithm]

    def peer(self, name: str) -> Peer:
        """Return a contender by its name.

        Raises:
            LookupError: It is not here.
        """
        for peer in self.peers:
            if peer.name == name:
                return peer
        raise LookupError(
            f"{name} is not here: {[one.reason for one in self.absent if one.contender == name]}"
        )
