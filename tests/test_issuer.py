"""TokenIssuer: what a token it makes says, what it refuses to make, and signers that fail."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
import time_machine
from tests.tokens.kit import AUDIENCE, ISSUER, NOW, THUMBPRINT, profile_with

from jwtkit.errors import ConfigurationError, KeysUnavailableError
from jwtkit.issuer import AsyncTokenIssuer, TokenIssuer
from jwtkit.jose import JWKSet, SigningKey, base64url, verify_compact
from jwtkit.keys import StaticKeyStore
from jwtkit.testing import ManualClock
from jwtkit.tokens import (
    ACCESS_TOKEN,
    EXTERNAL_ACCESS_TOKEN,
    GENERIC,
    ID_TOKEN,
    RFC9068,
    SECURITY_EVENT,
    IssuedToken,
    Profile,
)
from jwtkit.tokens.claims import ISSUER_SET_CLAIMS

KEY = SigningKey.generate("ES256", kid="2026-01")


class AwaitedSigner:
    """A key behind a network, as far as anyone can tell."""

    def __init__(self, key: SigningKey = KEY, failure: BaseException | None = None) -> None:
        self.key = key
        self.failure = failure

    @property
    def alg(self) -> str:
        return self.key.alg

    @property
    def kid(self) -> str:
        return self.key.kid

    async def sign(self, signing_input: bytes, /) -> bytes:
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        return self.key.sign(signing_input)


class Store:
    """A signing key store that hands out what it is given, or fails."""

    def __init__(self, signer: Any = KEY, failure: BaseException | None = None) -> None:
        self.given = signer
        self.failure = failure

    def signer(self) -> Any:
        if self.failure is not None:
            raise self.failure
        return self.given


class Signer:
    """A sync signer that answers as it is told."""

    alg = "ES256"
    kid = "2026-01"

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def sign(self, _: bytes, /) -> Any:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


class Awaited:
    """An async issuer, each call run to its end."""

    def __init__(self, *arguments: Any, keys: Any = KEY, **options: Any) -> None:
        keys = Store(AwaitedSigner(keys)) if isinstance(keys, SigningKey) else keys
        self.real = AsyncTokenIssuer(*arguments, keys=keys, **options)

    def issue(self, *arguments: Any, **options: Any) -> IssuedToken:
        return asyncio.run(self.real.issue(*arguments, **options))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def __repr__(self) -> str:
        return repr(self.real)


@pytest.fixture(params=[TokenIssuer, Awaited], ids=["sync", "async"])
def make(request: pytest.FixtureRequest) -> Any:
    """Make a sync or an async issuer of these settings."""

    def made(issuer: Any = ISSUER, **options: Any) -> Any:
        return request.param(
            issuer, **{"audience": AUDIENCE, "keys": KEY, "clock": ManualClock(NOW + 0.75), **options}
        )

    return made


def claims_of(issued: IssuedToken) -> dict[str, Any]:
    """The claims in the order they were signed; the signature holds."""
    claims: dict[str, Any] = json.loads(verify_compact(issued.token, KEY).payload)
    return claims


def header_of(issued: IssuedToken) -> dict[str, Any]:
    header: dict[str, Any] = json.loads(base64url.decode(issued.token.split(".")[0]))
    return header


# --- what a token says -------------------------------------------------------------------------------


def test_a_token_says_what_it_was_asked_to_in_a_stable_order(make: Any) -> None:
    issued = make().issue(
        "client-42",
        scopes=["orders:read", "orders:write"],
        claims={"plan": "gold", "seats": [1, {"a": None}]},
        client_id="spa",
        session_id="s1",
        confirmation=THUMBPRINT,
    )
    assert list(claims_of(issued).items()) == [
        ("iss", ISSUER),
        ("sub", "client-42"),
        ("aud", AUDIENCE),
        ("scope", "orders:read orders:write"),
        ("client_id", "spa"),
        ("sid", "s1"),
        ("cnf", {"jkt": THUMBPRINT}),
        ("plan", "gold"),
        ("seats", [1, {"a": None}]),
        ("exp", NOW + 900),
        ("iat", NOW),
        ("jti", issued.id),
    ]
    assert list(header_of(issued).items()) == [("alg", "ES256"), ("typ", "at+jwt"), ("kid", "2026-01")]
    assert issued.expires_in == 900
    assert issued.expires_at == datetime.fromtimestamp(NOW + 900, UTC)


def test_header_and_claims_are_written_to_the_byte(make: Any) -> None:
    issued = make().issue("client-42", scopes=("orders:read",), client_id="spa")
    header, payload, _ = map(base64url.decode, issued.token.split("."))
    assert header == b'{"alg":"ES256","typ":"at+jwt","kid":"2026-01"}'
    assert (
        payload
        == (
            f'{{"iss":"{ISSUER}","sub":"client-42","aud":"{AUDIENCE}","scope":"orders:read","client_id":"spa",'
            f'"exp":{NOW + 900},"iat":{NOW},"jti":"{issued.id}"}}'
        ).encode()
    )


def test_a_plain_token_says_no_more_than_it_must(make: Any) -> None:
    assert list(claims_of(make().issue("client-42"))) == ["iss", "sub", "aud", "exp", "iat", "jti"]


def test_every_token_has_an_id_of_its_own(make: Any) -> None:
    issuer = make()
    issued = [issuer.issue("client-42") for _ in range(50)]
    assert len({token.id for token in issued}) == 50
    assert all(len(base64url.decode(token.id)) == 16 for token in issued)
    assert len({token.token for token in issued}) == 50


def test_audience_and_lifetime_may_differ_from_the_issuers(make: Any) -> None:
    issuer = make(audience=["a", "b"], lifetime=timedelta(hours=1))
    assert issuer.audience == ("a", "b")
    assert issuer.lifetime == timedelta(hours=1)
    own = issuer.issue("client-42")
    assert (claims_of(own)["aud"], own.expires_in) == (["a", "b"], 3600)
    for audience, written in (("c", "c"), (["c"], "c"), (("c", "d"), ["c", "d"])):
        other = issuer.issue("client-42", audience=audience, lifetime=timedelta(seconds=1))
        assert (claims_of(other)["aud"], other.expires_in, claims_of(other)["exp"]) == (written, 1, NOW + 1)


def test_lifetimes_are_whole_seconds(make: Any) -> None:
    issued = make(lifetime=timedelta(seconds=90, milliseconds=999)).issue("client-42")
    assert issued.expires_in == 90
    assert claims_of(issued)["exp"] == NOW + 90
    assert type(claims_of(issued)["exp"]) is int


def test_a_lifetime_may_be_longer_than_years_go(make: Any) -> None:
    issued = make(lifetime=timedelta.max).issue("client-42")
    assert issued.expires_at.year == 9999


def test_a_confirmation_may_be_an_object(make: Any) -> None:
    issued = make().issue("client-42", confirmation={"x5t#S256": THUMBPRINT})
    assert claims_of(issued)["cnf"] == {"x5t#S256": THUMBPRINT}


def test_without_a_clock_time_time_is_looked_up_at_each_call() -> None:
    issuer = TokenIssuer(ISSUER, audience=AUDIENCE, keys=KEY)
    for moment in (NOW, NOW + 5000):
        with time_machine.travel(moment, tick=False):
            assert claims_of(issuer.issue("client-42"))["iat"] == moment


def test_what_it_was_made_from_can_be_read(make: Any) -> None:
    issuer = make()
    assert (issuer.issuer, issuer.audience, issuer.lifetime) == (ISSUER, (AUDIENCE,), timedelta(minutes=15))
    assert issuer.profile is ACCESS_TOKEN


def test_its_repr_shows_no_key(make: Any) -> None:
    secret = SigningKey.from_secret(b"a secret of thirty-two bytes, or more", kid="hidden")
    text = repr(make(keys=secret))
    assert text.endswith(f"TokenIssuer('{ISSUER}', audience=('{AUDIENCE}',))")
    assert "secret" not in text
    assert "hidden" not in text


# --- profiles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "typ"),
    [
        (ACCESS_TOKEN, "at+jwt"),
        (RFC9068, "at+jwt"),
        (EXTERNAL_ACCESS_TOKEN, "JWT"),
        (ID_TOKEN, "JWT"),
        (SECURITY_EVENT, "secevent+jwt"),
        (GENERIC, "JWT"),
        (profile_with(types=("Application/Own+JWT", None)), "own+jwt"),
        (profile_with(types=(None, "jwt")), None),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_the_header_names_the_first_type_of_the_profile(make: Any, profile: Profile, typ: str | None) -> None:
    extra: dict[str, Any] = {"events": {}} if profile is SECURITY_EVENT else {}
    issued = make(profile=profile).issue("client-42", client_id="spa", claims=extra)
    assert header_of(issued).get("typ") == typ
    assert ("typ" in header_of(issued)) is (typ is not None)


@pytest.mark.parametrize(
    ("profile", "options", "missing"),
    [
        (ACCESS_TOKEN, {"subject": None}, "sub"),
        (RFC9068, {}, "client_id"),
        (RFC9068, {"subject": None}, "sub, client_id"),
        (SECURITY_EVENT, {}, "events"),
        (profile_with(required_claims=("exp", "tenant")), {}, "tenant"),
        (profile_with(required_claims=("nbf",)), {}, "nbf"),
    ],
)
def test_what_the_profile_requires_must_be_given(
    make: Any, profile: Profile, options: Any, missing: str
) -> None:
    issuer = make(profile=profile)
    with pytest.raises(ConfigurationError, match=f"a {profile.name} token needs {missing}") as caught:
        issuer.issue(options.get("subject", "client-42"))
    assert caught.value.code == "issue.missing_claim"


def test_subject_audience_and_lifetime_may_be_left_out_where_the_profile_has_none(make: Any) -> None:
    issuer = make(None, audience=None, profile=GENERIC)
    assert list(claims_of(issuer.issue(None))) == ["exp", "iat", "jti"]
    assert claims_of(issuer.issue(None, audience="a"))["aud"] == "a"
    events = make(lifetime=None, audience=None, profile=SECURITY_EVENT)
    issued = events.issue(None, claims={"events": {}})
    assert list(claims_of(issued)) == ["iss", "events", "iat", "jti"]
    assert events.lifetime is None
    assert events.issue(None, claims={"events": {}}, lifetime=timedelta(seconds=5)).expires_in == 5


def test_a_profile_may_bound_the_lifetime(make: Any) -> None:
    profile = replace(ACCESS_TOKEN, max_lifetime=timedelta(minutes=10))
    with pytest.raises(ConfigurationError, match="a ACCESS_TOKEN token lives at most 0:10:00"):
        make(profile=profile)
    issuer = make(profile=profile, lifetime=timedelta(minutes=10))
    with pytest.raises(ConfigurationError, match="lives at most"):
        issuer.issue("client-42", lifetime=timedelta(minutes=10, seconds=1))


# --- what it refuses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"issuer": None}, "issuer must be a non-empty string"),
        ({"issuer": ""}, "issuer must be a non-empty string"),
        ({"issuer": 1}, "issuer must be a non-empty string"),
        ({"issuer": "a\n"}, "issuer must be a non-empty string"),
        ({"issuer": "\ud800"}, "issuer must be a non-empty string"),
        ({"issuer": "", "profile": GENERIC}, "issuer must be a non-empty string"),
        ({"audience": None}, "name their audience"),
        ({"audience": ""}, "audience must be a non-empty string or several"),
        ({"audience": []}, "audience must be a non-empty string or several"),
        ({"audience": [1]}, "audience must be a non-empty string or several"),
        ({"lifetime": None}, "ACCESS_TOKEN tokens expire: give a lifetime"),
        ({"lifetime": 900}, "lifetime must be a datetime.timedelta"),
        ({"lifetime": timedelta(0)}, "lifetime must be positive"),
        ({"lifetime": timedelta(seconds=-1)}, "lifetime must be positive"),
        ({"lifetime": timedelta(milliseconds=999)}, "lifetime must be at least one second"),
        ({"profile": "ACCESS_TOKEN"}, "profile must be a jwtkit Profile"),
        ({"profile": None}, "profile must be a jwtkit Profile"),
        ({"clock": NOW}, "clock must be a callable"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_a_wrong_setting_says_what_to_write(make: Any, wrong: dict[str, Any], words: str) -> None:
    options = dict(wrong)
    with pytest.raises(ConfigurationError, match=words):
        make(options.pop("issuer", ISSUER), **options)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (KEY.verification_key, "a VerificationKey cannot sign"),
        (JWKSet([KEY.verification_key]), "a JWKSet cannot sign"),
        (None, "keys must be a SigningKey or a key store"),
        ("secret", "keys must be a SigningKey or a key store"),
        (StaticKeyStore, "keys must be a SigningKey or a key store"),
        (object(), "keys must be a SigningKey or a key store"),
    ],
    ids=["public key", "JWK Set", "null", "text", "class", "object"],
)
def test_what_cannot_sign_is_refused(keys: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        TokenIssuer(ISSUER, audience=AUDIENCE, keys=keys)


@pytest.mark.parametrize(
    "keys",
    [
        KEY,
        KEY.verification_key,
        JWKSet([KEY.verification_key]),
        StaticKeyStore(KEY),
        Store,
        None,
        AwaitedSigner(),
    ],
    ids=["local key", "public key", "JWK Set", "local store", "class", "null", "signer without a store"],
)
def test_an_async_issuer_takes_async_signers_only(keys: Any) -> None:
    with pytest.raises(ConfigurationError, match="keys must be a store of async signers"):
        AsyncTokenIssuer(ISSUER, audience=AUDIENCE, keys=keys)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"subject": ""}, "subject must be a non-empty string"),
        ({"subject": 42}, "subject must be a non-empty string"),
        ({"subject": "a\n"}, "subject must be a non-empty string"),
        ({"scopes": "orders:read"}, "scopes must be several"),
        ({"scopes": ["a b"]}, "a scope must be printable ASCII"),
        ({"audience": ""}, "audience must be a non-empty string or several"),
        ({"audience": []}, "audience must be a non-empty string or several"),
        ({"lifetime": 5}, "lifetime must be a datetime.timedelta"),
        ({"lifetime": timedelta(milliseconds=999)}, "lifetime must be at least one second"),
        ({"client_id": ""}, "client_id must be a non-empty string"),
        ({"session_id": 1}, "session_id must be a non-empty string"),
        ({"confirmation": ""}, "confirmation must be a thumbprint"),
        ({"confirmation": {"jwk": {}}}, "confirmation must be a thumbprint"),
        ({"claims": [("a", 1)]}, "claims must be a mapping"),
    ],
    ids=str,
)
def test_a_wrong_argument_says_what_to_write(make: Any, options: dict[str, Any], words: str) -> None:
    issuer = make()
    with pytest.raises(ConfigurationError, match=words):
        issuer.issue(**{"subject": "client-42", **options})


@pytest.mark.parametrize("name", sorted(ISSUER_SET_CLAIMS))
def test_registered_claims_have_arguments_of_their_own(make: Any, name: str) -> None:
    issuer = make()
    with pytest.raises(ConfigurationError, match=name) as caught:
        issuer.issue("client-42", claims={name: "x"})
    assert caught.value.code == "issue.registered_claim"


def test_the_claims_of_a_rotator_are_a_callers_to_give(make: Any) -> None:
    assert claims_of(make().issue("client-42", claims={"rtg": 3, "rte": 0}))["rtg"] == 3


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        {1: 2},
        {"a": object()},
        b"a",
        {1, 2},
        "\ud800",
        10**5000,
        datetime.now(UTC),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_has_no_form_for_is_refused_without_being_quoted(make: Any, value: Any) -> None:
    issuer = make()
    with pytest.raises(ConfigurationError) as caught:
        issuer.issue("client-42", claims={"plan": value})
    assert caught.value.code == "claims.json"
    assert "'plan'" in str(caught.value)


def test_what_is_given_is_not_changed(make: Any) -> None:
    claims, scopes, audience = {"plan": ["gold"]}, ["a", "a"], ["x", "y"]
    make().issue("client-42", claims=claims, scopes=scopes, audience=audience)
    assert (claims, scopes, audience) == ({"plan": ["gold"]}, ["a", "a"], ["x", "y"])


# --- signers -----------------------------------------------------------------------------------------


def test_any_store_that_has_a_signer_serves() -> None:
    for keys in (KEY, StaticKeyStore(KEY), Store(KEY)):
        issued = TokenIssuer(ISSUER, audience=AUDIENCE, keys=keys).issue("client-42")
        assert verify_compact(issued.token, KEY)


def test_each_token_is_signed_with_the_key_of_the_moment(make: Any) -> None:
    keys = [SigningKey.generate("HS256", kid=f"k{number}") for number in range(40)]
    asynchronous = isinstance(make(), Awaited)
    store = Store()
    issuer = make(keys=store)
    for _ in range(2):
        for key in keys:
            store.given = AwaitedSigner(key) if asynchronous else key
            issued = issuer.issue("client-42")
            assert header_of(issued)["kid"] == key.kid
            assert verify_compact(issued.token, key).key_id == key.kid


def test_an_async_signer_is_awaited() -> None:
    issuer = AsyncTokenIssuer(ISSUER, audience=AUDIENCE, keys=Store(AwaitedSigner()))

    async def both() -> list[IssuedToken]:
        return list(await asyncio.gather(issuer.issue("a"), issuer.issue("b")))

    issued = asyncio.run(both())
    assert [claims_of(token)["sub"] for token in issued] == ["a", "b"]


@pytest.mark.parametrize("failure", [OSError("hunter2"), ValueError("hunter2"), TimeoutError("hunter2")])
def test_a_signer_that_fails_is_our_outage_and_its_words_stay_inside(failure: Exception) -> None:
    issuers: list[Any] = [
        TokenIssuer(ISSUER, audience=AUDIENCE, keys=Store(Signer(failure))),
        TokenIssuer(ISSUER, audience=AUDIENCE, keys=Store(failure=failure)),
        Awaited(ISSUER, audience=AUDIENCE, keys=Store(AwaitedSigner(failure=failure))),
        Awaited(ISSUER, audience=AUDIENCE, keys=Store(failure=failure)),
    ]
    for issuer in issuers:
        with pytest.raises(KeysUnavailableError) as caught:
            issuer.issue("client-42")
        assert str(caught.value) == f"the signer raised {type(failure).__name__}"
        assert caught.value.__cause__ is failure
        assert caught.value.http_status == 503


def test_our_own_errors_and_interrupts_pass_as_they_are() -> None:
    for failure in (KeysUnavailableError("the vault is sealed"), KeyboardInterrupt()):
        for keys in (Store(Signer(failure)), Store(failure=failure)):
            with pytest.raises(type(failure)) as caught:
                TokenIssuer(ISSUER, audience=AUDIENCE, keys=keys).issue("client-42")
            assert caught.value is failure
            assert caught.value.__cause__ is None


@pytest.mark.parametrize("answer", [None, "signature", bytearray(64), 1])
def test_a_signer_that_gives_no_bytes_is_misconfigured(answer: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"the signer returned {type(answer).__name__}, not bytes"):
        TokenIssuer(ISSUER, audience=AUDIENCE, keys=Store(Signer(answer))).issue("client-42")
    with pytest.raises(ConfigurationError, match=f"the signer returned {type(answer).__name__}, not bytes"):
        Awaited(ISSUER, audience=AUDIENCE, keys=Store(AwaitedSigner(cast(Any, Signer(answer))))).issue(
            "client-42"
        )


def test_signers_of_the_other_kind_are_told_apart() -> None:
    with pytest.raises(ConfigurationError, match="keys must be a store of async signers"):
        Awaited(ISSUER, audience=AUDIENCE, keys=Store(KEY)).issue("client-42")
    pending = AwaitedSigner().sign(b"")
    with pytest.raises(ConfigurationError, match="needs an AsyncTokenIssuer"):
        TokenIssuer(ISSUER, audience=AUDIENCE, keys=Store(Signer(pending))).issue("client-42")
    pending.close()
