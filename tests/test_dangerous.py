"""decode_unverified: reads what anyone may have written, and is trusted by nothing."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from tests.tokens.kit import KEY, STRANGERS_KEY, claims_with, compact, sign, token_with

from jwtkit import dangerous
from jwtkit.dangerous import UnverifiedToken, decode_unverified
from jwtkit.errors import MalformedTokenError
from jwtkit.testing.strategies import hostile_tokens
from jwtkit.tokens import StaleToken, VerifiedToken


@pytest.mark.parametrize("key", [KEY, STRANGERS_KEY])
@pytest.mark.parametrize("form", [str, str.encode])
def test_header_and_claims_are_read_whoever_signed(key: Any, form: Any) -> None:
    token = decode_unverified(form(sign(claims_with(aud=[], exp=-1), key=key)))
    assert token.header == {"alg": "HS256", "typ": "at+jwt", "kid": "main"}
    assert token.claims == claims_with(aud=[], exp=-1)


def test_even_an_unsigned_token_is_read() -> None:
    assert decode_unverified(compact({"alg": "none"}, {}, signature=b"\0")).header == {"alg": "none"}


def test_what_it_returns_is_no_token_to_trust() -> None:
    token = decode_unverified(token_with())
    assert not isinstance(token, VerifiedToken | StaleToken)
    assert not hasattr(token, "subject")
    assert repr(token) == str(token) == "<UnverifiedToken: nothing of it is verified>"
    with pytest.raises(FrozenInstanceError):
        token.claims = {}  # type: ignore[misc]
    for mapping in (token.claims, token.header):
        with pytest.raises(TypeError):
            mapping["sub"] = "admin"  # type: ignore[index]


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (None, "token.type"),
        (1, "token.type"),
        (bytearray(b"a.b.c"), "token.type"),
        ("", "token.segments"),
        ("a.b", "token.segments"),
        ("é.é.é", "token.ascii"),
        ("a.b.c", "token.base64"),
        (compact(b"[]"), "token.json"),
        (compact(b'{"alg":"a","alg":"b"}'), "token.duplicate_name"),
        (compact({"alg": "HS256", "crit": []}), "token.critical"),
        (compact({"kid": "main"}), "token.header"),
        (compact({"alg": "HS256"}, b"[]"), "token.json"),
        (compact({"alg": "HS256"}, b"[" * 100_000), "token.json"),
        (compact({"alg": "HS256"}, b'{"a":1,"a":2}'), "token.duplicate_name"),
    ],
)  # fmt: skip
def test_what_is_no_token_is_malformed(token: Any, code: str) -> None:
    with pytest.raises(MalformedTokenError) as caught:
        decode_unverified(token)
    assert caught.value.code == code


@given(hostile_tokens())
def test_nothing_foreign_escapes(token: Any) -> None:
    with suppress(MalformedTokenError):
        assert isinstance(decode_unverified(token), UnverifiedToken)


def test_there_is_nothing_else_in_this_module() -> None:
    assert dangerous.__all__ == ["UnverifiedToken", "decode_unverified"]
