"""A real browser, headless; what tests of browser code share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a headless Chromium; skip where there is none, or fail under ``JWTKIT_REQUIRE_SERVERS=1``."""
    executable = next(filter(None, map(shutil.which, _NAMES)), None)
    if executable is None:
        reason = "no Chromium is installed"
        if os.environ.get("JWTKIT_REQUIRE_SERVERS") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        # Its sandbox cannot be had in most containers; it opens nothing but the service under test.
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        try:
            yield browser
        finally:
            browser.close()
