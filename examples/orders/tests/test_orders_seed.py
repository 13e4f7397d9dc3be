"""The seed command: the same number makes the same data, and the data is usable."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from sqlalchemy import func, select

from orders.database import Client, Database, Order, OrderStatus
from orders.passwords import Passwords
from orders.seed import PASSWORD, SeedError, main, seed, seed_orders_of


@pytest.fixture
def database(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'orders.db'}")
    yield database
    database.close()


@pytest.fixture(scope="module")
def passwords():
    return Passwords()


def contents(database):
    with database.session() as session:
        clients = [(client.id, client.email, client.name) for client in session.scalars(select(Client))]
        orders = [
            (
                order.client_id,
                order.reference,
                order.status,
                order.placed_at,
                order.total_cents,
                order.summary,
            )
            for order in session.scalars(select(Order))
        ]
    return clients, orders


def test_the_same_seed_makes_the_same_data_and_another_makes_other(tmp_path, passwords):
    made = []
    for number, chance in enumerate([1, 1, 2]):
        database = Database(f"sqlite:///{tmp_path / f'{number}.db'}")
        seed(database, passwords, clients=20, orders=300, seed=chance)
        made.append(contents(database))
        database.close()
    assert made[0] == made[1] != made[2]


def test_the_data_looks_like_life(database, passwords):
    seed(database, passwords, clients=50, orders=2000)
    clients, orders = contents(database)
    assert (len(clients), len(orders)) == (50, 2000)
    assert {status for _, _, status, *_ in orders} == set(OrderStatus)
    assert all(total > 0 and isinstance(total, int) for *_, total, _ in orders)
    assert len({reference for _, reference, *_ in orders}) == 2000
    owners = [owner for owner, *_ in orders]
    busiest = max(owners.count(owner) for owner in set(owners))
    assert busiest > 3 * 2000 / 50  # few order often
    assert passwords.verify(PASSWORD, _hash_of_anyone(database))


def _hash_of_anyone(database):
    with database.session() as session:
        return session.scalars(select(Client.password_hash)).first()


def test_a_database_with_clients_is_left_alone(database, passwords):
    seed(database, passwords, clients=1, orders=1)
    before = contents(database)
    with pytest.raises(SeedError, match="holds clients already"):
        seed(database, passwords, clients=1, orders=1)
    assert contents(database) == before


def test_orders_can_be_added_to_one_client(database, passwords):
    seed(database, passwords, clients=2, orders=5)
    email = contents(database)[0][0][1]
    seed_orders_of(database, email.upper(), orders=7)
    seed_orders_of(database, email, orders=7)
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 19
    with pytest.raises(SeedError, match="nobody is registered"):
        seed_orders_of(database, "nobody@example.com", orders=1)


def test_the_command_says_what_it_did(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "orders.seed", "--clients", "3", "--orders", "40"],
        env={**os.environ, "ORDERS_STATE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"added 3 clients and 40 orders; password: {PASSWORD}\n"


@pytest.mark.parametrize("arguments", [["--clients", "0"], ["--orders", "-5"], ["--orders", "x"]])
def test_the_command_refuses_counts_below_one(arguments):
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2


def test_the_command_fails_plainly(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ORDERS_STATE_DIR", str(tmp_path))
    assert main(["--for", "nobody@example.com", "--orders", "1"]) == 1
    assert capsys.readouterr().err == "nobody is registered under this address\n"
    monkeypatch.setenv("ORDERS_PORT", "x")
    assert main([]) == 1
    assert "ORDERS_PORT" in capsys.readouterr().err
