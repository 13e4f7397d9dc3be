"""The whole corpus: every case ends exactly as it must, and nothing else happens on the way."""

from __future__ import annotations

import urllib.request
from collections import Counter
from collections.abc import Iterator

import pytest
from tests.hostile import corpus
from tests.hostile.__main__ import LEAST_TEMPLATES
from tests.hostile.canary import Canary
from tests.hostile.forge import ALGORITHMS, Forge
from tests.hostile.judging import Finding, judge_key, judge_set, judge_token
from tests.hostile.overheard import Overheard
from tests.hostile.settings import twins

_OF_ONE_ALGORITHM = {"ecdsa": {"ES256"}, "rsa": {"RS256", "PS256"}, "edwards": {"Ed25519", "ML-DSA-44"}}


@pytest.fixture(scope="module")
def canary() -> Iterator[Canary]:
    with Canary() as one:
        yield one


@pytest.fixture(scope="module")
def overheard() -> Iterator[Overheard]:
    with Overheard().listening() as one:
        yield one


def complaints(findings: list[Finding]) -> list[str]:
    assert findings
    return [str(finding) for finding in findings if finding.problems]


@pytest.mark.parametrize(
    ("family", "alg"),
    [
        (family, alg)
        for family in corpus.TOKEN_FAMILIES
        for alg in ALGORITHMS
        if alg in _OF_ONE_ALGORITHM.get(family, ALGORITHMS)
    ],
)
def test_every_token_ends_as_it_must(family: str, alg: str, canary: Canary, overheard: Overheard) -> None:
    """Refused by exact class and code, or accepted, by all validators alike; nothing leaked or fetched."""
    forge = Forge(alg, canary.url)
    findings = [
        judge_token(case, forge, twins(forge, case.setting, overheard), overheard)
        for case in corpus.token_cases(family)
        if alg in case.algorithms
    ]
    assert complaints(findings) == []
    assert canary.asked == []


@pytest.mark.parametrize("family", corpus.KEY_FAMILIES)
def test_every_key_ends_as_it_must(family: str) -> None:
    """Taken, or refused as it is loaded with the exact code; no message holds key material."""
    assert complaints([judge_key(case) for case in corpus.key_cases(family)]) == []


@pytest.mark.parametrize("family", corpus.SET_FAMILIES)
def test_every_key_set_ends_as_it_must(family: str) -> None:
    """Exactly the sound keys are used, the others are reported, and none of the poison is believed."""
    assert complaints([judge_set(case) for case in corpus.set_cases(family)]) == []


def test_the_corpus_is_large_and_every_case_has_a_name_of_its_own() -> None:
    families = [
        *(corpus.token_cases(family) for family in corpus.TOKEN_FAMILIES),
        *(corpus.key_cases(family) for family in corpus.KEY_FAMILIES),
        *(corpus.set_cases(family) for family in corpus.SET_FAMILIES),
    ]
    assert min(map(len, families)) >= 25
    names = Counter(case.name for family in families for case in family)
    assert [name for name, count in names.items() if count > 1] == []
    assert len(names) >= LEAST_TEMPLATES
    assert all(case.why for family in families for case in family)


def test_every_family_of_tokens_holds_good_ones_too() -> None:
    """A reader that refuses everything would pass otherwise."""
    for family in set(corpus.TOKEN_FAMILIES) - {"confusion", "edwards"}:
        assert any(case.expect is None for case in corpus.token_cases(family)), family


def test_the_canary_hears_what_is_asked_of_it() -> None:
    with Canary() as one:
        urllib.request.urlopen(f"{one.url}jwks.json").close()
        assert one.asked == ["/jwks.json"]
