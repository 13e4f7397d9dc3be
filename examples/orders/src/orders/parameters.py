"""What ``GET /orders`` may be asked: its filters, its sorting, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Any, Final

from fastapi import Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi_filters import FilterField, FilterOperator, create_filters, create_sorting
from fastapi_filters.filters import FiltersCreateHooks
from fastapi_filters.schemas import CSVList
from fastapi_filters.types import AbstractFilterOperator
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, WithJsonSchema

from orders.database import OrderStatus

__all__ = [
    "DEFAULT_SORT",
    "Cursor",
    "Moment",
    "PageSize",
    "Text",
    "order_filters",
    "order_sorting",
    "refuse_unknown",
]

DEFAULT_SORT: Final = "-placed_at"

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOST_CENTS: Final = 10**12


def _midnight(value: object) -> object:
    return f"{value}T00:00:00Z" if isinstance(value, str) and _DATE.fullmatch(value) else value


def _to_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("expected a moment between the years 1 and 9999") from None


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_midnight),
    AfterValidator(_to_utc),
    WithJsonSchema({"anyOf": [{"type": "string", "format": kind} for kind in ("date", "date-time")]}),
]
"""A date, which begins at midnight UTC, or a moment with its offset."""

Cents = Annotated[int, Field(ge=0, le=_MOST_CENTS)]
Statuses = Annotated[CSVList[OrderStatus], Field(max_length=len(OrderStatus))]

Text = Annotated[
    str | None, Query(min_length=1, max_length=100, description="Part of the reference or summary.")
]
PageSize = Annotated[int, Query(ge=1, le=100, description="Orders on a page.")]
Cursor = Annotated[str | None, Query(max_length=500, description="Where the page starts: as `next` says it.")]

# Plain words instead of the library's `placed_at[ge]`: brackets want escaping in shells and addresses.
_NAMES: Final[Mapping[tuple[str, AbstractFilterOperator], tuple[str, str]]] = MappingProxyType(
    {
        ("status", FilterOperator.in_): ("status", "One status, or several with commas between."),
        ("placed_at", FilterOperator.ge): ("placed_from", "Placed at or after this date (UTC) or moment."),
        ("placed_at", FilterOperator.lt): ("placed_before", "Placed before this date (UTC) or moment."),
        ("total_cents", FilterOperator.ge): ("total_min", "Costs at least so many cents."),
        ("total_cents", FilterOperator.le): ("total_max", "Costs at most so many cents."),
    }
)


class _PlainNames(FiltersCreateHooks):
    """Offers each filter once, under its name of `_NAMES`."""

    def filter_field_to_raw_fields(
        self, name: str, field: FilterField[Any]
    ) -> Iterator[tuple[str, Any, AbstractFilterOperator, str | None]]:
        for (owner, operator), (parameter, _) in _NAMES.items():
            if owner == name:
                yield parameter, field.type, operator, parameter


def _described(*, alias: str) -> Any:
    texts = dict(_NAMES.values())
    return Query(alias=alias, description=texts[alias])


def _field(type_: type[Any], reader: Any, *operators: AbstractFilterOperator) -> FilterField[Any]:
    return FilterField(type_, [*operators], operators[0], op_types=dict.fromkeys(operators, reader))


order_filters = create_filters(
    in_=_described,
    hooks=_PlainNames(),
    status=_field(OrderStatus, Statuses, FilterOperator.in_),
    placed_at=_field(datetime, Moment, FilterOperator.ge, FilterOperator.lt),
    total_cents=_field(int, Cents, FilterOperator.ge, FilterOperator.le),
)


def _sort_query(*, alias: str | None) -> Any:
    text = "Fields to sort by, with commas between; `-` before one turns it round. Equal ones go by age."
    return Query(alias=alias, max_length=4, description=text, examples=[["status", "-total_cents"]])


order_sorting = create_sorting(
    "placed_at", "total_cents", "status", "reference", default=DEFAULT_SORT, alias="sort", in_=_sort_query
)

_KNOWN: Final = frozenset({*dict(_NAMES.values()), "q", "sort", "size", "cursor"})


def refuse_unknown(request: Request) -> None:
    """Refuse a parameter that does not exist or comes twice: a filter that is ignored shows the wrong orders.

    Raises:
        RequestValidationError: Names each of them.
    """
    names = [name for name, _ in request.query_params.multi_items()]
    wrong = {
        name: f"no such parameter; there are {', '.join(sorted(_KNOWN))}" for name in set(names) - _KNOWN
    }
    wrong |= {name: "give it once" for name in _KNOWN if names.count(name) > 1}
    if wrong:
        raise RequestValidationError(
            [
                {"type": "extra_forbidden", "loc": ("query", name[:100]), "msg": wrong[name]}
                for name in sorted(wrong)
            ]
        )
