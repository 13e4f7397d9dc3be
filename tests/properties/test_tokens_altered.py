"""Any altered byte of a token is refused: every position, whatever stands there, for every kind of key."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tokens.kit import claims_with, sign, validator_with

from jwtkit.errors import JWTKitError, MalformedTokenError, TokenError, UntrustedTokenError
from jwtkit.jose import SigningKey

ALGORITHMS = ["HS256", "RS256", "PS256", "ES256", "Ed25519", "ML-DSA-44"]
_URL_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_OTHERS = "".join(chr(number) for number in range(128))


@pytest.fixture(scope="module", params=ALGORITHMS)
def signed(request: pytest.FixtureRequest) -> tuple[str, SigningKey]:
    key = SigningKey.generate(request.param)
    return sign(claims_with(scope="orders:read"), key=key), key


def test_every_altered_character_is_refused(signed: tuple[str, SigningKey]) -> None:
    """Each position is given another character of the alphabet, and one that may be none of it."""
    token, key = signed
    validator = validator_with(keys=key)
    validator.validate(token)
    dice = random.Random()
    for position, character in enumerate(token):
        for alphabet in (_URL_ALPHABET, _OTHERS):
            other = dice.choice([candidate for candidate in alphabet if candidate != character])
            altered = token[:position] + other + token[position + 1 :]
            with pytest.raises((MalformedTokenError, UntrustedTokenError)):
                validator.validate(altered)
    assert validator.validate(token)


def test_the_last_characters_have_no_second_spelling(signed: tuple[str, SigningKey]) -> None:
    """Left-over bits of base64 would make two texts of one signature."""
    token, key = signed
    validator = validator_with(keys=key)
    for segment in range(3):
        parts = token.split(".")
        for character in _URL_ALPHABET:
            if character != parts[segment][-1]:
                altered = [*parts]
                altered[segment] = parts[segment][:-1] + character
                with pytest.raises(TokenError):
                    validator.validate(".".join(altered))


KEYS = {name: SigningKey.generate(name) for name in ("HS256", "ES256", "Ed25519")}
TOKENS = {name: sign(claims_with(scope="orders:read"), key=key) for name, key in KEYS.items()}


@given(st.sampled_from(sorted(KEYS)), st.data())
def test_no_other_edit_gets_through(name: str, data: st.DataObject) -> None:
    """Cut, insert, repeat, swap: what is not the very token is refused."""
    token = TOKENS[name]
    start = data.draw(st.integers(0, len(token)))
    end = data.draw(st.integers(start, min(len(token), start + 8)))
    inserted = data.draw(st.text(st.sampled_from(_URL_ALPHABET + ".=+/ \n"), max_size=8))
    altered = token[:start] + inserted + token[end:]
    validator = validator_with(keys=KEYS[name])
    if altered == token:
        validator.validate(altered)
    else:
        with pytest.raises(JWTKitError):
            validator.validate(altered)


@given(st.sampled_from(sorted(KEYS)), st.permutations(range(3)))
def test_segments_belong_together(name: str, order: list[int]) -> None:
    """Segments of two good tokens mixed, or put in another order, make no good token."""
    own = TOKENS[name].split(".")
    second = sign(claims_with(sub="client-7"), key=KEYS[name]).split(".")
    validator = validator_with(keys=KEYS[name])
    mixed = [own[0], second[1], own[2]]
    with pytest.raises(UntrustedTokenError):
        validator.validate(".".join(mixed))
    if order != [0, 1, 2]:
        with pytest.raises(TokenError):
            validator.validate(".".join(own[place] for place in order))
