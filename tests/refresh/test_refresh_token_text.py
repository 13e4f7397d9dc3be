"""Refresh tokens as text: one spelling, strictly read."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.refresh.kit import ISSUER, KEYS, SECRET, first_generation, otherwise

from jwtkit.errors import RefreshTokenInvalidError
from jwtkit.jose import base64url
from jwtkit.refresh import RotationSecret
from jwtkit.refresh.rotation_keys import RotationKeys
from jwtkit.refresh.token_text import PREFIX, TEXT_LENGTH, RefreshToken, encode, parse

OTHER = RotationSecret.generate()
BOTH = SECRET.accepting(OTHER).keys_for(ISSUER)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

numbers = st.integers(0, 2**64 - 1)
tokens = st.builds(
    RefreshToken,
    key_id=st.sampled_from(BOTH.key_ids),
    family_id=st.binary(min_size=16, max_size=16),
    generation=numbers,
    issued_at=numbers,
    absolute_expires_at=numbers,
    secret=st.binary(min_size=32, max_size=32),
)


def text_of(**columns: Any) -> str:
    return encode(first_generation(**columns)[1], KEYS)


def refused(text: object, keys: RotationKeys = KEYS) -> None:
    with pytest.raises(RefreshTokenInvalidError) as caught:
        parse(text, keys)
    assert caught.value.code == "refresh.invalid"
    assert caught.value.http_status == 400
    assert caught.value.oauth_error == "invalid_grant"


@given(tokens)
def test_reading_undoes_writing(token: RefreshToken) -> None:
    text = encode(token, BOTH)
    assert len(text) == TEXT_LENGTH == 128
    assert text.startswith(PREFIX)
    assert parse(text, BOTH) == token
    assert parse(text.encode(), BOTH) == token


@given(tokens, st.integers(0, TEXT_LENGTH - 1), st.sampled_from(ALPHABET + "=+/ \n.é\x00\ud800"))
def test_any_altered_character_is_refused(token: RefreshToken, place: int, character: str) -> None:
    text = encode(token, BOTH)
    altered = text[:place] + character + text[place + 1 :]
    if altered != text:
        refused(altered, BOTH)


@given(st.one_of(st.text(), st.binary(), st.none(), st.integers(), st.lists(st.text())))
def test_anything_else_is_refused_and_never_with_a_foreign_exception(text: object) -> None:
    refused(text)


@given(st.text(ALPHABET, min_size=TEXT_LENGTH - 4, max_size=TEXT_LENGTH - 4))
def test_whatever_is_read_encodes_to_the_same_text(body: str) -> None:
    try:
        token = parse(PREFIX + body, KEYS)
    except RefreshTokenInvalidError:
        return
    raise AssertionError(f"a guessed token was accepted: {token}")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "A",
        lambda text: text[:-1],
        lambda text: text + "=",
        lambda text: " " + text,
        lambda text: text + "\n",
        lambda text: text.upper(),
        lambda text: "jkr-" + text[4:],
        lambda text: bytearray(text.encode()),
        lambda text: memoryview(text.encode()),
        lambda text: [text],
        lambda text: "",
    ],
)
def test_another_spelling_is_refused(change: Any) -> None:
    refused(change(text_of()))


def test_a_subclass_of_str_is_read_by_its_characters_alone() -> None:
    class Sly(str):
        __slots__ = ()

        def encode(self, *arguments: Any, **named: Any) -> bytes:
            raise ZeroDivisionError

        def startswith(self, *arguments: Any) -> bool:
            raise ZeroDivisionError

    assert parse(Sly(text_of()), KEYS).generation == 0
    refused(Sly("x"))


def test_a_subclass_of_bytes_is_no_token() -> None:
    class Sly(bytes):
        def startswith(self, *arguments: Any) -> bool:
            raise ZeroDivisionError

    refused(Sly(text_of().encode()))


def test_a_token_of_an_unknown_secret_is_refused() -> None:
    refused(text_of(), OTHER.keys_for(ISSUER))


def test_a_token_of_another_issuer_is_refused() -> None:
    refused(text_of(), SECRET.keys_for("https://elsewhere.example"))


def test_an_unknown_version_is_refused_even_with_a_good_tag() -> None:
    core = b"\x02" + first_generation()[1].core[1:]
    refused(PREFIX + base64url.encode(core + KEYS.current.tag(core)))


def test_a_token_is_written_with_the_keys_that_made_it_only() -> None:
    with pytest.raises(LookupError):
        encode(first_generation()[1], OTHER.keys_for(ISSUER))


def test_repr_hides_the_secret() -> None:
    token = first_generation()[1]
    assert "secret" not in repr(token)
    assert repr(token.secret)[2:10] not in repr(token)
    assert repr(token.core) not in repr(token)


def test_the_refusal_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(RefreshTokenInvalidError) as caught:
        parse("hunter2", KEYS)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_logger_that_walks_through_things_finds_no_secret() -> None:
    """It would through a tuple, and through a dataclass by its fields."""
    token = first_generation()[1]
    shown = json.dumps({"token": token}, default=repr)
    assert token.secret.hex() not in shown
    assert repr(token.secret) not in shown
    assert not isinstance(token, tuple)
    assert not dataclasses.is_dataclass(token)


def test_two_tokens_are_equal_when_they_say_the_same() -> None:
    token = first_generation()[1]
    assert token == parse(encode(token, KEYS), KEYS)
    assert hash(token) == hash(parse(encode(token, KEYS), KEYS))
    assert token != otherwise(token, generation=9)
    assert token != token.core
