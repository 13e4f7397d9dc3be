"""``exp``, ``iat`` and ``nbf`` of wrong types, at every edge and far beyond (RFC 7519 §4.1.4 to §4.1.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.hostile.cases import (
    ACCEPTED,
    EXPIRED,
    Expectation,
    Refusal,
    TokenCase,
    claim,
    claims,
    malformed,
    with_claims,
)
from tests.hostile.forge import GONE, ISSUER, NOW

from jwtkit.errors import ClaimsError

__all__ = ["cases"]

_NUMERIC: Final = "RFC 7519 §2: a NumericDate is a JSON number, and True is none"
_WINDOW: Final = "RFC 7519 §4.1.4 to §4.1.6, 30 s of leeway: now >= exp + leeway is expired"
_SANE: Final = "an iat in the future, not before exp, or an exp ten years ahead is a broken issuer"
_LEEWAY: Final = 30
_TEN_YEARS: Final = 3653 * 86400
_DAY: Final = 86400

_WRONG_TYPES: Final[Mapping[str, Any]] = {
    "null": None,
    "true": True,
    "false": False,
    "empty-string": "",
    "string-number": str(NOW + 600),
    "string-float": f"{NOW + 600}.0",
    "string-negative": "-1",
    "string-infinity": "Infinity",
    "string-nan": "NaN",
    "string-spaced": f" {NOW + 600} ",
    "string-hexadecimal": hex(NOW + 600),
    "string-exponent": "2e9",
    "string-date": "2030-01-01T00:00:00Z",
    "string-http-date": "Tue, 01 Jan 2030 00:00:00 GMT",
    "string-arabic": "١٨٠٠٠٠٠٦٠٠",
    "string-never": "never",
    "empty-list": [],
    "list": [NOW + 600],
    "list-of-string": [str(NOW + 600)],
    "nested-list": [[NOW + 600]],
    "empty-object": {},
    "object": {"exp": NOW + 600},
    "number-long": {"$numberLong": str(NOW + 600)},
    "date-object": {"$date": NOW * 1000},
}
_NOT_NUMBERS: Final = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "-1e400",
    "1" * 4301,
    "0x7fffffff",
    "01",
    "1_800_000_600",
)
_TOO_FAR: Final[Mapping[str, Any]] = {
    "second-too-far": NOW + _TEN_YEARS + 1,
    "part-of-a-second-too-far": NOW + _TEN_YEARS + 0.5,
    "milliseconds": (NOW + 600) * 1000,
    "microseconds": (NOW + 600) * 1_000_000,
    "nanoseconds": (NOW + 600) * 1_000_000_000,
    "year-9999": 253_402_300_799,
    "year-10000": 253_402_300_800,
    "unsigned-32": 2**32 - 1 + NOW,
    "53-bit": 2**53,
    "63-bit": 2**63 - 1,
    "64-bit": 2**64,
    "128-bit": 2**128,
    "float-1e18": 1e18,
    "float-1e300": 1e300,
    "float-largest": 1.7976931348623157e308,
    "digits-400": 10**400,
    "digits-4300": 10**4299,
}
_LONG_AGO: Final[Mapping[str, Any]] = {
    "zero": 0,
    "minus-zero": -0.0,
    "one": 1,
    "half": 0.5,
    "smallest": 5e-324,
    "minus-one": -1,
    "minus-half": -0.5,
    "minus-31-bit": -(2**31),
    "minus-63-bit": -(2**63),
    "minus-1e300": -1e300,
    "minus-digits-400": -(10**400),
    "minus-digits-4300": -(10**4299),
    "year-2001": 1_000_000_000,
}


def cases() -> Iterator[TokenCase]:
    """Every case of the family."""
    for name in ("exp", "iat", "nbf"):
        for label, value in _WRONG_TYPES.items():
            yield with_claims(f"time.{name}.type.{label}", {name: value}, claim(name, "type"), _NUMERIC)
        for number, text in enumerate(_NOT_NUMBERS):
            raw = f'{{"iss":"{ISSUER}","{name}":{text}}}'.encode()
            yield with_claims(f"time.{name}.no-number.{number}-{text[:12]}", raw, malformed("json"), _NUMERIC)
    yield from _expiry()
    yield from _issued_at()
    yield from _not_before()
    yield from _together()


def _expiry() -> Iterator[TokenCase]:
    yield with_claims(
        "time.exp.missing", {"exp": GONE}, claim("exp", "missing"), "RFC 9068 §2.2: exp is required"
    )
    edges: Mapping[str, tuple[float, Expectation]] = {
        "far": (NOW + _TEN_YEARS, ACCEPTED),
        "a-day": (NOW + _DAY, ACCEPTED),
        "a-second": (NOW + 1, ACCEPTED),
        "float": (NOW + 600.5, ACCEPTED),
        "whole-float": (NOW + 600.0, ACCEPTED),
        "now": (NOW, ACCEPTED),
        "in-leeway": (NOW - _LEEWAY + 1, ACCEPTED),
        "last-moment": (NOW - _LEEWAY + 0.001, ACCEPTED),
        "at-leeway": (NOW - _LEEWAY, EXPIRED),
        "at-leeway-float": (float(NOW - _LEEWAY), EXPIRED),
        "past-leeway": (NOW - _LEEWAY - 0.001, EXPIRED),
        "just-after-iat": (NOW - 59, EXPIRED),
        "exponent-form": (1.8e9, ACCEPTED),
    }
    for name, (value, expect) in edges.items():
        yield with_claims(f"time.exp.edge.{name}", {"exp": value}, expect, _WINDOW)
    for name, value in _TOO_FAR.items():
        yield with_claims(f"time.exp.far.{name}", {"exp": value}, claim("exp", "too_far"), _SANE)
    for name, value in _LONG_AGO.items():
        both = claims("claim.exp.expired", "claim.iat.order")
        yield with_claims(
            f"time.exp.past.{name}", {"exp": value}, both, f"{_WINDOW}; and iat is not before it"
        )
    for name, seconds, stale in (
        ("an-hour", 3600, ...),
        ("a-day", _DAY, ACCEPTED),
        ("a-day-and-a-second", _DAY + 1, EXPIRED),
        ("a-year", 366 * _DAY, EXPIRED),
    ):
        body = {"exp": NOW - seconds, "iat": NOW - seconds - 60}
        yield with_claims(f"time.exp.expired-for.{name}", body, EXPIRED, _WINDOW, stale=stale)
    for seconds, expect in (
        (3600, ACCEPTED),
        (3601, claim("exp", "too_far")),
        (7200, claim("exp", "too_far")),
    ):
        yield with_claims(
            f"time.exp.max-lifetime.{seconds}",
            {"exp": NOW + seconds},
            expect,
            "max_lifetime of an hour",
            setting="brief",
        )


def _issued_at() -> Iterator[TokenCase]:
    yield with_claims(
        "time.iat.missing", {"iat": GONE}, claim("iat", "missing"), "RFC 9068 §2.2: iat is required"
    )
    for name, value in {
        **_LONG_AGO,
        "now": NOW,
        "at-leeway": NOW + 30,
        "float": NOW + 29.5,
        "old": NOW - 900,
    }.items():
        yield with_claims(
            f"time.iat.past.{name}", {"iat": value}, ACCEPTED, "only an iat in the future is refused"
        )
    early = claim("iat", "early")
    future = {**_TOO_FAR, "past-leeway": NOW + 31, "past-leeway-float": NOW + 30.001, "before-exp": NOW + 599}
    for name, value in future.items():
        yield with_claims(f"time.iat.future.{name}", {"iat": value}, early, _SANE)
    for name, exp, iat in (
        ("equal", NOW + 20, NOW + 20),
        ("after", NOW + 10, NOW + 20),
        ("equal-in-leeway", NOW - 10, NOW - 10),
        ("equal-as-float", float(NOW + 5), NOW + 5),
        ("a-moment", NOW + 5, NOW + 5.001),
    ):
        yield with_claims(f"time.iat.order.{name}", {"exp": exp, "iat": iat}, claim("iat", "order"), _SANE)
    swapped = {"exp": NOW - 60, "iat": NOW + 600}
    codes = claims("claim.exp.expired", "claim.iat.early")
    yield with_claims("time.iat.order.swapped", swapped, codes, _SANE)


def _not_before() -> Iterator[TokenCase]:
    for name, value in {
        **_LONG_AGO,
        "now": NOW,
        "at-leeway": NOW + 30,
        "float": NOW + 29.5,
        "old": NOW - 900,
    }.items():
        yield with_claims(f"time.nbf.past.{name}", {"nbf": value}, ACCEPTED, _WINDOW)
    for name, value in {
        **_TOO_FAR,
        "past-leeway": NOW + 31,
        "past-leeway-float": NOW + 30.001,
        "at-exp": NOW + 600,
    }.items():
        yield with_claims(f"time.nbf.future.{name}", {"nbf": value}, claim("nbf", "early"), _WINDOW)


def _together() -> Iterator[TokenCase]:
    """Expiry beside another failure is never `TokenExpiredError`, and no refresh waives the other."""
    expired = {"exp": NOW - 40}
    others: Mapping[str, tuple[dict[str, Any], tuple[str, ...]]] = {
        "nbf-early": ({"nbf": NOW + 500}, ("claim.exp.expired", "claim.nbf.early")),
        "nbf-type": ({"nbf": "0"}, ("claim.exp.expired", "claim.nbf.type")),
        "iat-type": ({"iat": "0"}, ("claim.exp.expired", "claim.iat.type")),
        "iat-early": ({"iat": NOW + 500}, ("claim.exp.expired", "claim.iat.early")),
        "aud": ({"aud": "other"}, ("claim.aud.mismatch", "claim.exp.expired")),
        "iss": ({"iss": "https://evil.example"}, ("claim.iss.mismatch", "claim.exp.expired")),
        "sub-missing": ({"sub": GONE}, ("claim.sub.missing", "claim.exp.expired")),
        "sub-type": ({"sub": 1}, ("claim.sub.type", "claim.exp.expired")),
        "jti-missing": ({"jti": GONE}, ("claim.jti.missing", "claim.exp.expired")),
        "scope-type": ({"scope": 1}, ("claim.scope.type", "claim.exp.expired")),
        "cnf-type": ({"cnf": 1}, ("claim.exp.expired", "claim.cnf.type")),
    }
    for name, (body, codes) in others.items():
        expect = Refusal(ClaimsError, codes[0], codes)
        yield with_claims(
            f"time.expired-and.{name}", {**expired, **body}, expect, "expiry must be the sole failure"
        )
