"""A token of one kind where another is expected (RFC 8725 §3.11, §3.12, §2.8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from tests.hostile.cases import (
    ACCEPTED,
    Expectation,
    Refusal,
    TokenCase,
    claim,
    claims,
    malformed,
    with_header,
)
from tests.hostile.forge import AUDIENCE, GONE, ISSUER, NOW, SUBJECT, Forge
from tests.hostile.settings import PROFILES

from jwtkit.errors import ClaimsError

__all__ = ["cases"]

_TYP: Final = "RFC 8725 §3.11: the kind is said in typ; RFC 7515 §4.1.9: without case and application/"
_CONFUSED: Final = "RFC 8725 §2.8, §3.12: rules of different kinds of tokens exclude each other"
_OTHER_KIND: Final = claims("header.typ.mismatch")

_RIGHT: Final = (
    "at+jwt",
    "AT+JWT",
    "At+Jwt",
    "application/at+jwt",
    "APPLICATION/AT+JWT",
    "Application/At+jwt",
)
_WRONG: Final = (
    *(
        "",
        " ",
        "JWT",
        "jwt",
        "application/jwt",
        "at",
        "at+",
        "at-jwt",
        "at jwt",
        "atjwt",
        "at+jwt ",
        " at+jwt",
    ),
    *("at+jwt\n", "at+jwt\0", "at+jwt;v=1", "at+jwt,jwt", "at+JWT+JWT", "xat+jwt", "at+jwtx", "text/at+jwt"),
    *(
        "application/application/at+jwt",
        "application/at+jwt/x",
        "/at+jwt",
        "application//at+jwt",
        "application/",
    ),
    *(
        "id+jwt",
        "rt+jwt",
        "refresh+jwt",
        "secevent+jwt",
        "logout+jwt",
        "dpop+jwt",
        "client-authentication+jwt",
    ),
    *("token-introspection+jwt", "oauth-authz-req+jwt", "JOSE", "JOSE+JSON", "kb+jwt", "dc+sd-jwt", "JWE"),
    *("ａt+jwt", "at\u200b+jwt", "аt+jwt", "at+jwt\ufeff", "null", "None", "*", "*/*", "a" * 600),
)
_NOT_STRINGS: Final[Mapping[str, Any]] = {
    "null": None,
    "true": True,
    "number": 1,
    "float": 0.5,
    "list": ["at+jwt"],
    "empty-list": [],
    "object": {"typ": "at+jwt"},
}


def cases() -> Iterator[TokenCase]:
    """Every case of the family."""
    for typ in _RIGHT:
        yield with_header(f"typ.right.{typ}", {"typ": typ}, ACCEPTED, _TYP)
        forged = f"typ.right.{typ}.as-security-event"
        yield with_header(forged, {"typ": typ}, _first("header.typ.mismatch"), _TYP, setting="SECURITY_EVENT")
    for number, typ in enumerate(_WRONG):
        yield with_header(f"typ.wrong.{number}-{ascii(typ[:20])[1:-1]}", {"typ": typ}, _OTHER_KIND, _TYP)
    yield with_header("typ.absent", {"typ": GONE}, _OTHER_KIND, _TYP)
    for name, value in _NOT_STRINGS.items():
        yield with_header(
            f"typ.type.{name}", {"typ": value}, malformed("header"), "RFC 7515 §4.1.9: a string"
        )
    for kind, (typ, body, outcomes) in _KINDS.items():
        for profile in PROFILES:
            code = outcomes.get(profile, "header.typ.mismatch")
            yield TokenCase(
                name=f"kind.{kind}.as-{profile}",
                make=partial(_of_kind, typ, body),
                expect=ACCEPTED if code is None else _first(code),
                why=_CONFUSED,
                setting=profile,
                # What never expires cannot be refreshed: there is no lifetime to waive.
                stale=claim("exp", "missing") if code is None and "exp" not in body else ...,
            )
    for name, text in _REFRESH_TOKENS.items():
        why = f"{_CONFUSED}: a refresh token is no JWS"
        yield TokenCase(
            name=f"kind.refresh.{name}", make=partial(_text, text), expect=malformed("segments"), why=why
        )


def _first(code: str) -> Expectation:
    return Refusal(ClaimsError, code)


def _of_kind(typ: str | None, body: Mapping[str, Any], forge: Forge) -> str:
    return forge.token(forge.header(typ=GONE if typ is None else typ), body)


def _text(text: str, _: Forge) -> str:
    return text


_REFRESH_TOKENS: Final = {
    "ours": "jkr_" + "A" * 124,
    "prefix-only": "jkr_",
    "opaque": "tGzv3JOkF0XG5Qx2TlKWIA",
    "uuid": "0b7d9f6e-3c41-4b9e-8f55-6b9a2c8f0d11",
    "github": "ghr_" + "a" * 76,
}

_BASE: Final = {"iss": ISSUER, "sub": SUBJECT, "aud": AUDIENCE, "exp": NOW + 600, "iat": NOW - 60}
_OWN: Final = {**_BASE, "jti": "0123456789abcdef", "scope": "orders:read"}
_EVENTS: Final = {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}
_SET: Final = {"iss": ISSUER, "aud": AUDIENCE, "iat": NOW - 60, "jti": "set-1", **_EVENTS}

# typ of the header, the claims, and for each profile whose typ fits what becomes of it: None is accepted,
# a code is the first thing that fails. Profiles left out refuse the typ.
_KINDS: Final[Mapping[str, tuple[str | None, Mapping[str, Any], Mapping[str, str | None]]]] = {
    "own-access-token": (
        "at+jwt",
        _OWN,
        {"ACCESS_TOKEN": None, "RFC9068": "claim.client_id.missing", "EXTERNAL_ACCESS_TOKEN": None},
    ),
    "rfc9068": (
        "at+jwt",
        {**_OWN, "client_id": "web"},
        {"ACCESS_TOKEN": None, "RFC9068": None, "EXTERNAL_ACCESS_TOKEN": None},
    ),
    "auth0-access-token": (
        "JWT",
        {**_BASE, "aud": [AUDIENCE, "userinfo"], "azp": "web", "scope": "openid orders:read"},
        {"EXTERNAL_ACCESS_TOKEN": None, "ID_TOKEN": "claim.scope.forbidden", "GENERIC": None},
    ),
    "entra-access-token": (
        "JWT",
        {**_BASE, "nbf": NOW - 60, "appid": "web", "scp": "Orders.Read", "ver": "1.0"},
        {"EXTERNAL_ACCESS_TOKEN": None, "ID_TOKEN": "claim.scp.forbidden", "GENERIC": None},
    ),
    "okta-access-token": (
        "JWT",
        {**_BASE, "cid": "web", "scp": ["orders:read"], "uid": "u1"},
        {"EXTERNAL_ACCESS_TOKEN": None, "ID_TOKEN": "claim.scp.forbidden", "GENERIC": None},
    ),
    "cognito-access-token": (
        None,
        {name: value for name, value in _BASE.items() if name != "aud"}
        | {"token_use": "access", "scope": "a"},
        dict.fromkeys(("EXTERNAL_ACCESS_TOKEN", "ID_TOKEN", "GENERIC"), "claim.aud.missing"),
    ),
    "cognito-id-token": (
        None,
        {**_BASE, "token_use": "id"},
        {"EXTERNAL_ACCESS_TOKEN": "claim.token_use.mismatch", "ID_TOKEN": None, "GENERIC": None},
    ),
    "id-token": (
        "JWT",
        {**_BASE, "nonce": "n-0S6_WzA2Mj", "at_hash": "77QmUPtjPfzWtF2AnpK9RQ", "auth_time": NOW - 60},
        {"EXTERNAL_ACCESS_TOKEN": "claim.nonce.forbidden", "ID_TOKEN": None, "GENERIC": None},
    ),
    "id-token-hybrid": (
        "JWT",
        {**_BASE, "c_hash": "LDktKdoQak3Pk0cnXxCltA", "s_hash": "x"},
        {"EXTERNAL_ACCESS_TOKEN": "claim.c_hash.forbidden", "ID_TOKEN": None, "GENERIC": None},
    ),
    "id-token-for-its-client": (
        "JWT",
        {**_BASE, "aud": "web"},
        dict.fromkeys(("EXTERNAL_ACCESS_TOKEN", "ID_TOKEN", "GENERIC"), "claim.aud.mismatch"),
    ),
    "access-token-with-nonce": (
        "at+jwt",
        {**_OWN, "nonce": "n"},
        {
            "ACCESS_TOKEN": None,
            "RFC9068": "claim.client_id.missing",
            "EXTERNAL_ACCESS_TOKEN": "claim.nonce.forbidden",
        },
    ),
    "keycloak-access-token": (
        "JWT",
        {**_OWN, "typ": "Bearer", "azp": "web", "sid": "s"},
        {"EXTERNAL_ACCESS_TOKEN": None, "ID_TOKEN": "claim.typ.mismatch", "GENERIC": None},
    ),
    **{
        f"keycloak-{name.lower()}-token": (
            "JWT",
            {**_OWN, "typ": name, "sid": "s"},
            {
                "EXTERNAL_ACCESS_TOKEN": "claim.typ.mismatch",
                "ID_TOKEN": "claim.typ.mismatch",
                "GENERIC": None,
            },
        )
        for name in ("Refresh", "Offline", "Serialized-ID", "Logout", "bearer")
    },
    "keycloak-id-token": (
        "JWT",
        {**_BASE, "typ": "ID", "sid": "s"},
        {"EXTERNAL_ACCESS_TOKEN": "claim.typ.mismatch", "ID_TOKEN": None, "GENERIC": None},
    ),
    "security-event": ("secevent+jwt", _SET, {"SECURITY_EVENT": None}),
    "security-event-without-typ": (
        "JWT",
        _SET,
        {
            "EXTERNAL_ACCESS_TOKEN": "claim.sub.missing",
            "ID_TOKEN": "claim.sub.missing",
            "GENERIC": "claim.exp.missing",
        },
    ),
    "security-event-dressed-up": (
        "JWT",
        {**_BASE, **_EVENTS},
        {
            "EXTERNAL_ACCESS_TOKEN": "claim.events.forbidden",
            "ID_TOKEN": "claim.events.forbidden",
            "GENERIC": None,
        },
    ),
    "logout-token": ("logout+jwt", {**_SET, "sub": SUBJECT, "sid": "s", "exp": NOW + 120}, {}),
    "client-assertion": (
        "JWT",
        {**_BASE, "iss": "web", "sub": "web", "aud": f"{ISSUER}/token", "jti": "1"},
        dict.fromkeys(("EXTERNAL_ACCESS_TOKEN", "ID_TOKEN", "GENERIC"), "claim.iss.mismatch"),
    ),
    "dpop-proof": ("dpop+jwt", {"htm": "GET", "htu": ISSUER, "iat": NOW, "jti": "1"}, {}),
    "request-object": ("oauth-authz-req+jwt", {**_OWN, "client_id": "web"}, {}),
    "introspection-answer": (
        "token-introspection+jwt",
        {**_OWN, "token_introspection": {"active": True}},
        {},
    ),
    "link-in-a-mail": (
        "JWT",
        {"iss": ISSUER, "sub": SUBJECT, "aud": "orders-mail", "exp": NOW + 600},
        {
            "EXTERNAL_ACCESS_TOKEN": "claim.aud.mismatch",
            "ID_TOKEN": "claim.iat.missing",
            "GENERIC": "claim.aud.mismatch",
        },
    ),
}
