"""A service of its own for each test: real files, real tokens, a cheap password hash."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import insert, update

from orders.app import create_app
from orders.database import Order
from orders.passwords import Passwords
from orders.settings import Settings

PASSWORD = "orbit-velvet-canyon-42"


class CountingHasher(Argon2Hasher):
    """Argon2id at its cheapest; counts how often a password is checked."""

    def __init__(self):
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.checks = 0

    def verify(self, password, hash):
        self.checks += 1
        return super().verify(password, hash)


class Service:
    """The running service, as its clients and its operator see it."""

    def __init__(self, app, http, hasher):
        self.app, self.http, self.hasher = app, http, hasher
        self.references = itertools.count(1)

    async def register(self, email="ada@example.com", **changed):
        body = {"email": email, "name": "Ada", "password": PASSWORD, **changed}
        # Written here, as ASCII: half a surrogate pair is a text that JSON can say and httpx would not send.
        headers = {"Content-Type": "application/json"}
        return await self.http.post("/clients", content=json.dumps(body), headers=headers)

    async def log_in(self, email="ada@example.com", password=PASSWORD):
        return await self.http.post("/auth/login", json={"email": email, "password": password})

    async def refresh(self, pair, **changed):
        body = {name: pair[name] for name in ("refresh_token", "access_token")} | changed
        return await self.http.post("/auth/refreshtoken", json=body)

    async def member(self, email="ada@example.com"):
        """Register and log in; returns the client's id and its token pair."""
        client = (await self.register(email)).json()["id"]
        return client, (await self.log_in(email)).json()

    async def orders(self, pair, query="", **params):
        headers = {"Authorization": f"Bearer {pair['access_token']}"}
        return await self.http.get(f"/orders{query}", params=params or None, headers=headers)

    async def listed(self, pair, query="", **params):
        """The references on one page, in order."""
        response = await self.orders(pair, query, **params)
        assert response.status_code == 200, response.text
        return [order["reference"] for order in response.json()["items"]]

    async def walk(self, pair, address):
        """Every page from `address` on, by following `next`."""
        while address is not None:
            page = (
                await self.http.get(address, headers={"Authorization": f"Bearer {pair['access_token']}"})
            ).json()
            yield page
            address = page["next"]

    def place(self, client, **columns):
        """Add one order; returns its reference."""
        number = next(self.references)
        row = {
            "client_id": client,
            "reference": f"ORD-{number:05d}",
            "status": "paid",
            "placed_at": datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=number),
            "total_cents": 1000 * number,
            "summary": "1 × Kettle",
            **columns,
        }
        with self.app.state.database.session.begin() as session:
            session.execute(insert(Order), [row])
        return row["reference"]

    def change(self, table, **columns):
        with self.app.state.database.session.begin() as session:
            session.execute(update(table).values(**columns))


@pytest.fixture
def settings(tmp_path):
    return Settings(state_dir=tmp_path / "state", leeway=timedelta(0))


@pytest.fixture
async def service(settings):
    hasher = CountingHasher()
    app = create_app(settings, passwords=Passwords(PasswordHash([hasher])))
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://orders.test") as http,
    ):
        yield Service(app, http, hasher)


@pytest.fixture
def is_problem():
    """Check that a response is a problem (RFC 9457) with this status and code, and return its body."""

    def check(response, status, code=None):
        assert response.status_code == status, response.text
        assert response.headers["Content-Type"] == "application/problem+json"
        body = response.json()
        assert {"type", "title", "status", "detail", "instance"} <= body.keys()
        assert body["status"] == status
        assert body["instance"].startswith("urn:uuid:")
        if code is not None:
            assert body["code"] == code
        return body

    return check
