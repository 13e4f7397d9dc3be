"""GET /orders: whose, which, in what order, and page by page."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jwtkit.testing import verified_token
from orders.database import OrderStatus


@pytest.fixture
async def shop(service):
    """A client with six orders of known make, and another with one."""
    client, pair = await service.member()
    stranger, _ = await service.member("eve@example.com")
    made = [
        ("pending", datetime(2025, 3, 1, 9, tzinfo=UTC), 500, "1 × Milk jug"),
        ("paid", datetime(2025, 3, 1, 10, tzinfo=UTC), 500, "2 × Kettle"),
        ("paid", datetime(2025, 3, 2, tzinfo=UTC), 70_000, "1 × Espresso machine"),
        ("shipped", datetime(2025, 3, 3, tzinfo=UTC), 500, "3 × Espresso beans 1 kg"),
        ("delivered", datetime(2025, 3, 4, tzinfo=UTC), 1200, "100 % arabica"),
        ("cancelled", datetime(2025, 3, 5, tzinfo=UTC), 0, "1 × Gift_card"),
    ]
    for status, placed_at, total, summary in made:
        service.place(client, status=status, placed_at=placed_at, total_cents=total, summary=summary)
    service.place(stranger, summary="1 × Kettle of somebody else")
    service.client, service.pair = client, pair
    return service


def numbers(references):
    return [int(reference.removeprefix("ORD-")) for reference in references]


async def test_nobody_reads_orders_without_a_token(service, is_problem):
    response = await service.http.get("/orders")
    is_problem(response, 401, "token.missing")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="orders"'


async def test_a_token_without_the_scope_is_403(service, is_problem):
    bearer = service.app.state.auth.bearer
    service.app.dependency_overrides[bearer] = bearer.always(verified_token("client-42", scopes=["other"]))
    response = await service.http.get("/orders")
    is_problem(response, 403, "token.insufficient_scope")
    assert 'scope="orders:read"' in response.headers["WWW-Authenticate"]


async def test_a_client_sees_its_own_orders_newest_first(shop):
    assert numbers(await shop.listed(shop.pair)) == [6, 5, 4, 3, 2, 1]
    response = await shop.orders(shop.pair)
    assert response.json()["total"] == 6
    assert response.json()["next"] is None
    assert "Link" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"


async def test_an_order_is_shown_with_money_as_whole_cents(shop):
    (order,) = (await shop.orders(shop.pair, status="shipped")).json()["items"]
    assert order.pop("id")
    assert order == {
        "reference": "ORD-00004",
        "status": "shipped",
        "placed_at": "2025-03-03T00:00:00Z",
        "total_cents": 500,
        "currency": "EUR",
        "summary": "3 × Espresso beans 1 kg",
    }
    assert type(order["total_cents"]) is int


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=paid", [3, 2]),
        ("status=paid,shipped", [4, 3, 2]),
        ("status=paid%2Cshipped", [4, 3, 2]),
        ("placed_from=2025-03-03", [6, 5, 4]),
        ("placed_from=2025-03-03T00:00:00Z", [6, 5, 4]),
        ("placed_from=2025-03-03T00:00:01Z", [6, 5]),
        ("placed_from=2025-03-03T01:00:00%2B01:00", [6, 5, 4]),
        ("placed_before=2025-03-02", [2, 1]),
        ("placed_from=2025-03-02&placed_before=2025-03-04", [4, 3]),
        ("placed_from=2025-03-04&placed_before=2025-03-02", []),
        ("total_min=1200", [5, 3]),
        ("total_max=500", [6, 4, 2, 1]),
        ("total_min=500&total_max=1200", [5, 4, 2, 1]),
        ("q=espresso", [4, 3]),
        ("q=ESPRESSO+BEANS", [4]),
        ("q=00003", [3]),
        ("q=%25", [5]),  # a percent sign is a percent sign
        ("q=t_c", [6]),  # and an underscore an underscore
        ("q=nothing+like+it", []),
        ("status=paid&q=kettle&total_max=500", [2]),
    ],
)
async def test_filters_find_what_they_say_and_add_up(shop, query, found):
    response = await shop.orders(shop.pair, f"?{query}")
    assert response.status_code == 200, response.text
    assert numbers(order["reference"] for order in response.json()["items"]) == found
    assert response.json()["total"] == len(found)


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("placed_at", [1, 2, 3, 4, 5, 6]),
        ("-placed_at", [6, 5, 4, 3, 2, 1]),
        ("total_cents", [6, 1, 2, 4, 5, 3]),
        ("-total_cents", [3, 5, 4, 2, 1, 6]),
        ("total_cents,-placed_at", [6, 4, 2, 1, 5, 3]),
        ("-status,total_cents", [4, 1, 2, 3, 5, 6]),
        ("reference", [1, 2, 3, 4, 5, 6]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 100])
async def test_sorting_holds_across_pages_of_any_size(shop, sort, found, size):
    seen = [
        order["reference"]
        async for page in shop.walk(shop.pair, f"/orders?sort={sort}&size={size}")
        for order in page["items"]
    ]
    assert numbers(seen) == found


async def test_the_next_page_keeps_the_filters_and_is_named_in_the_link_header(shop):
    response = await shop.orders(shop.pair, "?status=paid,shipped&sort=total_cents&size=2")
    page = response.json()
    assert page["total"] == 3
    assert response.headers["Link"] == f'<{page["next"]}>; rel="next"'
    pages = [page async for page in shop.walk(shop.pair, page["next"])]
    assert [order["reference"] for page in pages for order in page["items"]] == ["ORD-00003"]
    assert {page["total"] for page in pages} == {3}


async def test_pages_stay_put_while_orders_arrive(shop):
    """With offsets the newcomers would push an order onto the next page a second time."""
    seen = []
    async for page in shop.walk(shop.pair, "/orders?size=2"):
        seen += numbers(order["reference"] for order in page["items"])
        for _ in range(3):
            shop.place(shop.client, placed_at=datetime(2025, 6, 1, tzinfo=UTC))
    assert seen == [6, 5, 4, 3, 2, 1]


async def test_orders_that_are_equal_in_the_sort_are_each_seen_once(service):
    client, pair = await service.member()
    same = {
        service.place(client, total_cents=100, placed_at=datetime(2025, 1, 1, tzinfo=UTC)) for _ in range(23)
    }
    for sort in ("-placed_at", "total_cents,-status", "placed_at"):
        seen = [
            order["reference"]
            async for page in service.walk(pair, f"/orders?sort={sort}&size=5")
            for order in page["items"]
        ]
        assert len(seen) == 23
        assert set(seen) == same


async def test_a_cursor_of_another_client_shows_nothing_of_theirs(shop):
    cursor = re.search("cursor=(.*)", (await shop.orders(shop.pair, "?size=1")).json()["next"])[1]
    theirs = (await shop.log_in("eve@example.com")).json()
    assert set(numbers(await shop.listed(theirs, f"?cursor={cursor}"))) <= {7}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("status=lost", ["status"]),
        ("status=", ["status"]),
        ("status=" + ",".join(["paid"] * 6), ["status"]),
        ("placed_from=yesterday", ["placed_from"]),
        ("placed_from=2025-03-03T00:00:00", ["placed_from"]),  # whose midnight?
        ("placed_from=2025-02-30", ["placed_from"]),
        ("placed_from=0001-01-01T00:00:00%2B14:00", ["placed_from"]),
        ("placed_before=9999-12-31T23:59:59-14:00", ["placed_before"]),
        ("total_min=-1", ["total_min"]),
        ("total_min=12.50", ["total_min"]),
        ("total_max=99999999999999999999", ["total_max"]),
        ("total_max=NaN", ["total_max"]),
        ("q=", ["q"]),
        ("q=" + "x" * 101, ["q"]),
        ("size=0", ["size"]),
        ("size=101", ["size"]),
        ("size=many", ["size"]),
        ("sort=", ["sort"]),
        ("sort=price", ["sort"]),
        ("sort=client_id", ["sort"]),
        ("sort=metadata", ["sort"]),
        ("sort=placed_at,-placed_at", ["sort"]),
        ("sort=placed_at,status,reference,total_cents,placed_at", ["sort"]),
        ("cursor=nonsense", ["cursor"]),
        ("page=2", ["page"]),
        ("Status=paid", ["Status"]),
        ("client_id=someone", ["client_id"]),
        ("size=1&size=2", ["size"]),
        ("status=paid&status=shipped", ["status"]),
        ("size=0&total_min=x", ["size", "total_min"]),
        ("colour=red&taste=sweet&size=0", ["colour", "taste"]),  # what is unknown comes first
    ],
)
async def test_a_bad_parameter_is_422_and_named(shop, is_problem, query, names):
    body = is_problem(await shop.orders(shop.pair, f"?{query}"), 422, "request.invalid")
    assert sorted({wrong["parameter"] for wrong in body["errors"]}) == names
    assert all(name in body["detail"] for name in names)


def cursor_of(*values):
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        cursor_of(),
        cursor_of("-placed_at,-id"),
        cursor_of("-placed_at,-id", "2025-03-03T00:00:00Z"),
        cursor_of("-placed_at,-id", "2025-03-03T00:00:00", 1),
        cursor_of("-placed_at,-id", "2025-03-03T00:00:00Z", 2**63),
        cursor_of("-placed_at,-id", "2025-03-03T00:00:00Z", "1 OR 1=1"),
        cursor_of("-placed_at,-id", "2025-03-03T00:00:00Z", True),
        cursor_of("-placed_at,-id", "0001-01-01T00:00:00+14:00", 1),
        cursor_of("-placed_at,-id", 1, 1, 1),
        cursor_of("total_cents,id", 1, 1),  # of another sorting
        cursor_of(["-placed_at,-id"], 1),
        base64.urlsafe_b64encode(b"{}").decode(),
        base64.urlsafe_b64encode(b"[" * 300).decode(),
        base64.urlsafe_b64encode(b"\xff\xff").decode(),
        "A",
        "ä",
        "",
    ],
)
async def test_a_made_up_cursor_is_422_and_named(shop, is_problem, cursor):
    response = await shop.orders(shop.pair, cursor=cursor)
    assert [wrong["parameter"] for wrong in is_problem(response, 422)["errors"]] == ["cursor"]


NAMES = st.sampled_from(
    [
        "status",
        "placed_from",
        "placed_before",
        "total_min",
        "total_max",
        "q",
        "sort",
        "size",
        "cursor",
        "other",
    ]
)
VALUES = st.one_of(
    st.text(max_size=30),
    st.integers().map(str),
    st.datetimes(timezones=st.timezones()).map(datetime.isoformat),
    st.dates().map(str),
    st.sampled_from([*OrderStatus, "-placed_at", "total_cents,-status", "%", "\x00"]),
    st.lists(st.sampled_from(["id", 0, "2025-01-01T00:00:00Z", "-placed_at,-id", None, 1.5]), max_size=4).map(
        lambda values: cursor_of(*values)
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(params=st.lists(st.tuples(NAMES, VALUES), max_size=4))
async def test_whatever_is_asked_the_answer_is_orders_or_422(shop, params):
    """Never a 500: no parameter reaches the database in a form it cannot take."""
    bearer = shop.app.state.auth.bearer
    shop.app.dependency_overrides[bearer] = lambda: verified_token(shop.client, scopes=["orders:read"])
    response = await shop.http.get("/orders", params=params)
    assert response.status_code in {200, 422}, response.text
