"""TokenAuthority: issuer, validator and rotator from one set of settings."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.refresh.kit import Clock, Recorder

from jwtkit.authority import TokenAuthority
from jwtkit.errors import (
    ClaimsError,
    ConfigurationError,
    Failure,
    MalformedTokenError,
    RefreshMismatchError,
    StoreUnavailableError,
    TokenExpiredError,
    TokenRevokedError,
)
from jwtkit.jose import SigningKey
from jwtkit.keys import StaticKeyStore
from jwtkit.refresh import Grant, RefreshPolicy, RotationSecret
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.stores import MemorySessionStore, SQLiteSessionStore
from jwtkit.tokens import RFC9068
from jwtkit.validator import RevocationCache, TokenCache

ISSUER = "https://orders.example"


def make_authority(**changes: Any) -> TokenAuthority:
    values: dict[str, Any] = {
        "audience": "orders-api",
        "keys": SigningKey.generate("ES256"),
        "store": MemorySessionStore(),
        "secret": RotationSecret.generate(),
    }
    return TokenAuthority(ISSUER, **{**values, **changes})


def test_the_three_parts_fit_together() -> None:
    auth = make_authority(lifetime=timedelta(minutes=5), policy=RefreshPolicy(idle=timedelta(days=1)))
    pair = auth.rotator.start("client-42", scopes=["orders:read"])
    assert pair.expires_in == 300
    assert pair.refresh_expires_in == 86_400
    assert auth.validator.validate(pair.access_token).scopes == {"orders:read"}
    assert auth.validator.validate(auth.issuer.issue("client-42").token).subject == "client-42"
    auth.rotator.rotate(pair.refresh_token, access_token=pair.access_token)
    assert repr(auth) == "TokenAuthority('https://orders.example', audience=('orders-api',))"


def test_every_setting_reaches_its_part() -> None:
    clock, recorder = Clock(), Recorder()
    key = SigningKey.generate("ES256")
    auth = make_authority(
        audience=["orders-api", "billing"],
        keys=StaticKeyStore(key),
        store=MemorySessionStore(clock=clock),
        profile=RFC9068,
        leeway=timedelta(0),
        grant=lambda session: Grant(scopes=["granted"]),
        observer=recorder,
        clock=clock,
    )
    assert auth.issuer.audience == ("orders-api", "billing")
    assert auth.issuer.profile is RFC9068
    pair = auth.rotator.start("client-42", client_id="web")
    assert auth.validator.validate(pair.access_token).scopes == {"granted"}
    clock.turn(minutes=15)
    with pytest.raises(TokenExpiredError):
        auth.validator.validate(pair.access_token)
    assert [type(event).__name__ for event in recorder.events] == ["SessionStarted", "TokenRefused"]


@pytest.mark.parametrize("revocation", [True, False])
def test_the_validator_asks_the_store_only_when_told_to(revocation: bool) -> None:
    auth = make_authority(revocation=revocation)
    pair = auth.rotator.start("client-42")
    auth.validator.validate(pair.access_token)
    auth.rotator.revoke(pair.refresh_token)
    if revocation:
        with pytest.raises(TokenRevokedError):
            auth.validator.validate(pair.access_token)
    else:
        auth.validator.validate(pair.access_token)


class CountedStore(MemorySessionStore):
    """Counts the questions about revocation, and answers none once it is down."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock=clock)
        self.asked = 0
        self.down = False

    def status(self, query: RevocationQuery, /) -> RevocationStatus:
        self.asked += 1
        if self.down:
            raise StoreUnavailableError("the store is down")
        return super().status(query)


