"""The places where the proofs are tried."""

from __future__ import annotations

from tests.fire.fixtures import anywhere, crew, own_place, somewhere

__all__ = ["anywhere", "crew", "own_place", "somewhere"]
