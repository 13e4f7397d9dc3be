"""Every other spelling of the same bytes: one token has one text (RFC 7515 §2, RFC 4648 §3.5, §5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from tests.hostile.cases import ACCEPTED, WRONG_SIGNATURE, Expectation, TokenCase, malformed
from tests.hostile.forge import Forge
from tests.hostile.primitives import b64, json_bytes

__all__ = ["cases"]

_CANONICAL: Final = "RFC 7515 §2: no padding, line breaks or white space; RFC 4648 §3.5: spare bits are zero"
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

_MANGLE: Final[Mapping[str, Callable[[str], str]]] = {
    "padded-1": lambda text: f"{text}=",
    "padded-2": lambda text: f"{text}==",
    "padded-3": lambda text: f"{text}===",
    "padded-4": lambda text: f"{text}====",
    "padded-right": lambda text: text + "=" * (-len(text) % 4 or 4),
    "padded-encoded": lambda text: f"{text}%3D",
    "padded-encoded-2": lambda text: f"{text}%3D%3D",
    "padded-before": lambda text: f"={text}",
    "padded-inside": lambda text: f"{text[:4]}={text[4:]}",
    "padded-and-more": lambda text: f"{text}=AAA",
    "plus": lambda text: f"+{text[1:]}",
    "slash": lambda text: f"/{text[1:]}",
    "space-before": lambda text: f" {text}",
    "space-after": lambda text: f"{text} ",
    "space-inside": lambda text: f"{text[:5]} {text[5:]}",
    "tab": lambda text: f"{text[:5]}\t{text[5:]}",
    "newline-after": lambda text: f"{text}\n",
    "newline-inside": lambda text: f"{text[:8]}\n{text[8:]}",
    "crlf-inside": lambda text: f"{text[:8]}\r\n{text[8:]}",
    "form-feed": lambda text: f"{text}\f",
    "vertical-tab": lambda text: f"{text}\v",
    "nul-after": lambda text: f"{text}\0",
    "nul-inside": lambda text: f"{text[:5]}\0{text[5:]}",
    "delete": lambda text: f"{text}\x7f",
    "backspace": lambda text: f"{text}A\b",
    "one-more": lambda text: f"{text}{'A' * (4 - len(text) % 4 + 1)}",
    "percent": lambda text: f"%{ord(text[0]):02x}{text[1:]}",
    "quoted": lambda text: f'"{text}"',
    "parentheses": lambda text: f"({text})",
    "comma": lambda text: f"{text},",
    "colon": lambda text: f"{text}:",
    "tilde": lambda text: f"{text}~",
    "star": lambda text: f"*{text}",
    "exclamation": lambda text: f"{text[:5]}!{text[5:]}",
    "dollar": lambda text: f"${text}",
    "backslash": lambda text: f"{text}\\",
    "backslash-n": lambda text: f"{text}\\n",
    "mime-header": lambda text: f"=?utf-8?b?{text}?=",
    "data-url": lambda text: f"data:;base64,{text}",
}
_NOT_ASCII: Final[Mapping[str, Callable[[str], str]]] = {
    "nbsp": lambda text: f"{text}\u00a0",
    "fullwidth": lambda text: chr(ord(text[0]) + 0xFEE0) + text[1:],
    "cyrillic": lambda text: f"{text}А",
    "zero-width": lambda text: f"{text[:5]}\u200b{text[5:]}",
    "bom": lambda text: f"\ufeff{text}",
    "soft-hyphen": lambda text: f"{text[:5]}\u00ad{text[5:]}",
    "en-dash": lambda text: f"{text}\u2013",
    "latin-1": lambda text: f"{text}\u00e9",
    "emoji": lambda text: f"{text}🔑",
    "surrogate": lambda text: f"{text}\ud800",
}


def cases() -> Iterator[TokenCase]:
    """Every case of the family."""
    for name, mangle in _MANGLE.items():
        yield from _everywhere(name, mangle, malformed("base64"))
    for name, mangle in _NOT_ASCII.items():
        for place in range(3):
            make = partial(_mangled, place, mangle, False)
            yield TokenCase(
                name=f"base64.ascii.{name}.{_PLACES[place]}",
                make=make,
                expect=malformed("ascii"),
                why="RFC 7515 §7.1",
            )
    yield from _spare_bits()
    yield from _lengths()


_PLACES: Final = ("header", "payload", "signature")


def _everywhere(name: str, mangle: Callable[[str], str], expect: Expectation) -> Iterator[TokenCase]:
    """In each segment; in the header and the payload also under a signature that covers it."""
    for place, segment in enumerate(_PLACES):
        # The payload is decoded only after its signature held over the text as received.
        unsigned = WRONG_SIGNATURE if segment == "payload" else expect
        make = partial(_mangled, place, mangle, False)
        yield TokenCase(name=f"base64.{segment}.{name}", make=make, expect=unsigned, why=_CANONICAL)
        if segment != "signature":
            make = partial(_mangled, place, mangle, True)
            yield TokenCase(
                name=f"base64.{segment}.{name}.resigned", make=make, expect=expect, why=_CANONICAL
            )


def _mangled(place: int, mangle: Callable[[str], str], resign: bool, forge: Forge) -> str:
    segments = forge.segments()
    segments[place] = mangle(segments[place])
    return forge.resigned(*segments[:2]) if resign else ".".join(segments)


def _spare_bits() -> Iterator[TokenCase]:
    """The last character of a short group holds 4 or 2 bits that mean nothing: all but one spelling of it."""
    for remainder, spare in ((1, 4), (2, 2)):
        for bits in range(2**spare):
            expect = malformed("base64") if bits else ACCEPTED
            for place in ("header", "payload"):
                yield TokenCase(
                    name=f"base64.{place}.spare-bits-{spare}.{bits}",
                    make=partial(_with_spare_bits, place, remainder, bits),
                    expect=expect,
                    why=_CANONICAL,
                )
    for bits in range(1, 16):
        # 64 and 256 bytes leave four spare bits, 32 and 2420 leave two.
        algorithms = ("RS256", "PS256", "ES256", "Ed25519") if bits > 3 else None
        yield TokenCase(
            name=f"base64.signature.spare-bits.{bits}",
            make=partial(_signature_spare_bits, bits),
            expect=malformed("base64"),
            why=f"{_CANONICAL}; else a deny list of texts can be walked past",
            **({"algorithms": algorithms} if algorithms else {}),
        )


def _of_length(data: bytes, remainder: int) -> bytes:
    """The same object, with as many spaces at its end as make the remainder by three."""
    return data + b" " * ((remainder - len(data)) % 3)


def _with_spare_bits(place: str, remainder: int, bits: int, forge: Forge) -> str:
    header, payload = json_bytes(forge.header()), json_bytes(forge.claims())
    segments = [b64(_of_length(header, remainder)), b64(_of_length(payload, remainder))]
    index = 0 if place == "header" else 1
    segments[index] = _add_bits(segments[index], bits)
    return forge.resigned(*segments)


def _add_bits(text: str, bits: int) -> str:
    return text[:-1] + _ALPHABET[_ALPHABET.index(text[-1]) | bits]


def _signature_spare_bits(bits: int, forge: Forge) -> str:
    header, payload, signature = forge.segments()
    return f"{header}.{payload}.{_add_bits(signature, bits)}"


def _lengths() -> Iterator[TokenCase]:
    """One character left over holds no byte: no text of such a length is base64."""
    for place, segment in enumerate(_PLACES):
        for length in (1, 5, 9, 13):
            make = partial(_mangled, place, partial(_cut, length), False)
            expect = WRONG_SIGNATURE if segment == "payload" else malformed("base64")
            yield TokenCase(
                name=f"base64.{segment}.length-{length}", make=make, expect=expect, why=_CANONICAL
            )
        if segment == "payload":
            for length in (1, 5, 9, 13):
                make = partial(_mangled, place, partial(_cut, length), True)
                name = f"base64.payload.length-{length}.resigned"
                yield TokenCase(name=name, make=make, expect=malformed("base64"), why=_CANONICAL)
    for index in (0, 1):
        yield TokenCase(
            name=f"base64.{_PLACES[index]}.empty",
            make=partial(_mangled, index, lambda _: "", True),
            expect=malformed("json") if index else malformed("segments"),
            why="RFC 7519 §7.2: the claims are a JSON object, not nothing",
        )


def _cut(length: int, text: str) -> str:
    return text[:length]
