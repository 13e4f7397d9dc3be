"""Mutation testing of jwtkit: `make mutation`, or `python -m tools.mutation --help`.

Every room of the package is run against its own tests only, so that each is held by the tests beside it.
Exits with 1 where a room's score is below the one to reach.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from pathlib import Path
from typing import Any

from tools.mutation.score import ALIVE, DEAD, TO_REACH, Score

ROOT = Path(__file__).resolve().parents[2]
OUT = Path("build", "mutation")
ROOMS = {
    "jose": ("tests/jose",),
    "tokens": ("tests/tokens", "tests/validator"),
    "validator": ("tests/validator",),
    "refresh": ("tests/refresh", "tests/test_rotator*.py"),
    "rotator": ("tests/test_rotator*.py",),
}
_OPTIONS = (
    "-qq",
    "--no-header",
    "--no-summary",
    "--capture=no",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:faulthandler",
)


def main() -> int:
    """Run the rooms one after another, write what became of each mutant, and say the scores."""
    arguments = _arguments()
    os.chdir(ROOT)
    os.environ["HYPOTHESIS_PROFILE"] = "mutation"
    OUT.mkdir(parents=True, exist_ok=True)
    scores = [_score_of(room, arguments) for room in arguments.rooms or ROOMS]
    low = [score.room for score in scores if score.percent < TO_REACH]
    if low:
        print(f"below {TO_REACH} %: {', '.join(low)}; what survived is in {OUT}/<room>.survivors.txt")
    return 1 if low else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.mutation", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("rooms", nargs="*", help=f"{', '.join(ROOMS)}; all of them when none is named")
    parser.add_argument("--sample", type=int, metavar="N", help="N mutants of each room, drawn at random")
    parser.add_argument("--seed", default="1", help="what the sample is drawn with")
    parser.add_argument("--again", action="store_true", help="only what survived the last time, or is new")
    parser.add_argument("--only", default="", metavar="TEXT", help="only mutants whose id holds this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    if unknown := set(arguments.rooms) - set(ROOMS):
        parser.error(f"there is no room {', '.join(sorted(unknown))}")
    return arguments


def _score_of(room: str, arguments: argparse.Namespace) -> Score:
    from tools.mutation.mutants import mutants_of

    made = [mutant for path in sorted(Path("src/jwtkit", room).rglob("*.py")) for mutant in mutants_of(path)]
    judged = [mutant for mutant in made if not mutant.is_wording and arguments.only in mutant.id]
    known = _known(room, judged) if arguments.again else {}
    chosen = [mutant for mutant in judged if known.get(mutant.id, {}).get("outcome") not in DEAD]
    if arguments.sample and arguments.sample < len(chosen):
        drawn = random.Random(f"{room} {arguments.seed}").sample(range(len(chosen)), arguments.sample)  # noqa: S311 - a seeded sample
        chosen = [chosen[index] for index in sorted(drawn)]
    verdicts = _in_a_process(room, chosen, arguments.jobs) if chosen else {}
    rows = []
    for mutant in judged:
        if mutant.id in verdicts:
            outcome, killer = verdicts[mutant.id]
            change = {"line": mutant.line, "before": mutant.before, "after": mutant.after}
            rows.append({"id": mutant.id, **change, "outcome": outcome, "killer": killer})
        elif mutant.id in known:
            rows.append(known[mutant.id])
    (OUT / f"{room}.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    survivors = [
        f"{row['id']} line {row['line']} {row['outcome']}\n  - {row['before']}\n  + {row['after']}\n"
        for row in rows
        if row["outcome"] in ALIVE
    ]
    (OUT / f"{room}.survivors.txt").write_text("".join(survivors), encoding="utf-8")
    score = Score.of(
        room,
        [row["outcome"] for row in rows],
        made=len(judged),
        wording=sum(mutant.is_wording for mutant in made),
    )
    print(score, flush=True)
    return score


def _known(room: str, mutants: list[Any]) -> dict[str, Any]:
    """Return what became of these mutants the last time; one whose function was edited since is new."""
    record = OUT / f"{room}.json"
    rows = json.loads(record.read_text(encoding="utf-8")) if record.exists() else []
    changes = {mutant.id: (mutant.before, mutant.after) for mutant in mutants}
    return {row["id"]: row for row in rows if changes.get(row["id"]) == (row["before"], row["after"])}


def _in_a_process(room: str, mutants: list[Any], jobs: int) -> dict[str, Any]:
    """Return the verdicts, reached in a process of the room's own: what pytest imports stays in there."""
    answer = OUT / f"{room}.verdicts"
    answer.unlink(missing_ok=True)
    pid = os.fork()
    if pid == 0:
        try:
            answer.write_text(json.dumps(_run(room, mutants, jobs)), encoding="utf-8")
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.waitpid(pid, 0)
    verdicts: dict[str, Any] = {}
    if answer.exists():
        verdicts = json.loads(answer.read_text(encoding="utf-8"))
    answer.unlink(missing_ok=True)
    if not verdicts:
        sys.exit(f"{room}: the tests could not be run")
    return verdicts


def _run(room: str, mutants: list[Any], jobs: int) -> dict[str, Any]:
    import pytest
    from tools.mutation.runner import Runner

    runner = Runner(room, mutants, jobs=jobs)
    tests = [str(path) for pattern in ROOMS[room] for path in sorted(Path().glob(pattern))]
    pytest.main([*_OPTIONS, *tests], plugins=[runner])
    return runner.verdicts


if __name__ == "__main__":
    sys.exit(main())
