"""Base64url is read in its one canonical form and no other."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jwtkit.errors import MalformedTokenError
from jwtkit.jose import base64url

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def attempt(call: Any, *arguments: Any) -> tuple[Any, MalformedTokenError | None]:
    """Return what a call gives or the error it raises; any other error fails the test."""
    try:
        return call(*arguments), None
    except MalformedTokenError as error:
        return None, error


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"f", "Zg"),
        (b"fo", "Zm8"),
        (b"foo", "Zm9v"),
        (b"foob", "Zm9vYg"),
        (b"fooba", "Zm9vYmE"),
        (b"foobar", "Zm9vYmFy"),
        (bytes([3, 236, 255, 224, 193]), "A-z_4ME"),
    ],
)
def test_reads_and_writes_the_published_vectors(data: bytes, text: str) -> None:
    """RFC 4648 §10 without padding, and RFC 7515 Appendix C."""
    assert base64url.encode(data) == text
    assert base64url.decode(text) == base64url.decode(text.encode()) == data


@given(st.binary(max_size=200))
def test_decoding_undoes_encoding(data: bytes) -> None:
    text = base64url.encode(data)
    assert base64url.decode(text) == data
    assert text == base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    assert base64url.encode_bytes(data) == text.encode()


@given(st.text(alphabet=ALPHABET + "=+/ \n\té", max_size=12) | st.text(max_size=12))
@example("Zh")
def test_what_it_reads_is_the_only_spelling(text: str) -> None:
    data, error = attempt(base64url.decode, text)
    assert error.code == "token.base64" if error else base64url.encode(data) == text


@given(st.binary(max_size=24))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    decoded, error = attempt(base64url.decode, data)
    assert error.code == "token.base64" if error else base64url.encode(decoded).encode() == data


@pytest.mark.parametrize(
    "text",
    [
        "Zg==",
        "Zm8=",
        "Zm9v=",
        "=",
        "A",
        "Zm9vA",
        # Four at a time leave the length right: only the alphabet tells.
        "!!!!",
        "Zm9v!!!!",
        "!!!!Zm9v",
        "Zm9v++//",
        "Zm9v\r\n\r\n",
        "Zg\n\n\n\n",
        "Zm+v",
        "Zm/v",
        " Zm9v",
        "Zm9v\n",
        "Zm 9v",
        "Zm9v\x00",
        "Zm!v",
        "Zmév",
        "Zm9\N{FULLWIDTH DIGIT ONE}",
        "\ud800",
        "Zh",
        "Zm9",
    ],
)
def test_refuses_every_other_spelling(text: str) -> None:
    with pytest.raises(MalformedTokenError) as caught:
        base64url.decode(text)
    assert caught.value.code == "token.base64"
    assert caught.value.__cause__ is None


def test_the_last_character_has_one_spelling() -> None:
    """Of 64 last characters, 4 fit a group of two and 16 a group of three; none a group of one."""
    accepted = dict.fromkeys((1, 2, 3), 0)
    for length in accepted:
        for character in ALPHABET:
            try:
                base64url.decode("A" * (length - 1) + character)
            except MalformedTokenError:
                continue
            accepted[length] += 1
    assert accepted == {1: 0, 2: 4, 3: 16}


@pytest.mark.parametrize("value", [None, 1, bytearray(b"Zg"), ["Zg"]])
def test_refuses_other_types(value: object) -> None:
    with pytest.raises(MalformedTokenError) as caught:
        base64url.decode(value)  # type: ignore[arg-type]
    assert caught.value.code == "token.type"


def test_a_kind_of_bytes_is_read_as_bytes() -> None:
    class Segment(bytes):
        pass

    assert base64url.decode(Segment(b"QUI")) == b"AB"
    assert type(base64url.decode(Segment(b"QUI"))) is bytes
