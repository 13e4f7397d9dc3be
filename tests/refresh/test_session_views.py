"""Grant, Session and TokenPair: what applications see."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.refresh.kit import NOW, first_generation

from jwtkit.errors import ConfigurationError, StoreUnavailableError
from jwtkit.refresh import Grant, TokenPair
from jwtkit.refresh.session import session_of


def make_pair(**changes: Any) -> TokenPair:
    values: dict[str, Any] = {
        "access_token": "header.payload.signature",
        "refresh_token": "jkr_text",
        "expires_in": 900,
        "refresh_expires_in": 1209600,
        "session_id": "id",
        "scopes": ("orders:read", "orders:write"),
    }
    return TokenPair(**{**values, **changes})


def test_the_token_response_of_rfc_6749() -> None:
    assert make_pair().as_response() == {
        "access_token": "header.payload.signature",
        "token_type": "Bearer",
        "expires_in": 900,
        "refresh_token": "jkr_text",
        "scope": "orders:read orders:write",
    }


def test_what_there_is_none_of_is_left_out() -> None:
    response = make_pair(scopes=(), new_refresh_token=False).as_response()
    assert set(response) == {"access_token", "token_type", "expires_in"}


def test_a_pair_shows_neither_token() -> None:
    for pair in (make_pair(), make_pair(retried=True)):
        for shown in (repr(pair), str(pair), f"{pair}"):
            assert "payload" not in shown
            assert "jkr_" not in shown
    assert "retried" in repr(make_pair(retried=True))
    assert "retried" not in repr(make_pair())


def test_a_pair_goes_nowhere_by_accident() -> None:
    pair = make_pair()
    with pytest.raises(TypeError):
        json.dumps({"pair": pair})
    with pytest.raises(TypeError):
        vars(pair)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="it is a credential"):
            pickle.dumps(pair, protocol)
    for copied in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="it is a credential"):
            copied(pair)
    with pytest.raises(TypeError):
        list(pair)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "name",
    ["access_token", "refresh_token", "expires_in", "refresh_expires_in", "session_id", "retried", "other"],
)
def test_a_pair_is_read_only(name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(make_pair(), name, "other")


def test_a_pair_says_what_it_was_made_of() -> None:
    pair = make_pair(retried=True)
    assert (pair.access_token, pair.refresh_token) == ("header.payload.signature", "jkr_text")
    assert (pair.expires_in, pair.refresh_expires_in) == (900, 1209600)
    assert (pair.session_id, pair.retried, make_pair().retried) == ("id", True, False)


def test_a_grant_keeps_its_own_copy() -> None:
    scopes, claims = ["orders:read"], {"plan": "gold"}
    grant = Grant(subject="client-42", scopes=scopes, claims=claims)
    scopes.append("orders:write")
    claims["plan"] = "silver"
    assert tuple(grant.scopes) == ("orders:read",)
    assert grant.claims == {"plan": "gold"}
    with pytest.raises(TypeError):
        grant.claims["plan"] = "none"  # type: ignore[index]
    assert grant == Grant(subject="client-42", scopes=("orders:read",), claims={"plan": "gold"})
    assert len({grant, grant}) == 1


def test_scopes_as_one_text_are_refused() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Grant(scopes="orders:read")
    assert caught.value.code == "grant.scopes"


def test_a_session_is_the_row_in_words() -> None:
    family, _ = first_generation(label="Firefox")
    family = family._replace(used_at=NOW + 60_000)
    session = session_of(family)
    assert session.id == family.session_id
    assert session.scopes == frozenset({"orders:read", "orders:write"})
    assert session.claims == {"plan": "gold"}
    assert session.label == "Firefox"
    assert (session.subject, session.client_id, session.tenant) == ("client-42", "web", "acme")
    assert (session.confirmation, session.generation) == ("thumbprint", 0)
    assert session.created_at == datetime.fromtimestamp(NOW / 1000, UTC)
    assert (session.used_at - session.created_at).seconds == 60
    assert (session.idle_expires_at - session.created_at).days == 14
    assert (session.absolute_expires_at - session.created_at).days == 90
    with pytest.raises(TypeError):
        session.claims["plan"] = "none"  # type: ignore[index]
    assert len({session, session_of(family)}) == 1


@pytest.mark.parametrize("claims", ["", "[]", "{", '{"a":1,"a":2}', "\ud800"])
def test_a_row_nobody_wrote_is_the_stores_fault(claims: str) -> None:
    family, _ = first_generation()
    with pytest.raises(StoreUnavailableError) as caught:
        session_of(family._replace(claims=claims))
    assert caught.value.code == "store.corrupt"
