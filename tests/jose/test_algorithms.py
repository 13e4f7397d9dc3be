"""The algorithm table, and what every row promises."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from jwtkit.errors import ConfigurationError
from jwtkit.jose import ALGORITHMS, SigningKey
from jwtkit.jose.algorithms import algorithm_for_key, algorithm_named
from jwtkit.jose.key_types import engine

EVERY = sorted(ALGORITHMS)
SIZES = {
    "HS256": 32, "HS384": 48, "HS512": 64, "ES256": 64, "ES384": 96, "ES512": 132, "ES256K": 64,
    "Ed25519": 64, "Ed448": 114, "EdDSA": 64, "ML-DSA-44": 2420, "ML-DSA-65": 3309, "ML-DSA-87": 4627,
    "RS256": 256, "RS384": 256, "RS512": 256, "PS256": 256, "PS384": 256, "PS512": 256,
}  # fmt: skip


def test_the_table_holds_exactly_these() -> None:
    assert set(ALGORITHMS) == set(SIZES)
    assert "none" not in {name.lower() for name in ALGORITHMS}


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        ALGORITHMS["none"] = ALGORITHMS["HS256"]  # type: ignore[index]
    with pytest.raises(AttributeError):
        ALGORITHMS["HS256"].key_size = 1  # type: ignore[misc]


@pytest.mark.parametrize("name", ["none", "None", "HS1", "es256", "", None, 1, ["ES256"]])
def test_a_name_without_a_row_is_refused(name: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        algorithm_named(name)
    assert caught.value.code == "key.algorithm"


@pytest.mark.parametrize("name", EVERY)
def test_signs_and_verifies(name: str, signing_keys: dict[str, SigningKey]) -> None:
    key = signing_keys[name]
    signature = key.sign(b"message")
    assert len(signature) == SIZES[name]
    verify = key.verification_key.verify
    assert verify(b"message", signature) is True
    assert verify(b"massage", signature) is False
    assert verify(b"", signature) is False


@pytest.mark.parametrize("name", EVERY)
def test_another_key_does_not_verify(name: str, signing_keys: dict[str, SigningKey]) -> None:
    signature = signing_keys[name].sign(b"message")
    if ALGORITHMS[name].kty == "RSA":
        other = signing_keys["PS256" if name != "PS256" else "RS256"]
    else:
        other = SigningKey.generate(name)
    assert other.verification_key.verify(b"message", signature) is False


@pytest.mark.parametrize("name", EVERY)
@given(data=st.data())
@settings(max_examples=25)
def test_no_signature_bytes_raise_or_pass(name: str, signing_keys: dict[str, SigningKey], data: Any) -> None:
    """Any length is answered, and the right length above all."""
    size = SIZES[name]
    signature = data.draw(
        st.binary(max_size=80)
        | st.binary(min_size=min(size, 300), max_size=min(size, 300)).map(lambda raw: raw.ljust(size, b"\1"))
        | st.sampled_from([b"\0" * size, b"\xff" * size, b"\0" * (size - 1), b"\0" * (size + 1)])
    )
    assert signing_keys[name].verification_key.verify(b"message", signature) is False


@pytest.mark.parametrize("name", EVERY)
@given(place=st.integers(min_value=0), flip=st.integers(min_value=1, max_value=255))
@settings(max_examples=25)
def test_any_altered_byte_is_refused(
    name: str, signing_keys: dict[str, SigningKey], place: int, flip: int
) -> None:
    key = signing_keys[name]
    altered = bytearray(key.sign(b"message"))
    altered[place % len(altered)] ^= flip
    assert key.verification_key.verify(b"message", bytes(altered)) is False


BY_LENGTH = [
    name for name, row in ALGORITHMS.items() if row.kty in {"RSA", "OKP", "AKP"} and not row.polymorphic
]


@pytest.mark.parametrize("name", BY_LENGTH)
def test_the_engine_never_sees_a_signature_of_another_length(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even an engine, or a key, that takes anything is asked about nothing else."""

    class Credulous:
        key_size = 2048

        def verify(self, *_: object) -> bool:
            return True

    row = ALGORITHMS[name]
    if row.kty == "OKP":
        monkeypatch.setattr(engine, "_engine", lambda _: Credulous())
    verify = row.key_type.bind_verify(Credulous(), row)
    assert verify(b"message", bytes(SIZES[name])) is True
    for size in (0, SIZES[name] - 1, SIZES[name] + 1):
        assert verify(b"message", bytes(size)) is False


@pytest.mark.parametrize("name", [name for name in EVERY if ALGORITHMS[name].kty == "EC"])
def test_r_and_s_have_one_encoding(name: str, signing_keys: dict[str, SigningKey]) -> None:
    """The same numbers with zeros before s are another signature text, and refused (RFC 7518 §3.4)."""
    signature = signing_keys[name].sign(b"message")
    half = len(signature) // 2
    verify = signing_keys[name].verification_key.verify
    assert verify(b"message", signature) is True
    assert verify(b"message", signature[:half] + b"\0" + signature[half:]) is False
    assert verify(b"message", signature[:half] + b"\0\0" + signature[half:]) is False


