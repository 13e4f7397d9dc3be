"""Signing and verification keys: made, read, written, shared, and never shown."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from jwtkit.errors import ConfigurationError
from jwtkit.jose import ALGORITHMS, SigningKey, VerificationKey, base64url

EVERY = sorted(ALGORITHMS)
ASYMMETRIC = [name for name in EVERY if not ALGORITHMS[name].symmetric]
SECRET = b"an HMAC secret of thirty-two bytes or more"


def refusal(call: Any, *arguments: Any, **options: Any) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        call(*arguments, **options)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value


# --- what every key is -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in EVERY if ALGORITHMS[name].kty != "RSA"])
def test_the_key_id_is_the_thumbprint_unless_given(name: str) -> None:
    key = SigningKey.generate(name)
    assert key.kid == key.thumbprint() == key.verification_key.kid == key.verification_key.thumbprint()
    assert len(base64url.decode(key.kid)) == 32
    named = SigningKey.generate(name, kid="2026-01")
    assert named.kid == named.verification_key.kid == "2026-01"
    assert named.thumbprint() != "2026-01"


def test_generated_rsa_keys_have_2048_bits() -> None:
    key = SigningKey.generate("RS256")
    assert len(key.sign(b"")) == 256
    assert key.verification_key.to_jwk()["e"] == "AQAB"
    assert key.kid == key.thumbprint()


@pytest.mark.parametrize("kid", ["", "a\n", "\x00", "\x7f", "\x85", "k" * 513, 1, b"kid", "\ud800"])
def test_other_key_ids_are_refused(kid: Any) -> None:
    assert refusal(SigningKey.from_secret, SECRET, kid=kid).code == "key.kid"
    jwk = {**SigningKey.from_secret(SECRET).unsafe_to_jwk(), "kid": kid}
    assert refusal(VerificationKey.from_jwk, jwk).code == "key.kid"


def test_key_ids_may_be_long_and_foreign() -> None:
    assert SigningKey.from_secret(SECRET, kid="k" * 512).kid == "k" * 512
    assert SigningKey.from_secret(SECRET, kid="schlüssel/1 №2").kid == "schlüssel/1 №2"


@pytest.mark.parametrize(
    ("last_allowed", "first_refused"),
    [(" ", "\x1f"), ("~", "\x7f"), ("\xa0", "\x9f"), ("\ud7ff", "\ud800"), ("\ue000", "\udfff")],
)
def test_key_ids_hold_everything_but_control_characters_and_surrogates(
    last_allowed: str, first_refused: str
) -> None:
    assert SigningKey.from_secret(SECRET, kid=last_allowed).kid == last_allowed
    assert refusal(SigningKey.from_secret, SECRET, kid=first_refused).code == "key.kid"


@pytest.mark.parametrize("name", EVERY)
def test_keys_cannot_be_changed(name: str, signing_keys: dict[str, SigningKey]) -> None:
    for key in (signing_keys[name], signing_keys[name].verification_key):
        for attribute in ("alg", "kid", "verify", "sign", "anything"):
            with pytest.raises(AttributeError):
                setattr(key, attribute, "none")
            with pytest.raises(AttributeError):
                delattr(key, attribute)
        assert not hasattr(key, "__dict__")


@pytest.mark.parametrize("make", [SigningKey, VerificationKey])
def test_the_constructors_say_which_to_use(make: Any) -> None:
    for arguments in ((), (SECRET,)):
        error = refusal(make, *arguments)
        assert error.code == "key.constructor"
        assert "from_pem" in str(error)


@pytest.mark.parametrize("name", EVERY)
def test_nothing_secret_is_shown(name: str, signing_keys: dict[str, SigningKey]) -> None:
    key = signing_keys[name]
    private = ALGORITHMS[name].key_type.private_names
    secrets = [value for member, value in key.unsafe_to_jwk().items() if member in private]
    assert secrets
    shown = "".join(map(repr, (key, key.verification_key))) + f"{key} {key.verification_key}"
    assert not any(secret in shown for secret in secrets)
    assert name in shown
    assert key.kid in shown


@pytest.mark.parametrize("name", EVERY)
def test_signing_keys_are_never_pickled(name: str, signing_keys: dict[str, SigningKey]) -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(signing_keys[name])


@pytest.mark.parametrize("name", ASYMMETRIC)
def test_public_keys_survive_pickling(name: str, signing_keys: dict[str, SigningKey]) -> None:
    key = signing_keys[name].verification_key
    again = pickle.loads(pickle.dumps(key))
    assert again == key
    assert hash(again) == hash(key)
    assert again.verify(b"message", signing_keys[name].sign(b"message"))


def test_shared_secrets_are_never_pickled(signing_keys: dict[str, SigningKey]) -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(signing_keys["HS256"].verification_key)


@pytest.mark.parametrize("name", EVERY)
def test_a_copy_is_the_key_itself(name: str, signing_keys: dict[str, SigningKey]) -> None:
    for key in (signing_keys[name], signing_keys[name].verification_key):
        assert copy.copy(key) is key
        assert copy.deepcopy([key])[0] is key


def test_verification_keys_are_equal_by_what_they_are(signing_keys: dict[str, SigningKey]) -> None:
    jwk = signing_keys["RS256"].verification_key.to_jwk()
    key = VerificationKey.from_jwk(jwk)
    assert key == signing_keys["RS256"].verification_key
    assert len({key, signing_keys["RS256"].verification_key}) == 1
    assert key != VerificationKey.from_jwk({**jwk, "alg": "RS384"})
    assert key != VerificationKey.from_jwk({**jwk, "kid": "other"})
    assert key != SigningKey.generate("ES256", kid=key.kid).verification_key
    assert key != "key"
    assert hash(key) != hash(SigningKey.generate("ES256").verification_key)


def test_signing_keys_are_equal_to_themselves_only() -> None:
    key = SigningKey.from_secret(SECRET)
    assert key == key
    assert key != SigningKey.from_secret(SECRET)


@pytest.mark.parametrize("name", ["HS256", "RS256", "ES256", "Ed25519", "ML-DSA-44"])
def test_one_key_serves_many_threads(name: str, signing_keys: dict[str, SigningKey]) -> None:
    key = signing_keys[name]
    messages = [b"message %d" % number for number in range(60)]
    with ThreadPoolExecutor(4) as pool:
        signatures = list(pool.map(key.sign, messages))
        assert all(pool.map(key.verification_key.verify, messages, signatures))
        assert not any(pool.map(key.verification_key.verify, messages, signatures[1:]))


# --- EdDSA -------------------------------------------------------------------------------------------


def test_eddsa_signs_under_its_own_name_and_verifies_under_the_curves() -> None:
    """RFC 9864 §2.2 deprecates the polymorphic name."""
    key = SigningKey.generate("EdDSA")
    assert (key.alg, key.verification_key.alg) == ("EdDSA", "Ed25519")
    assert SigningKey.from_jwk(key.unsafe_to_jwk()).alg == "EdDSA"
    ed448 = SigningKey.generate("Ed448")
    as_eddsa = SigningKey.from_pem(ed448.unsafe_to_pem(), alg="EdDSA")
    assert (as_eddsa.alg, as_eddsa.verification_key.alg) == ("EdDSA", "Ed448")
    assert as_eddsa.verification_key == ed448.verification_key


def test_an_eddsa_jwk_goes_by_its_curve(signing_keys: dict[str, SigningKey]) -> None:
    for name in ("Ed25519", "Ed448"):
        jwk = {**signing_keys[name].verification_key.to_jwk(), "alg": "EdDSA"}
        assert VerificationKey.from_jwk(jwk).alg == name
        del jwk["alg"]
        assert VerificationKey.from_jwk(jwk).alg == name
        assert VerificationKey.from_jwk(jwk, alg="EdDSA").alg == name
        private = signing_keys[name].unsafe_to_jwk()
        del private["alg"]
        assert SigningKey.from_jwk(private, alg="EdDSA").alg == "EdDSA"
        assert SigningKey.from_jwk(private).alg == name


# --- PEM ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("password", [None, "pässword", b"bytes"])
@pytest.mark.parametrize("name", ASYMMETRIC)
def test_private_pem_round_trip(name: str, password: Any, signing_keys: dict[str, SigningKey]) -> None:
    key = signing_keys[name]
    pem = key.unsafe_to_pem(password=password)
    assert ("ENCRYPTED" in pem) == (password is not None)
    for data in (pem, pem.encode()):
        again = SigningKey.from_pem(data, alg=name, password=password, kid="k")
        assert (again.alg, again.kid, again.thumbprint()) == (name, "k", key.thumbprint())


@pytest.mark.parametrize("name", ASYMMETRIC)
def test_public_pem_is_read(name: str, signing_keys: dict[str, SigningKey]) -> None:
    native = signing_keys[name].verification_key._public
    pem = native.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for data in (pem, pem.decode()):
        assert VerificationKey.from_pem(data, alg=name) == signing_keys[name].verification_key
        assert VerificationKey.from_pem(data, alg=name, kid="k").kid == "k"


def test_older_pem_forms_are_read() -> None:
    """PKCS#1, SEC1, and SEC1 with the parameters block that OpenSSL writes before it."""
    big = rsa.generate_private_key(65537, 2048)
    pkcs1 = big.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    key = SigningKey.from_pem(pkcs1, alg="PS256")
    public = big.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1)
    assert VerificationKey.from_pem(public, alg="PS256") == key.verification_key
    small = ec.generate_private_key(ec.SECP256R1())
    sec1 = small.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    for data in (sec1, parameters + sec1):
        assert SigningKey.from_pem(data).alg == "ES256"
    old = big.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"pw"))
    assert SigningKey.from_pem(old, alg="RS256", password="pw").thumbprint() == key.thumbprint()


