"""Near misses: what probably went wrong, in one sentence that names the next step."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["hint_for_text", "hint_for_time", "hint_for_token"]

# As seconds these begin in the year 5138; as milliseconds they are 1973 to 5138.
_FIRST_MILLISECONDS = 100_000_000_000
_LAST_MILLISECONDS = 100_000_000_000_000
_CLOCK_DRIFT = 300
_SCHEMES = {"bearer": "Bearer", "dpop": "DPoP"}


def hint_for_text(expected: Iterable[str], found: object) -> str | None:
    """Return how `found` nearly equals one of `expected`, or None when it does not."""
    if not isinstance(found, str):
        return None
    for wanted in expected:
        if found.strip() == wanted.strip():
            return "they differ in surrounding white space"
        if found.rstrip("/") == wanted.rstrip("/"):
            return "they differ in a trailing slash; write it exactly as the issuer does"
        if found.casefold() == wanted.casefold():
            return "they differ in upper and lower case"
        if _without_scheme(found) == _without_scheme(wanted):
            return "one says http, the other https"
    return None


def hint_for_time(claim: str, seconds: float, now: float) -> str | None:
    """Return why a time that failed may be off: milliseconds, or clocks that differ."""
    if _FIRST_MILLISECONDS <= seconds < _LAST_MILLISECONDS:
        return f"{claim} looks like milliseconds; NumericDate is seconds (RFC 7519 §2)"
    # Compared before they are subtracted: a NumericDate may be an integer too large for a float.
    if claim in ("iat", "nbf") and now < seconds <= now + _CLOCK_DRIFT:
        return f"{claim} is {seconds - now:.0f} s ahead: compare the clocks, or allow a larger leeway"
    if claim == "exp" and now - _CLOCK_DRIFT <= seconds <= now:
        return f"it expired {now - seconds:.0f} s ago: refresh it, or compare the clocks"
    return None


def hint_for_token(text: str) -> str | None:
    """Return why a text that is no compact JWS may have been sent; never quotes it."""
    stripped = text.strip()
    scheme, _, rest = stripped.partition(" ")
    if rest and scheme.lower() in _SCHEMES:
        return f'"{_SCHEMES[scheme.lower()]} " was left in: pass what follows it'
    if stripped != text:
        return "white space surrounds it"
    if text.startswith(('"', "'")) and text[0] == text[-1]:
        return "quotation marks were left in"
    if text.startswith("jkr_"):
        return "this is a refresh token; send the access token"
    if text.startswith("{"):
        return "this is JSON; only the compact serialisation is read (RFC 7515 §7.1)"
    if text.count(".") == 4:
        return "five segments: this is an encrypted token (JWE), which jwtkit does not read"
    return None


def _without_scheme(text: str) -> str:
    for scheme in ("https://", "http://"):
        if text.startswith(scheme):
            return text[len(scheme) :]
    return text
