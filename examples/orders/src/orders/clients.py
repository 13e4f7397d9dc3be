"""Registration: anyone may become a client."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, EmailStr, Field, StringConstraints
from sqlalchemy.exc import IntegrityError

from jwtkit.web import problem
from orders.database import Client, DatabaseSession
from orders.passwords import MAX_LENGTH, MIN_LENGTH, Passwords, weakness
from orders.problems import ProblemError, problem_responses

__all__ = ["Email", "NewClient", "RegisteredClient", "router"]

Email = Annotated[EmailStr, AfterValidator(str.lower)]
"""One mailbox, one client: whether the part before the @ has capitals matters to no provider in use."""


class NewClient(BaseModel):
    """What registration takes."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    email: Email = Field(examples=["ada@example.com"])
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] = Field(
        examples=["Ada Lovelace"]
    )
    password: str = Field(
        max_length=MAX_LENGTH,
        repr=False,
        description=f"At least {MIN_LENGTH} characters, and hard to guess.",
        examples=["orbit-velvet-canyon-42"],
    )


class RegisteredClient(BaseModel):
    """What registration answers."""

    id: str = Field(examples=["5f0c3c5e3a0f4c67a8f1f2f1c9d7e001"])
    email: str = Field(examples=["ada@example.com"])
    name: str = Field(examples=["Ada Lovelace"])
    created_at: datetime


router = APIRouter(tags=["clients"])


@router.post(
    "/clients",
    status_code=201,
    summary="Register",
    responses=problem_responses(
        {
            409: "Somebody is registered under this address.",
            422: "Something is missing, or the password is weak.",
        }
    ),
)
def register(new: NewClient, request: Request, database: DatabaseSession) -> RegisteredClient:
    """Become a client. Needs no token."""
    complaint = weakness(new.password, [new.email, *new.email.split("@"), new.name])
    if complaint is not None:
        raise ProblemError(
            problem(
                422,
                "The password is too easy to guess.",
                code="client.weak_password",
                errors=[{"detail": complaint, "pointer": "/password"}],
            )
        )
    passwords: Passwords = request.app.state.passwords
    client = Client(
        id=uuid.uuid4().hex,
        email=new.email,
        name=new.name,
        password_hash=passwords.hash(new.password),
        created_at=datetime.now(UTC),
    )
    database.add(client)
    try:
        # The unique index decides, not a look beforehand: two may register at once.
        database.commit()
    except IntegrityError:
        raise ProblemError(
            problem(409, "Somebody is registered under this address.", code="client.duplicate")
        ) from None
    return RegisteredClient(id=client.id, email=client.email, name=client.name, created_at=client.created_at)
