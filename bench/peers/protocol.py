"""What a contender brings: how it validates and how it issues, each at its fastest documented use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.tokens import Material

Validate = Callable[[str], object]
"""Returns the claims in whatever form the library has them, or raises."""
Issue = Callable[[], object]
"""Returns one more token with claims of its own, as `str` or `bytes`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A library.

    Attributes:
        name: What it is called in tables.
        module: What is imported to use it.
        algorithms: The ones of `bench.tokens.ALGORITHMS` it knows.
        validator: Makes what validates tokens of one key; keys and options are prepared here, not in the
            call. It checks signature, algorithm, expiry with 30 seconds of leeway where it can be given,
            issuer, audience, and that the required claims are there.
        issuer: Makes what issues tokens with one key.
        remark: What it does otherwise than the others.
    """

    name: str
    module: str
    algorithms: frozenset[str]
    validator: Callable[[Material], Validate]
    issuer: Callable[[Material], Issue]
    remark: str = ""


class MissingClaimsError(Exception):
    """A required claim is missing; for libraries that cannot be told which are required."""
