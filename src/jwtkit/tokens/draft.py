"""The claims of a token about to be signed: what the issuer sets, what the caller may add."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from jwtkit.errors import ConfigurationError, MalformedTokenError
from jwtkit.jose.strict_json import dump_object, parse_object, quote
from jwtkit.tokens.claims import ISSUER_SET_CLAIMS, confirmation_thumbprint, is_text
from jwtkit.tokens.policy import read_names
from jwtkit.tokens.profiles import Profile

__all__ = ["ClaimsWriter", "confirmation_claim", "join_scopes"]

# scope-token of RFC 6749 §3.3: printable ASCII but space, quotation mark and backslash.
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_FIXED_PLACES = ("iss", "sid", "cnf", "exp", "iat", "jti")
_MOST_GRANTS = 256


class ClaimsWriter:
    """Writes the claims of one issuer's tokens, as the JSON that is signed.

    The bytes are those `dump_object` makes of the same claims, but what every token says is made JSON
    once. Inside, a member is the JSON of a claim, name and value, with a comma after it.

    Args:
        profile: The kind of token; says which claim each argument goes to.
        issuer: The ``iss`` of every token, or None.
        audience: The audience of a token that is given none of its own; may be empty.

    Raises:
        ConfigurationError: ``claims.json``: JSON cannot write one of the profile's claim names.
    """

    __slots__ = (
        "_aud",
        "_granted",
        "_iss",
        "_needs_client_id",
        "_needs_more",
        "_own_names",
        "_profile",
        "_sub",
    )

    def __init__(self, profile: Profile, *, issuer: str | None, audience: tuple[str, ...]) -> None:
        self._profile = profile
        self._iss = "" if issuer is None else _member("iss", issuer)
        self._sub = quote(profile.subject_claim)
        self._aud = self._audience_member(audience)
        # Most tokens grant what another did to the same client. By type too: only a real str is a client id.
        self._granted: dict[tuple[Any, ...], str] = {}
        client_id = profile.client_claims[:1]
        places = (profile.subject_claim, profile.audience_claim, *profile.scope_claims[:1], *client_id)
        dump_object(dict.fromkeys(places))  # refuses a name with a lone surrogate, which `quote` does not
        self._own_names = ISSUER_SET_CLAIMS.union(places)
        # `write` need only look whether all that is required is there, and once, where one of these says so.
        always = {"exp", "iat", "jti", profile.subject_claim, *client_id}
        always.update(["iss"] if self._iss else [], [profile.audience_claim] if audience else [])
        self._needs_client_id = any(map(profile.requires, client_id))
        self._needs_more = not always.issuperset(profile.required_claims) or (
            len({*places, *_FIXED_PLACES}) < len(places) + len(_FIXED_PLACES)
        )

    def write(
        self,
        subject: str | None,
        audience: str | Iterable[str] | None,
        scopes: Iterable[str],
        client_id: str | None,
        session_id: str | None,
        confirmation: str | Mapping[str, Any] | None,
        extra: Mapping[str, Any] | None,
        issued_at: int,
        expires_at: int | None,
        token_id: str,
    ) -> bytes:
        """Return the claims of a new token; those that are None or empty are left out.

        Args:
            subject: Goes where the profile reads the subject.
            audience: Takes the place of the writer's own.
            scopes: Are joined, without repetitions.
            client_id: Goes where the profile reads the client.
            session_id: ``sid``.
            confirmation: A key thumbprint, or the whole ``cnf``.
            extra: Further claims.
            issued_at: ``iat``.
            expires_at: ``exp``.
            token_id: ``jti``, in the characters of base64url.

        Raises:
            ConfigurationError: An argument is of a wrong form, ``extra`` holds a claim only the issuer
                sets, or what the profile requires is missing.
        """
        if subject is None:
            sub = ""
        elif is_text(subject):
            sub = f"{self._sub}:{quote(subject)},"
        else:
            raise _no_text("subject")
        aud = self._aud if audience is None else self._audience_member(read_names(audience, what="audience"))
        names = tuple(scopes) if type(scopes) is list else scopes
        try:
            granted = self._granted[names, client_id, type(client_id)]
        except (KeyError, TypeError):
            granted = self._grant(names, client_id)
        more = ""
        if session_id is not None:
            if not is_text(session_id):
                raise _no_text("session_id")
            more += f'"sid":{quote(session_id)},'
        if confirmation is not None:
            more += _members({"cnf": confirmation_claim(confirmation)})
        if extra is not None:
            more += self._extra_members(extra)
        exp = "" if expires_at is None else f'"exp":{expires_at},'
        text = f'{{{self._iss}{sub}{aud}{granted}{more}{exp}"iat":{issued_at},"jti":"{token_id}"}}'
        written = text.encode()
        if (
            self._needs_more
            or subject is None
            or expires_at is None
            or (client_id is None and self._needs_client_id)
        ):
            self._read_back(written)
        return written

    def _audience_member(self, audience: tuple[str, ...]) -> str:
        if not audience:
            return ""
        names = ",".join(map(quote, audience))
        return f"{quote(self._profile.audience_claim)}:{names if len(audience) == 1 else f'[{names}]'},"

    def _grant(self, scopes: Iterable[str], client_id: str | None) -> str:
        """Return the members for scopes and client, and remember them."""
        profile, members = self._profile, ""
        scope = join_scopes(scopes)
        if scope:
            if not profile.scope_claims:
                raise self._no_place("scopes")
            members += _member(profile.scope_claims[0], scope)
        if client_id is not None:
            if not profile.client_claims:
                raise self._no_place("a client_id")
            if not is_text(client_id):
                raise _no_text("client_id")
            members += _member(profile.client_claims[0], client_id)
        if type(scopes) is tuple:  # of anything else, an equal one may hold something else by then
            if len(self._granted) >= _MOST_GRANTS:
                self._granted.clear()
            self._granted[scopes, client_id, type(client_id)] = members
        return members

    def _no_place(self, what: str) -> ConfigurationError:
        return ConfigurationError(f"a {self._profile.name} token has no place for {what}")

    def _extra_members(self, extra: Mapping[str, Any]) -> str:
        """Refuse what would override the issuer, and what a validator of the profile would refuse."""
        if type(extra) is not dict and not isinstance(extra, Mapping):
            raise ConfigurationError("claims must be a mapping of claim names to JSON values")
        profile = self._profile
        if not self._own_names.isdisjoint(extra):
            names = ", ".join(sorted(self._own_names.intersection(extra)))
            raise ConfigurationError(
                f"claims= must not hold {names}: the issuer sets them from its named arguments",
                code="issue.registered_claim",
            )
        forbidden = [name for name in profile.forbidden_claims if name in extra]
        if forbidden:
            raise ConfigurationError(f"a {profile.name} token must not carry {', '.join(forbidden)}")
        for name, values in profile.expected.items():
            if name in extra and extra[name] not in values:
                raise ConfigurationError(f"{name} of a {profile.name} token must be {' or '.join(values)}")
        return _members(extra) if extra else ""

    def _read_back(self, written: bytes) -> None:
        """Refuse claims that lack one the profile requires, or have two of one name."""
        profile = self._profile
        try:
            claims = parse_object(written)
        except MalformedTokenError:
            raise ConfigurationError(
                f"a {profile.name} token has one place for two of the things it was given; leave one out"
            ) from None
        missing = [name for name in profile.required_claims if name not in claims]
        if missing:
            raise ConfigurationError(
                f"a {profile.name} token needs {', '.join(missing)}", code="issue.missing_claim"
            )


def join_scopes(scopes: Iterable[str]) -> str:
    """Return scopes as one text, without repetitions (RFC 6749 §3.3).

    Raises:
        ConfigurationError: One is no scope token, or the argument is a single string.
    """
    if not scopes:
        return ""
    if isinstance(scopes, str) or not isinstance(scopes, Iterable):
        raise ConfigurationError('scopes must be several, such as ["orders:read"], not one string')
    names = tuple(scopes)
    if not all(isinstance(name, str) and _SCOPE.fullmatch(name) for name in names):
        raise ConfigurationError("a scope must be printable ASCII without spaces, quotes or backslashes")
    return " ".join(dict.fromkeys(names))


def confirmation_claim(confirmation: str | Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``cnf`` claim for a key thumbprint (``jkt``, RFC 9449 §6.1) or for a whole object.

    Raises:
        ConfigurationError: It names no thumbprint that a validator could compare.
    """
    claim = dict(confirmation) if isinstance(confirmation, Mapping) else {"jkt": confirmation}
    if confirmation_thumbprint(claim) is None:
        raise ConfigurationError('confirmation must be a thumbprint, or an object with "jkt" or "x5t#S256"')
    return claim


def _member(name: str, text: str) -> str:
    return f"{quote(name)}:{quote(text)},"


def _members(claims: Mapping[str, Any]) -> str:
    return f"{dump_object(claims).decode()[1:-1]},"


def _no_text(what: str) -> ConfigurationError:
    return ConfigurationError(
        f"{what} must be a non-empty string of at most 512 characters without control characters"
    )