def certificate(private: Any) -> bytes:
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    start = datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start.replace(year=2027))
    return builder.sign(private, hashes.SHA256()).public_bytes(Encoding.PEM)


def test_the_key_of_a_certificate_is_read() -> None:
    private = ec.generate_private_key(ec.SECP384R1())
    pem = certificate(private)
    key = VerificationKey.from_pem(pem)
    assert key.alg == "ES384"
    error = refusal(SigningKey.from_pem, pem)
    assert error.code == "key.public"
    assert "VerificationKey.from_pem" in str(error)
    assert refusal(VerificationKey.from_pem, pem[:80] + pem[-40:]).code == "key.malformed"


def test_the_wrong_half_is_refused_with_the_next_step(signing_keys: dict[str, SigningKey]) -> None:
    key = signing_keys["ES256"]
    error = refusal(VerificationKey.from_pem, key.unsafe_to_pem())
    assert error.code == "key.private"
    assert "verification_key" in str(error)
    public = key.verification_key._public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    error = refusal(SigningKey.from_pem, public)
    assert error.code == "key.public"
    assert "VerificationKey" in str(error)


@pytest.mark.parametrize(
    "data",
    [
        "",
        "nonsense",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----",
        b"\xff\xfe",
        "\ud800",
        None,
        1,
    ],
)
def test_text_that_is_no_pem_is_refused(data: Any) -> None:
    assert refusal(SigningKey.from_pem, data).code == "key.malformed"


