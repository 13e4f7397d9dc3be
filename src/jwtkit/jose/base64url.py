"""Strict base64url: one text for each byte string and no other (RFC 7515 §2, RFC 4648 §5 and §3.5).

A decoder that forgives padding, white space, the other alphabet or left-over bits gives one signature
many spellings, which defeats deny lists and caches keyed by a token's text. This one forgives nothing:
whatever it reads encodes to the very same characters again.
"""

from __future__ import annotations

from binascii import Error as _BinasciiError
from binascii import a2b_base64, b2a_base64
from typing import Final

from jwtkit.errors import MalformedTokenError

__all__ = ["decode", "encode", "encode_bytes"]

_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")

# Everything outside the URL alphabet ("+", "/" and "=" included) becomes "!", which strict mode refuses.
_FROM_URL: Final = bytes(byte if byte in _ALPHABET else 0x21 for byte in range(256)).translate(
    bytes.maketrans(b"-_", b"+/")
)

# By length modulo 4. The last character of a short group has 4 or 2 bits to spare, which must be zero;
# a single left-over character holds no whole byte, so no last character is right for it.
_PADDING: Final = (b"", b"", b"==", b"=")
_LAST: Final = (frozenset(_ALPHABET), frozenset[int](), frozenset(_ALPHABET[::16]), frozenset(_ALPHABET[::4]))


def encode(data: bytes) -> str:
    """Encode bytes without padding.

    Args:
        data: Any bytes.

    Returns:
        The only text that `decode` reads back as `data`.
    """
    return b2a_base64(data).rstrip(b"=\n").translate(_TO_URL).decode()


def encode_bytes(data: bytes) -> bytes:
    """Encode as `encode` does, to ASCII bytes, as a signing input is put together of."""
    # Base64 of ASCII text has next to none of the two characters; looking for them is then all this costs.
    return b2a_base64(data).rstrip(b"=\n").replace(b"+", b"-").replace(b"/", b"_")


def decode(text: bytes | str) -> bytes:
    """Decode canonical, unpadded base64url.

    Args:
        text: ASCII characters of the URL alphabet only.

    Returns:
        The bytes, such that ``encode`` of them is `text`.

    Raises:
        MalformedTokenError: ``token.base64``: padding, white space, a character of another alphabet, an
            impossible length or left-over bits that are not zero; ``token.type``: neither str nor bytes.
    """
    try:
        if type(text) is not bytes:
            text = _as_bytes(text)
        remainder = len(text) & 3
        if remainder and text[-1] not in _LAST[remainder]:
            raise _not_canonical()
        return a2b_base64(text.translate(_FROM_URL) + _PADDING[remainder], strict_mode=True)
    except (_BinasciiError, UnicodeEncodeError):
        raise _not_canonical() from None


def _as_bytes(text: bytes | str) -> bytes:
    if isinstance(text, str):
        return text.encode("ascii")
    if isinstance(text, bytes):
        return bytes(text)
    raise MalformedTokenError("base64url text must be str or bytes", code="token.type")


def _not_canonical() -> MalformedTokenError:
    return MalformedTokenError(
        "expected canonical base64url without padding (RFC 7515 section 2)", code="token.base64"
    )
