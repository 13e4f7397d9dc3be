"""Finding the bearer token, and the challenges: RFC 6750, RFC 9110 §11."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtkit.errors import (
    AlgorithmNotAllowedError,
    ClaimsError,
    ConfigurationError,
    ConfirmationError,
    ContentionError,
    InsufficientScopeError,
    InvalidRequestError,
    InvalidSignatureError,
    KeysUnavailableError,
    MalformedTokenError,
    MissingTokenError,
    StoreUnavailableError,
    TokenError,
    TokenExpiredError,
    TokenRevokedError,
    UnknownIssuerError,
    UnknownKeyError,
)
from jwtkit.web.answer import PROBLEM_JSON
from jwtkit.web.bearer import answer, bearer_token, challenge

# The grammar of RFC 6750 §3: what a recipient parses, written apart from what the code writes.
PARAMETER = r'[a-z_]+="[\x20\x21\x23-\x5B\x5D-\x7E]*"'
CHALLENGE = re.compile(rf"Bearer(?: {PARAMETER}(?:, {PARAMETER})*)?")

ALL_ERRORS = [
    AlgorithmNotAllowedError,
    ClaimsError,
    ConfirmationError,
    InsufficientScopeError,
    InvalidRequestError,
    InvalidSignatureError,
    MalformedTokenError,
    MissingTokenError,
    TokenError,
    TokenExpiredError,
    TokenRevokedError,
    UnknownIssuerError,
    UnknownKeyError,
]


@pytest.mark.parametrize(
    ("value", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer abc", "abc"),
        ("BEARER abc", "abc"),
        ("Bearer    abc", "abc"),  # 1*SP
        ("  Bearer abc\t ", "abc"),  # optional white space around a field value
        ("Bearer a.b-c_d~e+f/g==", "a.b-c_d~e+f/g=="),
        (b"Bearer abc", "abc"),
    ],
)
def test_finds_the_token(value, token):
    assert bearer_token([value]) == token


@pytest.mark.parametrize(
    "values",
    [
        [],
        [""],
        [" "],
        ["Basic dXNlcjpwYXNz"],
        ["Basic"],
        ["Bearerabc"],
        ["Bearer:abc"],
        ["Bearer\tabc"],
        ["DPoP abc"],
    ],
)
def test_no_header_or_another_scheme_is_a_missing_token(values):
    with pytest.raises(MissingTokenError) as caught:
        bearer_token(values)
    assert caught.value.code == "token.missing"


@pytest.mark.parametrize(
    "value",
    [
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer a, Bearer b",
        "Bearer a,b",
        "Bearer =",
        "Bearer a=b",
        'Bearer "abc"',
        "Bearer \tabc",
        "Bearer abc\n",
        "Bearer abc\r\nX: y",
        "Bearer abc\x00",
        "Bearer äbc",
        b"Bearer \xff",
        "Bearer token=abc",
    ],
)
def test_a_malformed_header_is_an_invalid_request(value):
    with pytest.raises(InvalidRequestError) as caught:
        bearer_token([value])
    assert caught.value.code == "request.malformed_header"
    assert caught.value.http_status == 400


@pytest.mark.parametrize("second", ["Bearer abc", "Bearer def", "Basic dXNlcjpwYXNz", ""])
def test_two_authorization_headers_are_refused_whatever_the_second_says(second):
    with pytest.raises(InvalidRequestError) as caught:
        bearer_token(["Bearer abc", second])
    assert caught.value.code == "request.several_headers"


def test_a_token_from_elsewhere_counts_when_the_header_has_none():
    assert bearer_token([], elsewhere=["from-a-cookie"]) == "from-a-cookie"


@pytest.mark.parametrize(
    ("header", "elsewhere"), [(["Bearer a"], ["b"]), (["Bearer a"], ["a"]), ([], ["a", "b"])]
)
def test_a_token_in_two_places_is_refused_even_when_both_are_the_same(header, elsewhere):
    with pytest.raises(InvalidRequestError) as caught:
        bearer_token(header, elsewhere=elsewhere)
    assert caught.value.code == "request.several_tokens"


@given(st.lists(st.text() | st.binary() | st.text().map("Bearer {}".format), max_size=3))
def test_whatever_the_headers_hold_the_outcome_is_a_clean_token_or_our_error(values):
    try:
        token = bearer_token(values)
    except (MissingTokenError, InvalidRequestError):
        return
    assert re.fullmatch(r"[A-Za-z0-9\-._~+/]+=*", token)


@given(
    st.from_regex(r"[A-Za-z0-9\-._~+/]+=*", fullmatch=True),
    st.integers(1, 5),
    st.sampled_from(["Bearer", "bEARER"]),
)
def test_every_token_of_the_grammar_is_found_unchanged(token, spaces, scheme):
    assert bearer_token([f"{scheme}{' ' * spaces}{token}"]) == token


def test_a_missing_token_gets_a_bare_challenge():
    assert challenge(MissingTokenError("…")) == "Bearer"
    assert challenge(MissingTokenError("…"), realm="orders") == 'Bearer realm="orders"'


def test_an_expired_token_is_told_so():
    expected = (
        'Bearer realm="orders", error="invalid_token", error_description="The access token has expired."'
    )
    assert challenge(TokenExpiredError("exp: …"), realm="orders") == expected


def test_a_missing_scope_names_what_is_needed_in_order():
    error = InsufficientScopeError(required=["orders:write", "orders:read"], granted=["orders:read"])
    assert challenge(error).endswith(
        'error="insufficient_scope", error_description="The access token lacks a '
        'scope that this needs.", scope="orders:read orders:write"'
    )
    assert challenge(error, scopes=["admin"]).endswith('scope="admin"')


def test_what_is_no_scope_token_is_left_out_of_the_challenge():
    assert challenge(InsufficientScopeError(required=["a b", 'c"d', "", "é", "fine"])).endswith(
        ', scope="fine"'
    )
    assert "scope=" not in challenge(InsufficientScopeError(required=['"']))


def test_scopes_are_named_only_where_a_scope_is_missing():
    assert "scope=" not in challenge(TokenExpiredError("…"), scopes=["orders:read"])


@pytest.mark.parametrize("realm", ["", 'a"b', "a\\b", "a\r\nSet-Cookie: x", "café", "\x7f"])
def test_a_realm_that_no_header_can_hold_is_a_configuration_error(realm):
    with pytest.raises(ConfigurationError, match="realm"):
        challenge(MissingTokenError("…"), realm=realm)


@given(st.sampled_from(ALL_ERRORS), st.text(), st.lists(st.text()), st.lists(st.text()))
def test_nothing_an_error_says_or_needs_can_leave_the_challenge(kind, message, required, scopes):
    """Header injection: whatever the texts hold, the value stays one well-formed challenge."""
    if kind is InsufficientScopeError:
        error = InsufficientScopeError(message, required=required)
    else:
        error = kind(message, code=message or None, hint=message)
    assert CHALLENGE.fullmatch(challenge(error, scopes=scopes))


@pytest.mark.parametrize("kind", ALL_ERRORS)
def test_what_the_error_knows_stays_out_of_the_answer(kind):
    """Its message may name our settings or what a stranger sent; only its code goes out."""
    given_answer = answer(kind("audience internal-only-name expected"))
    assert "internal-only-name" not in repr(given_answer)
    assert given_answer.body["code"] == kind.default_code
    assert given_answer.body["status"] == given_answer.status == kind.http_status
    assert given_answer.header("WWW-Authenticate").startswith("Bearer")
    assert given_answer.header("cache-control") == "no-store"
    assert given_answer.header("Retry-After") is None
    assert given_answer.media_type == PROBLEM_JSON


def test_every_kind_of_error_says_something_of_its_own():
    kinds = {kind for kind in ALL_ERRORS if not kind.__base__.__name__.startswith("Untrusted")}
    assert len({answer(kind("…")).detail for kind in kinds}) == len(kinds)


@pytest.mark.parametrize("kind", [KeysUnavailableError, StoreUnavailableError, ContentionError])
def test_our_outage_is_a_503_to_retry_and_no_challenge(kind):
    given_answer = answer(kind("the database at 10.0.0.1 is down"))
    assert given_answer.status == 503
    assert given_answer.header("Retry-After") == "1"
    assert given_answer.header("WWW-Authenticate") is None
    assert "10.0.0.1" not in repr(given_answer)


def test_the_body_is_a_problem_that_names_the_oauth_error_as_well():
    body = dict(answer(InvalidRequestError("…", code="request.several_tokens")).body)
    assert body.pop("detail")
    assert body == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "code": "request.several_tokens",
        "error": "invalid_request",
    }
    assert "error" not in answer(MissingTokenError("…")).body
