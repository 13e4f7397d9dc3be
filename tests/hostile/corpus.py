"""Every hostile case, by family."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Final

from tests.hostile.cases import KeyCase, SetCase, TokenCase
from tests.hostile.families import (
    algorithms,
    base64url,
    confirmation,
    confusion,
    ecdsa,
    edwards,
    embedded_keys,
    extensions,
    form,
    identifiers,
    issuers,
    json,
    key_ids,
    key_sets,
    key_texts,
    kinds,
    rsa,
    signatures,
    times,
    weak_keys,
    wrong_keys,
)

__all__ = ["KEY_FAMILIES", "SET_FAMILIES", "TOKEN_FAMILIES", "key_cases", "set_cases", "token_cases"]

TOKEN_FAMILIES: Final[Mapping[str, Callable[[], Iterable[TokenCase]]]] = {
    "algorithms": algorithms.cases,
    "confusion": confusion.cases,
    "key_ids": key_ids.cases,
    "embedded_keys": embedded_keys.cases,
    "extensions": extensions.cases,
    "kinds": kinds.cases,
    "form": form.cases,
    "base64url": base64url.cases,
    "json": json.cases,
    "times": times.cases,
    "identifiers": identifiers.cases,
    "confirmation": confirmation.cases,
    "issuers": issuers.cases,
    "signatures": signatures.cases,
    "ecdsa": ecdsa.cases,
    "rsa": rsa.cases,
    "edwards": edwards.cases,
}
KEY_FAMILIES: Final[Mapping[str, Callable[[], Iterable[KeyCase]]]] = {
    "weak_keys": weak_keys.cases,
    "wrong_keys": wrong_keys.cases,
    "key_texts": key_texts.cases,
}
SET_FAMILIES: Final[Mapping[str, Callable[[], Iterable[SetCase]]]] = {"key_sets": key_sets.cases}


@cache
def token_cases(family: str) -> tuple[TokenCase, ...]:
    """The cases of tokens of one family."""
    return tuple(TOKEN_FAMILIES[family]())


@cache
def key_cases(family: str) -> tuple[KeyCase, ...]:
    """The cases of keys of one family."""
    return tuple(KEY_FAMILIES[family]())


@cache
def set_cases(family: str) -> tuple[SetCase, ...]:
    """The cases of JWK Sets of one family."""
    return tuple(SET_FAMILIES[family]())
