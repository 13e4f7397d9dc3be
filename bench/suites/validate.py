"""One valid token validated again and again, without a cache: every check on, by everyone."""

from __future__ import annotations

from functools import partial

from bench.interleave import Call, interleave
from bench.primitives import RAW, bare_verify
from bench.results import Absent, Group, rows
from bench.smoke import fault_of_validator, leniencies
from bench.tokens import ALGORITHMS, good
from bench.workbench import Workbench

TITLE = "Validate one token, no cache"


def run(bench: Workbench) -> tuple[list[Group], list[str]]:
    return [_group(bench, algorithm) for algorithm in ALGORITHMS], _notes(bench)


def _group(bench: Workbench, algorithm: str) -> Group:
    material = bench.material(algorithm)
    token = good(material)
    calls: dict[str, Call] = {RAW: bare_verify(material, token)}
    absent: list[Absent] = []
    for peer in bench.peers:
        if algorithm not in peer.algorithms:
            absent.append(Absent(peer.name))
            continue
        validate = peer.validator(material)
        if fault := fault_of_validator(validate, material):
            absent.append(Absent(peer.name, fault))
        else:
            calls[peer.name] = partial(validate, token)
    return Group(
        title=algorithm,
        rows=rows(interleave(calls, bench.pace)),
        absent=tuple(absent),
        yardstick=RAW,
    )


def _notes(bench: Workbench) -> list[str]:
    """Say what the contenders leave unchecked that jwtkit checks."""
    material = bench.material("HS256")
    notes = [f"{peer.name}: {peer.remark}" for peer in bench.peers if peer.remark]
    for peer in bench.peers:
        if accepted := leniencies(peer.validator(material), material):
            notes.append(f"{peer.name} also accepts: {', '.join(accepted)}")
    return notes