@pytest.mark.parametrize(
    "data",
    [
        "",
        "nonsense",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        b"\xff",
        None,
    ],
)
def test_text_that_is_no_public_pem_is_refused(data: Any) -> None:
    assert refusal(VerificationKey.from_pem, data).code == "key.malformed"


def test_passwords_are_needed_exactly_where_there_is_encryption(signing_keys: dict[str, SigningKey]) -> None:
    key = signing_keys["Ed25519"]
    plain, sealed = key.unsafe_to_pem(), key.unsafe_to_pem(password="right")
    missing = refusal(SigningKey.from_pem, sealed)
    assert missing.code == "key.password"
    assert "password=" in str(missing)
    wrong = refusal(SigningKey.from_pem, sealed, password="wrong horse")
    assert wrong.code == "key.password"
    assert "wrong horse" not in str(wrong)
    assert refusal(SigningKey.from_pem, plain, password="right").code == "key.password"
    for other in (1, ["right"], "\ud800"):
        assert refusal(SigningKey.from_pem, sealed, password=other).code == "key.password"
        assert refusal(key.unsafe_to_pem, password=other).code == "key.password"
    for empty in ("", b"", "x" * 1024):
        assert refusal(key.unsafe_to_pem, password=empty).code == "key.password"
    for edge in ("x", "x" * 1023):
        sealed = key.unsafe_to_pem(password=edge)
        assert SigningKey.from_pem(sealed, password=edge).kid == key.thumbprint()


