"""How the statements of the SQL stores find their rows: by a key or an index, whatever the engine."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import Update, event, inspect
from tests.stores.sql_databases import ENGINES, database

from jwtkit.refresh.protocols import EpochScope
from jwtkit.stores.rows import CHANGING, COLUMNS
from jwtkit.stores.sql.keys import scope_key, session_key, token_key
from jwtkit.stores.sql.schema import KEYS, TIMES
from jwtkit.stores.sql.statements import Prepared
from jwtkit.testing import ManualClock
from jwtkit.testing.given import ISSUER, a_family, rotated

CLOCK = ManualClock()
ROWS = 3000

VALUES = {
    "p_session_key": session_key("session-7"),
    "p_issuer_key": scope_key(EpochScope(ISSUER, "all")),
    "p_tenant_key": scope_key(EpochScope(ISSUER, "tenant", "acme")),
    "p_subject_key": scope_key(EpochScope(ISSUER, "subject", "client-7")),
    "p_token_key": token_key(ISSUER, "token-7"),
    "p_scope_key": scope_key(EpochScope(ISSUER, "all")),
    "p_secret_key": b"\0" * 16,
    "p_created_at": 1,
    "p_epoch": 1,
    "p_until": 1,
    "expected_version": 1,
    "limit": 10,
    "offset": 0,
    "before": 2,
    "now": 2**60,
    "keys": [b"\0" * 16],
    "scope_keys": [b"\0" * 16],
}

SEARCHED = {
    "read": {"families", "epochs"},
    "swap": {"families"},
    "swap_ended": {"families"},
    "status": {"families", "epochs", "denials"},
    "list_subject": {"families", "epochs"},
    "live_key_ids": {"families"},
    "highest_epoch": {"epochs"},
    "epoch_of_key": {"epochs"},
    "families_due": {"families"},
    "check_families_later": {"families"},
    "remove_families": {"families"},
    "denials_due": {"denials"},
    "remove_denials": {"denials"},
}
"""Which tables each statement looks into. Those that are not here insert, and look up the key they insert."""


@pytest.fixture
def tables(engine_name, request, tmp_path):
    with database(engine_name, request, tmp_path / "sessions.db") as made:
        fill(made)
        yield made


def fill(tables):
    """Enough rows that a planner which can count prefers an index."""
    with tables.store(clock=CLOCK) as store:
        statements = store._sessions._statements
        family = a_family(CLOCK)
        values = []
        for number in range(ROWS):
            row = {f"p_{name}": getattr(family, name) for name in COLUMNS}
            row |= {
                "p_session_id": f"session-{number}",
                "p_session_key": session_key(f"session-{number}"),
                "p_issuer_key": VALUES["p_issuer_key"],
                "p_tenant_key": VALUES["p_tenant_key"],
                "p_subject_key": scope_key(EpochScope(ISSUER, "subject", f"client-{number}")),
                "p_secret_key": VALUES["p_secret_key"],
                "p_over_at": number,
                "p_purge_check_at": number,
            }
            values.append(statements.insert.bind(row))
        with tables.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            connection.exec_driver_sql(statements.insert.text, values)
            families, epochs, denials = (
                tables.tables_by_name[name] for name in ("families", "epochs", "denials")
            )
            some = range(ROWS)
            connection.execute(
                epochs.insert(),
                [
                    {
                        "scope_key": number.to_bytes(16, "big"),
                        "issuer": "",
                        "kind": "",
                        "name": "",
                        "epoch": 1,
                    }
                    for number in some
                ],
            )
            connection.execute(
                denials.insert(),
                [
                    {"token_key": number.to_bytes(16, "big"), "issuer": "", "token_id": "", "until": number}
                    for number in some
                ],
            )
            connection.exec_driver_sql("COMMIT")
            for table in (families, epochs, denials):
                analyze = {"mariadb": "ANALYZE TABLE {}"}.get(tables.name, "ANALYZE {}")
                connection.exec_driver_sql(analyze.format(table.name)).close()


def explained(tables, store, name):
    """The plan of one statement, as the engine tells it."""
    statement = getattr(store._sessions._statements, name)
    values = {f"p_{column}": None for column in (*CHANGING, *TIMES)} | VALUES
    explain = {
        "postgresql": "EXPLAIN (FORMAT JSON) ",
        "mariadb": "EXPLAIN FORMAT=JSON ",
        "sqlite": "EXPLAIN QUERY PLAN ",
    }
    said = []
    with tables.engine.connect() as connection:
        if isinstance(statement, Prepared):
            said.append((statement.text, statement.bind(values)))
        else:
            # As SQLAlchemy says it to the driver, lists of keys written out.
            event.listen(
                connection,
                "before_cursor_execute",
                lambda _c, _cursor, text, bound, *_: said.append((text, bound)),
            )
            connection.execute(statement, values).close()
        [(text, bound)] = said
        return connection.exec_driver_sql(explain[tables.name] + text, bound).fetchall()


def searches(tables, plan):
    """Which tables the plan looks into, each with whether by an index."""
    found = set()
    if tables.name == "sqlite":
        names = {"f": "families"}
        for *_, step in plan:
            if match := re.match(r"(SEARCH|SCAN) (\S+)", step):
                name = re.sub(r"^t[0-9a-f]{12}_", "", match[2])
                name = names.get(name, "epochs" if name.startswith("scope_") else name)
                name = "families" if name in ("following", "living") else name
                if name in ("families", "epochs", "denials"):
                    found.add((name, match[1] == "SEARCH"))
        return found
    document = plan[0][0]
    document = json.loads(document) if isinstance(document, str) else document

    def walk(node):
        if isinstance(node, list):
            for part in node:
                walk(part)
        elif isinstance(node, dict):
            if tables.name == "postgresql" and "Relation Name" in node and "Scan" in node["Node Type"]:
                indexed = "Index" in node["Node Type"] or "Bitmap" in node["Node Type"]
                found.add((node["Relation Name"].removeprefix(tables.prefix), indexed))
            if tables.name == "mariadb" and "access_type" in node:
                name = node["table_name"].removeprefix(tables.prefix)
                name = "epochs" if name.startswith("scope_") else name
                name = "families" if name in ("following", "living") else name
                if name in ("families", "epochs", "denials"):
                    found.add(
                        (name, node["access_type"] in ("const", "eq_ref", "ref", "range", "ref_or_null"))
                    )
            for part in node.values():
                walk(part)

    walk(document)
    return found


@ENGINES
def test_rows_are_found_by_a_key_or_an_index(tables):
    with tables.store(clock=CLOCK) as store:
        for name, expected in SEARCHED.items():
            found = searches(tables, explained(tables, store, name))
            if name == "live_key_ids" and tables.name == "postgresql":
                # Where one secret made every row, any row will do: the first of the table.
                found.discard(("families", False))
            assert found <= {(table, True) for table in expected}, f"{name}: {found}"
            # MariaDB answers what it finds in an index while planning, and says so without naming the table.
            if tables.name != "mariadb":
                assert {table for table, _ in found} == expected, name


@ENGINES
def test_every_statement_is_explained_or_inserts(tables):
    with tables.store() as store:
        names = {name for name in vars(store._sessions._statements) if not name.startswith("_")}
    assert names - set(SEARCHED) == {"now", "insert", "deny", "next_epoch", "set_epoch"}


@ENGINES
def test_a_rotation_writes_to_no_index(tables):
    """None of the columns it sets to another value is in one."""
    indexed = {
        column
        for index in inspect(tables.engine).get_indexes(tables.prefix + "families")
        for column in index["column_names"]
    }
    with tables.store() as store:
        statement = store._sessions._statements._swap("over_at")
        assert isinstance(statement, Update)
        written = {getattr(column, "name", column) for column in statement._values}
    assert indexed == {"issuer_key", "subject_key", "secret_key", "created_at", "purge_check_at"}
    # Whose value a rotation leaves as it is, unless the secret was replaced.
    assert written & indexed == {"secret_key"}
    assert written == {*CHANGING, "tenant_key", "secret_key", "over_at"}


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_rotations_are_heap_only_updates(tables):
    """On PostgreSQL they leave indexes alone, and their page has room for them."""
    with tables.store(clock=CLOCK) as store:
        families = [a_family(CLOCK, subject=f"somebody-{number}") for number in range(50)]
        for family in families:
            store.insert(family)
        for _ in range(20):
            for number, family in enumerate(families):
                successor = rotated(family, CLOCK)
                assert store.compare_and_swap(successor, expected_version=family.version)
                families[number] = successor
    tables.rows("SELECT pg_stat_force_next_flush()")
    [(updates, hot)] = tables.server.execute(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = %s",
        f"{tables.prefix}families",
    )
    assert updates >= 1000
    assert hot / updates > 0.9


@ENGINES
def test_a_row_has_a_column_for_every_field(tables):
    columns = [column["name"] for column in inspect(tables.engine).get_columns(f"{tables.prefix}families")]
    assert columns == [*KEYS, *COLUMNS, *TIMES]
