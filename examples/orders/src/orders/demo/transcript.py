"""What the demo prints: each request, its answer, and what it shows. Tokens and passwords are shortened."""

from __future__ import annotations

import hashlib
import json
import re
import textwrap
from collections.abc import Mapping
from typing import Any, Final, TextIO

import httpx2

__all__ = ["StepError", "Transcript", "shortened"]

_WIDTH: Final = 110
_HEADERS: Final = ("WWW-Authenticate", "Retry-After")
_SECRET: Final = frozenset({"access_token", "refresh_token"})
_STYLES: Final = {"bold": "1", "green": "32", "red": "31", "blue": "34", "dim": "2"}


class StepError(Exception):
    """The service did not do what the demo says it does."""


def shortened(token: str) -> str:
    """Return how a token is shown: its start, its length, and a mark that is the same for equal ones."""
    if len(token) < 20:
        return token
    return f"{token[:4]}…({len(token)} characters, #{hashlib.sha256(token.encode()).hexdigest()[:6]})"


class Transcript:
    """Sends requests and tells of them.

    Args:
        http: Sends them.
        out: Where to write.
        colour: Whether `out` shows colours.
    """

    def __init__(self, http: httpx2.Client, out: TextIO, *, colour: bool) -> None:
        self._http = http
        self._out = out
        self._colour = colour
        self._chapters = 0
        self._problem_seen = False
        self._after_blank = False
        self.checks = 0

    def chapter(self, title: str) -> None:
        """Begin a part of the story."""
        self._chapters += 1
        if not self._after_blank:
            self._print("")
        heading = f"{self._chapters}. {title} "
        self._print(heading + "─" * (_WIDTH - len(heading)), "bold")

    def say(self, text: str) -> None:
        """Tell what happens outside of HTTP."""
        self._print(f"  {text}", "dim")

    def ask(
        self, method: str, address: str, *, token: str | None = None, body: Mapping[str, Any] | None = None
    ) -> httpx2.Response:
        """Send a request, tell of it and its answer, and return the answer.

        Args:
            method: The HTTP method.
            address: Path and query.
            token: Sent as a bearer token.
            body: Sent as JSON.
        """
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._print(f"→ {method} {_without_cursor(address)}", "blue")
        if token is not None:
            self._print(f"    Authorization: Bearer {shortened(token)}")
        if body is not None:
            self._show(body)
        response = self._http.request(method, address, headers=headers, json=body)
        self._print(f"← {response.status_code} {response.reason_phrase}", "blue")
        for name in _HEADERS:
            if name in response.headers:
                self._print(f"    {name}: {response.headers[name]}")
        if response.content:
            self._show(response.json())
        return response

    def check(self, sentence: str, holds: bool) -> None:
        """Tell what the last answer shows.

        Raises:
            StepError: It does not show it.
        """
        if not holds:
            self._print(f"✗ NOT SO: {sentence}", "red")
            raise StepError(sentence)
        self.checks += 1
        self._print(f"✓ {sentence}", "green")
        self._print("")

    def verdict(self, text: str) -> None:
        """End the story well."""
        self._print(text, "bold")

    def _show(self, body: Mapping[str, Any]) -> None:
        hidden = {"items"}
        if "instance" in body and self._problem_seen:
            hidden |= {"type", "title", "status", "instance", "error_description"}
        shown = {name: _value(name, value) for name, value in body.items() if name not in hidden}
        text = _without_cursor(json.dumps(shown, ensure_ascii=False))
        self._print(textwrap.fill(text, _WIDTH, initial_indent="    ", subsequent_indent="      "))
        for order in body.get("items", ()):
            price = f"{order['total_cents'] // 100}.{order['total_cents'] % 100:02d} {order['currency']}"
            line = f"      {order['reference']}  {order['placed_at'][:10]}  {order['status']:<9}  {price:>11}"
            summary = textwrap.shorten(order["summary"], _WIDTH - len(line) - 2, placeholder=" …")
            self._print(f"{line}  {summary}")
        if "instance" in body and not self._problem_seen:
            self._problem_seen = True
            self.say("(Every error is such a problem, RFC 9457. From here on only what differs is shown.)")

    def _print(self, text: str, style: str | None = None) -> None:
        self._after_blank = not text
        if style is not None and self._colour:
            text = f"\033[{_STYLES[style]}m{text}\033[0m"
        print(text, file=self._out, flush=True)


def _value(name: str, value: Any) -> Any:
    if name == "password":
        return "…"
    return shortened(value) if name in _SECRET and isinstance(value, str) else value


def _without_cursor(text: str) -> str:
    return re.sub(r"(cursor=\w{4})[\w-]+", r"\1…", text)