def test_pem_keys_that_cannot_sign_are_refused() -> None:
    private = x25519.X25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert refusal(SigningKey.from_pem, pem).code == "key.algorithm"
    assert refusal(SigningKey.from_pem, pem, alg="Ed25519").code == "key.algorithm"
    other = ec.generate_private_key(ec.SECP224R1())
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert refusal(SigningKey.from_pem, pem, alg="ES256").code == "key.algorithm"


def test_an_rsa_pem_must_be_told_its_algorithm(signing_keys: dict[str, SigningKey]) -> None:
    error = refusal(SigningKey.from_pem, signing_keys["RS256"].unsafe_to_pem())
    assert error.code == "key.algorithm"
    assert "PS512" in str(error)
    assert (
        refusal(SigningKey.from_pem, signing_keys["RS256"].unsafe_to_pem(), alg="RS1").code == "key.algorithm"
    )


# --- secrets -----------------------------------------------------------------------------------------


def test_a_secret_may_be_text() -> None:
    assert (
        SigningKey.from_secret("ü" * 16).thumbprint() == SigningKey.from_secret(b"\xc3\xbc" * 16).thumbprint()
    )


@pytest.mark.parametrize("data", [None, 1, bytearray(SECRET), ["k" * 32], "\ud800" * 40])
def test_other_secrets_are_refused(data: Any) -> None:
    assert refusal(SigningKey.from_secret, data).code == "key.malformed"


@pytest.mark.parametrize("alg", ["RS256", "ES256", "none", None])
def test_a_secret_is_for_hmac_only(alg: Any) -> None:
    assert refusal(SigningKey.from_secret, SECRET, alg).code == "key.algorithm"


def test_a_secret_leaves_only_by_the_unsafe_door() -> None:
    key = SigningKey.from_secret(SECRET, kid="k")
    for call in (key.verification_key.to_jwk, key.unsafe_to_pem):
        error = refusal(call)
        assert error.code == "key.secret"
        assert "unsafe_to_jwk" in str(error)
    jwk = {"k": base64url.encode(SECRET), "kty": "oct", "kid": "k", "alg": "HS256", "use": "sig"}
    assert key.unsafe_to_jwk() == key.verification_key.unsafe_to_jwk() == jwk
    assert VerificationKey.from_jwk(jwk) == key.verification_key
    assert key.symmetric
    assert key.verification_key.symmetric


# --- JWK ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
def test_jwk_round_trip(name: str, signing_keys: dict[str, SigningKey]) -> None:
    key = signing_keys[name]
    again = SigningKey.from_jwk(key.unsafe_to_jwk())
    assert (again.alg, again.kid) == (key.alg, key.kid)
    assert again.verification_key == key.verification_key
    assert again.verification_key.verify(b"message", key.sign(b"message"))


@pytest.mark.parametrize("name", ASYMMETRIC)
def test_a_public_jwk_holds_nothing_private(name: str, signing_keys: dict[str, SigningKey]) -> None:
    key = signing_keys[name].verification_key
    jwk = key.to_jwk()
    assert not ALGORITHMS[name].key_type.private_names & set(jwk)
    assert (jwk["kid"], jwk["alg"], jwk["use"]) == (key.kid, key.alg, "sig")
    assert VerificationKey.from_jwk(jwk) == key
    jwk["kid"] = "changed"
    assert key.to_jwk()["kid"] == key.kid


@pytest.mark.parametrize("name", ASYMMETRIC)
def test_a_jwk_of_the_wrong_half_is_refused(name: str, signing_keys: dict[str, SigningKey]) -> None:
    key = signing_keys[name]
    error = refusal(VerificationKey.from_jwk, key.unsafe_to_jwk())
    assert error.code == "key.private"
    error = refusal(SigningKey.from_jwk, key.verification_key.to_jwk())
    assert error.code == "key.public"
    for foreign in ("d", "k", "priv", "oth"):
        jwk = {**key.verification_key.to_jwk(), foreign: "AA"}
        assert refusal(VerificationKey.from_jwk, jwk).code == "key.private"


