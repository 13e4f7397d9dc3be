"""Meets each case with jwtkit and says everything that is not as it must be."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

from tests.hostile.cases import EXPIRED, Expectation, KeyCase, Refusal, SetCase, TokenCase
from tests.hostile.forge import AUDIENCE, ISSUER, NOW, Forge
from tests.hostile.leaks import leaked, private_texts, said_by, words_of
from tests.hostile.overheard import Overheard
from tests.hostile.settings import Twins

from jwtkit import TokenValidator
from jwtkit.errors import ClaimsError, ConfigurationError, JWTKitError, TokenError, TokenExpiredError
from jwtkit.jose import JWKSet
from jwtkit.tokens import CheckStatus, StaleToken, VerifiedToken

__all__ = [
    "ACCEPTED_WRONGLY",
    "FOREIGN",
    "REFUSED_WRONGLY",
    "Finding",
    "judge_key",
    "judge_set",
    "judge_token",
]

ACCEPTED_WRONGLY: Final = "accepted"
REFUSED_WRONGLY: Final = "wrongly refused"
FOREIGN: Final = "foreign exception"


@dataclass(slots=True)
class Finding:
    """What became of one case.

    Attributes:
        name: The case.
        problems: What is not as expected, as (kind, words).
        accepted: Whether it was taken.
        milliseconds: What the refusal, or the acceptance, cost.
    """

    name: str
    problems: list[tuple[str, str]] = field(default_factory=list)
    accepted: bool = False
    milliseconds: float = 0.0

    def complain(self, kind: str, words: str) -> None:
        self.problems.append((kind, words))

    def __str__(self) -> str:
        return "; ".join(f"{self.name}: {kind}: {words}" for kind, words in self.problems)


def attempt(call: Callable[[], Any]) -> tuple[Any, BaseException | None, float]:
    """The answer, or what was raised, and the milliseconds it took."""
    started = time.perf_counter()
    try:
        answer, error = call(), None
    except BaseException as raised:
        if isinstance(raised, KeyboardInterrupt | SystemExit):
            raise
        answer, error = None, raised
    return answer, error, (time.perf_counter() - started) * 1000


def _describe(error: BaseException | None) -> str:
    if error is None:
        return "accepted"
    codes = [failure.code for failure in error.failures] if isinstance(error, ClaimsError) else ""
    return f"{type(error).__name__} {getattr(error, 'code', '')} {codes}".strip()


def _meets(error: BaseException | None, expect: Expectation) -> bool:
    if expect is None or error is None:
        return expect is None and error is None
    if type(error) is not expect.error or not isinstance(error, JWTKitError) or error.code != expect.code:
        return False
    found = tuple(failure.code for failure in error.failures) if isinstance(error, ClaimsError) else None
    return expect.failures is None or found == expect.failures


def _compare(finding: Finding, error: BaseException | None, expect: Expectation) -> None:
    """Complain unless the outcome is the expected one, exactly."""
    if _meets(error, expect):
        return
    wanted = (
        "acceptance" if expect is None else f"{expect.error.__name__} {expect.code} {expect.failures or ''}"
    )
    if error is not None and not isinstance(error, JWTKitError):
        kind = FOREIGN
    elif error is None:
        kind = ACCEPTED_WRONGLY
    else:
        kind = REFUSED_WRONGLY if expect is None else "refused otherwise"
    finding.complain(kind, f"expected {wanted}, got {_describe(error)}")


def judge_token(case: TokenCase, forge: Forge, validators: Twins, overheard: Overheard) -> Finding:
    """Give one token to the validators of its setting, in every way there is."""
    finding = Finding(f"{case.name} ({forge.alg})")
    token = case.make(forge)
    options = dict(case.options or {})
    overheard.forget()
    answer, error, finding.milliseconds = attempt(lambda: validators.plain.validate(token, **options))
    _compare(finding, error, case.expect)
    finding.accepted = error is None
    if error is None and type(answer) is not VerifiedToken:
        finding.complain("wrong type", f"validate returned {type(answer).__name__}")
    _same_elsewhere(finding, token, validators, options, error)
    report = _inspected(finding, token, validators, options, error)
    _stale(finding, case, token, validators, options, error)
    said = overheard.said()
    if isinstance(error, JWTKitError):
        said += said_by(error)
        words = words_of(token, error) | private_texts(forge)
    else:
        said += [repr(answer), str(answer)]
        words = private_texts(forge) | ({token} if isinstance(token, str) else set())
    # A report shows what the claims say, so only keys and the token itself must not be in it.
    words_in_report = leaked([report], private_texts(forge) | ({token} if _is_long_text(token) else set()))
    for word in [*leaked(said, words), *words_in_report]:
        finding.complain("leak", f"{word!r} is repeated")
    return finding


def _is_long_text(token: object) -> bool:
    return isinstance(token, str) and len(token) > 40


def _same_elsewhere(
    finding: Finding, token: Any, validators: Twins, options: dict[str, Any], error: BaseException | None
) -> None:
    """As bytes, through the cache twice, and awaited: one validator, one verdict."""
    ways: dict[str, Callable[[], object]] = {
        "cached": lambda: validators.cached.validate(token, **options),
        "cached again": lambda: validators.cached.validate(token, **options),
        "awaited": lambda: _finished(validators.awaited.validate(token, **options)),
    }
    if isinstance(token, str) and token.isascii():
        ways["as bytes"] = lambda: validators.plain.validate(token.encode(), **options)
    for way, call in ways.items():
        _, other, _ = attempt(call)
        if _describe(other) != _describe(error):
            finding.complain("disagreement", f"{way}: {_describe(other)}, validate: {_describe(error)}")


def _finished(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that has nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("the asynchronous validator waited for something")


def _inspected(
    finding: Finding, token: Any, validators: Twins, options: dict[str, Any], error: BaseException | None
) -> str:
    """`inspect` says what `validate` does, and never raises; returns its report as text."""
    report, raised, _ = attempt(lambda: validators.plain.inspect(token, **options))
    if raised is not None:
        finding.complain(FOREIGN, f"inspect raised {_describe(raised)}")
        return ""
    if (
        _describe(report.error) != _describe(error)
        or str(report.error) != str(error)
        or report.ok != (error is None)
    ):
        finding.complain("disagreement", f"inspect: {_describe(report.error)}, validate: {_describe(error)}")
    failed = report.of(CheckStatus.FAILED)
    if bool(failed) != (error is not None):
        finding.complain(
            "disagreement", f"inspect shows {len(failed)} failed checks; validate: {_describe(error)}"
        )
    text, unreadable, _ = attempt(lambda: f"{report}\n{report!r}")
    if unreadable is not None:
        finding.complain(FOREIGN, f"str(report) raised {_describe(unreadable)}")
        return ""
    return str(text)


def _stale(
    finding: Finding,
    case: TokenCase,
    token: Any,
    validators: Twins,
    options: dict[str, Any],
    error: BaseException | None,
) -> None:
    """`validate_except_lifetime` waives expiry and nothing else."""
    answer, other, _ = attempt(lambda: validators.plain.validate_except_lifetime(token, **options))
    if other is None and type(answer) is not StaleToken:
        finding.complain("wrong type", f"validate_except_lifetime returned {type(answer).__name__}")
    if other is None and answer.expired != isinstance(error, TokenExpiredError):
        finding.complain("stale", f"expired is {answer.expired}; validate: {_describe(error)}")
    if not isinstance(case.stale, type(...)):
        _compare(finding, other, case.stale)
    elif isinstance(error, ClaimsError) and type(error) is not TokenExpiredError:
        # Expiry may drop out of the failures; the others stay.
        left = tuple(failure.code for failure in error.failures if failure.code != EXPIRED.code)
        if other is None:
            finding.complain(ACCEPTED_WRONGLY, f"stale; validate: {_describe(error)}")
        elif not isinstance(other, ClaimsError) or not set(left) <= {
            failure.code for failure in other.failures
        }:
            finding.complain("stale", f"{_describe(other)}; validate: {_describe(error)}")
    else:
        _compare(finding, other, None if isinstance(error, TokenExpiredError) else _as_expectation(error))


def _as_expectation(error: BaseException | None) -> Expectation:
    return Refusal(type(error), error.code) if isinstance(error, TokenError) else None


def judge_key(case: KeyCase) -> Finding:
    """Load one key."""
    finding = Finding(case.name)
    answer, error, finding.milliseconds = attempt(case.load)
    finding.accepted = error is None
    _compare(finding, error, case.expect)
    said = [repr(answer), str(answer)] if error is None else list(said_by(error))
    words = {text if isinstance(text, str) else repr(text)[2:-1] for text in case.secrets}
    for word in leaked(said, {word for word in words if len(word) > 3}):
        finding.complain("leak", f"{word!r} is repeated")
    return finding


def judge_set(case: SetCase) -> Finding:
    """Read one JWK Set, and offer it the tokens it must not believe."""
    finding = Finding(case.name)
    answer, error, finding.milliseconds = attempt(
        lambda: JWKSet.parse(case.document, algorithms=case.algorithms)
    )
    finding.accepted = error is None
    _compare(finding, error, case.expect)
    if error is not None:
        return finding
    kept = tuple((key.kid, key.alg) for key in answer.keys)
    if sorted(kept) != sorted(case.kept):
        finding.complain(ACCEPTED_WRONGLY if set(kept) - set(case.kept) else REFUSED_WRONGLY, f"keys {kept}")
    skipped = tuple((skip.index, skip.code) for skip in answer.skipped)
    if skipped != case.skipped:
        finding.complain("refused otherwise", f"skipped {skipped[:5]}")
    for number, token in enumerate(case.poison):
        _poison(finding, answer, token, number)
    return finding


def _poison(finding: Finding, keys: JWKSet, token: str, number: int) -> None:
    if not len(keys):
        # A set without keys cannot even be given to a validator.
        _, error, _ = attempt(lambda: TokenValidator(ISSUER, audience=AUDIENCE, keys=keys))
        if not isinstance(error, ConfigurationError):
            finding.complain(ACCEPTED_WRONGLY, "an empty set was taken")
        return
    validator = TokenValidator(ISSUER, audience=AUDIENCE, keys=keys, clock=lambda: float(NOW))
    _, error, _ = attempt(lambda: validator.validate(token))
    if not isinstance(error, TokenError):
        finding.complain(ACCEPTED_WRONGLY, f"poison {number}: {_describe(error)}")
