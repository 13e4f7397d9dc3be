"""The fuzzer's targets hold for their own seeds and for some random bytes, with or without a fuzzer."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.fuzz import targets
from tests.fuzz.targets import DICTIONARY, TARGETS, seeds

from jwtkit.jose import strict_json

_LEAST_SEEDS = {"parser": 1000, "inspect": 1000, "jwks": 100, "refresh": 4}


@pytest.mark.parametrize("target", TARGETS)
def test_the_seeds_are_many_and_hold(target: str) -> None:
    found = list(dict.fromkeys(seeds(target)))
    assert len(found) >= _LEAST_SEEDS[target]
    # Each of them, for the few; every seventh of the many, which the corpus's own tests meet in full.
    for seed in found[:: 7 if len(found) > 500 else 1]:
        TARGETS[target](seed)


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=50)
@given(
    data=st.one_of(
        st.binary(max_size=200), st.lists(st.sampled_from(DICTIONARY)).map(lambda w: "".join(w).encode())
    )
)
@example(data=b"")
@example(data=b"o")
@example(data=b"m")
def test_random_bytes_hold(target: str, data: bytes) -> None:
    TARGETS[target](data)


@pytest.mark.parametrize("target", ["parser", "inspect", "jwks"])
def test_a_foreign_exception_is_found(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a fuzzer could run for ever and see nothing."""

    def broken(_: bytes) -> object:
        raise IndexError

    monkeypatch.setattr(strict_json, "parse_object", broken)
    with pytest.raises(IndexError):
        TARGETS[target](b"o" + b'{"alg":"HS256"}' + b"\xff" + b"{}")


def test_an_acceptance_too_many_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    validator = targets._validator()
    good = validator.validate(targets._FORGE.token())
    monkeypatch.setattr(validator, "validate", lambda _: good)
    with pytest.raises(AssertionError):
        TARGETS["parser"](b"r")