def test_an_rsa_jwk_without_its_factors_is_completed(rsa_jwk: dict[str, Any]) -> None:
    short = {name: rsa_jwk[name] for name in ("kty", "n", "e", "d")}
    key = SigningKey.from_jwk(short, alg="RS256")
    assert {key.unsafe_to_jwk()[name] for name in ("p", "q")} == {rsa_jwk["p"], rsa_jwk["q"]}


def other_private(name: str) -> str:
    """Return the private member of some other key of the algorithm."""
    jwk = SigningKey.generate(name).unsafe_to_jwk()
    return str(jwk.get("priv") or jwk.get("d"))


@pytest.mark.parametrize("name", ["ES256", "ES512", "ES256K", "Ed25519", "Ed448", "ML-DSA-44", "ML-DSA-87"])
def test_a_private_part_of_another_key_is_refused(name: str, signing_keys: dict[str, SigningKey]) -> None:
    jwk = signing_keys[name].unsafe_to_jwk()
    jwk["priv" if ALGORITHMS[name].kty == "AKP" else "d"] = other_private(name)
    assert refusal(SigningKey.from_jwk, jwk).code == "key.mismatch"


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi"])
def test_an_rsa_key_whose_parts_disagree_is_refused(member: str, rsa_jwk: dict[str, Any]) -> None:
    number = int.from_bytes(base64url.decode(rsa_jwk[member]), "big") - 2
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    jwk = {**rsa_jwk, member: base64url.encode(data)}
    assert refusal(SigningKey.from_jwk, jwk).code == "key.mismatch"


def test_an_rsa_key_without_factors_that_does_not_match_is_refused(rsa_jwk: dict[str, Any]) -> None:
    jwk = {"kty": "RSA", "n": rsa_jwk["n"], "e": rsa_jwk["e"], "d": rsa_jwk["p"]}
    assert refusal(SigningKey.from_jwk, jwk).code == "key.mismatch"


def test_rsa_members_come_all_or_none(rsa_jwk: dict[str, Any]) -> None:
    for member in ("p", "q", "dp", "dq", "qi"):
        jwk = {name: value for name, value in rsa_jwk.items() if name != member}
        assert refusal(SigningKey.from_jwk, jwk).code == "key.malformed"
    assert refusal(SigningKey.from_jwk, {**rsa_jwk, "oth": []}).code == "key.malformed"
    too_large = {**rsa_jwk, "d": base64url.encode(b"\xff" * 257)}
    assert refusal(SigningKey.from_jwk, too_large).code == "key.malformed"


def pad(text: str) -> str:
    """Return the same integer with a zero byte before it."""
    return base64url.encode(b"\0" + base64url.decode(text))


MALFORMED: list[tuple[str, dict[str, Any]]] = [
    ("RS256", {"n": None}),
    ("RS256", {"n": ""}),
    ("RS256", {"n": 5}),
    ("RS256", {"e": "AQAB="}),
    ("RS256", {"e": "AAEAAQ"}),
    ("RS256", {"e": ""}),
    ("ES256", {"x": "AA"}),
    ("ES256", {"y": "AA"}),
    ("ES256", {"x": base64url.encode(bytes(33))}),
    ("ES256", {"x": base64url.encode(bytes(32))}),
    ("ES256", {"x": base64url.encode(b"\xff" * 32)}),
    ("ES256", {"y": ["A"]}),
    ("Ed25519", {"x": base64url.encode(bytes(31))}),
    ("Ed448", {"x": base64url.encode(bytes(58))}),
    ("ML-DSA-65", {"pub": base64url.encode(bytes(1951))}),
    ("ML-DSA-65", {"pub": "!"}),
    ("ES256", {"kty": 1}),
    ("ES256", {"crv": ["P-256"]}),
    ("ES256", {"alg": None}),
    ("ES256", {"use": 1}),
    ("ES256", {"key_ops": "verify"}),
    ("ES256", {"key_ops": [1]}),
    ("ES256", {"key_ops": [["verify"]]}),
    ("ES256", {"key_ops": ["verify", "verify"]}),
]


@pytest.mark.parametrize(("name", "change"), MALFORMED, ids=repr)
def test_malformed_members_are_refused(
    name: str, change: dict[str, Any], signing_keys: dict[str, SigningKey]
) -> None:
    jwk = {**signing_keys[name].verification_key.to_jwk(), **change}
    assert refusal(VerificationKey.from_jwk, jwk).code == "key.malformed"


