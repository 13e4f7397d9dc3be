"""Hints: each near miss is named, and nothing else is guessed at."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tokens.kit import AUDIENCE, ISSUER, NOW, claims_with, sign, token_with, validator_with

from jwtkit.errors import ClaimsError, MalformedTokenError
from jwtkit.testing.strategies import hostile_tokens
from jwtkit.tokens.hints import hint_for_text, hint_for_time, hint_for_token

WHITE_SPACE = "they differ in surrounding white space"
SLASH = "they differ in a trailing slash; write it exactly as the issuer does"
CASE = "they differ in upper and lower case"
SCHEME = "one says http, the other https"


@pytest.mark.parametrize(
    ("expected", "found", "hint"),
    [
        (["https://a.example"], "https://a.example/", SLASH),
        (["https://a.example/"], "https://a.example", SLASH),
        (["https://a.example"], " https://a.example", WHITE_SPACE),
        (["https://a.example\t"], "https://a.example", WHITE_SPACE),
        (["https://a.example"], "https://A.example", CASE),
        (["https://a.example"], "http://a.example", SCHEME),
        (["http://a.example"], "https://a.example", SCHEME),
        (["a.example"], "https://a.example", SCHEME),
        (["https://b.example", "https://a.example"], "https://a.example/", SLASH),
        (["https://a.example"], "https://b.example", None),
        (["https://a.example"], "http://a.example/", None),
        (["https://a.example"], 1, None),
        (["https://a.example"], None, None),
        ([], "https://a.example", None),
    ],
)
def test_texts_that_nearly_match(expected: list[str], found: Any, hint: str | None) -> None:
    assert hint_for_text(expected, found) == hint


@pytest.mark.parametrize(
    ("claim", "seconds", "hint"),
    [
        ("exp", NOW * 1000, "exp looks like milliseconds; NumericDate is seconds (RFC 7519 §2)"),
        ("iat", NOW * 1000, "iat looks like milliseconds; NumericDate is seconds (RFC 7519 §2)"),
        ("nbf", 100_000_000_000, "nbf looks like milliseconds; NumericDate is seconds (RFC 7519 §2)"),
        ("exp", 10**14, None),
        ("exp", 10**400, None),
        ("exp", -(10**400), None),
        ("iat", 10**400, None),
        ("iat", -(10**400), None),
        ("iat", NOW + 1, "iat is 1 s ahead: compare the clocks, or allow a larger leeway"),
        ("nbf", NOW + 300, "nbf is 300 s ahead: compare the clocks, or allow a larger leeway"),
        ("nbf", NOW + 301, None),
        ("iat", NOW, None),
        ("iat", NOW - 1, None),
        ("exp", NOW, "it expired 0 s ago: refresh it, or compare the clocks"),
        ("exp", NOW - 300, "it expired 300 s ago: refresh it, or compare the clocks"),
        ("exp", NOW - 301, None),
        ("exp", NOW + 1, None),
    ],
    ids=str,
)
def test_times_that_are_off(claim: str, seconds: float, hint: str | None) -> None:
    assert hint_for_time(claim, seconds, NOW) == hint


TOKEN = token_with()
LEFT_IN = '"{} " was left in: pass what follows it'


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (f"Bearer {TOKEN}", LEFT_IN.format("Bearer")),
        (f"bearer {TOKEN}", LEFT_IN.format("Bearer")),
        (f" BEARER  {TOKEN}\n", LEFT_IN.format("Bearer")),
        (f"DPoP {TOKEN}", LEFT_IN.format("DPoP")),
        (f"{TOKEN}\n", "white space surrounds it"),
        (f" {TOKEN}", "white space surrounds it"),
        ("\t", "white space surrounds it"),
        (f'"{TOKEN}"', "quotation marks were left in"),
        (f"'{TOKEN}'", "quotation marks were left in"),
        (f"\"{TOKEN}'", None),
        ("jkr_AAAA", "this is a refresh token; send the access token"),
        ('{"payload": "e30"}', "this is JSON; only the compact serialisation is read (RFC 7515 §7.1)"),
        ("a.b.c.d.e", "five segments: this is an encrypted token (JWE), which jwtkit does not read"),
        (f"Basic {TOKEN}", None),
        ("Bearer", None),
        ("", None),
        (".", None),
        (TOKEN, None),
    ],
)
def test_texts_that_are_no_token(text: str, hint: str | None) -> None:
    assert hint_for_token(text) == hint


EVERY_HINT = {
    None,
    LEFT_IN.format("Bearer"),
    LEFT_IN.format("DPoP"),
    "white space surrounds it",
    "quotation marks were left in",
    "this is a refresh token; send the access token",
    "this is JSON; only the compact serialisation is read (RFC 7515 §7.1)",
    "five segments: this is an encrypted token (JWE), which jwtkit does not read",
}


@given(st.text() | hostile_tokens().filter(lambda token: isinstance(token, str)))
def test_a_hint_quotes_nothing_of_the_text(text: str) -> None:
    assert hint_for_token(text) in EVERY_HINT


# --- as they reach a caller --------------------------------------------------------------------------


@pytest.mark.parametrize("text", [f"Bearer {TOKEN}", f"Bearer {TOKEN}".encode()])
def test_the_error_of_a_token_in_the_wrong_form_carries_the_hint(text: str | bytes) -> None:
    with pytest.raises(MalformedTokenError) as caught:
        validator_with().validate(text)
    assert caught.value.hint == LEFT_IN.format("Bearer")
    assert str(caught.value).endswith('("Bearer " was left in: pass what follows it)')


@pytest.mark.parametrize("text", ["Bearer " + "a" * 65536, b"Bearer " + b"a" * 65536])
def test_a_very_long_text_is_not_searched_for_hints(text: Any) -> None:
    with pytest.raises(MalformedTokenError) as caught:
        validator_with().validate(text)
    assert caught.value.hint is None


def test_long_bytes_are_refused_without_being_copied() -> None:
    class Uncopied(bytes):
        def decode(self, *_: Any) -> str:
            raise AssertionError("copied")

    report = validator_with().inspect(Uncopied(b"a" * 5_000_000))
    assert report.error is not None
    assert report.error.code == "token.too_large"


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"iss": f"{ISSUER}/"}, SLASH),
        ({"aud": AUDIENCE.upper()}, CASE),
        ({"aud": ["x", f"{AUDIENCE} "]}, WHITE_SPACE),
        ({"iss": "http://orders.example"}, SCHEME),
        ({"exp": (NOW + 60) * 1000}, "exp looks like milliseconds; NumericDate is seconds (RFC 7519 §2)"),
        ({"iat": NOW + 31}, "iat is 31 s ahead: compare the clocks, or allow a larger leeway"),
        ({"aud": "another"}, None),
    ],
    ids=str,
)
def test_the_error_of_a_claim_carries_the_hint(changes: dict[str, Any], hint: str | None) -> None:
    with pytest.raises(ClaimsError) as caught:
        validator_with().validate(sign(claims_with(**changes)))
    assert caught.value.hint == hint
    assert (hint is None) or f"({hint})" in str(caught.value)
