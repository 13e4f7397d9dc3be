"""The strategies make what they say: good things are accepted, hostile ones refused by our own errors."""

from __future__ import annotations

import pytest
from hypothesis import given

from jwtkit.errors import JWTKitError, RefreshTokenInvalidError, TokenError
from jwtkit.jose import strict_json
from jwtkit.refresh.family import Family
from jwtkit.stores import MemorySessionStore
from jwtkit.testing import ManualClock
from jwtkit.testing import strategies as jwtkit_strategies
from jwtkit.tokens.claims import is_text


@pytest.fixture(scope="module")
def authority():
    from jwtkit.authority import TokenAuthority

    return TokenAuthority.ephemeral(clock=ManualClock())


@given(jwtkit_strategies.subjects())
def test_subjects_are_identifiers(subject):
    assert is_text(subject)


@given(jwtkit_strategies.json_claims())
def test_claims_survive_the_strict_reader(claims):
    assert strict_json.parse_object(strict_json.dump_object(claims)) == claims


@given(
    subject=jwtkit_strategies.subjects(),
    scopes=jwtkit_strategies.scopes(),
    claims=jwtkit_strategies.json_claims(),
)
def test_what_is_issued_from_them_validates(authority, subject, scopes, claims):
    token = authority.validator.validate(authority.issuer.issue(subject, scopes=scopes, claims=claims).token)
    assert (token.subject, token.scopes) == (subject, frozenset(scopes))
    assert {name: token.claims[name] for name in claims} == claims


@given(token=jwtkit_strategies.hostile_tokens())
def test_hostile_tokens_are_refused_everywhere(authority, token):
    with pytest.raises(TokenError):
        authority.validator.validate(token)
    with pytest.raises(RefreshTokenInvalidError):
        authority.rotator.rotate(token)


@given(token=jwtkit_strategies.forged_refresh_tokens())
def test_forged_refresh_tokens_have_the_form_of_real_ones(authority, token):
    real = authority.rotator.start("client-42").refresh_token
    assert real is not None
    assert (len(token), token[:4]) == (len(real), real[:4])
    with pytest.raises(RefreshTokenInvalidError):
        authority.rotator.rotate(token)


@given(jwtkit_strategies.families())
def test_families_can_be_kept(family):
    store = MemorySessionStore()
    store.insert(family)
    assert store.read(family.session_id).family == family
    assert isinstance(family, Family)


@given(jwtkit_strategies.storable_texts(min_size=1))
def test_storable_texts_can_be_denied(text):
    try:
        MemorySessionStore().deny(text, text, until=1)
    except JWTKitError as error:
        pytest.fail(f"refused: {error}")
