"""One HTTP answer as a frozen record, for an adapter to put into its framework's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

__all__ = ["JSON", "NO_STORE", "PROBLEM_JSON", "Answer", "problem"]

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"

NO_STORE = ("Cache-Control", "no-store")
"""On every answer about a token: neither a token nor a refusal may be kept (RFC 6749 §5.1)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send back.

    Attributes:
        status: The HTTP status.
        headers: Header names and values, safe to send as they are; the media type is not among them.
        body: The JSON object to send.
        media_type: The body's media type.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: Mapping[str, Any]
    media_type: str = PROBLEM_JSON

    def header(self, name: str) -> str | None:
        """Return the value of one header, whatever the case of its name, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def detail(self) -> str:
        """The sentence that says what went wrong; empty for an answer that is no problem."""
        return str(self.body.get("detail", ""))


def problem(status: int, detail: str, *headers: tuple[str, str], **members: Any) -> Answer:
    """Return a problem of the generic type ``about:blank`` (RFC 9457 §4.2.1).

    Args:
        status: The HTTP status; its phrase is the title.
        detail: One sentence for whoever wrote the client.
        headers: Headers to send besides ``Cache-Control: no-store``.
        members: Extension members of the body, such as ``code``.
    """
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Answer(status, (NO_STORE, *headers), MappingProxyType({**body, **members}))
