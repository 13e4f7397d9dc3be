"""``GET /orders``: the caller's own orders, filtered, sorted and paged."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi_filters import FilterValues, SortingValues
from fastapi_filters.ext.sqlalchemy import apply_filters_and_sorting
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import or_, select

from jwtkit import VerifiedToken
from jwtkit.adapters.fastapi import JWTBearer
from orders.auth import READ_ORDERS
from orders.database import DatabaseSession, Order, OrderStatus
from orders.paging import SortKey, take_page
from orders.parameters import Cursor, PageSize, Text, order_filters, order_sorting, refuse_unknown
from orders.problems import problem_responses, wrong_parameter

__all__ = ["OrderPage", "ShownOrder", "orders_router"]


class ShownOrder(BaseModel):
    """One order."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(examples=[42])
    reference: str = Field(examples=["ORD-2025-0000042"])
    status: OrderStatus
    placed_at: datetime
    total_cents: int = Field(description="The price in euro cents.", examples=[12950])
    currency: Literal["EUR"] = "EUR"
    summary: str = Field(examples=["2 × Espresso beans 1 kg, 1 × Kettle"])


class OrderPage(BaseModel):
    """One page of orders."""

    items: list[ShownOrder]
    total: int = Field(description="How many orders there are on all pages.", examples=[137])
    next: str | None = Field(
        description="The next page's address, or null on the last; also in the `Link` header.",
        examples=["/orders?status=paid&cursor=WyItcGxhY2VkX2F0LC1pZCIsI"],
    )


def orders_router(bearer: JWTBearer) -> APIRouter:
    """Return the route, guarded by `bearer`."""
    router = APIRouter(tags=["orders"])

    @router.get(
        "/orders", summary="List your orders", dependencies=[Depends(refuse_unknown)], responses=_RESPONSES
    )
    def list_orders(
        request: Request,
        response: Response,
        database: DatabaseSession,
        filters: Annotated[FilterValues, Depends(order_filters)],
        sorting: Annotated[SortingValues, Depends(order_sorting)],
        q: Text = None,
        size: PageSize = 20,
        cursor: Cursor = None,
        caller: VerifiedToken = Security(bearer, scopes=[READ_ORDERS]),
    ) -> OrderPage:
        """Find the caller's own orders. Filters add up; pages stay put while new orders arrive."""
        keys = _keys(sorting)
        mine = select(Order).where(Order.client_id == caller.subject)
        statement = apply_filters_and_sorting(mine, filters, [key.as_sorting() for key in keys])
        if q is not None:
            # autoescape: a % that somebody types is a % and not "anything".
            columns = (Order.reference, Order.summary)
            statement = statement.where(or_(*(column.icontains(q, autoescape=True) for column in columns)))
        page = take_page(database, statement, keys, size=size, cursor=cursor)
        following = page.next and _address(request, page.next)
        if following:
            response.headers["Link"] = f'<{following}>; rel="next"'  # RFC 8288
        response.headers["Cache-Control"] = "no-store"
        items = [ShownOrder.model_validate(order) for order in page.orders]
        return OrderPage(items=items, total=page.total, next=following)

    return router


def _keys(sorting: SortingValues) -> list[SortKey]:
    """Return what to sort by, the id last: equal orders keep one order among themselves."""
    keys = [SortKey(getattr(Order, field), direction == "desc") for field, direction, _ in sorting]
    columns = [key.column.key for key in keys]
    for column in columns:
        if columns.count(column) > 1:
            raise wrong_parameter("sort", f"names {column} twice")
    return [*keys, SortKey(Order.id, keys[0].descending)]


def _address(request: Request, cursor: str) -> str:
    url = request.url.include_query_params(cursor=cursor)
    return f"{url.path}?{url.query}"


_RESPONSES: Final = problem_responses(
    {
        400: "There are two tokens, or the header is malformed.",
        401: "There is no acceptable token; the challenge says why.",
        403: f"The token lacks the scope `{READ_ORDERS}`.",
        422: "A parameter is unknown, repeated or wrong; `errors` names each.",
        503: "Sessions cannot be looked up at the moment; try again.",
    }
)