class Written:
    """A private key that signs as it is told."""

    def __init__(self, der: bytes) -> None:
        self.der = der

    def sign(self, *_: Any) -> bytes:
        return self.der


@pytest.mark.parametrize("name", [name for name in EVERY if ALGORITHMS[name].kty == "EC"])
@given(data=st.data())
def test_r_and_s_of_any_size_are_written_at_full_size(name: str, data: st.DataObject) -> None:
    """The DER form has no zeros before a small number, and one before a large one (RFC 7518 §3.4)."""
    row = ALGORITHMS[name]
    bits = 521 if name == "ES512" else 8 * row.key_size
    numbers = st.integers(1, bits).flatmap(lambda length: st.integers(2 ** (length - 1), 2**length - 1))
    r, s = data.draw(numbers), data.draw(numbers)
    signature = row.key_type.bind_sign(Written(encode_dss_signature(r, s)), row)(b"message")
    assert signature == r.to_bytes(row.key_size, "big") + s.to_bytes(row.key_size, "big")


@pytest.mark.parametrize("name", [name for name in EVERY if ALGORITHMS[name].kty == "EC"])
def test_zero_r_or_s_is_refused(name: str, signing_keys: dict[str, SigningKey]) -> None:
    """The signature (0, 0) once verified for every message in one runtime (CVE-2022-21449)."""
    signature = signing_keys[name].sign(b"message")
    half = len(signature) // 2
    verify = signing_keys[name].verification_key.verify
    for forged in (bytes(2 * half), bytes(half) + signature[half:], signature[:half] + bytes(half)):
        assert verify(b"message", forged) is False


@pytest.mark.parametrize("name", [name for name in EVERY if ALGORITHMS[name].kty == "RSA"])
def test_a_signature_with_leading_zero_dropped_is_refused(
    name: str, signing_keys: dict[str, SigningKey]
) -> None:
    signature = signing_keys[name].sign(b"message")
    verify = signing_keys[name].verification_key.verify
    assert verify(b"message", b"\0" + signature) is False
    assert verify(b"message", signature[1:]) is False


def test_mldsa_signs_with_the_empty_context(signing_keys: dict[str, SigningKey]) -> None:
    """A signature under another context string is another signature (RFC 9964 §5)."""
    key = signing_keys["ML-DSA-44"]
    assert key.verification_key.verify(b"message", key._private.sign(b"message", b"")) is True
    assert key.verification_key.verify(b"message", key._private.sign(b"message", b"context")) is False


def test_the_hash_of_a_row_is_its_own(signing_keys: dict[str, SigningKey]) -> None:
    """RS256 is over SHA-256 and nothing else: the digest stands in the padding."""
    key = signing_keys["RS512"]
    numbers = key.verification_key._public.public_numbers()
    padded = pow(int.from_bytes(key.sign(b"message"), "big"), numbers.e, numbers.n)
    assert padded.to_bytes(256, "big").endswith(hashlib.sha512(b"message").digest())


@pytest.mark.parametrize("name", EVERY)
def test_a_key_finds_its_algorithm_by_itself_where_it_has_only_one(
    name: str, signing_keys: dict[str, SigningKey]
) -> None:
    private = signing_keys[name]._private
    row = ALGORITHMS[name]
    if row.kty in {"RSA", "oct"}:
        with pytest.raises(ConfigurationError) as caught:
            algorithm_for_key(private, None, private=True)
        assert caught.value.code == "key.algorithm"
        assert name in str(caught.value)
    else:
        assert algorithm_for_key(private, None, private=True).name in {name, "Ed25519"}


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("other", EVERY)
def test_a_key_is_refused_for_the_algorithms_of_others(
    name: str, other: str, signing_keys: dict[str, SigningKey]
) -> None:
    private = signing_keys[name]._private
    row, wanted = ALGORITHMS[name], ALGORITHMS[other]
    edwards = {"Ed25519", "EdDSA"}
    fits = row.kty == wanted.kty and (
        name == other
        or row.kty in {"RSA", "oct"}
        or {name, other} == edwards
        or (name, other) == ("Ed448", "EdDSA")
    )
    if fits:
        assert algorithm_for_key(private, other, private=True).kty == row.kty
    else:
        with pytest.raises(ConfigurationError) as caught:
            algorithm_for_key(private, other, private=True)
        assert caught.value.code == "key.algorithm"
        assert other in str(caught.value)


def test_a_kind_of_key_no_row_uses_is_refused() -> None:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    with pytest.raises(ConfigurationError) as caught:
        algorithm_for_key(X25519PrivateKey.generate(), None, private=True)
    assert caught.value.code == "key.algorithm"
