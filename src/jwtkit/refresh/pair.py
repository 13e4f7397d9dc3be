"""What login and refresh hand out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

__all__ = ["TokenPair"]


class TokenPair:
    """An access token and the refresh token that goes with it.

    Both texts are credentials: `repr` hides them, and JSON encoders refuse the object, so that they go to
    the client on purpose (`as_response`) and nowhere by accident.

    Attributes:
        access_token: The signed access token.
        refresh_token: The refresh token to use next time. Where the policy does not rotate, a refresh
            gives the one that was presented.
        expires_in: Seconds the access token lives.
        refresh_expires_in: Seconds in which the session must be refreshed again.
        session_id: The session they belong to.
        retried: True when a lost response was answered again with the same refresh token.
    """

    __slots__ = (
        "_new_refresh_token",
        "_scope",
        "_token_type",
        "access_token",
        "expires_in",
        "refresh_expires_in",
        "refresh_token",
        "retried",
        "session_id",
    )

    access_token: Final[str]
    refresh_token: Final[str]
    expires_in: Final[int]
    refresh_expires_in: Final[int]
    session_id: Final[str]
    retried: Final[bool]

    def __init__(
        self,
        *,
        access_token: str,
        refresh_token: str,
        expires_in: int,
        refresh_expires_in: int,
        session_id: str,
        scopes: Iterable[str] = (),
        retried: bool = False,
        new_refresh_token: bool = True,
        token_type: str = "Bearer",
    ) -> None:
        self.access_token = access_token
        self.refresh_token = refresh_token
        self.expires_in = expires_in
        self.refresh_expires_in = refresh_expires_in
        self.session_id = session_id
        self.retried = retried
        self._scope = " ".join(scopes)
        self._new_refresh_token = new_refresh_token
        self._token_type = token_type

    def as_response(self) -> dict[str, Any]:
        """Return the members of the token response (RFC 6749 §5.1).

        ``refresh_token`` is left out where the client keeps the one it has (RFC 6749 §6), ``scope`` where
        no scope was granted. ``token_type`` is ``DPoP`` for a session bound to a key (RFC 9449 §5).
        """
        response: dict[str, Any] = {
            "access_token": self.access_token,
            "token_type": self._token_type,
            "expires_in": self.expires_in,
        }
        if self._new_refresh_token:
            response["refresh_token"] = self.refresh_token
        if self._scope:
            response["scope"] = self._scope
        return response

    def __repr__(self) -> str:
        return f"<TokenPair of session {self.session_id}{', retried' if self.retried else ''}>"
