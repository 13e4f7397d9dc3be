"""Hypothesis strategies for what jwtkit reads and keeps: identifiers, claims, tokens good and bad, sessions.

Importing this module imports Hypothesis (the ``testing`` extra).
"""

from __future__ import annotations

import base64
from importlib.util import find_spec
from typing import Any, get_args

from jwtkit.errors import ConfigurationError

if find_spec("hypothesis") is None:
    raise ConfigurationError(
        "jwtkit.testing.strategies needs Hypothesis", hint="pip install 'jwtkit[testing]'"
    )

from hypothesis import strategies as st

from jwtkit.refresh.family import EndReason, Family
from jwtkit.tokens.claims import ISSUER_SET_CLAIMS, MAX_TEXT_LENGTH

__all__ = [
    "families",
    "forged_refresh_tokens",
    "hostile_tokens",
    "json_claims",
    "json_values",
    "scopes",
    "storable_texts",
    "subjects",
]

_STORABLE = st.characters(codec="utf-8", exclude_characters="\0")
_BYTES_OF_A_REFRESH_TOKEN = 93
_LARGEST = 2**63 - 1
_ODD_TOKENS = (
    "",
    ".",
    "..",
    "...",
    "a.b.c",
    "eyJhbGciOiJub25lIn0.e30.",
    "Bearer eyJhbGciOiJFUzI1NiJ9.e30.AA",
    "eyJhbGciOiJFUzI1NiJ9.e30.AA==",
    "eyJhbGciOiJFUzI1NiJ9 .e30.AA",
    "\ufeffeyJhbGciOiJFUzI1NiJ9.e30.AA",
    "jkr_",
    "jkr_" + "A" * 124,
    "\ud800.\ud800.\ud800",
    "\0" * 128,
    "." * 20_000,
    "A" * 20_000,
)


def storable_texts(*, min_size: int = 0, max_size: int = 40) -> st.SearchStrategy[str]:
    """Texts every session store keeps: any Unicode but NUL and lone surrogates."""
    return st.text(_STORABLE, min_size=min_size, max_size=max_size)


def subjects() -> st.SearchStrategy[str]:
    """Subjects, clients, tenants, issuers: one to 512 characters, no control characters (RFC 7519 §4.1.2)."""
    text = st.characters(codec="utf-8", exclude_categories=["Cc"])
    return st.text(text, min_size=1, max_size=MAX_TEXT_LENGTH)


def scopes() -> st.SearchStrategy[list[str]]:
    """Lists of different scope tokens (RFC 6749 §3.3)."""
    token = st.text(
        st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"\\'),
        min_size=1,
        max_size=20,
    )
    return st.lists(token, max_size=5, unique=True)


def json_values(*, max_leaves: int = 10) -> st.SearchStrategy[Any]:
    """Values that JSON holds exactly: no NaN, no lone surrogates."""
    text = st.text(st.characters(codec="utf-8"), max_size=20)
    leaves = (
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False, allow_infinity=False)
        | text
    )
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
        max_leaves=max_leaves,
    )


def json_claims() -> st.SearchStrategy[dict[str, Any]]:
    """Extra claims a caller may give to `TokenIssuer.issue`: none of those the issuer sets itself."""
    registered = ISSUER_SET_CLAIMS | {"nbf", "rtg", "rte"}
    names = storable_texts(min_size=1, max_size=20).filter(lambda name: name not in registered)
    return st.dictionaries(names, json_values(), max_size=5)


def forged_refresh_tokens() -> st.SearchStrategy[str]:
    """Texts of the exact form of a refresh token that no rotator made."""
    return st.binary(min_size=_BYTES_OF_A_REFRESH_TOKEN, max_size=_BYTES_OF_A_REFRESH_TOKEN).map(
        lambda core: "jkr_" + base64.urlsafe_b64encode(core).decode()
    )


def hostile_tokens() -> st.SearchStrategy[Any]:
    """Whatever may arrive where a token should be: texts, bytes, near misses, and things that are neither."""
    segment = st.binary(max_size=40).map(lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="))
    near_misses = st.lists(segment, min_size=1, max_size=5).map(".".join)
    texts = st.sampled_from(_ODD_TOKENS) | st.text(max_size=200) | near_misses | forged_refresh_tokens()
    neither = (
        st.none() | st.integers() | st.lists(st.text(max_size=3), max_size=3) | st.just({"token": "a.b.c"})
    )
    return texts | st.binary(max_size=200) | near_misses.map(str.encode) | neither


def families() -> st.SearchStrategy[Family]:
    """Any row a session store may be asked to keep, whether or not a rotator would make it."""
    text = storable_texts()
    optional_text = st.none() | text
    number = st.integers(0, _LARGEST)
    data = st.binary(max_size=64)
    living = st.builds(
        Family,
        session_id=storable_texts(min_size=1),
        issuer=text,
        version=st.integers(1, _LARGEST - 1),
        subject=text,
        client_id=optional_text,
        tenant=optional_text,
        confirmation=optional_text,
        label=optional_text,
        address=optional_text,
        scopes=text,
        claims=text,
        epoch=number,
        key_id=text,
        generation=number,
        digest=data,
        previous_digest=st.none() | data,
        nonce=data,
        created_at=number,
        rotated_at=number,
        previous_rotated_at=st.none() | number,
        used_at=number,
        idle_expires_at=number,
        absolute_expires_at=number,
    )
    ends = st.tuples(number, st.sampled_from(get_args(EndReason)))
    ended = st.tuples(living, ends).map(
        lambda pair: pair[0]._replace(ended_at=pair[1][0], end_reason=pair[1][1])
    )
    return living | ended
