"""The forms of claims: identifiers, NumericDates, scopes, confirmations, and how a value is shown."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.tokens.kit import THUMBPRINT

from jwtkit.testing.strategies import json_values, scopes, subjects
from jwtkit.tokens.claims import (
    ABSENT,
    MAX_TEXT_LENGTH,
    confirmation_thumbprint,
    is_numeric_date,
    is_text,
    read_scopes,
    shown,
    shown_time,
    to_datetime,
)

LONGEST_SHOWN = 80
HUGE = st.integers(min_value=10**70, max_value=10**4299)
ANY_JSON = json_values() | HUGE | HUGE.map(lambda number: -number) | st.text(max_size=300)


# --- identifiers -------------------------------------------------------------------------------------


@given(subjects())
def test_any_short_text_without_control_characters_is_an_identifier(text: str) -> None:
    assert is_text(text)


@pytest.mark.parametrize("text", ["a", " ", "Zoë", "№ 2\u2028", "\u00ad", "a" * MAX_TEXT_LENGTH])
def test_unusual_but_harmless_texts_are_identifiers(text: str) -> None:
    assert is_text(text)


class Text(str):
    """A str that could answer `==` as it likes."""


@pytest.mark.parametrize(
    "value",
    ["", "a" * (MAX_TEXT_LENGTH + 1), None, 1, True, b"a", ["a"], {"a": 1}, Text("a")],
    ids=["empty", "513 characters", "null", "number", "true", "bytes", "list", "object", "subclass"],
)
def test_everything_else_is_none(value: Any) -> None:
    assert not is_text(value)


@pytest.mark.parametrize(
    "character", ["\0", "\t", "\n", "\r", "\x1b", "\x7f", "\x85", "\x9f", "\ud800", chr(0xDFFF)]
)
def test_control_characters_and_lone_surrogates_make_no_identifier(character: str) -> None:
    assert not is_text(f"a{character}b")


# --- NumericDate -------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0, -1, 1_750_000_000, 1.5, -0.0, 1e308, 10**400, -(10**400)])
def test_any_finite_number_is_a_numeric_date(value: Any) -> None:
    assert is_numeric_date(value)


@pytest.mark.parametrize("value", [True, False, None, "1750000000", math.nan, math.inf, -math.inf, [1], {}])
def test_no_other_value_is_a_numeric_date(value: Any) -> None:
    assert not is_numeric_date(value)


@pytest.mark.parametrize(
    ("seconds", "moment"),
    [
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (1_750_000_000.25, datetime(2025, 6, 15, 15, 6, 40, 250_000, tzinfo=UTC)),
        (10**400, datetime(9999, 12, 30, tzinfo=UTC)),
        (1e308, datetime(9999, 12, 30, tzinfo=UTC)),
        (-(10**400), datetime(1, 1, 2, tzinfo=UTC)),
        (-1e308, datetime(1, 1, 2, tzinfo=UTC)),
    ],
)
def test_numeric_dates_become_utc_datetimes_and_stop_where_years_run_out(
    seconds: float, moment: datetime
) -> None:
    assert to_datetime(seconds) == moment
    assert to_datetime(seconds).tzinfo is UTC


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False) | HUGE)
def test_every_numeric_date_has_a_datetime_that_survives_every_time_zone(seconds: float) -> None:
    moment = to_datetime(seconds)
    for hours in (-23, 23):
        assert moment.astimezone(timezone(timedelta(hours=hours))) == moment


@given(st.integers(-62_135_510_400, 253_402_128_000))
def test_whole_seconds_come_back_exactly(seconds: int) -> None:
    assert to_datetime(seconds).timestamp() == seconds


# --- scopes ------------------------------------------------------------------------------------------


@given(scopes())
def test_scopes_are_read_from_a_text_and_from_a_list_alike(names: list[str]) -> None:
    assert read_scopes(" ".join(names)) == read_scopes(list(names)) == frozenset(names)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", set()),
        ("  ", set()),
        (" read  write ", {"read", "write"}),
        ("read\twrite", {"read\twrite"}),
        ("read\u00a0write", {"read\u00a0write"}),
        ("read\nadmin", {"read\nadmin"}),
    ],
)
def test_only_the_space_parts_scopes(text: str, names: set[str]) -> None:
    assert read_scopes(text) == frozenset(names)


@pytest.mark.parametrize("value", [None, 1, True, {"read": 1}, ["read", 1], [["read"]], ("read",)])
def test_nothing_else_holds_scopes(value: Any) -> None:
    assert read_scopes(value) is None


# --- confirmation ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["jkt", "x5t#S256"])
def test_a_confirmation_names_one_thumbprint(name: str) -> None:
    assert confirmation_thumbprint({name: THUMBPRINT}) == THUMBPRINT
    assert confirmation_thumbprint({name: THUMBPRINT, "jku": "ignored"}) == THUMBPRINT


@pytest.mark.parametrize(
    "confirmation",
    [
        {},
        {"jwk": {"kty": "EC"}},
        {"kid": THUMBPRINT},
        {"jkt": THUMBPRINT, "x5t#S256": THUMBPRINT},
        {"jkt": None, "x5t#S256": THUMBPRINT},
        {"jkt": ""},
        {"jkt": 1},
        {"jkt": None},
        {"jkt": [THUMBPRINT]},
    ],
)
def test_a_confirmation_with_none_both_or_no_text_fits_no_proof(confirmation: dict[str, Any]) -> None:
    assert confirmation_thumbprint(confirmation) is None


# --- how a value is shown ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (ABSENT, "nothing"),
        (None, "None"),
        (True, "True"),
        (1, "1"),
        (-1.5, "-1.5"),
        ("a", "'a'"),
        ("it's", '"it\'s"'),
        ("\x1b[2J\n№", r"'\x1b[2J\n\u2116'"),
        ("a" * 78, f"'{'a' * 78}'"),
        ("a" * 79, f"'{'a' * 76}..."),
        ([], "[]"),
        (["a", "№"], r"['a', '\u2116']"),
        (list("abcdefgh"), "['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']"),
        (list("abcdefghi"), "['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', ...]"),
        (["a", 1], "a list of 2"),
        ({"password": "hunter2"}, "an object of 1"),
        (10**79, "1" + "0" * 79),
        (10**80, "an integer of 266 bits"),
        (-(10**79), "-1" + "0" * 75 + "..."),
        (-(10**80), "an integer of 266 bits"),
        (b"a", "a bytes"),
    ],
)
def test_a_value_is_shown_quoted_escaped_and_short(value: Any, text: str) -> None:
    assert shown(value) == text


@given(ANY_JSON)
@example("\ud800")
@example("\U0010ffff" * 100)
@example([10**400])
@example(["\n" * 4000] * 1000)
def test_whatever_json_holds_is_shown_in_few_printable_ascii_characters(value: Any) -> None:
    text = shown(value)
    assert 0 < len(text) <= LONGEST_SHOWN
    assert text.isascii()
    assert text.isprintable()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 (1970-01-01 00:00:00Z)"),
        (1_750_000_000, "1750000000 (2025-06-15 15:06:40Z)"),
        (1e308, "1e+308"),
        (10**80, "an integer of 266 bits"),
        (253_402_128_000, "253402128000"),
        (-62_135_510_400, "-62135510400"),
        (True, "True"),
        ("1750000000", "'1750000000'"),
        (None, "None"),
    ],
)
def test_a_time_is_shown_with_its_instant_where_there_is_one(value: Any, text: str) -> None:
    assert shown_time(value) == text


@given(ANY_JSON)
def test_whatever_json_holds_is_shown_as_a_time_too(value: Any) -> None:
    text = shown_time(value)
    assert len(text) <= LONGEST_SHOWN
    assert text.isascii()
    assert text.isprintable()
