"""Every statement finds its rows by a key or an index: none reads a whole table but the one that says so."""

from __future__ import annotations

import re
import sqlite3

import pytest

from jwtkit.stores import SQLiteSessionStore
from jwtkit.stores.rows import CHANGING, COLUMNS, IDENTITY
from jwtkit.stores.sqlite import statements

KEY_OF_FAMILY = "families USING PRIMARY KEY (session_id=?)"
KEY_OF_EPOCH = "epochs USING PRIMARY KEY (issuer=? AND kind=? AND name=?)"
KEY_OF_DENIAL = "denials USING PRIMARY KEY (issuer=? AND token_id=?)"
DUE = "families USING COVERING INDEX families_by_purge_check (purge_check_at<?)"

PLANS = {
    "BUMP_EPOCH": {"epochs USING COVERING INDEX epochs_by_height (issuer=?)"},
    "DENY": set(),
    "INSERT": set(),
    "LIST_SUBJECT": {"families USING INDEX families_by_subject (issuer=? AND subject=?)", KEY_OF_EPOCH},
    "PURGE_DENIALS": {KEY_OF_DENIAL, "denials USING COVERING INDEX denials_by_until (until<?)"},
    "PURGE_FAMILIES": {KEY_OF_FAMILY, DUE},
    "READ": {KEY_OF_FAMILY, KEY_OF_EPOCH},
    "RECHECK_FAMILIES": {KEY_OF_FAMILY, DUE},
    "STATUS": {KEY_OF_FAMILY, KEY_OF_EPOCH, KEY_OF_DENIAL},
    "SWAP": {KEY_OF_FAMILY},
    "SWAP_ENDED": {KEY_OF_FAMILY},
    "highest_epoch_of": {KEY_OF_EPOCH},
}
ALIASES = {"f": "families", "e": "epochs", "d": "denials"}


@pytest.fixture
def connection(tmp_path):
    SQLiteSessionStore(tmp_path / "sessions.db").close()
    connection = sqlite3.connect(tmp_path / "sessions.db")
    yield connection
    connection.close()


def sql(name):
    statement = getattr(statements, name)
    return statement(3) if callable(statement) else statement


def plan(connection, statement):
    values = [1] * statement.count("?")
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]


def test_every_statement_has_a_plan_here():
    assert set(PLANS) | {"LIVE_KEY_IDS"} == set(statements.__all__)


@pytest.mark.parametrize("name", PLANS)
def test_rows_are_found_by_a_key_or_an_index(connection, name):
    searches = set()
    for step in plan(connection, sql(name)):
        assert "TEMP B-TREE" not in step, "sorts what an index should have in order"
        # What is left reads what the statement itself made, each version of SQLite in its own words.
        if match := re.match(r"(SEARCH|SCAN) (families|epochs|denials|[fed])\b *(USING [^)]*\))?", step):
            assert match[1] == "SEARCH", f"reads the whole of {match[2]}"
            searches.add(f"{ALIASES.get(match[2], match[2])} {match[3]}")
    assert searches == PLANS[name]


def test_the_living_keys_are_read_from_the_whole_table(connection):
    """Asked once in the life of a rotator; by the subject index it would take longer."""
    assert plan(connection, statements.LIVE_KEY_IDS)[0] == "SCAN families"


def test_a_rotation_writes_to_no_index(connection):
    """None of the columns it sets is in one: measured, an index over the idle expiry costs a third."""
    indexed = {
        column
        for (index,) in connection.execute(
            "SELECT name FROM pragma_index_list('families') WHERE origin = 'c'"
        )
        for (column,) in connection.execute("SELECT name FROM pragma_index_info(?)", [index])
    }
    written = set(re.findall(r"(\w+) = \?", statements.SWAP.split(" WHERE ")[0]))
    assert indexed == {"issuer", "subject", "created_at", "purge_check_at"}
    assert written == {*CHANGING, "over_at"}
    assert not written & indexed


def test_a_row_has_a_column_for_every_field(connection):
    columns = [row[1] for row in connection.execute("PRAGMA table_info(families)")]
    assert sorted(columns) == sorted([*COLUMNS, "over_at", "purge_check_at"])
    assert sorted(COLUMNS) == sorted((*IDENTITY, *CHANGING))
