"""What login and refresh hand out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

__all__ = ["TokenPair"]


class TokenPair:
    """An access token and the refresh token that goes with it.

    Both texts are credentials: `repr` hides them, and JSON encoders, pickle and copies refuse the object, so
    that they go to the client on purpose (`as_response`) and nowhere by accident. Everything public is
    read-only.
    """

    __slots__ = (
        "_access_token",
        "_expires_in",
        "_new_refresh_token",
        "_refresh_expires_in",
        "_refresh_token",
        "_retried",
        "_scope",
        "_session_id",
        "_token_type",
    )

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
        self._access_token = access_token
        self._refresh_token = refresh_token
        self._expires_in = expires_in
        self._refresh_expires_in = refresh_expires_in
        self._session_id = session_id
        self._retried = retried
        self._scope = " ".join(scopes)
        self._new_refresh_token = new_refresh_token
        self._token_type = token_type

    @property
    def access_token(self) -> str:
        """The signed access token."""
        return self._access_token

    @property
    def refresh_token(self) -> str:
        """The refresh token to use next time; the one presented, where the policy does not rotate."""
        return self._refresh_token

    @property
    def expires_in(self) -> int:
        """Seconds the access token lives."""
        return self._expires_in

    @property
    def refresh_expires_in(self) -> int:
        """Seconds in which the session must be refreshed again."""
        return self._refresh_expires_in

    @property
    def session_id(self) -> str:
        """The session they belong to."""
        return self._session_id

    @property
    def retried(self) -> bool:
        """True when a lost response was answered again with the same refresh token."""
        return self._retried

    def as_response(self) -> dict[str, Any]:
        """Return the members of the token response (RFC 6749 §5.1).

        ``refresh_token`` is left out where the client keeps the one it has (RFC 6749 §6), ``scope`` where
        no scope was granted. ``token_type`` is ``DPoP`` for a session bound to a key (RFC 9449 §5).
        """
        response: dict[str, Any] = {
            "access_token": self._access_token,
            "token_type": self._token_type,
            "expires_in": self._expires_in,
        }
        if self._new_refresh_token:
            response["refresh_token"] = self._refresh_token
        if self._scope:
            response["scope"] = self._scope
        return response

    def __repr__(self) -> str:
        return f"<TokenPair of session {self._session_id}{', retried' if self._retried else ''}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a TokenPair cannot be pickled or copied: it is a credential; use .as_response()")
