"""What the service is told by its environment, read and checked once, at the start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

__all__ = ["PREFIX", "Settings", "SettingsError", "read_settings"]

PREFIX: Final = "ORDERS_"


class SettingsError(Exception):
    """The environment is wrong; the message names every problem and repeats no value."""


def _seconds(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    try:
        return timedelta(seconds=float(str(value)))
    except (ValueError, OverflowError):
        raise ValueError("expected a number of seconds") from None


def _is_database_url(value: str) -> str:
    try:
        if value:
            make_url(value)
    except ArgumentError:
        raise ValueError("expected a SQLAlchemy URL, such as sqlite:///orders.db") from None
    return value


def _between(least: int, most: int) -> AfterValidator:
    def check(value: timedelta) -> timedelta:
        if not least <= value.total_seconds() <= most:
            raise ValueError(f"expected a number of seconds from {least} to {most}")
        return value

    return AfterValidator(check)


Lifetime = Annotated[timedelta, BeforeValidator(_seconds), _between(1, 315_360_000)]
Leeway = Annotated[timedelta, BeforeValidator(_seconds), _between(0, 300)]
Window = Annotated[timedelta, BeforeValidator(_seconds), _between(0, 600)]


class Settings(BaseModel):
    """Each field is read from ``ORDERS_`` and its name in capitals. Times are in seconds.

    Attributes:
        state_dir: Holds what is not told otherwise: database, sessions, signing key, rotation secret.
        database_url: A SQLAlchemy URL; ``orders.db`` in `state_dir` when empty.
        sessions_url: Where the login sessions are kept, a URL of `jwtkit.stores.opening.open_store`. When
            empty: in the database, if `database_url` names a server, else ``sessions.db`` in `state_dir`.
        issuer: The ``iss`` of the service's tokens: its public URL.
        audience: The ``aud`` of the service's tokens.
        access_token_lifetime: How long an access token lives.
        leeway: How far the clocks of two of our machines may differ.
        retry_window: For how long a superseded refresh token is answered again, with the same successor.
        session_idle: A session that is not refreshed for this long is over.
        session_absolute: A session is over after this in any case.
        host: The address to listen on.
        port: The port to listen on; 0 lets the system choose, and the start prints it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    state_dir: Path = Path("state")
    database_url: Annotated[str, Field(repr=False), AfterValidator(_is_database_url)] = ""
    sessions_url: Annotated[str, Field(repr=False)] = ""
    issuer: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$", max_length=512)] = "https://orders.example"
    audience: Annotated[str, Field(pattern=r"^\S+$", max_length=512)] = "orders-api"
    access_token_lifetime: Lifetime = timedelta(minutes=15)
    leeway: Leeway = timedelta(seconds=30)
    retry_window: Window = timedelta(seconds=30)
    session_idle: Lifetime = timedelta(days=14)
    session_absolute: Lifetime = timedelta(days=90)
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000

    @property
    def database(self) -> str:
        """The database's URL, the default resolved. It may hold a password: not for printing."""
        return self.database_url or f"sqlite:///{self.state_dir / 'orders.db'}"

    @property
    def sessions(self) -> str:
        """The URL of the session store, the default resolved. It may hold a password: not for printing."""
        if self.sessions_url:
            return self.sessions_url
        if self.database_url and make_url(self.database_url).get_backend_name() != "sqlite":
            return self.database_url
        return str(self.state_dir / "sessions.db")

    @property
    def signing_key(self) -> Path:
        """The private key that signs access tokens (PEM); made at the first start."""
        return self.state_dir / "signing-key.pem"

    @property
    def rotation_secret(self) -> Path:
        """The secret behind the refresh tokens; made at the first start."""
        return self.state_dir / "rotation.secret"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings and check them all.

    Args:
        environment: The process's own when None.

    Raises:
        SettingsError: Something is wrong; the message names each problem.
    """
    environment = os.environ if environment is None else environment
    # An empty variable is how a shell or a container file says "not set".
    given = {
        name[len(PREFIX) :].lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and value
    }
    problems: list[str] = []
    settings = Settings()
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        problems = [_problem(str(entry["loc"][0]), entry["type"], entry["msg"]) for entry in error.errors()]
    if settings.session_absolute < settings.session_idle:
        problems.append(f"{PREFIX}SESSION_ABSOLUTE: must not be shorter than {PREFIX}SESSION_IDLE")
    if problems:
        raise SettingsError("\n  ".join(["the settings are wrong:", *problems]))
    return settings


def _problem(field: str, kind: str, message: str) -> str:
    name = f"{PREFIX}{field.upper()}"
    if kind == "extra_forbidden":
        known = ", ".join(f"{PREFIX}{known.upper()}" for known in Settings.model_fields)
        return f"{name}: no such setting; there are {known}"
    return f"{name}: {message.removeprefix('Value error, ')}"
