"""Every statement of the SQL session stores, for the tables and the engine at hand.

Those that are run all the time are written out once, when a store is made, into the text their driver takes;
SQLAlchemy's own cache of statements would still look each of them over, object by object, on every call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    Executable,
    LargeBinary,
    Select,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)

from jwtkit.stores.rows import CHANGING, COLUMNS
from jwtkit.stores.sql.dialects import Dialect
from jwtkit.stores.sql.schema import KEYS, TIMES, Tables

if TYPE_CHECKING:
    from sqlalchemy import Dialect as Driver

__all__ = ["Prepared", "Statements"]

_CHANGING_KEYS = ("tenant_key", "secret_key")


class Prepared:
    """A statement in the words of its driver.

    Args:
        statement: What to write out.
        driver: For whom.

    Attributes:
        text: The statement.
        returns_rows: Whether it is a query.
    """

    __slots__ = ("_names", "returns_rows", "text")

    def __init__(self, statement: Executable, driver: Driver) -> None:
        compiled: Any = statement.compile(dialect=driver)  # type: ignore[attr-defined]
        self.text = str(compiled)
        self.returns_rows = isinstance(statement, Select)
        self._names: tuple[str, ...] | None = (
            None if compiled.positiontup is None else tuple(compiled.positiontup)
        )

    def bind(self, values: Mapping[str, Any]) -> Any:
        """Return the values in the form and order that the driver takes."""
        return values if self._names is None else tuple(map(values.__getitem__, self._names))


class Statements:
    """The statements, those that are run all the time as `Prepared`.

    Args:
        tables: What they are about.
        dialect: The engine's ways.
        driver: SQLAlchemy's dialect, which writes them out.
    """

    def __init__(self, tables: Tables, dialect: Dialect, driver: Driver) -> None:
        self._tables = tables
        self._dialect = dialect
        families, denials = tables.families, tables.denials

        self.now = Prepared(select(dialect.now), driver)
        self.insert = Prepared(
            insert(families).values({name: _value(families.c[name]) for name in (*KEYS, *COLUMNS, *TIMES)}),
            driver,
        )
        self.read = Prepared(self._read(), driver)
        # A rotation: its end is only ever put off, so the index of purging is left alone (see the schema).
        self.swap = Prepared(self._swap("over_at"), driver)
        # An end: the row may be purged sooner than was thought.
        self.swap_ended = Prepared(self._swap("over_at", "purge_check_at"), driver)
        self.status = Prepared(self._status(), driver)
        self.list_subject = Prepared(self._list_subject(), driver)
        self.live_key_ids = Prepared(self._live_key_ids(), driver)
        self.deny = Prepared(dialect.upsert(denials, _values_of(denials.c), "until", self._greatest), driver)

        self.highest_epoch = select(func.max(tables.epochs.c.epoch), dialect.now).where(
            tables.epochs.c.scope_key.in_(bindparam("scope_keys", expanding=True, type_=LargeBinary(16)))
        )
        # The issuer's row is locked from here to the end of the transaction, so whoever sees an epoch sees
        # every lower one that the issuer gave out.
        epochs = tables.epochs
        self.next_epoch = dialect.upsert(
            epochs, _values_of(epochs.c), "epoch", lambda old, new: self._greatest(old + 1, new)
        )
        self.set_epoch = dialect.upsert(epochs, _values_of(epochs.c), "epoch", lambda _, new: new)
        self.epoch_of_key = select(epochs.c.epoch).where(epochs.c.scope_key == _value(epochs.c.scope_key))

        # Skipped are rows that somebody is rotating at this moment, which are alive.
        self.families_due = (
            select(families.c.session_key, families.c.over_at)
            .where(families.c.purge_check_at < bindparam("before", type_=BigInteger))
            .order_by(families.c.purge_check_at)
            .limit(bindparam("limit", type_=BigInteger))
            .with_for_update(skip_locked=True)
        )
        some_keys = bindparam("keys", expanding=True, type_=LargeBinary(16))
        # Both say what they need and do not rely on what was read: not every engine locks what it reads.
        self.check_families_later = (
            update(families)
            .where(families.c.session_key.in_(some_keys))
            .values(purge_check_at=families.c.over_at)
        )
        self.remove_families = delete(families).where(
            families.c.session_key.in_(some_keys),
            families.c.over_at < bindparam("before", type_=BigInteger),
        )
        self.denials_due = (
            select(denials.c.token_key)
            .where(denials.c.until < bindparam("before", type_=BigInteger))
            .order_by(denials.c.until)
            .limit(bindparam("limit", type_=BigInteger))
            .with_for_update(skip_locked=True)
        )
        self.remove_denials = delete(denials).where(
            denials.c.token_key.in_(some_keys), denials.c.until < bindparam("before", type_=BigInteger)
        )

    def _read(self) -> Select[*tuple[Any, ...]]:
        """A family, its epoch and the time, in one row also where there is no such family."""
        families = self._tables.families
        moment = select(self._dialect.now.label("now")).subquery("moment")
        return select(
            *(families.c[name] for name in COLUMNS), self._epoch_of_family(), moment.c.now
        ).select_from(moment.outerjoin(families, families.c.session_key == _value(families.c.session_key)))

    def _swap(self, *times: str) -> Executable:
        families = self._tables.families
        set_to = {name: _value(families.c[name]) for name in (*CHANGING, *_CHANGING_KEYS, *times)}
        # The session's identity too: its subject's key covers the issuer.
        return (
            update(families)
            .where(
                *(
                    families.c[name] == _value(families.c[name])
                    for name in ("session_key", "subject_key", "created_at")
                ),
                families.c.version == bindparam("expected_version", type_=BigInteger),
            )
            .values(set_to)
        )

    def _status(self) -> Select[*tuple[Any, ...]]:
        families, denials = self._tables.families, self._tables.denials
        moment = select(self._dialect.now.label("now")).subquery("moment")
        known = families.c.session_key.is_not(None)
        # A session says its own subject and tenant, also that it has no tenant.
        tenant_key = case((known, families.c.tenant_key), else_=_value(families.c.tenant_key))
        subject_key = func.coalesce(families.c.subject_key, _value(families.c.subject_key))
        found = moment.outerjoin(
            families,
            (families.c.session_key == _value(families.c.session_key))
            & (families.c.issuer_key == _value(families.c.issuer_key)),
        ).outerjoin(denials, denials.c.token_key == _value(denials.c.token_key))
        return select(
            families.c.over_at,
            families.c.ended_at,
            self._highest_epoch(_value(families.c.issuer_key), tenant_key, subject_key),
            denials.c.until,
            moment.c.now,
        ).select_from(found)

    def _list_subject(self) -> Select[*tuple[Any, ...]]:
        families = self._tables.families
        return (
            select(*(families.c[name] for name in COLUMNS), self._epoch_of_family(), self._dialect.now)
            .where(families.c.subject_key == _value(families.c.subject_key))
            .order_by(families.c.created_at.desc(), families.c.session_id)
            .limit(bindparam("limit", type_=BigInteger))
            .offset(bindparam("offset", type_=BigInteger))
        )

    def _live_key_ids(self) -> Select[*tuple[Any, ...]]:
        """Step through the index from one secret to the next, and look for a living family of each."""
        families = self._tables.families
        issuer_key = _value(families.c.issuer_key)
        first = (
            select(func.min(families.c.secret_key).label("secret_key"))
            .where(families.c.issuer_key == issuer_key)
            .cte("secrets", recursive=True)
        )
        following = families.alias("following")
        next_one = select(func.min(following.c.secret_key)).where(
            following.c.issuer_key == issuer_key, following.c.secret_key > first.c.secret_key
        )
        secrets = first.union_all(select(next_one.scalar_subquery()).where(first.c.secret_key.is_not(None)))
        living = families.alias("living")
        one_living = (
            select(living.c.key_id)
            .where(
                living.c.issuer_key == issuer_key,
                living.c.secret_key == secrets.c.secret_key,
                living.c.over_at > bindparam("now", type_=BigInteger),
            )
            .limit(literal_column("1"))
            .offset(literal_column("0"))  # which SQLite would be told as a value
            .scalar_subquery()
        )
        return select(one_living.label("key_id")).select_from(secrets)

    def _epoch_of_family(self) -> ColumnElement[int]:
        columns = self._tables.families.c
        return self._highest_epoch(columns.issuer_key, columns.tenant_key, columns.subject_key)

    def _highest_epoch(self, *keys: ColumnElement[Any]) -> ColumnElement[int]:
        """The highest epoch of the scopes; one look-up each, where `IN` may become a walk through all."""
        epochs = []
        for number, key in enumerate(keys):
            scope = self._tables.epochs.alias(f"scope_{number}")
            found = (
                select(scope.c.epoch)
                .where(scope.c.scope_key == key)
                .correlate_except(scope)
                .scalar_subquery()
            )
            epochs.append(func.coalesce(found, literal_column("0")))
        return self._greatest(*epochs)

    def _greatest(self, *values: ColumnElement[Any]) -> ColumnElement[Any]:
        greatest: ColumnElement[Any] = getattr(func, self._dialect.greatest)(*values, type_=BigInteger())
        return greatest


def _value(column: Column[Any]) -> BindParameter[Any]:
    """The value for `column`, bound by its name; "p_" keeps it apart from names SQLAlchemy makes itself."""
    return bindparam(f"p_{column.name}", type_=column.type)


def _values_of(columns: Iterable[Column[Any]]) -> dict[str, BindParameter[Any]]:
    return {column.name: _value(column) for column in columns}
