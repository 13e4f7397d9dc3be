"""The judge is no rubber stamp: each fault put into a validator on purpose is found, by its name."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from tests.hostile.cases import (
    ACCEPTED,
    EXPIRED,
    NOT_ALLOWED,
    WRONG_SIGNATURE,
    KeyCase,
    SetCase,
    TokenCase,
    refused_key,
    with_claims,
    with_header,
)
from tests.hostile.forge import AUDIENCE, GONE, ISSUER, NOW, Forge, party
from tests.hostile.judging import Finding, judge_key, judge_set, judge_token
from tests.hostile.overheard import Overheard
from tests.hostile.settings import Twins

from jwtkit import TokenValidator
from jwtkit.errors import ConfigurationError, InvalidSignatureError, TokenExpiredError
from jwtkit.jose import JWKSet, SigningKey

FORGE = Forge("HS256")
GOOD = with_claims("good", {}, ACCEPTED, "a right token")
BAD = with_header("bad", {}, WRONG_SIGNATURE, "a stranger's", by_stranger=True)
OLD = with_claims("old", {"exp": NOW - 50}, EXPIRED, "expired")


class Sabotaged(TokenValidator):
    """A validator with one method exchanged."""

    faults: dict[str, Callable[..., Any]]

    def validate(self, token: Any, **options: Any) -> Any:
        fault = self.faults.get("validate", super().validate)
        return fault(token, **options)

    def inspect(self, token: Any, **options: Any) -> Any:
        fault = self.faults.get("inspect", super().inspect)
        return fault(token, **options)

    def validate_except_lifetime(self, token: Any, **options: Any) -> Any:
        fault = self.faults.get("stale", super().validate_except_lifetime)
        return fault(token, **options)


def sound(overheard: Overheard) -> TokenValidator:
    return Twins(FORGE, "sole", overheard).plain


def found(case: TokenCase, **faults: Callable[..., Any]) -> set[str]:
    """The kinds of what is found in a validator with these faults."""
    overheard = Overheard()
    twins = Twins(FORGE, "sole", overheard)
    twins.plain = Sabotaged(
        ISSUER, audience=AUDIENCE, keys=FORGE.owner.key(), observer=overheard, clock=lambda: float(NOW)
    )
    twins.plain.faults = faults
    with overheard.listening():
        return kinds(judge_token(case, FORGE, twins, overheard))


def kinds(finding: Finding) -> set[str]:
    return {kind for kind, _ in finding.problems}


def raising(error: Callable[[str], Exception]) -> Callable[..., Any]:
    def fault(token: str, **_: Any) -> Any:
        raise error(token)

    return fault


def good_answer(method: str) -> Callable[..., Any]:
    """Whatever a right token gets, for any token."""
    answer = getattr(sound(Overheard()), method)(FORGE.token())
    return lambda _, **__: answer


@pytest.mark.parametrize("case", [GOOD, BAD, OLD])
def test_a_sound_validator_is_not_complained_about(case: TokenCase) -> None:
    assert found(case) == set()


def test_accepting_a_forgery_is_found() -> None:
    assert "accepted" in found(BAD, validate=good_answer("validate"))


def test_refusing_a_good_token_is_found() -> None:
    assert "wrongly refused" in found(GOOD, validate=raising(lambda _: InvalidSignatureError("no")))


def test_refusing_with_another_error_is_found() -> None:
    other = with_header("bad", {}, NOT_ALLOWED, "a stranger's", by_stranger=True)
    assert found(other) == {"refused otherwise"}


@pytest.mark.parametrize("error", [ValueError, TypeError, RecursionError, MemoryError, KeyError])
@pytest.mark.parametrize("method", ["validate", "inspect", "stale"])
def test_a_foreign_exception_is_found_in_every_method(error: type[Exception], method: str) -> None:
    assert "foreign exception" in found(BAD, **{method: raising(lambda _: error("foreign"))})


def test_a_token_in_the_message_is_found() -> None:
    leaky = raising(lambda token: InvalidSignatureError(f"the signature of {token} does not hold"))
    assert "leak" in found(BAD, validate=leaky)


def test_a_strangers_claim_in_the_hint_is_found() -> None:
    leaky = raising(lambda _: InvalidSignatureError("no", hint="hostile-marker-7f3a is unknown"))
    assert "leak" in found(BAD, validate=leaky)


def test_a_foreign_error_chained_behind_ours_is_found() -> None:
    def chained(token: str, **_: Any) -> Any:
        try:
            raise ValueError(token)
        except ValueError as error:
            raise InvalidSignatureError("the signature does not hold over the bytes received") from error

    assert "leak" in found(BAD, validate=chained)


def test_a_token_in_a_log_record_is_found() -> None:
    def logging_it(token: str, **_: Any) -> Any:
        logging.getLogger("jwtkit").debug("refused %s", token)
        raise InvalidSignatureError("the signature does not hold over the bytes received")

    assert "leak" in found(BAD, validate=logging_it)


def test_a_private_key_in_a_repr_is_found() -> None:
    case = KeyCase(
        name="leaky", load=partial(bytes, b"private key"), expect=ACCEPTED, why="-", secrets=(b"private key",)
    )
    assert kinds(judge_key(case)) == {"leak"}


def test_an_inspection_that_disagrees_is_found() -> None:
    assert found(BAD, inspect=good_answer("inspect")) == {"disagreement"}


def test_a_report_with_the_token_in_it_is_found() -> None:
    class Leaky:
        def __init__(self, token: str) -> None:
            self.report = sound(Overheard()).inspect(token)
            self.token = token

        def __getattr__(self, name: str) -> Any:
            return getattr(self.report, name)

        def __str__(self) -> str:
            return self.token

    assert found(BAD, inspect=lambda token, **_: Leaky(token)) == {"leak"}


def test_waiving_more_than_expiry_is_found() -> None:
    assert found(BAD, stale=good_answer("validate_except_lifetime")) >= {"accepted"}
    other = with_claims("other", {"aud": "other"}, None, "-")
    assert "accepted" in found(other, stale=good_answer("validate_except_lifetime"))


def test_waiving_too_little_is_found() -> None:
    strict = sound(Overheard())
    expired = raising(lambda _: TokenExpiredError("no"))
    assert "wrongly refused" in found(OLD, stale=expired)
    short = partial(strict.validate_except_lifetime, max_expired_for=timedelta(seconds=40))
    assert "wrongly refused" in found(OLD, stale=short)


def test_a_stale_token_that_hides_its_age_is_found() -> None:
    assert "stale" in found(OLD, stale=good_answer("validate_except_lifetime"))


def test_a_validator_that_disagrees_with_its_twins_is_found() -> None:
    """Here the plain one is wrong; the cached and the awaited one are right."""
    assert "disagreement" in found(BAD, validate=good_answer("validate"))


def test_a_key_taken_wrongly_is_found() -> None:
    load = partial(SigningKey.from_secret, b"s" * 64)
    assert kinds(judge_key(KeyCase(name="k", load=load, expect=refused_key("weak"), why="-"))) == {"accepted"}


def test_a_key_that_raises_a_foreign_error_is_found() -> None:
    case = KeyCase(name="k", load=partial(int, "x"), expect=refused_key("weak"), why="-")
    assert kinds(judge_key(case)) == {"foreign exception"}


def test_a_set_with_one_key_too_many_or_too_few_is_found() -> None:
    document = JWKSet([party("ES256", "owner").key()]).to_json()
    too_many = SetCase(name="s", document=document, why="-")
    assert kinds(judge_set(too_many)) == {"accepted"}
    too_few = SetCase(name="s", document='{"keys":[]}', why="-", kept=(("owner-ES256", "ES256"),))
    assert kinds(judge_set(too_few)) == {"wrongly refused"}


def test_believed_poison_is_found() -> None:
    forge = Forge("ES256")
    document = JWKSet([forge.owner.key()]).to_json()
    kept = (("owner-ES256", "ES256"),)
    poison = (forge.token(forge.header(kid=GONE)),)
    finding = judge_set(SetCase(name="s", document=document, why="-", kept=kept, poison=poison))
    assert kinds(finding) == {"accepted"}


def test_an_empty_set_cannot_be_given_to_a_validator() -> None:
    with pytest.raises(ConfigurationError):
        TokenValidator(ISSUER, audience=AUDIENCE, keys=JWKSet())
