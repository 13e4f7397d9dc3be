"""One token after the other issued: times and an id of its own for each, whoever has to make them."""

from __future__ import annotations

from bench.interleave import Call, interleave
from bench.primitives import RAW, bare_sign
from bench.results import SUBJECT, Absent, Group, rows
from bench.smoke import fault_of_issuer
from bench.tokens import ALGORITHMS, good
from bench.workbench import Workbench

TITLE = "Issue one token"


def run(bench: Workbench) -> tuple[list[Group], list[str]]:
    return [_group(bench, algorithm) for algorithm in ALGORITHMS], []


def _group(bench: Workbench, algorithm: str) -> Group:
    material = bench.material(algorithm)
    validate = bench.peer(SUBJECT).validator(material)
    calls: dict[str, Call] = {RAW: bare_sign(material, good(material))}
    absent: list[Absent] = []
    for peer in bench.peers:
        if algorithm not in peer.algorithms:
            absent.append(Absent(peer.name))
            continue
        issue = peer.issuer(material)
        if fault := fault_of_issuer(issue, validate):
            absent.append(Absent(peer.name, fault))
        else:
            calls[peer.name] = issue
    return Group(
        title=algorithm,
        rows=rows(interleave(calls, bench.pace)),
        absent=tuple(absent),
        # An ML-DSA signature is tried until it fits (FIPS 204 §3.2): what one costs is a matter of luck.
        yardstick=None if algorithm.startswith("ML-DSA") else RAW,
    )
