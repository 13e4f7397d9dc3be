"""Tokens of every kind of goodness and badness, by name, for what must hold of all of them."""

from __future__ import annotations

from typing import Any

from tests.tokens.kit import (
    ABSENT,
    KEY,
    NOW,
    STRANGERS_KEY,
    THUMBPRINT,
    claims_with,
    compact,
    sign,
    token_with,
)

from jwtkit.jose import SigningKey

GOOD = {"alg": "HS256", "typ": "at+jwt", "kid": "main"}
HUGE = 10**400
_TEXT = token_with()
_HEADER, _PAYLOAD, _SIGNATURE = _TEXT.split(".")

CORPUS: dict[str, Any] = {
    "good": _TEXT,
    "good bytes": _TEXT.encode(),
    "good without kid": compact({"alg": "HS256", "typ": "at+jwt"}),
    "good with everything": token_with(nbf=NOW, scope="a b", client_id="spa", sid="s", plan={"a": [1]}),
    "good bound": token_with(cnf={"jkt": THUMBPRINT}),
    "good within leeway": token_with(exp=NOW - 29, iat=NOW - 900),
    "null": None,
    "number": 1,
    "bytearray": bytearray(b"a.b.c"),
    "empty": "",
    "dots": "...",
    "too large": "a" * 20_000,
    "not ascii": "é.é.é",
    "surrogates": "\ud800.a.b",
    "bearer": f"Bearer {_TEXT}",
    "quoted": f'"{_TEXT}"',
    "refresh token": "jkr_AAAA",
    "five segments": "a.b.c.d.e",
    "bad base64 header": f"{_HEADER}=.{_PAYLOAD}.{_SIGNATURE}",
    "bad base64 payload": f"{_HEADER}.{_PAYLOAD}=.{_SIGNATURE}",
    "bad base64 signature": f"{_HEADER}.{_PAYLOAD}.{_SIGNATURE}=",
    "header no object": compact(b"[]"),
    "header twice": compact(b'{"alg":"HS256","alg":"none"}'),
    "header crit": compact({**GOOD, "crit": ["exp"]}),
    "header zip": compact({**GOOD, "zip": "DEF"}),
    "header kid": compact({**GOOD, "kid": 1}),
    "alg none": compact({**GOOD, "alg": "none"}),
    "alg other": compact({**GOOD, "alg": "ES256"}),
    "alg strange": compact({**GOOD, "alg": "\x1b[2J\n"}),
    "kid unknown": compact({**GOOD, "kid": "\x1b[2Jother"}),
    "signature": sign(claims_with(sub="\x1b[2Jadmin\n"), key=STRANGERS_KEY),
    "signature and junk": compact(GOOD, b"\xff", key=STRANGERS_KEY),
    "signature and lies": sign(
        {"iss": 1, "exp": -HUGE, "iat": HUGE, "aud": {}, "cnf": 1}, key=STRANGERS_KEY, typ="JWT"
    ),
    "payload no json": compact(GOOD, b"{"),
    "payload no object": compact(GOOD, b"[1]"),
    "payload twice": compact(GOOD, b'{"sub":1,"sub":2}'),
    "expired": token_with(exp=NOW - 60, iat=NOW - 90),
    "expired long ago": token_with(exp=NOW - 99_999, iat=NOW - 100_000),
    "expired and more": token_with(exp=NOW - 60, iat=NOW - 90, aud="x"),
    "bound and expired": token_with(cnf={"jkt": THUMBPRINT}, exp=NOW - 60, iat=NOW - 90),
    "bound to nothing": token_with(cnf={}),
    "no exp": token_with(exp=ABSENT),
    "huge exp": token_with(exp=HUGE),
    "huge negative exp": token_with(exp=-HUGE),
    "float exp": token_with(exp=1e308),
    "true exp": token_with(exp=True),
    "early": token_with(nbf=NOW + 60),
    "typ": sign(claims_with(), typ="JWT"),
    "typ claim": token_with(typ="ID"),
    "id token": sign(claims_with(nonce="n"), typ="JWT"),
    "null issuer": token_with(iss=None),
    "slash issuer": token_with(iss="https://orders.example/"),
    "list issuer": token_with(iss=["https://orders.example"]),
    "no issuer": token_with(iss=ABSENT),
    "other issuer": token_with(iss="https://other.example"),
    "no audience": token_with(aud=[]),
    "nothing right": sign({"iss": "", "sub": None, "aud": [1], "exp": "1", "iat": {}, "jti": ""}, typ="x"),
    "stranger": sign(claims_with(), key=SigningKey.generate("ES256")),
    "main key elsewhere": sign(claims_with(iss="https://other.example"), key=KEY),
}
