"""The hostile corpus against PyJWT and joserfc: whatever both refuse, jwtkit refuses."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

import pytest
from tests.fuzz.differences import DIFFERENCES, row_for
from tests.fuzz.peers import ALGORITHMS, PEERS, at_their_best, refusal
from tests.hostile import corpus
from tests.hostile.forge import Forge


@pytest.fixture(scope="module", autouse=True)
def _peers() -> Iterator[None]:
    with at_their_best():
        yield


def accepted(forge: Forge) -> list[tuple[str, str | bytes]]:
    """The tokens of the corpus that are to be accepted under the settings the peers can be given too.

    That jwtkit does accept exactly these is what `tests/hostile` shows; so what both peers refuse and is
    not among these is refused here.
    """
    cases = [
        case
        for family in corpus.TOKEN_FAMILIES
        for case in corpus.token_cases(family)
        if case.expect is None
        and case.setting == "sole"
        and not case.options
        and forge.alg in case.algorithms
    ]
    made = [(case.name, case.make(forge)) for case in cases]
    return [(name, token) for name, token in made if isinstance(token, str | bytes)]


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_every_difference_is_listed_and_justified(alg: str) -> None:
    forge = Forge(alg)
    tokens = accepted(forge)
    assert len(tokens) > 300
    unlisted, refused_by_both = [], []
    for name, token in tokens:
        text = token if isinstance(token, str) else token.decode()
        refusals = {peer: refusal(peer, token, forge) for peer in PEERS}
        if None not in refusals.values():
            refused_by_both.append(name)
        for peer, why in refusals.items():
            row = None if why is None else row_for(peer, why, text)
            if why is not None and (row is None or not any(fnmatchcase(name, one) for one in row.cases)):
                unlisted.append((peer, why, name))
    assert refused_by_both == []
    assert unlisted == []


def test_no_row_is_stale() -> None:
    """Each pattern of each row still shows in some case, of some algorithm."""
    seen = set()
    for alg in ALGORITHMS:
        forge = Forge(alg)
        for name, token in accepted(forge):
            for peer in PEERS:
                why = refusal(peer, token, forge)
                seen.update(
                    (number, pattern)
                    for number, row in enumerate(DIFFERENCES)
                    for pattern in row.cases
                    if (row.peer, row.error) == (peer, why) and fnmatchcase(name, pattern)
                )
    rows = {(number, pattern) for number, row in enumerate(DIFFERENCES) for pattern in row.cases}
    assert rows - seen == set()


def test_the_peers_accept_a_right_token() -> None:
    """Or the comparison would be with something that is set up wrongly."""
    for alg in ALGORITHMS:
        forge = Forge(alg)
        assert {peer: refusal(peer, forge.token(), forge) for peer in PEERS} == dict.fromkeys(PEERS)
        for peer in PEERS:
            assert refusal(peer, forge.token(signer=forge.stranger), forge) is not None
            assert refusal(peer, forge.token(claims=forge.claims(aud="other")), forge) is not None
            assert refusal(peer, forge.token(claims=forge.claims(iss="other")), forge) is not None
            assert refusal(peer, forge.token(claims=forge.claims(exp=1)), forge) is not None
