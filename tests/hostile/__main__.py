"""``python -m tests.hostile``: meet the whole corpus, print what became of it, fail where a count is off."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from tests.hostile import corpus
from tests.hostile.canary import Canary
from tests.hostile.forge import ALGORITHMS, Forge
from tests.hostile.judging import (
    ACCEPTED_WRONGLY,
    FOREIGN,
    REFUSED_WRONGLY,
    Finding,
    judge_key,
    judge_set,
    judge_token,
)
from tests.hostile.overheard import Overheard
from tests.hostile.settings import twins

LEAST_TEMPLATES: Final = 1000
MOST_MILLISECONDS: Final = 10.0
_REPEATS: Final = 5


@dataclass
class Summary:
    """What was seen."""

    templates: Counter[str] = field(default_factory=Counter)
    cases: Counter[str] = field(default_factory=Counter)
    taken: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    too_slow: list[str] = field(default_factory=list)

    def add(self, family: str, judge: Callable[[], Finding], *, timed: bool = True) -> None:
        """Judge one case; one that was slow is met again, since a busy machine is no finding."""
        finding = judge()
        self.cases[family] += 1
        self.taken += finding.accepted
        self.kinds.update({kind for kind, _ in finding.problems})
        if finding.problems:
            self.lines.append(str(finding))
        if not timed:
            return
        least = finding.milliseconds
        for _ in range(_REPEATS):
            if least <= min(max(self.slowest[0], 1.0), MOST_MILLISECONDS):
                break
            least = min(least, judge().milliseconds)
        if least > self.slowest[0]:
            self.slowest = (least, finding.name)
        if least > MOST_MILLISECONDS:
            self.too_slow.append(f"{finding.name}: {least:.1f} ms")


def meet(summary: Summary, canary: Canary) -> None:
    """Judge every case."""
    forges = [Forge(alg, canary.url) for alg in ALGORITHMS]
    with Overheard().listening() as overheard:
        for family in corpus.TOKEN_FAMILIES:
            for case in corpus.token_cases(family):
                summary.templates[family] += 1
                for forge in forges:
                    if forge.alg in case.algorithms:
                        validators = twins(forge, case.setting, overheard)
                        summary.add(family, partial(judge_token, case, forge, validators, overheard))
    for family in corpus.KEY_FAMILIES:
        for key_case in corpus.key_cases(family):
            summary.templates[family] += 1
            summary.add(family, partial(judge_key, key_case), timed=False)
    for family in corpus.SET_FAMILIES:
        for set_case in corpus.set_cases(family):
            summary.templates[family] += 1
            summary.add(family, partial(judge_set, set_case), timed=False)


def main() -> int:
    """Print the summary; 0 when every count is as it must be."""
    summary = Summary()
    with Canary() as canary:
        meet(summary, canary)
    for family, count in summary.templates.items():
        print(f"{family:<16}{count:>6} templates{summary.cases[family]:>7} cases")
    templates, cases = summary.templates.total(), summary.cases.total()
    print(
        f"{'all':<16}{templates:>6} templates{cases:>7} cases, {summary.taken} of them rightly to be accepted"
    )
    others = {kind: number for kind, number in summary.kinds.items() if kind not in _NAMED}
    counts = {kind: summary.kinds[kind] for kind in _NAMED} | others | {"canary hits": len(canary.asked)}
    print(", ".join(f"{kind}: {number}" for kind, number in counts.items()))
    print(
        f"slowest token: {summary.slowest[0]:.2f} ms, {summary.slowest[1]}; over {MOST_MILLISECONDS:.0f} ms: "
        f"{len(summary.too_slow)}"
    )
    for line in [*summary.lines, *summary.too_slow]:
        print(f"  {line}")
    return 1 if any(counts.values()) or summary.too_slow or templates < LEAST_TEMPLATES else 0


_NAMED: Final = (ACCEPTED_WRONGLY, REFUSED_WRONGLY, FOREIGN)

if __name__ == "__main__":
    sys.exit(main())
