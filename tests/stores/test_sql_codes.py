"""What an engine's error code is read as, from errors of the drivers themselves."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import asyncpg
import psycopg
import pymysql
import pytest

from jwtkit.errors import ContentionError, StoreUnavailableError
from jwtkit.stores.sql.codes import NO_SCHEMA, NO_TABLE, UNDONE, code_of, failure_of

CONTENTION = (ContentionError, "store.contention")
DUPLICATE = (StoreUnavailableError, "store.duplicate")
TABLES = (StoreUnavailableError, "store.tables")
OTHER = (StoreUnavailableError, "store.unavailable")

UNTOUCHED = "Key (session_id)=(s-1) exists"


def of_sqlite(name: str, text: str = UNTOUCHED) -> sqlite3.Error:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("error", "code", "expected", "undone"),
    [
        (psycopg.errors.SerializationFailure(UNTOUCHED), "40001", CONTENTION, True),
        (psycopg.errors.DeadlockDetected(UNTOUCHED), "40P01", CONTENTION, True),
        (asyncpg.DeadlockDetectedError(UNTOUCHED), "40P01", CONTENTION, True),
        (psycopg.errors.LockNotAvailable(UNTOUCHED), "55P03", CONTENTION, False),
        (psycopg.errors.UniqueViolation(UNTOUCHED), "23505", DUPLICATE, False),
        (asyncpg.UniqueViolationError(UNTOUCHED), "23505", DUPLICATE, False),
        (psycopg.errors.UndefinedTable(UNTOUCHED), "42P01", TABLES, False),
        (psycopg.errors.UndefinedColumn(UNTOUCHED), "42703", TABLES, False),
        (psycopg.errors.InvalidSchemaName(UNTOUCHED), "3F000", TABLES, False),
        (psycopg.errors.AdminShutdown(UNTOUCHED), "57P01", OTHER, False),
        (psycopg.OperationalError(UNTOUCHED), "OperationalError", OTHER, False),
        (pymysql.OperationalError(1213, UNTOUCHED), "1213", CONTENTION, True),
        (pymysql.OperationalError(1020, UNTOUCHED), "1020", CONTENTION, True),
        (pymysql.OperationalError(1205, UNTOUCHED), "1205", CONTENTION, False),
        (pymysql.IntegrityError(1062, UNTOUCHED), "1062", DUPLICATE, False),
        (pymysql.ProgrammingError(1146, UNTOUCHED), "1146", TABLES, False),
        (pymysql.OperationalError(1054, UNTOUCHED), "1054", TABLES, False),
        (pymysql.OperationalError(2006, UNTOUCHED), "2006", OTHER, False),
        (of_sqlite("SQLITE_BUSY"), "SQLITE_BUSY", CONTENTION, False),
        (of_sqlite("SQLITE_BUSY_SNAPSHOT"), "SQLITE_BUSY", CONTENTION, False),
        (of_sqlite("SQLITE_LOCKED_SHAREDCACHE"), "SQLITE_LOCKED", CONTENTION, True),
        (of_sqlite("SQLITE_CONSTRAINT_UNIQUE"), "SQLITE_CONSTRAINT_UNIQUE", DUPLICATE, False),
        (of_sqlite("SQLITE_ERROR"), "SQLITE_ERROR", OTHER, False),
        (of_sqlite("SQLITE_FULL"), "SQLITE_FULL", OTHER, False),
        (sqlite3.ProgrammingError(UNTOUCHED), "ProgrammingError", OTHER, False),
        (ConnectionRefusedError(111, UNTOUCHED), "ConnectionRefusedError", OTHER, False),
    ],
    ids=str,
)
def test_what_a_code_means(error, code, expected, undone):
    """Its class and code; and nothing of the driver's text, which may quote a row."""
    assert code_of(error) == code
    failure = failure_of(code, no_table=NO_TABLE, hint="make them")
    assert (type(failure), failure.code) == expected
    assert UNTOUCHED not in str(failure)
    assert (code in UNDONE) is undone
    if expected == TABLES:
        assert failure.hint == "make them"


@pytest.mark.parametrize(
    ("statement", "code"),
    [("SELECT 1 FROM nowhere", "no such table"), ("SELECT x FROM t", "no such column")],
)
def test_sqlite_says_by_text_what_is_missing(statement, code):
    """It has one code for every mistake in a statement."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (a)")
        with pytest.raises(sqlite3.OperationalError) as caught:
            connection.execute(statement)
    assert code_of(caught.value) == code
    assert failure_of(code, no_table=NO_TABLE, hint="").code == "store.tables"


@pytest.mark.parametrize(
    "error", [pymysql.OperationalError(1049, UNTOUCHED), of_sqlite("SQLITE_ERROR", "unknown database x")]
)
def test_a_schema_that_is_missing_is_a_missing_table_to_whoever_has_schemas(error):
    """Django's store has none: to it a database that is not there is an outage."""
    code = code_of(error)
    assert failure_of(code, no_table=NO_TABLE | NO_SCHEMA, hint="").code == "store.tables"
    assert failure_of(code, no_table=NO_TABLE, hint="").code == "store.unavailable"
