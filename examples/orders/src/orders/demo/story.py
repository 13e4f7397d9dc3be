"""What happens in the demo: a client's day, and a thief's."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import httpx2

from jwtkit import SigningKey, TokenIssuer
from jwtkit.dangerous import decode_unverified
from orders.database import Database
from orders.demo.process import RunningService
from orders.demo.transcript import Transcript
from orders.seed import seed_orders_of

__all__ = ["LIFETIME", "WINDOW", "tell"]

LIFETIME: Final = 5
"""Seconds an access token lives here; fifteen minutes would be usual."""

WINDOW: Final = 2
"""Seconds in which a lost answer may be asked for again; thirty would be usual."""

_MOMENT: Final = 0.2
_ADA: Final = {"email": "ada@example.com", "password": "orbit-velvet-canyon-42"}
_EVE: Final = {"email": "eve@example.com", "password": "lantern-pickle-orbit-77"}

Pair = Mapping[str, Any]


def tell(story: Transcript, service: RunningService) -> None:
    """Go through every step, in order.

    Raises:
        StepError: The service did something else.
    """
    _register(story, service)
    pair, expiry = _log_in(story)
    _read_orders(story, pair)
    pair = _outlive_the_access_token(story, pair, expiry)
    pair = _lose_an_answer(story, pair)
    stolen, pair, superseded = _steal_half(story, pair)
    _reuse(story, stolen, pair, superseded)
    _log_out(story)


def _register(story: Transcript, service: RunningService) -> None:
    story.chapter("A client registers")
    answer = story.ask("POST", "/clients", body={**_ADA, "name": "Ada Lovelace"})
    story.check("The client exists, and nothing of its password comes back.", answer.status_code == 201)
    answer = story.ask("POST", "/clients", body={**_ADA, "name": "Ada again"})
    story.check("One mailbox is one client.", answer.status_code == 409)
    answer = story.ask("POST", "/clients", body={**_EVE, "name": "Eve", "password": "password123"})
    story.check("A weak password is refused, with advice.", _wrong(answer, "pointer") == ["/password"])
    story.say(
        "(The shop now enters 40 orders for Ada: python -m orders.seed --for ada@example.com --orders 40)"
    )
    _seed(service)


def _log_in(story: Transcript) -> tuple[Pair, float]:
    story.chapter("It logs in")
    wrong = story.ask("POST", "/auth/login", body={**_ADA, "password": "not-her-password"})
    nobody = story.ask("POST", "/auth/login", body={**_ADA, "email": "nobody@example.com"})
    alike = [{**answer.json(), "instance": ""} for answer in (wrong, nobody)]
    story.check(
        "A wrong password and an unknown client look alike.",
        wrong.status_code == 401 and alike[0] == alike[1],
    )
    answer = story.ask("POST", "/auth/login", body=_ADA)
    expiry = time.monotonic() + LIFETIME
    uncached = answer.headers.get("Cache-Control") == "no-store"
    story.check(
        "An access token and a refresh token, not to be cached.", answer.status_code == 200 and uncached
    )
    return answer.json(), expiry


def _read_orders(story: Transcript, pair: Pair) -> None:
    story.chapter("It reads its orders: lists, pages, filters, sorts")
    answer = story.ask("GET", "/orders")
    challenge = answer.headers.get("WWW-Authenticate")
    story.check(
        "Without a token: no orders, and a challenge.",
        _is(answer, 401) and challenge == 'Bearer realm="orders"',
    )

    token = pair["access_token"]
    page = story.ask("GET", "/orders?size=3", token=token).json()
    placed = [order["placed_at"] for order in page["items"]]
    story.check(
        "With it: 3 of 40 orders, the newest first.", page["total"] == 40 and placed == sorted(placed)[::-1]
    )
    more = story.ask("GET", page["next"], token=token).json()["items"]
    story.check("`next` goes on where the page ended.", len(more) == 3 and more[0]["placed_at"] <= placed[-1])

    query = urlencode(
        {"status": "delivered,shipped", "total_min": 5000, "sort": "-total_cents", "size": 3}, safe=","
    )
    items = story.ask("GET", f"/orders?{query}", token=token).json()["items"]
    prices = [order["total_cents"] for order in items]
    kept = all(
        order["status"] in {"delivered", "shipped"} and order["total_cents"] >= 5000 for order in items
    )
    story.check(
        "Two statuses, from 50 euros up, dearest first.",
        len(items) == 3 and kept and prices == sorted(prices)[::-1],
    )
    query = urlencode({"q": "kettle", "placed_from": "2025-01-01", "sort": "placed_at", "size": 3})
    items = story.ask("GET", f"/orders?{query}", token=token).json()["items"]
    kept = all("Kettle" in order["summary"] and order["placed_at"] >= "2025-01-01" for order in items)
    placed = [order["placed_at"] for order in items]
    story.check("Kettles since 2025, oldest first.", bool(items) and kept and placed == sorted(placed))

    answer = story.ask("GET", "/orders?size=0&total_min=cheap", token=token)
    story.check("What is wrong is named, all of it.", _wrong(answer, "parameter") == ["size", "total_min"])
    answer = story.ask("GET", "/orders?colour=red", token=token)
    story.check("An unknown filter is an error, not ignored.", _wrong(answer, "parameter") == ["colour"])


def _outlive_the_access_token(story: Transcript, pair: Pair, expiry: float) -> Pair:
    story.chapter("Its access token expires, and it refreshes")
    story.say(f"(The access token lives for {LIFETIME} seconds here. Waiting until they are over.)")
    _sleep_until(expiry + _MOMENT)
    answer = story.ask("GET", "/orders?size=1", token=pair["access_token"])
    expired = (
        'error="invalid_token"' in answer.headers.get("WWW-Authenticate", "") and "expired" in answer.text
    )
    story.check("401, and the challenge says that it expired.", _is(answer, 401) and expired)
    answer = _refresh(story, pair)
    changed = answer.json().get("refresh_token") != pair["refresh_token"]
    story.check(
        "The expired access token and its refresh token buy the next pair.", _is(answer, 200) and changed
    )
    renewed: Pair = answer.json()
    answer = story.ask("GET", "/orders?size=1", token=renewed["access_token"])
    story.check("Which works.", _is(answer, 200))
    return renewed


def _lose_an_answer(story: Transcript, pair: Pair) -> Pair:
    story.chapter("An answer gets lost on its way")
    first = _refresh(story, pair)
    story.say("(Say the network lost that answer. All the client can do is ask again, with what it has.)")
    again = _refresh(story, pair)
    same = first.json().get("refresh_token") == again.json().get("refresh_token")
    story.check("The same refresh token again: no error, and no second session.", _is(again, 200) and same)
    renewed: Pair = again.json()
    return renewed


def _steal_half(story: Transcript, pair: Pair) -> tuple[Pair, Pair, float]:
    story.chapter("Somebody has its refresh token, but not its access token")
    story.ask("POST", "/clients", body={**_EVE, "name": "Eve"})
    eve: Pair = story.ask("POST", "/auth/login", body=_EVE).json()
    page = story.ask("GET", "/orders", token=eve["access_token"]).json()
    story.check(
        "Eve is a client too, and sees none of Ada's orders.", page == {"items": [], "total": 0, "next": None}
    )

    for what, token in (
        ("Eve's own, genuine", eve["access_token"]),
        ("one that says all that Ada's says, signed by Eve", _forged(pair["access_token"])),
        ("Ada's, with one character changed", _altered(pair["access_token"])),
        ("none at all", None),
    ):
        answer = _refresh(story, {"refresh_token": pair["refresh_token"], "access_token": token})
        refused = _is(answer, 400) and answer.json()["error"] == "invalid_grant"
        story.check(f"Refused with this access token: {what}.", refused)

    answer = _refresh(story, pair)
    superseded = time.monotonic()
    story.check("None of it harmed the session: Ada refreshes as ever.", _is(answer, 200))
    return pair, answer.json(), superseded


def _reuse(story: Transcript, stolen: Pair, current: Pair, superseded: float) -> None:
    story.chapter("Somebody has a whole pair, and uses it after Ada did")
    story.say(
        f"(A superseded refresh token is answered again for {WINDOW} seconds. Waiting until they are over.)"
    )
    _sleep_until(superseded + WINDOW + _MOMENT)
    answer = _refresh(story, stolen)
    story.check("Refused: this refresh token was used before.", _is(answer, 400))
    answer = _refresh(story, current)
    story.check("Two parties held it, so the session is over for both.", _is(answer, 400))
    answer = story.ask("GET", "/orders?size=1", token=current["access_token"])
    story.check(
        "And so are its access tokens.", _is(answer, 401) and answer.json()["code"] == "token.revoked"
    )


def _log_out(story: Transcript) -> None:
    story.chapter("It logs in again, and out")
    pair: Pair = story.ask("POST", "/auth/login", body=_ADA).json()
    answer = story.ask("POST", "/auth/logout", body={"refresh_token": pair["refresh_token"]})
    story.check("Logged out.", _is(answer, 204))
    answer = story.ask("GET", "/orders?size=1", token=pair["access_token"])
    story.check("The access token is refused at once.", _is(answer, 401))
    answer = _refresh(story, pair)
    story.check("The refresh token too.", _is(answer, 400))


def _seed(service: RunningService) -> None:
    database = Database(service.settings.database)
    try:
        seed_orders_of(database, _ADA["email"], orders=40)
    finally:
        database.close()


def _refresh(story: Transcript, pair: Pair) -> httpx2.Response:
    body = {name: pair[name] for name in ("refresh_token", "access_token") if pair[name] is not None}
    return story.ask("POST", "/auth/refreshtoken", body=body)


def _is(answer: httpx2.Response, status: int) -> bool:
    return answer.status_code == status


def _wrong(answer: httpx2.Response, kind: str) -> list[str]:
    """Return what a 422 names, in order; nothing for any other answer."""
    if answer.status_code != 422:
        return []
    return sorted(wrong[kind] for wrong in answer.json()["errors"])


def _forged(token: str) -> str:
    """Return a token with the same claims, signed by a key of the forger's own."""
    claims = decode_unverified(token).claims
    forger = TokenIssuer(claims["iss"], audience=claims["aud"], keys=SigningKey.generate("ES256"))
    rest = {name: claims[name] for name in ("rtg", "rte")}
    return forger.issue(
        claims["sub"], scopes=claims["scope"].split(), session_id=claims["sid"], claims=rest
    ).token


def _altered(token: str) -> str:
    """Return the token with one character of its claims changed."""
    place = token.index(".") + 20
    return token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
