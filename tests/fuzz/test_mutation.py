"""Tampered tokens against a second reader and two peers: accepted only where the meaning is unchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
from hypothesis import event, find, given, settings
from hypothesis import strategies as st
from tests.fuzz import oracle
from tests.fuzz.differences import row_for
from tests.fuzz.mutations import Tampered, tampered_tokens
from tests.fuzz.peers import ALGORITHMS, PEERS, at_their_best, refusal
from tests.hostile import forge as forging
from tests.hostile.forge import AUDIENCE, ISSUER, NOW, Forge

from jwtkit import TokenValidator
from jwtkit.errors import TokenError, TokenExpiredError

T = TypeVar("T")
FORGES = {alg: Forge(alg) for alg in forging.ALGORITHMS}
# Now: finding the factors of an RSA key draws from `random`, which nothing may while an example is drawn.
STRANGERS = [forge.stranger for forge in FORGES.values()]
VALIDATORS = {
    alg: TokenValidator(ISSUER, audience=AUDIENCE, keys=forge.owner.key(), clock=lambda: float(NOW))
    for alg, forge in FORGES.items()
}


def any_tampered(algorithms: tuple[str, ...]) -> st.SearchStrategy[tuple[str, Tampered]]:
    return st.sampled_from(algorithms).flatmap(
        lambda alg: st.tuples(st.just(alg), tampered_tokens(FORGES[alg]))
    )


def judged(call: Callable[[str], T], text: str) -> tuple[T | None, TokenError | None]:
    """What a method answers, or the error it refuses with; anything else escapes and fails the test."""
    try:
        return call(text), None
    except TokenError as error:
        return None, error


def read(text: str, alg: str) -> tuple[dict[str, Any] | None, bool]:
    """What the second reader makes of it: the claims, or None; and whether it has only expired."""
    try:
        claims, expired = oracle.read(text, FORGES[alg])
    except oracle.RefusedError as refused:
        event(f"refused: {refused}")
        return None, False
    event("expired" if expired else "accepted")
    return claims, expired


@given(any_tampered(forging.ALGORITHMS))
def test_accepted_exactly_when_a_second_reader_accepts(drawn: tuple[str, Tampered]) -> None:
    """Same verdict, same claims in the same order."""
    alg, tampered = drawn
    claims, expired = read(tampered.text, alg)
    token, error = judged(VALIDATORS[alg].validate, tampered.text)
    if claims is None:
        assert error is not None
        assert type(error) is not TokenExpiredError
    elif expired:
        assert type(error) is TokenExpiredError
    else:
        assert token is not None, error
        assert list(token.claims.items()) == list(claims.items())


@given(any_tampered(forging.ALGORITHMS))
def test_staleness_waives_expiry_and_nothing_else(drawn: tuple[str, Tampered]) -> None:
    alg, tampered = drawn
    claims, expired = read(tampered.text, alg)
    stale, error = judged(VALIDATORS[alg].validate_except_lifetime, tampered.text)
    if claims is None:
        assert error is not None
    elif claims["exp"] < NOW - 86400:
        assert type(error) is TokenExpiredError
    else:
        assert stale is not None, error
        assert stale.expired == expired
        assert stale.claims == claims


@given(any_tampered(forging.ALGORITHMS))
def test_inspection_agrees_and_never_raises(drawn: tuple[str, Tampered]) -> None:
    alg, tampered = drawn
    report = VALIDATORS[alg].inspect(tampered.text)
    _, error = judged(VALIDATORS[alg].validate, tampered.text)
    assert type(report.error) is type(error)
    assert str(report.error) == str(error)
    assert getattr(report.error, "code", None) == getattr(error, "code", None)
    assert getattr(report.error, "failures", ()) == getattr(error, "failures", ())
    assert tampered.text not in str(report) or len(tampered.text) < 40


@given(any_tampered(forging.ALGORITHMS))
def test_a_token_nobody_signed_anew_is_its_old_self(drawn: tuple[str, Tampered]) -> None:
    """Whatever was done to its text: the same signature segment vouches for the same first two only."""
    alg, tampered = drawn
    right = FORGES[alg].token()
    grafted = f"{tampered.text.rpartition('.')[0]}.{right.rpartition('.')[2]}"
    token, _ = judged(VALIDATORS[alg].validate, grafted)
    assert token is None or grafted == right


@pytest.fixture(scope="module")
def _peers() -> Iterator[None]:
    with at_their_best():
        yield


@pytest.mark.usefixtures("_peers")
@given(any_tampered(ALGORITHMS))
def test_what_both_peers_refuse_is_refused(drawn: tuple[str, Tampered]) -> None:
    """A refusal of a token that is accepted here is one of the known and justified differences.

    Both can refuse one token only for two such reasons at once; the corpus has no token like that.
    """
    alg, tampered = drawn
    token, _ = judged(VALIDATORS[alg].validate, tampered.text)
    if token is None:
        return
    refusals = {peer: refusal(peer, tampered.text, FORGES[alg]) for peer in PEERS}
    event(f"accepted here, refused by {sorted(peer for peer, why in refusals.items() if why)}")
    for peer, why in refusals.items():
        assert why is None or row_for(peer, why, tampered.text) is not None, (peer, why)


@pytest.mark.parametrize("wanted", ["good and changed", "good as it was", "bad"])
def test_the_strategy_finds_good_and_bad_tokens(wanted: str) -> None:
    """Or the properties above would hold of nothing."""

    def is_wanted(tampered: Tampered) -> bool:
        token, _ = judged(VALIDATORS["HS256"].validate, tampered.text)
        found = "bad" if token is None else "good as it was" if tampered.honest else "good and changed"
        return found == wanted

    find(tampered_tokens(FORGES["HS256"]), is_wanted, settings=settings(max_examples=2000, database=None))
