"""Documents that are not exactly one JSON object in UTF-8, and those that are (RFC 8259 §2, §8.1)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from typing import Final

__all__ = ["GOOD_DOCUMENTS", "WRAPPINGS"]

WRAPPINGS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "bom": lambda text: b"\xef\xbb\xbf" + text,
    "two-boms": lambda text: b"\xef\xbb\xbf" * 2 + text,
    "bom-after": lambda text: text + b"\xef\xbb\xbf",
    "utf-16": lambda text: text.decode().encode("utf-16"),
    "utf-16-le": lambda text: text.decode().encode("utf-16-le"),
    "utf-16-be": lambda text: text.decode().encode("utf-16-be"),
    "utf-32": lambda text: text.decode().encode("utf-32"),
    "utf-32-le": lambda text: text.decode().encode("utf-32-le"),
    "utf-32-be": lambda text: text.decode().encode("utf-32-be"),
    "utf-7": lambda text: b"+AHs-" + text[1:],
    "bom-utf-16-le": lambda text: b"\xff\xfe" + text,
    "bom-utf-16-be": lambda text: b"\xfe\xff" + text,
    "overlong-brace": lambda text: b"\xc1\xbb" + text[1:],
    "fullwidth-brace": lambda text: "｛".encode() + text[1:],
    "nul-before": lambda text: b"\0" + text,
    "nul-after": lambda text: text + b"\0",
    "junk-after": lambda text: text + b"x",
    "junk-before": lambda text: b"x" + text,
    "brace-after": lambda text: text + b"}",
    "bracket-after": lambda text: text + b"]",
    "comma-after": lambda text: text + b",",
    "twice": lambda text: text * 2,
    "twice-by-line": lambda text: text + b"\n" + text,
    "and-null": lambda text: text + b" null",
    "and-empty": lambda text: text + b"{}",
    "in-list": lambda text: b"[" + text + b"]",
    "as-string": lambda text: b'"' + text.replace(b'"', b'\\"') + b'"',
    "in-parentheses": lambda text: b"(" + text + b")",
    "jsonp": lambda text: b"f(" + text + b");",
    "xssi": lambda text: b")]}',\n" + text,
    "record-separator": lambda text: b"\x1e" + text + b"\n",
    "trailing-comma": lambda text: text[:-1] + b",}",
    "leading-comma": lambda text: b"{," + text[1:],
    "unclosed": lambda text: text[:-1],
    "unopened": lambda text: text[1:],
    "single-quotes": lambda text: text.replace(b'"', b"'"),
    "python": lambda text: str(json.loads(text)).encode(),
    "semicolons": lambda text: text.replace(b",", b";"),
    "half": lambda text: text[: len(text) // 2],
    "comment-before": lambda text: b"/**/" + text,
    "comment-after": lambda text: text + b"//x",
    "form-feed": lambda text: b"\f" + text,
    "vertical-tab": lambda text: b"\v" + text,
    "nbsp": lambda text: b"\xc2\xa0" + text,
    "nel": lambda text: text + b"\xc2\x85",
    "line-separator": lambda text: text + "\u2028".encode(),
    "unit-separator": lambda text: text + b"\x1f",
    "delete-after": lambda text: text + b"\x7f",
    "empty": lambda _: b"",
    "space": lambda _: b" ",
    "null": lambda _: b"null",
    "true": lambda _: b"true",
    "number": lambda _: b"1",
    "string": lambda _: b'"{}"',
    "list": lambda _: b"[]",
    "brace": lambda _: b"{",
    "backslash": lambda _: b"\\",
    "binary": lambda _: bytes(range(256)),
    "gzip": lambda text: gzip.compress(text, mtime=0),
    "yaml": lambda _: b"alg: none\n",
    "xml": lambda _: b"<?xml version='1.0'?><alg>none</alg>",
    "cbor": lambda _: b"\xa1\x63alg\x64none",
    "form": lambda _: b"alg=none&kid=x",
    "ini": lambda _: b"[alg]\nnone=1",
}
"""Documents that are not exactly one JSON object in UTF-8 without a byte order mark."""

GOOD_DOCUMENTS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "space-before": lambda text: b" " + text,
    "space-after": lambda text: text + b" ",
    "lines-around": lambda text: b"\r\n" + text + b"\r\n",
    "tabs-around": lambda text: b"\t\t" + text + b"\t",
    "spaced": lambda text: text.replace(b'":', b'" : '),
    "indented": lambda text: text.replace(b',"', b',\n  "'),
    "many-spaces": lambda text: b" " * 500 + text + b" " * 500,
}
"""White space where RFC 8259 §2 allows it."""
