"""No compact JWS at all: types, sizes, dots, other serialisations, wrapping left in (RFC 7515 §7.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from tests.hostile.cases import ACCEPTED, WRONG_SIGNATURE, Expectation, TokenCase, malformed
from tests.hostile.forge import Forge
from tests.hostile.primitives import json_bytes

__all__ = ["cases"]

_FORM: Final = "RFC 7515 §7.1: header.payload.signature in ASCII, and nothing round it"
_SIZE: Final = (
    "size cap before anything is looked at; CVE-2025-61920, CVE-2025-30204, CVE-2025-27144 (many dots)"
)
_CAP: Final = 16384

_NOT_TEXT: Final[Mapping[str, Callable[[str], Any]]] = {
    "none": lambda _: None,
    "true": lambda _: True,
    "number": lambda _: 42,
    "float": lambda _: float("nan"),
    "list": lambda token: [token],
    "tuple": lambda token: tuple(token.split(".")),
    "dict": lambda token: {"token": token},
    "set": lambda token: {token},
    "bytearray": lambda token: bytearray(token, "ascii"),
    "memoryview": lambda token: memoryview(token.encode()),
    "generator": lambda token: (character for character in token),
    "object": lambda _: object(),
    "class": lambda _: str,
    "function": lambda _: len,
}
_REWRITTEN: Final[Mapping[str, tuple[Callable[[str], str], str]]] = {
    # With other than two dots.
    "no-dots": (lambda token: token.replace(".", ""), "segments"),
    "one-dot": (lambda token: token.replace(".", "", 1), "segments"),
    "dot-before": (lambda token: f".{token}", "segments"),
    "dot-after": (lambda token: f"{token}.", "segments"),
    "dots-around": (lambda token: f".{token}.", "segments"),
    "double-dot": (lambda token: token.replace(".", "..", 1), "segments"),
    "double-dots": (lambda token: token.replace(".", ".."), "segments"),
    "four-segments": (lambda token: f"{token}.AAAA", "segments"),
    "five-segments": (lambda token: f"{token}.AAAA.AAAA", "segments"),
    "six-segments": (lambda token: f"{token}.AA.AA.AA", "segments"),
    "twice": (lambda token: f"{token}.{token}", "segments"),
    "two-tokens": (lambda token: f"{token},{token}", "segments"),
    "no-signature": (lambda token: token[: token.rindex(".") + 1], "segments"),
    "no-header": (lambda token: token[token.index(".") :], "segments"),
    "signature-only": (lambda token: ".." + token[token.rindex(".") + 1 :], "segments"),
    "header-only": (lambda token: token[: token.index(".")] + "..", "segments"),
    "comma-for-dot": (lambda token: token.replace(".", ","), "segments"),
    "encoded-dots": (lambda token: token.replace(".", "%2E"), "segments"),
    "url": (lambda token: f"https://orders.example/?token={token}", "segments"),
    "form": (lambda token: f"access_token={token}", "base64"),
    "sd-jwt": (lambda token: f"{token}~WyJzIiwiYSIsMV0~", "base64"),
    # White space, scheme and quotation left in.
    "bearer": (lambda token: f"Bearer {token}", "base64"),
    "bearer-lower": (lambda token: f"bearer {token}", "base64"),
    "bearer-two-spaces": (lambda token: f"Bearer  {token}", "base64"),
    "bearer-twice": (lambda token: f"Bearer Bearer {token}", "base64"),
    "dpop": (lambda token: f"DPoP {token}", "base64"),
    "header-line": (lambda token: f"Authorization: Bearer {token}", "base64"),
    "quoted": (lambda token: f'"{token}"', "base64"),
    "single-quoted": (lambda token: f"'{token}'", "base64"),
    "bytes-literal": (lambda token: f"b'{token}'", "base64"),
    "json-string": (lambda token: f'{{"access_token":"{token}"}}', "base64"),
    "space-before": (lambda token: f" {token}", "base64"),
    "space-after": (lambda token: f"{token} ", "base64"),
    "newline-after": (lambda token: f"{token}\n", "base64"),
    "crlf-after": (lambda token: f"{token}\r\n", "base64"),
    "tab-around": (lambda token: f"\t{token}\t", "base64"),
    "nul-after": (lambda token: f"{token}\0", "base64"),
    "nul-and-more": (lambda token: f"{token}\0junk", "base64"),
    "header-injection": (lambda token: f"{token}\r\nX-Admin: 1", "base64"),
    "spaces-at-dots": (lambda token: token.replace(".", " . "), "base64"),
    "angle-brackets": (lambda token: f"<{token}>", "base64"),
    "bom": (lambda token: f"\ufeff{token}", "ascii"),
    "nbsp": (lambda token: f"{token}\u00a0", "ascii"),
    "fullwidth-dots": (lambda token: token.replace(".", "．"), "ascii"),
    "ideographic-dots": (lambda token: token.replace(".", "。"), "ascii"),
    "one-dot-leader": (lambda token: token.replace(".", "\u2024"), "ascii"),
    "surrogates": (lambda token: f"{token}\udcff", "ascii"),
    "utf-16-read-as-latin-1": (lambda token: token.encode("utf-16").decode("latin-1"), "ascii"),
    "utf-16-le": (lambda token: token.encode("utf-16-le").decode("ascii"), "base64"),
}
_WHOLE: Final[Mapping[str, tuple[str, str]]] = {
    "empty": ("", "segments"),
    "space": (" ", "segments"),
    "dot": (".", "segments"),
    "two-dots": ("..", "segments"),
    "three-dots": ("...", "segments"),
    "four-dots": ("....", "segments"),
    "word": ("token", "segments"),
    "null": ("null", "segments"),
    "undefined": ("undefined", "segments"),
    "object-Object": ("[object Object]", "segments"),
    "a.b.c": ("a.b.c", "base64"),
    "nuls": ("\0" * 100, "segments"),
    "nuls-and-dots": ("\0.\0.\0", "base64"),
    "sql": ("' OR 1=1--", "segments"),
    "paseto": ("v4.public.eyJzdWIiOiJ4In0", "base64"),
    "macaroon": ("MDAxY2xvY2F0aW9uIGh0dHA6Ly9teWJhbmsvCjAwMjZpZGVudGlmaWVyIHdlIHVzZWQg", "segments"),
    "basic": ("dXNlcjpwYXNzd29yZA==", "segments"),
    "saml": ("<saml:Assertion>", "segments"),
    "empty-objects": ("e30.e30.e30", "header"),
    "dots-16384": ("." * _CAP, "segments"),
    "dots-16385": ("." * (_CAP + 1), "too_large"),
    "dots-5-million": ("." * 5_000_000, "too_large"),
    "letters-5-million": ("A" * 5_000_000, "too_large"),
    "letters-and-dots-5-million": ("A." * 2_500_000, "too_large"),
    "nuls-5-million": ("\0" * 5_000_000, "too_large"),
    "spaces-5-million": (" " * 5_000_000, "too_large"),
    "brackets-5-million": ("[" * 5_000_000, "too_large"),
    "wide-5-million": ("🔑" * 5_000_000, "too_large"),
    "bearer-5-million": ("Bearer " * 700_000, "too_large"),
}


def cases() -> Iterator[TokenCase]:
    """Every case of the family."""
    for name, convert in _NOT_TEXT.items():
        make = partial(_converted, convert)
        yield TokenCase(
            name=f"form.type.{name}", make=make, expect=malformed("type"), why="a token is str or bytes"
        )
    for name, (rewrite, kind) in _REWRITTEN.items():
        make = partial(_converted, rewrite)
        yield TokenCase(name=f"form.text.{name}", make=make, expect=malformed(kind), why=_FORM)
    for name, (text, kind) in _WHOLE.items():
        why = _SIZE if kind == "too_large" else _FORM
        yield TokenCase(name=f"form.whole.{name}", make=partial(_text, text), expect=malformed(kind), why=why)
        if len(text) > _CAP:
            make = partial(_text, text.encode())
            yield TokenCase(name=f"form.whole.{name}.bytes", make=make, expect=malformed(kind), why=why)
    yield from _serialisations()
    yield from _sizes()


def _converted(convert: Callable[[str], Any], forge: Forge) -> Any:
    return convert(forge.token())


def _text(text: str | bytes, _: Forge) -> str | bytes:
    return text


def _serialisations() -> Iterator[TokenCase]:
    """RFC 7515 §7.2: the JSON serialisations are another format, and unprotected headers with them."""
    shapes: Mapping[str, Callable[[str, str, str], dict[str, Any]]] = {
        "flattened": lambda h, p, s: {"protected": h, "payload": p, "signature": s},
        "flattened-header": lambda h, p, s: {
            "header": {"kid": "x"},
            "protected": h,
            "payload": p,
            "signature": s,
        },
        "general": lambda h, p, s: {"payload": p, "signatures": [{"protected": h, "signature": s}]},
        "general-empty": lambda h, p, s: {"payload": p, "signatures": []},
        "unprotected-none": lambda h, p, s: {"header": {"alg": "none"}, "payload": p, "signature": ""},
        "compact-in-json": lambda h, p, s: {"token": f"{h}.{p}.{s}"},
    }
    for name, shape in shapes.items():
        expect = malformed("base64") if name == "compact-in-json" else malformed("segments")
        make = partial(_serialised, shape)
        yield TokenCase(
            name=f"form.json.{name}",
            make=make,
            expect=expect,
            why=f"{_FORM}; §7.2 is not read: CVE-2022-39227",
        )


def _serialised(shape: Callable[[str, str, str], dict[str, Any]], forge: Forge) -> str:
    header, payload, signature = forge.segments()
    return json_bytes(shape(header, payload, signature)).decode()


def _sizes() -> Iterator[TokenCase]:
    """To the byte: what fits is read, one more is not."""
    sizes: Mapping[int, Expectation] = {
        _CAP - 1: ACCEPTED,
        _CAP: ACCEPTED,
        _CAP + 1: malformed("too_large"),
        _CAP * 2: malformed("too_large"),
    }
    for size, expect in sizes.items():
        yield TokenCase(name=f"form.size.{size}", make=partial(_sized, size, True), expect=expect, why=_SIZE)
    make = partial(_sized, _CAP, False)
    yield TokenCase(name="form.size.forged", make=make, expect=WRONG_SIGNATURE, why=_SIZE)
    for place in range(3):
        make = partial(_inflated, place)
        name = f"form.size.5-million.{('header', 'payload', 'signature')[place]}"
        yield TokenCase(name=name, make=make, expect=malformed("too_large"), why=_SIZE)


def _sized(size: int, honest: bool, forge: Forge) -> str:
    signer = forge.owner if honest else forge.stranger
    # Base64 grows by whole characters only: the signature stays, so header and claims take up the slack.
    for extra in range(4):
        bare = forge.token({**forge.header(), "x": "y" * extra}, forge.claims(pad=""), signer=signer)
        need = (size - len(bare)) * 3 // 4
        for pad in range(need - 4, need + 5):
            header = {**forge.header(), "x": "y" * extra}
            signing_input = forge.signing_input(header, forge.claims(pad="p" * pad))
            if len(signing_input) + len(bare) - bare.rindex(".") == size:
                return forge.token(header, forge.claims(pad="p" * pad), signer=signer)
    raise AssertionError("no token of this size")


def _inflated(place: int, forge: Forge) -> str:
    segments = forge.segments()
    segments[place] = "A" * 5_000_000
    return ".".join(segments)
