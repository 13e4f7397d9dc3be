"""The figures jwtkit sets out to reach, and whether a run shows them reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from bench.engines import DURABLE
from bench.peers import ENTRIES, RUST_BACKED
from bench.primitives import RAW
from bench.results import SUBJECT, Report, ratio
from bench.spread import Spread
from bench.suites import imports, keys, refuse, rotate, stores
from bench.tokens import ALGORITHMS

Measured = Callable[[Report], Spread | None]


class Verdict(Enum):
    """How a run stands to a target."""

    HELD = "held"
    MISSED = "missed"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Target:
    """One figure to reach.

    Attributes:
        suite: The suite that measures it.
        what: The row it belongs to.
        which: Its part of the row, such as an algorithm.
        sign: ``≤`` or ``≥``.
        limit: The figure: a ratio, or seconds where `seconds`.
        measured: Finds what a run measured; None where it did not.
        seconds: Whether the figure is a time.
    """

    suite: str
    what: str
    which: str
    sign: str
    limit: float
    measured: Measured
    seconds: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """A target and what a run says of it.

    Attributes:
        target: The target.
        found: What was measured, or None.
        verdict: By the median.
        close: Whether the limit lies between the quartiles, so that another run may say otherwise.
    """

    target: Target
    found: Spread | None
    verdict: Verdict
    close: bool = False


def standings(report: Report) -> tuple[Standing, ...]:
    """Return the targets of the suites that were run, with what the run says of them."""
    return tuple(_standing(target, report) for target in TARGETS if report.suite(target.suite) is not None)


def _standing(target: Target, report: Report) -> Standing:
    found = target.measured(report)
    if found is None:
        return Standing(target, None, Verdict.NOT_MEASURED)
    held = found.median <= target.limit if target.sign == "≤" else found.median >= target.limit
    verdict = Verdict.HELD if held else Verdict.MISSED
    return Standing(target, found, verdict, close=found.low <= target.limit <= found.high)


def _ratio(suite: str, group: str, above: str, below: str) -> Measured:
    return lambda report: ratio(report.group(suite, group), above, below)


def _value(suite: str, group: str) -> Measured:
    def measured(report: Report) -> Spread | None:
        found = report.group(suite, group)
        row = None if found is None else found.row(SUBJECT)
        return None if row is None else row.value

    return measured


def _nearest_peer(algorithm: str) -> Measured:
    """Find the fastest of the peers written in Python, ÷ jwtkit."""
    names = [one.name for one in ENTRIES if one.file not in RUST_BACKED and one.name != SUBJECT]

    def measured(report: Report) -> Spread | None:
        group = report.group("validate", algorithm)
        found = [spread for name in names if (spread := ratio(group, name, SUBJECT)) is not None]
        return min(found, key=lambda spread: spread.median, default=None)

    return measured


def _each(
    suite: str,
    what: str,
    sign: str,
    limits: Mapping[str, float],
    measured: Callable[[str], Measured],
    *,
    seconds: bool = False,
) -> tuple[Target, ...]:
    return tuple(
        Target(suite, what, which, sign, limit, measured(which), seconds) for which, limit in limits.items()
    )


_OVER_RAW = {"HS256": 3.5, "RS256": 1.40, "PS256": 1.35, "ES256": 1.17, "Ed25519": 1.10, "ML-DSA-65": 1.15}
_UNDER_PYJWT = {"HS256": 6, "RS256": 2.5, "ES256": 1.5, "Ed25519": 1.4}
_ISSUE_OVER_RAW = {"HS256": 2.5, "ES256": 1.25, "Ed25519": 1.2, "RS256": 1.03}
_REFUSE = {refuse.BAD_SIGNATURE: 3e-6, refuse.HUGE: 5e-6, refuse.FORGED: 4e-6}
_OVER_BARE = {engine.name: 0.7 for engine in DURABLE if engine.server in ("file", "postgres", "valkey")}
_EVERY_COUNT = {keys.title_of(count): 4 for count in keys.COUNTS}

TARGETS: tuple[Target, ...] = (
    *_each(
        "validate",
        "validate ÷ raw primitive",
        "≤",
        _OVER_RAW,
        lambda alg: _ratio("validate", alg, SUBJECT, RAW),
    ),
    *_each(
        "validate",
        "PyJWT decode ÷ validate",
        "≥",
        _UNDER_PYJWT,
        lambda alg: _ratio("validate", alg, "PyJWT", SUBJECT),
    ),
    *_each(
        "validate", "nearest peer in Python ÷ validate", "≥", dict.fromkeys(ALGORITHMS, 1.0), _nearest_peer
    ),
    *_each(
        "cache",
        "validate a token again, with a TokenCache",
        "≤",
        dict.fromkeys(ALGORITHMS, 1.5e-6),
        lambda alg: _value("cache", alg),
        seconds=True,
    ),
    *_each(
        "keys",
        "PyJWT + PyJWKClient ÷ validate, warm key set",
        "≥",
        _EVERY_COUNT,
        lambda title: _ratio("keys", title, keys.CLIENT, SUBJECT),
    ),
    Target(
        "keys",
        "validate with 1,000 keys ÷ with 1 key",
        "",
        "≤",
        1.1,
        _ratio("keys", keys.FLATNESS, SUBJECT, keys.ONE_KEY),
    ),
    *_each(
        "issue",
        "issue ÷ raw primitive",
        "≤",
        _ISSUE_OVER_RAW,
        lambda alg: _ratio("issue", alg, SUBJECT, RAW),
    ),
    *_each("refuse", "refuse", "≤", _REFUSE, lambda title: _value("refuse", title), seconds=True),
    Target(
        "import",
        "import jwtkit ÷ import jwt",
        "",
        "≤",
        0.6,
        _ratio("import", imports.IMPORT, SUBJECT, imports.YARDSTICK),
    ),
    Target(
        "rotate",
        "rotations per second ÷ the store's bare read + swap",
        "SQLite",
        "≥",
        0.7,
        _ratio("rotate", rotate.SQLITE, rotate.BARE, SUBJECT),
    ),
    *_each(
        "stores",
        "rotations per second ÷ the store's own reads + swaps",
        "≥",
        _OVER_BARE,
        lambda engine: _ratio("stores", engine, stores.STORE, SUBJECT),
    ),
    *_each(
        "stores",
        "rotations per second ÷ bare SELECTs + UPDATEs by the driver",
        "≥",
        _OVER_BARE,
        lambda engine: _ratio("stores", engine, stores.BARE, SUBJECT),
    ),
)
