"""Under which keys the store keeps what: those of a session, a subject or an issuer share a cluster slot."""

from __future__ import annotations

from typing import Final, Literal

from jwtkit.errors import ConfigurationError

__all__ = ["Keys", "Kind"]

Kind = Literal["session", "sessions", "epochs", "secrets", "denied"]

_LONGEST_PREFIX: Final = 100
_RESERVED: Final = str.maketrans({"%": "%25", "{": "%7B", "}": "%7D", "|": "%7C"})
_RESERVED_SIGNS: Final = frozenset("%{}|")
_DENIED: Final = ":denied:"
_KINDS: Final[dict[str, Kind]] = {":sessions": "sessions", ":epochs": "epochs", ":secrets": "secrets"}


class Keys:
    """The keys of one store.

    A cluster puts a key where the text between its first braces says. That text is never empty and holds no
    brace, so that keys meant to share a slot do, and no name a stranger chose can reach another's key.

    ::

        jwtkit:{session id}                         the row
        jwtkit:{issuer|subject}:sessions            the subject's sessions
        jwtkit:{issuer}:epochs                      its revocation epochs
        jwtkit:{issuer}:secrets                     the rotation secrets in use
        jwtkit:{issuer}:denied:token id             a denied access token

    Args:
        prefix: What every key begins with.

    Raises:
        ConfigurationError: The prefix is empty, very long, or holds what would break the scheme.
    """

    __slots__ = ("prefix",)

    def __init__(self, prefix: str) -> None:
        if (
            not isinstance(prefix, str)
            or not 0 < len(prefix) <= _LONGEST_PREFIX
            or not prefix.isascii()
            or not prefix.isprintable()
            or "{" in prefix
            or "}" in prefix
        ):
            raise ConfigurationError(
                'prefix: expected a short printable ASCII text without braces, such as "jwtkit:"'
            )
        self.prefix: Final = prefix

    def session(self, session_id: str) -> str:
        """Return the key of a session's row."""
        return f"{self.prefix}{{{_quoted(session_id)}}}"

    def sessions(self, issuer: str, subject: str) -> str:
        """Return the key of the index of a subject's sessions."""
        return f"{self.prefix}{{{_quoted(issuer)}|{_quoted(subject)}}}:sessions"

    def epochs(self, issuer: str) -> str:
        """Return the key of an issuer's revocation epochs."""
        return f"{self.prefix}{{{_quoted(issuer)}}}:epochs"

    def secrets(self, issuer: str) -> str:
        """Return the key of the rotation secrets an issuer's sessions need."""
        return f"{self.prefix}{{{_quoted(issuer)}}}:secrets"

    def denied(self, issuer: str, token_id: str) -> str:
        """Return the key that stands while a token id is denied."""
        return f"{self.prefix}{{{_quoted(issuer)}}}{_DENIED}{token_id}"

    def pattern(self) -> str:
        """Return the glob pattern that all of them match."""
        return "".join(f"\\{sign}" if sign in r"*?[]\^-" else sign for sign in self.prefix) + "{*"

    def kind(self, key: str) -> Kind | None:
        """Say what a key of the pattern is for; None for one that is not the store's."""
        _, brace, rest = key.partition("}")
        if not brace:
            return None
        if not rest:
            return "session"
        if rest.startswith(_DENIED):
            return "denied"
        return _KINDS.get(rest)


def _quoted(text: str) -> str:
    # "%" alone is no quoted text, so it can stand for the empty one: an empty tag would name no slot.
    if _RESERVED_SIGNS.isdisjoint(text):
        return text or "%"
    return text.translate(_RESERVED)