@pytest.mark.parametrize("member", ["x", "y"])
def test_a_coordinate_has_one_spelling(member: str, signing_keys: dict[str, SigningKey]) -> None:
    jwk = signing_keys["ES256"].verification_key.to_jwk()
    assert refusal(VerificationKey.from_jwk, {**jwk, member: pad(jwk[member])}).code == "key.malformed"


@pytest.mark.parametrize("name", ["RS256", "ES256", "Ed25519", "ML-DSA-44"])
def test_missing_members_are_refused(name: str, signing_keys: dict[str, SigningKey]) -> None:
    key = signing_keys[name]
    public, private = key.verification_key.to_jwk(), key.unsafe_to_jwk()
    for member in set(public) - {"alg", "use", "kid", "crv"}:
        jwk = {other: value for other, value in public.items() if other != member}
        assert refusal(VerificationKey.from_jwk, jwk).code == "key.malformed"
        jwk = {other: value for other, value in private.items() if other != member}
        assert refusal(SigningKey.from_jwk, jwk).code == "key.malformed"


@pytest.mark.parametrize(
    ("name", "member"), [("ES256", "d"), ("ES512", "d"), ("Ed25519", "d"), ("ML-DSA-44", "priv")]
)
def test_private_members_have_one_length(name: str, member: str, signing_keys: dict[str, SigningKey]) -> None:
    jwk = signing_keys[name].unsafe_to_jwk()
    for text in (pad(jwk[member]), base64url.encode(base64url.decode(jwk[member])[1:]), ""):
        assert refusal(SigningKey.from_jwk, {**jwk, member: text}).code == "key.malformed"


@pytest.mark.parametrize("scalar", [bytes(32), b"\xff" * 32])
def test_an_ec_scalar_out_of_range_is_refused(scalar: bytes, signing_keys: dict[str, SigningKey]) -> None:
    jwk = {**signing_keys["ES256"].unsafe_to_jwk(), "d": base64url.encode(scalar)}
    assert refusal(SigningKey.from_jwk, jwk).code == "key.malformed"


@pytest.mark.parametrize("jwk", [None, "{}", [], b"{}", 1])
def test_a_jwk_is_a_mapping(jwk: Any) -> None:
    for read in (SigningKey.from_jwk, VerificationKey.from_jwk):
        assert refusal(read, jwk).code == "key.malformed"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"use": "enc"}, "key.use"),
        ({"use": "SIG"}, "key.use"),
        ({"key_ops": []}, "key.use"),
        ({"key_ops": ["sign"]}, "key.use"),
        ({"key_ops": ["encrypt", "wrapKey"]}, "key.use"),
        ({"kty": "XYZ"}, "key.unsupported"),
        ({"kty": "ec"}, "key.unsupported"),
        ({"crv": "P-257"}, "key.unsupported"),
        ({"crv": "X25519"}, "key.unsupported"),
        ({"alg": "ECDH-ES"}, "key.unsupported"),
        ({"alg": "none"}, "key.unsupported"),
        ({"alg": "ES384"}, "key.algorithm"),
        ({"alg": "HS256"}, "key.algorithm"),
        ({"alg": "EdDSA"}, "key.algorithm"),
    ],
    ids=repr,
)
def test_use_operations_and_algorithm_are_honoured(
    change: dict[str, Any], code: str, signing_keys: dict[str, SigningKey]
) -> None:
    jwk = {**signing_keys["ES256"].verification_key.to_jwk(), **change}
    assert refusal(VerificationKey.from_jwk, jwk).code == code


def test_operations_are_those_of_the_half(signing_keys: dict[str, SigningKey]) -> None:
    private, public = signing_keys["ES256"].unsafe_to_jwk(), signing_keys["ES256"].verification_key.to_jwk()
    assert VerificationKey.from_jwk({**public, "key_ops": ["verify", "x"]}).alg == "ES256"
    assert SigningKey.from_jwk({**private, "key_ops": ["sign"]}).alg == "ES256"
    assert refusal(SigningKey.from_jwk, {**private, "key_ops": ["verify"]}).code == "key.use"
    assert refusal(SigningKey.from_jwk, {**private, "use": "enc"}).code == "key.use"


