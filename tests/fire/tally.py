"""What a proof counted, and everything it saw that must not be."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields

__all__ = ["COLUMNS", "Tally", "as_record", "as_table"]

COLUMNS = (
    "rounds",
    "refreshes",
    "successors",
    "retried",
    "forks",
    "false_revocations",
    "unavailable",
    "unknown",
    "judged",
    "recovery_max",
)


@dataclass(slots=True)
class Tally:
    """The outcome of one proof on one engine.

    Attributes:
        engine: Where the sessions were.
        proof: What was tried.
        rounds: How often.
        refreshes: How many calls of `rotate`.
        successors: How many of them made a new generation.
        retried: How many were given a generation that was there already.
        forks: Tokens of one generation beyond the first; must be 0.
        false_revocations: Live or just superseded tokens that were refused; must be 0.
        unavailable: How many calls were told to try again.
        unknown: Swaps whose outcome their caller never learnt.
        judged: Operations in the histories that were found linearizable.
        recovery_max: The longest any client waited for the store after it was back, in seconds.
        ended: Sessions that ended as they had to.
        notes: Whatever else is worth a line.
        wrong: What must not be, in words; the proof holds where there is none.
    """

    engine: str
    proof: str
    rounds: int = 0
    refreshes: int = 0
    successors: int = 0
    retried: int = 0
    forks: int = 0
    false_revocations: int = 0
    unavailable: int = 0
    unknown: int = 0
    judged: int = 0
    recovery_max: float = 0.0
    ended: int = 0
    seconds: float = 0.0
    codes: Counter = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def blame(self, what: str) -> None:
        """Note what must not be; the first twenty are kept whole."""
        if len(self.wrong) < 20:
            self.wrong.append(what)


def as_record(tally: Tally) -> dict:
    """Return what JSON keeps of a tally."""
    named = {one.name: getattr(tally, one.name) for one in fields(tally)}
    return {**named, "codes": dict(tally.codes)}


def as_table(tallies) -> str:
    """Return the tallies as a Markdown table."""
    head = ("engine", "proof", *COLUMNS, "ended", "s", "holds")
    lines = ["| " + " | ".join(name.replace("_", " ") for name in head) + " |", "|---" * len(head) + "|"]
    for one in tallies:
        cells = [one.engine, one.proof, *(_shown(getattr(one, name)) for name in COLUMNS), _shown(one.ended)]
        lines.append("| " + " | ".join([*cells, f"{one.seconds:.0f}", "no" if one.wrong else "yes"]) + " |")
    return "\n".join(lines)


def _shown(value) -> str:
    return (f"{value:.2f}" if value else "–") if isinstance(value, float) else f"{value:,}"
