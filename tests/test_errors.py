"""The error tree: as drawn, as answered over HTTP, across processes, and never with a token in it."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tokens.kit import KEY, STRANGERS_KEY, claims_with, compact, sign, token_with, validator_with
from tests.validator.corpus import CORPUS

from jwtkit import errors
from jwtkit.dangerous import decode_unverified
from jwtkit.errors import (
    Boundary,
    ClaimsError,
    ConfigurationError,
    Failure,
    InsufficientScopeError,
    JWTKitError,
    KeysUnavailableError,
    StoreUnavailableError,
    TokenError,
    TokenExpiredError,
    UnavailableError,
)
from jwtkit.testing.strategies import hostile_tokens

# --- the tree ----------------------------------------------------------------------------------------


def drawn() -> Iterator[tuple[str, str | None, str]]:
    """Each class of the docstring's tree with the class it hangs from, and the words beside it."""
    branch: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.fullmatch(r"    ((?:[│ ] {2})*)(?:[├└]─ )?([A-Z]\w+Error)\b *(.*)", line)
        if found is None:
            continue
        depth = len(found[1]) // 3 + ("─" in line)
        del branch[depth:]
        yield found[2], branch[-1] if branch else None, found[3]
        branch.append(found[2])


CLASSES: dict[str, Any] = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, BaseException)
}
EVERY = pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES.keys())


def test_the_tree_in_the_docstring_is_the_tree_of_classes() -> None:
    tree = list(drawn())
    assert len(tree) == len(CLASSES) > 20
    assert {name for name, _, _ in tree} == set(CLASSES)
    for name, parent, _ in tree:
        bases = [base.__name__ for base in CLASSES[name].__bases__]
        assert bases == (
            ["Exception"]
            if parent is None
            else [parent] + (["ValueError"] if name == "ConfigurationError" else [])
        )


def test_everything_public_is_exported_in_order() -> None:
    assert errors.__all__ == sorted(errors.__all__)
    assert set(errors.__all__) == {*CLASSES, "Boundary", "Failure"}


def test_the_statuses_and_codes_drawn_are_those_answered() -> None:
    for name, _, words in drawn():
        kind = CLASSES[name]
        for status in re.findall(r"\b[45]\d\d\b", words):
            assert kind.http_status == int(status), name
        for word in re.findall(r"\b(?:invalid|insufficient)_\w+", words):
            assert kind.oauth_error == word, name


# Everything an HTTP service needs to know, by class: what is not named here answers as its base.
ANSWERS = {
    "JWTKitError": (500, None),
    "ConfigurationError": (500, None),
    "TokenError": (401, "invalid_token"),
    "MissingTokenError": (401, None),
    "InvalidRequestError": (400, "invalid_request"),
    "MalformedTokenError": (401, "invalid_token"),
    "UntrustedTokenError": (401, "invalid_token"),
    "AlgorithmNotAllowedError": (401, "invalid_token"),
    "UnknownIssuerError": (401, "invalid_token"),
    "UnknownKeyError": (401, "invalid_token"),
    "InvalidSignatureError": (401, "invalid_token"),
    "ClaimsError": (401, "invalid_token"),
    "TokenExpiredError": (401, "invalid_token"),
    "TokenRevokedError": (401, "invalid_token"),
    "ConfirmationError": (401, "invalid_token"),
    "InsufficientScopeError": (403, "insufficient_scope"),
    "RefreshError": (400, "invalid_grant"),
    "RefreshTokenInvalidError": (400, "invalid_grant"),
    "RefreshTokenExpiredError": (400, "invalid_grant"),
    "RefreshTokenRevokedError": (400, "invalid_grant"),
    "RefreshTokenReusedError": (400, "invalid_grant"),
    "RefreshMismatchError": (400, "invalid_grant"),
    "RefreshScopeError": (400, "invalid_scope"),
    "UnavailableError": (503, "temporarily_unavailable"),
    "KeysUnavailableError": (503, "temporarily_unavailable"),
    "StoreUnavailableError": (503, "temporarily_unavailable"),
    "ContentionError": (503, "temporarily_unavailable"),
}


