"""A real browser, headless; what tests of browser code share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright
from tests.servers.lease import ServerMissingError
from tests.servers.required import skip_where_missing

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a headless Chromium; where there is none, as `skip_where_missing`."""
    executable = next(filter(None, map(shutil.which, _NAMES)), None)
    with skip_where_missing():
        if executable is None:
            raise ServerMissingError("no Chromium is installed")
    with sync_playwright() as playwright:
        # Its sandbox cannot be had in most containers; it opens nothing but the service under test.
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        try:
            yield browser
        finally:
            browser.close()
