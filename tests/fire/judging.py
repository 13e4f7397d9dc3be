"""The recorded histories of a proof, each family judged as one register."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fire.tally import Tally
from tests.races.history import counterexample, read_histories

__all__ = ["judge", "recordings"]


@contextmanager
def recordings() -> Iterator[Path]:
    """Yield a folder for recordings, gone afterwards."""
    with TemporaryDirectory(prefix="jwtkit-histories-") as folder:
        yield Path(folder)


def judge(tally: Tally, folder: Path, firsts: Mapping[str, list]) -> None:
    """Judge what was recorded in the folder, count it, and remove it.

    Args:
        tally: Gets the figures and the blame.
        folder: Where the recording stores wrote.
        firsts: What the row of each session held before, by its id.
    """
    files = sorted(folder.glob("*.jsonl"))
    for session, history in read_histories(files).items():
        tally.unknown += sum(one.kind == "swap" and one.answered == inf for one in history)
        left = counterexample(history, tuple(firsts[session]))
        if left is None:
            tally.judged += len(history)
        else:
            tally.blame(f"no single register answers so: {len(left)} of {len(history)}, first {left[:2]}")
    for file in files:
        file.unlink()
