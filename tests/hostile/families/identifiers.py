"""``iss``, ``sub``, ``aud``, ``jti`` and others: missing, of a wrong type, nearly right (RFC 7519 §4.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.hostile.cases import ACCEPTED, Expectation, TokenCase, claim, claims, with_claims
from tests.hostile.forge import AUDIENCE, GONE, ISSUER, SUBJECT

__all__ = ["cases"]

_ISS: Final = (
    "RFC 7519 §4.1.1, RFC 8725 §3.8: exact equality; CVE-2024-53861 (part of), CVE-2025-30144 (list)"
)
_AUD: Final = "RFC 7519 §4.1.3, RFC 8725 §3.9: one member equals; CVE-2020-26160 (empty list)"
_TEXT: Final = "a non-empty string of at most 512 characters, without control characters (RFC 8725 §3.10)"
_REQUIRED: Final = "RFC 9068 §2.2: the claim is required; an expectation is a requirement"
_ANY_TEXT: Final = "RFC 7519 §2: any string: compared, never normalised"

_NOT_STRINGS: Final[Mapping[str, Any]] = {
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "one": 1,
    "float": 1.5,
    "huge": 10**300,
    "empty-list": [],
    "list": [SUBJECT],
    "nested": [[SUBJECT]],
    "empty-object": {},
    "object": {SUBJECT: True},
    "object-name": {"name": SUBJECT},
}
_BAD_TEXTS: Final[Mapping[str, str]] = {
    "empty": "",
    "513": "s" * 513,
    "5000": "s" * 5000,
    "newline-last": f"{SUBJECT}\n",
    "newline-first": f"\n{SUBJECT}",
    "crlf": f"{SUBJECT}\r\nX-Admin: 1",
    "escape": f"{SUBJECT}\x1b[31m",
    **{f"control-{code:02x}": f"a{chr(code)}b" for code in (*range(0x20), *range(0x7F, 0xA0))},
}
_GOOD_TEXTS: Final[Mapping[str, str]] = {
    "512": "s" * 512,
    "512-wide": "🔑" * 512,
    "space": " ",
    "spaces-around": f" {SUBJECT} ",
    "nbsp": f"{SUBJECT}\u00a0",
    "unicode": "Zoë Ångström",
    "arabic": "عميل",
    "right-to-left": "\u202e42-tneilc",
    "zero-width": f"{SUBJECT}\u200b",
    "line-separator": f"{SUBJECT}\u2028",
    "soft-hyphen": "client\u00ad42",
    "bom": f"\ufeff{SUBJECT}",
    "noncharacter": "\uffff",
    "private-use": "\ue000",
    "number": "0",
    "null": "null",
    "sql": "' OR '1'='1",
    "html": "<script>",
    "path": "../../etc/passwd",
    "format": "{0}%s%n${x}",
}
# Changes to a right value that some other comparison would forgive.
_NEAR_ISSUERS: Final[Mapping[str, str]] = {
    "slash": f"{ISSUER}/",
    "two-slashes": f"{ISSUER}//",
    "upper": ISSUER.upper(),
    "host-upper": "https://Orders.example",
    "scheme-upper": ISSUER.replace("https", "HTTPS"),
    "http": ISSUER.replace("https", "http"),
    "no-scheme": ISSUER.removeprefix("https://"),
    "scheme-relative": ISSUER.removeprefix("https:"),
    "port": f"{ISSUER}:443",
    "path": f"{ISSUER}/tenant",
    "path-dot": f"{ISSUER}/.",
    "query": f"{ISSUER}?",
    "fragment": f"{ISSUER}#",
    "dot-after-host": f"{ISSUER}.",
    "subdomain": "https://a.orders.example",
    "suffix": f"{ISSUER}.evil.test",
    "prefix": f"https://evil.test/{ISSUER}",
    "userinfo": "https://orders.example@evil.test",
    "user-before": "https://x@orders.example",
    "backslash": "https://evil.test\\@orders.example",
    "encoded": ISSUER.replace(".", "%2E"),
    "punycode": "https://xn--rders-jqd.example",
    "look-alike": ISSUER.replace("o", "о"),
    "fullwidth": ISSUER.replace("e", "ｅ"),
    "zero-width": ISSUER.replace("example", "exam\u200bple"),
    "soft-hyphen": ISSUER.replace("example", "exam\u00adple"),
    "space-after": f"{ISSUER} ",
    "space-before": f" {ISSUER}",
    "nbsp-after": f"{ISSUER}\u00a0",
    "comma": f"{ISSUER},https://evil.test",
    "spaced-list": f"{ISSUER} https://evil.test",
    "json-list": f'["{ISSUER}"]',
    "wildcard": "*",
    "regular-expression": ".*",
    "sql-wildcard": "%",
    "audience": AUDIENCE,
    "letter": "h",
    "first-half": ISSUER[:11],
    "last-half": ISSUER[11:],
    "without-first": ISSUER[1:],
    "without-last": ISSUER[:-1],
    "doubled": ISSUER * 2,
    "none": "None",
    "512": ISSUER.ljust(512, "x"),
}
_NEAR_AUDIENCES: Final[Mapping[str, str]] = {
    "upper": AUDIENCE.upper(),
    "title": AUDIENCE.title(),
    "space-after": f"{AUDIENCE} ",
    "space-before": f" {AUDIENCE}",
    "slash": f"{AUDIENCE}/",
    "without-last": AUDIENCE[:-1],
    "without-first": AUDIENCE[1:],
    "letter": AUDIENCE[0],
    "longer": f"{AUDIENCE}s",
    "suffix": f"{AUDIENCE}.evil",
    "prefix": f"evil-{AUDIENCE}",
    "spaced-list": f"{AUDIENCE} other",
    "comma-list": f"{AUDIENCE},other",
    "json-list": f'["{AUDIENCE}"]',
    "wildcard": "*",
    "look-alike": AUDIENCE.replace("o", "о"),
    "fullwidth": AUDIENCE.replace("-", "－"),
    "underscore": AUDIENCE.replace("-", "_"),
    "zero-width": f"{AUDIENCE}\u200b",
    "newline": f"{AUDIENCE}\n",
    "nul": f"{AUDIENCE}\0",
    "empty": "",
    "issuer": ISSUER,
    "other": "billing-api",
}
_BAD_AUDIENCES: Final[Mapping[str, Any]] = {
    "null": None,
    "true": True,
    "number": 1,
    "zero": 0,
    "float": 1.5,
    "object": {AUDIENCE: True},
    "empty-object": {},
    "empty-list": [],
    "nested-list": [[AUDIENCE]],
    "with-null": [AUDIENCE, None],
    "null-first": [None, AUDIENCE],
    "with-number": [AUDIENCE, 1],
    "with-true": [AUDIENCE, True],
    "with-list": [AUDIENCE, []],
    "with-object": [AUDIENCE, {}],
    "only-null": [None],
    "list-of-object": [{AUDIENCE: True}],
}
_GOOD_AUDIENCES: Final[Mapping[str, Any]] = {
    "list-of-one": [AUDIENCE],
    "first": [AUDIENCE, "other"],
    "last": ["other", AUDIENCE],
    "twice": [AUDIENCE, AUDIENCE],
    "with-empty": ["", AUDIENCE],
    "with-odd": ["\n", "*", AUDIENCE],
    "among-500": [*(f"a{n}" for n in range(499)), AUDIENCE],
}


def cases() -> Iterator[TokenCase]:
    """Every case of the family."""
    for name in ("iss", "sub", "aud", "jti"):
        yield with_claims(f"claim.{name}.missing", {name: GONE}, claim(name, "missing"), _REQUIRED)
    for name in ("iss", "sub", "jti", "client_id", "sid"):
        why = _ISS if name == "iss" else _TEXT
        for label, value in _NOT_STRINGS.items():
            yield with_claims(f"claim.{name}.type.{label}", {name: value}, claim(name, "type"), why)
        for label, value in _BAD_TEXTS.items():
            yield with_claims(f"claim.{name}.text.{label}", {name: value}, claim(name, "type"), why)
        if name != "iss":
            for label, value in _GOOD_TEXTS.items():
                yield with_claims(f"claim.{name}.good.{label}", {name: value}, ACCEPTED, _ANY_TEXT)
    for label, value in _NEAR_ISSUERS.items():
        yield with_claims(f"claim.iss.near.{label}", {"iss": value}, claim("iss", "mismatch"), _ISS)
    for label, value in _NEAR_AUDIENCES.items():
        mismatch = claim("aud", "mismatch")
        yield with_claims(f"claim.aud.near.{label}", {"aud": value}, mismatch, _AUD)
        yield with_claims(f"claim.aud.near.{label}.in-list", {"aud": [value]}, mismatch, _AUD)
        yield with_claims(
            f"claim.aud.near.{label}.of-two", {"aud": value}, mismatch, _AUD, setting="two-audiences"
        )
    for label, value in _BAD_AUDIENCES.items():
        yield with_claims(f"claim.aud.type.{label}", {"aud": value}, claim("aud", "type"), _AUD)
    for label, value in _GOOD_AUDIENCES.items():
        yield with_claims(f"claim.aud.good.{label}", {"aud": value}, ACCEPTED, _AUD)
    for value in (AUDIENCE, "orders-admin", ["orders-admin"], [AUDIENCE, "orders-admin"]):
        yield with_claims(f"claim.aud.two.{value}", {"aud": value}, ACCEPTED, _AUD, setting="two-audiences")
    yield from _others()


def _others() -> Iterator[TokenCase]:
    scopes: Mapping[str, tuple[Any, Expectation]] = {
        "null": (None, claim("scope", "type")),
        "true": (True, claim("scope", "type")),
        "number": (7, claim("scope", "type")),
        "object": ({"admin": True}, claim("scope", "type")),
        "list-of-numbers": ([1], claim("scope", "type")),
        "nested-list": ([["admin"]], claim("scope", "type")),
        "empty": ("", ACCEPTED),
        "spaces": ("  ", ACCEPTED),
        "tabs": ("orders:read\tadmin", ACCEPTED),
        "newline": ("orders:read\nadmin", ACCEPTED),
        "many": (" ".join(f"s{n}" for n in range(1000)), ACCEPTED),
    }
    for label, (value, expect) in scopes.items():
        yield with_claims(f"claim.scope.{label}", {"scope": value}, expect, "RFC 6749 §3.3, RFC 8693 §4.2")
    for label, value in {"null": None, "empty": "", "zero": 0, "false": False, "list": []}.items():
        why = "required_claims= asks that it is there; what it must be, checks= says"
        yield with_claims(
            f"claim.tenant.{label}", {"tenant": value}, ACCEPTED, why, setting="tenant-required"
        )
    missing = claim("tenant", "missing")
    yield with_claims("claim.tenant.missing", {}, missing, _REQUIRED, setting="tenant-required")
    all_gone = dict.fromkeys(("iss", "sub", "aud", "exp", "iat", "jti"), GONE)
    codes = claims(*(f"claim.{name}.missing" for name in all_gone))
    yield with_claims("claim.all.missing", all_gone, codes, _REQUIRED)
    yield with_claims("claim.all.empty-object", b"{}", codes, _REQUIRED)
    for label, value in {"admin": {"admin": True}, "hundred": {f"c{n}": n for n in range(100)}}.items():
        yield with_claims(
            f"claim.unknown.{label}", value, ACCEPTED, "RFC 7519 §4: what is not understood is ignored"
        )
