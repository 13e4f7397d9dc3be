"""Drafts: the claims of a token to be signed, and what a caller may not put among them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tokens.kit import ISSUER, NOW, THUMBPRINT, profile_with

from jwtkit.errors import ConfigurationError
from jwtkit.jose.strict_json import dump_object, parse_object
from jwtkit.testing.strategies import json_claims, scopes, subjects
from jwtkit.tokens import ACCESS_TOKEN, EXTERNAL_ACCESS_TOKEN, ID_TOKEN, RFC9068, Profile
from jwtkit.tokens.claims import ISSUER_SET_CLAIMS, read_scopes
from jwtkit.tokens.draft import ClaimsWriter, confirmation_claim, join_scopes

NOTHING: dict[str, Any] = {
    "subject": None, "audience": None, "scopes": (), "client_id": None, "session_id": None,
    "confirmation": None, "extra": None, "expires_at": None,
}  # fmt: skip


def written(writer: ClaimsWriter, **options: Any) -> bytes:
    given: dict[str, Any] = {**NOTHING, "issued_at": NOW, "token_id": "t1", **options}
    return writer.write(**given)


def writer_of(
    profile: Profile = ACCESS_TOKEN, *, issuer: str | None = None, audience: Any = ()
) -> ClaimsWriter:
    """Return a writer for the profile that lets anything be left out."""
    return ClaimsWriter(replace(profile, required_claims=()), issuer=issuer, audience=audience)


def draft(
    profile: Profile = ACCESS_TOKEN, *, issuer: Any = None, audience: Any = (), **options: Any
) -> dict[str, Any]:
    """Return the claims written, all but the id and times that every token has at its end."""
    claims = parse_object(written(writer_of(profile, issuer=issuer, audience=audience), **options))
    assert list(claims.items())[-2:] == [("iat", NOW), ("jti", "t1")]
    return {name: value for name, value in claims.items() if name not in ("iat", "jti")}


def test_claims_are_written_in_a_stable_order() -> None:
    claims = draft(
        issuer=ISSUER,
        subject="client-42",
        audience=("a",),
        scopes=["read", "write", "read"],
        client_id="spa",
        session_id="s1",
        confirmation=THUMBPRINT,
        extra={"plan": "gold", "admin": None},
    )
    assert list(claims.items()) == [
        ("iss", ISSUER), ("sub", "client-42"), ("aud", "a"), ("scope", "read write"), ("client_id", "spa"),
        ("sid", "s1"), ("cnf", {"jkt": THUMBPRINT}), ("plan", "gold"), ("admin", None),
    ]  # fmt: skip


def test_what_is_not_given_is_not_written() -> None:
    assert draft() == {}
    assert draft(scopes=[], extra={}) == {}


def test_several_audiences_are_a_list() -> None:
    assert draft(audience=("a", "b")) == {"aud": ["a", "b"]}


def test_a_profile_says_where_things_are_written() -> None:
    profile = profile_with(
        subject_claim="uid", audience_claim="to", scope_claims=("scp", "roles"), client_claims=("azp", "cid")
    )
    written = draft(profile, subject="u", audience=("a",), scopes=["r"], client_id="c")
    assert written == {"uid": "u", "to": "a", "scp": "r", "azp": "c"}
    # The other places are no argument's, and left to the caller.
    assert draft(profile, extra={"roles": "x", "cid": "y"}) == {"roles": "x", "cid": "y"}


@pytest.mark.parametrize("option", ["scopes", "client_id"])
def test_a_profile_may_have_no_place(option: str) -> None:
    profile = profile_with(scope_claims=(), client_claims=())
    with pytest.raises(ConfigurationError, match="has no place for"):
        draft(profile, **{option: ["read"] if option == "scopes" else "spa"})
    with pytest.raises(ConfigurationError, match="a ID_TOKEN token has no place for scopes"):
        draft(ID_TOKEN, scopes=["openid"])


@pytest.mark.parametrize(
    "value", ["", 1, b"a", "a\n", "a" * 513, "\ud800", ["a"]], ids=lambda v: ascii(v)[:16]
)
@pytest.mark.parametrize("option", ["subject", "client_id", "session_id"])
def test_identifiers_are_short_texts(option: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"{option} must be a non-empty string of at most 512"):
        draft(**{option: value})


# --- the bytes -----------------------------------------------------------------------------------------


def test_the_bytes_of_a_token_with_everything() -> None:
    writer = ClaimsWriter(ACCESS_TOKEN, issuer="https://é.example", audience=("a", "b"))
    assert (
        written(
            writer,
            subject='o"neil',
            scopes=["read", "write"],
            client_id="back\\slash",
            session_id="s/1",
            confirmation="thumb",
            extra={"plan": {"gold": [1, 2.5, None, True]}, "ü": "ß"},
            expires_at=NOW + 900,
        )
        == (
            r'{"iss":"https://é.example","sub":"o\"neil","aud":["a","b"],"scope":"read write",'
            r'"client_id":"back\\slash","sid":"s/1","cnf":{"jkt":"thumb"},'
            r'"plan":{"gold":[1,2.5,null,true]},"ü":"ß",'
            f'"exp":{NOW + 900},"iat":{NOW},"jti":"t1"}}'
        ).encode()
    )


def test_the_bytes_of_a_token_with_nothing() -> None:
    assert written(writer_of()) == f'{{"iat":{NOW},"jti":"t1"}}'.encode()


@given(
    issuer=st.none() | subjects(),
    audience=st.lists(subjects(), max_size=3, unique=True).map(tuple),
    subject=st.none() | subjects(),
    names=scopes(),
    client=st.none() | subjects(),
    session=st.none() | subjects(),
    confirmation=st.none() | subjects(),
    extra=st.none() | json_claims(),
    expires_at=st.none() | st.integers(1, 10**15),
)
def test_the_bytes_are_those_of_a_plain_dump_of_the_claims(
    issuer: str | None,
    audience: tuple[str, ...],
    subject: str | None,
    names: list[str],
    client: str | None,
    session: str | None,
    confirmation: str | None,
    extra: dict[str, Any] | None,
    expires_at: int | None,
) -> None:
    claims = {
        "iss": issuer,
        "sub": subject,
        "aud": (audience[0] if len(audience) == 1 else audience) if audience else None,
        "scope": " ".join(names) or None,
        "client_id": client,
        "sid": session,
        "cnf": None if confirmation is None else {"jkt": confirmation},
    }
    given = {name: value for name, value in claims.items() if value is not None} | (extra or {})
    times = {} if expires_at is None else {"exp": expires_at}
    plain = dump_object({**given, **times, "iat": NOW, "jti": "t1"})
    options: dict[str, Any] = {
        "subject": subject, "scopes": names, "client_id": client, "session_id": session,
        "confirmation": confirmation, "extra": extra, "expires_at": expires_at,
    }  # fmt: skip
    assert written(writer_of(issuer=issuer, audience=audience), **options) == plain
    if audience:
        assert written(writer_of(issuer=issuer, audience=("other",)), audience=audience, **options) == plain


# --- scopes and client, which are remembered -----------------------------------------------------------


def test_what_was_granted_before_is_written_the_same_again() -> None:
    writer = writer_of()
    for _ in range(2):
        for number in range(300):
            claims = parse_object(written(writer, scopes=("read", f"s{number}"), client_id=f"c{number}"))
            assert (claims["scope"], claims["client_id"]) == (f"read s{number}", f"c{number}")
        assert parse_object(written(writer, scopes=("read", "s1")))["scope"] == "read s1"
        assert "scope" not in parse_object(written(writer, client_id="c1"))


def test_only_so_many_grants_are_remembered() -> None:
    writer = writer_of()
    for number in range(600):
        written(writer, client_id=f"c{number}")
    assert len(writer._granted) == 600 % 256


def test_scopes_that_change_or_run_out_are_not_remembered() -> None:
    writer, names = writer_of(), ["read"]
    assert b'"read"' in written(writer, scopes=names)
    names.append("write")
    assert b'"read write"' in written(writer, scopes=names)
    once = iter(("read",))
    assert b'"read"' in written(writer, scopes=once)
    assert b"scope" not in written(writer, scopes=once)
    assert b'"read"' in written(writer, scopes={"read": 1})


class Name(str):
    """A str by another name, as a StrEnum member is."""


def test_what_is_refused_is_refused_after_its_like_was_written() -> None:
    writer = writer_of()
    for _ in range(2):
        assert written(writer, client_id="spa", scopes=("a", "b"))
        with pytest.raises(ConfigurationError, match="client_id must be a non-empty string"):
            written(writer, client_id=Name("spa"), scopes=("a", "b"))
        with pytest.raises(ConfigurationError, match="scopes must be several"):
            written(writer, client_id="spa", scopes="ab")
        with pytest.raises(ConfigurationError, match="a scope must be printable ASCII"):
            written(writer, client_id="spa", scopes=("a", ["b"]))
        with pytest.raises(ConfigurationError, match="client_id must be a non-empty string"):
            written(writer, client_id=["spa"], scopes=("a", "b"))


# --- what must be there --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("required", "complete"),
    [
        ("iss", {"issuer": ISSUER}),
        ("sub", {"subject": "u"}),
        ("aud", {"audience": "a"}),
        ("scope", {"scopes": ["read"]}),
        ("client_id", {"client_id": "spa"}),
        ("sid", {"session_id": "s1"}),
        ("cnf", {"confirmation": THUMBPRINT}),
        ("plan", {"extra": {"plan": None}}),
        ("exp", {"expires_at": NOW}),
    ],
)
@pytest.mark.parametrize("others", [{}, {"subject": "u"}, {"client_id": "spa"}], ids=repr)
def test_what_the_profile_requires_must_be_given(
    required: str, complete: dict[str, Any], others: dict[str, Any]
) -> None:
    profile = profile_with(required_claims=("iat", required, "jti"))
    options = {**others, **complete}
    issuer = options.pop("issuer", None)
    claims = parse_object(written(ClaimsWriter(profile, issuer=issuer, audience=()), **options))
    assert required in claims
    if not complete.keys() <= others.keys():
        with pytest.raises(ConfigurationError, match=f"token needs {required}$") as caught:
            written(ClaimsWriter(profile, issuer=None, audience=()), **others)
        assert caught.value.code == "issue.missing_claim"


@pytest.mark.parametrize("place", ["subject_claim", "audience_claim", "scope_claims", "client_claims"])
def test_a_place_that_json_cannot_name_is_refused_at_once(place: str) -> None:
    name = "\ud800"
    profile = profile_with(**{place: (name,) if place.endswith("s") else name})
    with pytest.raises(ConfigurationError) as caught:
        writer_of(profile)
    assert caught.value.code == "claims.json"


def test_everything_missing_is_named_at_once() -> None:
    writer = ClaimsWriter(RFC9068, issuer=None, audience=())
    with pytest.raises(ConfigurationError, match=r"a RFC9068 token needs iss, sub, aud, exp, client_id$"):
        written(writer)


@pytest.mark.parametrize(
    ("places", "options"),
    [
        ({"subject_claim": "client_id"}, {"subject": "u", "client_id": "spa"}),
        ({"client_claims": ("sub",)}, {"subject": "u", "client_id": "u"}),
        ({"scope_claims": ("aud",)}, {"audience": "a", "scopes": ["read"]}),
        ({"subject_claim": "jti"}, {"subject": "u"}),
        ({"audience_claim": "sid"}, {"audience": "a", "session_id": "s1"}),
    ],
    ids=repr,
)
def test_no_claim_is_written_twice(places: dict[str, Any], options: dict[str, Any]) -> None:
    writer = writer_of(profile_with(**places))
    # With all that a usual token has, which is not looked at again without a reason.
    usual = {"subject": "u", "expires_at": NOW + 900}
    with pytest.raises(ConfigurationError, match="one place for two of the things it was given"):
        written(writer, **{**usual, **options})
    if len(options) == 2:
        for name, value in options.items():
            assert written(writer, **{name: value})


# --- further claims ----------------------------------------------------------------------------------


def test_the_registered_claims_are_the_issuers_own() -> None:
    assert {
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "scope",
        "client_id",
        "sid",
        "cnf",
    } == ISSUER_SET_CLAIMS


@pytest.mark.parametrize("name", sorted(ISSUER_SET_CLAIMS))
def test_a_caller_sets_no_claim_of_the_issuer(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name) as caught:
        draft(extra={"plan": "gold", name: None})
    assert caught.value.code == "issue.registered_claim"


@pytest.mark.parametrize("name", ["uid", "to", "scp", "azp"])
def test_nor_one_that_the_profile_writes(name: str) -> None:
    profile = profile_with(
        subject_claim="uid", audience_claim="to", scope_claims=("scp",), client_claims=("azp",)
    )
    with pytest.raises(ConfigurationError) as caught:
        draft(profile, scopes=["read"], extra={name: "admin"})
    assert caught.value.code == "issue.registered_claim"


def test_every_claim_that_is_the_issuers_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError, match=r"must not hold exp, iss, sub: "):
        draft(extra={"sub": 1, "iss": 1, "x": 1, "exp": 1})


@pytest.mark.parametrize("name", ["nonce", "at_hash", "events"])
def test_a_token_carries_no_mark_of_another_kind(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"a EXTERNAL_ACCESS_TOKEN token must not carry {name}"):
        draft(EXTERNAL_ACCESS_TOKEN, extra={name: "x"})


def test_a_claim_that_says_what_the_token_is_for_says_so() -> None:
    assert draft(EXTERNAL_ACCESS_TOKEN, extra={"token_use": "access"}) == {"token_use": "access"}
    for value in ("id", ["access"], None):
        with pytest.raises(
            ConfigurationError, match="token_use of a EXTERNAL_ACCESS_TOKEN token must be access"
        ):
            draft(EXTERNAL_ACCESS_TOKEN, extra={"token_use": value})


@pytest.mark.parametrize("extra", [[("plan", "gold")], "plan", 1, {"plan"}])
def test_further_claims_are_a_mapping(extra: Any) -> None:
    with pytest.raises(ConfigurationError, match="claims must be a mapping"):
        draft(extra=extra)


@given(subjects(), scopes(), json_claims())
def test_what_a_caller_gives_is_written_as_it_is(
    subject: str, names: list[str], extra: dict[str, Any]
) -> None:
    claims = draft(subject=subject, scopes=names, extra=extra)
    assert claims == {"sub": subject, **({"scope": " ".join(names)} if names else {}), **extra}


# --- scopes ------------------------------------------------------------------------------------------


@given(scopes())
def test_joined_scopes_are_read_back(names: list[str]) -> None:
    assert read_scopes(join_scopes(names)) == frozenset(names)
    assert join_scopes([*names, *names]) == " ".join(names)


@pytest.mark.parametrize("nothing", [(), [], set(), "", None])
def test_no_scopes_are_no_text(nothing: Any) -> None:
    assert join_scopes(nothing) == ""
    assert join_scopes(iter([""][:0])) == ""


@pytest.mark.parametrize("several", ["orders:read", b"orders:read", 1])
def test_scopes_are_several(several: Any) -> None:
    with pytest.raises(ConfigurationError):
        join_scopes(several)


@pytest.mark.parametrize("scope", ["", "a b", "a\tb", '"a"', "a\\b", "é", "a\n", 1, None, b"a"], ids=repr)
def test_a_scope_is_printable_ascii_without_spaces(scope: Any) -> None:
    with pytest.raises(ConfigurationError, match="a scope must be printable ASCII"):
        join_scopes(["read", scope])


# --- confirmation ------------------------------------------------------------------------------------


def test_a_confirmation_is_a_thumbprint_or_an_object_with_one() -> None:
    assert confirmation_claim(THUMBPRINT) == {"jkt": THUMBPRINT}
    given = {"x5t#S256": THUMBPRINT}
    assert confirmation_claim(given) == given
    assert confirmation_claim(given) is not given


@pytest.mark.parametrize(
    "wrong", ["", 1, {}, {"jwk": {}}, {"jkt": 1}, {"jkt": "a", "x5t#S256": "b"}, ["jkt"]], ids=repr
)
def test_a_confirmation_that_no_validator_could_compare_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="confirmation must be a thumbprint"):
        draft(confirmation=wrong)


def test_a_replaced_profile_drafts_as_it_says() -> None:
    assert draft(replace(ACCESS_TOKEN, subject_claim="uid"), subject="u") == {"uid": "u"}
