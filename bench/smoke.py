"""A contender is timed only after it has shown that it validates: nothing is faster than not checking."""

from __future__ import annotations

from bench.peers.protocol import Issue, Validate
from bench.tokens import SUBJECT, Material, bad, doubtful, good


def fault_of_validator(validate: Validate, material: Material) -> str:
    """Return why a validator must not be timed, or an empty text."""
    try:
        answer = validate(good(material))
    except Exception as error:
        return f"refuses the good token ({type(error).__name__})"
    if _subject(answer) != SUBJECT:
        return "does not return the claims"
    accepted = [what for what, token in bad(material).items() if accepts(validate, token)]
    return f"accepts {', '.join(accepted)}" if accepted else ""


def fault_of_issuer(issue: Issue, validate: Validate) -> str:
    """Return why an issuer must not be timed, or an empty text; `validate` is jwtkit's."""
    first, second = (_text(issue()) for _ in range(2))
    if first == second:
        return "issues the same token twice"
    return "" if accepts(validate, first) and accepts(validate, second) else "issues a token that is refused"


def leniencies(validate: Validate, material: Material) -> tuple[str, ...]:
    """Return what it accepts that jwtkit refuses; no reason not to time it, but one to know."""
    return tuple(what for what, token in doubtful(material).items() if accepts(validate, token))


def accepts(validate: Validate, token: str) -> bool:
    """Say whether a validator takes a token; whatever it raises counts as a refusal."""
    try:
        validate(token)
    except Exception:
        return False
    return True


def _subject(answer: object) -> object:
    for holder in (answer, getattr(answer, "claims", None)):
        try:
            return holder["sub"]  # type: ignore[index]
        except (TypeError, KeyError):
            continue
    return getattr(answer, "sub", None)


def _text(token: object) -> str:
    return token.decode() if isinstance(token, bytes) else str(token)
