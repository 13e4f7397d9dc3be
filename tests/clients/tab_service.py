"""The service and the client of the page on browsers, served to a real browser; bad weather on request."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import uvicorn
from fastapi.responses import HTMLResponse, PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.docs.pages import ROOT, fences

from jwtkit.adapters.fastapi.errors import to_response
from jwtkit.errors import StoreUnavailableError
from jwtkit.web import refused

PAGE = ROOT / "docs" / "how-to" / "browsers-and-phones.md"
_REFRESH = "/auth/refresh"


class Weather:
    """What happens to requests for a refresh, and what they brought.

    Attributes:
        tokens: The refresh token that each request presented.
        together: So many requests wait for one another before any of them is served.
        in_turn: They are served one after the other then.
        lost: So many answers get lost after the service has made them, as at a gateway that gives up.
        outages: So many requests meet an outage.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._barrier: asyncio.Barrier | None = None
        self._turn = asyncio.Lock()
        self.tokens: list[str] = []
        self.together = self.lost = self.outages = 0
        self.in_turn = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != _REFRESH:
            await self._app(scope, receive, send)
            return
        self.tokens.append(dict(scope["headers"]).get(b"cookie", b"").decode().removeprefix("refresh="))
        if self.together:
            self._barrier = self._barrier or asyncio.Barrier(self.together)
            async with asyncio.timeout(20):
                await self._barrier.wait()
        async with self._turn if self.in_turn else contextlib.nullcontext():
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.outages:
            self.outages -= 1
            await to_response(refused(StoreUnavailableError()))(scope, receive, send)
        elif self.lost:
            self.lost -= 1
            await self._app(scope, receive, _into_the_void)
            await PlainTextResponse("no answer in time", 504)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def _into_the_void(_: Any) -> None:
    pass


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, ModuleType, Weather]]:
    """Yield the address of the page's service, its module, and the weather in front of it."""
    for fence in fences(PAGE):
        if fence.caption is not None:
            (folder / fence.caption).write_text(fence.code, encoding="utf-8")
    service = _imported(folder / "service.py")
    client = (folder / "session.js").read_text(encoding="utf-8")
    # In the application's place these would be its own pages; the browser needs some page to stand on.
    service.app.add_api_route("/", lambda: HTMLResponse("<!doctype html><title>orders</title>"))
    service.app.add_api_route("/session.js", lambda: PlainTextResponse(client, media_type="text/javascript"))
    weather = Weather(service.app)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(weather, log_level="warning", lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            # The socket listens from here on, so a browser that is early waits.
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", service, weather
        finally:
            server.should_exit = True
            thread.join(timeout=20)
            service.sessions.close()


def _imported(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("page_of_browsers", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # FastAPI looks annotations up there
    spec.loader.exec_module(module)
    return module
