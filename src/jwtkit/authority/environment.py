"""Settings from environment variables: read all of them, and report everything wrong at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from jwtkit.errors import ConfigurationError, MalformedTokenError, StoreUnavailableError
from jwtkit.jose import SigningKey, strict_json
from jwtkit.refresh.protocols import SessionStore
from jwtkit.refresh.secret import RotationSecret
from jwtkit.stores.opening import open_store
from jwtkit.tokens.claims import is_text

__all__ = ["Settings", "read_environment"]

T = TypeVar("T")

_LARGEST_KEY_FILE: Final = 65536


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment said."""

    issuer: str
    audience: tuple[str, ...]
    key: SigningKey
    secret: RotationSecret
    store: SessionStore


def read_environment(environ: Mapping[str, str], prefix: str, *, store: SessionStore | None) -> Settings:
    """Read every variable.

    Raises:
        ConfigurationError: ``environment``: at least one is missing or wrong; it names each, and what is to
            be done, and repeats no value.
    """
    variables = _Variables(environ, prefix)
    issuer = variables.required("ISSUER", _name, "the URL that names this service in its tokens")
    audience = variables.required("AUDIENCE", _names, "for whom its tokens are, separated by commas")
    key = variables.either("KEY", _key_reader(variables), "the private key, as PEM or JWK")
    secret = _read_secret(variables)
    kept = store
    if kept is None:
        url = variables.required("STORE", str, "the URL of the session store, or the path of an SQLite file")
        if url is not None and not variables.problems:
            # Opening an SQLite file makes it: not before everything else is right.
            kept = variables.read("STORE", open_store, url)
    if issuer is None or audience is None or key is None or secret is None or kept is None:
        raise ConfigurationError(
            "the environment does not set up a TokenAuthority: " + "; ".join(variables.problems),
            code="environment",
        )
    return Settings(issuer, audience, key, secret, kept)


class _Variables:
    """Reads variables, and collects what is wrong with them."""

    def __init__(self, environ: Mapping[str, str], prefix: str) -> None:
        self._environ = environ
        self._prefix = prefix
        self.problems: list[str] = []

    def name(self, suffix: str) -> str:
        return self._prefix + suffix

    def get(self, suffix: str) -> str | None:
        return self._environ.get(self.name(suffix), "").strip() or None

    def required(self, suffix: str, read: Callable[[str], T], what: str) -> T | None:
        value = self.get(suffix)
        if value is None:
            self.problems.append(f"{self.name(suffix)} is not set: {what}")
            return None
        return self.read(suffix, read, value)

    def either(self, suffix: str, read: Callable[[str], T], what: str) -> T | None:
        """Read the variable, or the file that its twin with ``_FILE`` at the end names."""
        value, path = self.get(suffix), self.get(f"{suffix}_FILE")
        if value is not None and path is not None:
            self.problems.append(f"{self.name(suffix)} and {self.name(suffix)}_FILE are both set")
            return None
        if path is not None:
            return self.read(f"{suffix}_FILE", lambda path: read(_file_text(path)), path)
        return self.required(suffix, read, f"{what}, or its file in {self.name(suffix)}_FILE")

    def read(self, suffix: str, read: Callable[[str], T], value: str) -> T | None:
        try:
            return read(value)
        except (ConfigurationError, StoreUnavailableError) as error:
            # Not its message: that may quote the path, or what the value looks like. Code and hint never do.
            hint = f", {error.hint}" if error.hint else ""
            self.problems.append(f"{self.name(suffix)} cannot be used ({error.code}{hint})")
            return None


def _read_secret(variables: _Variables) -> RotationSecret | None:
    # Not by its text: a secret file must be checked to be readable by nobody else.
    if variables.get("ROTATION_SECRET_FILE") is not None and variables.get("ROTATION_SECRET") is None:
        secret = variables.required("ROTATION_SECRET_FILE", RotationSecret.from_file, "")
    else:
        secret = variables.either("ROTATION_SECRET", RotationSecret.from_text, "the text of a RotationSecret")
    previous = variables.get("ROTATION_SECRET_PREVIOUS")
    if previous is None:
        return secret
    accepted = variables.read(
        "ROTATION_SECRET_PREVIOUS", lambda text: RotationSecret.from_text(*_names(text)), previous
    )
    return None if secret is None or accepted is None else secret.accepting(accepted)


def _key_reader(variables: _Variables) -> Callable[[str], SigningKey]:
    alg, password = variables.get("KEY_ALGORITHM"), variables.get("KEY_PASSWORD")

    def read(text: str) -> SigningKey:
        if not text.startswith("{"):
            # Many tools can put line breaks into a variable only in this form; no PEM holds a backslash.
            return SigningKey.from_pem(text.replace("\\n", "\n"), alg=alg, password=password)
        try:
            return SigningKey.from_jwk(strict_json.parse_object(text.encode()), alg=alg)
        except (MalformedTokenError, UnicodeEncodeError):
            raise ConfigurationError("a JWK is one JSON object", code="key.malformed") from None

    return read


def _name(text: str) -> str:
    if not is_text(text):
        raise ConfigurationError("not an identifier", code="environment.text", hint="1 to 512 characters")
    return text


def _names(text: str) -> tuple[str, ...]:
    names = tuple(_name(name) for name in (part.strip() for part in text.split(",")) if name)
    if not names:
        raise ConfigurationError("no name between the commas", code="environment.text")
    return names


def _file_text(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST_KEY_FILE + 1)
        text = data.decode("ascii").strip()
    except OSError as error:
        raise ConfigurationError("", code="environment.file", hint=error.strerror) from None
    except ValueError:
        raise ConfigurationError("", code="environment.file", hint="it is not text") from None
    if len(data) > _LARGEST_KEY_FILE:
        raise ConfigurationError("", code="environment.file", hint="it is too large to be a key")
    return text
