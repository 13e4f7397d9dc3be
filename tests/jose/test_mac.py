"""The prepared HMAC is HMAC."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtkit.jose.mac import bind_mac

HASHES = ["sha256", "sha384", "sha512"]


@pytest.mark.parametrize("hash_name", HASHES)
@given(secret=st.binary(max_size=200), message=st.binary(max_size=300))
def test_agrees_with_the_standard_library(hash_name: str, secret: bytes, message: bytes) -> None:
    """Secrets shorter than, as long as and longer than a block (RFC 2104 §2)."""
    sign, verify = bind_mac(secret, hash_name)
    expected = hmac.digest(secret, message, hash_name)
    assert sign(message) == expected
    assert sign(message) == expected, "the prepared state was used up"
    assert verify(message, expected)
    assert not verify(message + b"x", expected)
    assert not verify(message, expected[:-1])
    assert not verify(message, expected + b"\0")
    assert not verify(message, b"")


@pytest.mark.parametrize("hash_name", HASHES)
@pytest.mark.parametrize("size", [63, 64, 65, 127, 128, 129])
def test_agrees_at_the_edges_of_a_block(hash_name: str, size: int) -> None:
    secret = bytes(range(size))
    assert bind_mac(secret, hash_name)[0](b"message") == hmac.digest(secret, b"message", hash_name)