def test_the_answers_about_revocation_are_kept_for_the_time_that_is_named() -> None:
    clock = Clock()
    store = CountedStore(clock)
    auth = make_authority(store=store, clock=clock, revocation=timedelta(seconds=2))
    pair = auth.rotator.start("client-42")
    auth.validator.validate(pair.access_token)
    auth.rotator.revoke(pair.refresh_token)
    clock.turn(seconds=1)
    auth.validator.validate(pair.access_token)
    assert store.asked == 1
    clock.turn(seconds=1)
    with pytest.raises(TokenRevokedError) as caught:
        auth.validator.validate(pair.access_token)
    assert caught.value.code == "token.revoked"


@pytest.mark.parametrize("on_outage", ["fail_open", "fail_closed"])
def test_a_revocation_cache_made_by_the_caller_is_asked_in_place_of_the_store(on_outage: Any) -> None:
    clock = Clock()
    store = CountedStore(clock)
    cache = RevocationCache(store, max_staleness=timedelta(0), on_outage=on_outage, clock=clock)
    auth = make_authority(store=store, clock=clock, revocation=cache)
    pair = auth.rotator.start("client-42")
    store.down = True
    if on_outage == "fail_open":
        assert auth.validator.validate(pair.access_token).subject == "client-42"
    else:
        with pytest.raises(StoreUnavailableError) as caught:
            auth.validator.validate(pair.access_token)
        assert caught.value.code == "store.unavailable"


@pytest.mark.parametrize("wrong", [None, 2, "yes", RevocationCache, [True]], ids=str)
def test_what_cannot_be_asked_about_revocation_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_authority(revocation=wrong)
    assert caught.value.code == "authority.revocation"


def test_a_negative_staleness_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="max_staleness must not be negative") as caught:
        make_authority(revocation=timedelta(seconds=-1))
    assert caught.value.code == "configuration"


def test_a_token_presented_again_is_found_in_the_cache_and_revoked_all_the_same() -> None:
    cache = TokenCache()
    auth = make_authority(cache=cache, revocation=True)
    pair = auth.rotator.start("client-42")
    first = auth.validator.validate(pair.access_token)
    assert len(cache) == 1
    assert auth.validator.validate(pair.access_token).id == first.id
    auth.rotator.revoke(pair.refresh_token)
    with pytest.raises(TokenRevokedError) as caught:
        auth.validator.validate(pair.access_token)
    assert caught.value.code == "token.revoked"


def test_a_cache_is_for_one_authority() -> None:
    cache = TokenCache()
    make_authority(cache=cache)
    with pytest.raises(ConfigurationError, match="a TokenCache belongs to one validator") as caught:
        make_authority(cache=cache)
    assert caught.value.code == "configuration"


def test_required_claims_and_checks_hold_for_its_tokens() -> None:
    def paid(claims: Any) -> Failure | None:
        return None if claims["plan"] == "gold" else Failure("claim.plan.mismatch", "plan", "gold", "another")

    auth = make_authority(required_claims=["plan"], checks=[paid])
    assert auth.validator.validate(auth.rotator.start("client-42", claims={"plan": "gold"}).access_token)
    for claims, code in (({"plan": "free"}, "claim.plan.mismatch"), ({}, "claim.plan.missing")):
        pair = auth.rotator.start("client-42", claims=claims)
        with pytest.raises(ClaimsError) as caught:
            auth.validator.validate(pair.access_token)
        assert caught.value.code == code
        with pytest.raises(RefreshMismatchError) as refused:
            auth.rotator.rotate(pair.refresh_token, access_token=pair.access_token)
        assert refused.value.code == "refresh.mismatch"


def test_longer_tokens_are_read_when_told_to() -> None:
    claims = {"groups": ["group-of-some-length"] * 1000}
    with pytest.raises(MalformedTokenError) as caught:
        make_authority().validator.validate(make_authority().issuer.issue("client-42", claims=claims).token)
    assert caught.value.code == "token.too_large"
    auth = make_authority(max_token_bytes=65_536)
    assert auth.validator.validate(auth.issuer.issue("client-42", claims=claims).token)