def test_every_class_answers_as_designed() -> None:
    assert {name: (kind.http_status, kind.oauth_error) for name, kind in CLASSES.items()} == ANSWERS


def test_an_outage_is_never_a_refusal_and_a_refusal_never_our_fault() -> None:
    for kind in CLASSES.values():
        assert not (issubclass(kind, UnavailableError) and issubclass(kind, TokenError))
        if issubclass(kind, TokenError):
            assert 400 <= kind.http_status < 500
        if issubclass(kind, UnavailableError):
            assert kind.http_status == 503


def test_codes_are_unique_but_for_what_a_client_must_not_tell_apart() -> None:
    codes = [kind.default_code for name, kind in CLASSES.items() if name != "RefreshTokenInvalidError"]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z_]+(\.[a-z_]+)*", code) for code in codes)


def test_a_wrong_setting_is_a_value_error_too() -> None:
    with pytest.raises(ValueError, match="no"):
        raise ConfigurationError("no")
    assert not issubclass(TokenError, ValueError)


# --- what they say -----------------------------------------------------------------------------------


@EVERY
def test_an_error_says_its_sentence_its_code_and_its_hint(kind: Any) -> None:
    plain, told = kind("no"), kind("no", code="a.b", hint="do this")
    assert (str(plain), plain.code, plain.hint) == ("no", kind.default_code, None)
    assert (str(told), told.code, told.hint) == ("no (do this)", "a.b", "do this")
    assert isinstance(plain, JWTKitError)


@EVERY
def test_an_error_without_a_sentence_says_its_code(kind: Any) -> None:
    if kind is not InsufficientScopeError:
        assert str(kind()) == kind.default_code
        assert str(kind(code="a.b")) == "a.b"


def test_claims_errors_say_every_failure() -> None:
    first = Failure("claim.iss.mismatch", "iss", "'a'", "'b'", "look closer")
    second = Failure("claim.sub.missing", "sub", "the claim to be there")
    error = ClaimsError(failures=iter([second, first]))
    assert error.failures == (second, first)
    assert error.code == "claim.sub.missing"
    assert error.hint == "look closer"
    assert str(error) == (
        "sub: expected the claim to be there, found nothing; iss: expected 'a', found 'b' (look closer)"
    )
    assert str(ClaimsError("no", failures=[first], code="a.b", hint="c")) == "no"
    assert ClaimsError("no", failures=[first], code="a.b", hint="c").code == "a.b"
    assert ClaimsError().failures == ()
    assert str(ClaimsError("no", hint="do this")) == "no (do this)"


def test_a_failure_is_a_frozen_record() -> None:
    failure = Failure("a.b", "c", "d")
    assert not hasattr(failure, "__dict__")
    with pytest.raises(FrozenInstanceError):
        failure.code = "x.y"  # type: ignore[misc]
    assert (failure.found, failure.hint) == (None, None)


def test_insufficient_scopes_say_what_is_missing() -> None:
    error = InsufficientScopeError(required=["b", "a", "c"], granted={"c"})
    assert str(error) == "the token lacks the scope: a b"
    assert (error.required, error.granted) == (frozenset("abc"), frozenset("c"))
    assert type(error.required) is type(error.granted) is frozenset
    assert str(InsufficientScopeError("no", required=["a"])) == "no"


# --- across processes --------------------------------------------------------------------------------

SAMPLES: list[JWTKitError] = [
    *(kind("no", code="a.b", hint="do this") for kind in CLASSES.values()),
    *(kind() for kind in CLASSES.values()),
    ClaimsError(failures=[Failure("a.b", "c", "d", "e", "f"), Failure("g.h", "i", "j")]),
    TokenExpiredError("no", failures=[Failure("claim.exp.expired", "exp", "later")], code="x.y"),
    InsufficientScopeError(required=["a", "b"], granted=["c"]),
]