def test_a_jwk_without_algorithm_gets_the_one_that_fits(signing_keys: dict[str, SigningKey]) -> None:
    for name in ("ES256", "ES384", "ES512", "ES256K", "Ed25519", "Ed448", "RS256"):
        jwk = signing_keys[name].verification_key.to_jwk()
        del jwk["alg"]
        assert VerificationKey.from_jwk(jwk).alg == name
    jwk = signing_keys["PS512"].verification_key.to_jwk()
    del jwk["alg"]
    assert VerificationKey.from_jwk(jwk, alg="PS512").alg == "PS512"
    assert refusal(VerificationKey.from_jwk, jwk, alg="ES256").code == "key.algorithm"
    assert refusal(VerificationKey.from_jwk, jwk, alg="nope").code == "key.algorithm"


def test_the_algorithm_asked_for_must_be_the_jwks_own(signing_keys: dict[str, SigningKey]) -> None:
    jwk = signing_keys["RS256"].verification_key.to_jwk()
    assert VerificationKey.from_jwk(jwk, alg="RS256").alg == "RS256"
    assert refusal(VerificationKey.from_jwk, jwk, alg="PS256").code == "key.algorithm"
    jwk = signing_keys["ES256"].verification_key.to_jwk()
    del jwk["alg"]
    assert refusal(VerificationKey.from_jwk, jwk, alg="ES384").code == "key.algorithm"
    jwk = signing_keys["Ed25519"].verification_key.to_jwk()
    assert VerificationKey.from_jwk(jwk, alg="EdDSA").alg == "Ed25519"
    for other in ("ES256", "Ed448"):
        assert refusal(VerificationKey.from_jwk, jwk, alg=other).code == "key.algorithm"


def test_secrets_and_mldsa_keys_must_name_their_algorithm(signing_keys: dict[str, SigningKey]) -> None:
    jwk = signing_keys["HS256"].unsafe_to_jwk()
    del jwk["alg"]
    error = refusal(SigningKey.from_jwk, jwk)
    assert error.code == "key.algorithm"
    assert "HS256" in str(error)
    assert SigningKey.from_jwk(jwk, alg="HS256").alg == "HS256"
    jwk = signing_keys["ML-DSA-44"].verification_key.to_jwk()
    del jwk["alg"]
    assert refusal(VerificationKey.from_jwk, jwk, alg="ML-DSA-44").code == "key.malformed"


def test_coordinates_are_written_at_full_size() -> None:
    """A coordinate with a leading zero byte keeps it (RFC 7518 §6.2.1.2)."""
    for number in range(1, 2000):
        private = ec.derive_private_key(number, ec.SECP256R1())
        if private.public_key().public_numbers().x >> 248 == 0:
            break
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    jwk = SigningKey.from_pem(pem).unsafe_to_jwk()
    assert {len(base64url.decode(jwk[name])) for name in ("x", "y", "d")} == {32}
    assert SigningKey.from_jwk(jwk).alg == "ES256"


def test_a_library_without_the_algorithm_is_a_configuration_error(
    monkeypatch: pytest.MonkeyPatch, signing_keys: dict[str, SigningKey]
) -> None:
    """Some builds of the cryptography libraries lack ML-DSA."""
    from cryptography.exceptions import UnsupportedAlgorithm

    def unsupported(*_: object) -> None:
        raise UnsupportedAlgorithm("not in this build")

    monkeypatch.setattr(mldsa.MLDSA44PrivateKey, "generate", unsupported)
    monkeypatch.setattr(mldsa.MLDSA44PublicKey, "from_public_bytes", unsupported)
    key = signing_keys["ML-DSA-44"]
    assert refusal(SigningKey.generate, "ML-DSA-44").code == "key.unsupported"
    assert refusal(SigningKey.from_jwk, key.unsafe_to_jwk()).code == "key.unsupported"
    assert refusal(VerificationKey.from_jwk, key.verification_key.to_jwk()).code == "key.unsupported"


def test_ed25519_public_half_of_pem_is_checked() -> None:
    public = ed25519.Ed25519PublicKey.from_public_bytes(bytes(32))
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert refusal(VerificationKey.from_pem, pem).code == "key.weak"