@pytest.mark.parametrize("constructor", ["from_env", "ephemeral"])
def test_the_other_constructors_pass_the_same_on(constructor: str) -> None:
    clock = Clock()
    cache = TokenCache()
    options: dict[str, Any] = {
        "profile": RFC9068,
        "clock": clock,
        "revocation": timedelta(seconds=2),
        "cache": cache,
        "required_claims": ["plan"],
        "checks": [lambda claims: None],
        "max_token_bytes": 2000,
    }
    if constructor == "from_env":
        options["environ"] = {
            "JWTKIT_ISSUER": ISSUER,
            "JWTKIT_AUDIENCE": "orders-api",
            "JWTKIT_KEY": EC_PEM,
            "JWTKIT_ROTATION_SECRET": RotationSecret.generate().to_text(),
        }
        options["store"] = MemorySessionStore(clock=clock)
    auth: TokenAuthority = getattr(TokenAuthority, constructor)(**options)
    pair = auth.rotator.start("client-42", client_id="web", claims={"plan": "gold"})
    auth.validator.validate(pair.access_token)
    assert len(cache) == 1
    auth.rotator.revoke(pair.refresh_token)
    auth.validator.validate(pair.access_token)
    clock.turn(seconds=2)
    for claims, code in (({}, "claim.plan.missing"), ({"plan": "x" * 2000}, "token.too_large")):
        token = auth.issuer.issue("client-42", client_id="web", claims=claims).token
        assert auth.validator.inspect(token).error.code == code  # type: ignore[union-attr]
    with pytest.raises(TokenRevokedError):
        auth.validator.validate(pair.access_token)
    (entry,) = auth.validator.trusted
    assert entry.profile is RFC9068
    assert len(tuple(entry.checks)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"audience": None},
        {"keys": SigningKey.generate("ES256").verification_key},
        {"store": None},
        {"secret": "jkrs1_"},
        {"lifetime": None},
        {"leeway": timedelta(seconds=-1)},
        {"policy": None},
        {"cache": 1000},
        {"required_claims": "plan"},
        {"checks": [1]},
        {"max_token_bytes": 0},
    ],
    ids=str,
)
def test_a_wrong_setting_is_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        make_authority(**wrong)


def test_an_ephemeral_authority_works_at_once() -> None:
    auth = TokenAuthority.ephemeral()
    pair = auth.rotator.start("client-42")
    token = auth.validator.validate(pair.access_token)
    assert (token.issuer, token.audience, token.algorithm) == ("https://localhost", ("test",), "ES256")
    auth.rotator.rotate(pair.refresh_token, access_token=pair.access_token)


def test_two_ephemeral_authorities_share_nothing() -> None:
    one, two = TokenAuthority.ephemeral(), TokenAuthority.ephemeral()
    assert not two.validator.inspect(one.rotator.start("client-42").access_token).ok


def test_an_ephemeral_authority_takes_a_clock_for_all_of_it() -> None:
    clock = Clock()
    auth = TokenAuthority.ephemeral("https://a.example", ["x", "y"], clock=clock, revocation=True)
    pair = auth.rotator.start("client-42")
    clock.turn(days=13)
    pair = auth.rotator.rotate(pair.refresh_token, access_token=pair.access_token)
    assert auth.validator.validate(pair.access_token).issuer == "https://a.example"


