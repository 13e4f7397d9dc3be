"""Whether what we say of a refusal repeats what we were given: tokens, keys, and a stranger's words."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterable, Iterator
from typing import Any, Final

from tests.hostile.forge import AUDIENCE, ISSUER, Forge
from tests.hostile.primitives import b64, from_b64

from jwtkit.errors import ClaimsError, ConfirmationError, JWTKitError
from jwtkit.jose import ALGORITHMS

__all__ = ["leaked", "private_texts", "said_by", "words_of"]

_SHORTEST_SEGMENT: Final = 16
_SHORTEST_WORD: Final = 6
# What our own messages say anyway: it is in the settings or in the specifications.
_OURS: Final = " ".join((*ALGORITHMS, ISSUER, AUDIENCE, "at+jwt", "public", "secret", "number"))


def said_by(error: BaseException) -> Iterator[str]:
    """Everything an error shows: text, repr, arguments, hint, failures, and every traceback line of ours."""
    yield from (str(error), repr(error), repr(error.args))
    if isinstance(error, JWTKitError):
        yield f"{error.code} {error.hint}"
    if isinstance(error, ClaimsError):
        yield repr(error.failures)
    # With the errors it was raised from: a foreign one may hold the whole document.
    yield "".join(traceback.format_exception(error))


def private_texts(forge: Forge) -> set[str]:
    """The trusted private key, in the spellings a leak would have."""
    secret = forge.owner.private_text()
    return {b64(secret), secret.hex(), repr(secret)[2:-1], b64(secret[-32:])}


def words_of(token: object, error: JWTKitError) -> set[str]:
    """What must not be repeated: the token's segments, and before its signature held all that it says."""
    text = token.decode("latin-1") if isinstance(token, bytes) else token
    if not isinstance(text, str):
        return set()
    if len(text) > 100_000:
        return {text[:64]} - {" " * 64}
    words = {segment for segment in text.split(".") if len(segment) >= _SHORTEST_SEGMENT}
    if text and len(text) >= _SHORTEST_SEGMENT:
        words.add(text)
    if not isinstance(error, ClaimsError | ConfirmationError):
        for segment in text.split(".")[:2]:
            words.update(_strings(_parsed(segment)))
    return words


def _parsed(segment: str) -> Any:
    try:
        return json.loads(from_b64(segment))
    except (ValueError, RecursionError):
        return None


def _strings(value: Any) -> Iterator[str]:
    """Every longer text in a document that may nest deeper than a function could."""
    left = [value]
    while left:
        value = left.pop()
        if isinstance(value, str):
            if len(value) >= _SHORTEST_WORD and value.strip() not in _OURS:
                yield value
        elif isinstance(value, dict):
            left += [*value, *value.values()]
        elif isinstance(value, list):
            left += value[:100]


def leaked(said: Iterable[str], words: Iterable[str]) -> list[str]:
    """Those of `words` that were said, as they are or escaped."""
    whole = "\n".join(said)
    return [word[:24] for word in words if word in whole or ascii(word)[1:-1] in whole]
