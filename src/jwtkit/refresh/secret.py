"""The secret behind every refresh token of a service."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, Self

from jwtkit.errors import ConfigurationError, MalformedTokenError
from jwtkit.jose import base64url
from jwtkit.refresh.rotation_keys import RotationKeys, key_id_of

if TYPE_CHECKING:
    import os

__all__ = ["RotationSecret"]

_PREFIX: Final = "jkrs1_"
_SIZE: Final = 32
_FEWEST_DIFFERENT_BYTES: Final = 12


class RotationSecret:
    """What makes refresh tokens, and recognises them: 32 random bytes, and the ones used before.

    Every process of a service needs the same one, for as long as sessions live. It never leaves the
    object but by `to_text`; `repr` hides it and it refuses to be pickled.

    To replace it without logging anybody out, take two steps. First every process learns to accept the new
    one while the old one still makes the tokens; then the new one makes them while the old one is still
    accepted, until the last session made with it is over (`RefreshPolicy.absolute`)::

        old, new = RotationSecret.generate(), RotationSecret.generate()
        step_1 = old.accepting(new)  # RotationSecret.from_text(old_text, new_text)
        step_2 = new.accepting(old)  # RotationSecret.from_text(new_text, old_text)

    In one step, a process that is still to be restarted would refuse tokens of one that has been.

    Args:
        current: Makes new refresh tokens; 32 random bytes.
        previous: Accepted as well; used before, or about to be used.

    Raises:
        ConfigurationError: ``rotation_secret.format`` when one is not 32 bytes, ``rotation_secret.weak``
            when one is plainly not random.
    """

    __slots__ = ("_secrets",)

    _secrets: tuple[bytes, ...]

    def __init__(self, current: bytes, *previous: bytes) -> None:
        secrets = tuple(dict.fromkeys(map(_checked, (current, *previous))))
        if len({key_id_of(secret) for secret in secrets}) < len(secrets):
            raise ConfigurationError(
                "two rotation secrets have one key id; generate another one", code="rotation_secret.format"
            )
        self._secrets = secrets

    @classmethod
    def generate(cls) -> Self:
        """Return a new random secret. Keep it (`to_text`): without it every session is lost."""
        import secrets  # noqa: TID251 - a generate constructor

        return cls(secrets.token_bytes(_SIZE))

    @classmethod
    def from_text(cls, current: str, *previous: str) -> Self:
        """Read secrets written by `to_text`.

        Args:
            current: Makes new refresh tokens.
            previous: Accepted as well.

        Raises:
            ConfigurationError: ``rotation_secret.format`` or ``rotation_secret.weak``.
        """
        return cls(_read(current), *map(_read, previous))

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], create: bool = False) -> Self:
        """Read a file of secrets, one `to_text` a line: the current one, then others that are accepted.

        Args:
            path: The file. Only its owner may have access to it.
            create: Make the file with a new secret when it does not exist. Processes that start together
                agree on one.

        Raises:
            ConfigurationError: ``rotation_secret.missing``, ``rotation_secret.permissions``,
                ``rotation_secret.format`` or ``rotation_secret.weak``.
        """
        from jwtkit.refresh.secret_file import create_secret_file, read_secret_file

        file = Path(path)
        if create and not file.exists():
            create_secret_file(file, cls.generate().to_text())
        lines = read_secret_file(file).split()
        if not lines:
            raise _wrong_format()
        return cls.from_text(*lines)

    @classmethod
    def from_env(
        cls, name: str = "JWTKIT_ROTATION_SECRET", *, environ: Mapping[str, str] | None = None
    ) -> Self:
        """Read the secret from an environment variable.

        Args:
            name: The variable of the current secret. The variable of that name with ``_PREVIOUS`` at its
                end may hold others that are accepted, separated by commas.
            environ: Where to look instead of the process's environment.

        Raises:
            ConfigurationError: ``rotation_secret.missing`` when the variable is not set,
                ``rotation_secret.format`` or ``rotation_secret.weak``; it names the variable.
        """
        if environ is None:
            from os import environ as process_environ  # noqa: TID251 - what this constructor is for

            environ = process_environ
        current = environ.get(name, "").strip()
        if not current:
            raise ConfigurationError(
                f"the environment variable {name} is not set",
                code="rotation_secret.missing",
                hint="set it to the text of RotationSecret.generate().to_text()",
            )
        previous = [text for text in environ.get(f"{name}_PREVIOUS", "").replace(",", " ").split() if text]
        try:
            return cls.from_text(current, *previous)
        except ConfigurationError as error:
            raise ConfigurationError(
                f"{name} or {name}_PREVIOUS cannot be used: {error}", code=error.code
            ) from None

    def to_text(self) -> str:
        """Return the current secret as text for a file, a variable or a vault; the only way out."""
        return _PREFIX + base64url.encode(self._secrets[0])

    def accepting(self, *others: RotationSecret) -> Self:
        """Return this secret, also accepting the tokens that `others` make or accept."""
        return type(self)(*self._secrets, *(secret for other in others for secret in other._secrets))

    @property
    def key_id(self) -> str:
        """The id of the current secret, derived from it; safe to log and to compare."""
        return key_id_of(self._secrets[0])

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The id of every accepted secret, the current one first."""
        return tuple(map(key_id_of, self._secrets))

    def keys_for(self, issuer: str) -> RotationKeys:
        """Derive the keys of one issuer."""
        return RotationKeys(self._secrets, issuer)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RotationSecret):
            return NotImplemented
        return hmac.compare_digest(b"".join(self._secrets), b"".join(other._secrets))

    def __hash__(self) -> int:
        return hash(self.key_ids)

    def __repr__(self) -> str:
        return f"<RotationSecret {', '.join(self.key_ids)}>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a RotationSecret cannot be pickled; use from_file or from_env in each process")


def _checked(secret: object) -> bytes:
    if type(secret) is not bytes or len(secret) != _SIZE:
        raise _wrong_format()
    # Most placeholders hold few different bytes; 32 random ones are so poor once in 10**25 secrets.
    if len(set(secret)) < _FEWEST_DIFFERENT_BYTES:
        raise ConfigurationError(
            "the rotation secret is not random",
            code="rotation_secret.weak",
            hint="make one with RotationSecret.generate()",
        )
    return secret


def _read(text: object) -> bytes:
    if not isinstance(text, str):
        raise _wrong_format()
    text = text.strip()
    if not text.startswith(_PREFIX):
        raise _wrong_format()
    try:
        return base64url.decode(text.removeprefix(_PREFIX))
    except MalformedTokenError:
        raise _wrong_format() from None


def _wrong_format() -> ConfigurationError:
    return ConfigurationError(
        f'a rotation secret must be the text of RotationSecret.to_text(), "{_PREFIX}" and 43 characters',
        code="rotation_secret.format",
    )
