"""Keys an attacker could use or break are refused when they are loaded."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from jwtkit.errors import ConfigurationError
from jwtkit.jose import SigningKey, VerificationKey, base64url
from jwtkit.jose.key_types.rsa_strength import MAX_BITS, MIN_BITS, check_rsa_numbers

SMALL_PRIMES = [p for p in range(3, 168) if all(p % q for q in range(2, p))]
P25519 = 2**255 - 19
P448 = 2**448 - 2**224 - 1


def rsa_refusal(modulus: int, exponent: int = 65537) -> str:
    with pytest.raises(ConfigurationError) as caught:
        check_rsa_numbers(modulus, exponent)
    assert caught.value.code == "key.weak"
    return str(caught.value)


@pytest.fixture(scope="module")
def modulus(rsa_jwk: dict[str, Any]) -> int:
    return int.from_bytes(base64url.decode(rsa_jwk["n"]), "big")


@pytest.mark.parametrize("exponent", [3, 5, 17, 65537, 2**64 - 1])
def test_sane_exponents_are_taken(modulus: int, exponent: int) -> None:
    check_rsa_numbers(modulus, exponent)


@pytest.mark.parametrize("exponent", [0, 1, 2, 4, 65536, 2**64 + 1, 2**100 + 1])
def test_other_exponents_are_refused(modulus: int, exponent: int) -> None:
    assert "exponent" in rsa_refusal(modulus, exponent)


def test_the_length_is_bounded_on_both_sides(modulus: int) -> None:
    assert "2047 bits" in rsa_refusal(modulus >> 1 | 1)
    assert f"at most {MAX_BITS}" in rsa_refusal(1 << MAX_BITS | 1)
    assert MIN_BITS == 2048
    longest = next(
        number
        for number in range((1 << MAX_BITS) - 1, 0, -2)
        if all(number % prime for prime in SMALL_PRIMES)
    )
    assert longest.bit_length() == MAX_BITS
    check_rsa_numbers(longest, 65537)


def test_short_keys_are_refused_in_every_form() -> None:
    private = rsa.generate_private_key(65537, 1024)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    numbers = private.public_key().public_numbers()
    jwk = {"kty": "RSA", "n": base64url.encode(numbers.n.to_bytes(128, "big")), "e": "AQAB"}
    for load in (
        lambda: SigningKey.from_pem(pem, alg="RS256"),
        lambda: VerificationKey.from_pem(public, alg="PS256"),
        lambda: VerificationKey.from_jwk(jwk),
    ):
        with pytest.raises(ConfigurationError) as caught:
            load()
        assert caught.value.code == "key.weak"


@pytest.mark.parametrize("factor", [2, 3, 101, 167])
def test_a_modulus_with_a_small_factor_is_refused(modulus: int, factor: int) -> None:
    assert "small factor" in rsa_refusal(modulus - modulus % factor)
    assert "small factor" in rsa_refusal(modulus * factor)


def test_the_roca_fingerprint_is_refused() -> None:
    """A modulus that is a power of 65537 modulo every small prime, as the vulnerable library made them."""
    product = 2
    for prime in SMALL_PRIMES:
        product *= prime
    modulus = pow(65537, 12345, product) + product * (1 << (2047 - product.bit_length() + 1))
    modulus += product * (modulus % 2 == 0)
    assert modulus.bit_length() >= 2048
    assert "ROCA" in rsa_refusal(modulus)


def test_one_prime_outside_the_roca_subgroup_clears_a_key() -> None:
    """Prime 11: the powers of 65537 are 1 and 10 only; 2 is not among them."""
    product = 1
    for prime in SMALL_PRIMES:
        product *= prime
    like_roca = pow(65537, 12345, product)
    rest = product // 11
    other = like_roca + rest * ((2 - like_roca) * pow(rest, -1, 11) % 11)
    modulus = other + product * 2 * (1 << (2048 - product.bit_length()))
    check_rsa_numbers(modulus + product * (modulus % 2 == 0), 65537)


def edwards_refusal(curve: str, encoded: bytes) -> str:
    with pytest.raises(ConfigurationError) as caught:
        VerificationKey.from_jwk({"kty": "OKP", "crv": curve, "x": base64url.encode(encoded)})
    return caught.value.code


def order_eight_y() -> list[int]:
    """Return y of the points of order 8: doubling one gives y = 0, so d*y**4 + 2*y**2 - 1 = 0."""
    d = -121665 * pow(121666, -1, P25519) % P25519
    found = []
    root = square_root((1 + d) % P25519)
    assert root is not None
    for sign in (1, -1):
        y = square_root((-1 + sign * root) * pow(d, -1, P25519) % P25519)
        if y is not None:
            found += [y, P25519 - y]
    return found


def square_root(value: int) -> int | None:
    candidate = pow(value, (P25519 + 3) // 8, P25519)
    for factor in (1, pow(2, (P25519 - 1) // 4, P25519)):
        if (candidate * factor) ** 2 % P25519 == value:
            return candidate * factor % P25519
    return None


def test_points_of_small_order_on_ed25519_are_refused() -> None:
    """All eight of them, with either sign bit."""
    eight = order_eight_y()
    assert len(eight) == 2
    for y in (0, 1, P25519 - 1, *eight):
        for sign in (0, 1 << 255):
            assert edwards_refusal("Ed25519", (y | sign).to_bytes(32, "little")) == "key.weak"


def test_points_of_small_order_on_ed448_are_refused() -> None:
    """All four of them, with either sign bit."""
    for y in (0, 1, P448 - 1):
        for sign in (0, 1 << 455):
            assert edwards_refusal("Ed448", (y | sign).to_bytes(57, "little")) == "key.weak"


@pytest.mark.parametrize(
    ("curve", "size", "y"),
    [
        ("Ed25519", 32, P25519),
        ("Ed25519", 32, P25519 + 1),
        ("Ed25519", 32, 2**255 - 1),
        ("Ed448", 57, P448),
        ("Ed448", 57, P448 + 1),
        ("Ed448", 57, 2**455 - 1),
        ("Ed448", 57, 1 << 448),
    ],
)
def test_a_second_encoding_of_a_point_is_refused(curve: str, size: int, y: int) -> None:
    """RFC 8032 §5.1.3, §5.2.3: y must be below p, and the unused bits zero."""
    assert edwards_refusal(curve, y.to_bytes(size, "little")) == "key.malformed"


@pytest.mark.parametrize(("curve", "size"), [("Ed25519", 32), ("Ed448", 57)])
def test_about_half_of_all_y_are_no_points(curve: str, size: int) -> None:
    outcomes = set()
    for y in range(2, 20):
        try:
            VerificationKey.from_jwk(
                {"kty": "OKP", "crv": curve, "x": base64url.encode(y.to_bytes(size, "little"))}
            )
        except ConfigurationError as error:
            outcomes.add(error.code)
        else:
            outcomes.add("taken")
    assert outcomes == {"taken", "key.malformed"}


@pytest.mark.parametrize("curve", [ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey])
def test_every_generated_edwards_key_is_taken(curve: Any) -> None:
    for _ in range(20):
        pem = curve.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        assert VerificationKey.from_pem(pem).kty == "OKP"


def keys_as_text() -> list[bytes]:
    """Return the texts and encodings of public and private keys that end up as HMAC secrets by mistake."""
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key()
    jwk = b'{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"}'
    large = rsa.generate_private_key(65537, 2048)
    return [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        b"  \n" + public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
        large.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1),
        large.private_bytes(Encoding.DER, PrivateFormat.PKCS8, _encrypted()),
        _certificate(large),
        jwk,
        b' {"keys": [' + jwk + b"]}",
        b"[" + jwk + b"]",
        b'{"keys": [] , "note": "none of ours"}',
        b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
        b"---- BEGIN SSH2 PUBLIC KEY ----\nAAAAC3NzaC1lZDI1NTE5",
    ]


def _encrypted() -> Any:
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption

    return BestAvailableEncryption(b"password")


def _certificate(key: Any) -> bytes:
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    start = datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start.replace(year=2027))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize("secret", keys_as_text(), ids=lambda _: "key")
def test_a_key_of_another_kind_is_no_secret(secret: bytes) -> None:
    """The same text configured for RS256 and HS256 lets anyone sign (RFC 8725 §2.1)."""
    with pytest.raises(ConfigurationError) as caught:
        SigningKey.from_secret(secret)
    assert caught.value.code == "key.weak"
    assert "PEM, SSH, DER or JWK" in str(caught.value)


@pytest.mark.parametrize(
    "secret",
    [
        b"\x30\x1e" + bytes(30),
        b"\x30\x81\x80" + bytes(128),
        b"\x30\x82" + bytes(40),
        b'{"not": "a key", "but": "a secret of JSON"}',
        b"0" * 32,
        b"\x30" * 40,
    ],
    ids=lambda secret: repr(secret[:16]),
)
def test_random_bytes_that_only_begin_like_a_key_are_a_secret(secret: bytes) -> None:
    assert SigningKey.from_secret(secret).symmetric


@pytest.mark.parametrize(("alg", "size"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_a_secret_is_at_least_as_long_as_the_hash(alg: str, size: int) -> None:
    """RFC 7518 §3.2."""
    assert SigningKey.from_secret(b"k" * size, alg).alg == alg
    for short in (b"", b"\x30\x01\x00", b"k" * (size - 1)):
        with pytest.raises(ConfigurationError) as caught:
            SigningKey.from_secret(short, alg)
        assert caught.value.code == "key.weak"
        assert str(size) in str(caught.value)
        with pytest.raises(ConfigurationError) as caught:
            VerificationKey.from_jwk({"kty": "oct", "alg": alg, "k": base64url.encode(short)})
        assert caught.value.code == "key.weak"
