"""POST /clients: who may become a client, and what is kept of them."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from orders.database import Client
from orders.passwords import weakness


async def test_registration_answers_the_client_and_keeps_only_a_hash(service):
    response = await service.register("Ada@Example.com", password="orbit-velvet-canyon-42")
    assert response.status_code == 201
    body = response.json()
    assert set(body) == {"id", "email", "name", "created_at"}
    assert body["email"] == "ada@example.com"
    with service.app.state.database.session() as session:
        kept = session.scalars(select(Client)).one()
    assert kept.id == body["id"]
    assert kept.password_hash.startswith("$argon2id$")
    assert "orbit-velvet" not in kept.password_hash


@pytest.mark.parametrize("again", ["ada@example.com", "ADA@example.com", "ada@EXAMPLE.com"])
async def test_a_second_registration_of_a_mailbox_is_409_in_any_spelling(service, is_problem, again):
    await service.register("ada@example.com")
    is_problem(await service.register(again), 409, "client.duplicate")


async def test_of_registrations_at_once_exactly_one_wins(service):
    answers = await asyncio.gather(*(service.register() for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short-1!",
        "password123",
        "aaaaaaaaaaaaaaaa",
        "qwertyuiop",
        "1234567890",
        "ada@example.com",
        "AdaLovelace",
    ],
)
async def test_a_weak_password_is_422_says_why_and_is_not_repeated(service, is_problem, password):
    response = await service.register("ada@example.com", name="Ada Lovelace", password=password)
    body = is_problem(response, 422, "client.weak_password")
    assert [wrong["pointer"] for wrong in body["errors"]] == ["/password"]
    assert body["errors"][0]["detail"]
    assert not password or password not in response.text.replace("example.com", "")


@pytest.mark.parametrize(
    "password", ["correct horse battery staple", "orbit-velvet-canyon-42", "пароль-сложный-7431"]
)
def test_a_good_password_is_let_through(password):
    assert weakness(password, ["ada@example.com", "Ada"]) is None


def test_advice_names_the_weakness():
    assert weakness("abcdefghijkl", []) == (
        'Sequences like "abc" or "6543" are easy to guess; '
        "Add another word or two. Uncommon words are better. Avoid sequences."
    )
    assert weakness("short", []) == "use at least 10 characters"


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"email": "nobody"}, "/email"),
        ({"email": ["a@example.com"]}, "/email"),
        ({"name": "  "}, "/name"),
        ({"name": "x" * 101}, "/name"),
        ({"password": "x" * 129}, "/password"),
        ({"password": None}, "/password"),
        ({"password": "\ud800 is half a character"}, "/password"),
        ({"is_admin": True}, "/is_admin"),
    ],
)
async def test_a_wrong_field_is_422_and_named_by_its_pointer(service, is_problem, changed, pointer):
    body = is_problem(
        await service.register(**{"email": "ada@example.com", **changed}), 422, "request.invalid"
    )
    assert [wrong["pointer"] for wrong in body["errors"]] == [pointer]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"text"', b'{"password": "s3cret-text'])
async def test_a_body_that_is_no_object_is_422_and_not_repeated(service, is_problem, content):
    response = await service.http.post(
        "/clients", content=content, headers={"Content-Type": "application/json"}
    )
    is_problem(response, 422, "request.invalid")
    assert "s3cret-text" not in response.text


async def test_a_body_that_is_no_utf8_is_400(service, is_problem):
    response = await service.http.post(
        "/clients", content=b'{"email": "\xff"}', headers={"Content-Type": "application/json"}
    )
    assert "UTF-8" in is_problem(response, 400, "http.400")["detail"]
