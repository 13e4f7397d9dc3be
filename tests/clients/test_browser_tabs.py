"""Two tabs of a real browser share one session: neither races, lost answers nor outages log them out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from types import ModuleType

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route
from tests.clients.browser import chromium
from tests.clients.tab_service import Weather, served

from jwtkit import RefreshPolicy, RotationSecret, SigningKey, TokenAuthority
from jwtkit.stores import SQLiteSessionStore

pytestmark = pytest.mark.slow

_LOAD = "window.session = await import('/session.js')"
_OUTCOME = "window.session.refresh().then(() => 'in', (error) => error.constructor.name)"
_REFRESH = f"() => {_OUTCOME}"
_START = f"() => {{ window.outcome = {_OUTCOME} }}"  # does not wait for it
_WHO = "async () => (await (await window.session.call('/me')).json()).subject"


class Site:
    """The service, the weather before it, and a browser's profile with its tabs."""

    def __init__(self, url: str, service: ModuleType, weather: Weather, profile: BrowserContext) -> None:
        self.url, self.service, self.weather, self.profile = url, service, weather, profile

    def tab(self) -> Page:
        page = self.profile.new_page()
        page.goto(self.url)
        page.evaluate(f"async () => {{ {_LOAD} }}")
        return page

    def log_in(self, tab: Page) -> None:
        assert tab.evaluate("async () => (await fetch('/auth/login', {method: 'POST'})).status") == 200

    def cookie(self) -> str:
        (cookie,) = self.profile.cookies(f"{self.url}/auth/refresh")
        assert cookie["httpOnly"]
        assert cookie["secure"]
        assert cookie["sameSite"] == "Strict"
        return cookie["value"]

    def generation(self) -> int:
        """How often the session was rotated; it is alive, and the only one."""
        (session,) = self.service.auth.rotator.sessions("client-42")
        return session.generation


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def site(browser: Browser, tmp_path, monkeypatch) -> Iterator[Site]:
    monkeypatch.chdir(tmp_path)
    with served(tmp_path) as (url, service, weather), browser.new_context() as profile:
        yield Site(url, service, weather, profile)


def _refresh_at_once(site: Site, *, in_turn: bool) -> list[str]:
    """Let two tabs present one token in the same moment; served side by side, or one after the other."""
    tabs = [site.tab(), site.tab()]
    site.log_in(tabs[0])
    site.weather.together, site.weather.in_turn = 2, in_turn
    for tab in tabs:
        tab.evaluate(_START)
    outcomes = [tab.evaluate("() => window.outcome") for tab in tabs]
    site.weather.together = 0
    first, second = site.weather.tokens[:2]
    assert first == second != "", "the tabs did not race with one token"
    return outcomes


@pytest.mark.parametrize("in_turn", [False, True], ids=["side-by-side", "in-turn"])
def test_two_tabs_that_refresh_at_once_both_stay_logged_in(site, in_turn):
    assert _refresh_at_once(site, in_turn=in_turn) == ["in", "in"]
    assert site.generation() == 1, "there is one successor"
    for tab in site.profile.pages:
        assert tab.evaluate(_REFRESH) == "in"
        assert tab.evaluate(_WHO) == "client-42"
    assert site.generation() == 3


def test_without_the_retry_window_the_same_tabs_are_logged_out(site):
    with closing(SQLiteSessionStore("strict.db")) as store:
        site.service.auth = TokenAuthority(
            "https://orders.example",
            audience="orders-api",
            keys=SigningKey.generate("ES256"),
            store=store,
            secret=RotationSecret.generate(),
            policy=RefreshPolicy(retry_window=timedelta(0)),
        )
        assert sorted(_refresh_at_once(site, in_turn=True)) == ["LoggedOut", "in"]
        assert site.service.auth.rotator.sessions("client-42") == []


def test_a_tab_asks_again_when_the_answer_was_lost(site):
    tab = site.tab()
    site.log_in(tab)
    site.weather.lost = 1
    assert tab.evaluate(_REFRESH) == "in"
    first, again = site.weather.tokens
    assert first == again
    assert site.generation() == 1, "the second answer was the first one again"
    assert tab.evaluate(_WHO) == "client-42"


def test_an_outage_costs_no_session(site):
    tab = site.tab()
    site.log_in(tab)
    before = site.cookie()
    site.weather.outages = 1
    assert tab.evaluate(_REFRESH) == "in"
    assert site.weather.tokens == [before, before]
    assert site.generation() == 1


def test_a_late_refusal_does_not_take_the_login_made_meanwhile(site):
    old, new = site.tab(), site.tab()
    site.log_in(old)
    site.service.auth.rotator.revoke(site.cookie())
    assert old.evaluate(_REFRESH) == "LoggedOut"
    revoked = site.cookie()
    site.log_in(new)
    assert site.cookie() != revoked
    assert old.evaluate(_WHO) == "client-42", "the tab goes on with the other tab's login"


def test_an_access_token_refused_is_replaced_on_the_way(site):
    tab = site.tab()
    site.log_in(tab)
    assert tab.evaluate(_WHO) == "client-42"
    tab.route("**/me", _spoil, times=1)
    assert tab.evaluate(_WHO) == "client-42"
    assert len(site.weather.tokens) == 2


def _spoil(route: Route) -> None:
    route.continue_(headers={**route.request.headers, "authorization": "Bearer spoilt"})


def test_several_requests_of_a_tab_refresh_once(site):
    tab = site.tab()
    site.log_in(tab)
    three = "Promise.all([1, 2, 3].map(() => window.session.call('/me')))"
    assert tab.evaluate(f"async () => (await {three}).map((answer) => answer.status)") == [200, 200, 200]
    assert len(site.weather.tokens) == 1


def test_a_logout_takes_the_cookie(site):
    tab = site.tab()
    site.log_in(tab)
    assert tab.evaluate("async () => (await fetch('/auth/logout', {method: 'POST'})).status") == 204
    assert site.profile.cookies(f"{site.url}/auth/refresh") == []
    assert site.service.auth.rotator.sessions("client-42") == []
    assert tab.evaluate(_REFRESH) == "LoggedOut"