class TestFromEnv:
    """Settings from environment variables."""

    @pytest.fixture
    def environ(self, tmp_path: Path) -> dict[str, str]:
        return {
            "JWTKIT_ISSUER": ISSUER,
            "JWTKIT_AUDIENCE": "orders-api, billing",
            "JWTKIT_KEY": EC_PEM,
            "JWTKIT_ROTATION_SECRET": RotationSecret.generate().to_text(),
            "JWTKIT_STORE": str(tmp_path / "sessions.db"),
        }

    def test_everything_by_variables(self, environ: dict[str, str]) -> None:
        auth = TokenAuthority.from_env(environ=environ)
        assert auth.issuer.issuer == ISSUER
        assert auth.issuer.audience == ("orders-api", "billing")
        pair = auth.rotator.start("client-42")
        again = TokenAuthority.from_env(environ=environ)
        again.rotator.rotate(pair.refresh_token, access_token=pair.access_token)

    def test_the_process_environment_is_the_default(
        self, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in environ.items():
            monkeypatch.setenv(name.replace("JWTKIT_", "ORDERS_"), value)
        assert TokenAuthority.from_env("ORDERS_").issuer.issuer == ISSUER

    def test_files_in_place_of_values(self, environ: dict[str, str], tmp_path: Path) -> None:
        key = tmp_path / "key.pem"
        key.write_text(environ.pop("JWTKIT_KEY"))
        environ["JWTKIT_KEY_FILE"] = str(key)
        secret = RotationSecret.from_file(tmp_path / "rotation.secret", create=True)
        del environ["JWTKIT_ROTATION_SECRET"]
        environ["JWTKIT_ROTATION_SECRET_FILE"] = str(tmp_path / "rotation.secret")
        auth = TokenAuthority.from_env(environ=environ)
        row = SQLiteSessionStore(environ["JWTKIT_STORE"]).read(auth.rotator.start("client-42").session_id)
        assert row.family is not None
        assert row.family.key_id == secret.key_id

    def test_a_key_as_jwk(self, environ: dict[str, str]) -> None:
        environ["JWTKIT_KEY"] = JWK
        auth = TokenAuthority.from_env(environ=environ)
        assert auth.validator.validate(auth.issuer.issue("client-42").token).algorithm == "HS256"

    def test_a_key_whose_line_breaks_were_written_out(self, environ: dict[str, str]) -> None:
        environ["JWTKIT_KEY"] = EC_PEM.strip().replace("\n", "\\n")
        TokenAuthority.from_env(environ=environ)

    def test_previous_secrets(self, environ: dict[str, str]) -> None:
        pair = TokenAuthority.from_env(environ=environ).rotator.start("client-42")
        environ["JWTKIT_ROTATION_SECRET_PREVIOUS"] = environ["JWTKIT_ROTATION_SECRET"] + ","
        environ["JWTKIT_ROTATION_SECRET"] = RotationSecret.generate().to_text()
        TokenAuthority.from_env(environ=environ).rotator.rotate(pair.refresh_token)

    def test_a_store_of_ones_own(self, environ: dict[str, str]) -> None:
        del environ["JWTKIT_STORE"]
        store = MemorySessionStore()
        auth = TokenAuthority.from_env(environ=environ, store=store)
        assert store.read(auth.rotator.start("client-42").session_id).family is not None

    def test_everything_missing_is_reported_together(self) -> None:
        with pytest.raises(ConfigurationError) as caught:
            TokenAuthority.from_env(environ={})
        assert caught.value.code == "environment"
        for name in ("ISSUER", "AUDIENCE", "KEY", "KEY_FILE", "ROTATION_SECRET", "STORE"):
            assert f"JWTKIT_{name}" in str(caught.value)

    def test_everything_wrong_is_reported_together_and_no_value_repeated(
        self, environ: dict[str, str], tmp_path: Path
    ) -> None:
        environ = {
            "JWTKIT_ISSUER": "hunter2\x00",
            "JWTKIT_AUDIENCE": ", ,",
            "JWTKIT_KEY": "hunter2",
            "JWTKIT_ROTATION_SECRET": "hunter2",
            "JWTKIT_ROTATION_SECRET_PREVIOUS": "hunter2",
            "JWTKIT_STORE": str(tmp_path / "hunter2.db"),
        }
        with pytest.raises(ConfigurationError) as caught:
            TokenAuthority.from_env(environ=environ)
        for name in environ:
            if name != "JWTKIT_STORE":
                assert f"{name} cannot be used" in str(caught.value)
        assert "hunter2" not in str(caught.value)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("KEY", "{}"),
            ("KEY", '{"kty":"oct"'),
            ("KEY", '{"kty":"\ud800"}'),
            ("KEY_FILE", "absent"),
            ("KEY_FILE", "."),
            ("KEY_FILE", "binary"),
            ("KEY_FILE", "large"),
            ("KEY_FILE", "\x00"),
            ("ROTATION_SECRET_FILE", "absent"),
            ("ROTATION_SECRET_FILE", "open"),
            ("STORE", "absent/sessions.db"),
            ("STORE", "mongodb://user:hunter2@host/sessions"),
        ],
    )
    def test_one_wrong_variable_is_named(
        self,
        environ: dict[str, str],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        name: str,
        value: str,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "binary").write_bytes(b"\xff\xfe")
        (tmp_path / "large").write_text("x" * 70_000)
        (tmp_path / "open").write_text(environ["JWTKIT_ROTATION_SECRET"])
        (tmp_path / "open").chmod(0o644)
        environ.pop(f"JWTKIT_{name.removesuffix('_FILE')}", None)
        environ[f"JWTKIT_{name}"] = value
        with pytest.raises(ConfigurationError) as caught:
            TokenAuthority.from_env(environ=environ)
        assert caught.value.code == "environment"
        assert f"JWTKIT_{name} cannot be used" in str(caught.value)

    @pytest.mark.parametrize("name", ["KEY", "ROTATION_SECRET"])
    def test_a_value_and_a_file_at_once(self, environ: dict[str, str], name: str) -> None:
        environ[f"JWTKIT_{name}_FILE"] = "file"
        with pytest.raises(ConfigurationError, match=f"JWTKIT_{name} and JWTKIT_{name}_FILE are both set"):
            TokenAuthority.from_env(environ=environ)

    def test_an_encrypted_key(self, environ: dict[str, str]) -> None:
        environ["JWTKIT_KEY"] = encrypted_pem("correct horse")
        with pytest.raises(ConfigurationError, match="JWTKIT_KEY cannot be used"):
            TokenAuthority.from_env(environ=environ)
        environ["JWTKIT_KEY_PASSWORD"] = "correct horse"
        TokenAuthority.from_env(environ=environ)

    def test_a_key_that_does_not_say_its_algorithm(self, environ: dict[str, str]) -> None:
        environ["JWTKIT_KEY"] = RSA_PEM
        environ["JWTKIT_KEY_ALGORITHM"] = "PS256"
        auth = TokenAuthority.from_env(environ=environ)
        assert auth.validator.validate(auth.issuer.issue("client-42").token).algorithm == "PS256"

    def test_every_other_setting_is_passed_on(self, environ: dict[str, str]) -> None:
        auth = TokenAuthority.from_env(
            environ=environ,
            store=MemorySessionStore(),
            lifetime=timedelta(minutes=1),
            leeway=timedelta(seconds=1),
            policy=RefreshPolicy(max_sessions=1),
            grant=lambda session: Grant(scopes=["granted"]),
            observer=Recorder(),
            clock=Clock(),
            revocation=False,
        )
        assert auth.rotator.start("client-42").expires_in == 60
        assert auth.validator.leeway == timedelta(seconds=1)


def private_pem(key: Any, password: str | None = None) -> str:
    from cryptography.hazmat.primitives import serialization as s

    encryption = s.NoEncryption() if password is None else s.BestAvailableEncryption(password.encode())
    pem: bytes = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, encryption)
    return pem.decode()


def encrypted_pem(password: str) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec

    return private_pem(ec.generate_private_key(ec.SECP256R1()), password)


def _pems() -> tuple[str, str]:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    return (
        private_pem(ec.generate_private_key(ec.SECP256R1())),
        private_pem(rsa.generate_private_key(65537, 2048)),
    )


EC_PEM, RSA_PEM = _pems()
JWK = '{"kty":"oct","alg":"HS256","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}'
