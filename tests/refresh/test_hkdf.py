"""HKDF-SHA256 against the test vectors of RFC 5869, Appendix A."""

from __future__ import annotations

import pytest

from jwtkit.refresh.hkdf import hkdf_sha256

# RFC 5869 §A.1, §A.2, §A.3: input key, salt, info, length, output key.
VECTORS = {
    "A.1": (
        "0b" * 22,
        "000102030405060708090a0b0c",
        "f0f1f2f3f4f5f6f7f8f9",
        42,
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    "A.2": (
        bytes(range(0x50)).hex(),
        bytes(range(0x60, 0xB0)).hex(),
        bytes(range(0xB0, 0x100)).hex(),
        82,
        (
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
            "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
            "cc30c58179ec3e87c14c01d5c1f3434f1d87"
        ),
    ),
    "A.3": (
        "0b" * 22,
        "",
        "",
        42,
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
}


@pytest.mark.parametrize("name", sorted(VECTORS))
def test_the_vectors_of_rfc_5869(name: str) -> None:
    key, salt, info, length, expected = VECTORS[name]
    derived = hkdf_sha256(
        bytes.fromhex(key), salt=bytes.fromhex(salt), info=bytes.fromhex(info), length=length
    )
    assert derived.hex() == expected


def test_another_purpose_gives_an_unrelated_key() -> None:
    assert hkdf_sha256(b"k" * 32, info=b"one") != hkdf_sha256(b"k" * 32, info=b"two")