def state(error: JWTKitError) -> dict[str, Any]:
    return {"type": type(error), "text": str(error), "args": error.args, **vars(error)}


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_error_survives_pickling(error: JWTKitError, protocol: int) -> None:
    assert state(pickle.loads(pickle.dumps(error, protocol))) == state(error)


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_every_error_survives_copying(error: JWTKitError) -> None:
    assert state(copy.copy(error)) == state(error)
    assert state(copy.deepcopy(error)) == state(error)


@pytest.mark.parametrize("name", CORPUS)
def test_what_validation_raises_survives_pickling(name: str) -> None:
    report = validator_with().inspect(CORPUS[name])
    if report.error is not None:
        assert state(pickle.loads(pickle.dumps(report.error))) == state(report.error)
        assert report.error.hint == pickle.loads(pickle.dumps(report.error)).hint


# --- where someone else's code is called -------------------------------------------------------------

STORE = Boundary(StoreUnavailableError, "the store")


def test_what_is_foreign_becomes_ours_by_its_type_only() -> None:
    foreign = ConnectionError("password=hunter2")
    with pytest.raises(StoreUnavailableError) as caught, STORE:
        raise foreign
    assert str(caught.value) == "the store raised ConnectionError"
    assert caught.value.__cause__ is foreign


@pytest.mark.parametrize(
    "error",
    [KeysUnavailableError("ours"), TokenError("ours"), KeyboardInterrupt(), SystemExit(), GeneratorExit()],
    ids=repr,
)
def test_what_is_ours_or_no_error_passes(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, STORE:
        raise error
    assert caught.value is error


def test_what_goes_well_goes_through() -> None:
    with STORE as nothing:
        answer = 1
    assert (nothing, answer) == (None, 1)
    ours = TokenError()
    assert STORE.translated(ours) is ours


# --- what they never say -----------------------------------------------------------------------------


def said(error: BaseException) -> str:
    """Everything an error says, and those it was raised from, as a log would print it."""
    text = ""
    at: BaseException | None = error
    while at is not None:
        text += f"{at}\n{at!r}\n{at.args}\n{vars(at)}\n"
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return text


def refusals(token: Any) -> Iterator[JWTKitError]:
    for read in (validator_with().validate, validator_with().validate_except_lifetime, decode_unverified):
        try:
            read(token)
        except JWTKitError as error:
            yield error


def pieces(token: Any) -> list[str]:
    """What of a token must not be repeated: every long enough piece of it."""
    text = token.decode("latin-1") if isinstance(token, bytes) else str(token)
    return [piece for piece in [text, *re.split(r"[.\s]", text)] if len(piece) > 12]


@pytest.mark.parametrize("name", CORPUS)
def test_no_error_holds_a_token(name: str) -> None:
    token = CORPUS[name]
    for error in refusals(token):
        for piece in pieces(token) if isinstance(token, str | bytes) else []:
            assert piece not in said(error)


@given(hostile_tokens() | st.text(min_size=13) | st.binary(min_size=13))
def test_no_error_holds_what_a_stranger_sent(token: Any) -> None:
    for error in refusals(token):
        if isinstance(token, str | bytes):
            for piece in pieces(token):
                assert piece not in said(error)


WORDS = st.text(st.characters(codec="utf-8"), min_size=8, max_size=30).map(lambda text: f"stranger{text}")


@given(WORDS)
def test_no_error_holds_what_an_unproven_token_says(words: str) -> None:
    forged = [
        sign(claims_with(sub=words, iss=words, aud=words), key=STRANGERS_KEY),
        compact({"alg": "HS256", "kid": words}),
        compact({"alg": words, "kid": "main"}),
        compact({"alg": "HS256", "kid": "main", "crit": [words], words: 1}),
        compact({"alg": "HS256", "kid": "main", words: 1, "typ": words}, key=STRANGERS_KEY),
    ]
    for token in forged:
        for error in refusals(token):
            assert "stranger" not in said(error)


def test_what_a_proven_token_says_may_be_told_to_its_owner() -> None:
    with pytest.raises(ClaimsError) as caught:
        validator_with().validate(token_with(aud="billing-api"))
    assert "found 'billing-api'" in str(caught.value)
    assert KEY.kid not in str(caught.value)
