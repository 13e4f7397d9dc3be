"""The header's ``kid``: unknown, absent, a path, a query, a number, twice, too long (RFC 7515 §4.1.4)."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.hostile.cases import (
    ACCEPTED,
    NOT_ALLOWED,
    UNKNOWN_KEY,
    WRONG_SIGNATURE,
    TokenCase,
    malformed,
    with_header,
    with_parts,
)
from tests.hostile.forge import GONE, Forge
from tests.hostile.primitives import b64, json_bytes

__all__ = ["cases"]

_EXACT: Final = "RFC 7515 §4.1.4: a key id picks a key by exact comparison, and does nothing else"
_INJECTION: Final = (
    "RFC 8725 §3.10: kid is looked up in a dict; no file, query, command or address is made of it"
)
_TYPE: Final = "RFC 7515 §4.1.4: kid MUST be a case-sensitive string"

_A_FILE: Final = Path(__file__).with_name("algorithms.py")

_UNKNOWN: Final[Mapping[str, str]] = {
    "other": "another-key",
    "empty": "",
    "space": " ",
    "dot": ".",
    "zero": "0",
    "number": "1",
    "negative": "-1",
    "null": "null",
    "none": "None",
    "undefined": "undefined",
    "star": "*",
    "percent": "%",
    "dunder-proto": "__proto__",
    "constructor": "constructor",
    "dunder-class": "__class__",
    "path.passwd": "../../../../../../etc/passwd",
    "path.dev-null": "/dev/null",
    "path.dev-zero": "/dev/zero",
    "path.dev-random": "/dev/random",
    "path.proc": "/proc/self/environ",
    "path.file-url": "file:///dev/null",
    "path.relative-null": "../../../../../../dev/null",
    "path.windows": "..\\..\\..\\..\\windows\\win.ini",
    "path.unc": "\\\\127.0.0.1\\share\\key.pem",
    "path.encoded": "..%2f..%2f..%2fdev%2fnull",
    "path.encoded-twice": "..%252f..%252fdev%252fnull",
    "path.overlong": "..\u2215..\u2215dev\u2215null",
    "path.nul": "/dev/null\0.pem",
    "path.this-file": str(_A_FILE),
    "sql.or": "' OR '1'='1",
    "sql.union": "x' UNION SELECT 'secret';--",
    "sql.drop": "'; DROP TABLE keys;--",
    "sql.backslash": "\\' OR 1=1#",
    "sql.sleep": "1; SELECT pg_sleep(10)--",
    "ldap": "*)(uid=*))(|(uid=*",
    "xpath": "' or count(/*)=1 or '",
    "nosql": '{"$ne": null}',
    "shell.pipe": "|/bin/ls",
    "shell.substitution": "$(touch /tmp/hostile)",
    "shell.backticks": "`id`",
    "shell.semicolon": "key;id",
    "ruby-open": "| id",
    "template.jinja": "{{7*7}}",
    "template.el": "${7*7}",
    "template.jndi": "${jndi:ldap://127.0.0.1/a}",
    "format.python": "{0.__class__}",
    "format.percent": "%s%s%s%n",
    "xss": "<script>alert(1)</script>",
    "header-injection": "key\r\nSet-Cookie: a=b",
    "log-injection": "key\n2027-01-15 ERROR admin logged in",
    "terminal": "\x1b[2J\x1b]0;owned\x07",
    "nul": "\0",
    "bom": "\ufeff",
    "emoji": "🔑",
    "right-to-left": "\u202eyek",
    "deserialise.pickle": "gASVHwAAAAAAAACMBXBvc2l4",
    "deserialise.yaml": "!!python/object/apply:os.system ['id']",
    "json": '{"kty":"oct","k":""}',
    "pem": "-----BEGIN PUBLIC KEY-----",
    "thousand": "k" * 1000,
    "longest": "k" * 2900,
}
# Changes to the right kid that some other comparison would forgive.
_NEAR: Final[Mapping[str, Callable[[str], str]]] = {
    "upper": str.upper,
    "swapped-case": str.swapcase,
    "space-after": lambda kid: f"{kid} ",
    "space-before": lambda kid: f" {kid}",
    "newline-after": lambda kid: f"{kid}\n",
    "nul-after": lambda kid: f"{kid}\0",
    "nul-and-more": lambda kid: f"{kid}\0/dev/null",
    "prefix": lambda kid: kid[:-1],
    "suffix": lambda kid: kid[1:],
    "longer": lambda kid: f"{kid}x",
    "zero-width": lambda kid: f"{kid[:2]}\u200d{kid[2:]}",
    "look-alike": lambda kid: kid.replace("o", "о"),
    "fullwidth": lambda kid: kid.replace("o", "ｏ"),
    "combining": lambda kid: f"{kid}\u0301",
    "percent-encoded": lambda kid: kid.replace("-", "%2D"),
    "path-before": lambda kid: f"./{kid}",
    "path-after": lambda kid: f"{kid}/../{kid}",
    "query": lambda kid: f"{kid}?x=1",
    "comma": lambda kid: f"{kid},{kid}",
    "bytes-literal": lambda kid: f"b'{kid}'",
}
_NOT_STRINGS: Final[Mapping[str, Any]] = {
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "one": 1,
    "float": 1.5,
    "huge": 10**100,
    "empty-list": [],
    "list": ["owner"],
    "nested": [[]],
    "empty-object": {},
    "object": {"kty": "oct", "k": ""},
}


def cases() -> Iterator[TokenCase]:
    """Every case of the family."""
    for name, kid in _UNKNOWN.items():
        yield with_header(f"kid.{name}", {"kid": kid}, UNKNOWN_KEY, _INJECTION)
        yield with_header(f"kid.{name}.ring", {"kid": kid}, UNKNOWN_KEY, _INJECTION, setting="ring")
        yield TokenCase(
            name=f"kid.{name}.empty-secret",
            make=partial(_empty_secret, kid),
            expect=UNKNOWN_KEY,
            why=f"{_INJECTION}; an empty file is an empty secret",
            algorithms=("HS256",),
        )
    for name, change in _NEAR.items():
        yield TokenCase(name=f"kid.near.{name}", make=partial(_near, change), expect=UNKNOWN_KEY, why=_EXACT)
    for name, value in _NOT_STRINGS.items():
        yield with_header(f"kid.type.{name}", {"kid": value}, malformed("header"), _TYPE)
        yield with_header(
            f"kid.type.{name}.forged", {"kid": value}, malformed("header"), _TYPE, by_stranger=True
        )
    yield from _absent_and_shared()
    for size in (3100, 4000, 10_000):
        yield with_header(
            f"kid.size.{size}", {"kid": "k" * size}, malformed("too_large"), "header over 4096 bytes"
        )
    for name, other in {"same": None, "other-first": "x", "other-last": "x"}.items():
        make = partial(_twice, other, name == "other-first")
        expect = malformed("duplicate_name")
        yield TokenCase(
            name=f"kid.twice.{name}", make=make, expect=expect, why="RFC 7515 §4: names MUST be unique"
        )
    yield TokenCase(
        name="kid.escaped", make=_escaped, expect=ACCEPTED, why="RFC 8259 §8.3: an escape is the character"
    )
    for canary in ("{0}key", "{0}key.pem?x=", "{0}.well-known/jwks.json"):
        yield TokenCase(
            name=f"kid.canary.{canary[3:] or 'root'}",
            make=partial(_canary, canary),
            expect=UNKNOWN_KEY,
            why=_INJECTION,
        )
    yield TokenCase(
        name="kid.path.this-file.as-secret",
        make=_file_secret,
        expect=UNKNOWN_KEY,
        why=f"{_INJECTION}; CVE-2021-41106",
        algorithms=("HS256",),
    )


def _absent_and_shared() -> Iterator[TokenCase]:
    why = "no kid: only where the set holds one key of that alg"
    absent = {"kid": GONE}
    yield with_header("kid.absent.sole", absent, ACCEPTED, why)
    yield with_header("kid.absent.one-of-each", absent, ACCEPTED, why, setting="one-of-each")
    yield with_header("kid.absent.ring", absent, UNKNOWN_KEY, why, setting="ring")
    yield with_header("kid.absent.forged", absent, WRONG_SIGNATURE, why, by_stranger=True)
    yield with_header("kid.right.ring", {}, ACCEPTED, _EXACT, setting="ring")
    yield with_header("kid.right.forged", {}, WRONG_SIGNATURE, _EXACT, by_stranger=True)
    yield with_header("kid.strangers-own", {"kid": "stranger"}, UNKNOWN_KEY, _EXACT, by_stranger=True)
    yield TokenCase(
        name="kid.neighbour",
        make=_neighbour,
        expect=WRONG_SIGNATURE,
        why=f"{_EXACT}: no other key of the set is tried",
        setting="ring",
    )
    yield with_parts("kid.in-claims-only", absent, {"kid": "owner"}, UNKNOWN_KEY, why, setting="ring")
    yield TokenCase(
        name="kid.of-another-algorithm",
        make=_other_algorithm,
        expect=NOT_ALLOWED,
        why="RFC 8725 §3.1: a kid does not make a key fit another algorithm",
    )


def _neighbour(forge: Forge) -> str:
    return forge.token(forge.header(kid=f"neighbour-{forge.alg}"))


def _other_algorithm(forge: Forge) -> str:
    return forge.token(forge.header(alg="ES384" if forge.symmetric else "HS384"))


def _near(change: Callable[[str], str], forge: Forge) -> str:
    return forge.token(forge.header(kid=change(forge.owner.kid)))


def _canary(template: str, forge: Forge) -> str:
    return forge.token(forge.header(kid=template.format(forge.canary)))


def _mac(forge: Forge, kid: str, secret: bytes) -> str:
    signing_input = forge.signing_input(forge.header(kid=kid))
    return f"{signing_input}.{b64(hmac.digest(secret, signing_input.encode(), 'sha256'))}"


def _empty_secret(kid: str, forge: Forge) -> str:
    return _mac(forge, kid, b"")


def _file_secret(forge: Forge) -> str:
    return _mac(forge, str(_A_FILE), _A_FILE.read_bytes())


def _members(forge: Forge, kids: list[str]) -> bytes:
    kid_members = [f'"kid":{json_bytes(kid).decode()}' for kid in kids]
    return f'{{"alg":"{forge.alg}","typ":"at+jwt",{",".join(kid_members)}}}'.encode()


def _twice(other: str | None, other_first: bool, forge: Forge) -> str:
    own = forge.owner.kid
    kids = [own, other or own]
    return forge.token(_members(forge, kids[::-1] if other_first else kids))


def _escaped(forge: Forge) -> str:
    escaped = "".join(f"\\u{ord(character):04x}" for character in forge.owner.kid)
    return forge.token(f'{{"alg":"{forge.alg}","typ":"at+jwt","kid":"{escaped}"}}'.encode())
