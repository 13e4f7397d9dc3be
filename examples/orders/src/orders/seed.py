"""Fill the database with clients and orders that look like real ones: ``python -m orders.seed --help``.

The same ``--seed`` makes the same data. Every address is under example.com (RFC 2606), and the clients
share one password, hashed once: a thousand honest hashes would take a minute.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from orders.database import Base, Client, Database, Order, OrderStatus
from orders.passwords import Passwords
from orders.settings import SettingsError, read_settings

__all__ = ["PASSWORD", "SeedError", "main", "seed", "seed_orders_of"]

PASSWORD: Final = "seeded-velvet-canyon-42"
"""What the seeded clients log in with; for a database that is for trying things out."""

_CHUNK: Final = 5000
_TODAY: Final = datetime(2026, 1, 1, tzinfo=UTC)  # fixed, so that the same seed makes the same data
_HISTORY: Final = timedelta(days=730)

_FIRST: Final = (  # noqa: SIM905 - one name a line would hide what this file is about
    "Ada Amir Anna Ben Carla Chen Dario Elif Emma Farid Grace Hana Hugo Ines Ivan Jana Jonas Kofi Lea "
    "Liam Lucia Mei Mila Nadia Noah Olga Omar Paula Priya Rosa Sami Sara Tariq Tom Uma Vera Wei Yusuf Zoe"
).split()
_LAST: Final = (  # noqa: SIM905
    "Abbas Adams Baker Berg Costa Dias Duarte Eriksen Fischer Fontaine Garcia Haddad Hansen Ivanov Jensen "
    "Kaya Keller Khan Kim Kowalski Kumar Lang Lopez Meyer Moreau Nakamura Novak Okafor Olsen Park Patel "
    "Petrov Rossi Sato Silva Singh Sokolov Tanaka Weber Yilmaz"
).split()
_PRODUCTS = (
    ("Espresso beans 1 kg", 2190),
    ("Filter coffee 500 g", 1090),
    ("Darjeeling 250 g", 1450),
    ("Kettle", 5990),
    ("Hand grinder", 8900),
    ("Espresso machine", 64900),
    ("Milk jug", 1850),
    ("Cup and saucer", 1290),
    ("Paper filters, 100", 450),
    ("Kitchen scale", 3490),
    ("Cleaning tablets", 990),
    ("Gift card", 2500),
)


class SeedError(Exception):
    """The database cannot be seeded as asked."""


def seed(database: Database, passwords: Passwords, *, clients: int, orders: int, seed: int = 1) -> None:
    """Add clients, and orders spread over them as in life: few order often, most seldom.

    Args:
        database: Where to.
        passwords: Hashes the password they share.
        clients: How many clients; at least one.
        orders: How many orders among all of them.
        seed: The same number makes the same data.

    Raises:
        SeedError: The database holds clients already.
    """
    chance = random.Random(seed)  # noqa: S311 - for data, not for secrets
    with database.session.begin() as session:
        if session.scalar(select(func.count()).select_from(Client)):
            raise SeedError(
                "the database holds clients already; seed an empty one (ORDERS_STATE_DIR says which)"
            )
        people = list(_clients(chance, clients, passwords.hash(PASSWORD)))
        _write(session, Client, people)
        # Pareto's weights: one client in five makes most of the orders.
        weights = [chance.paretovariate(1.6) for _ in people]
        owners = chance.choices([person["id"] for person in people], weights, k=orders)
        _write(session, Order, _orders(chance, owners, first=1))


def seed_orders_of(database: Database, email: str, *, orders: int, seed: int = 1) -> None:
    """Add orders to one client who registered.

    Args:
        database: Where to.
        email: The client's address.
        orders: How many.
        seed: The same number makes the same orders.

    Raises:
        SeedError: Nobody is registered under this address.
    """
    with database.session.begin() as session:
        owner = session.scalar(select(Client.id).where(Client.email == email.lower()))
        if owner is None:
            raise SeedError("nobody is registered under this address")
        first = (session.scalar(select(func.max(Order.id))) or 0) + 1
        chance = random.Random(seed)  # noqa: S311
        _write(session, Order, _orders(chance, [owner] * orders, first=first))


def _clients(chance: random.Random, count: int, password_hash: str) -> Iterator[dict[str, Any]]:
    for number in range(1, count + 1):
        first, last = chance.choice(_FIRST), chance.choice(_LAST)
        yield {
            "id": f"{chance.getrandbits(128):032x}",
            "email": f"{first}.{last}.{number}@example.com".lower(),
            "name": f"{first} {last}",
            "password_hash": password_hash,
            "created_at": _TODAY - _HISTORY,
        }


def _orders(chance: random.Random, owners: Sequence[str], *, first: int) -> Iterator[dict[str, Any]]:
    # Oldest first, as they would have come in.
    ages = sorted((chance.random() for _ in owners), reverse=True)
    for number, (owner, age) in enumerate(zip(owners, ages, strict=True), start=first):
        placed_at = (_TODAY - _HISTORY * age).replace(microsecond=0)
        lines = [
            (product, chance.randint(1, 4)) for product in chance.sample(_PRODUCTS, chance.randint(1, 3))
        ]
        yield {
            "client_id": owner,
            "reference": f"ORD-{placed_at.year}-{number:07d}",
            "status": _status(chance, _TODAY - placed_at),
            "placed_at": placed_at,
            "total_cents": sum(price * count for (_, price), count in lines),
            "summary": ", ".join(f"{count} × {name}" for (name, _), count in lines),
        }


def _status(chance: random.Random, age: timedelta) -> OrderStatus:
    """Return how far an order of this age has come; one in fifteen was cancelled."""
    if chance.random() < 1 / 15:
        return OrderStatus.CANCELLED
    if age > timedelta(days=14):
        return OrderStatus.DELIVERED
    return chance.choice([OrderStatus.PENDING, OrderStatus.PAID, OrderStatus.SHIPPED])


def _write(session: Session, table: type[Base], rows: Iterable[dict[str, Any]]) -> None:
    rows = iter(rows)
    while chunk := list(islice(rows, _CHUNK)):
        session.execute(insert(table), chunk)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m orders.seed", description="Fill the database with clients and orders that look real."
    )
    parser.add_argument("--clients", type=_count, default=1000, help="how many clients (%(default)s)")
    parser.add_argument("--orders", type=_count, default=50_000, help="how many orders (%(default)s)")
    parser.add_argument(
        "--seed", type=int, default=1, help="the same number makes the same data (%(default)s)"
    )
    parser.add_argument(
        "--for", dest="email", metavar="EMAIL", help="only add orders to this registered client"
    )
    chosen = parser.parse_args(arguments)
    try:
        settings = read_settings()
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        database = Database(settings.database)
        try:
            if chosen.email is not None:
                seed_orders_of(database, chosen.email, orders=chosen.orders, seed=chosen.seed)
                print(f"added {chosen.orders:,} orders")
            else:
                seed(database, Passwords(), clients=chosen.clients, orders=chosen.orders, seed=chosen.seed)
                print(f"added {chosen.clients:,} clients and {chosen.orders:,} orders; password: {PASSWORD}")
        finally:
            database.close()
    except (SettingsError, SeedError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("expected a number from 1")
    return count


if __name__ == "__main__":
    sys.exit(main())
